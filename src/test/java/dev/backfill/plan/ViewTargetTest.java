package dev.backfill.plan;

import static dev.backfill.plan.Planned.migration;
import static dev.backfill.plan.Planned.obstacles;
import static dev.backfill.plan.Planned.plan;
import static dev.backfill.plan.Planned.projection;
import static dev.backfill.plan.Planned.warnings;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.change.JudgedChange;
import dev.backfill.change.Verdict;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// How the target of Materialized Views gets its new version: by forks, by a seam or by running the
/// query again.
class ViewTargetTest {
  private static final String THINGS =
      """
      SCHEMA >
          `at` DateTime `json:$.at`,
          `id` String `json:$.id`,
          `n` UInt32 `json:$.n`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "at"
      """;
  private static final String DAILY =
      """
      SCHEMA >
          `day` Date,
          `id` String,
          `c` AggregateFunction(count)

      ENGINE "AggregatingMergeTree"
      ENGINE_SORTING_KEY "day, id"
      """;
  private static final String PER_DAY =
      """
      NODE n
      SQL >
          SELECT toDate(at) AS day, id, countState() AS c FROM things GROUP BY day, id

      TYPE materialized
      DATASOURCE daily
      """;

  /// Files of a project, to be edited.
  private record Files(TreeMap<String, String> texts) {
    static Files of() {
      return new Files(new TreeMap<>())
          .with("datasources/things.datasource", THINGS)
          .with("datasources/daily.datasource", DAILY)
          .with("endpoints/per_day.pipe", PER_DAY);
    }

    Files with(String path, String text) {
      var all = new TreeMap<>(texts);
      all.put(path, text);
      return new Files(all);
    }

    Files edit(String path, String from, String to) {
      var text = texts.getOrDefault(path, "");
      assertThat(text).contains(from);
      return with(path, text.replace(from, to));
    }

    Files daily(String from, String to) {
      return edit("datasources/daily.datasource", from, to);
    }

    Files things(String from, String to) {
      return edit("datasources/things.datasource", from, to);
    }

    Files view(String from, String to) {
      return edit("endpoints/per_day.pipe", from, to);
    }

    Project read() {
      var project = ProjectReader.read(texts);
      assertThat(project.problems().stream().map(Object::toString))
          .noneMatch(p -> p.contains("error"));
      return project;
    }
  }

  private static Plan planned(Files base, Files head) {
    return planned(base, head, "");
  }

  private static Plan planned(Files base, Files head, String settings) {
    return plan(base.read(), head.read(), settings);
  }

  private static Migration daily(Plan plan) {
    return migration(plan, "daily");
  }

  private static Files otherKey(Files files) {
    return files.daily("\"day, id\"", "\"id, day\"");
  }

  private static Files otherColumns(Files files) {
    return files.daily("`c` Agg", "`more` Nullable(UInt8),\n    `c` Agg");
  }

  private static String said(Plan plan) {
    return String.join(" ", plan.evidence().getOrDefault("daily", List.of()));
  }

  @Test
  void anotherKeyTakesTheOldRowsAndTheForkTheNewOnes() {
    var plan = planned(Files.of(), otherKey(Files.of()));
    var m = daily(plan);

    assertThat(m.historyFeed())
        .isEqualTo(new Feed.History(Feed.History.Kind.SEAM, "backfill_daily_1"));
    assertThat(m.liveFeed()).isEqualTo(new Feed.Live(Feed.Live.Kind.FORK, "per_day_1"));
    assertThat(m.query()).contains("SELECT `day`, `id`, `c` FROM `daily`");
    assertThat(projection(m)).containsExactly("day <- `day`", "id <- `id`", "c <- `c`");
    assertThat(m.trigger()).isEqualTo("things");
    assertThat(m.seam().orElseThrow().column()).isEqualTo("day");
    assertThat(m.seam().orElseThrow().repairable()).isTrue();
    assertThat(m.seam().orElseThrow().feeders())
        .containsExactly(
            new Seam.Feeder(
                "per_day",
                "per_day_1",
                "things",
                "toDate(at)",
                "things",
                "at",
                "DateTime",
                m.seam().orElseThrow().feeders().getFirst().time(),
                "toDate(at)",
                "SELECT toDate(at) AS day, id, countState() AS c FROM things GROUP BY day, id"));
    assertThat(m.files())
        .containsExactlyInAnyOrder(
            "datasources/daily_1.datasource",
            "pipes/backfill_daily_1.pipe",
            "endpoints/per_day_1.pipe");
    assertThat(said(plan))
        .isEqualTo(
            "per_day fills it from things. Its columns and query stay, so its own rows are copied."
                + " It is cut at its `day` Date.");
    assertThat(obstacles(plan)).isEmpty();
  }

  @Test
  void anotherQueryRunsAgainInTheTargetsColumns() {
    var head =
        Files.of()
            .view("FROM things", "FROM things WHERE n > 1")
            .daily("`c` Agg", "`gone` UInt8, `day2` Date MATERIALIZED day,\n    `c` Agg");
    var base =
        Files.of().daily("`c` Agg", "`gone` UInt8, `day2` Date MATERIALIZED day,\n    `c` Agg");
    var plan = planned(base, head);

    assertThat(daily(plan).historyFeed().kind()).isEqualTo(Feed.History.Kind.REPLAY);
    assertThat(daily(plan).query().orElseThrow())
        .isEqualTo(
            "SELECT CAST(`day`, 'Date') AS `day`, CAST(`id`, 'String') AS `id`,"
                + " defaultValueOfTypeName('UInt8') AS `gone`, `c` FROM (SELECT toDate(at) AS day,"
                + " id, countState() AS c FROM things WHERE n > 1 GROUP BY day, id\n)");
    assertThat(said(plan))
        .contains("Its columns or query change, so the query runs again over things.");
  }

  @Test
  void aTargetBehindAVersionedSourceIsFilledByTheFork() {
    var head = Files.of().things("KEY \"at\"", "KEY \"id, at\"");
    var plan = planned(Files.of(), head);

    assertThat(daily(plan).historyFeed())
        .isEqualTo(new Feed.History(Feed.History.Kind.FORK, "per_day_1"));
    assertThat(daily(plan).trigger()).isEqualTo("things_1");
    assertThat(daily(plan).query().orElseThrow()).contains("FROM things_1");
    assertThat(daily(plan).files())
        .containsExactly("datasources/daily_1.datasource", "endpoints/per_day_1.pipe");
    assertThat(said(plan)).contains("through per_day's fork");
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "FROM things JOIN other USING (id) | it joins",
        "FROM things WHERE n > (SELECT max(n) FROM other) | it looks something up in a subquery",
        "FROM things WHERE at < now() | it calls now()",
        "FROM things UNION ALL SELECT toDate(at) AS day, id, countState() AS c FROM other | it combines queries, of which only the first is triggered",
        "FROM things WHERE dictGet('d', 'x', id) = 1 | it calls dictget()",
      })
  void aQueryThatWouldGiveOtherRowsLaterIsNotRunAgain(String from, String why) {
    var base = Files.of().with("datasources/other.datasource", THINGS).view("FROM things", from);
    var same = planned(base, otherKey(base));
    var different = planned(base, otherColumns(base));

    assertThat(daily(same).historyFeed().kind()).isEqualTo(Feed.History.Kind.SEAM);
    assertThat(said(same))
        .contains("per_day can't be run again: " + why + ", so buckets before the cutover");
    assertThat(warnings(same)).doesNotContain("replay_differs");
    assertThat(daily(different).historyFeed().kind()).isEqualTo(Feed.History.Kind.REPLAY);
    assertThat(said(different)).contains(why + ", and its columns change");
    assertThat(warnings(different)).contains("replay_differs");
  }

  @Test
  void whatComesThroughATableThatKeepsNothingCantBeMadeAgain() {
    var base =
        Files.of().things("\"MergeTree\"", "\"Null\"").things("ENGINE_SORTING_KEY \"at\"\n", "");
    var same = planned(base, otherKey(base));
    var different = planned(base, otherColumns(base));

    assertThat(daily(same).historyFeed().kind()).isEqualTo(Feed.History.Kind.SEAM);
    assertThat(said(same)).contains("things keeps no rows, so buckets before");
    assertThat(different.verdict()).isEqualTo(Verdict.REFUSE);
    assertThat(obstacles(different)).contains("history_lost");
  }

  @ParameterizedTest(name = "target {0}: {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        " | keeps them for ever",
        "day + toIntervalDay(90) | has TTL day + toIntervalDay(90)",
        "day + toIntervalDay(30) | ",
        "day + toIntervalDay(9) | ",
      })
  void aReplayCantBringWhatTheSourceHasForgotten(@Nullable String ttl, @Nullable String lost) {
    var base = Files.of().things("KEY \"at\"", "KEY \"at\"\nENGINE_TTL \"at + toIntervalDay(30)\"");
    if (ttl != null) {
      base = base.daily("\"day, id\"", "\"day, id\"\nENGINE_TTL \"" + ttl + "\"");
    }
    var head = base.view("FROM things", "FROM things WHERE n > 1");
    var plan = planned(base, head);
    var accepted = planned(base, head, "datasources: {daily: {accept: [history_outlives_origin]}}");

    assertThat(obstacles(plan))
        .isEqualTo(lost == null ? List.of() : List.of("history_outlives_origin"));
    assertThat(obstacles(accepted)).isEmpty();
    if (lost != null) {
      assertThat(said(plan))
          .contains(
              "things keeps rows for 30 days only (TTL at + toIntervalDay(30)), and daily " + lost);
    }
  }

  @Test
  void aForkThatWouldForgetRowsIsReplacedByTheOldTargetsOwn() {
    var base = Files.of().things("KEY \"at\"", "KEY \"at\"\nENGINE_TTL \"at + toIntervalDay(30)\"");
    var head = base.things("KEY \"at\"", "KEY \"id, at\"");

    assertThat(daily(planned(base, head)).historyFeed().kind()).isEqualTo(Feed.History.Kind.SEAM);
    assertThat(obstacles(planned(base, head))).isEmpty();
    assertThat(warnings(planned(base, head))).contains("seam_before_producers_move");
  }

  @Test
  void producersThatMoveFirstWouldLeaveTodaysBucketIncomplete() {
    var fill =
        """
        NODE n
        SQL >
            SELECT at, id, n FROM raw

        TYPE copy
        TARGET_DATASOURCE things
        COPY_MODE append
        """;
    var base =
        Files.of()
            .with(
                "datasources/raw.datasource",
                THINGS.replace("`n` U", "`x` UInt8 `json:$.x`,\n    `n` U"))
            .with(
                "pipes/fill.pipe",
                fill.replace("at, id, n", "at, 'all' AS id, sum(n) AS n")
                    .replace("raw", "raw GROUP BY at"))
            .things("KEY \"at\"", "KEY \"at\"\nENGINE_TTL \"at + toIntervalDay(30)\"");
    var head = base.things("KEY \"at\"", "KEY \"id, at\"");

    assertThat(obstacles(planned(base, head))).contains("seam_behind_moved_producers");
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "`day` Date, | `day` String,",
        "\"day, id\" | \"id\"",
        "`day` Date, | `day` Nullable(Date),",
      })
  void aTargetWithoutABucketStops(String from, String to) {
    var base = Files.of().daily(from, to);
    var head = base.daily("`id` String,", "`id` LowCardinality(String),");
    var plan = planned(base, head);

    assertThat(obstacles(plan)).contains("no_bucket");
    assertThat(plan.obstacles().toString())
        .contains("no time column in its key of it is made", "by per_day alone");
    assertThat(daily(plan).seam()).isEmpty();
  }

  @Test
  void aBucketThatIsMadeOfNoColumnIsNone() {
    var base = Files.of().view("toDate(at) AS day", "toDate('2031-01-01') AS day");

    assertThat(obstacles(planned(base, otherKey(base)))).contains("no_bucket");
  }

  @Test
  void aMergeTreeIsCutAtAnyTimeColumn() {
    var base =
        Files.of()
            .daily("AggregateFunction(count)", "UInt64")
            .daily("AggregatingMergeTree", "MergeTree")
            .daily("\"day, id\"", "\"id\"")
            .view("countState()", "count()");

    var plan = planned(base, base.daily("KEY \"id\"", "KEY \"id, c\""));

    assertThat(daily(plan).seam().orElseThrow().column()).isEqualTo("day");
    assertThat(obstacles(plan)).isEmpty();
  }

  @Test
  void enginesAndTemplatesThatCantBeWrittenYetStop() {
    var newest =
        Files.of()
            .daily("AggregatingMergeTree\"", "ReplacingMergeTree\"\nENGINE_VER \"c\"")
            .daily("AggregateFunction(count)", "UInt64")
            .view("countState()", "count()");
    var template = Files.of().view("SQL >\n", "SQL >\n    %\n");

    assertThat(obstacles(planned(newest, otherKey(newest)))).containsExactly("not_emitted_yet");
    assertThat(planned(template, otherKey(template)).obstacles().toString())
        .contains("per_day is a template");
  }

  @Test
  void whatKeepsTheLastOrAnyRowIsToldApart() {
    var last =
        Files.of().daily("(count)", "(anyLast, String)").view("countState()", "anyLastState(id)");
    var any = Files.of().daily("(count)", "(any, String)").view("countState()", "anyState(id)");

    assertThat(planned(last, otherKey(last)).obstacles().toString())
        .contains("order_dependent_engine", "keeps what was inserted last in c,");
    assertThat(obstacles(planned(any, otherKey(any)))).isEmpty();
    assertThat(planned(any, otherKey(any)).warnings().toString())
        .contains("columns_not_compared", "c of daily hold");
    assertThat(warnings(planned(Files.of(), otherKey(Files.of())))).isEmpty();
  }

  @Test
  void whatCantBeRaisedIsntRepaired() {
    var quantile =
        Files.of()
            .daily("(count)", "(quantileExact, UInt32)")
            .view("countState()", "quantileExactState(n)");
    var plan = planned(quantile, otherKey(quantile));

    assertThat(warnings(plan)).contains("late_rows_not_repairable");
    assertThat(daily(plan).seam().orElseThrow().repairable()).isFalse();
  }

  private static Files twoViews() {
    return Files.of()
        .with("datasources/others.datasource", THINGS)
        .with("pipes/other_days.pipe", PER_DAY.replace("FROM things", "FROM others"));
  }

  @Test
  void everyViewOfATargetGetsAForkOfItsOwn() {
    var plan = planned(twoViews(), otherKey(twoViews()));
    var forks = daily(plan).seam().orElseThrow().feeders();

    assertThat(forks.stream().map(f -> f.view() + " " + f.trigger() + " " + f.fork()))
        .containsExactly("other_days others other_days_1", "per_day things per_day_1");
    assertThat(daily(plan).liveFeed().pipe()).isEqualTo("other_days_1");
    assertThat(daily(plan).files())
        .containsExactlyInAnyOrder(
            "datasources/daily_1.datasource",
            "pipes/backfill_daily_1.pipe",
            "pipes/other_days_1.pipe",
            "endpoints/per_day_1.pipe");
    assertThat(obstacles(plan)).isEmpty();
  }

  @Test
  void twoViewsRunAgainTogether() {
    var head = twoViews().view("FROM things", "FROM things WHERE n > 1");
    var query = daily(planned(twoViews(), head)).query().orElseThrow();

    assertThat(query).contains("FROM others", " UNION ALL ", "FROM things WHERE n > 1");
  }

  @Test
  void namesOfACommittedPlanStayWhateverElseIsFreeNow() {
    var head =
        otherKey(twoViews().with("datasources/more.datasource", THINGS))
            .with("datasources/more.datasource", THINGS.replace("KEY \"at\"", "KEY \"id, at\""));
    var base = twoViews().with("datasources/more.datasource", THINGS);
    var first =
        plan(
                base.read(),
                head.read(),
                "",
                Optional.empty(),
                Set.of(
                    "daily_1",
                    "more_1",
                    "more_2",
                    "per_day_1",
                    "other_days_1",
                    "other_days_2",
                    "sync_more_3",
                    "backfill_more_3",
                    "backfill_daily_2"),
                Set.of())
            .core();
    var again = plan(base.read(), head.read(), "", Optional.of(first), Set.of(), Set.of()).core();

    assertThat(again).isEqualTo(first);
    var deployed = new TreeSet<String>();
    for (var m : first.migrations()) {
      deployed.addAll(List.of(m.target(), m.liveFeed().pipe(), m.historyFeed().pipe()));
      m.seam().ifPresent(seam -> seam.feeders().forEach(f -> deployed.add(f.fork())));
    }
    assertThat(plan(base.read(), head.read(), "", Optional.of(first), deployed, Set.of()).core())
        .isEqualTo(first);
    assertThat(
            plan(
                    base.read(),
                    head.read(),
                    "",
                    Optional.of(first.withMigrations(first.migrations().reversed())),
                    Set.of(),
                    Set.of())
                .core())
        .isEqualTo(first);
    assertThat(first.migrations().stream().map(Migration::target))
        .containsExactlyInAnyOrder("daily_2", "more_3");
    assertThat(migration(plan(base.read(), head.read()), "daily").target()).isEqualTo("daily_1");
  }

  @Test
  void aNameThatTheAuthorTookSinceIsPassedOver() {
    var head = otherKey(Files.of());
    var first = planned(Files.of(), head).core();
    var own = "NODE n\nSQL >\n    SELECT 1 AS a\n";
    var now = head.with("pipes/backfill_daily_1.pipe", own).with("pipes/per_day_1.pipe", own);
    var again = plan(Files.of().read(), now.read(), "", Optional.of(first), Set.of(), Set.of());

    assertThat(daily(again).historyFeed().pipe()).isEqualTo("backfill_daily_1_1");
    assertThat(daily(again).liveFeed().pipe()).isEqualTo("per_day_2");
  }

  @Test
  void aPairOfOthersBesideItLeavesItWhatItIs() {
    var pair =
        Files.of()
            .with("datasources/others.datasource", THINGS)
            .with("datasources/others_1.datasource", THINGS)
            .with(
                "pipes/sync_others.pipe",
                "NODE n\nSQL >\n    SELECT at, id, n FROM others\n\nTYPE materialized\nDATASOURCE others_1\n");

    assertThat(daily(planned(pair, otherKey(pair))).liveFeed().pipe()).isEqualTo("per_day_1");
  }

  @Test
  void landingsComeBeforeWhatTheirRowsReach() {
    var head = otherKey(Files.of()).things("KEY \"at\"", "KEY \"id, at\"");

    assertThat(planned(Files.of(), head).core().migrations().stream().map(Migration::source))
        .containsExactly("things", "daily");
  }

  @Test
  void aNewViewOnWhatIsVersionedWouldRunDry() {
    var head =
        Files.of()
            .things("KEY \"at\"", "KEY \"id, at\"")
            .with("datasources/hourly.datasource", DAILY)
            .with("pipes/hourly.pipe", PER_DAY.replace("E daily", "E hourly"));
    var accepted = "datasources: {hourly: {accept: [new_view_on_versioned_source]}}";

    assertThat(obstacles(planned(Files.of(), head)))
        .containsExactly("new_view_on_versioned_source");
    assertThat(obstacles(planned(Files.of(), head, accepted))).isEmpty();
    assertThat(warnings(planned(Files.of(), head, accepted)))
        .contains("new_view_on_versioned_source");
  }

  @Test
  void forkedPipesStandInTheOrderRowsFlow() {
    var base =
        Files.of()
            .with("pipes/z_first.pipe", "NODE n\nSQL >\n    SELECT at, id, n FROM things\n")
            .with("pipes/a_second.pipe", "NODE n\nSQL >\n    SELECT at, id, n FROM z_first\n")
            .view("FROM things", "FROM a_second");
    var head = base.things("KEY \"at\"", "KEY \"id, at\"");

    assertThat(planned(base, head).core().forkedPipes())
        .containsExactly(
            new ForkedPipe("z_first", "z_first_1"), new ForkedPipe("a_second", "a_second_1"));
  }

  @Test
  void aViewThatStaysOnItsSourceKeepsThePipesItJoins() {
    var base =
        Files.of()
            .with("datasources/others.datasource", THINGS)
            .with("pipes/known.pipe", "NODE n\nSQL >\n    SELECT id FROM things WHERE n = 1\n")
            .view("FROM things", "FROM others JOIN known USING (id)");
    var head = otherKey(base).things("KEY \"at\"", "KEY \"id, at\"");

    assertThat(planned(base, head).core().forkedPipes()).isEmpty();
  }

  @Test
  void aFolderOfDataSourcesAloneIsAFolder() {
    var base = new Files(new TreeMap<>()).with("datasources/things.datasource", THINGS);

    assertThat(
            migration(planned(base, base.things("KEY \"at\"", "KEY \"id, at\"")), "things").files())
        .contains("pipes/sync_things_1.pipe");
  }

  private static Files throughPipes() {
    return Files.of()
        .with("datasources/names.datasource", THINGS)
        .with("pipes/clean.pipe", "NODE n\nSQL >\n    SELECT at, id, n FROM things\n")
        .with("pipes/known.pipe", "NODE n\nSQL >\n    SELECT id FROM things WHERE n = 1\n")
        .with("pipes/named.pipe", "NODE n\nSQL >\n    SELECT id FROM names\n")
        .view(
            "FROM things",
            "FROM clean WHERE id IN (SELECT id FROM known) OR id IN (SELECT id FROM named)");
  }

  @Test
  void plainPipesThatReadWhatIsVersionedAreForkedAndOthersNot() {
    var base = throughPipes();
    var head = base.things("KEY \"at\"", "KEY \"id, at\"");

    assertThat(planned(base, head).core().forkedPipes())
        .containsExactlyInAnyOrder(
            new ForkedPipe("clean", "clean_1"), new ForkedPipe("known", "known_1"));
    assertThat(planned(base, otherKey(base)).core().forkedPipes()).isEmpty();
  }

  @Test
  void forkedPipesKeepTheirNamesToo() {
    var base = throughPipes();
    var head = base.things("KEY \"at\"", "KEY \"id, at\"");
    var first =
        plan(
                base.read(),
                head.read(),
                "",
                Optional.empty(),
                Set.of("known_1", "clean_1", "clean_2"),
                Set.of())
            .core();

    assertThat(first.forkedPipes())
        .containsExactlyInAnyOrder(
            new ForkedPipe("clean", "clean_3"), new ForkedPipe("known", "known_2"));
    assertThat(
            plan(base.read(), head.read(), "", Optional.of(first), Set.of(), Set.of())
                .core()
                .forkedPipes())
        .isEqualTo(first.forkedPipes());
  }

  @Test
  void onlyChangesOfWhatIsMigratedAreInTheCore() {
    var base = Files.of().with("datasources/more.datasource", THINGS);
    var head =
        otherKey(base)
            .view("FROM things", "FROM things WHERE n > 1")
            .with("datasources/more.datasource", "DESCRIPTION more\n\n" + THINGS);

    assertThat(planned(base, head).core().changes().stream().map(JudgedChange::resource))
        .containsExactlyInAnyOrder("daily", "per_day");
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource({"materialized, DATASOURCE", "copy, TARGET_DATASOURCE"})
  void readersAreNamedWithWhatTheyAre(String kind, String directive) {
    var joined =
        "NODE n\nSQL >\n    SELECT toDate(at) AS day, id, c FROM others JOIN daily USING (id)\n\nTYPE %s\n%s copies\n"
            .formatted(kind, directive);
    var base =
        Files.of()
            .with("datasources/others.datasource", THINGS)
            .with(
                "datasources/copies.datasource",
                DAILY.replace(
                    "`id` String",
                    "`id` String,\n    `a` String, `b` String, `d` String, `e` String"))
            .with("pipes/reader.pipe", joined)
            .with("pipes/count.pipe", "NODE n\nSQL >\n    SELECT countMerge(c) AS c FROM daily\n");
    var readers = planned(base, otherKey(base)).readers();

    assertThat(readers)
        .containsExactlyInAnyOrder(
            new Reader("reader", kind, List.of("daily")),
            new Reader("count", "endpoint", List.of("daily")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.2.3", "x", "1.2"})
  void aProjectWithoutMigrationsKeepsItsVersionIfItIsOne(String version) {
    var base = Files.of().with(".tinyenv", "VERSION=" + version + "\n");

    assertThat(planned(base, base).core().version())
        .isEqualTo(version.equals("1.2.3") ? version : "");
  }

  @Test
  void thePullRequestsNumberMakesTheVersionItsOwn() {
    var head = otherKey(Files.of()).read();
    var request = PlanRequest.of(Files.of().read(), head);

    assertThat(
            Planner.plan(
                    new PlanRequest(
                        request.base(),
                        head,
                        request.renames(),
                        request.settings(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Set.of(),
                        Optional.empty(),
                        Set.of("1.0.0-12"),
                        Optional.of(12)))
                .core()
                .version())
        .isEqualTo("1.0.1-12");
  }
}
