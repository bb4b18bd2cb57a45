package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.project.ColumnType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WideningTest {
  @ParameterizedTest(name = "{0} to {1}: {2}")
  @CsvSource({
    "Int8, Int8, true",
    "Int8, Int16, true",
    "Int16, Int8, false",
    "UInt8, Int16, true",
    "UInt8, Int8, false",
    "Int8, UInt16, false",
    "UInt16, UInt32, true",
    "Int16, Float32, true",
    "UInt32, Float32, false",
    "Int32, Float64, true",
    "Int64, Float64, false",
    "Int256, String, true",
    "Int8, Date, false",
    "Float32, Float64, true",
    "Float64, Float32, false",
    "DateTime, DateTime64(3), true",
    "DateTime64(3), DateTime, false",
    "DateTime, Date, false",
    "String, FixedString(3), false",
  })
  void aWiderTypeKeepsEveryValue(String from, String to, boolean keeps) {
    assertThat(
            Widening.keepsValues(
                ColumnType.parse(from).orElseThrow(), ColumnType.parse(to).orElseThrow()))
        .isEqualTo(keeps);
  }
}
