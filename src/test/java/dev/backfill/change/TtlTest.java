package dev.backfill.change;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TtlTest {
  private static String ttl(String interval) {
    var words = interval.split(" ");
    return "ts + toInterval" + words[1] + "(" + words[0] + ")";
  }

  @ParameterizedTest(name = "{0} keeps what {1} keeps: {2}")
  @CsvSource({
    "10 Day, 10 Day, true",
    "10 Day, 11 Day, false",
    "240 Hour, 10 Day, true",
    "1 Week, 7 Day, true",
    "10079 Minute, 1 Week, false",
    "604800 Second, 1 Week, true",
    // February, and a month of 31 days
    "1 Month, 30 Day, false",
    "1 Month, 28 Day, true",
    "30 Day, 1 Month, false",
    "31 Day, 1 Month, true",
    "3 Month, 1 Quarter, true",
    "11 Month, 1 Year, false",
    "1 Year, 12 Month, true",
    "1 Year, 365 Day, true",
    "365 Day, 1 Year, false",
    "366 Day, 1 Year, true",
    "13 Month, 393 Day, true",
    "13 Month, 394 Day, false",
    "397 Day, 13 Month, true",
    "396 Day, 13 Month, false",
    "1 Fortnight, 1 Day, false",
    "1 Day, 1 Fortnight, false",
  })
  void aRuleKeepsAtLeastWhatAnotherKeepsInTheShortestMonth(
      String rule, String other, boolean keeps) {
    assertThat(Ttl.keepsAtLeast(ttl(rule), ttl(other))).isEqualTo(keeps);
  }

  @Test
  void whatIsNotSimpleIsNotCompared() {
    assertThat(Ttl.keepsAtLeast("toStartOfDay(ts)", ttl("1 Day"))).isFalse();
    assertThat(Ttl.column("toDate(ts) + toIntervalDay(3)")).isEqualTo("toDate(ts)");
    assertThat(Ttl.column("toStartOfDay(ts)")).isEqualTo("toStartOfDay(ts)");
    assertThat(Ttl.seconds("ts + toIntervalWeek(2)")).hasValue(1_209_600L);
  }
}
