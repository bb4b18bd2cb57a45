package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Which ranges are read out of conditions; a bound that isn't there hides a row that two Pipes
/// bring.
class BoundsTest {
  private static Bounds bounds(String sql) {
    var text = "NODE n\nSQL >\n    " + sql.replace("\n", "\n    ") + "\n";
    return Bounds.of(
        Projects.with("pipes/bounds.pipe", text).pipe("bounds").orElseThrow(), Set.of("ts"));
  }

  private static Bounds where(String condition) {
    return bounds("SELECT ts FROM events AS e WHERE " + condition);
  }

  private static String text(Bounds.Bound b) {
    return (b.lower() ? ">" : "<")
        + (b.inclusive() ? "= " : " ")
        + b.value().orElse("{" + b.parameter().orElse("") + "}")
        + (b.zone().isEmpty() ? "" : " " + b.zone());
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "ts >= '2031-05-01 12:00:00'   | >= 2031-05-01 12:00:00",
        "ts < '2031-05-01 12:00:00'    | < 2031-05-01 12:00:00",
        "'2031-05-01 12:00:00' <= ts   | >= 2031-05-01 12:00:00",
        "'2031-05-01 12:00:00' > ts    | < 2031-05-01 12:00:00",
        "NOT ts < '2031-05-01 12:00:00' | >= 2031-05-01 12:00:00",
        "NOT '2031-05-01 12:00:00' >= ts | > 2031-05-01 12:00:00",
        "e.ts >= '2031-05-01 12:00:00' | >= 2031-05-01 12:00:00",
        "ts >= ('2031-05-01 12:00:00') | >= 2031-05-01 12:00:00",
        "ts >= '2031-05-01'            | >= 2031-05-01 00:00:00",
        "ts >= '2031-05-01 12:00'      | >= 2031-05-01 12:00:00",
        "ts >= '2031-05-01T12:00:00Z'  | >= 2031-05-01 12:00:00",
        "ts >= '2031-05-01 12:00:00.000' | >= 2031-05-01 12:00:00",
        "ts >= '${T}'                  | >= ${T}",
        "ts >= toDateTime('2031-05-01 12:00:00') | >= 2031-05-01 12:00:00",
        "ts >= toDateTime('2031-05-01 12:00:00', 'UTC') | >= 2031-05-01 12:00:00 UTC",
        "ts >= toDateTime64('2031-05-01 12:00:00', 3, 'Europe/Madrid') | >= 2031-05-01 12:00:00 Europe/Madrid",
        "ts >= toDateTime64('2031-05-01 12:00:00', 3) | >= 2031-05-01 12:00:00",
        "ts >= toDateTime(('2031-05-01 12:00:00'), 'UTC') | >= 2031-05-01 12:00:00 UTC",
        "a = f(1, 2) AND ts >= '2031-05-01' | >= 2031-05-01 00:00:00",
        "(a = 1 OR a IN [2, 3]) AND ts >= '2031-05-01' | >= 2031-05-01 00:00:00",
        "a BETWEEN 1 AND 2 AND ts >= '2031-05-01' | >= 2031-05-01 00:00:00",
        "ts >= '2031-05-01' GROUP BY ts ORDER BY ts | >= 2031-05-01 00:00:00",
        "(ts >= '2031-05-01')          | >= 2031-05-01 00:00:00",
        "ts < '2031-05-01' OR ts < '2031-06-01' | < 2031-06-01 00:00:00",
        "ts < '2031-05-01' OR ts <= '2031-05-01' | <= 2031-05-01 00:00:00",
        "ts >= '2031-05-01' OR ts >= '2031-06-01' | >= 2031-05-01 00:00:00",
        "NOT (ts < '2031-05-01' AND ts < '2031-06-01') | >= 2031-05-01 00:00:00",
      })
  void aConditionOnTheColumnIsABound(String condition, String bound) {
    var bounds = where(condition);

    assertThat(bounds.certain()).extracting(BoundsTest::text).containsExactly(bound);
    assertThat(bounds.doubtful()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ts < '2031-05-01' OR seen < '2031-06-01'",
        "ts < '2031-05-01' OR ts > '2031-06-01'",
        "ts < '2031-05-01' OR ts < {{DateTime(end)}}",
        "ts < {{DateTime(a)}} OR ts < {{DateTime(b)}}",
        "ts < toDateTime('2031-05-01', 'UTC') OR ts < toDateTime('2031-05-01', 'Europe/Madrid')",
      })
  void alternativesOfDifferentKindsAreNoBound(String condition) {
    var text = "NODE n\nSQL >\n    %\n    SELECT ts FROM events WHERE " + condition + "\n";
    var bounds =
        Bounds.of(
            Projects.with("pipes/bounds.pipe", text).pipe("bounds").orElseThrow(),
            Set.of("ts", "seen"));

    assertThat(bounds.certain()).isEmpty();
    assertThat(bounds.doubtful()).isTrue();
  }

  @Test
  void aTemplatesTagsStandBesideTheConditions() {
    var bounds =
        bounds("%\nSELECT ts FROM events WHERE {% if defined(x) %} ts >= '2031-05-01' {% end %}");

    assertThat(bounds.certain()).hasSize(1);
    assertThat(bounds.certain().getFirst().place().line()).isEqualTo(4);
  }

  @Test
  void bothEndsOfARangeAreBounds() {
    assertThat(where("ts BETWEEN '2031-05-01' AND '2031-06-01' AND b = 1").certain())
        .extracting(BoundsTest::text)
        .containsExactly(">= 2031-05-01 00:00:00", "<= 2031-06-01 00:00:00");
  }

  @Test
  void aSubqueryEndsWithItsBracket() {
    var bounds =
        bounds("SELECT ts FROM (SELECT ts FROM events WHERE ts < '2031-05-01') AS e WHERE b > 1");

    assertThat(bounds.certain())
        .extracting(BoundsTest::text)
        .containsExactly("< 2031-05-01 00:00:00");
    assertThat(bounds.doubtful()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "toHour(ts) = 3",
        "ts >= now()",
        "ts >= toDateTime('2031-05-01 12:00:00') + 1",
        "NOT ts BETWEEN '2031-05-01' AND '2031-06-01'",
        "ts < '2031-05-01' OR b = 1",
      })
  void whatIsntUnderstoodIsDoubtful(String condition) {
    assertThat(where(condition).certain()).isEmpty();
    assertThat(where(condition).doubtful()).isTrue();
  }

  @Test
  void aConditionOnOtherColumnsIsNoDoubt() {
    assertThat(where("b = 1 AND f(c) > '2031-05-01'").certain()).isEmpty();
    assertThat(where("b = 1 AND f(c) > '2031-05-01'").doubtful()).isFalse();
  }

  @Test
  void manyConditionsAreReadAndTooDeepOnesAreDoubtful() {
    assertThat(where("b = 1 AND ".repeat(300) + "ts >= '2031-05-01'").certain()).hasSize(1);
    assertThat(where("(".repeat(300) + "ts >= '2031-05-01'" + ")".repeat(300)).doubtful()).isTrue();
  }

  @Test
  void aBoundSaysItsLine() {
    var bounds = bounds("SELECT ts FROM events\nWHERE b = 1\n  AND ts\n    >= '2031-05-01'");

    assertThat(bounds.certain()).extracting(b -> b.place().line()).containsExactly(6);
  }
}
