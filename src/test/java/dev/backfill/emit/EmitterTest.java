package dev.backfill.emit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EmitterTest {
  @Test
  void writesEveryFileOfTheSpecificationsExample() {
    var changes = Emitter.emit(Example.plan(Example.migrations()), Example.base(), Example.head());

    assertThat(changes.stream().map(FileChange::path))
        .containsExactly(
            ".tinyenv",
            "datasources/actions_daily_1.datasource",
            "datasources/analytics_events.datasource",
            "datasources/analytics_events_1.datasource",
            "datasources/errors_1.datasource",
            "deploy/0.0.4/deploy.sh",
            "pipes/actions_daily_mv_1.pipe",
            "pipes/backfill_analytics_events_1.pipe",
            "pipes/errors_mv_1.pipe",
            "pipes/sync_analytics_events_1.pipe");
  }
}
