package dev.backfill.datafile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.datafile.Datafile.DatasourceFile;
import dev.backfill.datafile.Datafile.PipeFile;
import dev.backfill.problem.Problem;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DatafileParserTest {
  private static DatasourceFile datasource(String text) {
    return (DatasourceFile) DatafileParser.parse("datasources/a.datasource", text).file();
  }

  private static PipeFile pipe(String text) {
    return (PipeFile) DatafileParser.parse("pipes/p.pipe", text).file();
  }

  private static List<String> problems(String path, String text) {
    return DatafileParser.parse(path, text).problems().stream()
        .map(p -> p.place().line() + ":" + p.place().column() + " " + p.code())
        .toList();
  }

  private static List<String> problems(String text) {
    return problems("datasources/a.datasource", text);
  }

  @Test
  void anUnindentedSchemaEndsAtTheFirstDirectiveInColumnOne() {
    var file =
        datasource(
            """
            DESCRIPTION >
                one

                two            # stays
            TOKEN "app" APPEND
            SCHEMA >
            `id` String,
            `ts` DateTime
            ENGINE MergeTree
            """);

    assertThat(file.last("DESCRIPTION").orElseThrow().raw())
        .isEqualTo("one\n    two            # stays");
    assertThat(file.columns()).extracting(ColumnSyntax::name).containsExactly("id", "ts");
    assertThat(file.last("ENGINE").orElseThrow().value()).isEqualTo("MergeTree");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "ENGINE_SORTING_KEY \"a, b\"       | a, b",
        "ENGINE_SORTING_KEY 'a, b'         | a, b",
        "ENGINE_SORTING_KEY a,   b         | a, b",
        "engine_sorting_key a, b # remark  | a, b",
        "   ENGINE_SORTING_KEY a           | a",
        "ENGINE_SORTING_KEY \"\"           | ``",
        "ENGINE_SORTING_KEY a#b            | a",
        "ENGINE_SORTING_KEY \"a#b\"        | a#b",
        "ENGINE_SORTING_KEY It's           | It's",
        "ENGINE_SORTING_KEY a\\            | a\\",
      })
  void aValueIsWhatTheClientMakesOfIt(String line, String value) {
    assertThat(datasource(line).last("ENGINE_SORTING_KEY").orElseThrow().value()).isEqualTo(value);
  }

  @Test
  void aQuoteInTheMiddleOfAWordIsPlainText() {
    assertThat(problems("DESCRIPTION It's \"fine\n")).containsExactly("1:18 unclosed_quote");
    assertThat(problems("DESCRIPTION It's fine\n")).isEmpty();
  }

  @Test
  void anOpenQuoteOutsideABlockIsAnErrorAndInsideOneIsText() {
    assertThat(problems("ENGINE 'oops\nENGINE MergeTree\n")).containsExactly("1:8 unclosed_quote");
    assertThat(problems("p.pipe", "NODE n\nSQL >\n'it\nSELECT 1\nTYPE endpoint\n")).isEmpty();
    assertThat(pipe("NODE n\nSQL >\n'it\nSELECT 1\n").nodes().getFirst().last("SQL").orElseThrow())
        .extracting(Directive::raw)
        .isEqualTo("'it\nSELECT 1");
  }

  @Test
  void aLineThatStartsWithFromNeverEndsABlock() {
    var node = pipe("NODE n\nSQL >\nSELECT *\nFROM a\nfrom b\nTYPE endpoint\n").nodes().getFirst();

    assertThat(node.last("SQL").orElseThrow().raw()).isEqualTo("SELECT *\nFROM a\nfrom b");
    assertThat(node.last("TYPE").orElseThrow().value()).isEqualTo("endpoint");
  }

  @Test
  void anUnindentedDirectiveWordEndsABlockEvenInsideSql() {
    var node = pipe("NODE n\nSQL >\nSELECT\ntype\nFROM a\n").nodes().getFirst();

    assertThat(node.last("SQL").orElseThrow().raw()).isEqualTo("SELECT");
    assertThat(problems("p.pipe", "NODE n\nSQL >\nSELECT\ntype\nFROM a\n"))
        .containsExactly("5:1 unused_directive", "4:1 missing_value");
  }

  @Test
  void blankAndCommentLinesDisappearFromABlock() {
    var sql =
        pipe("NODE n\nSQL >\n\n    SELECT 1\n\t\n  # gone\n    -- stays\n    , 2\n")
            .nodes()
            .getFirst()
            .last("SQL")
            .orElseThrow();

    assertThat(sql.block().orElseThrow().text()).isEqualTo("    SELECT 1\n    -- stays\n    , 2");
  }

  @Test
  void textBehindTheBlockSignIsDropped() {
    assertThat(problems("SCHEMA > a Int8\n    b Int8\n"))
        .containsExactly("1:10 text_after_block_start");
    assertThat(datasource("SCHEMA > a Int8\n    b Int8\n").columns())
        .extracting(ColumnSyntax::name)
        .containsExactly("b");
  }

  @Test
  void everyProblemIsReportedWithItsPlace() {
    assertThat(
            problems(
                """
                SCHEMA>
                SCHEMA >
                    a Int16 b String,
                    c,
                    d Array(String,
                    ENGINE MergeTree
                SORTING_KEY a
                FOO bar
                ENGINE_SORT_KEY a
                SETTINGS x = 1
                VERSION # none
                """))
        .containsExactlyInAnyOrder(
            "1:1 unknown_directive",
            "3:13 missing_comma",
            "4:5 missing_type",
            "5:12 unbalanced_bracket",
            "6:5 indented_directive",
            "7:1 unused_directive",
            "8:1 unknown_directive",
            "9:1 unknown_directive",
            "10:1 unknown_directive",
            "11:1 missing_value");
  }

  @Test
  void anIndentedDirectiveIsSwallowedByTheBlockAbove() {
    assertThat(problems("p.pipe", "NODE n\nSQL >\n    SELECT 1\n    TYPE materialized\n"))
        .containsExactly("4:5 indented_directive");
    assertThat(problems("p.pipe", "NODE n\nSQL >\n    SELECT\n    type,\n    TYPE x\n FROM a\n"))
        .isEmpty();
  }

  @Test
  void forwardConstructsAreAcceptedWithAWarning() {
    var parsed =
        DatafileParser.parse(
            "a.datasource",
            "SCHEMA >\n    a Int8 DEFAULT 1 `json:$.a`,\nFORWARD_QUERY >\n    SELECT a\n");

    assertThat(parsed.problems())
        .extracting(Problem::code)
        .containsExactlyInAnyOrder("json_path_after_default", "trailing_comma", "forward_only");
    assertThat(parsed.broken()).isFalse();
  }

  @Test
  void anIncludeStandsInForItsLine() {
    var parsed =
        DatafileParser.parse(
            "datasources/a.datasource",
            "SCHEMA >\n    a Int8\nINCLUDE \"../parts/k.incl\" \"TOPIC=clicks\"\nENGINE MergeTree\n",
            Map.of("parts/k.incl", "KAFKA_TOPIC ${TOPIC}\nKAFKA_GROUP_ID $OTHER\n"));

    assertThat(parsed.problems()).isEmpty();
    assertThat(parsed.file().last("KAFKA_TOPIC").orElseThrow().value()).isEqualTo("clicks");
    assertThat(parsed.file().last("KAFKA_GROUP_ID").orElseThrow().value()).isEqualTo("$OTHER");
    assertThat(parsed.file().last("KAFKA_TOPIC").orElseThrow().place())
        .hasToString("parts/k.incl:1:1");
  }

  @Test
  void anIncludeThatIsMissingOrRunsInCirclesIsAnError() {
    assertThat(problems("INCLUDE \"x.incl\"\n")).containsExactly("1:1 include_not_resolved");
    assertThat(problems("INCLUDE \"../../x.incl\"\n")).containsExactly("1:1 include_not_resolved");
    var circle =
        DatafileParser.parse(
            "a.datasource", "INCLUDE b.incl\n", Map.of("b.incl", "INCLUDE b.incl\n"));
    assertThat(circle.problems()).extracting(Problem::code).containsExactly("include_not_resolved");
  }

  @Test
  void anIncludeThatTheEnvironmentNamesIsReadAsProductions() {
    var files =
        Map.of(
            "parts/k_dev.incl", "KAFKA_TOPIC dev\n",
            "parts/k_prod.incl", "KAFKA_TOPIC clicks\n",
            "parts/deep/k_.incl", "KAFKA_TOPIC other\n");
    var text = "SCHEMA >\n    a Int8\nINCLUDE \"../parts/k_$TB_ENV.incl\"\nENGINE MergeTree\n";
    var parsed = DatafileParser.parse("datasources/a.datasource", text, files);

    assertThat(parsed.problems())
        .extracting(p -> p.code() + " " + p.severity())
        .containsExactly("include_depends_on_environment WARNING");
    assertThat(parsed.file().last("KAFKA_TOPIC").orElseThrow().value()).isEqualTo("clicks");
    assertThat(
            DatafileParser.parse(
                    "datasources/a.datasource", text, Map.of("parts/k.incl", "KAFKA_TOPIC x\n"))
                .problems())
        .extracting(Problem::code)
        .containsExactly("include_not_resolved");
  }

  @Test
  void includesThatMultiplyDoNotExplode() {
    var bomb = new java.util.HashMap<String, String>();
    for (int i = 0; i < 15; i++) {
      bomb.put(i + ".incl", ("INCLUDE " + (i + 1) + ".incl\n").repeat(20));
    }
    bomb.put("15.incl", "DESCRIPTION x\n");

    assertThat(DatafileParser.parse("a.datasource", "INCLUDE 0.incl\n", bomb).broken()).isTrue();
  }
}
