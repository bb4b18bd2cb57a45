package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.config.SettingsReader;
import dev.backfill.problem.Problem;
import dev.backfill.project.Project;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Plans between two projects, and what is asked of them.
final class Planned {
  private Planned() {}

  static Plan plan(Project base, Project head, String settings) {
    return plan(base, head, settings, Optional.empty(), Set.of(), Set.of());
  }

  static Plan plan(Project base, Project head) {
    return plan(base, head, "");
  }

  static Plan plan(
      Project base,
      Project head,
      String settings,
      Optional<PlanCore> committed,
      Set<String> taken,
      Set<String> versions) {
    var read = SettingsReader.read("backfill.yml", settings);
    assertThat(read.problems()).isEmpty();
    return Planner.plan(
        new PlanRequest(
            base,
            head,
            Map.of(),
            read.settings(),
            Optional.empty(),
            Optional.empty(),
            committed,
            taken,
            Optional.empty(),
            versions));
  }

  static Migration migration(Plan plan, String source) {
    return plan.core().migrations().stream()
        .filter(m -> m.source().equals(source))
        .findFirst()
        .orElseThrow(() -> new AssertionError(source + " isn't versioned by " + plan.changes()));
  }

  static List<String> obstacles(Plan plan) {
    return plan.obstacles().stream().map(Problem::code).toList();
  }

  static List<String> warnings(Plan plan) {
    return plan.warnings().stream().map(Problem::code).toList();
  }

  /// The projection of a migration, one `column <- expression` each.
  static List<String> projection(Migration m) {
    return m.projection().stream().map(p -> p.column() + " <- " + p.expression()).toList();
  }
}
