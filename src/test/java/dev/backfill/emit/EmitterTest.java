package dev.backfill.emit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.plan.Cutover;
import dev.backfill.plan.Feed;
import dev.backfill.plan.ForkedPipe;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Migration.CutColumn;
import dev.backfill.plan.Migration.Projected;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.problem.Problem;
import dev.backfill.project.Project;
import dev.backfill.project.TimeType;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmitterTest {
  private static final Plan PLAN = Example.plan(Example.migrations());

  @Test
  void writesEveryFileOfTheSpecificationsExample() {
    var changes = Emitter.emit(PLAN, Example.base(), Example.head());

    assertThat(changes.stream().map(FileChange::path))
        .containsExactly(
            ".tinyenv",
            "datasources/actions_daily_1.datasource",
            "datasources/analytics_events.datasource",
            "datasources/analytics_events_1.datasource",
            "datasources/errors_1.datasource",
            "deploy/0.0.4/deploy.sh",
            "pipes/actions_daily_mv_1.pipe",
            "pipes/backfill_analytics_events_1.pipe",
            "pipes/errors_mv_1.pipe",
            "pipes/sync_analytics_events_1.pipe");
    assertThat(changes.stream().filter(FileChange::executable).map(FileChange::path))
        .containsExactly("deploy/0.0.4/deploy.sh");
    assertThat(changes.stream().filter(c -> !c.generated()).map(FileChange::path))
        .containsExactly(".tinyenv", "datasources/analytics_events.datasource");
  }

  @Test
  void theSameTwiceIsTheSame() {
    assertThat(Emitter.emit(PLAN, Example.base(), Example.head()))
        .isEqualTo(Emitter.emit(PLAN, Example.base(), Example.head()));
  }

  @Test
  void givesTheAuthorsTextToTheNewVersionAndTheOldTextBack() {
    var files = emitted(PLAN, Example.base(), Example.head());

    assertThat(files)
        .containsEntry("datasources/analytics_events_1.datasource", Example.NEW_EVENTS)
        .containsEntry("datasources/analytics_events.datasource", Example.EVENTS)
        .containsEntry(".tinyenv", Example.TINYENV.replace("0.0.3", "0.0.4"));
  }

  @Test
  void theSyncPipeSelectsNamedColumnsFromTheCutoverOn() {
    assertThat(
            emitted(PLAN, Example.base(), Example.head()).get("pipes/sync_analytics_events_1.pipe"))
        .isEqualTo(
            """
            DESCRIPTION >
                Copies rows of analytics_events that arrive from now on, at or after the cutover, into analytics_events_1.
                Made by tinybird-backfill. Changing or removing it by hand before the migration is over loses rows.

            NODE sync
            SQL >
                SELECT
                    `timestamp`,
                    `session_id`,
                    `action`,
                    `version`,
                    `payload`
                FROM `analytics_events`
                WHERE `timestamp` >= toDateTime('${BACKFILL_T_ANALYTICS_EVENTS_1}', 'UTC')

            TYPE materialized
            DATASOURCE analytics_events_1
            """);
  }

  @Test
  void aPinnedCutoverIsALiteral() {
    var plan = Example.pinned(Instant.parse("2026-01-31T13:30:00Z"));

    assertThat(
            emitted(plan, Example.base(), Example.head()).get("pipes/sync_analytics_events_1.pipe"))
        .contains("WHERE `timestamp` >= toDateTime('2026-01-31 13:30:00', 'UTC')")
        .doesNotContain("${");
  }

  @Test
  void theBackfillPipeIsACopyPipeOnDemandWithoutGuardByHand() {
    assertThat(
            emitted(PLAN, Example.base(), Example.head())
                .get("pipes/backfill_analytics_events_1.pipe"))
        .startsWith("DESCRIPTION >\n    Copies rows of analytics_events into analytics_events_1")
        .contains("has no guard")
        .contains("NODE backfill\nSQL >\n    %\n")
        .endsWith(
            "\n\nTYPE COPY\nTARGET_DATASOURCE analytics_events_1\nCOPY_MODE append\nCOPY_SCHEDULE @on-demand\n");
  }

  @Test
  void aForkReadsAndWritesTheNewVersionsAndIsOtherwiseTheOriginal() {
    var files = emitted(PLAN, Example.base(), Example.head());

    assertThat(files.get("pipes/actions_daily_mv_1.pipe"))
        .isEqualTo(
            Example.DAILY_MV
                .replace("TOKEN", "# (not carried over) TOKEN")
                .replace("FROM analytics_events", "FROM analytics_events_1")
                .replace("DATASOURCE actions_daily", "DATASOURCE actions_daily_1"));
    assertThat(files.get("pipes/errors_mv_1.pipe"))
        .contains("SELECT analytics_events.timestamp, session_id")
        .contains("FROM analytics_events_1 AS analytics_events WHERE action = 'error'")
        .endsWith("DATASOURCE \"errors_1\"\n");
    assertThat(files.get("datasources/actions_daily_1.datasource")).isEqualTo(Example.DAILY);
  }

  @Test
  void nothingOfABlockStartsInColumnZeroAndEveryLineSurvivesTheReader() {
    emitted(PLAN, Example.base(), Example.head())
        .forEach((path, text) -> {
          if (path.endsWith(".pipe") && !path.contains("_mv_")) {
            var parsed = dev.backfill.datafile.DatafileParser.parse(path, text);
            assertThat(parsed.problems()).as(path).isEmpty();
            assertThat(text.lines())
                .allMatch(line ->
                    line.isEmpty() || line.startsWith("    ") || line.matches("[A-Z_]+ .*"));
          }
        });
  }

  @Test
  void forksThePlainPipesBetweenAVersionedSourceAndItsViews() {
    var files = new TreeMap<>(Example.files(Example.EVENTS));
    files.put(
        "pipes/clean.pipe",
        "TOKEN \"x\" READ\nNODE c\nSQL >\n    SELECT * FROM analytics_events\n");
    files.put(
        "pipes/errors_mv.pipe",
        "NODE e\nSQL >\n    SELECT * FROM clean\n\nTYPE materialized\nDATASOURCE errors\n");
    var head = new TreeMap<>(files);
    head.put("datasources/analytics_events.datasource", Example.NEW_EVENTS);
    var core = PLAN.core();
    var plan =
        with(
            new PlanCore(
                1,
                "1",
                "classic",
                "0.0.4",
                Optional.empty(),
                List.of(),
                core.migrations(),
                List.of(new ForkedPipe("clean", "clean_1")),
                core.cutover(),
                core.limits(),
                List.of()));

    var out = emitted(plan, Example.project(files), Example.project(head));

    assertThat(out.get("pipes/clean_1.pipe"))
        .isEqualTo(
            "# (not carried over) TOKEN \"x\" READ\nNODE c\nSQL >\n    SELECT * FROM analytics_events_1\n");
    assertThat(out.get("pipes/errors_mv_1.pipe"))
        .contains("FROM clean_1\n")
        .contains("DATASOURCE errors_1");
    assertThat(out.get("deploy/0.0.4/deploy.sh"))
        .contains("  pipes/clean.pipe\n")
        .contains("  pipes/clean_1.pipe\n");
  }

  @Test
  void theAuthorsOwnNewVersionIsKept() {
    var head = new TreeMap<>(Example.files(Example.EVENTS));
    head.put("datasources/analytics_events_1.datasource", Example.NEW_EVENTS);

    var changes = Emitter.emit(PLAN, Example.base(), Example.project(head));

    assertThat(changes.stream().map(FileChange::path))
        .doesNotContain(
            "datasources/analytics_events_1.datasource", "datasources/analytics_events.datasource")
        .contains("pipes/sync_analytics_events_1.pipe");
  }

  @Test
  void connectorLinesStayWithTheOldVersion() {
    var kafka = "KAFKA_TOPIC events\nIMPORT_QUERY >\n    SELECT 1\n    FROM x\n";

    var files =
        emitted(
            PLAN,
            Example.project(Example.files(Example.EVENTS + kafka)),
            Example.project(Example.files(Example.NEW_EVENTS + kafka)));

    assertThat(files.get("datasources/analytics_events_1.datasource"))
        .isEqualTo(
            Example.NEW_EVENTS
                + "# (not carried over) KAFKA_TOPIC events\n# (not carried over) IMPORT_QUERY >\n"
                + "# (not carried over)     SELECT 1\n# (not carried over)     FROM x\n");
    assertThat(files.get("datasources/analytics_events.datasource")).endsWith(kafka);
  }

  @Test
  void whatCanBeAlteredStaysOnTheOldVersionToo() {
    var head =
        Example.NEW_EVENTS
                .replace(
                    "    `payload` String `json:$.payload`",
                    "    `payload` String `json:$.payload` DEFAULT '{}',\n    `country` Nullable(String) `json:$.country`")
                .replace(
                    "DESCRIPTION What happened, as the tracker saw it",
                    "DESCRIPTION >\n    New words")
                .replace("`version` LowCardinality(String)", "`version` String")
            + "ENGINE_TTL \"timestamp + toIntervalDay(90)\"\n";

    var files = emitted(PLAN, Example.base(), Example.project(Example.files(head)));

    assertThat(files.get("datasources/analytics_events_1.datasource")).isEqualTo(head);
    assertThat(files.get("datasources/analytics_events.datasource"))
        .isEqualTo(
            """
            # landing
            DESCRIPTION >
                New words
            TOKEN "tracker" APPEND

            SCHEMA >
                `timestamp` DateTime `json:$.timestamp`,
                `session_id` String `json:$.session_id`,
                `action` LowCardinality(String) `json:$.action`,
                `version` LowCardinality(String) `json:$.version`,
                `payload` String `json:$.payload` DEFAULT '{}',
                `country` Nullable(String) `json:$.country`

            ENGINE "MergeTree"
            ENGINE_PARTITION_KEY "toYYYYMM(timestamp)"
            ENGINE_SORTING_KEY "timestamp"
            ENGINE_TTL "timestamp + toIntervalDay(90)"
            """);
  }

  @Test
  void aRenamedOrDroppedColumnStaysAsItIsOnTheOldVersion() {
    var head = Example.NEW_EVENTS.replace("`session_id` String", "`session` String");

    var files = emitted(PLAN, Example.base(), Example.project(Example.files(head)));

    assertThat(files.get("datasources/analytics_events.datasource")).isEqualTo(Example.EVENTS);
  }

  @Test
  void aViewThatTheAuthorEditedIsEditedInItsForkOnly() {
    var head = new TreeMap<>(Example.files(Example.NEW_EVENTS));
    head.put("pipes/errors_mv.pipe", Example.ERRORS_MV.replace("'error'", "'failure'"));

    var files = emitted(PLAN, Example.base(), Example.project(head));

    assertThat(files.get("pipes/errors_mv.pipe")).isEqualTo(Example.ERRORS_MV);
    assertThat(files.get("pipes/errors_mv_1.pipe")).contains("action = 'failure'");
  }

  @Test
  void dollarsOfAnExpressionAreNoVariables() {
    var plan = projecting("concat(payload, '${HOME} $x')");

    var files = emitted(plan, Example.base(), Example.head());

    assertThat(files.get("pipes/sync_analytics_events_1.pipe"))
        .contains("'$${HOME} $$x'")
        .contains("'${BACKFILL_T_ANALYTICS_EVENTS_1}'");
    assertThat(files.get("pipes/backfill_analytics_events_1.pipe")).contains("'$${HOME} $$x'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a\nb",
        "'{{x}}'",
        "'{% if %}'",
        "'{# #}'",
        "payload -- x",
        "payload /* x */",
        " "
      })
  void refusesExpressionsThatWouldBeReadAsSomethingElse(String expression) {
    assertThat(codes(projecting(expression), Example.head()))
        .containsExactly("expression_not_plain");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a;touch x", "a b", "a'b", "a\nb", "$(x)", "ä"})
  void refusesNamesThatAreNoNames(String name) {
    var plan = Example.plan(List.of(Example.events(), Example.fork(name, "mv_1", "MergeTree")));

    assertThat(codes(plan, Example.head())).contains("name_not_plain");
  }

  @ParameterizedTest
  @ValueSource(strings = {"VERSION=1.0.0$(touch x)", "VERSION=`id`", "VERSION=1 2", "VERSION=\"1'"})
  void refusesAVersionThatIsNoVersion(String line) {
    var files = new TreeMap<>(Example.files(Example.NEW_EVENTS));
    files.put(".tinyenv", line + "\n");

    assertThat(codes(PLAN, Example.project(files))).containsExactly("version_not_plain");
  }

  @Test
  void hostileLinesOfTinyenvAreKeptAndGoNowhereElse() {
    var hostile = "X=$(touch pwned)\r\nVERSION='0.0.3'\r\n`touch pwned`";
    var head = new TreeMap<>(Example.files(Example.NEW_EVENTS));
    head.put(".tinyenv", hostile);

    var files = emitted(PLAN, Example.base(), Example.project(head));

    assertThat(files.get(".tinyenv"))
        .isEqualTo(hostile.replace("VERSION='0.0.3'\r", "VERSION=0.0.4"));
    assertThat(files.get("deploy/0.0.4/deploy.sh")).doesNotContain("pwned");
  }

  @Test
  void makesATinyenvWhereThereIsNone() {
    var head = new TreeMap<>(Example.files(Example.NEW_EVENTS));
    head.remove(".tinyenv");

    assertThat(emitted(PLAN, Example.base(), Example.project(head)))
        .containsEntry(".tinyenv", "VERSION=0.0.4\n");
  }

  @Test
  void refusesAPathThatAShellCouldRead() {
    var base = moved(Example.files(Example.EVENTS));
    var head = moved(Example.files(Example.NEW_EVENTS));

    assertThat(
            Emitter.obstacles(PLAN, Example.project(base), Example.project(head)).stream()
                .map(Problem::code))
        .containsExactly("path_not_plain");
  }

  private static SortedMap<String, String> moved(SortedMap<String, String> files) {
    var out = new TreeMap<>(files);
    out.put("data $(x)/errors.datasource", out.remove("datasources/errors.datasource"));
    return out;
  }

  @Test
  void refusesToTakeAnAuthorsName() {
    var head = new TreeMap<>(Example.files(Example.NEW_EVENTS));
    head.put("pipes/sync_analytics_events_1.pipe", "NODE a\nSQL >\n    SELECT 1\n");

    assertThat(codes(PLAN, Example.project(head))).containsExactly("name_taken");
  }

  @Test
  void refusesACutColumnThatGetsCoarserOrLosesItsNulls() {
    var day = new TimeType(TimeType.Kind.DATE, 0, Optional.empty(), false);
    var nullable = new TimeType(TimeType.Kind.DATETIME, 0, Optional.empty(), true);

    assertThat(codes(cut(Example.SECONDS, day), Example.head()))
        .containsExactly("cut_column_coarser");
    assertThat(codes(cut(nullable, Example.SECONDS), Example.head()))
        .containsExactly("cut_column_loses_null");
  }

  @Test
  void refusesScenariosItCannotWrite() {
    var m = Example.events();
    var other =
        new Migration(
            m.source(),
            m.target(),
            m.cause(),
            m.scenario(),
            new Feed.Live(Feed.Live.Kind.NONE, ""),
            m.historyFeed(),
            m.trigger(),
            m.timestamp(),
            m.projection(),
            m.engine(),
            m.sortingKey(),
            m.partitionKey(),
            m.ttl(),
            m.query(),
            m.reduced(),
            m.files());

    assertThat(codes(Example.plan(List.of(other)), Example.head()))
        .containsExactly("scenario_not_emitted");
    assertThatThrownBy(
            () -> Emitter.emit(Example.plan(List.of(other)), Example.base(), Example.head()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesALeadThatCannotBeKept() {
    var plan =
        Example.plan(Example.migrations(), new Cutover(Duration.ofMinutes(5), Optional.empty()));

    assertThat(codes(plan, Example.head())).containsExactly("lead_within_margin");
  }

  @Test
  void undoingGivesTheAuthorsFilesBack() {
    var author = new TreeMap<>(Example.files(Example.NEW_EVENTS + "KAFKA_TOPIC a\n"));
    author.put("pipes/errors_mv.pipe", Example.ERRORS_MV.replace("'error'", "'failure'"));
    var base = Example.project(Example.files(Example.EVENTS + "KAFKA_TOPIC a\n"));
    var changes = Emitter.emit(PLAN, base, Example.project(author));
    var committed = Example.committed(PLAN.core(), changes);
    var generated = Example.applied(author, changes);
    generated.put("deploy/0.0.4/plan.json", "{}");

    var undone = Undo.of(generated, committed);

    // The alias that a qualified column needed stays behind in the fork's reverse: same meaning.
    assertThat(undone.remove("pipes/errors_mv.pipe"))
        .contains("'failure'")
        .contains("FROM analytics_events ")
        .endsWith("DATASOURCE \"errors\"\n");
    author.remove("pipes/errors_mv.pipe");
    assertThat(undone).isEqualTo(author);
    assertThat(Undo.problems(generated, committed)).isEmpty();
  }

  @Test
  void undoingWhereNothingWasGeneratedChangesNothing() {
    var changes = Emitter.emit(PLAN, Example.base(), Example.head());
    var files = Example.files(Example.NEW_EVENTS);

    assertThat(Undo.of(files, Example.committed(PLAN.core(), changes))).isEqualTo(files);
  }

  @Test
  void anEditOfTheNewVersionCountsAsTheAuthors() {
    var changes = Emitter.emit(PLAN, Example.base(), Example.head());
    var files = Example.applied(Example.files(Example.NEW_EVENTS), changes);
    var edited = Example.NEW_EVENTS.replace("action, timestamp", "version, timestamp");
    files.put("datasources/analytics_events_1.datasource", edited);

    var undone = Undo.of(files, Example.committed(PLAN.core(), changes));

    assertThat(undone).containsEntry("datasources/analytics_events.datasource", edited);
  }

  @Test
  void anEditOfTheOldVersionAfterGenerateIsReported() {
    var changes = Emitter.emit(PLAN, Example.base(), Example.head());
    var files = Example.applied(Example.files(Example.NEW_EVENTS), changes);
    files.put("datasources/analytics_events.datasource", Example.EVENTS + "# more\n");

    assertThat(Undo.problems(files, Example.committed(PLAN.core(), changes)))
        .extracting(Problem::code, p -> p.place().file())
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(
                "edited_after_generate", "datasources/analytics_events.datasource"));
  }

  @Test
  void undoingRemovesATinyenvThatOnlyWeMade() {
    var author = new TreeMap<>(Example.files(Example.NEW_EVENTS));
    author.remove(".tinyenv");
    var changes = Emitter.emit(PLAN, Example.base(), Example.project(author));

    assertThat(Undo.of(Example.applied(author, changes), Example.committed(PLAN.core(), changes)))
        .isEqualTo(author);
  }

  private static Plan projecting(String expression) {
    var m = Example.events();
    return Example.plan(
        List.of(
            Example.events(
                m.timestamp().orElseThrow(),
                List.of(
                    new Projected("timestamp", "timestamp", "DateTime"),
                    new Projected("payload", expression, "String")))));
  }

  private static Plan cut(TimeType from, TimeType to) {
    return Example.plan(
        List.of(
            Example.events(
                new CutColumn("timestamp", "timestamp", from, to), Example.events().projection())));
  }

  private static Plan with(PlanCore core) {
    return new Plan(PLAN.verdict(), core, List.of(), List.of(), List.of(), Map.of());
  }

  private static List<String> codes(Plan plan, Project head) {
    return Emitter.obstacles(plan, Example.base(), head).stream()
        .map(Problem::code)
        .distinct()
        .toList();
  }

  private static SortedMap<String, String> emitted(Plan plan, Project base, Project head) {
    var out = new TreeMap<String, String>();
    Emitter.emit(plan, base, head).forEach(c -> out.put(c.path(), c.text().orElseThrow()));
    return out;
  }
}
