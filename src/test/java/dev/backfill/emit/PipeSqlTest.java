package dev.backfill.emit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.local.engine.Session;
import dev.backfill.plan.Cutover;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Migration.CutColumn;
import dev.backfill.plan.Migration.Projected;
import dev.backfill.project.TimeType;
import dev.backfill.sql.Template;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The emitted SQL on a real ClickHouse: which rows a job writes, and that it writes none when it
/// must not.
@EngineTest
class PipeSqlTest {
  private static final TimeType SECONDS = Example.SECONDS;
  private static final TimeType MILLIS =
      new TimeType(TimeType.Kind.DATETIME64, 3, Optional.empty(), /* nullable= */ false);
  private static final TimeType NULLABLE =
      new TimeType(TimeType.Kind.DATETIME, 0, Optional.empty(), /* nullable= */ true);
  private final String database = "pipe_sql_" + System.nanoTime();
  private final Session session = TestEngine.shared().session();
  private Migration migration = Example.events();

  @BeforeEach
  void tables() {
    session.run("CREATE DATABASE " + database);
    session.run("USE " + database);
  }

  @AfterEach
  void noTables() {
    session.run("DROP DATABASE " + database + " SYNC");
    session.close();
  }

  @Test
  void copiesAHalfOpenRangeWithEveryBorderRowOnce() {
    events();
    insert(
        "2026-01-01 00:00:00", "2026-01-01 00:59:59", "2026-01-01 01:00:00", "2026-01-01 02:00:00");

    copy("start", "2026-01-01 00:00:00", "end", "2026-01-01 01:00:00");
    copy("start", "2026-01-01 01:00:00", "end", "2026-01-01 02:00:00");

    assertThat(lines("SELECT timestamp FROM analytics_events_1 ORDER BY ALL"))
        .containsExactly("2026-01-01 00:00:00", "2026-01-01 00:59:59", "2026-01-01 01:00:00");
  }

  @Test
  void withoutAStartItIsOpenBelow() {
    events();
    insert("1970-01-01 00:00:00", "2026-01-01 00:59:59", "2026-01-01 01:00:00");

    copy("end", "2026-01-01 01:00:00");

    assertThat(count("analytics_events_1")).isEqualTo(2);
  }

  @Test
  void withoutAnEndItCopiesNothing() {
    events();
    insert("1970-01-01 00:00:00", "2026-01-01 00:59:59");

    copy("start", "1970-01-01 00:00:00");

    assertThat(count("analytics_events_1")).isZero();
  }

  @Test
  void aRepeatedJobWritesNothingAndTheForkSeesEachRowOnce() {
    events();
    session.run(
        "CREATE TABLE n (c AggregateFunction(count)) ENGINE = AggregatingMergeTree ORDER BY ()");
    session.run(
        "CREATE MATERIALIZED VIEW m TO n AS SELECT countState() AS c FROM analytics_events_1");
    session.run(
        "INSERT INTO analytics_events SELECT toDateTime('2026-01-01 00:00:00', 'UTC') + number, toString(number % 7), 'a', 'v', 'p' FROM numbers(3000)");
    var guarded =
        new String[] {
          "end", "2026-01-02 00:00:00", "expect_source", "3000", "expect_target", "0", "tag", "j1"
        };

    copy(guarded);
    copy(guarded);

    assertThat(count("analytics_events_1")).isEqualTo(3000);
    assertThat(lines("SELECT countMerge(c) FROM n")).containsExactly("3000");
  }

  @ParameterizedTest
  @CsvSource({"2, 0", "4, 0", "3, 1", "0, 0"})
  void copiesNothingWhenACountIsNotWhatWasExpected(int source, int target) {
    events();
    insert("2026-01-01 00:00:00", "2026-01-01 00:00:01", "2026-01-01 00:00:02");

    for (var mode : List.of("bulk", "delta")) {
      copy(
          "end",
          "2026-01-02 00:00:00",
          "mode",
          mode,
          "expect_source",
          "" + source,
          "expect_target",
          "" + target);
    }

    assertThat(count("analytics_events_1")).isZero();
  }

  @Test
  void theCountsAreThoseOfTheRangeOnly() {
    events();
    insert("2026-01-01 00:00:00", "2026-01-01 00:00:01", "2026-01-05 00:00:00");
    session.run("INSERT INTO analytics_events_1 SELECT '2026-01-06 00:00:00', 's', 'a', 'v', 'p'");

    copy(
        "start",
        "2026-01-01 00:00:00",
        "end",
        "2026-01-02 00:00:00",
        "expect_source",
        "2",
        "expect_target",
        "0");

    assertThat(count("analytics_events_1")).isEqualTo(3);
  }

  @Test
  void deltaAddsExactlyWhatIsMissingEqualRowsIncluded() {
    events();
    insert(
        "2026-01-01 00:00:00", "2026-01-01 00:00:01", "2026-01-01 00:00:01", "2026-01-01 00:00:01");
    insert("2026-01-03 00:00:00");
    session.run(
        "INSERT INTO analytics_events_1 SELECT * FROM analytics_events WHERE timestamp = '2026-01-01 00:00:01' LIMIT 1");

    copy("end", "2026-01-02 00:00:00", "mode", "delta");

    assertThat(lines("SELECT timestamp FROM analytics_events_1 ORDER BY ALL"))
        .containsExactly(
            "2026-01-01 00:00:00",
            "2026-01-01 00:00:01",
            "2026-01-01 00:00:01",
            "2026-01-01 00:00:01");

    copy("end", "2026-01-02 00:00:00", "mode", "delta");

    assertThat(count("analytics_events_1")).isEqualTo(4);
  }

  /// A row that becomes visible while the job begins is on its way through the sync pipe as well.
  /// Here it is seen by every other reading.
  @Test
  void deltaNeverTakesARowThatItsCountDidNotHave() {
    events();
    session.run("RENAME TABLE analytics_events TO hidden");
    session.run("INSERT INTO hidden SELECT '2026-01-01 00:00:01', 'settled', 'a', 'v', 'p'");
    session.run("INSERT INTO hidden SELECT '2026-01-01 00:00:02', 'under way', 'a', 'v', 'p'");
    session.run(
        "CREATE VIEW analytics_events AS SELECT * FROM hidden WHERE session_id = 'settled' OR rand() % 2 = 0");
    var copied = 0L;
    for (var round = 0; round < 60; round++) {
      copy(
          "end",
          "2026-01-02 00:00:00",
          "mode",
          "delta",
          "expect_source",
          "1",
          "expect_target",
          "0");
      assertThat(lines("SELECT count() FROM analytics_events_1 WHERE session_id = 'under way'"))
          .as("round %s", round)
          .containsExactly("0");
      copied += count("analytics_events_1");
      session.run("TRUNCATE TABLE analytics_events_1");
    }
    assertThat(copied).isBetween(10L, 50L);
  }

  @Test
  void openAboveItTakesTheLastTickOfTheType() {
    events();
    insert("2026-01-01 00:00:00", "2106-02-07 06:28:15");

    copy("part", "from", "start", "2026-01-01 00:00:01", "mode", "delta", "expect_source", "1");

    assertThat(lines("SELECT timestamp FROM analytics_events_1"))
        .containsExactly("2106-02-07 06:28:15");
  }

  @Test
  void deltaLeavesWhatOnlyTheTargetHas() {
    events();
    insert("2026-01-01 00:00:00");
    session.run(
        "INSERT INTO analytics_events_1 SELECT '2026-01-01 00:00:00', 'only here', 'a', 'v', 'p'");

    copy("end", "2026-01-02 00:00:00", "mode", "delta", "expect_source", "1", "expect_target", "1");

    assertThat(count("analytics_events_1")).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({"bulk", "delta"})
  void slicesTogetherAreTheWholeAndNoRowIsInTwo(String mode) {
    events();
    session.run(
        "INSERT INTO analytics_events SELECT toDateTime('2026-01-01 00:00:00', 'UTC'), toString(number), 'a', 'v', 'p' FROM numbers(1000)");

    for (var slice = 0; slice < 4; slice++) {
      copy(
          "end",
          "2026-01-02 00:00:00",
          "slices",
          "4",
          "slice",
          "" + slice,
          "mode",
          mode,
          "expect_target",
          "0");
      if (slice == 0) {
        assertThat(count("analytics_events_1")).isBetween(150L, 350L);
      }
    }

    assertThat(lines("SELECT count(), uniqExact(session_id) FROM analytics_events_1"))
        .containsExactly("1000\t1000");
  }

  /// The same row must hash alike on both sides whatever its types, or a delta copies it twice.
  @Test
  void aRowOfEveryKindOfTypeHashesAlikeOnBothSides() {
    var columns = new java.util.LinkedHashMap<String, String>();
    columns.put("t", "DateTime64(3)");
    columns.put("lc", "LowCardinality(String)");
    columns.put("lcn", "LowCardinality(Nullable(String))");
    columns.put("n", "Nullable(Int64)");
    columns.put("f", "Float64");
    columns.put("d", "Decimal(18, 4)");
    columns.put("u", "UUID");
    columns.put("a", "Array(Nullable(String))");
    columns.put("m", "Map(String, UInt8)");
    columns.put("b", "Bool");
    columns.put("fs", "FixedString(4)");
    columns.put("dt", "DateTime('America/New_York')");
    columns.put("d32", "Date32");
    columns.put("i", "Int256");
    var schema =
        columns.entrySet().stream()
            .map(e -> e.getKey() + " " + e.getValue())
            .collect(Collectors.joining(", "));
    session.run("CREATE TABLE analytics_events (" + schema + ") ENGINE = MergeTree ORDER BY t");
    session.run("CREATE TABLE analytics_events_1 (" + schema + ") ENGINE = MergeTree ORDER BY lc");
    migration =
        Example.events(
            new CutColumn("t", "t", MILLIS, MILLIS),
            columns.entrySet().stream()
                .map(e -> new Projected(e.getKey(), e.getKey(), e.getValue()))
                .toList());
    for (var values :
        List.of(
            "'2026-01-01 00:00:00.123', 'x', NULL, NULL, nan, 1.5, generateUUIDv4(), ['a', NULL], map('k', 1), true, 'abcd', '2026-03-08 02:30:00', '1950-01-01', -5",
            "'2026-01-01 00:00:00.124', '', 'y', 7, -0.0, -1.5, generateUUIDv4(), [], map(), false, '', 0, '2026-01-01', 5")) {
      session.run("INSERT INTO analytics_events SELECT " + values);
      session.run("INSERT INTO analytics_events SELECT " + values);
    }

    copy("end", "2026-01-01 00:00:00.124");
    copy("end", "2026-01-02 00:00:00.000", "mode", "delta", "expect_source", "4");

    assertThat(count("analytics_events_1")).isEqualTo(4);

    copy("end", "2026-01-02 00:00:00.000", "mode", "delta");

    assertThat(count("analytics_events_1")).isEqualTo(4);
  }

  @Test
  void rowsWithoutATimestampAreAPartOfTheirOwn() {
    session.run(
        "CREATE TABLE analytics_events (timestamp Nullable(DateTime), v String) ENGINE = MergeTree ORDER BY v");
    session.run(
        "CREATE TABLE analytics_events_1 (timestamp Nullable(DateTime), v String) ENGINE = MergeTree ORDER BY v");
    migration =
        Example.events(
            new CutColumn("timestamp", "timestamp", NULLABLE, NULLABLE),
            List.of(
                new Projected("timestamp", "timestamp", "Nullable(DateTime)"),
                new Projected("v", "v", "String")));
    session.run("INSERT INTO analytics_events SELECT NULL, 'n' FROM numbers(3)");
    session.run("INSERT INTO analytics_events SELECT '2026-01-01 00:00:00', 't'");

    copy("part", "null", "expect_source", "3", "expect_target", "0");
    copy("part", "null", "expect_source", "3", "expect_target", "0");
    copy("part", "null", "mode", "delta");

    assertThat(count("analytics_events_1")).isEqualTo(3);

    copy("part", "range", "end", "2026-01-02 00:00:00", "expect_source", "1", "expect_target", "0");

    assertThat(count("analytics_events_1")).isEqualTo(4);
  }

  /// An alias that is a column's name too would be read by WHERE and by the other expressions.
  @Test
  void convertedColumnsDontDisturbEachOtherNorTheRange() {
    converting();
    session.run(
        "INSERT INTO analytics_events SELECT '2026-01-01 00:00:00', toString(number), 'A' FROM numbers(5)");
    session.run("INSERT INTO analytics_events SELECT '2026-01-01 00:00:00', 'no number', 'B'");
    session.run("INSERT INTO analytics_events SELECT '2026-02-01 00:00:00', '9', 'C'");

    copy("end", "2026-01-02 00:00:00", "expect_source", "6", "expect_target", "0");

    assertThat(lines("SELECT timestamp, version, both FROM analytics_events_1 ORDER BY ALL"))
        .startsWith("2026-01-01 01:00:00.000\t0\t0 A")
        .contains("2026-01-01 01:00:00.000\t0\tno number B")
        .hasSize(6);
  }

  @Test
  void deltaComparesConvertedRowsInTheTargetsTypes() {
    converting();
    session.run(
        "INSERT INTO analytics_events SELECT '2026-01-01 00:00:00', toString(number % 3), 'A' FROM numbers(5)");
    // The conversion moves this column by an hour, so a range of its own is used.
    copy("end", "2026-01-02 00:00:00");
    session.run("INSERT INTO analytics_events SELECT '2026-01-01 00:00:00', '1', 'A'");

    copy("end", "2026-01-02 00:00:00", "mode", "delta", "slices", "1", "slice", "0");
    copy("end", "2026-01-02 00:00:00", "mode", "delta");

    assertThat(count("analytics_events_1")).isEqualTo(6);
  }

  private void converting() {
    session.run(
        "CREATE TABLE analytics_events (timestamp DateTime, version String, action String) ENGINE = MergeTree ORDER BY timestamp");
    session.run(
        "CREATE TABLE analytics_events_1 (timestamp DateTime64(3), version UInt32, both String, extra String DEFAULT 'x') ENGINE = MergeTree ORDER BY version");
    migration =
        Example.events(
            new CutColumn("timestamp", "timestamp", SECONDS, MILLIS),
            List.of(
                new Projected(
                    "timestamp", "toDateTime64(timestamp + INTERVAL 1 HOUR, 3)", "DateTime64(3)"),
                new Projected("version", "accurateCastOrDefault(version, 'UInt32')", "UInt32"),
                new Projected("both", "concat(version, ' ', action)", "String")));
  }

  @Test
  void theSyncPipeTakesRowsFromTheCutoverOnAndNeverThrows() {
    converting();
    session.run(
        "CREATE MATERIALIZED VIEW sync TO analytics_events_1 AS "
            + sync().replace("${BACKFILL_T_ANALYTICS_EVENTS_1}", "2026-01-31 13:30:00"));

    session.run("INSERT INTO analytics_events SELECT '2026-01-31 13:29:59', '1', 'before'");
    session.run("INSERT INTO analytics_events SELECT '2026-01-31 13:30:00', '2', 'at'");
    session.run(
        "INSERT INTO analytics_events SELECT '2026-01-31 13:30:01', 'worst \\0 value', 'after'");

    assertThat(lines("SELECT both, extra FROM analytics_events_1 ORDER BY timestamp"))
        .containsExactly("2 at\tx", "worst \\0 value after\tx");
  }

  private void events() {
    for (var table : List.of("analytics_events", "analytics_events_1")) {
      session.run(
          "CREATE TABLE "
              + table
              + " (timestamp DateTime, session_id String, action LowCardinality(String), version"
              + " LowCardinality(String), payload String) ENGINE = MergeTree ORDER BY "
              + (table.endsWith("_1") ? "(action, timestamp)" : "timestamp"));
    }
  }

  private void insert(String... timestamps) {
    for (var t : timestamps) {
      session.run("INSERT INTO analytics_events SELECT '" + t + "', 's', 'a', 'v', 'p'");
    }
  }

  private void copy(String... parameters) {
    var values = new TreeMap<String, String>();
    for (var i = 0; i < parameters.length; i += 2) {
      var name = parameters[i];
      values.put(
          name.equals("start") || name.equals("end") ? name + "_backfill_timestamp" : name,
          parameters[i + 1]);
    }
    var columns =
        migration.projection().stream()
            .map(p -> "`" + p.column() + "`")
            .collect(Collectors.joining(", "));
    var sql = sql(texts().backfill());
    session.run(
        "INSERT INTO analytics_events_1 ("
            + columns
            + ") "
            + Template.render(sql, Map.copyOf(values)));
  }

  private String sync() {
    return sql(texts().sync(new Cutover(Duration.ofMinutes(30), Optional.empty())));
  }

  private PipeTexts texts() {
    var columns =
        lines(
            "SELECT name, type FROM system.columns WHERE table = 'analytics_events' AND database = '"
                + database
                + "' ORDER BY position");
    var schema =
        columns.stream()
            .map(c -> "    `" + c.replaceFirst("\t", "` ").replace("\\'", "'"))
            .collect(Collectors.joining(",\n"));
    var files =
        new TreeMap<>(
            Map.of("datasources/analytics_events.datasource", "SCHEMA >\n" + schema + "\n"));
    return new PipeTexts(
        migration, Example.project(files).dataSource("analytics_events").orElseThrow());
  }

  /// The SQL as the client would push it.
  private static String sql(String pipe) {
    var file = Texts.parse("x.pipe", pipe, Map.of());
    return file.last("SQL").orElseThrow().raw().replace("$$", "$");
  }

  private long count(String table) {
    return Long.parseLong(lines("SELECT count() FROM " + table).getFirst());
  }

  private List<String> lines(String select) {
    return session.query(select, "TabSeparated").text().lines().toList();
  }
}
