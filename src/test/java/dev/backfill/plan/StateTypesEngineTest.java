package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.project.ColumnType;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which states ClickHouse takes in place of others: the same that the plan takes for equal.
@EngineTest
class StateTypesEngineTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "Int32 | Int64",
        "Int32 | UInt32",
        "Int32 | Nullable(Int32)",
        "Nullable(Int32) | Int32",
        "Float32 | Float64",
        "String | LowCardinality(String)",
        "LowCardinality(Nullable(String)) | Nullable(String)",
        "LowCardinality(String) | LowCardinality(Nullable(String))",
        "DateTime | DateTime64(3)",
        "DateTime | DateTime('Europe/Madrid')",
        "DateTime64(3) | DateTime64(3, 'UTC')",
        "DateTime64(3) | DateTime64(6)",
        "Decimal(10, 2) | Decimal(18, 2)",
        "Decimal(10, 2) | Decimal(10, 4)",
        "Array(Int32) | Array(Int64)",
        "Enum8('a' = 1) | Enum8('a' = 1, 'b' = 2)",
        "Bool | UInt8"
      })
  void aStateOfAnotherTypeIsRefused(String was, String now) {
    var equal = StateTypes.inStates(type(was)).equals(StateTypes.inStates(type(now)));
    try (var session = TestEngine.shared().session()) {
      for (var function : new String[] {"uniq", "max", "groupArray"}) {
        if (was.startsWith("Array") && function.equals("max")) {
          continue;
        }
        var create =
            "CREATE TEMPORARY TABLE t (s AggregateFunction(%s, %s)) ENGINE Memory"
                .formatted(function, was);
        session.run(create);
        var insert =
            "INSERT INTO t SELECT %sState(defaultValueOfTypeName('%s'))"
                .formatted(function, now.replace("'", "\\'"));
        if (equal) {
          assertThatCode(() -> session.run(insert)).as(function).doesNotThrowAnyException();
        } else {
          assertThatThrownBy(() -> session.run(insert))
              .as(function)
              .hasMessageContaining("Conversion from AggregateFunction(" + function);
        }
        session.run("DROP TABLE t");
      }
    }
  }

  private static ColumnType type(String text) {
    var type = ColumnType.parse(text);
    assertThat(type).as(text).isPresent();
    return type.orElseThrow();
  }
}
