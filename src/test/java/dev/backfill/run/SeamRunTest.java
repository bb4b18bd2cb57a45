package dev.backfill.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.Feed;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Seam;
import dev.backfill.plan.Ticks;
import dev.backfill.status.Handover;
import dev.backfill.status.Step;
import dev.backfill.status.Step.State;
import dev.backfill.status.Wanted;
import dev.backfill.testing.EngineTest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// View targets that are cut at a bucket, on ClickHouse, with the files that the emitter writes.
@EngineTest
class SeamRunTest {

  private static String events(String key) {
    return """
    SCHEMA >
        `at` DateTime `json:$.at`,
        `action` LowCardinality(String) `json:$.action`,
        `user` String `json:$.user`,
        `amount` Int64 `json:$.amount`

    ENGINE "MergeTree"
    ENGINE_PARTITION_KEY "toYYYYMM(at)"
    ENGINE_SORTING_KEY "%s"
    """
        .formatted(key);
  }

  private static final String BY_MINUTE =
      """
      SCHEMA >
          `minute` DateTime,
          `action` LowCardinality(String),
          `hits` AggregateFunction(count),
          `buys` AggregateFunction(countIf, UInt8),
          `users` AggregateFunction(uniq, String),
          `sum` AggregateFunction(sum, Int64),
          `least` SimpleAggregateFunction(min, Int64)

      ENGINE "AggregatingMergeTree"
      ENGINE_PARTITION_KEY "toYYYYMM(minute)"
      ENGINE_SORTING_KEY "minute, action"
      """;

  private static String view(String from, String where) {
    return """
    NODE counted
    SQL >
        SELECT toStartOfMinute(at) AS minute, action, countState() AS hits,
            countIfState(toUInt8(amount > 50)) AS buys, uniqState(user) AS users,
            sumState(amount) AS sum, min(amount) AS least
        FROM %s%s
        GROUP BY minute, action

    TYPE materialized
    DATASOURCE by_minute
    """
        .formatted(from, where);
  }

  private static final String LOOKUP = " WHERE action != (SELECT min(action) FROM events)";

  private static SortedMap<String, String> files(String key, String where) {
    return new TreeMap<>(
        Map.of(
            "datasources/events.datasource", events(key),
            "datasources/by_minute.datasource", BY_MINUTE,
            "pipes/minutes.pipe", view("events", where)));
  }

  private record Made(EngineWorkspace workspace, Plan plan, PlanCore core, Instant cutover)
      implements AutoCloseable {
    @Override
    public void close() {
      workspace.close();
    }

    Outcome run(List<RunEvent> events) {
      return new Runner(workspace, InstantSource.system(), d -> {}, events::add, () -> false)
          .run(core, RunOptions.of("test"));
    }

    void add(String table, String first, int rows, int every) {
      workspace.run(
          "INSERT INTO "
              + table
              + " SELECT "
              + first
              + " + number * "
              + every
              + ", ['view', 'buy', 'it''s'][number % 3 + 1], toString(number % 100), number % 101"
              + " FROM numbers("
              + rows
              + ")");
    }

    /// The new target against the old one, by what its readers ask.
    void assertSame() {
      assertThat(merged("by_minute_1")).isEqualTo(merged("by_minute"));
    }

    String merged(String table) {
      return workspace
          .query(
              "SELECT toString(groupArray(tuple(minute, action, h, b, u, s, l))) AS x FROM (SELECT"
                  + " minute, action, countMerge(hits) AS h, countIfMerge(buys) AS b,"
                  + " uniqMerge(users) AS u, sumMerge(sum) AS s, min(least) AS l FROM "
                  + table
                  + " GROUP BY minute, action ORDER BY minute, action)")
          .only()
          .text("x");
    }
  }

  /// Everything before the pull request; then the deployment, two minutes after T.
  private static Made made(
      String name,
      SortedMap<String, String> base,
      SortedMap<String, String> head,
      String... sources) {
    var plan = EngineWorkspace.plan(base, head);
    assertThat(plan.obstacles()).isEmpty();
    var workspace = new EngineWorkspace(name, Optional.empty());
    var cutover = Instant.ofEpochSecond(Instant.now().getEpochSecond() / 60 * 60 - 150);
    var core = EngineWorkspace.quick(plan.core(), name, 900);
    var made = new Made(workspace, plan, core, cutover);
    workspace.deploy(base, Map.of());
    for (var source : sources) {
      made.add(source, "toDateTime('2025-03-30 00:00:00', 'UTC')", 4_000, 61);
      made.add(source, "toDateTime(" + (cutover.getEpochSecond() - 600) + ")", 600, 1);
    }
    var environment = new HashMap<String, String>();
    for (var m : plan.core().migrations()) {
      environment.put(m.cutoverVariable(), Ticks.text(Seam.CUTOVER_TYPE, cutover.getEpochSecond()));
    }
    workspace.deploy(EngineWorkspace.generated(plan, base, head), environment);
    for (var source : sources) {
      made.add(source, "toDateTime(" + cutover.getEpochSecond() + ")", 150, 1);
    }
    return made;
  }

  private static Feed.History.Kind history(Made made, String source) {
    return made.core().migrations().stream()
        .filter(m -> m.source().equals(source))
        .findFirst()
        .orElseThrow()
        .historyFeed()
        .kind();
  }

  @Test
  void aViewThatLooksSomethingUpTakesOldBucketsFromTheOldTarget() {
    try (var made =
        made("seam_lookup", files("at", LOOKUP), files("action, at", LOOKUP), "events")) {
      assertThat(history(made, "by_minute")).isEqualTo(Feed.History.Kind.SEAM);
      var events = new ArrayList<RunEvent>();
      assertThat(made.run(events)).as(events.toString()).isInstanceOf(Outcome.Done.class);
      made.assertSame();
      assertThat(made.workspace().number("SELECT count() FROM events_1"))
          .isEqualTo(made.workspace().number("SELECT count() FROM events"));

      // late rows: into the old source only, for old buckets; they are raised, twice is the same
      made.add("events", "toDateTime('2025-03-30 00:00:07', 'UTC')", 40, 30);
      assertThat(made.run(events)).isInstanceOf(Outcome.Done.class);
      made.assertSame();
      var jobs = made.workspace().copies.size();
      assertThat(made.run(events)).isInstanceOf(Outcome.Done.class);
      assertThat(made.workspace().copies).hasSize(jobs);
    }
  }

  @Test
  void nothingIsCopiedBehindAnOriginThatIsNotProven() {
    try (var made =
        made("seam_behind", files("at", LOOKUP), files("action, at", LOOKUP), "events")) {
      made.workspace()
          .run("INSERT INTO events_1 SELECT '2025-03-30 00:00:01', 'view', 'nobody', 7");

      var outcome = made.run(new ArrayList<>());

      assertThat(((Outcome.NotReady) outcome).reasons())
          .anyMatch(r -> r.startsWith("events_1 differs from events: "))
          .anyMatch(r ->
              r.startsWith("nothing is copied into by_minute_1, because events_1, which feeds it"));
      assertThat(
              made.workspace()
                  .number("SELECT count() FROM by_minute_1 WHERE minute < '2025-12-31'"))
          .isZero();
    }
  }

  @Test
  void whatTheTargetHasTooManyOfIsToldAndNotTakenAway() {
    try (var made =
        made("seam_surplus", files("at", LOOKUP), files("action, at", LOOKUP), "events")) {
      assertThat(made.run(new ArrayList<>())).isInstanceOf(Outcome.Done.class);
      made.workspace()
          .run("INSERT INTO by_minute_1 SELECT * FROM by_minute_1 WHERE minute < '2025-03-31'");
      var after = made.run(new ArrayList<>());
      assertThat(after).isInstanceOf(Outcome.NotReady.class);
      assertThat(((Outcome.NotReady) after).reasons())
          .anyMatch(r -> r.contains("by_minute_1 differs"));
    }
  }

  @Test
  void aTargetOfSeveralViewsTakesAllOfThemAlong() {
    var base = files("at", "");
    base.put("datasources/app.datasource", events("at"));
    base.put("pipes/app_minutes.pipe", view("app", ""));
    var head = new TreeMap<>(base);
    head.put("datasources/events.datasource", events("action, at"));
    try (var made = made("seam_several", base, head, "events", "app")) {
      assertThat(history(made, "by_minute")).isEqualTo(Feed.History.Kind.SEAM);
      assertThat(made.run(new ArrayList<>())).isInstanceOf(Outcome.Done.class);
      made.assertSame();
    }
  }

  @Test
  void anotherKeyOfTheTargetAloneTakesItsOwnRows() {
    var head = files("at", "");
    head.put(
        "datasources/by_minute.datasource",
        BY_MINUTE.replace("\"minute, action\"", "\"action, minute\""));
    try (var made = made("seam_key", files("at", ""), head, "events")) {
      assertThat(history(made, "by_minute")).isEqualTo(Feed.History.Kind.SEAM);
      assertThat(made.run(new ArrayList<>())).isInstanceOf(Outcome.Done.class);
      made.assertSame();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aChangedQueryIsRunAgainOverItsOrigin(boolean several) {
    var base = files("at", "");
    var head = files("at", " WHERE action != 'view'");
    var sources = List.of("events");
    if (several) {
      base.put("datasources/app.datasource", events("at"));
      base.put("pipes/app_minutes.pipe", view("app", ""));
      head.put("datasources/app.datasource", events("at"));
      head.put("pipes/app_minutes.pipe", view("app", ""));
      sources = List.of("events", "app");
    }
    try (var made = made("seam_replay", base, head, sources.toArray(String[]::new))) {
      assertThat(history(made, "by_minute")).isEqualTo(Feed.History.Kind.REPLAY);
      assertThat(made.run(new ArrayList<>())).isInstanceOf(Outcome.Done.class);
      assertThat(count(made)).isEqualTo(expected(made, several));
      made.add("events", "toDateTime('2025-03-30 00:00:07', 'UTC')", 40, 30);
      assertThat(made.run(new ArrayList<>())).isInstanceOf(Outcome.Done.class);
      assertThat(count(made)).isEqualTo(expected(made, several));
    }
  }

  private static long count(Made made) {
    return made.workspace().number("SELECT toInt64(countMerge(hits)) FROM by_minute_1");
  }

  private static long expected(Made made, boolean several) {
    return made.workspace().number("SELECT countIf(action != 'view') FROM events")
        + (several ? made.workspace().number("SELECT count() FROM app") : 0);
  }

  @Test
  void aLookTellsWhetherTheOlderBucketsAreThere() {
    var head = files("at", "");
    head.put(
        "datasources/by_minute.datasource",
        BY_MINUTE.replace("\"minute, action\"", "\"action, minute\""));
    try (var made = made("seam_look", files("at", ""), head, "events")) {
      assertThat(made.core().direct()).isEmpty();
      assertThat(run(made).state()).isEqualTo(State.NOW);
      assertThat(made.run(new ArrayList<>())).isInstanceOf(Outcome.Done.class);
      assertThat(run(made).state()).isEqualTo(State.DONE);
      made.add("events", "toDateTime('2025-03-30 00:00:07', 'UTC')", 40, 30);
      assertThat(run(made).state()).isEqualTo(State.NOW);
    }
  }

  private static Step run(Made made) {
    var facts =
        new Observer(
                made.workspace(),
                InstantSource.system(),
                d -> {},
                e -> {},
                () -> false,
                (m, p) -> Optional.empty())
            .observe(made.core(), /* compare= */ true);
    return Handover.status(facts, new Wanted(Duration.ofDays(7), Set.of(), "plan.json"))
        .steps()
        .get(1);
  }

  @Test
  void rowsOfATargetThatKeepsThemAllAreCopiedWithTheirMultiplicity() {
    var base = files("at", LOOKUP);
    base.put(
        "datasources/by_minute.datasource",
        events("minute, action")
            .replace("`at`", "`minute`")
            .replaceAll(" `json:[^`]*`", "")
            .replace("(at)", "(minute)"));
    base.put(
        "pipes/minutes.pipe",
        """
        NODE rows
        SQL >
            SELECT toStartOfMinute(at) AS minute, action, '' AS user, amount % 3 AS amount
            FROM events
            WHERE action != (SELECT min(action) FROM events)

        TYPE materialized
        DATASOURCE by_minute
        """);
    var head = new TreeMap<>(base);
    head.put("datasources/events.datasource", events("action, at"));
    try (var made = made("seam_rows", base, head, "events")) {
      assertThat(made.run(new ArrayList<>())).isInstanceOf(Outcome.Done.class);
      made.add("events", "toDateTime('2025-03-30 00:00:07', 'UTC')", 40, 30);
      assertThat(made.run(new ArrayList<>())).isInstanceOf(Outcome.Done.class);
      var rows =
          "SELECT toString(groupArray(x)) AS t FROM (SELECT tuple(*) AS x FROM %s ORDER BY x)";
      assertThat(made.workspace().query(rows.formatted("by_minute_1")).only().text("t"))
          .isEqualTo(made.workspace().query(rows.formatted("by_minute")).only().text("t"));
    }
  }
}
