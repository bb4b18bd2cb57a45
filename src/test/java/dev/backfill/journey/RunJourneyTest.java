package dev.backfill.journey;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.verifyNoMoreInteractions;
import static org.mockito.Mockito.when;

import dev.backfill.failure.Failure;
import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.project.Project;
import dev.backfill.run.RunOptions;
import dev.backfill.tinybird.Tinybird;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RunJourneyTest {
  @Test
  void aBranchTokenIsAskedWhoItIsAndNothingElse() {
    var core = Planner.plan(PlanRequest.of(Project.empty(), Project.empty())).core();
    var tinybird = mock(Tinybird.class);
    when(tinybird.workspace())
        .thenReturn(new Tinybird.Workspace("id", "tmp_ci__1", Optional.of("main")));

    assertThatThrownBy(() ->
            RunJourney.run(
                core,
                tinybird,
                RunOptions.of("test"),
                () -> Instant.EPOCH,
                _ -> {},
                _ -> {},
                () -> false))
        .isInstanceOf(Failure.Usage.class)
        .hasMessageContaining("tmp_ci__1");

    verify(tinybird).workspace();
    verifyNoMoreInteractions(tinybird);
  }
}
