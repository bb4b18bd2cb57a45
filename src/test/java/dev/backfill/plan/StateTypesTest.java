package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.problem.Problem;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A retyped column whose aggregate states are kept with the old type.
class StateTypesTest {
  private static final String OLD = "AggregateFunction(sum, Int32)";
  private static final String NEW = "AggregateFunction(sum, Int64)";

  private static Project project(String amount, String total, String sql) {
    return ProjectReader.read(
        new TreeMap<>(
            Map.of(
                "datasources/orders.datasource",
                """
                SCHEMA >
                    `at` DateTime `json:$.at`,
                    `other` Int32 `json:$.other`,
                    `amount` %s `json:$.amount`

                ENGINE "MergeTree"
                ENGINE_SORTING_KEY "at"
                """
                    .formatted(amount),
                "datasources/orders_daily.datasource",
                """
                SCHEMA >
                    `day` Date,
                    `total` %s

                ENGINE "AggregatingMergeTree"
                ENGINE_SORTING_KEY "day"
                """
                    .formatted(total),
                "pipes/clean.pipe",
                """
                NODE n
                SQL >
                    SELECT at, amount, toInt32(amount) AS small FROM orders
                """,
                "pipes/per_day.pipe",
                """
                NODE n
                SQL >
                    %s

                TYPE materialized
                DATASOURCE orders_daily
                """
                    .formatted(sql))));
  }

  private static String view(String total) {
    return "SELECT toDate(at) AS day, " + total + " FROM orders GROUP BY day";
  }

  private static List<Problem> said(
      String was, String now, String before, String after, String sql) {
    var plan = Planned.plan(project(was, before, sql), project(now, after, sql));
    assertThat(plan.core().migrations()).extracting(Migration::source).contains("orders_daily");
    return plan.obstacles().stream().filter(p -> p.code().equals("aggregate_state_type")).toList();
  }

  private static List<Problem> widened(String sql) {
    return said("Int32", "Int64", OLD, OLD, sql);
  }

  @Test
  void aStateThatKeepsTheOldTypeIsAnObstacleAtItsColumn() {
    assertThat(widened(view("sumState(amount) AS total")))
        .singleElement()
        .hasToString(
            "datasources/orders_daily.datasource:3:5: error aggregate_state_type: per_day fills"
                + " `total` of orders_daily with AggregateFunction(sum, Int64) now, and there it is"
                + " AggregateFunction(sum, Int32) still; ClickHouse refuses such a view. Change"
                + " `total` of orders_daily to AggregateFunction(sum, Int64) in this pull request"
                + " too.");
  }

  @Test
  void aTargetThatChangesTooIsNone() {
    assertThat(said("Int32", "Int64", OLD, NEW, view("sumState(amount) AS total"))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT toDate(at) AS day, sumState(orders.amount) AS total FROM orders GROUP BY day",
        "SELECT toDate(at) AS day, sumState(amount) total FROM clean GROUP BY day",
        "SELECT toDate(at) AS day, sumState(amount) AS total FROM (SELECT at, amount FROM orders)"
            + " GROUP BY day",
        "WITH 7 AS days SELECT toDate(at) AS day, sumState( `amount` ) AS `total` FROM orders"
            + " GROUP BY day"
      })
  void theColumnIsFoundThroughWhateverPassesItOn(String sql) {
    assertThat(widened(sql)).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT toDate(at) AS day, sumState(toInt32(amount)) AS total FROM orders GROUP BY day",
        "SELECT toDate(at) AS day, sumState(other) AS total FROM orders GROUP BY day",
        "SELECT toDate(at) AS day, sumState(small) AS total FROM clean GROUP BY day",
        "WITH toInt32(amount) AS amount SELECT toDate(at) AS day, sumState(amount) AS total"
            + " FROM orders GROUP BY day",
        "SELECT toDate(at) AS day, sumState(amount) AS total, max(toInt32(other) AS amount) AS m"
            + " FROM orders GROUP BY day",
        "SELECT toDate(at) AS day, sumState(amount) AS total"
            + " FROM (SELECT at, toInt32(amount) AS amount FROM orders) GROUP BY day",
        "SELECT toDate(at) AS day, sumState(o.amount) AS total FROM orders"
            + " JOIN (SELECT other, other AS amount FROM orders) AS o USING (other) GROUP BY day"
      })
  void whatIsntTheColumnItselfIsNone(String sql) {
    assertThat(widened(sql)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "uniqState(amount) | AggregateFunction(uniq, Int32) | 1",
        "argMaxState(amount, at) | AggregateFunction(argMax, Int32, DateTime) | 1",
        "sumIfState(amount, other > 0) | AggregateFunction(sumIf, Int32, UInt8) | 1",
        "quantilesState(0.5, 0.9)(amount) | AggregateFunction(quantiles(0.5, 0.9), Int32) | 1",
        "countState(amount) | AggregateFunction(count, Int32) | 0",
        "countState() | AggregateFunction(count) | 0",
        "argMaxState(other, at) | AggregateFunction(argMax, Int32, DateTime) | 0",
        "sum(amount) | SimpleAggregateFunction(sum, Int64) | 0"
      })
  void everyStateThatHoldsTheTypeCounts(String made, String type, int problems) {
    assertThat(said("Int32", "Int64", type, type, view(made + " AS total"))).hasSize(problems);
  }

  @Test
  void typesThatAStateDoesntTellApartAreNone() {
    var type = "AggregateFunction(uniq, String)";
    var sql = view("uniqState(amount) AS total");

    assertThat(said("String", "LowCardinality(String)", type, type, sql)).isEmpty();
    assertThat(said("LowCardinality(String)", "Nullable(String)", type, type, sql)).hasSize(1);
  }
}
