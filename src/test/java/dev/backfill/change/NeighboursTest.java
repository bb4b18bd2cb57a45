package dev.backfill.change;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.config.Settings;
import dev.backfill.config.Settings.ForDataSource;
import dev.backfill.plan.Projects;
import dev.backfill.problem.Problem;
import dev.backfill.project.Project;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What stands beside a change, and has or hasn't to do with it: pairs of others, Pipes that only
/// look like part of a migration, columns that only look renamed.
class NeighboursTest {
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
  private static final String COPY =
      SYNC.replace("TYPE materialized\nDATASOURCE", "TYPE COPY\nTARGET_DATASOURCE");

  private static Project pair(String... more) {
    return with(
        List.of("datasources/events_1.datasource", TWIN, "pipes/sync.pipe", SYNC), List.of(more));
  }

  private static Project with(List<String> files, List<String> more) {
    var all = new ArrayList<>(files);
    all.addAll(more);
    return Projects.with(all.toArray(String[]::new));
  }

  private static Judgement judge(Project base, Project head, Settings settings) {
    return Judge.judge(base, head, ProjectDiff.of(base, head, Map.of()), settings);
  }

  private static Judgement judge(Project base, Project head) {
    return judge(base, head, Settings.DEFAULTS);
  }

  private static List<String> codes(Judgement judgement) {
    return judgement.warnings().stream().map(Problem::code).toList();
  }

  private static List<String> kinds(Judgement judgement) {
    return judgement.changes().stream().map(JudgedChange::kind).toList();
  }

  private static String text(String path) {
    return Projects.text(Projects.with(), path);
  }

  @Test
  void aTwinWithAColumnThatNothingFillsIsAnotherDataSource() {
    var judgement =
        judge(
            Projects.with(),
            Projects.with(
                "datasources/events_1.datasource",
                TWIN.replace("`payload`", "`n` UInt8 `json:$.n`,\n    `payload`")));

    assertThat(judgement.verdict()).isEqualTo(Verdict.NONE);
    assertThat(judgement.twins()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"`n` Nullable(UInt8) `json:$.n`", "`n` UInt8 `json:$.n` DEFAULT 1"})
  void aTwinWithAColumnThatFillsItselfIsATwin(String column) {
    var head =
        Projects.with(
            "datasources/events_1.datasource",
            TWIN.replace("`payload`", column + ",\n    `payload`"));

    assertThat(judge(Projects.with(), head).twins()).containsEntry("events", "events_1");
  }

  @Test
  void aTwinWithAColumnThatTheSettingsFillIsATwin() {
    var head =
        Projects.with(
            "datasources/events_1.datasource",
            TWIN.replace("`payload`", "`n` UInt8 `json:$.n`,\n    `payload`"));
    var filled = new TreeMap<String, ForDataSource>();
    filled.put(
        "events",
        new ForDataSource(Optional.empty(), Optional.empty(), Map.of("n", "1"), Set.of()));
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
            filled);

    assertThat(judge(Projects.with(), head, settings).twins()).containsEntry("events", "events_1");
  }

  @Test
  void aDataSourceBesideALivePairIsVersioned() {
    var head =
        pair(
            "datasources/pages_mv.datasource",
            text("datasources/pages_mv.datasource").replace("date, pathname", "pathname, date"));

    assertThat(judge(pair(), head).verdict()).isEqualTo(Verdict.VERSION);
    assertThat(judge(pair(), head).versioned()).containsExactly("pages_mv");
  }

  @Test
  void aViewBesideALivePairIsVersioned() {
    var head =
        pair(
            "pipes/pages.pipe", text("pipes/pages.pipe").replace("FROM hits", "FROM hits WHERE 1"));

    assertThat(judge(pair(), head).verdict()).isEqualTo(Verdict.VERSION);
  }

  @Test
  void aPairThatEndsInTheSamePullRequestHoldsNothingBack() {
    var head =
        Projects.with(
            "datasources/events_1.datasource", TWIN, "datasources/events.datasource", TWIN);

    assertThat(judge(pair(), head).verdict()).isEqualTo(Verdict.VERSION);
  }

  @Test
  void aCopyBetweenTwoVersionsHoldsNothingBack() {
    var base = pair("pipes/sync.pipe", COPY);
    var head = pair("pipes/sync.pipe", COPY, "datasources/events.datasource", TWIN);

    assertThat(judge(base, head).verdict()).isEqualTo(Verdict.VERSION);
  }

  @Test
  void theNewHalfOfALivePairIsntChangedAlone() {
    var added = TWIN.replace("`payload`", "`n` Nullable(UInt8) `json:$.n`,\n    `payload`");
    var nullable = TWIN.replace("`payload` String", "`payload` Nullable(String)");

    assertThat(judge(pair(), pair("datasources/events_1.datasource", added)).changes())
        .singleElement()
        .matches(c -> c.impact() == Impact.REFUSE && c.reason().contains("to be in events and"));
    assertThat(judge(pair(), pair("datasources/events_1.datasource", nullable)).verdict())
        .isEqualTo(Verdict.REFUSE);
  }

  @Test
  void thePipeOfAnotherPairNeedntBringTheColumn() {
    var other =
        List.of(
            "datasources/others.datasource",
            Projects.EVENTS,
            "datasources/others_1.datasource",
            TWIN,
            "pipes/sync_others.pipe",
            SYNC.replace("events", "others"));
    var column = "`n` Nullable(String) `json:$.n`,\n    `payload` String";
    var head =
        with(
            other,
            List.of(
                "datasources/events.datasource",
                Projects.EVENTS.replace("`payload` String", column),
                "datasources/events_1.datasource",
                TWIN.replace("`payload` String", column),
                "pipes/sync.pipe",
                SYNC.replace("payload FROM", "payload, n FROM")));

    assertThat(judge(pair(other.toArray(String[]::new)), head).verdict())
        .isEqualTo(Verdict.ALREADY_VERSIONED);
  }

  @Test
  void aVersionThatGoesTooHoldsNoRows() {
    var base =
        Projects.with(
            "datasources/extra.datasource",
            Projects.EVENTS,
            "datasources/extra_1.datasource",
            TWIN);

    assertThat(codes(judge(base, Projects.with()))).containsExactly("data_removed", "data_removed");
    assertThat(codes(judge(base, Projects.with("datasources/extra_1.datasource", TWIN)))).isEmpty();
  }

  @Test
  void aPipeThatIsStillReadIsntTheLeftoverOfAPair() {
    assertThat(judge(pair(), pair("pipes/hits.pipe", "")).verdict()).isEqualTo(Verdict.REFUSE);
  }

  @Test
  void whatIsAddedBesideAPairIsNew() {
    assertThat(judge(pair(), pair("datasources/cities.datasource", Projects.EVENTS)).verdict())
        .isEqualTo(Verdict.NONE);
    assertThat(
            judge(pair(), pair("pipes/all.pipe", "NODE n\nSQL >\n    SELECT * FROM events\n"))
                .verdict())
        .isEqualTo(Verdict.NONE);
  }

  @Test
  void aPipeBetweenTwoVersionsMakesThemAPair() {
    assertThat(judge(Projects.with("datasources/events_1.datasource", TWIN), pair()).verdict())
        .isEqualTo(Verdict.ALREADY_VERSIONED);
  }

  private static final String BY_SESSION =
      Projects.EVENTS.replace("KEY \"timestamp\"", "KEY \"session_id\"");
  private static final String ALL =
      """
      NODE all
      SQL >
          SELECT timestamp, session_id, action, version, payload FROM events

      TYPE materialized
      DATASOURCE by_session
      """;
  private static final String READER = "NODE n\nSQL >\n    SELECT count() AS c FROM events\n";

  @Test
  void aViewForAnotherKeyIsAVersionOnlyIfReadersMoveThere() {
    var moved = READER.replace("events", "by_session");
    var base = Projects.with("pipes/reader.pipe", READER);
    var files = List.of("datasources/by_session.datasource", BY_SESSION, "pipes/all.pipe", ALL);

    assertThat(judge(base, with(files, List.of("pipes/reader.pipe", moved))).verdict())
        .isEqualTo(Verdict.ALREADY_VERSIONED);
    assertThat(
            judge(base, with(files, List.of("pipes/reader.pipe", READER, "pipes/new.pipe", moved)))
                .verdict())
        .isEqualTo(Verdict.NONE);
  }

  private static String joining(String table) {
    return text("pipes/pages.pipe")
        .replace("FROM hits", "FROM hits JOIN " + table + " AS c USING (session_id)");
  }

  @Test
  void aViewThatJoinsTheOtherVersionKeepsItsRowsAndNothingElseMayDiffer() {
    var files =
        List.of(
            "datasources/cities.datasource", Projects.EVENTS,
            "datasources/cities_1.datasource", TWIN,
            "datasources/shops.datasource", Projects.EVENTS);
    var base = with(files, List.of("pipes/pages.pipe", joining("cities")));
    var twin = judge(base, with(files, List.of("pipes/pages.pipe", joining("cities_1"))));

    assertThat(twin.verdict()).isEqualTo(Verdict.NONE);
    assertThat(codes(twin)).containsExactly("view_moved");
    assertThat(judge(base, with(files, List.of("pipes/pages.pipe", joining("shops")))).verdict())
        .isEqualTo(Verdict.VERSION);
    assertThat(
            judge(
                    base,
                    with(
                        files,
                        List.of(
                            "pipes/pages.pipe",
                            joining("cities_1")
                                .replace("uniqState(session_id)", "uniqState(pathname)"))))
                .verdict())
        .isEqualTo(Verdict.VERSION);
  }

  private static String cut(String condition) {
    return text("pipes/pages.pipe").replace("FROM hits", "FROM hits WHERE " + condition);
  }

  @Test
  void onlyTheInstantOfASplitViewMayMove() {
    var history = List.of("pipes/pages_history.pipe", cut("timestamp < '2031-05-01 00:00:00'"));
    var base =
        with(history, List.of("pipes/pages.pipe", cut("timestamp >= '2031-05-01 00:00:00'")));
    var moved =
        with(history, List.of("pipes/pages.pipe", cut("timestamp >= '2031-06-01 00:00:00'")));
    var more =
        with(
            history,
            List.of(
                "pipes/pages.pipe", cut("timestamp >= '2031-06-01 00:00:00' AND pathname != ''")));

    assertThat(judge(base, moved).verdict()).isEqualTo(Verdict.ALREADY_VERSIONED);
    assertThat(judge(base, more).verdict()).isEqualTo(Verdict.VERSION);
  }

  @Test
  void aSecondViewOfOtherRowsIsNoSecondFeed() {
    var head =
        Projects.with(
            "datasources/others.datasource",
            Projects.EVENTS,
            "pipes/other_pages.pipe",
            text("pipes/pages.pipe")
                .replace("FROM hits", "FROM others")
                .replace("date, pathname,", "date, payload AS pathname,"));

    assertThat(codes(judge(Projects.with(), head))).doesNotContain("second_feed");
  }

  @Test
  void aColumnThatComesElsewhereIsntARenamedOne() {
    var head =
        Projects.with(
            "datasources/events.datasource",
            Projects.EVENTS
                .replace("    `version` LowCardinality(String) `json:$.version`,\n", "")
                .replace(
                    "    `timestamp` DateTime",
                    "    `release` LowCardinality(String) `json:$.r`,\n    `timestamp` DateTime"));

    assertThat(kinds(judge(Projects.with(), head)))
        .containsExactly("column_added", "column_dropped");
  }

  @Test
  void twoColumnsThatAreRenamedSideBySideKeepTheirOrder() {
    var head =
        Projects.events(
            "`action` LowCardinality(String) `json:$.action`,\n    `version` LowCardinality(String)",
            "`verb` LowCardinality(String) `json:$.action`,\n    `release` LowCardinality(String)");

    assertThat(ProjectDiff.of(Projects.with(), head, Map.of()))
        .filteredOn(Change.ColumnRenamed.class::isInstance)
        .map(c -> (Change.ColumnRenamed) c)
        .extracting(c -> c.before().name() + " " + c.after().name())
        .containsExactlyInAnyOrder("action verb", "version release");
  }

  @Test
  void aNodeThatBecomesATemplateIsAnotherQuery() {
    var head =
        Projects.with(
            "pipes/top_pages.pipe",
            text("pipes/top_pages.pipe").replace("SQL >\n", "SQL >\n    %\n"));

    assertThat(kinds(judge(Projects.with(), head))).containsExactly("query");
  }
}
