package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.local.engine.EngineException;
import dev.backfill.project.ColumnType;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a view does that passes a value on into a column of another type, on ClickHouse.
@EngineTest
class ImplicitEngineTest {
  @ParameterizedTest(name = "{1} into {2} throws for {0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "'x'                     | String           | Int32",
        "'x'                     | String           | DateTime",
        "'x'                     | LowCardinality(String) | UUID",
        "'toolong'               | String           | FixedString(3)",
        "'x'                     | String           | Enum8('a' = 1)",
        "NULL                    | Nullable(Int32)  | Int32",
        "NULL                    | Nullable(String) | String",
      })
  void throwing(String value, String from, String to) {
    assertThat(Implicit.mayThrow(type(from), type(to))).isTrue();
    assertThat(inserted(value, from, to)).startsWith("throws");
  }

  @ParameterizedTest(name = "{1} into {2} takes {0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "1                       | Int32            | Int64                  | 1",
        "1                       | Int32            | String                 | 1",
        "'x'                     | String           | LowCardinality(String) | x",
        "'x'                     | String           | Nullable(String)       | x",
        "toDateTime(5, 'UTC')    | DateTime('UTC')  | DateTime64(3, 'UTC')   | 1970-01-01 00:00:05.000",
        "'a'                     | Enum8('a' = 1)   | Enum8('a' = 1, 'b' = 2) | a",
      })
  void harmless(String value, String from, String to, String stored) {
    assertThat(Implicit.mayThrow(type(from), type(to))).isFalse();
    assertThat(Implicit.wraps(type(from), type(to))).isFalse();
    assertThat(inserted(value, from, to)).isEqualTo(stored);
  }

  @ParameterizedTest(name = "{1} into {2} makes {3} of {0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {"70000 | Int32 | Int16 | 4464", "-1 | Int32 | UInt32 | 4294967295"})
  void wrapping(String value, String from, String to, String stored) {
    assertThat(Implicit.wraps(type(from), type(to))).isTrue();
    assertThat(inserted(value, from, to)).isEqualTo(stored);
  }

  private static ColumnType type(String text) {
    return ColumnType.parse(text).orElseThrow();
  }

  private static String inserted(String value, String from, String to) {
    try (var session = TestEngine.shared().session()) {
      session.run("CREATE DATABASE implicit");
      try {
        session.run("CREATE TABLE implicit.landing (c " + from + ") ENGINE = Null");
        session.run("CREATE TABLE implicit.twin (c " + to + ") ENGINE = MergeTree ORDER BY ()");
        session.run(
            "CREATE MATERIALIZED VIEW implicit.sync TO implicit.twin AS SELECT c FROM implicit.landing");
        session.run("INSERT INTO implicit.landing SELECT " + value);
        return session.query("SELECT c FROM implicit.twin", "TSV").text().strip();
      } catch (EngineException e) {
        return "throws " + e.getMessage();
      } finally {
        session.run("DROP DATABASE implicit");
      }
    }
  }
}
