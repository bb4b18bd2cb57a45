package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.project.DataSource;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Which expressions of `backfill.yml` may stand in a live sync.
class HarmlessTest {
  private static final String COLUMNS =
      "`s` String, `n` Nullable(String), `i` Int64, `u` UInt64, `f` Float64, `d` Decimal(38, 10),"
          + " `day` Date, `t` DateTime, `e` DateTime64(9), `c` LowCardinality(String)";
  private static final DataSource OVER =
      Projects.with(
              "datasources/worst.datasource",
              "SCHEMA >\n    " + COLUMNS + "\n\nENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"t\"\n")
          .dataSource("worst")
          .orElseThrow();

  static Stream<String> harmless() {
    return Stream.of(
        "s",
        "1",
        "''",
        "lower(s)",
        "toUInt32OrZero(replaceAll(s, '\"', ''))",
        "if(s = '', 'x', c)",
        "(s IN ('a', 'b') AND (i > 1 OR NOT (u = 2)))",
        "CASE WHEN (i = 1) THEN (s) ELSE (c) END",
        "toDate(i)",
        "toDate(f)",
        "toDate(e)",
        "toDate(toStartOfMonth(t))",
        "toFloat64(d)",
        "toFloat32(u)",
        "toUnixTimestamp(t)",
        "toUnixTimestamp(day)",
        "substring(s, 2, 3)",
        "left(s, 4)",
        "right(n, 4)",
        "round(f, -2)",
        "floor(f)",
        "i + 1 - u * 2",
        "minus(t, 60)",
        "s LIKE 'a%'",
        "like(s, '%b')",
        "toDateOrNull(s)",
        "toFloat64OrZero(n)",
        "parseDateTimeBestEffortOrNull(s)",
        "accurateCastOrNull(s, 'UInt8')",
        "JSONExtractString(s, 'x')");
  }

  @ParameterizedTest
  @MethodSource("harmless")
  void whatGivesAValueForEveryRowIsTaken(String expression) {
    assertThat(Harmless.is(expression, OVER)).isTrue();
  }

  @Test
  @EngineTest
  void whatIsTakenGivesAValueForTheWorstRows() {
    var thrown = new ArrayList<String>();
    try (var session = TestEngine.shared().session(Map.of("session_timezone", "UTC"))) {
      session.run("DROP TABLE IF EXISTS default.worst_rows");
      session.run("CREATE TABLE default.worst_rows (" + COLUMNS + ") ENGINE = Memory");
      for (var row :
          List.of(
              "'abc\\\\', NULL, -9223372036854775808, 18446744073709551615, nan,"
                  + " 9999999999999999999999999999, '2149-06-06', '2106-02-07 06:28:15',"
                  + " '1900-01-01 00:00:00', unhex('ff00')",
              "'', '', 9223372036854775807, 0, -inf, -9999999999999999999999999999, '1970-01-01',"
                  + " '1970-01-01 00:00:00', '2262-04-11 23:47:16', ''")) {
        session.run("INSERT INTO default.worst_rows VALUES (" + row + ")");
      }
      for (var expression : harmless().toList()) {
        try {
          session.query(
              "SELECT toString(" + expression + ") FROM default.worst_rows FORMAT Null", "TSV");
        } catch (RuntimeException e) {
          thrown.add(expression + ": " + e.getMessage());
        }
      }
    }
    assertThat(thrown).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "toUInt32(s)",
        "CAST(s AS UInt8)",
        "s::UInt8",
        "throwIf(i)",
        "parseDateTimeBestEffort(s)",
        "intDiv(1, i)",
        "i % 0",
        "i / 0",
        "i DIV 0",
        "i MOD 0",
        "(SELECT 1)",
        "arrayElement(a, 0)",
        "{{ x }}",
        "{% if x %} 1 {% end %}",
        "${X}",
        "sleep(3)",
        "s; DROP TABLE b",
        "dictGet('d', 'x', s)",
        "assumeNotNull(s)",
        "file('/etc/passwd')",
        "lower(toUInt32(s))",
        // of a text, or of what may be one
        "toDate(s)",
        "toDate(n)",
        "toDate(c)",
        "toDate('2024')",
        "toDate(lower(s))",
        "toDate(d)",
        "toDate()",
        "toFloat64(s)",
        "toFloat32(t)",
        "toUnixTimestamp(s)",
        "toUnixTimestamp(e)",
        "toUnixTimestamp(other)",
        // lengths and scales that only the row knows
        "substring(s, i, 2)",
        "substr(s, 1, u)",
        "left(s, i)",
        "right(s, 99999999999999999999)",
        "round(f, i)",
        "floor(f, u)",
        "ceil(f, i)",
        // sums that overflow
        "d + d",
        "d * 2",
        "e - i",
        "plus(d, 1)",
        "minus(e, i)",
        "multiply(d, d)",
        "toDecimal32OrZero(s, 2) + 1",
        // patterns that end inside an escape
        "s LIKE n",
        "s ILIKE 'a\\\\'",
        "s LIKE 'a' || n",
        "like(s, n)",
        "ilike(s, 'a\\\\')",
        "like(s)",
        "s REGEXP n",
        "s RLIKE '('",
        "t + INTERVAL 1 DAY",
      })
  void whatMayThrowForARowIsNot(String expression) {
    assertThat(Harmless.is(expression, OVER)).isFalse();
  }
}
