package dev.backfill.report;

import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;

/// What `check` found in one project.
///
/// @param revision 40 hex digits, or `WORKTREE`
/// @param problems by file and line
public record CheckReport(
    String revision, String projectDir, int dataSources, int pipes, List<Problem> problems) {
  public CheckReport {
    problems = List.copyOf(problems);
  }

  /// Something is an error.
  public boolean broken() {
    return problems.stream().anyMatch(p -> p.severity() == Severity.ERROR);
  }

  public static String text(List<CheckReport> reports, Style style) {
    var out = new StringBuilder();
    for (var report : reports) {
      report
          .problems()
          .forEach(p -> out.append(PlanText.problem(report.placed(p), style)).append('\n'));
      out.append(Escape.line(report.projectDir()))
          .append(": ")
          .append(report.summary())
          .append('\n');
    }
    return out.toString();
  }

  public static String markdown(List<CheckReport> reports) {
    var out = new StringBuilder("### Backfill: check\n\n");
    for (var report : reports) {
      out.append(Escape.code(report.projectDir())).append(": ");
      out.append(report.summary()).append("\n\n");
      for (var p : report.problems()) {
        out.append("- ")
            .append(p.severity().name().toLowerCase(Locale.ROOT))
            .append(' ')
            .append(Escape.code(p.code()))
            .append(p.place().file().isEmpty() ? "" : " in " + Escape.code(p.place().toString()))
            .append(": ")
            .append(Escape.prose(p.message() + (p.advice().isEmpty() ? "" : " " + p.advice())))
            .append('\n');
      }
      out.append(report.problems().isEmpty() ? "" : "\n");
    }
    return out.toString();
  }

  public static String json(List<CheckReport> reports) {
    var out = new LinkedHashMap<String, Object>();
    out.put("schemaVersion", CoreJson.SCHEMA_VERSION);
    out.put(
        "projects",
        reports.stream()
            .map(r -> {
              var project = new LinkedHashMap<String, Object>();
              project.put("projectDir", r.projectDir());
              project.put("revision", r.revision());
              project.put("dataSources", r.dataSources());
              project.put("pipes", r.pipes());
              project.put(
                  "problems",
                  r.problems().stream()
                      .map(p -> {
                        var problem = PlanJson.problem(p);
                        problem.put("severity", p.severity().name().toLowerCase(Locale.ROOT));
                        return problem;
                      })
                      .toList());
              return project;
            })
            .toList());
    return Json.pretty(out);
  }

  private String summary() {
    var errors = problems.stream().filter(p -> p.severity() == Severity.ERROR).count();
    return "%d Data Sources, %d Pipes, %s, %d other findings"
        .formatted(
            dataSources,
            pipes,
            errors == 0 ? "no error" : errors == 1 ? "1 error" : errors + " errors",
            problems.size() - errors);
  }

  // So that a terminal or editor can open it from the repository's root.
  private Problem placed(Problem p) {
    var place = p.place();
    return projectDir.equals(".") || place.file().isEmpty()
        ? p
        : new Problem(
            p.code(),
            p.severity(),
            new dev.backfill.problem.Place(
                projectDir + "/" + place.file(), place.line(), place.column()),
            p.message(),
            p.advice());
  }
}
