package dev.backfill.change;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.config.Settings;
import dev.backfill.plan.Projects;
import dev.backfill.project.Project;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a reader sees of a change: the line it is on, what was and what is.
class ShownTest {
  private static final String EVENTS = "datasources/events.datasource";

  private static final String DATA_SOURCE =
      """
      DESCRIPTION what happened
      TAGS "a"
      VERSION 1
      TOKEN "ingest" APPEND

      SCHEMA >
          `timestamp` DateTime `json:$.timestamp`,
          `session_id` String `json:$.session_id` DEFAULT 'x',
          `payload` String `json:$.payload` CODEC(ZSTD(1))

      ENGINE "ReplacingMergeTree"
      ENGINE_SORTING_KEY "timestamp"
      ENGINE_VER "session_id"
      ENGINE_TTL "timestamp + toIntervalDay(60)"
      ENGINE_SETTINGS "index_granularity=1"
      INDEXES >
          by_session session_id TYPE set(100) GRANULARITY 1
      SHARED_WITH >
          friends
      IMPORT_SERVICE 'bigquery'
      IMPORT_SCHEDULE '@hourly'
      """;

  private static final String PIPE =
      """
      DESCRIPTION copies
      VERSION 1
      TOKEN "read" READ

      NODE n
      SQL >
          SELECT pathname FROM pages_mv

      TYPE copy
      TARGET_DATASOURCE paths
      COPY_MODE append
      COPY_SCHEDULE @on-demand
      """;

  private static String shown(Project base, Project head, String kind) {
    var change = Judged.change(Judged.judge(base, head), kind);
    var lines = head.files().getOrDefault(change.file(), "").lines().toList();
    var line = change.line() <= lines.size() ? lines.get(change.line() - 1).strip() : "";
    return line.split(" ", 2)[0] + ": " + change.before() + " -> " + change.after();
  }

  @ParameterizedTest(name = "{2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "ReplacingMergeTree | MergeTree | engine | ENGINE: ReplacingMergeTree -> MergeTree",
        "KEY \"timestamp\" | KEY \"session_id\" | sorting_key | ENGINE_SORTING_KEY: timestamp -> session_id",
        "VER \"session_id\" | VER \"timestamp\" | engine_ver | ENGINE_VER: session_id -> timestamp",
        "granularity=1\" | granularity=2\" | engine_settings | ENGINE_SETTINGS: index_granularity = 1 -> index_granularity = 2",
        "Day(60) | Day(90) | ttl | ENGINE_TTL: timestamp + toIntervalDay(60) -> timestamp + toIntervalDay(90)",
        "set(100) | set(200) | indexes | INDEXES: by_session session_id TYPE set(100) GRANULARITY 1 -> by_session session_id TYPE set(200) GRANULARITY 1",
        "what happened | what happens | description | DESCRIPTION: what happened -> what happens",
        "\"a\" | \"a, b\" | tags | TAGS: a -> a, b",
        "\"ingest\" APPEND | \"ingest\" READ | tokens | TOKEN: ingest APPEND -> ingest READ",
        "friends | others | sharing | SHARED_WITH: friends -> others",
        "VERSION 1 | VERSION 2 | legacy_version | VERSION: 1 -> 2",
        "'@hourly' | '@daily' | connector | IMPORT_SCHEDULE: IMPORT_SCHEDULE @hourly -> IMPORT_SCHEDULE @daily",
        "DEFAULT 'x' | DEFAULT 'y' | default | `session_id`: session_id DEFAULT 'x' -> session_id DEFAULT 'y'",
        " DEFAULT 'x' | | default | `session_id`: session_id DEFAULT 'x' -> ",
        "ZSTD(1) | ZSTD(2) | codec | `payload`: ZSTD(1) -> ZSTD(2)",
        "$.payload | $.body | json_path | `payload`: $.payload -> $.body",
        "`payload` String | `payload` Nullable(String) | column_type | `payload`: payload String -> payload Nullable(String)",
        "`payload` String | `body` String | column_renamed | `body`: payload String -> body String",
        "`payload` String | `n` UInt8 `json:$.n`, `payload` String | column_added | `n`:  -> n UInt8",
        ",\\n    `payload` String `json:$.payload` CODEC(ZSTD(1)) | | column_dropped | SCHEMA: payload String -> ",
        "`timestamp` DateTime `json:$.timestamp`,\\n    `session_id` String `json:$.session_id` DEFAULT 'x', | `session_id` String `json:$.session_id` DEFAULT 'x',\\n    `timestamp` DateTime `json:$.timestamp`, | columns_reordered | SCHEMA: timestamp, session_id, payload -> session_id, timestamp, payload",
      })
  void aChangeOfADataSource(String from, @Nullable String to, String kind, String shown) {
    assertThat(DATA_SOURCE).contains(from.replace("\\n", "\n"));
    var base = Projects.with("datasources/shown.datasource", DATA_SOURCE);
    var head =
        Projects.with(
            "datasources/shown.datasource",
            DATA_SOURCE.replace(
                from.replace("\\n", "\n"), to == null ? "" : to.replace("\\n", "\n")));

    assertThat(shown(base, head, kind).strip()).isEqualTo(shown.strip());
  }

  @ParameterizedTest(name = "{2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "COPY_MODE append | COPY_MODE replace | copy_mode | COPY_MODE: append -> replace",
        "@on-demand | 0 * * * * | schedule | COPY_SCHEDULE: @on-demand -> 0 * * * *",
        "SOURCE paths | SOURCE events | target | TARGET_DATASOURCE: paths -> events",
        "SELECT pathname FROM | SELECT 'a' AS pathname FROM | query | NODE: n: SELECT pathname FROM pages_mv -> n: SELECT 'a' AS pathname FROM pages_mv",
        "DESCRIPTION copies | DESCRIPTION still copies | description | DESCRIPTION: copies -> still copies",
        "\"read\" READ | \"all\" READ | tokens | TOKEN: read READ -> all READ",
        "VERSION 1 | VERSION 2 | legacy_version | VERSION: 1 -> 2",
      })
  void aChangeOfAPipe(String from, String to, String kind, String shown) {
    var paths =
        "SCHEMA >\n    `pathname` String\n\nENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"pathname\"\n";
    var base = Projects.with("datasources/paths.datasource", paths, "pipes/paths.pipe", PIPE);
    var head =
        Projects.with(
            "datasources/paths.datasource", paths, "pipes/paths.pipe", PIPE.replace(from, to));

    assertThat(shown(base, head, kind)).isEqualTo(shown);
  }

  @Test
  void whatIsNewHasNoBeforeAndWhatIsGoneNoAfter() {
    var base = Projects.with("pipes/top_pages.pipe", "");
    var more = Projects.with("datasources/cities.datasource", Projects.EVENTS);

    assertThat(shown(base, more, "data_source_added")).endsWith(":  -> cities");
    assertThat(shown(more, base, "data_source_removed")).endsWith(": cities -> ");
    assertThat(shown(base, more, "pipe_added")).endsWith(":  -> top_pages");
    assertThat(shown(more, base, "pipe_removed")).endsWith(": top_pages -> ");
  }

  @Test
  void anotherRoleAnotherPathAndAnotherTokenFileAreNamed() {
    var copy = Projects.with("pipes/paths.pipe", PIPE.replace("paths", "pages_mv"));
    var read = Projects.with("pipes/paths.pipe", PIPE.substring(0, PIPE.indexOf("TYPE")));
    var moved =
        Judge.judge(
            Judged.BASE,
            Judged.BASE,
            ProjectDiff.of(Judged.BASE, Judged.BASE, Map.of(EVENTS, "datasources/hits.datasource")),
            Settings.DEFAULTS);

    assertThat(shown(copy, read, "pipe_role")).endsWith(": copy -> endpoint");
    assertThat(Judged.codes(Judged.judge(copy, read))).contains("pipe_role_changed");
    assertThat(Judged.change(moved, "file_renamed"))
        .matches(c -> c.before().equals(EVENTS) && c.after().equals("datasources/hits.datasource"));
  }
}
