package dev.backfill.report;

import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.problem.Problem;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What `plan --format json` prints (`schema/plan.schema.json` in the jar). Keys are only ever
/// added.
public final class PlanJson {
  private PlanJson() {}

  /// One project.
  public static String write(PlanReport report) {
    return Json.pretty(document(report));
  }

  /// A repository with several projects.
  public static String write(List<PlanReport> reports) {
    var out = new LinkedHashMap<String, Object>();
    out.put("schemaVersion", CoreJson.SCHEMA_VERSION);
    out.put("projects", reports.stream().map(PlanJson::document).toList());
    return Json.pretty(out);
  }

  private static Map<String, Object> document(PlanReport report) {
    var plan = report.plan();
    var core = plan.core();
    var out = new LinkedHashMap<String, Object>();
    out.put("schemaVersion", core.schemaVersion());
    out.put("verdict", plan.verdict().toString());
    out.put("base", report.base());
    out.put("head", report.head());
    out.put("projectDir", report.projectDir());
    out.put("flavour", core.flavour());
    out.put("seal", report.seal());
    out.put("version", core.version());
    out.put("changes", plan.changes().stream().map(CoreJson::change).toList());
    out.put("migrations", core.migrations().stream().map(m -> migration(m, core, report)).toList());
    out.put("files", report.files().stream().map(PlanJson::file).toList());
    out.put(
        "readers",
        plan.readers().stream()
            .map(r -> {
              var reader = new LinkedHashMap<String, Object>();
              reader.put("resource", r.resource());
              reader.put("kind", r.kind());
              reader.put("reads", r.reads());
              return reader;
            })
            .toList());
    out.put("warnings", plan.warnings().stream().map(PlanJson::problem).toList());
    out.put("obstacles", plan.obstacles().stream().map(PlanJson::problem).toList());
    out.put("steps", report.steps().stream().map(PlanJson::step).toList());
    return out;
  }

  private static Map<String, Object> migration(
      Migration migration, PlanCore core, PlanReport report) {
    var out = new LinkedHashMap<String, Object>();
    out.put("source", migration.source());
    out.put("target", migration.target());
    out.put("cause", migration.cause().toString());
    out.put("scenario", migration.scenario().toString());
    out.put("liveFeed", CoreJson.feed(migration.liveFeed()));
    out.put("historyFeed", CoreJson.feed(migration.historyFeed()));
    out.put("trigger", migration.trigger());
    migration
        .timestamp()
        .ifPresent(t -> {
          out.put("timestampColumn", t.column());
          out.put("cutover", CoreJson.cutover(core.cutover()));
        });
    out.put(
        "projection",
        migration.projection().stream()
            .map(p -> {
              var column = new LinkedHashMap<String, Object>();
              column.put("column", p.column());
              column.put("expression", p.expression());
              column.put("type", p.type());
              return column;
            })
            .toList());
    out.put("evidence", report.plan().evidence().getOrDefault(migration.source(), List.of()));
    out.put("files", migration.files());
    return out;
  }

  private static Map<String, Object> file(PlanReport.FileStatus file) {
    var out = new LinkedHashMap<String, Object>();
    out.put("path", file.path());
    out.put("mode", file.mode());
    out.put("status", file.status().toString());
    out.put("sha256", file.sha256());
    return out;
  }

  static Map<String, Object> problem(Problem problem) {
    var out = new LinkedHashMap<String, Object>();
    out.put("code", problem.code());
    out.put("message", problem.message());
    if (!problem.place().file().isEmpty()) {
      out.put("file", problem.place().file());
    }
    if (problem.place().line() > 0) {
      out.put("line", problem.place().line());
    }
    if (!problem.advice().isEmpty()) {
      out.put("advice", problem.advice());
    }
    return out;
  }

  private static Map<String, Object> step(PlanReport.Step step) {
    var out = new LinkedHashMap<String, Object>();
    out.put("id", step.id());
    out.put("title", step.title());
    out.put("by", step.by().toString());
    out.put("command", step.command());
    out.put("doneWhen", step.doneWhen());
    return out;
  }
}
