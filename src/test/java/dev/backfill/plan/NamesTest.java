package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.project.Project;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Which names are free.
class NamesTest {
  private static final Project BASE = Projects.with();

  private static Names names(List<String> workspace, List<String> ours) {
    return new Names(
        BASE,
        Projects.with(
            "datasources/New_1.datasource",
            Projects.EVENTS,
            "pipes/new_2.pipe",
            "NODE n\nSQL >\n    SELECT 1 AS a\n"),
        workspace,
        ours);
  }

  @Test
  void whatEitherSideOrTheWorkspaceHasIsTakenWhateverItsCase() {
    var names = names(List.of("EVENTS_1"), List.of());

    assertThat(names.take("events")).isFalse();
    assertThat(names.take("HITS")).isFalse();
    assertThat(names.take("new_1")).isFalse();
    assertThat(names.take("New_2")).isFalse();
    assertThat(names.version("events")).isEqualTo("events_2");
    assertThat(names.version("events")).isEqualTo("events_3");
  }

  @Test
  void whatACommittedPlanHoldsStaysFreeForItUnlessAFileHasIt() {
    var names = names(List.of("events_1", "events"), List.of("Events_1", "events"));

    assertThat(names.take("events_1")).isTrue();
    assertThat(names.take("events")).isFalse();
  }

  @Test
  void aFreeNameIsTakenAsItIs() {
    var names = names(List.of(), List.of());

    assertThat(names.free("sync")).isEqualTo("sync");
    assertThat(names.free("sync")).isEqualTo("sync_1");
  }
}
