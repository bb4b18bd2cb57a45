package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.project.ColumnType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Which conversion is written; [ConversionTest] runs them on the engine.
class ConversionTextTest {
  private static ColumnType type(String text) {
    return ColumnType.parse(text).orElseThrow();
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "UInt8 | UInt8 | v",
        "UInt8 | Nullable(UInt8) | CAST(v, 'Nullable(UInt8)')",
        "Nullable(UInt8) | UInt8 | CAST(ifNull(v, defaultValueOfTypeName('UInt8')), 'UInt8')",
        "UInt32 | UInt8 | CAST(ifNull(accurateCastOrNull(v, 'UInt8'), defaultValueOfTypeName('UInt8')), 'UInt8')",
        "UInt32 | Nullable(UInt8) | CAST(accurateCastOrNull(v, 'UInt8'), 'Nullable(UInt8)')",
        "UInt8 | String | CAST(ifNull(toString(v), defaultValueOfTypeName('String')), 'String')",
        "String | LowCardinality(Nullable(String)) | CAST(v, 'LowCardinality(Nullable(String))')",
        "UInt64 | Float32 | CAST(ifNull(toFloat32(v), defaultValueOfTypeName('Float32')), 'Float32')",
        "Decimal(9, 2) | Float64 | CAST(ifNull(toFloat64(v), defaultValueOfTypeName('Float64')), 'Float64')",
        "Bool | Float64 | CAST(ifNull(accurateCastOrNull(v, 'Float64'), defaultValueOfTypeName('Float64')), 'Float64')",
        "Int64 | Decimal(9, 2) | CAST(ifNull(accurateCastOrNull(v, 'Decimal(9, 2)'), defaultValueOfTypeName('Decimal(9, 2)')), 'Decimal(9, 2)')",
        "DateTime | DateTime64(3) | CAST(ifNull(if(v >= toDateTime64('1900-01-02 00:00:00', 0) AND v <= toDateTime64('2299-12-30 00:00:00', 0), accurateCastOrNull(least(greatest(v, toDateTime64('1900-01-02 00:00:00', 0)), toDateTime64('2299-12-30 00:00:00', 0)), 'DateTime64(3)'), NULL), defaultValueOfTypeName('DateTime64(3)')), 'DateTime64(3)')",
        "DateTime64(3) | Nullable(DateTime64(9)) | CAST(if(v >= toDateTime64('1900-01-02 00:00:00', 0) AND v <= toDateTime64('2262-04-10 00:00:00', 0), accurateCastOrNull(least(greatest(v, toDateTime64('1900-01-02 00:00:00', 0)), toDateTime64('2262-04-10 00:00:00', 0)), 'DateTime64(9)'), NULL), 'Nullable(DateTime64(9))')",
        "DateTime64(9) | Nullable(DateTime64(3)) | CAST(accurateCastOrNull(v, 'DateTime64(3)'), 'Nullable(DateTime64(3))')",
        "DateTime64(3) | Nullable(DateTime64(3, 'UTC')) | CAST(accurateCastOrNull(v, 'DateTime64(3, \\'UTC\\')'), 'Nullable(DateTime64(3, \\'UTC\\'))')",
        "Enum8('a' = 1) | Enum8('a' = 1, 'b' = 2) | CAST(v, 'Enum8(\\'a\\' = 1, \\'b\\' = 2)')",
        "LowCardinality(String) | String | CAST(ifNull(v, defaultValueOfTypeName('String')), 'String')",
        "Array(String) | Array(UInt8) | -",
        "Array(String) | Array(String) | v",
        "Nullable(Enum8('a' = 1)) | Enum8('a' = 1, 'b' = 2) | -",
        "Nullable(Enum8('a' = 1)) | Enum8('a' = 1) | -",
        "Enum8('a' = 1, 'b' = 2) | Enum8('a' = 1) | -",
        "String | FixedString(4) | -",
        "UInt8 | FixedString(4) | -",
        "UInt8 | DateTime | -",
        "DateTime | UInt32 | -",
        "Float64 | Decimal(9, 2) | -",
        "Decimal(9, 2) | UInt32 | -",
        "UUID | UInt8 | -",
        "DateTime | UUID | -",
        "Bool | Date | -",
      })
  void aConversionIsWrittenThatNeverThrows(String from, String to, String sql) {
    assertThat(Conversion.of("v", type(from), type(to)).orElse("-")).isEqualTo(sql);
  }

  private static String expression(String expression, String to) {
    var over = Projects.with().dataSource("events").orElseThrow();
    return Conversion.ofExpression(expression, over, type(to)).orElse("-");
  }

  @ParameterizedTest(name = "{0} as {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "payload | Nullable(UInt8) | CAST(accurateCastOrNull(toString(payload), 'UInt8'), 'Nullable(UInt8)')",
        "payload | Nullable(Date) | CAST(accurateCastOrNull((payload), 'Date'), 'Nullable(Date)')",
        "1 | Nullable(Date) | CAST(accurateCastOrNull((1), 'Date'), 'Nullable(Date)')",
      })
  void anExpressionIsGivenTheTargetsType(String expression, String to, String sql) {
    assertThat(expression(expression, to)).isEqualTo(sql);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.5", "array(1)", "tuple(1)", "toFloat64OrNull(payload)"})
  void aFractionIsNoTime(String expression) {
    assertThat(expression(expression, "DateTime")).isEqualTo("-");
    assertThat(expression(expression, "UInt8")).isNotEqualTo("-");
  }

  @ParameterizedTest
  @ValueSource(strings = {"FixedString(3)", "Array(String)", "Map(String, String)"})
  void someTypesTakeNoExpression(String to) {
    assertThat(expression("payload", to)).isEqualTo("-");
  }
}
