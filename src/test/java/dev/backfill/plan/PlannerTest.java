package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.change.Verdict;
import dev.backfill.config.Settings;
import dev.backfill.config.SettingsReader;
import dev.backfill.problem.Problem;
import dev.backfill.project.Project;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PlannerTest {
  private static final Project BASE = Projects.with();
  private static final Project RESORTED =
      Projects.events("KEY \"timestamp\"", "KEY \"action, timestamp\"");

  private static Plan plan(Project head) {
    return Planner.plan(PlanRequest.of(BASE, head));
  }

  private static PlanRequest request(
      Project head,
      Settings settings,
      Optional<PlanCore> committed,
      Set<String> taken,
      Set<String> versions) {
    return new PlanRequest(
        BASE,
        head,
        Map.of(),
        settings,
        Optional.empty(),
        Optional.empty(),
        committed,
        taken,
        Optional.empty(),
        versions);
  }

  private static Settings settings(String text) {
    var read = SettingsReader.read("backfill.yml", text);
    assertThat(read.problems()).isEmpty();
    return read.settings();
  }

  @Test
  void aNewSortingKeyVersionsTheSourceAndEverythingItsRowsReach() {
    var plan = plan(RESORTED);

    assertThat(plan.verdict()).isEqualTo(Verdict.VERSION);
    assertThat(plan.obstacles()).isEmpty();
    var events = plan.core().migrations().getFirst();
    assertThat(events.target()).isEqualTo("events_1");
    assertThat(events.cause()).isEqualTo(Cause.DIRECT);
    assertThat(events.scenario()).isEqualTo(Scenario.STREAMING_TIMESTAMP);
    assertThat(events.liveFeed()).isEqualTo(new Feed.Live(Feed.Live.Kind.SYNC, "sync_events_1"));
    assertThat(events.historyFeed())
        .isEqualTo(new Feed.History(Feed.History.Kind.COPY, "backfill_events_1"));
    assertThat(events.timestamp().orElseThrow().column()).isEqualTo("timestamp");
    assertThat(events.projection().stream().map(Migration.Projected::expression))
        .containsExactly("`timestamp`", "`session_id`", "`action`", "`version`", "`payload`");
    var pages = plan.core().migrations().getLast();
    assertThat(pages.source()).isEqualTo("pages_mv");
    assertThat(pages.target()).isEqualTo("pages_mv_1");
    assertThat(pages.cause()).isEqualTo(Cause.CASCADE);
    assertThat(pages.trigger()).isEqualTo("events_1");
    assertThat(pages.liveFeed()).isEqualTo(new Feed.Live(Feed.Live.Kind.FORK, "pages_1"));
    assertThat(pages.historyFeed()).isEqualTo(new Feed.History(Feed.History.Kind.FORK, "pages_1"));
    assertThat(pages.query().orElseThrow()).contains("FROM events_1").doesNotContain("hits,");
    assertThat(pages.reduced())
        .containsExactly(
            new Migration.Reduced("date", "`date`", true),
            new Migration.Reduced("pathname", "`pathname`", true),
            new Migration.Reduced("visits", "uniqMerge(`visits`)", false),
            new Migration.Reduced("hits", "countMerge(`hits`)", false));
    assertThat(plan.core().forkedPipes()).containsExactly(new ForkedPipe("hits", "hits_1"));
    assertThat(plan.core().direct()).containsExactly(events);
    assertThat(plan.core().forksOf("events_1")).containsExactly(pages);
    assertThat(plan.readers())
        .containsExactlyInAnyOrder(
            new Reader("hits", "endpoint", java.util.List.of("events")),
            new Reader("top_pages", "endpoint", java.util.List.of("pages_mv")));
  }

  @Test
  void whiteSpaceChangesNeitherTheCoreNorTheSeal() {
    var text = Projects.text(RESORTED, "datasources/events.datasource");
    var spaced =
        Projects.with(
            "datasources/events.datasource",
            "\n\n"
                + text.replace("action, timestamp", "action,   timestamp")
                    .replace("SCHEMA >", "SCHEMA >\n"));

    assertThat(plan(spaced).core()).isEqualTo(plan(RESORTED).core());
    assertThat(plan(spaced).changes().getFirst().line())
        .isNotEqualTo(plan(RESORTED).changes().getFirst().line());
    assertThat(seal(spaced)).isEqualTo(seal(RESORTED));
  }

  private static String seal(Project head) {
    var core = plan(head).core();
    return Seal.of(core.toString(), Seal.resources(head, core), Planner.RULES);
  }

  @Test
  void theSealFollowsWhatFeedsTheMigrationAndNothingElse() {
    var core = plan(RESORTED).core();
    var key = Projects.text(RESORTED, "datasources/events.datasource");
    var unrelated =
        Projects.with(
            "datasources/events.datasource", key, "datasources/other.datasource", Projects.EVENTS);
    var pipe = Projects.text(RESORTED, "pipes/hits.pipe").replace("'0'", "'1'");
    var between = Projects.with("datasources/events.datasource", key, "pipes/hits.pipe", pipe);

    assertThat(Seal.resources(unrelated, core)).isEqualTo(Seal.resources(RESORTED, core));
    assertThat(Seal.resources(between, core)).isNotEqualTo(Seal.resources(RESORTED, core));
    assertThat(seal(RESORTED)).matches("sha256:[0-9a-f]{64}");
    assertThat(Seal.of("a", new TreeMap<>(Map.of("b", "c")), "1"))
        .isNotEqualTo(Seal.of("a", new TreeMap<>(Map.of("bc", "")), "1"));
  }

  @Test
  void aTakenNameIsPassedOver() {
    var plan =
        Planner.plan(
            request(
                RESORTED,
                Settings.DEFAULTS,
                Optional.empty(),
                Set.of("Events_1", "sync_events_2", "hits_1"),
                Set.of()));

    var events = plan.core().migrations().getFirst();
    assertThat(events.target()).isEqualTo("events_2");
    assertThat(events.liveFeed().pipe()).isEqualTo("sync_events_2_1");
    assertThat(plan.core().forkedPipes()).containsExactly(new ForkedPipe("hits", "hits_2"));
  }

  @Test
  void namesAndVersionOfTheCommittedCoreStay() {
    var first =
        Planner.plan(
            request(
                RESORTED,
                Settings.DEFAULTS,
                Optional.empty(),
                Set.of("events_1"),
                Set.of("1.0.0")));
    var names =
        Set.of(
            "events_1",
            "events_2",
            "sync_events_2",
            "backfill_events_2",
            "hits_1",
            "pages_1",
            "pages_mv_1");

    var again =
        Planner.plan(
            request(
                RESORTED,
                Settings.DEFAULTS,
                Optional.of(first.core()),
                names,
                Set.of("1.0.0", "1.0.1")));

    assertThat(first.core().version()).isEqualTo("1.0.1");
    assertThat(again.core()).isEqualTo(first.core());
  }

  @Test
  void theVersionIsTheNextOneWithoutAFolder() {
    var raised =
        Projects.with(
            "datasources/events.datasource",
            Projects.text(RESORTED, "datasources/events.datasource"),
            ".tinyenv",
            "VERSION=2.0.0\n");

    assertThat(plan(raised).core().version()).isEqualTo("2.0.0");
    // Base has 1.0.0, so an earlier deployment had it.
    assertThat(plan(RESORTED).core().version()).isEqualTo("1.0.1");
    assertThat(
            Planner.plan(
                    request(
                        RESORTED,
                        Settings.DEFAULTS,
                        Optional.empty(),
                        Set.of(),
                        Set.of("1.0.0", "1.0.1")))
                .core()
                .version())
        .isEqualTo("1.0.2");
    var hostile =
        Projects.with(
            "datasources/events.datasource",
            Projects.text(RESORTED, "datasources/events.datasource"),
            ".tinyenv",
            "VERSION=../../x\n");
    assertThat(plan(hostile).core().version()).isEqualTo("1.0.0");
  }

  @Test
  void aViewTargetThatChangesTooIsFedOnceByItsFork() {
    var head =
        Projects.with(
            "datasources/events.datasource",
            Projects.EVENTS.replace("`session_id` String", "`session_id` UInt32"),
            "datasources/pages_mv.datasource",
            Projects.text(BASE, "datasources/pages_mv.datasource")
                .replace("uniq, String", "uniq, UInt32"),
            "pipes/hits.pipe",
            Projects.text(BASE, "pipes/hits.pipe").replace("coalesce(session_id, '0') AS ", ""));

    var plan = plan(head);

    var pages = plan.core().migrations().getLast();
    assertThat(pages.source()).isEqualTo("pages_mv");
    assertThat(pages.cause()).isEqualTo(Cause.DIRECT);
    assertThat(pages.liveFeed().kind()).isEqualTo(Feed.Live.Kind.FORK);
    assertThat(pages.historyFeed().kind()).isEqualTo(Feed.History.Kind.FORK);
    assertThat(plan.core().direct()).hasSize(1);
    assertThat(plan.obstacles()).isEmpty();
    var session = plan.core().migrations().getFirst().projection().get(1);
    assertThat(session.type()).isEqualTo("UInt32");
    assertThat(session.expression()).contains("accurateCastOrNull(`session_id`, 'UInt32')");
  }

  @Test
  void noTargetIsFedTwice() {
    var feeds =
        plan(RESORTED).core().migrations().stream()
            .collect(Collectors.groupingBy(Migration::target));

    assertThat(feeds.values()).allMatch(m -> m.size() == 1);
  }

  @Test
  void aViewTargetAloneIsReplayed() {
    var plan =
        plan(Projects.edited("pipes/pages.pipe", "FROM hits", "FROM hits WHERE pathname != ''"));

    assertThat(plan.core().migrations()).hasSize(1);
    assertThat(plan.core().migrations().getFirst().historyFeed().kind())
        .isEqualTo(Feed.History.Kind.REPLAY);
    assertThat(plan.core().migrations().getFirst().trigger()).isEqualTo("events");
    assertThat(plan.core().migrations().getFirst().seam().orElseThrow().column()).isEqualTo("date");
    assertThat(plan.obstacles()).isEmpty();
  }

  private static Set<String> codes(Iterable<Problem> problems) {
    var out = new java.util.TreeSet<String>();
    problems.forEach(p -> out.add(p.code()));
    return out;
  }

  @Test
  void aQueryThatCantBeRunAgainTakesItsHistoryFromTheOldTarget() {
    for (var query :
        new String[] {
          "now() > timestamp", "pathname IN (SELECT pathname FROM hits)", "rand() > 5"
        }) {
      var pipe =
          Projects.text(BASE, "pipes/pages.pipe").replace("FROM hits", "FROM hits WHERE " + query);
      var base = Projects.with("pipes/pages.pipe", pipe);
      var head =
          Projects.with(
              "pipes/pages.pipe",
              pipe,
              "datasources/events.datasource",
              Projects.text(RESORTED, "datasources/events.datasource"));

      var plan = Planner.plan(PlanRequest.of(base, head));

      assertThat(plan.verdict()).isEqualTo(Verdict.VERSION);
      assertThat(plan.core().migrations().getLast().historyFeed().kind())
          .isEqualTo(Feed.History.Kind.SEAM);
      assertThat(plan.obstacles()).isEmpty();
    }
  }

  @Test
  void whatTheSourceHasForgottenIsTakenFromTheOldTarget() {
    var ttl = "ENGINE_TTL \"timestamp + toIntervalDay(60)\"\n";
    var resorted = Projects.text(RESORTED, "datasources/events.datasource");

    var plan =
        Planner.plan(
            PlanRequest.of(
                Projects.with("datasources/events.datasource", Projects.EVENTS + ttl),
                Projects.with("datasources/events.datasource", resorted + ttl)));

    assertThat(plan.core().migrations().getLast().historyFeed().kind())
        .isEqualTo(Feed.History.Kind.SEAM);
    assertThat(codes(plan.warnings())).containsExactly("seam_before_producers_move");
    assertThat(plan.obstacles()).isEmpty();
  }

  @Test
  void whatTheSourceHasForgottenAndANewQueryNeedsIsAWarning() {
    var ttl = "ENGINE_TTL \"timestamp + toIntervalDay(60)\"\n";
    var base = Projects.with("datasources/events.datasource", Projects.EVENTS + ttl);
    var head =
        Projects.with(
            "datasources/events.datasource",
            Projects.text(RESORTED, "datasources/events.datasource") + ttl,
            "pipes/pages.pipe",
            Projects.text(BASE, "pipes/pages.pipe")
                .replace("FROM hits", "FROM hits WHERE pathname != ''"));

    var plan = Planner.plan(PlanRequest.of(base, head));

    assertThat(codes(plan.warnings())).contains("history_outlives_origin");
    assertThat(plan.core().migrations().getFirst().ttl()).contains("timestamp + toIntervalDay(60)");
    var accepted =
        new PlanRequest(
            base,
            head,
            Map.of(),
            settings("datasources: {pages_mv: {accept: [history_outlives_origin]}}"),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Set.of(),
            Optional.empty(),
            Set.of());
    assertThat(codes(Planner.plan(accepted).warnings())).doesNotContain("history_outlives_origin");
  }

  @Test
  void theAuthorsTwinIsTheTarget() {
    var plan =
        plan(
            Projects.with(
                "datasources/events_2.datasource",
                Projects.text(RESORTED, "datasources/events.datasource")));

    assertThat(plan.core().migrations().getFirst().source()).isEqualTo("events");
    assertThat(plan.core().migrations().getFirst().target()).isEqualTo("events_2");
    assertThat(plan.core().migrations().getFirst().sortingKey())
        .containsExactly("action", "timestamp");
  }

  @Test
  void anAddedColumnComesFromTheLiveSourceThatGetsItToo() {
    var head =
        Projects.with(
            "datasources/events.datasource",
            Projects.text(RESORTED, "datasources/events.datasource")
                .replace(
                    "`payload` String", "`n` Nullable(String) `json:$.n`,\n    `payload` String"));

    assertThat(plan(head).core().migrations().getFirst().projection())
        .contains(new Migration.Projected("n", "`n`", "Nullable(String)"));
  }

  /// Copied by difference such rows would never be found again.
  @Test
  void anAddedColumnWhoseDefaultChangesWithEveryReadingStops() {
    var head =
        Projects.with(
            "datasources/events.datasource",
            Projects.text(RESORTED, "datasources/events.datasource")
                .replace(
                    "`payload` String",
                    "`seen` DateTime `json:$.seen` DEFAULT now(),\n    `payload` String"));

    assertThat(codes(plan(head).obstacles())).containsExactly("projection_needed");
    assertThat(
            codes(
                Planner.plan(
                        request(
                            head,
                            settings("datasources: {events: {projection: {seen: timestamp}}}"),
                            Optional.empty(),
                            Set.of(),
                            Set.of()))
                    .obstacles()))
        .isEmpty();
  }

  @Test
  void theTimestampIsNotGivenAnotherValue() {
    assertThat(
            codes(
                Planner.plan(
                        request(
                            RESORTED,
                            settings(
                                "datasources: {events: {projection: {timestamp: toStartOfHour(timestamp)}}}"),
                            Optional.empty(),
                            Set.of(),
                            Set.of()))
                    .obstacles()))
        .containsExactly("timestamp_column_changed");
  }

  @Test
  void anExpressionOfTheSettingsIsMadeSafeOrRefused() {
    var head = Projects.events("`session_id` String", "`session_id` UInt32");
    var safe =
        settings(
            "datasources: {events: {projection: {session_id: \"replaceAll(session_id, '\\\"', '')\"}}}");
    var throwing =
        settings("datasources: {events: {projection: {session_id: toUInt32(session_id)}}}");
    var unknown = settings("datasources: {events: {projection: {sesion_id: session_id}}}");

    assertThat(
            Planner.plan(request(head, safe, Optional.empty(), Set.of(), Set.of()))
                .core()
                .migrations()
                .getFirst()
                .projection()
                .get(1)
                .expression())
        .contains("accurateCastOrNull(toString(replaceAll(session_id, '\"', '')), 'UInt32')");
    assertThat(
            codes(
                Planner.plan(request(head, throwing, Optional.empty(), Set.of(), Set.of()))
                    .obstacles()))
        .containsExactly("projection_needed");
    assertThat(
            codes(
                Planner.plan(request(head, unknown, Optional.empty(), Set.of(), Set.of()))
                    .obstacles()))
        .containsExactly("bad_projection");
  }

  @Test
  void anEngineInWhichTheLastRowWinsStops() {
    var head = Projects.events("ENGINE \"MergeTree\"", "ENGINE \"ReplacingMergeTree\"");
    var ordered =
        Projects.events(
            "ENGINE \"MergeTree\"", "ENGINE \"ReplacingMergeTree\"\nENGINE_VER \"timestamp\"");

    assertThat(codes(plan(head).obstacles())).containsExactly("order_dependent_engine");
    assertThat(codes(plan(ordered).obstacles())).containsExactly("merging_target_with_views");
  }

  @Test
  void anEngineThatKeepsTheNewestVersionIsComparedByWhatItKeeps() {
    var plain =
        """
        SCHEMA >
            `id` UInt64 `json:$.id`,
            `at` DateTime `json:$.at`,
            `name` Nullable(String) `json:$.name`

        ENGINE MergeTree
        ENGINE_SORTING_KEY id
        """;
    var newest = plain.replace("ENGINE MergeTree", "ENGINE ReplacingMergeTree\nENGINE_VER at");

    var plan = planned(plain, newest);

    assertThat(plan.obstacles()).isEmpty();
    var migration = plan.core().migrations().getFirst();
    assertThat(migration.keyed()).isTrue();
    assertThat(migration.reduced())
        .contains(
            new Migration.Reduced("id", "`id`", true),
            // argMax alone passes over NULLs
            new Migration.Reduced("name", "tupleElement(argMax(tuple(`name`), `at`), 1)", false));
    var byExpression = newest.replace("KEY id", "KEY intDiv(id, 10)");
    assertThat(codes(planned(plain, byExpression).obstacles())).containsExactly("merging_engine");
    var summing = plain.replace("ENGINE MergeTree", "ENGINE SummingMergeTree");
    assertThat(codes(planned(plain, summing).obstacles())).containsExactly("merging_engine");
  }

  @Test
  void anUpdateCarriesItsOldTimestampSoTheCutIsTheMomentOfInsertion() {
    var before =
        """
        SCHEMA >
            `id` UInt64 `json:$.id`,
            `created` DateTime `json:$.created`,
            `v` UInt64 `json:$.v`

        ENGINE ReplacingMergeTree
        ENGINE_SORTING_KEY id, created
        ENGINE_VER v
        """;

    var plan = planned(before, before.replace("KEY id, created", "KEY created, id"));

    assertThat(plan.core().migrations().getFirst().scenario()).isEqualTo(Scenario.DELTA);
    assertThat(plan.core().migrations().getFirst().border()).isEqualTo(Border.ARRIVAL);
    var byVersion = before.replace("ENGINE_VER v", "ENGINE_VER created");
    assertThat(
            planned(byVersion, byVersion.replace("KEY id, created", "KEY created, id"))
                .core()
                .migrations()
                .getFirst()
                .scenario())
        .isEqualTo(Scenario.STREAMING_TIMESTAMP);
  }

  private static Plan planned(String before, String after) {
    return Planner.plan(
        PlanRequest.of(
            Projects.with("datasources/things.datasource", before),
            Projects.with("datasources/things.datasource", after)));
  }

  @Test
  void kafkaAndSourcesWithoutATimeColumnAreNotStreamed() {
    var kafka = "\nKAFKA_CONNECTION_NAME \"c\"\nKAFKA_TOPIC \"t\"\nKAFKA_GROUP_ID \"g\"\n";
    var base = Projects.with("datasources/events.datasource", Projects.EVENTS + kafka);
    var head =
        Projects.with(
            "datasources/events.datasource",
            Projects.text(RESORTED, "datasources/events.datasource") + kafka);
    var timeless =
        "SCHEMA >\n    `id` UInt64 `json:$.id`\n\nENGINE MergeTree\nENGINE_SORTING_KEY id\n";

    assertThat(Planner.plan(PlanRequest.of(base, head)).core().migrations().getFirst().scenario())
        .isEqualTo(Scenario.KAFKA_TWIN);
    var plan =
        Planner.plan(
            PlanRequest.of(
                Projects.with("datasources/ids.datasource", timeless),
                Projects.with(
                    "datasources/ids.datasource",
                    timeless.replace("KEY id", "KEY intHash64(id)"))));
    assertThat(plan.core().migrations().getFirst().scenario()).isEqualTo(Scenario.DELTA);
    assertThat(plan.obstacles()).isEmpty();
  }

  @Test
  void theSettingsNameTheTimeColumnOrAreTold() {
    assertThat(
            codes(
                Planner.plan(
                        request(
                            RESORTED,
                            settings("datasources: {events: {timestamp-column: payload}}"),
                            Optional.empty(),
                            Set.of(),
                            Set.of()))
                    .obstacles()))
        .containsExactly("bad_timestamp_column");
    assertThat(
            Planner.plan(
                    request(
                        RESORTED,
                        settings("datasources: {events: {timestamp-column: timestamp}}"),
                        Optional.empty(),
                        Set.of(),
                        Set.of()))
                .evidence()
                .get("events"))
        .containsExactly("`timestamp` is named by backfill.yml.");
  }

  @Test
  void theSettingsKnowEveryScenario() {
    assertThat(SettingsReader.SCENARIOS)
        .isEqualTo(
            Arrays.stream(Scenario.values()).map(Scenario::toString).collect(Collectors.toSet()));
  }

  @Test
  void aProjectWithErrorsIsNotPlanned() {
    var broken =
        dev.backfill.project.ProjectReader.read(
            new TreeMap<>(Map.of("datasources/e.datasource", "SCHEMA >\n    `a` Strin(g\n")));

    assertThatThrownBy(() -> plan(broken)).isInstanceOf(IllegalArgumentException.class);
  }
}
