package dev.backfill.change;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.config.Settings;
import dev.backfill.config.Settings.ForDataSource;
import dev.backfill.plan.Projects;
import dev.backfill.problem.Problem;
import dev.backfill.project.Project;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JudgeTest {
  private static final Project BASE = Projects.with();

  private static Judgement judge(Project base, Project head) {
    return Judge.judge(base, head, ProjectDiff.of(base, head, Map.of()), Settings.DEFAULTS);
  }

  private static Judgement judge(Project head) {
    return judge(BASE, head);
  }

  @ParameterizedTest(name = "{0} -> {1}: {2} {3}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "ENGINE_SORTING_KEY \"timestamp\" | ENGINE_SORTING_KEY \"action, timestamp\" | version | sorting_key",
        "ENGINE_SORTING_KEY \"timestamp\" | ENGINE_SORTING_KEY tuple(timestamp) | none |",
        "toYYYYMM(timestamp) | toDate(timestamp) | version | partition_key",
        "ENGINE \"MergeTree\" | ENGINE \"ReplacingMergeTree\" | version | engine",
        "`payload` String | `payload` LowCardinality(String) | version | column_type",
        "`session_id` String | `session_id` UInt32 | version | column_type",
        "`timestamp` DateTime | `timestamp` Nullable(DateTime) | version | column_type",
        "`version` LowCardinality(String) | `version` LowCardinality(Nullable(String)) | in_place | column_type",
        "`payload` String `json:$.payload` | `payload` String `json:$.payload` DEFAULT '' | in_place | default",
        "`payload` String `json:$.payload` | `payload` String `json:$.body` | in_place | json_path",
        "`payload` String `json:$.payload` | `payload` String `json:$.payload`, `n` Nullable(String) `json:$.n` | in_place | column_added",
        "`payload` String `json:$.payload` | `payload` String `json:$.payload`, `n` String `json:$.n` DEFAULT '' | in_place | column_added",
        "`payload` String `json:$.payload` | `payload` String `json:$.payload`, `n` String `json:$.n` | in_place | column_added",
        "`version` LowCardinality(String) `json:$.version`, | # gone | in_place | column_dropped",
        "`action` LowCardinality(String) `json:$.action`, | # gone | refuse | column_dropped",
        "`version` LowCardinality(String) `json:$.version`, | `release` LowCardinality(String) `json:$.version`, | version | column_renamed",
        "ENGINE_SORTING_KEY \"timestamp\" | ENGINE_SORTING_KEY timestamp | none |",
        "SCHEMA > | schema > | none |",
      })
  void anEditOfALandingDataSourceIsJudgedByWhatItMeans(
      String from, String to, String verdict, @org.jspecify.annotations.Nullable String kind) {
    // A comment line inside SCHEMA stands for a column taken out.
    var head = Projects.events(from, to.equals("# gone") ? "" : to);

    var judgement = judge(head);

    assertThat(judgement.verdict()).hasToString(verdict);
    assertThat(judgement.changes().stream().map(JudgedChange::kind))
        .isEqualTo(kind == null ? java.util.List.of() : java.util.List.of(kind));
    assertThat(judgement.changes()).allMatch(c -> !c.reason().isBlank());
  }

  @Test
  void theStrictestChangeDecides() {
    var head =
        Projects.with(
            "datasources/events.datasource",
            Projects.EVENTS
                .replace("KEY \"timestamp\"", "KEY \"action, timestamp\"")
                .replace(
                    "`payload` String", "`n` Nullable(String) `json:$.n`,\n    `payload` String"));

    var judgement = judge(head);

    assertThat(judgement.verdict()).isEqualTo(Verdict.VERSION);
    assertThat(judgement.changes().stream().map(JudgedChange::impact))
        .containsExactlyInAnyOrder(Impact.VERSION, Impact.IN_PLACE);
    assertThat(judgement.versioned()).containsExactly("events");
  }

  @Test
  void aChangeIsShownOnItsOwnLine() {
    var change = judge(Projects.events("KEY \"timestamp\"", "KEY \"action, timestamp\""));

    assertThat(change.changes().getFirst().line()).isEqualTo(10);
    assertThat(change.changes().getFirst().before()).isEqualTo("timestamp");
    assertThat(change.changes().getFirst().after()).isEqualTo("action, timestamp");
  }

  @Test
  void aTtlThatKeepsLessDeletesRows() {
    var before =
        Projects.with(
            "datasources/events.datasource",
            Projects.EVENTS + "ENGINE_TTL \"timestamp + toIntervalDay(60)\"\n");
    var shorter =
        Projects.with(
            "datasources/events.datasource",
            Projects.EVENTS + "ENGINE_TTL \"timestamp + toIntervalDay(10)\"\n");
    var spelled =
        Projects.with(
            "datasources/events.datasource",
            Projects.EVENTS + "ENGINE_TTL \"timestamp + INTERVAL 60 DAY\"\n");

    assertThat(judge(before, shorter).changes().getFirst().destructive()).isTrue();
    assertThat(judge(before, shorter).verdict()).isEqualTo(Verdict.IN_PLACE);
    assertThat(judge(shorter, before).changes().getFirst().destructive()).isFalse();
    assertThat(judge(BASE, before).changes().getFirst().destructive()).isTrue();
    assertThat(judge(before, spelled).changes()).isEmpty();
  }

  @Test
  void aDropThatALiveViewSelectsIsRefusedEvenIfHeadNoLongerDoes() {
    var head =
        Projects.with(
            "datasources/events.datasource",
            Projects.EVENTS
                .replace("    `payload` String `json:$.payload`\n", "")
                .replace("`json:$.version`,", "`json:$.version`"),
            "pipes/hits.pipe",
            "NODE endpoint\nSQL >\n    SELECT timestamp, session_id, '' AS pathname FROM events WHERE action = 'page_hit'\n");

    var judgement = judge(head);

    assertThat(judgement.verdict()).isEqualTo(Verdict.REFUSE);
    assertThat(judgement.changes())
        .anyMatch(c ->
            c.kind().equals("column_dropped") && c.destructive() && c.reason().contains("hits"));
  }

  @Test
  void aColumnThatAViewCarriesAsItIsCantBecomeNullableInPlace() {
    var base =
        Projects.edited("pipes/hits.pipe", "coalesce(session_id, '0') AS session_id", "session_id");
    var text = Projects.EVENTS.replace("`session_id` String", "`session_id` Nullable(String)");
    var carried =
        Projects.with(
            "datasources/events.datasource",
            text,
            "pipes/hits.pipe",
            Projects.text(base, "pipes/hits.pipe"));

    assertThat(judge(base, carried).verdict()).isEqualTo(Verdict.REFUSE);
    // With coalesce between, NULL never reaches the state.
    assertThat(judge(Projects.with("datasources/events.datasource", text)).verdict())
        .isEqualTo(Verdict.IN_PLACE);
  }

  @Test
  void aViewTargetThatGetsAColumnNeedsANewVersion() {
    var head =
        Projects.edited(
            "datasources/pages_mv.datasource",
            "`pathname` String,",
            "`pathname` String,\n    `n` Nullable(String),");

    assertThat(judge(head).verdict()).isEqualTo(Verdict.VERSION);
    assertThat(judge(head).versioned()).containsExactly("pages_mv");
  }

  @Test
  void anotherQueryOfAViewVersionsItsTarget() {
    var head = Projects.edited("pipes/pages.pipe", "FROM hits", "FROM hits WHERE pathname != ''");

    assertThat(judge(head).verdict()).isEqualTo(Verdict.VERSION);
    assertThat(judge(head).versioned()).containsExactly("pages_mv");
  }

  @Test
  void aPlainPipeBetweenSourceAndViewIsPartOfTheQuery() {
    var head = Projects.edited("pipes/hits.pipe", "'page_hit'", "'page_view'");

    assertThat(judge(head).verdict()).isEqualTo(Verdict.VERSION);
    assertThat(judge(head).versioned()).containsExactly("pages_mv");
  }

  @Test
  void otherNamesOfNodesDontChangeAView() {
    var head =
        Projects.with(
            "pipes/hits.pipe", Projects.text(BASE, "pipes/hits.pipe").replace("parsed", "cleaned"));

    assertThat(judge(head).verdict()).isEqualTo(Verdict.NONE);
  }

  @Test
  void anEndpointIsReplacedWithoutMoreAdo() {
    assertThat(
            judge(
                    Projects.edited(
                        "pipes/top_pages.pipe", "GROUP BY", "WHERE pathname != '' GROUP BY"))
                .verdict())
        .isEqualTo(Verdict.NONE);
  }

  @Test
  void tokensOfADataSourceAreNotAppliedAndThatIsSaid() {
    var judgement =
        judge(
            Projects.with(
                "datasources/events.datasource", "TOKEN \"t\" APPEND\n\n" + Projects.EVENTS));

    assertThat(judgement.verdict()).isEqualTo(Verdict.NONE);
    assertThat(judgement.warnings().stream().map(Problem::code))
        .containsExactly("tokens_not_applied");
  }

  @Test
  void aRenamedFileIsRefused() {
    var changes =
        ProjectDiff.of(
            BASE,
            BASE,
            Map.of("datasources/a.datasource", "datasources/b.datasource", "README", "README.md"));

    var judgement = Judge.judge(BASE, BASE, changes, Settings.DEFAULTS);

    assertThat(judgement.verdict()).isEqualTo(Verdict.REFUSE);
    assertThat(judgement.changes()).hasSize(1);
  }

  @Test
  void aDataSourceInUseCantGo() {
    assertThat(
            judge(Projects.with("datasources/pages_mv.datasource", "", "pipes/pages.pipe", ""))
                .verdict())
        .isEqualTo(Verdict.REFUSE);
  }

  @Test
  void anUnusedDataSourceGoesWithAWarningUnlessThatIsAccepted() {
    var base = Projects.with("datasources/extra.datasource", Projects.EVENTS);
    var changes = ProjectDiff.of(base, BASE, Map.of());
    var accepted = new TreeMap<String, ForDataSource>();
    accepted.put(
        "extra",
        new ForDataSource(Optional.empty(), Optional.empty(), Map.of(), Set.of("data_removed")));
    var d = Settings.DEFAULTS;
    var settings =
        new Settings(
            d.lead(),
            d.margin(),
            d.settle(),
            d.maxLateness(),
            d.quiet(),
            1,
            1,
            1,
            d.lease(),
            d.poll(),
            d.copyPipes(),
            accepted);

    var warned = Judge.judge(base, BASE, changes, Settings.DEFAULTS);
    assertThat(warned.verdict()).isEqualTo(Verdict.CLEANUP);
    assertThat(warned.changes()).allMatch(JudgedChange::destructive);
    assertThat(warned.warnings()).extracting(Problem::code).containsExactly("data_removed");
    assertThat(Judge.judge(base, BASE, changes, settings).warnings()).isEmpty();
  }

  private static final String TWIN =
      Projects.EVENTS.replace("KEY \"timestamp\"", "KEY \"action, timestamp\"");
  private static final String SYNC =
      """
      NODE sync
      SQL >
          SELECT timestamp, session_id, action, version, payload FROM events
          WHERE timestamp > '2030-01-01 00:00:00'

      TYPE materialized
      DATASOURCE events_1
      """;

  @Test
  void aBareTwinOfTheAuthorIsVersioned() {
    var judgement = judge(Projects.with("datasources/events_1.datasource", TWIN));

    assertThat(judgement.verdict()).isEqualTo(Verdict.VERSION);
    assertThat(judgement.twins()).isEqualTo(Map.of("events", "events_1"));
    assertThat(judgement.versioned()).containsExactly("events");
  }

  @Test
  void oneMoreBucketIsNotATwin() {
    var base =
        Projects.with(
            "datasources/events_0.datasource", TWIN, "datasources/events_1.datasource", TWIN);
    var head =
        Projects.with(
            "datasources/events_0.datasource",
            TWIN,
            "datasources/events_1.datasource",
            TWIN,
            "datasources/events_2.datasource",
            TWIN);

    assertThat(judge(base, head).verdict()).isEqualTo(Verdict.NONE);
    assertThat(judge(base, head).warnings().stream().map(Problem::code))
        .containsExactly("looks_like_a_twin");
  }

  @Test
  void aPairWithItsPipeIsAlreadyVersioned() {
    var head = Projects.with("datasources/events_1.datasource", TWIN, "pipes/sync.pipe", SYNC);

    assertThat(judge(head).verdict()).isEqualTo(Verdict.ALREADY_VERSIONED);
  }

  @Test
  void editsToTheMigrationsPipesAreNotVersionedAgain() {
    var base = Projects.with("datasources/events_1.datasource", TWIN, "pipes/sync.pipe", SYNC);
    var head =
        Projects.with(
            "datasources/events_1.datasource",
            TWIN,
            "pipes/sync.pipe",
            SYNC.replace("2030", "2031"));

    assertThat(judge(base, head).verdict()).isEqualTo(Verdict.ALREADY_VERSIONED);
    assertThat(judge(base, head).warnings().stream().map(Problem::code))
        .contains("live_sync_replaced");
  }

  @Test
  void aLivePairIsNotVersionedAgain() {
    var base = Projects.with("datasources/events_1.datasource", TWIN, "pipes/sync.pipe", SYNC);
    var again =
        Projects.with(
            "datasources/events_1.datasource",
            TWIN.replace("action, timestamp", "session_id, timestamp"),
            "pipes/sync.pipe",
            SYNC);

    assertThat(judge(base, again).verdict()).isEqualTo(Verdict.REFUSE);
  }

  @Test
  void aColumnOfALivePairIsAddedToBothHalvesAndToThePipeBetweenThemOrNotAtAll() {
    var base = Projects.with("datasources/events_1.datasource", TWIN, "pipes/sync.pipe", SYNC);
    var column = "`n` Nullable(String) `json:$.n`,\n    `payload` String";
    var source = Projects.EVENTS.replace("`payload` String", column);
    var twin = TWIN.replace("`payload` String", column);

    var one =
        Projects.with(
            "datasources/events.datasource",
            source,
            "datasources/events_1.datasource",
            TWIN,
            "pipes/sync.pipe",
            SYNC);
    var both =
        Projects.with(
            "datasources/events.datasource",
            source,
            "datasources/events_1.datasource",
            twin,
            "pipes/sync.pipe",
            SYNC);
    var all =
        Projects.with(
            "datasources/events.datasource",
            source,
            "datasources/events_1.datasource",
            twin,
            "pipes/sync.pipe",
            SYNC.replace("payload FROM", "payload, n FROM"));

    var alone = judge(base, one);
    assertThat(alone.verdict()).isEqualTo(Verdict.REFUSE);
    assertThat(alone.changes().getFirst().reason()).contains("wait until", "is replaced");
    assertThat(judge(base, both).verdict()).isEqualTo(Verdict.REFUSE);
    assertThat(judge(base, all).verdict()).isEqualTo(Verdict.ALREADY_VERSIONED);
  }

  @Test
  void theLeftoversOfAMigrationAreCleanedUp() {
    var base = Projects.with("datasources/events_1.datasource", TWIN, "pipes/sync.pipe", SYNC);
    var head = Projects.with("datasources/events_1.datasource", TWIN);

    assertThat(judge(base, head).verdict()).isEqualTo(Verdict.CLEANUP);
  }

  @Test
  void aTargetThatTookOverInTheSamePullRequestHasNoHistory() {
    var base = Projects.with("datasources/extra.datasource", Projects.EVENTS);
    var head = Projects.with("datasources/extra_1.datasource", TWIN);

    assertThat(judge(base, head).verdict()).isEqualTo(Verdict.REFUSE);
  }
}
