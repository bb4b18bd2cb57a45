package dev.backfill.change;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.sql.SqlText;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CutsTest {
  private static Cuts cuts(String sql) {
    return Cuts.of(SqlText.normalise(sql));
  }

  private static Cuts where(String condition) {
    return cuts("SELECT a FROM t WHERE " + condition);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "SELECT a FROM t WHERE ts > '2031-05-01 12:00:00' | SELECT a FROM t",
        "SELECT a FROM t WHERE ts > '2031-05-01' AND b = 1 | SELECT a FROM t WHERE b = 1",
        "SELECT a FROM t WHERE b = 1 AND ts <= '2031-05-01' | SELECT a FROM t WHERE b = 1",
        "SELECT a FROM t WHERE ts >= '2031-05-01' AND ts < '2032-05-01' AND b = 1 GROUP BY a | SELECT a FROM t WHERE b = 1 GROUP BY a",
        "SELECT a FROM (SELECT a FROM t WHERE toDate(ts) < '2031-05-01') GROUP BY a | SELECT a FROM (SELECT a FROM t) GROUP BY a",
        "SELECT a FROM t WHERE ts > toDateTime('2031-05-01 12:00:00') | SELECT a FROM t",
        "SELECT a FROM t WHERE ts >= '${T}' | SELECT a FROM t",
        "SELECT a FROM t WHERE ts > '2031-05-01' OR b = 1 | SELECT a FROM t WHERE ts > '2031-05-01' OR b = 1",
        "SELECT a FROM t WHERE name > 'x' | SELECT a FROM t WHERE name > 'x'",
      })
  void conditionsOnAnInstantAreTakenOut(String sql, String rest) {
    assertThat(cuts(sql).rest()).isEqualTo(rest);
  }

  @ParameterizedTest(name = "{0} and {1}: {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "ts < '2031-05-01 12:00:00'  | ts >= '2031-05-01 12:00:00' | true",
        "ts <= '2031-05-01 12:00:00' | ts > '2031-05-01 12:00:00'  | true",
        "ts <= '2031-05-01 12:00:00' | ts >= '2031-05-01 12:00:00' | false",
        "ts <= '2031-05-01'          | ts >= '2031-05-01 00:00:00' | false",
        "ts <= '2031-05-01T00:00:00' | ts >= '2031-05-01'          | false",
        "ts < '2031-05-02 00:00:00'  | ts >= '2031-05-01 12:00:00' | false",
        "ts < '2031-05-01 00:00:00'  | ts >= '2031-05-01 12:00:00' | true",
        "ts < '2031-05-01 12:00:00'  | seen >= '2031-05-01 12:00:00' | false",
        "ts < '2031-05-01 12:00:00'  | ts < '2031-05-01 12:00:00'  | false",
        "ts >= '2031-05-01 12:00:00' | ts >= '2031-06-01 12:00:00' | false",
        "ts < '${T}'                 | ts >= '2031-05-01 12:00:00' | true",
        "ts < toDateTime('2031-05-01 12:00:00', 'UTC') | ts >= toDateTime('2031-05-01 12:00:00', 'UTC') | true",
        "ts < toDateTime('2031-05-01 12:00:00', 'UTC') | ts >= toDateTime('2031-05-01 12:00:00', 'Europe/Madrid') | false",
        "ts < toDateTime('2031-05-01 12:00:00', 'UTC') | ts >= toDateTime('2031-05-03 12:00:00', 'Europe/Madrid') | false",
        "ts < toDateTime('2031-05-01 12:00:00', 'UTC') | ts >= toDateTime('2031-05-04 12:00:00', 'Europe/Madrid') | true",
        "ts < toDateTime('2031-05-01 12:00:00', 'UTC') | ts >= toDateTime('2031-99-04 12:00:00', 'Europe/Madrid') | false",
        "ts < toDateTime('2031-05-01 12:00:00', 'UTC') | ts >= '2031-05-01 12:00:00' | true",
        "ts < toDateTime64('2031-05-01 12:00:00', 3) | ts >= toDateTime64('2031-05-01 12:00:00', 6) | true",
        "b = 1                       | ts >= '2031-05-01 12:00:00' | false",
      })
  void onlyRangesThatDoNotMeetAreApart(String one, String other, boolean apart) {
    assertThat(where(one).apart(where(other))).isEqualTo(apart);
    assertThat(where(other).apart(where(one))).isEqualTo(apart);
  }

  @Test
  void whatEndsAtAnInstantIsHistory() {
    assertThat(where("ts < '2031-05-01'").upTo()).isTrue();
    assertThat(where("ts >= '2031-05-01'").upTo()).isFalse();
    assertThat(where("b = 1").upTo()).isFalse();
  }
}
