package dev.backfill.journey;

import dev.backfill.config.Settings;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import dev.backfill.project.Column;
import dev.backfill.project.Project;
import dev.backfill.report.PlanReport;
import dev.backfill.survey.Objections;
import dev.backfill.survey.Survey;
import dev.backfill.survey.Surveyor;
import dev.backfill.tinybird.Tinybird;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Adds the workspace's figures to a plan: they stand beside its choices, and one that speaks
/// against a choice is an obstacle until the settings answer it. The plan itself stays as files and
/// settings made it, so its seal is the same with a workspace and without.
public final class EvidenceJourney {
  private EvidenceJourney() {}

  /// @param told what is asked about, one line each
  /// @throws dev.backfill.failure.Failure.Remote when the workspace can't be reached or refuses the
  ///   token
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

  /// What speaks against a plan that is committed, one sentence each: nothing it proves is worth
  /// anything before the settings answer.
  ///
  /// @param project what is deployed, as far as it concerns the plan's sources
  /// @throws dev.backfill.failure.Failure.Remote when the workspace can't be reached or refuses the
  ///   token
  public static List<String> against(
      PlanCore core, Project project, Settings settings, Tinybird tinybird, Consumer<String> told) {
    return seen(core, project, settings, tinybird, told).stream()
        .flatMap(s -> s.problems().stream())
        .filter(p -> p.severity() == Severity.ERROR)
        .map(p -> p.message() + " " + p.advice())
        .toList();
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
                      migration, survey, d.place(), settled(settings.of(migration.source()))))
              .orElse(List.of());
      out.add(new Seen(survey, problems));
    }
    return out;
  }

  /// Whatever the figures are, the settings have said what to do for every source of a plan.
  public static boolean settled(PlanCore core, Settings settings) {
    return core.direct().stream().allMatch(m -> settled(settings.of(m.source())));
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
