package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.EngineTest;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The way out that `reference/scenarios.md` names for engines whose rows can't be copied beside
/// newer ones: history first, through a Data Source that holds what arrives meanwhile.
@EngineTest
class HistoryFirstTest {
  private static final String COPY =
      """
      NODE rows
      SQL >
          SELECT id, shop, n, sign, version FROM %s FINAL

      TYPE COPY
      TARGET_DATASOURCE things_1
      COPY_MODE append
      """;

  @TempDir Path folder;
  @TempDir Path data;

  @ParameterizedTest
  @CsvSource({
    // engine, its settings, what stops the copies, n of every id afterwards
    "ReplacingMergeTree, '', order_dependent_engine, 30",
    "CollapsingMergeTree, 'ENGINE_SIGN \"sign\"', order_dependent_engine, 30",
    "SummingMergeTree, 'ENGINE_COLUMNS \"n\"', merging_engine, 60",
  })
  void rowsThatDependOnTheirOrderGetThere(String engine, String more, String stops, long last)
      throws Exception {
    var before =
        """
        SCHEMA >
            `id` UInt64 `json:$.id`,
            `shop` UInt8 `json:$.shop`,
            `n` Int64 `json:$.n`,
            `sign` Int8 `json:$.sign`,
            `version` UInt64 `json:$.version`

        ENGINE "%s"
        ENGINE_SORTING_KEY "id"
        %s
        """
            .formatted(engine, more);
    var after = before.replace("KEY \"id\"", "KEY \"shop, id\"");
    var file = "datasources/things.datasource";
    try (var made =
        new Migrated(
            folder,
            data,
            Map.of(file, before),
            "quiet: 1s\ndatasources: {things: {scenario: not_production}}\n")) {
      made.append("things", rows(engine, 10, 1));
      made.write(Map.of("backfill.yml", "", file, after));
      var refused = made.run("generate", "--base", "HEAD");
      assertThat(refused.status()).isEqualTo(1);
      assertThat(refused.out() + refused.err()).contains(stops, "history first");
      made.write(Map.of("backfill.yml", "datasources: {things: {scenario: not_production}}\n"));

      made.change(Map.of(file, after, "datasources/things_held.datasource", after), Instant.now());
      made.append("things_held", rows(engine, 20, 2));
      made.write(
          Map.of(
              "pipes/things_history.pipe",
              COPY.formatted("things"),
              "pipes/things_held_over.pipe",
              COPY.formatted("things_held")));
      assertThat(made.json(0, "plan", "--base", "HEAD").path("verdict").asString())
          .isEqualTo("already_versioned");
      made.deploy("copies");

      made.tb("pipe", "copy", "run", "things_history", "--wait", "--yes");
      made.append("things_held", rows(engine, 30, 3));
      // the producers rest
      made.tb("pipe", "copy", "run", "things_held_over", "--wait", "--yes");
      made.append("things_1", "{\"id\":7,\"shop\":0,\"n\":5,\"sign\":1,\"version\":1}\n");

      var alive = engine.contains("Collapsing") ? "sum(n * sign)" : "sum(n)";
      assertThat(
              made.number(
                  "SELECT countIf(x != %d) AS n FROM (SELECT id, %s AS x FROM things_1 FINAL WHERE id < 4 GROUP BY id)"
                      .formatted(last, alive)))
          .isZero();
      assertThat(made.number("SELECT uniqExact(id) AS n FROM things_1")).isEqualTo(4);

      // what was added by hand goes first, then the migration ends as every other
      made.remove("pipes/things_history.pipe", "pipes/things_held_over.pipe");
      made.deploy("no copies");
      made.remove("datasources/things_held.datasource");
      made.write(Map.of("backfill.yml", "datasources: {things_held: {accept: [data_removed]}}\n"));
      var judged = made.json(0, "plan", "--base", "HEAD");
      assertThat(judged.path("verdict").asString()).as(judged.toString()).isEqualTo("cleanup");
      made.deploy("nothing is held");
      assertThat(made.cleanedUp(() -> {})).endsWith("remove_old", "finished");
      assertThat(made.number("SELECT uniqExact(id) AS n FROM things_1")).isEqualTo(4);
    }
  }

  /// What producers send when three things change: the old row taken back, where rows cancel.
  private static String rows(String engine, int n, int version) {
    var out = new StringBuilder();
    for (var id = 1; id <= 3; id++) {
      if (engine.contains("Collapsing") && version > 1) {
        out.append(row(id, n - 10, -1, version - 1));
      }
      out.append(row(id, n, 1, version));
    }
    return out.toString();
  }

  private static String row(int id, int n, int sign, int version) {
    return "{\"id\":%d,\"shop\":%d,\"n\":%d,\"sign\":%d,\"version\":%d}\n"
        .formatted(id, id % 2, n, sign, version);
  }
}
