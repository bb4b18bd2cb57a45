package dev.backfill.datafile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.datafile.Datafile.DatasourceFile;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchemaParserTest {
  private static Parsed parse(String schema) {
    return DatafileParser.parse("a.datasource", "SCHEMA >\n" + schema.indent(4));
  }

  private static List<ColumnSyntax> columns(String schema) {
    return ((DatasourceFile) parse(schema).file()).columns();
  }

  private static List<String> problems(String schema) {
    return parse(schema).problems().stream()
        .map(p -> p.place().line() + ":" + p.place().column() + " " + p.code())
        .toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "`a` String | a | String | NONE |  |  | ",
        "a LowCardinality( Nullable(String) ) | a | LowCardinality( Nullable(String) ) | NONE | | | ",
        "`a` String `json:$.a.b[:].c` | a | String | NONE |  | $.a.b[:].c | ",
        "`a` Int8 `json:$.a` DEFAULT 1 CODEC(Delta(8), ZSTD(1)) | a | Int8 | DEFAULT | 1 | $.a | Delta(8), ZSTD(1)",
        "`a` Int8 CODEC(ZSTD(1)) `json:$.a` | a | Int8 | NONE | | $.a | ZSTD(1)",
        "`a` DEFAULT now() | a | | DEFAULT | now() | | ",
        "a Array(String) DEFAULT ['x', 'y'] | a | Array(String) | DEFAULT | ['x', 'y'] | | ",
        "a String DEFAULT 'it''s, \\'no\\' -- comment' | a | String | DEFAULT | 'it''s, \\'no\\' -- comment' | | ",
        "a Date MATERIALIZED toDate(ts) + INTERVAL 3 DAY | a | Date | MATERIALIZED | toDate(ts) + INTERVAL 3 DAY | | ",
        "a UInt8 DEFAULT b = 1 AND c IN (1, 2) ? 3 : 4 | a | UInt8 | DEFAULT | b = 1 AND c IN (1, 2) ? 3 : 4 | | ",
        "'a' Enum8('x, y' = 1, 'z' = 2) | a | Enum8('x, y' = 1, 'z' = 2) | NONE | | | ",
        "a.b Array(Tuple(x Int8, y String)) | a.b | Array(Tuple(x Int8, y String)) | NONE | | | ",
        "some-name JSON(max_dynamic_paths=8, a.b UInt32) | some-name | JSON(max_dynamic_paths=8, a.b UInt32) | NONE | | | ",
        "`a` Int8 default -1 -- remark, with `comma` | a | Int8 | DEFAULT | -1 | | ",
      })
  void aColumnIsNameTypePathDefaultAndCodec(
      String text,
      String name,
      @org.jspecify.annotations.Nullable String type,
      ColumnSyntax.Kind kind,
      @org.jspecify.annotations.Nullable String expression,
      @org.jspecify.annotations.Nullable String path,
      @org.jspecify.annotations.Nullable String codec) {
    for (var schema : List.of(text, "first Int8,\n" + text + "\n, last Int8")) {
      var found =
          columns(schema).stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow();

      assertThat(found.type().orElse(null)).isEqualTo(type);
      assertThat(found.kind()).isEqualTo(kind);
      assertThat(found.expression()).isEqualTo(expression == null ? "" : expression);
      assertThat(found.jsonPath().orElse(null)).isEqualTo(path);
      assertThat(found.codec().orElse(null)).isEqualTo(codec);
      assertThat(parse(schema).broken()).isFalse();
    }
  }

  @Test
  void aMissingCommaIsFoundAndBothColumnsAreKept() {
    assertThat(problems("a Int16 b String")).containsExactly("2:13 missing_comma");
    assertThat(problems("`a` Int16\n`b` String")).containsExactly("3:5 missing_comma");
    assertThat(problems("a Int16 DEFAULT 0\n`b` String")).containsExactly("3:5 missing_comma");
    assertThat(problems("a Int16 DEFAULT f(0)\nb String")).containsExactly("3:5 missing_comma");
    assertThat(problems("a Int16 `json:$.a`\nb String")).containsExactly("3:5 missing_comma");
    assertThat(columns("a Int16 DEFAULT f(0)\nb String,\nc Int8"))
        .extracting(ColumnSyntax::name)
        .containsExactly("a", "b", "c");
  }

  @Test
  void whatTheClientRefusesBehindAColumnIsAnError() {
    assertThat(problems("a Int8 NOT NULL,\nb Int8"))
        .containsExactly("2:12 unsupported_column_option");
    assertThat(problems("a Int8 TTL x + toIntervalDay(1)"))
        .containsExactly("2:12 unsupported_column_option");
    assertThat(problems("a Int8,\na Int8")).containsExactly("3:5 duplicate_column");
    assertThat(problems("a Int8,, b Int8")).containsExactly("2:12 schema_syntax");
    assertThat(problems("a Int8, # remark\nb Int8")).containsExactly("2:13 schema_syntax");
    assertThat(problems("")).containsExactly("1:1 empty_schema");
  }

  @Test
  void whereTheClientIsWeakerThereIsAWarning() {
    assertThat(problems("a Array(String) DEFAULT ['a','b']"))
        .containsExactly("2:29 bracket_breaks_client");
    assertThat(problems("a Array(String) DEFAULT []")).isEmpty();
    assertThat(problems("a Int8,\nINDEX i a TYPE minmax GRANULARITY 1,\nb Int8"))
        .containsExactly("3:5 index_in_schema");
    assertThat(columns("index String,\nb Int8")).hasSize(2);
  }
}
