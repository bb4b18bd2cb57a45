package dev.backfill.journey;

import dev.backfill.config.Settings;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Plan;
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

/// Adds the workspace's figures to a plan: they stand beside its choices, and where they speak
/// against one there is a warning to be answered in the settings. The plan itself stays as files
/// and settings made it.
public final class EvidenceJourney {
  private EvidenceJourney() {}

  /// @param told what is asked about, one line each
  /// @throws dev.backfill.failure.Failure.Remote when the workspace can't be reached or refuses the
  ///   token
  public static PlanReport with(
      PlanJourney.Planned planned, Tinybird tinybird, Consumer<String> told) {
    var report = planned.report();
    var plan = report.plan();
    var surveyor = new Surveyor(tinybird, planned.core().limits().maxLateness());
    Map<String, List<String>> evidence = new HashMap<>(plan.evidence());
    List<Problem> warnings = new ArrayList<>(plan.warnings());
    for (var migration : planned.core().direct()) {
      told.accept("asking the workspace about " + migration.source());
      Survey survey = surveyor.survey(migration, planned.base(), cut(migration, planned.base()));
      var lines = new ArrayList<>(evidence.getOrDefault(migration.source(), List.of()));
      lines.addAll(survey.lines());
      evidence.put(migration.source(), lines);
      planned
          .base()
          .dataSource(migration.source())
          .ifPresent(d ->
              warnings.addAll(
                  Objections.of(
                      migration,
                      survey,
                      d.place(),
                      settled(planned.settings().of(migration.source())))));
    }
    return new PlanReport(
        report.base(),
        report.head(),
        report.projectDir(),
        report.seal(),
        new Plan(
            plan.verdict(),
            plan.core(),
            plan.changes(),
            plan.readers(),
            warnings,
            plan.obstacles(),
            evidence),
        report.files(),
        report.flows(),
        report.steps());
  }

  private static boolean settled(Settings.ForDataSource said) {
    return said.scenario().isPresent() || said.accept().contains(Objections.CODE);
  }

  /// What of a report with figures has to be answered in the settings before anything goes on.
  public static List<Problem> open(PlanReport report) {
    return report.plan().warnings().stream()
        .filter(w -> w.code().equals(Objections.CODE) && w.severity() == Severity.WARNING)
        .toList();
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
