package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.run.Outcome;
import dev.backfill.testing.EngineTest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every way of filling a target on the engine, over HTTP: the run is killed after each of its
/// calls that change something, under lost answers, jobs that vanish and jobs that fail, and
/// another one goes on. Plain SQL is the judge.
@EngineTest
class ScenarioKillsTest {
  @TempDir Path folder;
  @TempDir Path data;

  private static String clicks(String key) {
    return """
    SCHEMA >
        `id` UInt64 `json:$.id`,
        `button` LowCardinality(String) `json:$.button`,
        `session` Nullable(String) `json:$.session`

    ENGINE "MergeTree"
    ENGINE_SORTING_KEY "%s"
    """
        .formatted(key);
  }

  private static final Map<String, String> CLICKS =
      Map.of(
          "datasources/clicks.datasource",
          clicks("id"),
          "datasources/clicks_per_button.datasource",
          """
          SCHEMA >
              `button` LowCardinality(String),
              `clicks` AggregateFunction(count)

          ENGINE "AggregatingMergeTree"
          ENGINE_SORTING_KEY "button"
          """,
          "pipes/count_clicks.pipe",
          """
          NODE counted
          SQL >
              SELECT button, countState() AS clicks FROM clicks GROUP BY button

          TYPE materialized
          DATASOURCE clicks_per_button
          """,
          "pipes/buttons.pipe",
          "NODE buttons\nSQL >\n    SELECT button, count() AS n FROM clicks GROUP BY button\n");

  /// One in ten twice.
  private static String clicked(int from, int count) {
    return IntStream.range(from, from + count)
        .mapToObj(id ->
            "{\"id\":%d,\"button\":\"b%d\",\"session\":%s}\n"
                .formatted(id, id % 5, id % 7 == 0 ? "null" : "\"s\"")
                .repeat(id % 10 == 0 ? 2 : 1))
        .collect(Collectors.joining());
  }

  private static void assertSame(Migrated world, Lives lives, String old, String now, String by) {
    var both =
        "SELECT sum(greatest(%s, 0)) AS n FROM (SELECT %s AS x, toInt64(countIf(s = 0)) AS a, toInt64(countIf(s = 1)) AS b FROM (SELECT *, 0 AS s FROM (%s) UNION ALL SELECT *, 1 AS s FROM (%s)) GROUP BY x)";
    assertThat(world.number(both.formatted("a - b", by, old, now))).as("lost\n" + lives).isZero();
    assertThat(world.number(both.formatted("b - a", by, old, now)))
        .as("doubled\n" + lives)
        .isZero();
  }

  private static final String ROW = "tuple(id, button, session)";

  private Migrated world(String settings) {
    return new Migrated(folder, data, CLICKS, "chunk-rows: 90\n" + settings);
  }

  private static void change(Migrated world, Instant cutover) {
    world.change(Map.of("datasources/clicks.datasource", clicks("button, id")), cutover);
  }

  private static void assertClicks(Migrated world, Lives lives) {
    assertSame(world, lives, "SELECT * FROM clicks", "SELECT * FROM clicks_1", ROW);
    assertThat(
            world.number(
                "SELECT toInt64(countMerge(clicks)) - toInt64((SELECT count() FROM clicks_1)) AS n FROM clicks_per_button_1"))
        .as("the view's rows\n" + lives)
        .isZero();
  }

  private static Lives survive(Migrated world, boolean directWrites, Runnable between) {
    return survive(world, directWrites, Outcome.Done.class, between);
  }

  private static Lives survive(
      Migrated world, boolean directWrites, Class<?> end, Runnable between) {
    var lives = new Lives(world, directWrites);
    var last = lives.untilOneSurvives(between);
    assertThat(last).as(lives.toString()).isInstanceOf(end);
    assertThat(lives.killed()).as(lives.toString()).isGreaterThan(2);
    if (System.getProperty("tell") != null) {
      System.out.println(lives);
    }
    return lives;
  }

  /// The cutover is further away than the run wants to wait.
  @Test
  void deltaBeforeItsCutover() throws IOException {
    try (var world = world("")) {
      world.append("clicks", clicked(0, 300));
      change(world, Instant.now().plusSeconds(7_200));
      var next = new int[] {1_000};
      var lives =
          survive(
              world,
              false,
              Outcome.ComeBackAt.class,
              () -> world.append("clicks", clicked(next[0]++, 1)));
      // The one that came back may have lost a request; the next one brings it.
      assertThat(lives.undisturbed()).isInstanceOf(Outcome.ComeBackAt.class);
      assertClicks(world, lives);
    }
  }

  @Test
  void deltaAfterItsCutover() throws IOException {
    try (var world = world("")) {
      world.append("clicks", clicked(0, 300));
      change(world, Instant.now().plusSeconds(1));
      var next = new int[] {1_000};
      var lives = survive(world, false, () -> world.append("clicks", clicked(next[0]++, 1)));
      assertClicks(world, lives);
      assertThat(world.cleanedUp(() -> world.append("clicks_1", clicked(9_000, 5))))
          .containsExactly("switch_readers", "remove_feeds", "remove_old", "finished");
    }
  }

  @Test
  void aPopulate() throws IOException {
    try (var world = world("datasources: {clicks: {scenario: populate}}\n")) {
      world.append("clicks", clicked(0, 300));
      change(world, Instant.now());
      var next = new int[] {1_000};
      world.append("clicks", clicked(next[0]++, 1));
      var lives = survive(world, false, () -> world.append("clicks", clicked(next[0]++, 1)));
      assertClicks(world, lives);
      assertThat(world.cleanedUp(() -> world.append("clicks_1", clicked(9_000, 5))))
          .containsExactly("switch_readers", "remove_feeds", "remove_old", "finished");
    }
  }

  @Test
  void producersThatMoveFirst() throws IOException {
    try (var world = world("datasources: {clicks: {scenario: move_ingestion}}\n")) {
      world.append("clicks", clicked(0, 300));
      change(world, Instant.now());
      var next = new int[] {1_000};
      world.append("clicks_1", clicked(next[0]++, 20));
      next[0] += 20;
      var lives =
          survive(
              world,
              true,
              () -> {
                world.append("clicks_1", clicked(next[0]++, 1));
                world.append("clicks", clicked(5_000 + next[0]++, 1));
              });
      assertThat(world.number("SELECT count() AS n FROM clicks_1 WHERE id >= 1000 AND id < 5000"))
          .as(lives.toString())
          .isPositive();
      assertSame(
          world,
          lives,
          "SELECT * FROM clicks",
          "SELECT * FROM clicks_1 WHERE id < 1000 OR id >= 5000",
          ROW);
      assertThat(world.cleanedUp(() -> world.append("clicks_1", clicked(9_000, 5))))
          .containsExactly("switch_readers", "remove_feeds", "remove_old", "finished");
    }
  }

  private static String profiles(String key) {
    return """
    SCHEMA >
        `id` UInt64 `json:$.id`,
        `tenant` UInt8 `json:$.tenant`,
        `name` Nullable(String) `json:$.name`,
        `version` UInt64 `json:$.version`

    ENGINE "ReplacingMergeTree"
    ENGINE_PARTITION_KEY "tenant"
    ENGINE_SORTING_KEY "%s"
    ENGINE_VER "version"
    """
        .formatted(key);
  }

  private static String profile(int from, int count, int version) {
    return IntStream.range(from, from + count)
        .mapToObj(id ->
            "{\"id\":%d,\"tenant\":%d,\"name\":\"n%d\",\"version\":%d}\n"
                .formatted(id, id % 3, id + version, version))
        .collect(Collectors.joining());
  }

  @Test
  void theNewestVersionOfEachKey() throws IOException {
    var file = "datasources/profiles.datasource";
    try (var world = new Migrated(folder, data, Map.of(file, profiles("id")), "chunk-rows: 90\n")) {
      world.append("profiles", profile(0, 300, 1));
      world.append("profiles", profile(0, 100, 2));
      world.change(Map.of(file, profiles("tenant, id")), Instant.now());
      var next = new int[] {3};
      world.append("profiles", profile(10, 5, next[0]++));
      var lives = survive(world, false, () -> world.append("profiles", profile(20, 5, next[0]++)));
      assertSame(
          world,
          lives,
          "SELECT * FROM profiles FINAL",
          "SELECT * FROM profiles_1 FINAL",
          "tuple(id, tenant, name, version)");
      assertThat(world.cleanedUp(() -> world.append("profiles_1", profile(400, 5, 9))))
          .containsExactly("remove_feeds", "remove_old", "finished");
    }
  }

  private static final String TOTALS =
      """
      SCHEMA >
          `shop` String,
          `orders` UInt64

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "shop"
      """;

  @Test
  void aCopyThatIsPointedAtTheNewVersion() throws IOException {
    var file = "datasources/totals.datasource";
    var base =
        Map.of(
            "datasources/orders.datasource",
            "SCHEMA >\n    `shop` String `json:$.shop`\n\nENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"shop\"\n",
            file,
            TOTALS,
            "pipes/fill_totals.pipe",
            """
            NODE totals
            SQL >
                SELECT shop, count() AS orders FROM orders GROUP BY shop

            TYPE COPY
            TARGET_DATASOURCE totals
            COPY_MODE replace
            COPY_SCHEDULE 0 0 1 1 *
            """);
    try (var world = new Migrated(folder, data, base, "")) {
      world.append("orders", "{\"shop\":\"a\"}\n{\"shop\":\"b\"}\n{\"shop\":\"a\"}\n");
      world.tb("pipe", "copy", "run", "fill_totals", "--wait", "--yes");
      world.change(
          Map.of(file, TOTALS.replace("KEY \"shop\"", "KEY \"orders, shop\"")), Instant.now());
      var early = new Lives(world, false);
      assertThat(early.undisturbed()).isInstanceOf(Outcome.NotReady.class);
      for (var load : List.of("fill_totals", "fill_totals_1")) {
        world.tb("pipe", "copy", "run", load, "--wait", "--yes");
      }
      var lives = new Lives(world, false);
      assertThat(lives.undisturbed()).as(lives.toString()).isInstanceOf(Outcome.Done.class);
      assertSame(
          world, lives, "SELECT * FROM totals", "SELECT * FROM totals_1", "tuple(shop, orders)");
      world.append("orders", "{\"shop\":\"c\"}\n");
      world.tb("pipe", "copy", "run", "fill_totals_1", "--wait", "--yes");
      assertThat(world.cleanedUp(() -> {}))
          .containsExactly("remove_feeds", "remove_old", "finished");
    }
  }

  @Test
  void aLoadThatReplacesEverything() throws IOException {
    try (var world = world("datasources: {clicks: {scenario: full_replacement}}\n")) {
      world.append("clicks", clicked(0, 300));
      change(world, Instant.now());
      var lives = survive(world, false, () -> {});
      assertClicks(world, lives);
      assertThat(world.cleanedUp(() -> world.replace("clicks_1", clicked(200, 300))))
          .containsExactly("switch_readers", "remove_feeds", "remove_old", "finished");
    }
  }

  private static final String WEB = "datasources/events.datasource";
  private static final String PAGES = "datasources/pages.datasource";
  private static final String COUNT = "pipes/count_pages.pipe";

  private static String events(String key) {
    return """
    SCHEMA >
        `at` DateTime `json:$.at`,
        `page` String `json:$.page`

    ENGINE "MergeTree"
    ENGINE_PARTITION_KEY "toYYYYMM(at)"
    ENGINE_SORTING_KEY "%s"
    """
        .formatted(key);
  }

  private static String pages(String key) {
    return """
    SCHEMA >
        `minute` DateTime,
        `page` String,
        `hits` AggregateFunction(count)

    ENGINE "AggregatingMergeTree"
    ENGINE_SORTING_KEY "%s"
    """
        .formatted(key);
  }

  private static final String HOURS = "pipes/hours.pipe";

  private static String hours() {
    return "NODE hours\nSQL >\n    SELECT toStartOfHour(minute) AS hour, countMerge(hits) AS n FROM pages GROUP BY hour\n";
  }

  private static String view(String where) {
    return """
    NODE counted
    SQL >
        SELECT toStartOfMinute(at) AS minute, page, countState() AS hits
        FROM events
        WHERE %s
        GROUP BY minute, page

    TYPE materialized
    DATASOURCE pages
    """
        .formatted(where);
  }

  /// From a second on, one every 20.
  private static String visits(Instant from, int count) {
    return IntStream.range(0, count)
        .mapToObj(i ->
            "{\"at\":\"%s\",\"page\":\"p%d\"}\n"
                .formatted(
                    from.plusSeconds(i * 20L).toString().substring(0, 19).replace('T', ' '), i % 5))
        .collect(Collectors.joining());
  }

  private static final Instant T = Instant.parse("2026-03-01T00:00:00Z");

  private static final String HITS =
      "SELECT minute, page, toInt64(countMerge(hits)) AS h FROM %s GROUP BY minute, page";

  /// A view that looks something up: its older buckets come from the old target.
  @Test
  void aViewThatIsCutAtABucket() throws IOException {
    var base =
        Map.of(
            WEB,
            events("at"),
            PAGES,
            pages("minute, page"),
            "datasources/closed.datasource",
            "SCHEMA >\n    `page` String `json:$.page`\n\nENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"page\"\n",
            COUNT,
            view("page NOT IN (SELECT page FROM closed)"),
            HOURS,
            hours());
    try (var world = new Migrated(folder, data, base, "chunk-rows: 90\n")) {
      world.append("events", visits(T.minusSeconds(6_000), 300));
      world.change(Map.of(WEB, events("page, at")), T);
      world.append("events", visits(T, 30));
      var late = new int[] {0};
      var lives =
          survive(
              world,
              false,
              () -> world.append("events", visits(T.minusSeconds(3_000 + 7 * late[0]++), 3)));
      assertSame(world, lives, "SELECT * FROM events", "SELECT * FROM events_1", "tuple(at, page)");
      assertSame(
          world,
          lives,
          HITS.formatted("pages"),
          HITS.formatted("pages_1"),
          "tuple(minute, page, h)");
      assertThat(
              world.cleanedUp(() -> {
                world.append("events_1", visits(T.plusSeconds(6_000), 5));
                world.append("events_1", visits(T.minusSeconds(900), 1));
                assertThat(
                        world
                            .json(1, "cleanup", "--quiet-for", "0s", "--confirm", "producers_moved")
                            .path("missing")
                            .toString())
                    .contains(
                        "1 row of buckets before the cutover came straight to the new version");
              }))
          .containsExactly("switch_readers", "remove_feeds", "remove_old", "finished");
      assertThat(
              world.number(
                  "SELECT (SELECT toInt64(count()) FROM events_1) - (SELECT toInt64(countMerge(hits)) FROM pages_1) AS n"))
          .as("the one that is left out")
          .isEqualTo(1);
    }
  }

  /// A view's query changes: it is run again over its origin.
  @Test
  void aViewThatIsRunAgain() throws IOException {
    var base =
        Map.of(
            WEB,
            events("at"),
            PAGES,
            pages("minute, page"),
            COUNT,
            view("page != 'p1'"),
            HOURS,
            hours());
    try (var world = new Migrated(folder, data, base, "chunk-rows: 90\n")) {
      world.append("events", visits(T.minusSeconds(6_000), 300));
      world.change(Map.of(COUNT, view("page != 'p2'")), T);
      world.append("events", visits(T, 30));
      var late = new int[] {0};
      var lives =
          survive(
              world,
              false,
              () -> world.append("events", visits(T.minusSeconds(3_000 + 7 * late[0]++), 3)));
      assertSame(
          world,
          lives,
          "SELECT toStartOfMinute(at) AS minute, page, toInt64(count()) AS h FROM events WHERE page != 'p2' GROUP BY minute, page",
          HITS.formatted("pages_1"),
          "tuple(minute, page, h)");
      assertThat(world.cleanedUp(() -> {}))
          .containsExactly("switch_readers", "remove_old", "finished");
    }
  }

  @Test
  void whatNobodyNeeds() throws IOException {
    try (var world = world("datasources: {clicks: {scenario: not_production}}\n")) {
      world.append("clicks", clicked(0, 300));
      change(world, Instant.now());
      world.append("clicks_1", clicked(1_001, 5));
      var lives = new Lives(world, false);
      assertThat(lives.undisturbed()).as(lives.toString()).isInstanceOf(Outcome.Done.class);
      assertThat(world.cleanedUp(() -> world.append("clicks_1", clicked(9_001, 5))))
          .containsExactly("switch_readers", "remove_old", "finished");
      assertThat(world.number("SELECT count() AS n FROM clicks_1")).isEqualTo(10);
    }
  }

  private static String orders(String key) {
    return """
    SCHEMA >
        `__partition` Int16 `json:$.p`,
        `__offset` Int64 `json:$.o`,
        `amount` UInt32 `json:$.amount`

    ENGINE "MergeTree"
    ENGINE_SORTING_KEY "%s"

    KAFKA_CONNECTION_NAME broker
    KAFKA_TOPIC orders
    KAFKA_GROUP_ID orders_group
    """
        .formatted(key);
  }

  private static String messages(int partition, int from, int until) {
    return IntStream.range(from, until)
        .mapToObj(o -> "{\"p\":%d,\"o\":%d,\"amount\":%d}\n".formatted(partition, o, o % 50))
        .collect(Collectors.joining());
  }

  @Test
  void aConsumerOfItsOwn() throws IOException {
    var file = "datasources/orders.datasource";
    try (var world =
        new Migrated(folder, data, Map.of(file, orders("amount")), "chunk-rows: 90\n")) {
      world.append("orders", messages(0, 100, 400) + messages(1, 0, 50));
      world.change(Map.of(file, orders("amount, __offset")), Instant.now());
      world.append("orders_1", messages(0, 350, 400) + messages(1, 40, 50));
      var next = new int[] {400};
      var lives =
          survive(
              world,
              false,
              () -> {
                var batch = messages(0, next[0], ++next[0]);
                world.append("orders", batch);
                world.append("orders_1", batch);
              });
      assertSame(
          world,
          lives,
          "SELECT * FROM orders",
          "SELECT * FROM orders_1",
          "tuple(__partition, __offset, amount)");
      assertThat(world.cleanedUp(() -> {}))
          .containsExactly("remove_feeds", "remove_old", "finished");
    }
  }
}
