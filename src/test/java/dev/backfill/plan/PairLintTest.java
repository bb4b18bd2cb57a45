package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.problem.Problem;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Mistakes in sync and Copy Pipes that people write by hand.
class PairLintTest {
  private static final String TWIN =
      Projects.EVENTS.replace("KEY \"timestamp\"", "KEY \"action, timestamp\"");
  private static final String COLUMNS = "timestamp, session_id, action, version, payload";

  private static String sync(String rest) {
    return sync(COLUMNS, rest);
  }

  private static String sync(String columns, String rest) {
    return "NODE n\nSQL >\n    SELECT %s FROM events %s\n\nTYPE materialized\nDATASOURCE events_1\n"
        .formatted(columns, rest);
  }

  private static String copy(String rest) {
    return "NODE n\nSQL >\n    SELECT %s FROM events %s\n\nTYPE copy\nTARGET_DATASOURCE events_1\nCOPY_MODE append\n"
        .formatted(COLUMNS, rest);
  }

  /// What is said when these Pipes are added with the new version.
  private static List<Problem> said(String... pipes) {
    var files = new ArrayList<String>(List.of("datasources/events_1.datasource", TWIN));
    for (var i = 0; i < pipes.length; i++) {
      files.add("pipes/p" + i + ".pipe");
      files.add(pipes[i]);
    }
    var plan = Planned.plan(Projects.with(), Projects.with(files.toArray(String[]::new)));
    return plan.warnings().stream().filter(p -> p.code().startsWith("pair_")).toList();
  }

  private static List<String> codes(String... pipes) {
    return said(pipes).stream().map(Problem::code).toList();
  }

  private static final String FROM = "WHERE timestamp >= '2031-05-01 00:00:00'";
  private static final String UNTIL = "WHERE timestamp < '2031-05-01 00:00:00'";

  @Test
  void aSyncAndACopyThatMeetAreFine() {
    assertThat(codes(sync(FROM), copy(UNTIL))).isEmpty();
  }

  @ParameterizedTest(name = "{0} | {1}: {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "timestamp > '2031-05-01' | timestamp <= '2031-05-01' | []",
        "timestamp > '2031-05-01' | timestamp < '2031-05-01' | [pair_bounds_gap]",
        "timestamp >= '2031-05-01' | timestamp <= '2031-05-01' | [pair_bounds_overlap]",
        "timestamp >= '2031-05-01' | timestamp < '2031-05-02' | [pair_cut_differs]",
        "timestamp >= '2031-05-01' | timestamp < '2031-05-02' AND timestamp < '2031-05-01' | []",
        "timestamp >= toDateTime('2031-05-01', 'UTC') | timestamp < toDateTime('2031-05-01', 'Europe/Madrid') | [pair_cut_differs]",
        "timestamp >= toDateTime('2031-05-01', 'UTC') | timestamp < '2031-05-01' | []",
        "timestamp >= '2031-05-01' | session_id = 'a' | []",
        "timestamp >= '2031-05-01' | session_id < '2031-05-03' | []",
        "timestamp < '2032-01-01' AND timestamp >= '2031-05-01' | timestamp < '2031-05-01' | []",
        "session_id = 'a' | timestamp < '2031-05-01' | []",
      })
  void theCutsOfSyncAndCopyAreCompared(String live, String copied, String codes) {
    assertThat(codes(sync("WHERE " + live), copy("WHERE " + copied))).hasToString(codes);
  }

  @Test
  void aCopyOfEverythingDoublesWhatTheSyncBrings() {
    assertThat(codes(sync(FROM), copy(""))).containsExactly("pair_copy_without_bound");
    assertThat(codes(sync(FROM), copy("").replace("append", "replace"))).isEmpty();
    assertThat(codes(sync(FROM), copy("PREWHERE action = 'a'"))).isEmpty();
    assertThat(codes(copy(""))).isEmpty();
  }

  @ParameterizedTest(name = "{0} | {1}: {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "timestamp >= '2031-05-01' | timestamp < '2031-05-01' | []",
        "timestamp < '2031-05-01' | timestamp >= '2031-05-01' | []",
        "timestamp < '2031-05-01' | timestamp >= '2031-06-01' | []",
        "timestamp <= '2031-05-01' | timestamp > '2031-05-01' | []",
        "timestamp <= '2031-05-01' | timestamp >= '2031-05-01' | [pair_fed_twice]",
        "timestamp < '2031-06-01' | timestamp >= '2031-05-01' | [pair_fed_twice]",
        "timestamp > '2031-05-01' | timestamp > '2031-06-01' | [pair_fed_twice]",
        "timestamp < '2031-05-01' | session_id >= '2031-05-01' | [pair_fed_twice]",
        "timestamp < '2031-05-01' | timestamp < '2031-06-01' | [pair_fed_twice]",
        "timestamp < toDateTime('${A}', 'UTC') | timestamp >= toDateTime('${A}', 'Europe/Madrid') | []",
        "timestamp > '2031-05-01' | toHour(timestamp) > 3 | []",
        "timestamp > '2031-05-01' AND action = 'a' | timestamp > '2031-05-01' | []",
        "timestamp > '2031-05-01' | timestamp > '2031-05-01' AND action != 'a' | []",
        "timestamp > '2031-05-01' | timestamp > '2031-05-01' AND action <> 'a' | []",
        "timestamp > '2031-05-01' | timestamp > '2031-05-01' AND action IN ('a') | []",
        "timestamp > '2031-05-01' | timestamp > '2031-05-01' AND action LIKE 'a' | []",
        "timestamp < toDateTime('2031-05-01 12:00:00', 'UTC') | timestamp >= toDateTime('2031-05-01 12:00:00', 'Europe/Madrid') | [pair_fed_twice]",
        "timestamp < toDateTime('2031-05-01 12:00:00', 'UTC') | timestamp >= toDateTime('2031-05-03 12:00:00', 'Europe/Madrid') | []",
        "timestamp < toDateTime('2031-05-01 12:00:00', 'UTC') | timestamp >= '2031-05-01 12:00:00' | []",
      })
  void twoCopiesOfTheSameRowsAreTold(String first, String second, String codes) {
    assertThat(codes(copy("WHERE " + first), copy("WHERE " + second))).hasToString(codes);
  }

  @Test
  void aConditionOnANameOfTheQueryChoosesToo() {
    var all = copy("WHERE timestamp > '2031-05-01'");
    var some =
        all.replace("SELECT", "WITH lower(action) AS kind SELECT")
            .replace("'2031-05-01'", "'2031-05-01' AND kind = 'a'");

    assertThat(codes(all, some)).isEmpty();
    assertThat(codes(some, all)).isEmpty();
  }

  @Test
  void twoCutsThatDifferAreShownWithTheirZones() {
    assertThat(
            said(
                    sync("WHERE timestamp >= toDateTime('2031-05-01', 'UTC')"),
                    copy("WHERE timestamp < toDateTime('2031-05-01', 'Europe/Madrid')"))
                .getFirst()
                .message())
        .contains(
            "up to 2031-05-01 00:00:00 Europe/Madrid, and p0 begins at 2031-05-01 00:00:00 UTC:");
  }

  @Test
  void aTimeIsReadByItsNameInTheSourceAndInTheTarget() {
    var twin =
        List.of(
            "datasources/events_1.datasource",
            TWIN.replace("timestamp", "at"),
            "pipes/live.pipe",
            sync(COLUMNS.replace("timestamp", "timestamp AS at"), FROM));
    for (var name : List.of("timestamp", "at")) {
      var head = new ArrayList<>(twin);
      head.addAll(
          List.of(
              "pipes/copy.pipe",
              copy("WHERE " + name + " <= {{DateTime(b)}} AND " + name + " >= {{DateTime(a)}}")
                  .replace("SQL >\n", "SQL >\n    %\n")
                  .replace("timestamp, s", "timestamp AS at, s")));

      assertThat(
              Planned.warnings(
                  Planned.plan(Projects.with(), Projects.with(head.toArray(String[]::new)))))
          .contains("pair_bounds_overlap");
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "version >= {{DateTime(start)}} | true",
        "version >= {{UInt32(start)}} | false",
        "timestamp >= {{DateTime(start)}} | false",
      })
  void aTimeIsNoNumber(String condition, boolean said) {
    var number = "`version` UInt32";
    var from = "`version` LowCardinality(String)";
    var base = List.of("datasources/events.datasource", Projects.EVENTS.replace(from, number));
    var head = new ArrayList<>(base);
    head.addAll(
        List.of(
            "datasources/events_1.datasource",
            TWIN.replace(from, number),
            "pipes/copy.pipe",
            chunk(condition)));

    assertThat(
            Planned.warnings(
                    Planned.plan(
                        Projects.with(base.toArray(String[]::new)),
                        Projects.with(head.toArray(String[]::new))))
                .contains("pair_parameter_type"))
        .isEqualTo(said);
  }

  @Test
  void whatReplacesItsTargetDoublesNothing() {
    var all = copy("WHERE timestamp > '2031-05-01'");

    assertThat(codes(all.replace("append", "replace"), all)).isEmpty();
    assertThat(codes(all, all.replace("append", "replace"))).isEmpty();
    assertThat(codes(all, all)).containsExactly("pair_fed_twice");
  }

  @Test
  void onlyPairsThatTheDiffTouchesAreLookedAt() {
    var files =
        new String[] {
          "datasources/events_1.datasource",
          TWIN,
          "pipes/a.pipe",
          copy(FROM),
          "pipes/b.pipe",
          copy(FROM)
        };
    var base = Projects.with(files);
    var more = new ArrayList<>(List.of(files));
    more.addAll(List.of("datasources/other.datasource", Projects.EVENTS));

    assertThat(Planned.warnings(Planned.plan(base, Projects.with(more.toArray(String[]::new)))))
        .doesNotContain("pair_fed_twice");
  }

  private static String chunk(String condition) {
    return copy("WHERE " + condition).replace("SQL >\n", "SQL >\n    %\n");
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "timestamp >= {{DateTime(start)}} AND timestamp < {{DateTime(finish)}} | []",
        "timestamp >= {{DateTime(start)}} AND timestamp <= {{DateTime(finish)}} | [pair_bounds_overlap]",
        "timestamp > {{DateTime(start)}} AND timestamp <= {{DateTime(finish)}} | []",
        "timestamp >= {{DateTime(start)}} AND session_id <= {{String(finish)}} | []",
        "timestamp >= {{DateTime(end)}} AND timestamp < {{DateTime(start)}} | [pair_parameters_swapped]",
        "timestamp >= {{DateTime(day)}} AND timestamp < {{DateTime(day)}} | [pair_parameters_swapped]",
        "timestamp >= {{DateTime(a)}} AND timestamp < {{DateTime(b)}} | []",
        "timestamp >= {{DateTime(a)}} AND timestamp < {{DateTime(start)}} | []",
        "timestamp >= '2031-05-01' AND timestamp <= '2031-06-01' | []",
        "timestamp >= {{DateTime(end)}} AND timestamp < {{DateTime(b)}} | []",
        "timestamp >= {{DateTime(end)}} AND session_id < {{String(start)}} | []",
      })
  void theEndsOfAChunkAreLookedAt(String condition, String codes) {
    assertThat(codes(chunk(condition))).hasToString(codes);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "toUInt32(payload) | toUInt32()",
        "toUInt32(lower(payload)) | toUInt32()",
        "CAST(payload, 'UInt8') | CAST()",
        "parseDateTimeBestEffort(payload) | parseDateTimeBestEffort()",
        "payload::UInt8 | ::UInt8",
        "action::Date | ::Date",
        "toUInt32(JSONExtractString(payload, 'a')) | toUInt32()",
        "toUInt32(if(isNull(timestamp), 0, payload)) | toUInt32()",
      })
  void aConversionThatThrowsStopsProduction(String expression, String how) {
    var columns = COLUMNS.replace("session_id", "toString(" + expression + ") AS session_id");
    var said = said(sync(columns, FROM));

    assertThat(said).extracting(Problem::code).containsExactly("pair_cast_may_throw");
    assertThat(said.getFirst().message()).contains("by " + how + ",");
    assertThat(said.getFirst().place().line()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "toUInt32OrZero(payload)",
        "toUInt32(timestamp)",
        "parseDateTimeBestEffortOrNull(payload)",
        "parseDateTimeBestEffortOrZero(payload)",
        "timestamp::Date",
        "payload::String",
        "concat(payload, toString(toUInt32(timestamp)))",
        "concat(toUInt32(timestamp), payload)",
      })
  void aConversionThatNeverThrowsIsFine(String expression) {
    var columns = COLUMNS.replace("session_id", "toString(" + expression + ") AS session_id");

    assertThat(codes(sync(columns, FROM))).isEmpty();
  }

  @Test
  void aPipeThatReadsItsTargetIsToldWhere() {
    var said =
        said(
            sync(
                "WHERE timestamp > '2031-05-01'\n      AND action NOT IN (SELECT action FROM events_1)"));

    assertThat(said).extracting(Problem::code).containsExactly("pair_reads_its_target");
    assertThat(said.getFirst().place().line()).isEqualTo(4);
  }

  private static final String READER = "NODE n\nSQL >\n    SELECT count() AS c FROM events\n";

  @Test
  void onlyAReaderThatMovesToWhatIsNewInTheSamePullRequestMovesEarly() {
    var moved = READER.replace("events", "events_1");
    var pair = List.of("datasources/events_1.datasource", TWIN, "pipes/sync.pipe", sync(FROM));

    assertThat(early(List.of("pipes/r.pipe", READER), pair, "pipes/r.pipe", moved)).isTrue();
    assertThat(early(List.of(), pair, "pipes/r.pipe", moved)).isFalse();
    assertThat(
            early(
                List.of("pipes/r.pipe", READER.replace("events", "pages_mv")),
                pair,
                "pipes/r.pipe",
                moved))
        .isFalse();
    assertThat(
            early(
                List.of("pipes/r.pipe", READER, "datasources/events_1.datasource", TWIN),
                pair,
                "pipes/r.pipe",
                moved))
        .isFalse();
  }

  private static boolean early(List<String> before, List<String> after, String... more) {
    var head = new ArrayList<>(after);
    head.addAll(List.of(more));
    return Planned.warnings(
            Planned.plan(
                Projects.with(before.toArray(String[]::new)),
                Projects.with(head.toArray(String[]::new))))
        .contains("pair_reader_moved_early");
  }
}
