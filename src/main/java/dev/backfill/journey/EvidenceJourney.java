package dev.backfill.journey;

import dev.backfill.config.Settings;
import dev.backfill.failure.Failure;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import dev.backfill.project.Column;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import dev.backfill.report.PlanReport;
import dev.backfill.survey.Objections;
import dev.backfill.survey.Survey;
import dev.backfill.survey.Surveyor;
import dev.backfill.tinybird.Tinybird;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// Adds the workspace's figures to a plan: they stand beside its choices, and one that speaks
/// against a choice is an obstacle until the settings answer it. The plan itself stays as files and
/// settings made it, so its seal is the same with a workspace and without.
public final class EvidenceJourney {
  /// Of folders: data projects lie flat.
  private static final int DEPTH = 4;

  private EvidenceJourney() {}

  /// @param told what is asked about, one line each
  /// @throws Failure.Remote when the workspace can't be reached or refuses the token
  public static PlanReport with(
      PlanJourney.Planned planned, Tinybird tinybird, Consumer<String> told) {
    var report = planned.report();
    var plan = report.plan();
    Map<String, List<String>> evidence = new HashMap<>(plan.evidence());
    List<Problem> warnings = new ArrayList<>(plan.warnings());
    List<Problem> obstacles = new ArrayList<>(plan.obstacles());
    for (var seen : seen(planned.core(), planned.base(), planned.settings(), tinybird, told)) {
      var source = seen.survey().source();
      var lines = new ArrayList<>(evidence.getOrDefault(source, List.of()));
      lines.addAll(seen.survey().lines());
      evidence.put(source, lines);
      seen.problems().forEach(p -> (p.severity() == Severity.ERROR ? obstacles : warnings).add(p));
    }
    var measured =
        new Plan(
            plan.verdict(),
            plan.core(),
            plan.changes(),
            plan.readers(),
            warnings,
            obstacles,
            evidence);
    return report.showing(
        measured, Steps.of(measured, report.files(), planned.request(), report.projectDir()));
  }

  /// Looks at production before a committed plan is rehearsed: whatever a branch shows is worth
  /// nothing when the plan goes the wrong way. Asks only where the source's file lies in the
  /// project and the settings haven't answered.
  ///
  /// @param file the plan's
  /// @throws Failure.Refused when a figure speaks against it
  /// @throws Failure.Remote when the workspace can't be reached or refuses the token
  public static void stopIfAgainst(Path file, PlanCore core, Tinybird main, Consumer<String> told) {
    var settings = PlanFile.settings(file);
    if (settled(core, settings)) {
      return;
    }
    var against =
        seen(core, definitions(PlanFile.project(file), core), settings, main, told).stream()
            .flatMap(s -> s.problems().stream())
            .filter(p -> p.severity() == Severity.ERROR)
            .toList();
    if (!against.isEmpty()) {
      throw new Failure.Refused(
          "the workspace's figures speak against the plan, and nothing was rehearsed", against);
    }
  }

  /// The plan's sources, as far as their files are there.
  private static Project definitions(Path project, PlanCore core) {
    var wanted =
        core.direct().stream().map(m -> m.source() + ".datasource").collect(Collectors.toSet());
    var files = new TreeMap<String, String>();
    try (var all = Files.find(project, DEPTH, (p, is) -> is.isRegularFile() && is(p, wanted))) {
      for (var each : all.sorted().toList()) {
        files.put(project.relativize(each).toString().replace('\\', '/'), Files.readString(each));
      }
    } catch (IOException | UncheckedIOException e) {
      return ProjectReader.read(new TreeMap<>());
    }
    return ProjectReader.read(files);
  }

  private static boolean is(Path file, Set<String> wanted) {
    var name = file.getFileName();
    return name != null && wanted.contains(name.toString());
  }

  /// What a workspace shows of a source, and what that says of the plan.
  private record Seen(Survey survey, List<Problem> problems) {}

  private static List<Seen> seen(
      PlanCore core, Project project, Settings settings, Tinybird tinybird, Consumer<String> told) {
    var surveyor = new Surveyor(tinybird, core.limits().maxLateness());
    var out = new ArrayList<Seen>();
    for (var migration : core.direct()) {
      told.accept("asking the workspace about " + migration.source());
      var survey = surveyor.survey(migration, project, cut(migration, project));
      var problems =
          project
              .dataSource(migration.source())
              .map(d ->
                  Objections.of(
                      migration,
                      survey,
                      d.place(),
                      settled(settings.of(migration.source())),
                      settings.of(migration.source()).accept()))
              .orElse(List.of());
      out.add(new Seen(survey, problems));
    }
    return out;
  }

  /// Whatever the figures are, the settings have said what to do for every source of a plan.
  public static boolean settled(PlanCore core, Settings settings) {
    return core.direct().stream()
        .allMatch(m ->
            settled(settings.of(m.source()))
                && (m.reduced().isEmpty()
                    || settings.of(m.source()).accept().contains("version_ties")));
  }

  private static boolean settled(Settings.ForDataSource said) {
    return said.scenario().isPresent() || said.accept().contains(Objections.CODE);
  }

  private static Optional<Column> cut(Migration migration, Project base) {
    return base.dataSource(migration.source())
        .flatMap(d ->
            migration
                .timestamp()
                .map(t -> d.column(t.column()))
                .orElseGet(() ->
                    d.columns().stream().filter(c -> c.type().time().isPresent()).findFirst()));
  }
}
