package dev.backfill.project;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import dev.backfill.project.Column.DefaultKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

/// What is known of datafiles, one case a row: every rule, directive, construct and oddity, named
/// as one reads it. How the parts of the reader work is tested elsewhere; this holds that none of
/// them is without a reader.
class DatafileRowsTest {
  private static final String DS = "datasources/d.datasource";
  private static final String PIPE = "pipes/p.pipe";
  private static final String COLUMNS =
      "SCHEMA >\n    `a` String,\n    `b` Int32,\n    `ts` DateTime\n";

  private final List<DynamicNode> rows = new ArrayList<>();

  private void row(String name, Executable holds) {
    rows.add(dynamicTest(name, holds));
  }

  private Stream<DynamicNode> section(String name) {
    var own = List.copyOf(rows);
    rows.clear();
    return Stream.of(dynamicContainer(name, own));
  }

  // What a row may ask

  private static Project files(String... pathsAndTexts) {
    var files = new TreeMap<String, String>();
    for (var i = 0; i < pathsAndTexts.length; i += 2) {
      files.put(pathsAndTexts[i], pathsAndTexts[i + 1]);
    }
    return ProjectReader.read(files);
  }

  private static DataSource ds(String text) {
    return files(DS, text).dataSource("d").orElseThrow();
  }

  private static Column column(String entry) {
    return ds("SCHEMA >\n    " + entry + "\nENGINE Null\n").columns().getFirst();
  }

  private static Pipe pipe(String text) {
    return files(PIPE, text, DS, COLUMNS).pipe("p").orElseThrow();
  }

  private static Node node(String after) {
    return pipe("NODE n\nSQL >\n    SELECT a FROM d\n" + after + "\n").nodes().getFirst();
  }

  private static List<String> codes(String path, String text) {
    return files(path, text).problems().stream().map(Problem::code).distinct().toList();
  }

  private static List<String> errors(String... pathsAndTexts) {
    return files(pathsAndTexts).problems().stream()
        .filter(p -> p.severity() == Severity.ERROR)
        .map(Problem::code)
        .distinct()
        .toList();
  }

  private static void clean(String path, String text) {
    assertThat(codes(path, text)).isEmpty();
  }

  private static Engine engine(String lines) {
    return ds(COLUMNS + lines + "\n").engine();
  }

  private static String sql(String body) {
    return "NODE n\nSQL >\n    " + body.replace("\n", "\n    ") + "\n";
  }

  // 1

  @TestFactory
  Stream<DynamicNode> files() {
    row(
        "a Data Source's name goes up to the last dot, a Pipe's up to the first",
        () -> {
          assertThat(files("pipes/a.b.pipe", sql("SELECT 1")).pipes()).containsOnlyKeys("a");
          assertThat(errors("datasources/a.b.datasource", COLUMNS)).contains("invalid_name");
        });
    row(
        "line ends \\n, \\r\\n, \\r, a missing last one, tabs and other alphabets read the same",
        () -> {
          var text = COLUMNS + "DESCRIPTION añb\nENGINE Null\n";
          var read = ds(text);
          for (var other :
              List.of(
                  text.replace("\n", "\r\n"),
                  text.replace("\n", "\r"),
                  text.stripTrailing(),
                  text.replace("    ", "\t"))) {
            assertThat(ds(other).columns().stream().map(Column::name))
                .containsExactly("a", "b", "ts");
            assertThat(ds(other).description()).isEqualTo(read.description());
            assertThat(ds(other).engine()).isEqualTo(read.engine());
          }
        });
    row(
        "a byte order mark is said, and read over",
        () -> {
          assertThat(codes(DS, "\uFEFF" + COLUMNS)).containsExactly("byte_order_mark");
          assertThat(ds("\uFEFF" + COLUMNS).columns()).hasSize(3);
        });
    row(
        "loaded: the root, datasources/, pipes/, endpoints/, not what lies deeper",
        () -> {
          var p =
              files(
                  "x.datasource", COLUMNS,
                  "datasources/y.datasource", COLUMNS,
                  "r.pipe", sql("SELECT 1"),
                  "pipes/q.pipe", sql("SELECT 1"),
                  "endpoints/e.pipe", sql("SELECT 1"),
                  "pipes/deeper/z.pipe", sql("SELECT 1"));
          assertThat(p.dataSources()).containsOnlyKeys("x", "y");
          assertThat(p.pipes()).containsOnlyKeys("e", "q", "r");
          assertThat(p.problems()).extracting(Problem::code).containsExactly("file_not_loaded");
        });
    row(
        "vendor/WORKSPACE/ holds what another workspace shares",
        () -> {
          var p =
              files(
                  "vendor/other/datasources/x.datasource",
                  COLUMNS,
                  PIPE,
                  sql("SELECT a FROM other.x"));
          assertThat(p.problems()).isEmpty();
        });
    row(
        "Forward's folders aren't loaded by Classic",
        () -> {
          for (var folder : List.of("materializations", "copies", "sinks", "playgrounds")) {
            assertThat(codes(folder + "/x.pipe", sql("SELECT 1")))
                .containsExactly("file_not_loaded");
          }
        });
    row(
        "tests/, scripts/ and .diff_tmp/ are no part of it",
        () -> {
          for (var folder : List.of("tests", "scripts", ".diff_tmp")) {
            assertThat(files(folder + "/x.pipe", "nothing").pipes()).isEmpty();
            clean(folder + "/x.pipe", "nothing");
          }
        });
    row("fixtures are data", () -> clean("datasources/fixtures/d.ndjson", "{}"));
    row(
        ".incl, .datasource.incl and .pipe.incl are only read where they are included",
        () -> {
          for (var name : List.of("x.incl", "x.datasource.incl", "datasources/x.pipe.incl")) {
            clean(name, "nonsense");
          }
        });
    row(
        "Data Sources and Pipes share their names",
        () ->
            assertThat(files(DS, COLUMNS, "pipes/d.pipe", sql("SELECT 1")).problems())
                .extracting(Problem::code)
                .contains("duplicate_name"));
    row(
        "a node may not have its Pipe's name",
        () ->
            assertThat(codes(PIPE, "NODE p\nSQL >\n    SELECT 1\n"))
                .containsExactly("node_named_like_pipe"));
    row(
        ".token files are read for what differs in them",
        () ->
            clean("tokens/t.token", "SCOPE DATASOURCES:READ\nRESOURCE d\nFILTER >\n    a = 'x'\n"));
    return section("1.1 files");
  }

  @TestFactory
  Stream<DynamicNode> lines() {
    row(
        "words stand between blanks and tabs",
        () ->
            assertThat(engine("ENGINE\t\tMergeTree  \nENGINE_SORTING_KEY   a,\tb").sortingKey())
                .containsExactly("a", "b"));
    row(
        "a quote opens at the start of a word only",
        () ->
            assertThat(ds(COLUMNS + "DESCRIPTION It's here\n").description())
                .isEqualTo("It's here"));
    row(
        "a quoted word ends at its quote, nothing escapes it",
        () ->
            assertThat(ds(COLUMNS + "KAFKA_TOPIC \"a b\\\"\n").settings())
                .containsEntry("KAFKA_TOPIC", "a b\\"));
    row(
        "a backslash continues no line",
        () ->
            assertThat(codes(DS, COLUMNS + "ENGINE \\\nMergeTree\n"))
                .contains("unknown_directive"));
    row(
        "# begins a remark anywhere outside quotes, even in a word",
        () -> {
          assertThat(ds(COLUMNS + "KAFKA_TOPIC a#b\n").settings())
              .containsEntry("KAFKA_TOPIC", "a");
          assertThat(ds(COLUMNS + "KAFKA_TOPIC \"a#b\"\n").settings())
              .containsEntry("KAFKA_TOPIC", "a#b");
          assertThat(ds(COLUMNS + "DESCRIPTION see issue #12 now\n").description())
              .isEqualTo("see issue");
          assertThat(codes(DS, COLUMNS + "KAFKA_TOPIC a#b\n")).contains("comment_cuts_value");
        });
    row(
        "an open quote is an error between blocks and text within one",
        () -> {
          assertThat(errors(DS, "DESCRIPTION 'oops\n" + COLUMNS)).containsExactly("unclosed_quote");
          clean(PIPE, "DESCRIPTION >\n    'oops\n" + sql("SELECT 1"));
        });
    row(
        "directives are read in any case, and indented outside of blocks",
        () ->
            assertThat(
                    ds("  description x\n" + COLUMNS + "engine mergetree\nEngine_Sorting_Key a\n")
                        .engine())
                .extracting(Engine::family, Engine::sortingKey)
                .containsExactly("MergeTree", List.of("a")));
    row(
        "an unknown directive is an error",
        () ->
            assertThat(errors(DS, "UNIQUE_KEY a\n" + COLUMNS))
                .containsExactly("unknown_directive"));
    row(
        "a bare SETTINGS has an error of its own",
        () ->
            assertThat(
                    files(DS, COLUMNS + "SETTINGS index_granularity=1\n")
                        .problems()
                        .getFirst()
                        .advice())
                .isEqualTo("Write ENGINE_SETTINGS."));
    return section("1.2 lines");
  }

  @TestFactory
  Stream<DynamicNode> blocks() {
    row(
        "a block begins when the second word is >",
        () -> assertThat(errors(DS, "SCHEMA>\n    a String\n")).contains("unknown_directive"));
    row(
        "text behind > is dropped",
        () ->
            assertThat(codes(DS, "SCHEMA > oops\n    a String\n"))
                .containsExactly("text_after_block_start"));
    row(
        "it ends at a directive in the first column, or with the file",
        () ->
            assertThat(ds("SCHEMA >\n`a` String,\n`ts` DateTime\nENGINE Null\n").columns())
                .hasSize(2));
    row(
        "a line that begins with from never ends it",
        () ->
            assertThat(pipe("NODE n\nSQL >\nSELECT a\nFROM d\n").nodes().getFirst().reads())
                .containsExactly("d"));
    row(
        "a body may begin in the first column, where a word may be a directive",
        () ->
            assertThat(errors(PIPE, "NODE n\nSQL >\nSELECT 1\nSETTINGS max_threads = 1\n"))
                .isNotEmpty());
    row(
        "an indented directive disappears in the block above",
        () ->
            assertThat(errors(PIPE, sql("SELECT 1\nTYPE endpoint")))
                .containsExactly("indented_directive"));
    row(
        "blank lines and remarks of their own leave the body, a remark behind stays",
        () ->
            assertThat(
                    ds(COLUMNS + "DESCRIPTION >\n    one\n\n    # gone\n    two # stays\n")
                        .description())
                .isEqualTo("one\ntwo # stays"));
    row(
        "a blank line doesn't end it",
        () -> assertThat(ds("SCHEMA >\n    a String,\n\n    b Int8\n").columns()).hasSize(2));
    row(
        "SCHEMA, INDEXES and SQL need one",
        () -> {
          assertThat(errors(DS, "SCHEMA a String\n")).contains("missing_block");
          assertThat(errors(DS, COLUMNS + "INDEXES i a TYPE minmax\n")).contains("missing_block");
          assertThat(errors(PIPE, "NODE n\nSQL SELECT 1\n")).contains("missing_block");
        });
    row(
        "any other directive may have one",
        () -> {
          var d =
              ds(
                  COLUMNS
                      + "DESCRIPTION >\n    x\nTAGS >\n    t\nSHARED_WITH >\n    one\n    two\n"
                      + "IMPORT_QUERY >\n    SELECT a\n    FROM t\n");
          assertThat(d.description()).isEqualTo("x");
          assertThat(d.tags()).containsExactly("t");
          assertThat(d.sharedWith()).containsExactly("one", "two");
          assertThat(d.settings()).containsEntry("IMPORT_QUERY", "SELECT a FROM t");
        });
    return section("1.3 blocks");
  }

  @TestFactory
  Stream<DynamicNode> values() {
    row(
        "the outer quotes go, whichever they are",
        () -> {
          for (var value : List.of("\"a, b\"", "'a, b'", "a, b", "a,b")) {
            assertThat(engine("ENGINE MergeTree\nENGINE_SORTING_KEY " + value).sortingKey())
                .containsExactly("a", "b");
          }
        });
    row(
        "arguments are joined with one blank",
        () -> assertThat(ds(COLUMNS + "DESCRIPTION a   b\n").description()).isEqualTo("a b"));
    row(
        "$NAME and ${NAME} stay as written, so two files compare by them",
        () -> {
          assertThat(ds(COLUMNS + "KAFKA_TOPIC ${ENV}_x\n").settings())
              .containsEntry("KAFKA_TOPIC", "${ENV}_x");
          assertThat(pipe(sql("SELECT a FROM d WHERE a = '$X'")).nodes().getFirst().sql())
              .contains("$X");
        });
    row(
        "DESCRIPTION keeps its quotes inline",
        () -> assertThat(ds(COLUMNS + "DESCRIPTION \"x\"\n").description()).isEqualTo("\"x\""));
    row(
        "DESCRIPTION is the Pipe's before NODE, and the node's behind it",
        () ->
            assertThat(
                    pipe("DESCRIPTION mine\nNODE n\nDESCRIPTION its\nSQL >\n    SELECT 1\n")
                        .description())
                .isEqualTo("mine"));
    row(
        "VERSION is a number from 0",
        () -> {
          assertThat(ds("VERSION 3\n" + COLUMNS).legacyVersion()).contains(3);
          assertThat(errors(DS, "VERSION -1\n" + COLUMNS)).isNotEmpty();
          assertThat(errors(DS, "VERSION x\n" + COLUMNS)).isNotEmpty();
        });
    row(
        "TOKEN has a name and a permission, in any case; more is left out",
        () -> {
          assertThat(ds("TOKEN \"app\" append more\n" + COLUMNS).tokens()).hasSize(1);
          assertThat(errors(DS, "TOKEN app\n" + COLUMNS)).isNotEmpty();
        });
    row(
        "TAGS add up; k=v is operational",
        () ->
            assertThat(ds("TAGS \"x, y\"\nTAGS backfill_column=ts\n" + COLUMNS).tags())
                .containsExactlyInAnyOrder("x", "y", "backfill_column=ts"));
    row(
        "SHARED_WITH takes lines and words",
        () ->
            assertThat(ds(COLUMNS + "SHARED_WITH >\n    one,\n    two\n").sharedWith())
                .containsExactly("one", "two"));
    row(
        "INCLUDE puts a file in its place, with its variables",
        () -> {
          var p =
              files(
                  DS,
                  COLUMNS + "INCLUDE \"../k.incl\" \"TOPIC=t\" \"G=g\"\n",
                  "k.incl",
                  "KAFKA_TOPIC $TOPIC\nKAFKA_GROUP_ID ${G}\nINCLUDE more.incl\n",
                  "more.incl",
                  "KAFKA_KEY $OTHER\n");
          assertThat(p.problems()).isEmpty();
          assertThat(p.dataSource("d").orElseThrow().settings())
              .containsEntry("KAFKA_TOPIC", "t")
              .containsEntry("KAFKA_GROUP_ID", "g")
              .containsEntry("KAFKA_KEY", "$OTHER");
        });
    row(
        "INCLUDE of a file that isn't there is an error",
        () ->
            assertThat(errors(DS, COLUMNS + "INCLUDE x.incl\n"))
                .containsExactly("include_not_resolved"));
    row(
        "a comma behind the last column is Forward's",
        () ->
            assertThat(codes(DS, "SCHEMA >\n    a String,\n    b Int8,\n"))
                .containsExactly("trailing_comma"));
    row(
        "a comma behind an index is nobody's trouble",
        () -> clean(DS, COLUMNS + "INDEXES >\n    INDEX i a TYPE minmax GRANULARITY 1,\n"));
    row(
        "of simple values the last one counts",
        () ->
            assertThat(ds(COLUMNS + "DESCRIPTION a\nDESCRIPTION b\n").description())
                .isEqualTo("b"));
    row(
        "TOKEN, TAGS, SHARED_WITH add up",
        () -> {
          var d = ds("TOKEN a READ\nTOKEN b APPEND\nSHARED_WITH one\nSHARED_WITH two\n" + COLUMNS);
          assertThat(d.tokens()).hasSize(2);
          assertThat(d.sharedWith()).containsExactly("one", "two");
        });
    row(
        "of ENGINE_ options the later one counts",
        () ->
            assertThat(
                    engine("ENGINE MergeTree\nENGINE_SORTING_KEY a\nENGINE_SORTING_KEY b")
                        .sortingKey())
                .containsExactly("b"));
    for (var old :
        List.of(
            "FROM",
            "SOURCE",
            "MAINTAINER",
            "TEST",
            "PARTITION_KEY",
            "SORTING_KEY",
            "PRIMARY_KEY",
            "SAMPLING_KEY",
            "TTL")) {
      row(
          old + " is read and never used",
          () -> {
            assertThat(codes(DS, old + " a\n" + COLUMNS)).containsExactly("unused_directive");
            assertThat(engine("ENGINE Null\n" + old + " a").sortingKey()).isEmpty();
          });
    }
    row(
        "INDICES is INDEXES",
        () -> assertThat(ds(COLUMNS + "INDICES >\n    i a TYPE minmax\n").indexes()).hasSize(1));
    return section("1.4 values");
  }

  @TestFactory
  Stream<DynamicNode> templates() {
    row(
        "% makes SQL a template, alone on its line or not",
        () -> {
          for (var body : List.of("%\nSELECT {{Int8(x, 1)}}", "% SELECT {{Int8(x, 1)}}")) {
            assertThat(pipe(sql(body)).nodes().getFirst().template()).isTrue();
            clean(PIPE, sql(body));
          }
        });
    row(
        "template syntax without % is an error",
        () ->
            assertThat(errors(PIPE, sql("SELECT {{Int8(x, 1)}}")))
                .containsExactly("template_without_percent"));
    row("a needless % does no harm", () -> clean(PIPE, sql("%\nSELECT 1")));
    for (var syntax :
        List.of(
            "{{ String(x, 'a') }}",
            "{% if defined(x) %}1{% elif x == 2 %}2{% else %}3{% end %}",
            "{% for i in [1, 2] %}{{i}},{% end %}1",
            "{% set v = 1 %}{{v}}",
            "{# a remark #}1")) {
      row("syntax: " + syntax, () -> clean(PIPE, sql("%\nSELECT " + syntax)));
    }
    for (var broken :
        List.of("{% if defined(x) %}1", "1{% end %}", "{{ String(x) }", "{% endfor %}1")) {
      row(
          "broken: " + broken,
          () -> assertThat(errors(PIPE, sql("%\nSELECT " + broken))).isNotEmpty());
    }
    for (var type :
        List.of(
            "String",
            "Boolean",
            "DateTime",
            "DateTime64",
            "Date",
            "Float32",
            "Float64",
            "Int",
            "Integer",
            "Int8",
            "Int16",
            "Int32",
            "Int64",
            "Int128",
            "Int256",
            "UInt8",
            "UInt16",
            "UInt32",
            "UInt64",
            "UInt128",
            "UInt256",
            "Symbol",
            "Column",
            "JSON")) {
      row(
          "parameter: " + type,
          () -> clean(PIPE, sql("%\nSELECT {{" + type + "(x, description='d', required=False)}}")));
    }
    row(
        "parameter: Array, with enum, example, format",
        () ->
            clean(
                PIPE,
                sql("%\nSELECT {{Array(x, 'String', 'a', enum=['a'], example='a', format='f')}}")));
    for (var helper :
        List.of(
            "columns('a,b', 'a')",
            "column(x, 'a')",
            "symbol('a')",
            "error('no')",
            "custom_error({'a': 1})",
            "sql_and(a__in=[1], b__gte=2)",
            "split_to_array(x, '1')",
            "enumerate_with_last([1])",
            "day_diff('2020-01-01', '2020-01-02')",
            "date_diff_in_days('2020-01-01', '2020-01-02')",
            "date_diff_in_hours('a', 'b')",
            "date_diff_in_minutes('a', 'b')",
            "date_diff_in_seconds('a', 'b')",
            "sql_unescape('a')",
            "tb_secret('a', 'b')",
            "tb_var('a')",
            "max_threads(4)",
            "backend_hint('a')",
            "cache_ttl('5s')",
            "activate('analyzer')")) {
      row("helper: " + helper, () -> clean(PIPE, sql("%\nSELECT 1 {{" + helper + "}}")));
    }
    row(
        "table('x') is read in every branch",
        () ->
            assertThat(
                    files(
                            DS,
                            COLUMNS,
                            "datasources/e.datasource",
                            COLUMNS,
                            PIPE,
                            sql(
                                "%\nSELECT 1 FROM {% if defined(y) %}{{table('d')}}{% else %}{{TABLE('e')}}{% end %}"))
                        .pipe("p")
                        .orElseThrow()
                        .nodes()
                        .getFirst()
                        .reads())
                .contains("d", "e"));
    row(
        "template SQL stays as written",
        () ->
            assertThat(pipe(sql("%\nSELECT   {{ Int8( x , 1 ) }}")).nodes().getFirst().sql())
                .contains("SELECT   {{ Int8( x , 1 ) }}"));
    return section("1.5 templates");
  }

  // 2

  @TestFactory
  Stream<DynamicNode> schema() {
    for (var name : List.of("`a`", "a", "a.b", "'a'", "`with blank`")) {
      row(
          "name: " + name,
          () -> assertThat(column(name + " String").name()).isEqualTo(name.replaceAll("[`']", "")));
    }
    row(
        "a JSON path stands before DEFAULT",
        () ->
            assertThat(column("a String `json:$.a` DEFAULT 'x'"))
                .extracting(Column::jsonPath, Column::defaultExpression)
                .containsExactly(Optional.of("$.a"), "'x'"));
    row(
        "behind DEFAULT it is Forward's",
        () ->
            assertThat(codes(DS, "SCHEMA >\n    a String DEFAULT 'x' `json:$.a`\n"))
                .containsExactly("json_path_after_default"));
    row(
        "CODEC stands before the path or at the end",
        () -> {
          assertThat(column("a String CODEC(ZSTD(1)) `json:$.a`").codec()).contains("ZSTD(1)");
          assertThat(column("a String `json:$.a` DEFAULT 'x' CODEC(Delta(8), ZSTD(1))").codec())
              .contains("Delta(8), ZSTD(1)");
        });
    row(
        "DEFAULT and MATERIALIZED",
        () -> {
          assertThat(column("a String DEFAULT now()").defaultKind()).isEqualTo(DefaultKind.DEFAULT);
          assertThat(column("a Date MATERIALIZED toDate(b)").defaultKind())
              .isEqualTo(DefaultKind.MATERIALIZED);
        });
    row(
        "a type left out is the default's, which isn't known here",
        () ->
            assertThat(errors(DS, "SCHEMA >\n    a DEFAULT 1\n")).containsExactly("type_left_out"));
    row(
        "DEFAULT NULL of a Nullable says nothing",
        () ->
            assertThat(column("a Nullable(Int8) DEFAULT NULL").defaultKind())
                .isEqualTo(DefaultKind.NONE));
    for (var option : List.of("NULL", "NOT NULL", "ALIAS b", "TTL b + INTERVAL 1 DAY")) {
      row(
          "refused: " + option,
          () -> assertThat(errors(DS, "SCHEMA >\n    a Int8 " + option + "\n")).isNotEmpty());
    }
    row(
        "an INDEX among the columns is lost",
        () ->
            assertThat(codes(DS, "SCHEMA >\n    a Int8,\n    INDEX i a TYPE minmax\n"))
                .containsExactly("index_in_schema"));
    row(
        "-- begins a remark",
        () ->
            assertThat(ds("SCHEMA >\n    a Int8, -- one\n    b Int8 -- two\n").columns())
                .hasSize(2));
    row(
        "brackets with a comma break the client, [] doesn't",
        () -> {
          assertThat(codes(DS, "SCHEMA >\n    a Array(String) DEFAULT ['x', 'y']\n"))
              .containsExactly("bracket_breaks_client");
          clean(DS, "SCHEMA >\n    a Array(String) DEFAULT []\n");
        });
    row(
        "signs that the client can't read in an expression are said",
        () -> assertThat(codes(DS, "SCHEMA >\n    a Int8 DEFAULT 5 % 2\n")).isNotEmpty());
    row(
        "a missing comma is said where it is missing",
        () ->
            assertThat(errors(DS, "SCHEMA >\n    a Int16\n    b String\n"))
                .containsExactly("missing_comma"));
    for (var path : List.of("$.a", "$.a.b", "$.a[:]", "$.a.b[:].c", "$", "$.['$x']", "$.a-b")) {
      row(
          "path: " + path,
          () -> assertThat(column("a String `json:" + path + "`").jsonPath()).contains(path));
    }
    for (var type :
        List.of(
            "Int8",
            "Int256",
            "UInt8",
            "UInt256",
            "Float32",
            "Float64",
            "Decimal(10, 2)",
            "Decimal64(4)",
            "String",
            "FixedString(3)",
            "UUID",
            "Date",
            "Date32",
            "DateTime",
            "DateTime('UTC')",
            "DateTime64(3)",
            "DateTime64(3, 'UTC')",
            "Bool",
            "Array(String)",
            "Array(Nullable(String))",
            "Map(String, UInt64)",
            "LowCardinality(String)",
            "LowCardinality(Nullable(String))",
            "Nullable(String)",
            "JSON",
            "JSON(max_dynamic_paths=16)",
            "AggregateFunction(uniq, String)",
            "AggregateFunction(quantiles(0.5, 0.9), Float64)",
            "SimpleAggregateFunction(any, String)",
            "Tuple(a String, b Int8)",
            "Array(Tuple(x Int8, y Nullable(Date)))",
            "Enum8('a' = 1, 'b' = 2)",
            "IPv4")) {
      row(
          "type: " + type,
          () -> {
            assertThat(column("a " + type).type().text()).isNotEmpty();
            clean(DS, "SCHEMA >\n    a " + type + "\n");
          });
    }
    for (var alias :
        List.of(
            "Boolean = Bool",
            "Double = Float64",
            "Decimal(10,2) = Decimal(10, 2)",
            "Array( String ) = Array(String)",
            "INT = Int32",
            "Float = Float32")) {
      row(
          "alias: " + alias,
          () ->
              assertThat(column("a " + alias.split(" = ")[0]).type())
                  .isEqualTo(column("a " + alias.split(" = ")[1]).type()));
    }
    row(
        "Nullable around an array is no type of ClickHouse",
        () ->
            assertThat(codes(DS, "SCHEMA >\n    a Nullable(Array(String))\n"))
                .containsExactly("impossible_type"));
    row(
        "columns that a connector brings may stand in keys",
        () -> {
          clean(
              DS,
              "SCHEMA >\n    a String\nENGINE MergeTree\nENGINE_SORTING_KEY __timestamp, __offset\nKAFKA_CONNECTION_NAME k\nKAFKA_TOPIC t\nKAFKA_GROUP_ID g\n");
          clean(
              DS,
              "SCHEMA >\n    a String\nENGINE ReplacingMergeTree\nENGINE_SORTING_KEY a\nENGINE_VER _timestamp\nIMPORT_SERVICE dynamodb\nIMPORT_CONNECTION_NAME c\nIMPORT_TABLE_ARN t\nIMPORT_EXPORT_BUCKET b\n");
          clean(
              DS,
              "SCHEMA >\n    a String\nENGINE MergeTree\nENGINE_SORTING_KEY insertion_date\nIMPORT_SERVICE bigquery\nIMPORT_EXTERNAL_DATASOURCE x\n");
        });
    return section("2.1 SCHEMA");
  }

  @TestFactory
  Stream<DynamicNode> engines() {
    row(
        "no ENGINE is MergeTree, in any case and quotes",
        () -> {
          assertThat(ds(COLUMNS).engine().family()).isEqualTo("MergeTree");
          assertThat(engine("ENGINE \"mergetree\"").family()).isEqualTo("MergeTree");
          assertThat(engine("ENGINE \u201CMergeTree\u201D").family()).isEqualTo("MergeTree");
        });
    for (var engine :
        List.of(
            "MergeTree",
            "ReplacingMergeTree\nENGINE_SORTING_KEY a\nENGINE_VER ts\nENGINE_IS_DELETED b",
            "SummingMergeTree\nENGINE_SORTING_KEY a\nENGINE_COLUMNS b",
            "AggregatingMergeTree\nENGINE_SORTING_KEY a",
            "CollapsingMergeTree\nENGINE_SORTING_KEY a\nENGINE_SIGN b",
            "VersionedCollapsingMergeTree\nENGINE_SORTING_KEY a\nENGINE_SIGN b\nENGINE_VERSION ts",
            "Join\nENGINE_JOIN_STRICTNESS ANY\nENGINE_JOIN_TYPE LEFT\nENGINE_KEY_COLUMNS a",
            "Null")) {
      var name = engine.lines().findFirst().orElse("");
      row(
          "engine: " + name,
          () -> {
            assertThat(engine("ENGINE " + engine).family()).isEqualTo(name);
            assertThat(errors(DS, COLUMNS + "ENGINE " + engine + "\n")).isEmpty();
          });
    }
    for (var needs :
        List.of(
            "ReplacingMergeTree",
            "AggregatingMergeTree",
            "CollapsingMergeTree\nENGINE_SIGN b",
            "CollapsingMergeTree\nENGINE_SORTING_KEY a",
            "VersionedCollapsingMergeTree\nENGINE_SORTING_KEY a\nENGINE_SIGN b",
            "ReplacingMergeTree\nENGINE_SORTING_KEY tuple()",
            "Join",
            "NoSuchTree")) {
      row(
          "refused: " + needs.replace("\n", " "),
          () -> assertThat(errors(DS, COLUMNS + "ENGINE " + needs + "\n")).isNotEmpty());
    }
    for (var option : List.of("VER", "IS_DELETED", "SIGN", "VERSION", "COLUMNS")) {
      var family =
          switch (option) {
            case "COLUMNS" -> "SummingMergeTree";
            case "SIGN" -> "CollapsingMergeTree";
            case "VERSION" -> "VersionedCollapsingMergeTree\nENGINE_SIGN b";
            default -> "ReplacingMergeTree";
          };
      row(
          "ENGINE_" + option + " names a column",
          () ->
              assertThat(
                      errors(
                          DS,
                          COLUMNS
                              + "ENGINE "
                              + family
                              + "\nENGINE_SORTING_KEY a\nENGINE_"
                              + option
                              + " nope\n"))
                  .contains("unknown_column"));
    }
    row(
        "DynamoDB needs ReplacingMergeTree",
        () ->
            assertThat(
                    errors(
                        DS,
                        COLUMNS
                            + "ENGINE MergeTree\nENGINE_SORTING_KEY a\nIMPORT_SERVICE dynamodb\nIMPORT_CONNECTION_NAME c\nIMPORT_TABLE_ARN t\nIMPORT_EXPORT_BUCKET b\n"))
                .isNotEmpty());
    row(
        "a key in tuple() or brackets is the same key, a comma in a call cuts none",
        () -> {
          for (var key :
              List.of(
                  "a, toDate(ts)", "tuple(a, toDate(ts))", "(a, toDate(ts))", "a,toDate( ts )")) {
            assertThat(engine("ENGINE MergeTree\nENGINE_SORTING_KEY \"" + key + "\"").sortingKey())
                .containsExactly("a", "toDate(ts)");
          }
        });
    row(
        "no key, an empty one and tuple() are one",
        () -> {
          for (var key :
              List.of("", "\nENGINE_PARTITION_KEY \"\"", "\nENGINE_PARTITION_KEY tuple()")) {
            assertThat(engine("ENGINE MergeTree" + key).partitionKey()).isEmpty();
          }
        });
    row(
        "a primary key that is the sorting key is none",
        () ->
            assertThat(
                    engine("ENGINE MergeTree\nENGINE_SORTING_KEY a, b\nENGINE_PRIMARY_KEY \"a,b\"")
                        .primaryKey())
                .isEmpty());
    row(
        "index_granularity 8192 is no setting",
        () -> {
          assertThat(engine("ENGINE MergeTree\nENGINE_SETTINGS index_granularity=8192").settings())
              .isEmpty();
          assertThat(engine("ENGINE MergeTree\nENGINE_SETTINGS index_granularity=64").settings())
              .isPresent();
        });
    row(
        "INTERVAL 3 DAY is toIntervalDay(3)",
        () ->
            assertThat(engine("ENGINE MergeTree\nENGINE_TTL \"ts + INTERVAL 3 DAY\"").ttl())
                .isEqualTo(engine("ENGINE MergeTree\nENGINE_TTL ts + toIntervalDay(3)").ttl()));
    row(
        "ENGINE_SAMPLING_KEY",
        () ->
            assertThat(engine("ENGINE MergeTree\nENGINE_SAMPLING_KEY b").samplingKey())
                .contains("b"));
    return section("2.2 ENGINE");
  }

  @TestFactory
  Stream<DynamicNode> indexes() {
    for (var index :
        List.of(
            "i a TYPE minmax",
            "i a TYPE minmax GRANULARITY 4",
            "INDEX i a TYPE minmax GRANULARITY 4,",
            "i a TYPE set(100)",
            "i lower(a) TYPE bloom_filter(0.01) GRANULARITY 1",
            "i a TYPE ngrambf_v1(3, 256, 2, 0) GRANULARITY 1",
            "i a TYPE tokenbf_v1(256, 2, 0)")) {
      row(
          index,
          () -> {
            assertThat(ds(COLUMNS + "INDEXES >\n    " + index + "\n").indexes()).hasSize(1);
            clean(DS, COLUMNS + "INDEXES >\n    " + index + "\n");
          });
    }
    for (var wrong :
        List.of("i a minmax", "i a TYPE fancy", "i TYPE minmax", "i a TYPE minmax TYPE set")) {
      row(
          "refused: " + wrong,
          () ->
              assertThat(errors(DS, COLUMNS + "INDEXES >\n    " + wrong + "\n"))
                  .containsExactly("index_syntax"));
    }
    return section("2.3 INDEXES");
  }

  @TestFactory
  Stream<DynamicNode> connectors() {
    for (var name :
        List.of(
            "KAFKA_CONNECTION_NAME",
            "KAFKA_TOPIC",
            "KAFKA_GROUP_ID",
            "KAFKA_BOOTSTRAP_SERVERS",
            "KAFKA_KEY",
            "KAFKA_SECRET",
            "KAFKA_SCHEMA_REGISTRY_URL",
            "KAFKA_AUTO_OFFSET_RESET",
            "KAFKA_TARGET_PARTITIONS",
            "KAFKA_STORE_RAW_VALUE",
            "KAFKA_STORE_HEADERS",
            "KAFKA_STORE_BINARY_HEADERS",
            "KAFKA_KEY_FORMAT",
            "KAFKA_VALUE_FORMAT",
            "KAFKA_KEY_AVRO_DESERIALIZATION",
            "KAFKA_SSL_CA_PEM",
            "KAFKA_SASL_MECHANISM",
            "IMPORT_SERVICE",
            "IMPORT_CONNECTION_NAME",
            "IMPORT_BUCKET_URI",
            "IMPORT_SCHEDULE",
            "IMPORT_STRATEGY",
            "IMPORT_FROM_TIMESTAMP",
            "IMPORT_EXTERNAL_DATASOURCE",
            "IMPORT_QUERY",
            "IMPORT_TABLE_ARN",
            "IMPORT_EXPORT_BUCKET")) {
      row(
          name,
          () -> {
            assertThat(ds(COLUMNS + name + " 'x'\n").settings()).containsEntry(name, "x");
            assertThat(ds(COLUMNS + name + " 'x'\n").hasConnector()).isTrue();
            assertThat(codes(DS, COLUMNS + name + " 'x'\n")).doesNotContain("unknown_directive");
          });
    }
    row(
        "a connection may live in an .incl",
        () ->
            assertThat(
                    files(
                            DS,
                            COLUMNS + "INCLUDE ../k.incl\nKAFKA_TOPIC t\n",
                            "k.incl",
                            "KAFKA_CONNECTION_NAME c\n")
                        .dataSource("d")
                        .orElseThrow()
                        .isKafka())
                .isTrue());
    return section("2.4 connectors");
  }

  @TestFactory
  Stream<DynamicNode> forward() {
    row(
        "FORWARD_QUERY",
        () ->
            assertThat(codes(DS, COLUMNS + "FORWARD_QUERY >\n    SELECT a, b, ts\n"))
                .containsExactly("forward_only"));
    row(
        "BACKFILL skip",
        () -> assertThat(codes(DS, COLUMNS + "BACKFILL skip\n")).containsExactly("forward_only"));
    for (var line : List.of("DEPLOYMENT_METHOD alter", "ON_DEMAND_COMPUTE true", "CACHE 5")) {
      row(
          line,
          () ->
              assertThat(codes(PIPE, sql("SELECT 1") + line + "\n"))
                  .containsExactly("forward_only"));
    }
    return section("2.5 and 3: Forward's own");
  }

  // 3

  @TestFactory
  Stream<DynamicNode> pipes() {
    row(
        "TOKEN, VERSION and INCLUDE of a Pipe",
        () -> {
          var p = pipe("VERSION 2\nTOKEN t READ\nTAGS x\nNODE n\nSQL >\n    SELECT 1\n");
          assertThat(p.tokens()).hasSize(1);
          assertThat(p.legacyVersion()).contains(2);
        });
    row(
        "NODE needs a name, quotes allowed",
        () -> {
          assertThat(pipe("NODE \"n\"\nSQL >\n    SELECT 1\n").node("n")).isPresent();
          assertThat(errors(PIPE, "NODE\nSQL >\n    SELECT 1\n")).isNotEmpty();
        });
    row(
        "SQL needs a NODE, and a NODE its SQL",
        () -> {
          assertThat(errors(PIPE, "SQL >\n    SELECT 1\n")).contains("missing_node");
          assertThat(errors(PIPE, "NODE n\n")).isNotEmpty();
        });
    row(
        "TYPE in any case, also in front of SQL",
        () -> {
          for (var kind : List.of("standard", "ENDPOINT", "Sink", "stream")) {
            assertThat(node("TYPE " + kind).kind().name()).isEqualToIgnoringCase(kind);
          }
          assertThat(pipe("NODE n\nTYPE endpoint\nSQL >\n    SELECT 1\n").is(Node.Kind.ENDPOINT))
              .isTrue();
          assertThat(errors(PIPE, sql("SELECT 1") + "TYPE nonsense\n")).isNotEmpty();
        });
    row(
        "materialized with DATASOURCE",
        () ->
            assertThat(node("TYPE materialized\nDATASOURCE d"))
                .extracting(Node::kind, Node::target)
                .containsExactly(Node.Kind.MATERIALIZED, Optional.of("d")));
    row(
        "ENGINE lines of a view make its target where there is no file",
        () -> {
          var n = node("TYPE materialized\nDATASOURCE mv\nENGINE MergeTree\nENGINE_SORTING_KEY a");
          assertThat(n.engine()).containsKeys("ENGINE", "ENGINE_SORTING_KEY");
          clean(
              PIPE, sql("SELECT 1 AS a") + "TYPE materialized\nDATASOURCE mv\nENGINE MergeTree\n");
        });
    row(
        "a view without a target is an error, with ENGINE lines too",
        () -> {
          assertThat(errors(PIPE, sql("SELECT 1") + "TYPE materialized\n"))
              .containsExactly("missing_target");
          assertThat(errors(PIPE, sql("SELECT 1") + "TYPE materialized\nENGINE MergeTree\n"))
              .containsExactly("missing_target");
        });
    row(
        "copy with TARGET_DATASOURCE, mode and schedule",
        () ->
            assertThat(
                    node(
                        "TYPE copy\nTARGET_DATASOURCE d\nCOPY_MODE replace\nCOPY_SCHEDULE 0 * * * *"))
                .extracting(Node::target, Node::copyMode, Node::copySchedule)
                .containsExactly(
                    Optional.of("d"), Optional.of("replace"), Optional.of("0 * * * *")));
    row(
        "MODE is COPY_MODE; append and on demand are what is meant without",
        () -> {
          assertThat(node("TYPE copy\nTARGET_DATASOURCE d\nMODE replace").copyMode())
              .contains("replace");
          var plain = node("TYPE copy\nTARGET_DATASOURCE d");
          assertThat(plain.copyMode().orElse("append")).isEqualTo("append");
          assertThat(plain.copySchedule().orElse("@on-demand")).isEqualTo("@on-demand");
        });
    for (var name :
        List.of(
            "EXPORT_SERVICE",
            "EXPORT_CONNECTION_NAME",
            "EXPORT_SCHEDULE",
            "EXPORT_BUCKET_URI",
            "EXPORT_FILE_TEMPLATE",
            "EXPORT_FORMAT",
            "EXPORT_COMPRESSION",
            "EXPORT_WRITE_STRATEGY",
            "EXPORT_STRATEGY",
            "EXPORT_KAFKA_TOPIC")) {
      row(
          "sink: " + name,
          () -> assertThat(node("TYPE sink\n" + name + " x").settings()).containsEntry(name, "x"));
    }
    row(
        "stream: KAFKA_CONNECTION_NAME, KAFKA_TOPIC",
        () ->
            assertThat(node("TYPE stream\nKAFKA_CONNECTION_NAME c\nKAFKA_TOPIC t").settings())
                .containsKeys("KAFKA_CONNECTION_NAME", "KAFKA_TOPIC"));
    row(
        "TAGS k=v of a node",
        () -> assertThat(codes(PIPE, sql("SELECT 1") + "TAGS k=v\n")).isEmpty());
    row(
        "without a TYPE the last node is an endpoint",
        () -> {
          var p = pipe("NODE a\nSQL >\n    SELECT 1\nNODE b\nSQL >\n    SELECT * FROM a\n");
          assertThat(p.isEndpoint()).isTrue();
          assertThat(p.resultNode().name()).isEqualTo("b");
        });
    row(
        "one node of a Pipe does something, no more",
        () ->
            assertThat(
                    errors(
                        PIPE,
                        "NODE a\nSQL >\n    SELECT a FROM d\nTYPE materialized\nDATASOURCE d\nNODE b\nSQL >\n    SELECT 1\nTYPE sink\n"))
                .containsExactly("several_writing_nodes"));
    row(
        "two nodes of one name are an error",
        () ->
            assertThat(errors(PIPE, "NODE a\nSQL >\n    SELECT 1\nNODE a\nSQL >\n    SELECT 1\n"))
                .isNotEmpty());
    row(
        "a Copy Pipe may read table functions",
        () ->
            assertThat(
                    errors(
                        PIPE,
                        sql("SELECT * FROM postgresql('h:1', 'db', 't', 'u', 'p')")
                            + "TYPE copy\nTARGET_DATASOURCE d\n",
                        DS,
                        COLUMNS))
                .isEmpty());
    row(
        "a directive of the other kind of file means nothing",
        () -> {
          assertThat(codes(DS, COLUMNS + "NODE n\n")).contains("misplaced_directive");
          assertThat(codes(PIPE, sql("SELECT 1") + "SHARED_WITH x\n"))
              .contains("misplaced_directive");
        });
    row(
        "service tables, quarantine and other workspaces are known",
        () -> {
          for (var table :
              List.of(
                  "tinybird.datasources_ops_log",
                  "organization.workspaces",
                  "system.numbers",
                  "d_quarantine",
                  "datasources_ops_log",
                  "pipe_stats",
                  "pipe_stats_rt",
                  "block_log",
                  "data_connectors_log",
                  "kafka_ops_log",
                  "datasources_storage",
                  "endpoint_errors",
                  "bi_stats",
                  "bi_stats_rt")) {
            assertThat(files(DS, COLUMNS, PIPE, sql("SELECT 1 FROM " + table)).problems())
                .as(table)
                .isEmpty();
          }
        });
    row(
        "a table that nothing defines is said",
        () ->
            assertThat(codes(PIPE, sql("SELECT 1 FROM nowhere"))).containsExactly("unknown_table"));
    return section("3 Pipes");
  }

  @TestFactory
  Stream<DynamicNode> tokenFiles() {
    for (var name : List.of("SCOPE", "RESOURCE", "FILTER")) {
      row(name, () -> assertThat(codes("tokens/t.token", name + " x\n")).isEmpty());
    }
    return section(".token directives");
  }
}
