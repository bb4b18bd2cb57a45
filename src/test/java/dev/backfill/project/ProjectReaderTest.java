package dev.backfill.project;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProjectReaderTest {
  private static final String EVENTS =
      """
      TOKEN "app" APPEND

      DESCRIPTION >
          What happened

      SCHEMA >
          `id` String `json:$.id`,
          `ts` DateTime `json:$.ts`,
          `kind` LowCardinality(String) `json:$.kind` DEFAULT 'x',
          `amount` Decimal(10, 2) `json:$.amount`

      ENGINE "ReplacingMergeTree"
      ENGINE_PARTITION_KEY "toYYYYMM(ts)"
      ENGINE_SORTING_KEY "id, ts"
      ENGINE_TTL "ts + toIntervalDay(3)"
      ENGINE_VER "ts"
      """;

  private static Project project(String... pathsAndTexts) {
    var files = new TreeMap<String, String>();
    for (int i = 0; i < pathsAndTexts.length; i += 2) {
      files.put(pathsAndTexts[i], pathsAndTexts[i + 1]);
    }
    return ProjectReader.read(files);
  }

  private static DataSource events(String text) {
    return project("datasources/events.datasource", text).dataSource("events").orElseThrow();
  }

  private static List<String> problems(Project project) {
    return project.problems().stream().map(p -> p.place() + " " + p.code()).toList();
  }

  /// The same value without places.
  private static DataSource placeless(DataSource ds) {
    return new DataSource(
        ds.name(),
        "",
        Place.NOWHERE,
        ds.description(),
        ds.columns().stream()
            .map(c ->
                new Column(
                    c.name(),
                    c.type(),
                    c.jsonPath(),
                    c.defaultKind(),
                    c.defaultExpression(),
                    c.codec(),
                    Place.NOWHERE))
            .toList(),
        ds.engine(),
        ds.indexes(),
        ds.tokens(),
        ds.tags(),
        ds.settings(),
        ds.sharedWith(),
        ds.legacyVersion());
  }

  @Test
  void aDataSourceIsReadWithAllItsParts() {
    var events = events(EVENTS);

    assertThat(events.description()).isEqualTo("What happened");
    assertThat(events.tokens()).containsExactly(new TokenGrant("app", "APPEND"));
    assertThat(events.columns())
        .extracting(Column::name)
        .containsExactly("id", "ts", "kind", "amount");
    assertThat(events.column("kind").orElseThrow().defaultExpression()).isEqualTo("'x'");
    assertThat(events.column("ts").orElseThrow().place())
        .isEqualTo(new Place("datasources/events.datasource", 8, 5));
    assertThat(events.engine().family()).isEqualTo("ReplacingMergeTree");
    assertThat(events.engine().sortingKey()).containsExactly("id", "ts");
    assertThat(events.engine().partitionKey()).containsExactly("toYYYYMM(ts)");
    assertThat(events.engine().ver()).contains("ts");
    assertThat(events.engine().ttl()).contains("ts + toIntervalDay(3)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "\"id, ts\"                   | id, ts",
        "\"id, ts\"                   | tuple(id, ts)",
        "\"id, ts\"                   | \"(id,ts)\"",
        "\"id, ts\"                   | '`id`, ts'",
        "ENGINE \"ReplacingMergeTree\" | engine   replacingmergetree",
        "\"ReplacingMergeTree\"       | 'ReplacingMergeTree()'",
        "toIntervalDay(3)             | INTERVAL 3 DAY",
        "ENGINE_VER                   | engine_ver",
        "Decimal(10, 2)               | Decimal( 10,2 )",
        "`kind` LowCardinality(String) `json:$.kind` | kind   LowCardinality( String )   `json:$.kind`",
        "DEFAULT 'x'                  | default 'x'",
        "    `ts` DateTime            | \t`ts` DateTime",
        "DESCRIPTION >                | description >",
        "    What happened            | \tWhat happened  ",
        "TOKEN \"app\" APPEND         | TOKEN app APPEND # remark",
      })
  void whatOnlyLooksDifferentIsEqual(String from, String to) {
    assertThat(EVENTS).contains(from);

    assertThat(placeless(events(EVENTS.replace(from, to)))).isEqualTo(placeless(events(EVENTS)));
  }

  @Test
  void orderOfDirectivesLineEndingsAndBlankLinesDoNotMatter() {
    var turned =
        """
        ENGINE_VER ts
        ENGINE_TTL ts + toIntervalDay(3)
        # a remark
        ENGINE_SORTING_KEY id, ts
        ENGINE_PRIMARY_KEY id, ts
        ENGINE_SETTINGS index_granularity=8192
        ENGINE_PARTITION_KEY toYYYYMM(ts)
        ENGINE ReplacingMergeTree
        SCHEMA >
        `id` String `json:$.id`, `ts` DateTime `json:$.ts`,

          # remark
          `kind` LowCardinality(String) `json:$.kind` DEFAULT 'x', -- remark
          `amount` Decimal(10, 2) `json:$.amount`
        DESCRIPTION >
            What happened
        TOKEN app APPEND\
        """;

    assertThat(placeless(events(turned))).isEqualTo(placeless(events(EVENTS)));
    assertThat(placeless(events(turned.replace("\n", "\r\n"))))
        .isEqualTo(placeless(events(EVENTS)));
    assertThat(problems(project("datasources/events.datasource", turned))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "\"id, ts\"    | \"ts, id\"",
        "\"id, ts\"    | \"id\"",
        "\"toYYYYMM(ts)\" | \"toDate(ts)\"",
        "\"toYYYYMM(ts)\" | \"\"",
        "toIntervalDay(3) | toIntervalDay(4)",
        "DateTime `    | DateTime64(3) `",
        "Decimal(10, 2) | Decimal(10, 3)",
        "DEFAULT 'x'   | DEFAULT 'X'",
        "json:$.id     | json:$.ID",
        "Replacing     | ^",
        "ENGINE_VER \"ts\" | ^",
      })
  void whatMeansSomethingElseIsNotEqual(String from, @org.jspecify.annotations.Nullable String to) {
    assertThat(EVENTS).contains(from);

    assertThat(placeless(events(EVENTS.replace(from, to == null ? "" : to.replace("^", "")))))
        .isNotEqualTo(placeless(events(EVENTS)));
  }

  @Test
  void onlyTheClientsFoldersAreLoaded() {
    var text = "SCHEMA >\n    a Int8\n";
    var node = "NODE n\nSQL >\n    SELECT 1\n";
    var project =
        project(
            "a.datasource", text,
            "datasources/b.datasource", text,
            "datasources/deep/c.datasource", text,
            "vendor/other/datasources/d.datasource", text,
            "tests/e.datasource", text,
            "p.pipe", node,
            "pipes/q.v2.pipe", node,
            "endpoints/r.pipe", node,
            "copies/s.pipe", node,
            "scripts/t.pipe", node);

    assertThat(project.dataSources().keySet()).containsExactly("a", "b");
    assertThat(project.pipes().keySet()).containsExactly("p", "q", "r");
    assertThat(problems(project))
        .containsExactlyInAnyOrder(
            "copies/s.pipe file_not_loaded", "datasources/deep/c.datasource file_not_loaded");
  }

  @Test
  void namesAreUniqueAndValid() {
    var text = "SCHEMA >\n    a Int8\n";
    var project =
        project(
            "datasources/a.datasource", text,
            "pipes/a.pipe", "NODE n\nSQL >\n    SELECT 1\n",
            "datasources/1x.datasource", text,
            "datasources/b-c.datasource", text,
            "datasources/d__v1.datasource", text);

    assertThat(problems(project))
        .containsExactlyInAnyOrder(
            "pipes/a.pipe duplicate_name",
            "datasources/1x.datasource invalid_name",
            "datasources/b-c.datasource invalid_name",
            "datasources/d__v1.datasource version_suffix");
  }

  @Test
  void aDataSourceAndAPipeOfOneNameAreBothReadAndOldVersionsAreKnown() {
    var project =
        project(
            "datasources/daily.datasource", "SCHEMA >\n    a Int8\n",
            "datasources/raw.datasource", "VERSION 2\nSCHEMA >\n    a Int8\n",
            "pipes/daily.pipe",
                "NODE n\nSQL >\n    SELECT a FROM raw__v2\nTYPE materialized\nDATASOURCE daily\n",
            "pipes/again.pipe",
                "NODE n\nSQL >\n    SELECT 1 AS a\nTYPE materialized\nDATASOURCE raw__v2\n",
            "pipes/report.pipe", "NODE n\nSQL >\n    SELECT a FROM daily, raw__v1\n");

    assertThat(project.pipe("again").orElseThrow().writingNode().orElseThrow().target())
        .contains("raw");

    assertThat(project.dataSources().keySet()).containsExactly("daily", "raw");
    assertThat(project.pipes().keySet()).containsExactly("again", "daily", "report");
    assertThat(project.problems())
        .extracting(p -> p.code() + " " + p.severity())
        .containsExactlyInAnyOrder("duplicate_name WARNING", "unknown_table WARNING");
  }

  @Test
  void twoEndpointsOfOneNameThatReadTheSameAreOnlyAWarning() {
    var project =
        project(
            "endpoints/e.pipe", "NODE n\nSQL >\n    SELECT 1 FROM a\n",
            "pipes/e.pipe", "NODE n\nSQL >\n    SELECT 2 FROM a\n",
            "endpoints/f.pipe", "NODE n\nSQL >\n    SELECT 1 FROM a\n",
            "pipes/f.pipe", "NODE n\nSQL >\n    SELECT 1 FROM b\n",
            "datasources/a.datasource", "SCHEMA >\n    a Int8\n",
            "datasources/b.datasource", "SCHEMA >\n    a Int8\n");

    assertThat(project.problems())
        .extracting(p -> p.place() + " " + p.severity())
        .containsExactly("pipes/e.pipe WARNING", "pipes/f.pipe ERROR");
    assertThat(project.pipe("e").orElseThrow().path()).isEqualTo("endpoints/e.pipe");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "ENGINE_SORTING_KEY \"nope, ts\"                 | 3:1 unknown_column",
        "ENGINE_SORTING_KEY \"TS\"                       | 3:1 unknown_column",
        "ENGINE_PARTITION_KEY toYYYYMM(nope)             | 3:1 unknown_column",
        "ENGINE_TTL toDateTime(nope) + INTERVAL 1 DAY    | 3:1 unknown_column",
        "ENGINE_VER ts                                   | 3:1 engine_option_without_effect",
        "ENGINE ReplacingMergeTree                       | 3:1 missing_sorting_key",
        "ENGINE Aggregating                              | 3:1 unknown_engine",
        "ENGINE VersionedCollapsingMergeTree             | 3:1 missing_engine_option, 3:1 missing_engine_option",
        "VERSION -1                                      | 3:1 version_syntax",
        "TOKEN app                                       | 3:1 token_syntax",
        "ENGINE_SORTING_KEY \"\"                         | ^^",
        "ENGINE_TTL toDateTime(ts) + INTERVAL 1 DAY      | ^^",
        "ENGINE_SORTING_KEY tuple()                      | ^^",
        "ENGINE_SORTING_KEY cityHash64(ts), lower(id)    | ^^",
        "ENGINE \"Null\"                                 | ^^",
      })
  void whatTheClientOrThePlatformRefusesIsReportedWithItsLine(String line, String expected) {
    var problems =
        project("a.datasource", "SCHEMA >\n    ts DateTime, id String\n" + line + "\n")
            .problems()
            .stream()
            .map(p -> p.place().line() + ":" + p.place().column() + " " + p.code())
            .toList();

    assertThat(String.join(", ", problems)).isEqualTo(expected);
  }

  @Test
  void connectorsMayHaveColumnsOfTheirOwn() {
    var project =
        project(
            "k.datasource",
            "SCHEMA >\n    a Int8\nENGINE_SORTING_KEY __timestamp\nKAFKA_TOPIC 'clicks'\n");

    assertThat(problems(project)).isEmpty();
    assertThat(project.dataSource("k").orElseThrow().settings())
        .isEqualTo(Map.of("KAFKA_TOPIC", "clicks"));
  }

  @Test
  void nodesAreReadWithWhatTheyDo() {
    var project =
        project(
            "datasources/events.datasource",
            EVENTS,
            "datasources/daily.datasource",
            "SCHEMA >\n    d Date\n",
            "pipes/mv.pipe",
            """
            NODE prepared
            SQL >
                SELECT toDate(ts) AS d FROM events
                WHERE id IN (SELECT id FROM tinybird.pipe_stats)

            NODE final
            SQL >
                %
                SELECT d FROM prepared {% if defined(x) %} WHERE d = {{Date(x)}} {% end %}

            TYPE Materialized
            DATASOURCE daily
            ENGINE "MergeTree"
            """,
            "pipes/c.pipe",
            """
            TOKEN reader READ
            NODE c1
            TYPE COPY
            TARGET_DATASOURCE daily
            SQL >
                SELECT d FROM daily
            MODE replace
            """);
    var mv = project.pipe("mv").orElseThrow();
    var copy = project.pipe("c").orElseThrow().writingNode().orElseThrow();

    assertThat(project.problems()).isEmpty();
    assertThat(mv.nodes().getFirst().reads()).containsExactly("events", "tinybird.pipe_stats");
    var last = mv.nodes().getLast();
    assertThat(last.kind()).isEqualTo(Node.Kind.MATERIALIZED);
    assertThat(last.target()).contains("daily");
    assertThat(last.template()).isTrue();
    assertThat(last.sql()).startsWith("SELECT d FROM prepared {% if");
    assertThat(last.reads()).isEmpty();
    assertThat(last.engine()).isEqualTo(Map.of("ENGINE", "MergeTree"));
    assertThat(last.sqlPlace()).isEqualTo(new Place("pipes/mv.pipe", 8, 1));
    assertThat(copy.copyMode()).contains("replace");
    assertThat(copy.copySchedule()).contains("@on-demand");
    assertThat(project.pipe("c").orElseThrow().tokens())
        .containsExactly(new TokenGrant("reader", "READ"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "SELECT 1                        | TYPE materialized                    | 1:1 missing_target",
        "SELECT 1                        | TYPE copy                            | 1:1 missing_target",
        "SELECT 1                        | TYPE copy;DATASOURCE e               | 1:1 missing_target",
        "SELECT 1                        | DATASOURCE e                         | 1:1 missing_node_type",
        "SELECT 1                        | TYPE materialized;DATASOURCE nowhere | 1:1 unknown_target",
        "SELECT 1                        | TYPE table                           | 4:1 unknown_node_type",
        "SELECT 1                        | TYPE copy;TARGET_DATASOURCE e;COPY_MODE x | 6:1 unknown_copy_mode",
        "SELECT * FROM nowhere           | TYPE endpoint                        | 3:1 unknown_table",
        "SELECT * FROM p                 | TYPE endpoint                        | 3:1 reads_itself",
        "SELECT {{Int8(a)}} FROM e       | TYPE endpoint                        | 3:1 template_without_percent",
        "# nothing                       | TYPE endpoint                        | 1:1 missing_sql",
        "SELECT 1                        | TYPE endpoint;NODE n;SQL >;  SELECT 2 | 5:1 duplicate_node",
        "SELECT 1                        | TYPE endpoint;NODE p;SQL >;  SELECT 2 | 5:1 node_named_like_pipe",
        "SELECT 1                        | TYPE endpoint;NODE n-1;SQL >;  SELECT 2 | 5:1 invalid_name",
      })
  void aNodeThatCannotWorkIsReportedWithItsLine(String sql, String rest, String expected) {
    var project =
        project(
            "e.datasource",
            "SCHEMA >\n    a Int8\n",
            "p.pipe",
            "NODE n\nSQL >\n  " + sql + "\n" + rest.replace(";", "\n") + "\n");

    assertThat(
            project.problems().stream()
                .map(p -> p.place().line() + ":" + p.place().column() + " " + p.code()))
        .containsExactly(expected);
  }

  @Test
  void severalWritingNodesAreAnError() {
    var node = "\nSQL >\n  SELECT 1\nTYPE copy\nTARGET_DATASOURCE e\n";
    var project =
        project(
            "e.datasource", "SCHEMA >\n    a Int8\n", "p.pipe", "NODE a" + node + "NODE b" + node);

    assertThat(project.problems())
        .extracting(Problem::code, Problem::severity)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("several_writing_nodes", Severity.ERROR));
  }

  @Test
  void aNameReachedThroughATemplateOrAfterInCounts() {
    var project =
        project(
            "e.datasource",
            "SCHEMA >\n    a Int8\n",
            "f.datasource",
            "SCHEMA >\n    a Int8\n",
            "p.pipe",
            "NODE n\nSQL >\n  %\n  SELECT * FROM {{table('e')}} WHERE a IN f AND a IN (a)\n");

    assertThat(project.pipe("p").orElseThrow().nodes().getFirst().reads())
        .containsExactlyInAnyOrder("e", "f");
  }

  @Test
  void sharedDataSourcesAreKnownAndNotOurs() {
    var project =
        project(
            "vendor/acme/datasources/orders.datasource", "SCHEMA >\n    a Int8\n",
            "p.pipe", "NODE n\nSQL >\n  SELECT * FROM acme.orders\n");

    assertThat(project.dataSources()).isEmpty();
    assertThat(project.problems()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "Boolean | Bool",
        "double | Float64",
        "Nullable( DateTime64 ) | Nullable(DateTime64(3))",
        "DateTime64(3,'UTC') | DateTime64(3, 'UTC')",
        "Decimal(10,2) | Decimal(10, 2)",
        "Decimal64(4) | Decimal(18, 4)",
        "VARCHAR(255) | String",
        "Array(Tuple(a int, b Nullable(text))) | Array(Tuple(a Int32, b Nullable(String)))",
        "Enum8('x'=1,'y, z' = -2) | Enum8('x' = 1, 'y, z' = -2)",
        "AggregateFunction(quantiles(0.5,0.9),Float64) | AggregateFunction(quantiles(0.5, 0.9), Float64)",
        "JSON(max_dynamic_paths = 8, a.b UInt32, SKIP c.date) | JSON(max_dynamic_paths=8, a.b UInt32, SKIP c.date)",
        "Map(LowCardinality(String), Array(UInt8)) | Map(LowCardinality(String), Array(UInt8))",
      })
  void aTypeHasOneSpelling(String written, String canonical) {
    assertThat(ColumnType.parse(written).orElseThrow().text()).isEqualTo(canonical);
    assertThat(ColumnType.parse(canonical).orElseThrow().text()).isEqualTo(canonical);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "Nullable", "LowCardinality", "Array()", "String String", "Nullable(", "Nullable(String",
        "(String)", "'x'", "12", "Array(String,)", "Nullable(String) x", "Array(Nullable)",
      })
  void whatIsNoTypeIsRefused(String text) {
    assertThat(ColumnType.parse(text)).isEqualTo(Optional.empty());
  }
}
