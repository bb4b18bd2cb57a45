package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is added to a merged value makes it the expected one on the engine, also where the
/// difference of two sums is more than one value of what is summed up.
@EngineTest
class RepairEngineTest {
  @ParameterizedTest(name = "{0}: {1} where {2} is expected")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      nullValues = "NULL",
      value = {
        "AggregateFunction(sum, UInt8) | 0 | 1000",
        "AggregateFunction(sum, UInt8) | 7 | 7",
        "AggregateFunction(sum, UInt8) | 250 | 505",
        "AggregateFunction(sum, UInt32) | 5 | 30000000000",
        "AggregateFunction(sum, Int8) | 100 | -1000",
        "AggregateFunction(sum, Int32) | -5 | 9000000000",
        "AggregateFunction(sum, Nullable(Int32)) | NULL | 9000000000",
        "AggregateFunction(sum, Nullable(Int32)) | NULL | NULL",
        "AggregateFunction(sum, Nullable(UInt16)) | 1 | 200000",
        "AggregateFunction(sum, UInt64) | 1 | 18446744073709551615",
        "AggregateFunction(sum, Int64) | 9223372036854775807 | -9223372036854775808",
        "AggregateFunction(sum, Decimal(18, 2)) | 1 | 1234567",
        "AggregateFunction(sum, Float64) | 1 | 4",
        "AggregateFunction(sumIf, UInt8, UInt8) | 0 | 1000",
        "AggregateFunction(count) | 3 | 1000",
        "AggregateFunction(countIf, UInt8) | 0 | 300",
        "SimpleAggregateFunction(sum, UInt64) | 2 | 5000000000",
        "SimpleAggregateFunction(sum, Nullable(Int64)) | NULL | 5",
      })
  void theSumOfBothIsWhatIsExpected(
      String type, @Nullable String there, @Nullable String expected) {
    var d =
        Projects.with(
                "datasources/target.datasource",
                "SCHEMA >\n    `k` UInt32, `v` "
                    + type
                    + "\n\nENGINE \"AggregatingMergeTree\"\nENGINE_SORTING_KEY \"k\"\n")
            .dataSource("target")
            .orElseThrow();
    var column = d.column("v").orElseThrow();
    var step = Repair.of(d, column).orElseThrow();
    try (var session = TestEngine.shared().session(Map.of())) {
      session.run("DROP TABLE IF EXISTS default.raised");
      session.run(
          "CREATE TABLE default.raised (k UInt32, v "
              + type
              + ") ENGINE = AggregatingMergeTree ORDER BY k");
      // for a key that isn't there, a LEFT JOIN answers with the type's default
      for (var from :
          Arrays.asList(Arrays.asList(there, none(type)), Arrays.asList(expected, there))) {
        var sql =
            "INSERT INTO default.raised SELECT 1, %s FROM (SELECT %s AS e, %s AS t)"
                .formatted(
                    Repair.value(step, column, "e", "t"),
                    typed(type, from.getFirst()),
                    typed(type, from.getLast()));
        session.run(sql);
      }
      var now =
          session
              .query(
                  "SELECT toString(%s) FROM default.raised WHERE k = 1".formatted(step.merged()),
                  "TSV")
              .text()
              .strip();

      assertThat(now).isEqualTo(expected == null ? "\\N" : expected);
    }
  }

  private static @Nullable String none(String type) {
    return type.contains("Nullable") ? null : "0";
  }

  private static String typed(String type, @Nullable String value) {
    var wide = type.contains("Nullable") ? "Nullable(%s)" : "%s";
    var of =
        type.contains("Decimal")
            ? "Decimal(38, 2)"
            : type.contains("Float")
                ? "Float64"
                : type.contains("UInt") || type.contains("count") ? "UInt64" : "Int64";
    return "CAST(%s, '%s')"
        .formatted(value == null ? "NULL" : "'" + value + "'", wide.formatted(of));
  }
}
