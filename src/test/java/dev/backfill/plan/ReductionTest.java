package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.Migration.Reduced;
import dev.backfill.project.DataSource;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReductionTest {
  private static DataSource source(String columns, String engine) {
    return Projects.with(
            "datasources/reduced.datasource", "SCHEMA >\n    " + columns + "\n\n" + engine + "\n")
        .dataSource("reduced")
        .orElseThrow();
  }

  private static List<String> said(DataSource d) {
    return Reduction.of(d).stream().map(ReductionTest::text).toList();
  }

  private static String text(Reduced r) {
    return (r.key() ? "key " : "") + r.expression();
  }

  @Test
  void aSumIsAddedUpWhereTheEngineAddsItUp() {
    var columns = "`k` String, `n` UInt64, `m` Nullable(Float64), `name` String";
    var engine = "ENGINE \"SummingMergeTree\"\nENGINE_SORTING_KEY \"k\"";

    assertThat(said(source(columns, engine))).containsExactly("key `k`", "sum(`n`)", "sum(`m`)");
    assertThat(said(source(columns, engine + "\nENGINE_COLUMNS \"n\"")))
        .containsExactly("key `k`", "sum(`n`)");
    assertThat(said(source(columns, engine.replace("Summing", "Aggregating"))))
        .containsExactly("key `k`");
  }

  @Test
  void aStateIsMergedByItsOwnFunctionUnlessThatDependsOnTheOrder() {
    var d =
        source(
            "`k` String, `u` AggregateFunction(uniq, String), "
                + "`q` AggregateFunction(quantilesExact(0.5, 0.9), UInt64), "
                + "`s` SimpleAggregateFunction(max, UInt64), "
                + "`a` SimpleAggregateFunction(anyLast, UInt64), `b` AggregateFunction(any, String)",
            "ENGINE \"AggregatingMergeTree\"\nENGINE_SORTING_KEY \"k\"");

    assertThat(said(d))
        .containsExactly(
            "key `k`", "uniqMerge(`u`)", "quantilesExactMerge(0.5, 0.9)(`q`)", "max(`s`)");
    assertThat(Reduction.notCompared(d)).containsExactly("a", "b");
    assertThat(Reduction.lastWins(d)).containsExactly("a");
  }

  @Test
  void onlyColumnsOfTheSortingKeyTellRowsApart() {
    var d =
        source(
            "`k` String, `t` DateTime, `n` UInt64",
            "ENGINE \"SummingMergeTree\"\nENGINE_SORTING_KEY \"k, toDate(t)\"");

    assertThat(d.columns().stream().filter(c -> Reduction.isKey(d, c)).map(c -> c.name()))
        .containsExactly("k", "t");
  }

  @Test
  void theLastVersionStaysOnlyWhereTheKeyIsColumns() {
    var columns = "`k` String, `t` DateTime, `v` UInt64, `n` UInt64";
    var engine = "ENGINE \"ReplacingMergeTree\"\nENGINE_SORTING_KEY \"k\"\nENGINE_VER \"v\"";

    assertThat(said(source(columns, engine)))
        .containsExactly(
            "key `k`",
            "tupleElement(argMax(tuple(`t`), `v`), 1)",
            "tupleElement(argMax(tuple(`v`), `v`), 1)",
            "tupleElement(argMax(tuple(`n`), `v`), 1)");
    assertThat(said(source(columns, engine.replace("\"k\"", "\"k, toDate(t)\"")))).isEmpty();
    assertThat(said(source(columns, engine.replace("\nENGINE_VER \"v\"", "")))).isEmpty();
  }
}
