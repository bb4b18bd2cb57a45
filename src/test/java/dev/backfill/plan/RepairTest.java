package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.project.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Which merged values can be raised by one more row, and what that row holds.
class RepairTest {
  private static DataSource target(String type, String engine) {
    return Projects.with(
            "datasources/target.datasource",
            "SCHEMA >\n    `k` UInt32, `v` "
                + type
                + ", `m` UInt8 MATERIALIZED 1\n\nENGINE \""
                + engine
                + "\"\nENGINE_SORTING_KEY \"k\"\n")
        .dataSource("target")
        .orElseThrow();
  }

  private static String raised(DataSource d) {
    var column = d.column("v").orElseThrow();
    return Repair.of(d, column)
        .map(s ->
            s.kind()
                + " "
                + s.merged()
                + " "
                + s.kept()
                + " "
                + Repair.value(s, column, "E", "T")
                + Repair.impossible(s, column, "E", "T").map(i -> " unless " + i).orElse(""))
        .orElse("not");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "AggregateFunction(count) | COUNT countMerge(`v`) countMerge(`v`) CAST(arrayReduce('countState', arrayWithConstant(toUInt64((E - T)), toUInt8(0))), 'AggregateFunction(count)') unless E < T",
        "AggregateFunction(countIf, UInt8) | COUNT_IF countIfMerge(`v`) countIfMerge(`v`) CAST(arrayReduce('countIfState', arrayWithConstant(toUInt64((E - T)), toUInt8(1))), 'AggregateFunction(countIf, UInt8)') unless E < T",
        "AggregateFunction(sum, UInt32) | SUM sumMerge(`v`) sumMerge(`v`) CAST(arrayReduce('sumState', arrayConcat(arrayWithConstant(toUInt64(least(abs(intDiv(ifNull((E - T), 0), 4294967295)), 1000000)), CAST(sign(ifNull((E - T), 0)) * 4294967295, 'UInt32')), [CAST((E - T) % 4294967295, 'UInt32')])), 'AggregateFunction(sum, UInt32)') unless ifNull(E, 0) < ifNull(T, 0)",
        "AggregateFunction(sumIf, Int64, UInt8) | SUM_IF sumIfMerge(`v`) sumIfMerge(`v`) CAST(arrayReduce('sumIfState', [CAST((E - T), 'Int64')], arrayWithConstant(length([CAST((E - T), 'Int64')]), toUInt8(1))), 'AggregateFunction(sumIf, Int64, UInt8)')",
        "AggregateFunction(uniq, String) | AGAIN uniqMerge(`v`) uniqMergeState(`v`) CAST(E, 'AggregateFunction(uniq, String)')",
        "AggregateFunction(uniqCombined(12), String) | AGAIN uniqCombinedMerge(12)(`v`) uniqCombinedMergeState(12)(`v`) CAST(E, 'AggregateFunction(uniqCombined(12), String)')",
        "AggregateFunction(maxIf, UInt32, UInt8) | AGAIN maxIfMerge(`v`) maxIfMergeState(`v`) CAST(E, 'AggregateFunction(maxIf, UInt32, UInt8)')",
        "AggregateFunction(avg, UInt32) | not",
        "AggregateFunction(quantile(0.5), UInt32) | not",
        "SimpleAggregateFunction(sum, UInt64) | NUMBER sum(`v`) sum(`v`) CAST((E - T), 'SimpleAggregateFunction(sum, UInt64)') unless ifNull(E, 0) < ifNull(T, 0)",
        "SimpleAggregateFunction(max, UInt64) | AGAIN max(`v`) max(`v`) CAST(E, 'SimpleAggregateFunction(max, UInt64)')",
        "SimpleAggregateFunction(anyLast, UInt64) | not",
        "String | AGAIN 0 any(`v`) CAST(E, 'String')",
      })
  void aValueIsRaisedByItsDifferenceByItselfOrNotAtAll(String type, String how) {
    assertThat(raised(target(type, "AggregatingMergeTree"))).isEqualTo(how);
    assertThat(Repair.possible(target(type, "AggregatingMergeTree"))).isEqualTo(!how.equals("not"));
  }

  @Test
  void aSummedNumberIsRaisedByItsDifference() {
    assertThat(raised(target("Int64", "SummingMergeTree")))
        .isEqualTo("NUMBER sum(`v`) sum(`v`) CAST((E - T), 'Int64')");
  }

  @ParameterizedTest
  @ValueSource(strings = {"AggregateFunction(avg, UInt32)", "String"})
  void rowsThatStayApartNeedNoRaising(String type) {
    assertThat(Repair.possible(target(type, "MergeTree"))).isTrue();
  }
}
