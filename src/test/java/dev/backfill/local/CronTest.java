package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.LocalDateTime;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CronTest {
  @ParameterizedTest
  @CsvSource({
    "* * * * *, 2026-11-22T15:04, true",
    "4 15 * * *, 2026-11-22T15:04, true",
    "5 15 * * *, 2026-11-22T15:04, false",
    "*/10 * * * *, 2026-11-22T15:20, true",
    "*/10 * * * *, 2026-11-22T15:21, false",
    "0-30/15 * * * *, 2026-11-22T15:45, false",
    "0 0 1 * *, 2026-12-01T00:00, true",
    "0 0 1 * 0, 2026-11-22T00:00, true",
    "0 0 1 * 7, 2026-11-22T00:00, true",
    "0 0 * * 1-5, 2026-11-22T00:00, false",
    "'0 0 * 1,11 *', 2026-11-22T00:00, true"
  })
  void aTimeMeetsItOrNot(String cron, LocalDateTime minute, boolean meets) {
    assertThat(Cron.parse(cron).meets(minute)).isEqualTo(meets);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "* * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "5-1 * * * *",
        "a * * * *",
        "*/0 * * * *",
        "1-2-3 * * * *",
        "@hourly"
      })
  void whatIsNoneIsRefused(String cron) {
    assertThatThrownBy(() -> Cron.parse(cron)).isInstanceOf(Refusal.class);
  }
}
