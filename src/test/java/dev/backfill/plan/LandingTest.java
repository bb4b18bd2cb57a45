package dev.backfill.plan;

import static dev.backfill.plan.Planned.migration;
import static dev.backfill.plan.Planned.obstacles;
import static dev.backfill.plan.Planned.plan;
import static dev.backfill.plan.Planned.projection;
import static dev.backfill.plan.Planned.warnings;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// How a Data Source that producers, loaders or connectors fill gets its new version.
class LandingTest {
  private static final String THINGS =
      """
      SCHEMA >
          `at` DateTime `json:$.at`,
          `id` String `json:$.id`,
          `old` UInt32 `json:$.old`,
          `text` String `json:$.text`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "id, at"
      """;
  private static final String FILL =
      """
      NODE n
      SQL >
          SELECT timestamp AS at, session_id AS id, 1 AS old, '' AS text FROM events

      TYPE copy
      TARGET_DATASOURCE things
      COPY_MODE append
      """;

  private static Project things(String text, String... more) {
    var files = new ArrayList<String>(List.of("datasources/things.datasource", text));
    files.addAll(List.of(more));
    return Projects.with(files.toArray(String[]::new));
  }

  private static String resorted(String text) {
    return text.replace("KEY \"id, at\"", "KEY \"at, id\"");
  }

  /// Another order of rows, and whatever else differs.
  private static Plan versioned(String before, String after, String... more) {
    return plan(things(before, more), things(resorted(after), more));
  }

  private static Plan versioned(String text) {
    return versioned(text, text);
  }

  private static List<String> said(Plan plan) {
    return plan.evidence().getOrDefault("things", List.of());
  }

  private static Migration of(Plan plan) {
    return migration(plan, "things");
  }

  @ParameterizedTest(name = "{0} and {1}: {2}")
  @CsvSource(
      delimiter = '|',
      value = {
        "| | |",
        "at + toIntervalDay(9) | | at + toIntervalDay(9) |",
        "| at + toIntervalDay(9) | at + toIntervalDay(9) |",
        "at + toIntervalDay(9) | at + toIntervalDay(9) | at + toIntervalDay(9) |",
        "at + toIntervalDay(9) | at + toIntervalDay(30) | at + toIntervalDay(9) |",
        "at + toIntervalDay(30) | at + toIntervalDay(9) | at + toIntervalDay(9) |",
        "at + toIntervalMonth(1) | at + toIntervalDay(30) | at + toIntervalDay(30) | ttl_not_comparable",
        "at + toIntervalDay(9) | toDate(at) + toIntervalDay(30) | toDate(at) + toIntervalDay(30) | ttl_not_comparable",
      })
  void theStricterTtlIsWhatBothSidesHold(
      @Nullable String before,
      @Nullable String after,
      @Nullable String ttl,
      @Nullable String warning) {
    var plan =
        versioned(
            before == null ? THINGS : THINGS + "ENGINE_TTL \"" + before + "\"\n",
            after == null ? THINGS : THINGS + "ENGINE_TTL \"" + after + "\"\n");

    assertThat(of(plan).ttl().orElse(null)).isEqualTo(ttl);
    assertThat(warnings(plan).contains("ttl_not_comparable")).isEqualTo(warning != null);
  }

  @ParameterizedTest(name = "{0} {1}: {2}")
  @CsvSource({
    "append, append, move_ingestion",
    "append, replace, move_ingestion",
    "replace, append, move_ingestion",
    "replace, replace, reload",
  })
  void whatCopiesAppendIsMovedAndWhatTheyReplaceIsLoadedAgain(
      String first, String second, String scenario) {
    var plan =
        versioned(
            THINGS,
            THINGS,
            "pipes/first.pipe",
            FILL.replace("append", first),
            "pipes/second.pipe",
            FILL.replace("append", second));

    assertThat(of(plan).scenario()).hasToString(scenario);
    assertThat(of(plan).liveFeed()).isEqualTo(new Feed.Live(Feed.Live.Kind.PRODUCERS, ""));
    if (scenario.equals("reload")) {
      assertThat(of(plan).historyFeed()).isEqualTo(new Feed.History(Feed.History.Kind.NONE, ""));
      assertThat(plan.core().forkedPipes())
          .containsExactlyInAnyOrder(
              new ForkedPipe("first", "first_1"), new ForkedPipe("second", "second_1"));
      assertThat(said(plan))
          .startsWith("things is written by first, second, which replaces it each time.");
    } else {
      assertThat(of(plan).historyFeed())
          .isEqualTo(new Feed.History(Feed.History.Kind.COPY, "backfill_things_1"));
      assertThat(plan.core().forkedPipes()).isEmpty();
      assertThat(said(plan).getFirst()).endsWith("which appends to it.");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "reload, NONE, PRODUCERS",
    "not_production, NONE, PRODUCERS",
    "full_replacement, COPY, PRODUCERS",
    "streaming_timestamp, COPY, SYNC",
    "delta, COPY, SYNC",
    "populate, POPULATE, SYNC",
    "move_ingestion, COPY, PRODUCERS",
  })
  void whatTheSettingsNameIsDone(String scenario, Feed.History.Kind history, Feed.Live.Kind live) {
    var plan =
        plan(
            things(THINGS),
            things(resorted(THINGS)),
            "datasources: {things: {scenario: " + scenario + "}}");

    assertThat(of(plan).scenario()).hasToString(scenario);
    assertThat(of(plan).historyFeed().kind()).isEqualTo(history);
    assertThat(of(plan).historyFeed().pipe())
        .isEqualTo(history == Feed.History.Kind.NONE ? "" : "backfill_things_1");
    assertThat(of(plan).liveFeed().kind()).isEqualTo(live);
    assertThat(of(plan).liveFeed().pipe())
        .isEqualTo(live == Feed.Live.Kind.SYNC ? "sync_things_1" : "");
    assertThat(of(plan).timestamp().isPresent()).isEqualTo(scenario.equals("streaming_timestamp"));
    assertThat(warnings(plan).contains("populate_needs_quiet"))
        .isEqualTo(scenario.equals("populate"));
    assertThat(said(plan).getFirst()).isEqualTo(scenario + " is what backfill.yml says.");
  }

  @Test
  void aConnectorLoadsItAgain() {
    var s3 =
        "\nIMPORT_SERVICE s3\nIMPORT_CONNECTION_NAME c\nIMPORT_BUCKET_URI s3://a/*.csv\nIMPORT_SCHEDULE @auto\n";
    var plan = plan(things(THINGS + s3), things(resorted(THINGS) + s3));

    assertThat(of(plan).scenario()).isEqualTo(Scenario.RELOAD);
    assertThat(said(plan)).containsExactly("things is loaded by a connector.");
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "ReplacingMergeTree | order_dependent_engine",
        "CollapsingMergeTree\"\\nENGINE_SIGN \"sign | order_dependent_engine",
        "SummingMergeTree | merging_engine",
        "AggregatingMergeTree | merging_engine",
        "ReplacingMergeTree\"\\nENGINE_VER \"old |",
        "MergeTree |",
      })
  void anEngineThatMergesWhatACopyBringsTwiceStops(String engine, @Nullable String obstacle) {
    var text =
        THINGS
            .replace("MergeTree", engine.replace("\\n", "\n"))
            .replace("`text` String", "`sign` Int8 `json:$.s`,\n    `text` String");
    var plan = versioned(text);

    assertThat(obstacles(plan)).isEqualTo(obstacle == null ? List.of() : List.of(obstacle));
    assertThat(
            obstacles(
                plan(
                    things(text),
                    things(resorted(text)),
                    "datasources: {things: {scenario: not_production}}")))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"move_ingestion", "populate", "delta", "streaming_timestamp"})
  void aCopyIntoWhatSumsIsNoneInWhateverScenario(String scenario) {
    var text = THINGS.replace("MergeTree", "SummingMergeTree");

    assertThat(
            obstacles(
                plan(
                    things(text),
                    things(resorted(text)),
                    "datasources: {things: {scenario: " + scenario + "}}")))
        .contains("merging_engine");
  }

  @Test
  void aTopicIntoWhatMergesRowsStops() {
    assertThat(
            obstacles(
                plan(
                    things(stored("both").replace("MergeTree", "SummingMergeTree") + KAFKA),
                    things(
                        resorted(stored("both").replace("MergeTree", "SummingMergeTree"))
                            + KAFKA))))
        .containsExactly("merging_engine");
  }

  @Test
  void whatNobodyNeedsIsntConverted() {
    var before = things(THINGS.replace("SCHEMA >\n", "SCHEMA >\n    `l` Array(String),\n"));
    var after = things(THINGS.replace("SCHEMA >\n", "SCHEMA >\n    `l` Array(UInt8),\n"));

    var asked = plan(before, after, "");

    assertThat(asked.obstacles())
        .anySatisfy(o -> {
          assertThat(o.code()).isEqualTo("projection_needed");
          assertThat(o.advice()).contains("No expression is taken for Array(UInt8)");
        });
    assertThat(obstacles(plan(before, after, "datasources: {things: {scenario: not_production}}")))
        .isEmpty();
  }

  @Test
  void aKeyThatIsMoreThanColumnsCantBeComparedBy() {
    var text = NEWEST.replace("KEY \"id, at\"", "KEY \"lower(id), at\"");

    assertThat(
            obstacles(plan(things(text), things(text.replace("lower(id), at", "at, lower(id)")))))
        .contains("merging_engine");
  }

  @Test
  void whatAMigrationCopiedNeedsNoLoader() {
    var copied =
        List.of(
            "datasources/things_1.datasource",
            THINGS,
            "pipes/copy.pipe",
            FILL.replace(
                    "timestamp AS at, session_id AS id, 1 AS old, '' AS text FROM events",
                    "* FROM things")
                .replace("E things", "E things_1"));
    var base = things(THINGS, copied.toArray(String[]::new));
    var head =
        things(
            THINGS,
            "datasources/things_1.datasource",
            resorted(THINGS),
            copied.get(2),
            copied.get(3));

    assertThat(migration(plan(base, head), "things_1").scenario())
        .isEqualTo(Scenario.STREAMING_TIMESTAMP);
  }

  private static final String NEWEST =
      THINGS.replace("\"MergeTree\"", "\"ReplacingMergeTree\"\nENGINE_VER \"old\"");
  private static final List<String> COUNTED =
      List.of(
          "datasources/counts.datasource",
          "SCHEMA >\n    `id` String, `n` UInt64\n\nENGINE \"SummingMergeTree\"\nENGINE_SORTING_KEY \"id\"\n",
          "pipes/counts.pipe",
          "NODE n\nSQL >\n    SELECT id, count() AS n FROM things GROUP BY id\n\nTYPE materialized\nDATASOURCE counts\n");

  @Test
  void viewsBehindWhatKeepsTheNewestRowWouldCountARepeatedCopyTwice() {
    assertThat(obstacles(versioned(NEWEST, NEWEST, COUNTED.toArray(String[]::new))))
        .contains("merging_target_with_views");
    assertThat(obstacles(versioned(THINGS, THINGS, COUNTED.toArray(String[]::new))))
        .doesNotContain("merging_target_with_views");
    assertThat(obstacles(versioned(NEWEST))).isEmpty();
  }

  @Test
  void whatKeepsTheNewestRowIsComparedByWhatItKeepsAndOthersRowByRow() {
    assertThat(of(versioned(NEWEST)).reduced()).isNotEmpty();
    assertThat(of(versioned(NEWEST)).query().orElseThrow())
        .startsWith("SELECT backfill__0 AS `at`, backfill__1 AS `id`")
        .contains("CAST(`at`, 'DateTime') AS backfill__0")
        .endsWith("FROM `things`)");
    assertThat(of(versioned(THINGS)).reduced()).isEmpty();
    assertThat(of(versioned(THINGS)).query()).isEmpty();
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource({"old, delta", "at, streaming_timestamp"})
  void aRowThatReplacesAnOlderOneMayCarryItsTimestamp(String version, String scenario) {
    assertThat(of(versioned(NEWEST.replace("VER \"old\"", "VER \"" + version + "\""))).scenario())
        .hasToString(scenario);
  }

  @Test
  void whatKeepsTheNewestRowCantBeMovedFirst() {
    assertThat(obstacles(versioned(NEWEST, NEWEST, "pipes/fill.pipe", FILL)))
        .containsExactly("not_emitted_yet");
    assertThat(obstacles(versioned(THINGS, THINGS, "pipes/fill.pipe", FILL))).isEmpty();
  }

  private static final String KAFKA =
      "\nKAFKA_CONNECTION_NAME \"c\"\nKAFKA_TOPIC \"t\"\nKAFKA_GROUP_ID \"g\"\n";

  @ParameterizedTest(name = "{0} then {1}: {2}")
  @CsvSource({
    "both, both, false",
    "both, one, true",
    "one, both, true",
    "both, none, true",
    "none, both, true"
  })
  void rowsOfATopicAreToldApartByColumnsOfBothSides(String before, String after, boolean missing) {
    var plan = plan(things(stored(before) + KAFKA), things(resorted(stored(after)) + KAFKA));

    assertThat(of(plan).scenario()).isEqualTo(Scenario.KAFKA_TWIN);
    assertThat(of(plan).liveFeed().kind()).isEqualTo(Feed.Live.Kind.PRODUCERS);
    assertThat(obstacles(plan))
        .isEqualTo(missing ? List.of("kafka_offsets_not_stored") : List.of());
  }

  private static String stored(String which) {
    return switch (which) {
      case "none" -> THINGS;
      case "one" -> THINGS.replace("`text`", "`__partition` Int16,\n    `text`");
      default ->
          THINGS.replace("`text`", "`__partition` Int16,\n    `__offset` Int64,\n    `text`");
    };
  }

  @Test
  void severalTimesOfWhichNoneIsInAKeyAreAQuestion() {
    var text =
        THINGS
            .replace("KEY \"id, at\"", "KEY \"id\"")
            .replace("`text` String", "`then` DateTime `json:$.then`,\n    `text` String");
    var plan = plan(things(text), things(text.replace("KEY \"id\"", "KEY \"old, id\"")));

    assertThat(of(plan).scenario()).isEqualTo(Scenario.DELTA);
    assertThat(obstacles(plan)).containsExactly("choose_timestamp_column");
  }

  @Test
  void aTimeThatMayBeMissingIsSaid() {
    var maybe = THINGS.replace("`at` DateTime", "`at` Nullable(DateTime)");
    var key = maybe.replace("KEY \"id, at\"", "KEY \"id\"");

    assertThat(warnings(plan(things(key), things(key.replace("KEY \"id\"", "KEY \"old, id\"")))))
        .contains("null_timestamps");
    assertThat(warnings(versioned(THINGS))).doesNotContain("null_timestamps");
  }

  @Test
  void theCutFollowsItsColumnToItsNewName() {
    var after = THINGS.replace("`at` DateTime", "`since` DateTime").replace("id, at", "since, id");
    var cut = of(plan(things(THINGS), things(after))).timestamp().orElseThrow();

    assertThat(cut.column()).isEqualTo("at");
    assertThat(cut.targetColumn()).isEqualTo("since");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "`at` String `json:$.at`,\n    "})
  void aCutThatTheNewVersionLacksStops(String at) {
    var after =
        THINGS.replace("`at` DateTime `json:$.at`,\n    ", at).replace("\"id, at\"", "\"id\"");
    var plan = plan(things(THINGS), things(after));

    assertThat(obstacles(plan)).contains("timestamp_column_lost");
    assertThat(of(plan).timestamp()).isEmpty();
  }

  @Test
  void aRenamedColumnTakesItsOldValues() {
    var after = THINGS.replace("`text` String", "`words` String");

    assertThat(projection(of(versioned(THINGS, after))))
        .containsExactly("at <- `at`", "id <- `id`", "old <- `old`", "words <- `text`");
  }

  @Test
  void aNewColumnTakesWhatRowsBringEvenIfAnotherOfItsTypeGoes() {
    var after =
        THINGS
            .replace("    `old` UInt32 `json:$.old`,\n", "")
            .replace("    `at` DateTime", "    `fresh` UInt32 `json:$.fresh`,\n    `at` DateTime");
    var plan = versioned(THINGS, after);

    assertThat(projection(of(plan)))
        .containsExactly("fresh <- `fresh`", "at <- `at`", "id <- `id`", "text <- `text`");
  }

  @Test
  void oneNewColumnForTwoThatGoIsAQuestion() {
    var two = THINGS.replace("`text` String", "`next` UInt32 `json:$.next`,\n    `text` String");
    var after = THINGS.replace("`old` UInt32 `json:$.old`", "`fresh` UInt32 `json:$.fresh`");

    assertThat(obstacles(versioned(two, after))).containsExactly("projection_needed");
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      value = {"lower('X') | false", "toString(now()) | true"})
  void aDefaultThatIsAnotherAtEveryReadingStops(String expression, boolean stops) {
    var after =
        THINGS.replace(
            "`text` String", "`more` String DEFAULT " + expression + ",\n    `text` String");

    assertThat(obstacles(versioned(THINGS, after)))
        .isEqualTo(stops ? List.of("projection_needed") : List.of());
  }

  @Test
  void aNewColumnBesideARenamedOneIsNoSecondName() {
    var after =
        THINGS
            .replace("`old` UInt32", "`older` UInt32")
            .replace("    `at` DateTime", "    `fresh` UInt32 `json:$.fresh`,\n    `at` DateTime");
    var plan = versioned(THINGS, after);

    assertThat(projection(of(plan))).contains("fresh <- `fresh`", "older <- `old`");
  }

  @Test
  void computedColumnsAreNotWritten() {
    var computed =
        THINGS.replace("`text` String", "`day` Date MATERIALIZED toDate(at),\n    `text` String");

    assertThat(projection(of(versioned(computed, computed)))).noneMatch(p -> p.startsWith("day"));
    assertThat(
            obstacles(
                plan(
                    things(computed),
                    things(resorted(computed)),
                    "datasources: {things: {projection: {day: at}}}")))
        .containsExactly("bad_projection");
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource({
    "`old` UInt16, true",
    "`old` UInt64, false",
    "`old` Nullable(UInt64), false",
    "`old` Nullable(UInt16), true",
  })
  void valuesThatMayNotFitAreSaid(String column, boolean lost) {
    var plan = versioned(THINGS, THINGS.replace("`old` UInt32", column));

    assertThat(warnings(plan).contains("values_may_fall_to_default")).isEqualTo(lost);
  }

  @Test
  void whatMayBeMissingAndMustBeThereLosesThat() {
    var maybe = THINGS.replace("`old` UInt32", "`old` Nullable(UInt32)");

    assertThat(warnings(versioned(maybe, THINGS))).contains("values_may_fall_to_default");
    assertThat(warnings(versioned(maybe, maybe))).isEmpty();
  }

  @Test
  void whatNoConversionFitsStops() {
    assertThat(
            obstacles(versioned(THINGS, THINGS.replace("`text` String", "`text` Array(String)"))))
        .containsExactly("projection_needed");
  }

  @Test
  void filesStandWhereThoseOfTheProjectStand() {
    assertThat(of(versioned(THINGS)).files())
        .containsExactly(
            "datasources/things_1.datasource",
            "pipes/backfill_things_1.pipe",
            "pipes/sync_things_1.pipe");
    assertThat(of(plan(flat(THINGS), flat(resorted(THINGS)))).files())
        .containsExactly("things_1.datasource", "backfill_things_1.pipe", "sync_things_1.pipe");
  }

  private static Project flat(String things) {
    return ProjectReader.read(new TreeMap<>(Map.of("things.datasource", things)));
  }
}
