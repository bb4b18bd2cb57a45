package dev.backfill.emit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.PlanCore;
import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.project.ProjectReader;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;

/// The real reader and planner around emission: a head that holds the generated files gives the
/// same plan and the same files.
class PlannedTest {
  @Test
  void generatingAgainChangesNothing() {
    var author = Example.files(Example.NEW_EVENTS);
    var first = generate(author, Optional.empty());
    var head = Example.applied(author, first.changes);

    var again = generate(Undo.of(head, first.core), Optional.of(first.core));

    assertThat(again.core).isEqualTo(first.core);
    assertThat(Example.applied(Undo.of(head, first.core), again.changes)).isEqualTo(head);
    assertThat(first.changes.stream().map(FileChange::path))
        .contains(
            "datasources/analytics_events_1.datasource",
            "pipes/sync_analytics_events_1.pipe",
            "pipes/backfill_analytics_events_1.pipe",
            "datasources/actions_daily_1.datasource",
            "datasources/errors_1.datasource");
  }

  private record Generated(PlanCore core, java.util.List<FileChange> changes) {}

  private static Generated generate(
      SortedMap<String, String> author, Optional<PlanCore> committed) {
    var base = ProjectReader.read(Example.files(Example.EVENTS));
    var head = ProjectReader.read(author);
    var request = PlanRequest.of(base, head);
    var plan =
        Planner.plan(
            new PlanRequest(
                base,
                head,
                request.renames(),
                request.settings(),
                Optional.empty(),
                Optional.empty(),
                committed,
                Set.of(),
                Optional.empty(),
                Set.of()));
    assertThat(plan.obstacles()).isEmpty();
    assertThat(Emitter.obstacles(plan, base, head)).isEmpty();
    var changes = Emitter.emit(plan, base, head);
    return new Generated(Example.committed(plan.core(), changes), changes);
  }
}
