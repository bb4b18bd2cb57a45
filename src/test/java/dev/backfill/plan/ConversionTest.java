package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.project.Column;
import dev.backfill.project.ColumnType;
import dev.backfill.project.ProjectReader;
import dev.backfill.sql.SqlText;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Every conversion is run by the real engine over the worst values of its source's type.
@EngineTest
class ConversionTest {
  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "String | UInt32 | '', 'x', '1', '\"7\"', '-1', '99999999999' | 0,0,1,0,0,0",
        "String | Nullable(UInt32) | '', 'x', '1' | \\N,\\N,1",
        "LowCardinality(String) | UInt32 | 'x', '1' | 0,1",
        "LowCardinality(Nullable(String)) | UInt32 | NULL, '1' | 0,1",
        "String | LowCardinality(String) | '', 'x' | ,x",
        "LowCardinality(String) | String | '', 'x' | ,x",
        "String | LowCardinality(Nullable(String)) | 'x' | x",
        "Nullable(String) | String | NULL, 'x' | ,x",
        "String | Nullable(String) | 'x' | x",
        "String | DateTime | '', 'x', '2024-01-02 03:04:05' | 1970-01-01 00:00:00,1970-01-01 00:00:00,2024-01-02 03:04:05",
        "String | DateTime64(3) | 'x', '2024-01-02 03:04:05.678' | 1970-01-01 00:00:00.000,2024-01-02 03:04:05.678",
        "String | Date | 'x', '2024-01-02' | 1970-01-01,2024-01-02",
        "String | UUID | 'x' | 00000000-0000-0000-0000-000000000000",
        "String | Float64 | 'x', '1.5' | 0,1.5",
        "String | Bool | 'x', 'true' | false,true",
        "Int32 | Int64 | -2147483648, 5 | -2147483648,5",
        "Int64 | Int32 | -9223372036854775808, 5 | 0,5",
        "Int32 | UInt32 | -1, 5 | 0,5",
        "UInt64 | Int64 | 18446744073709551615, 5 | 0,5",
        "UInt32 | Float32 | 16777217, 5 | 16777216,5",
        "Float64 | Float32 | 0.5, 1e300 | 0.5,inf",
        "Float64 | Int32 | 0.5, 7, 1e300, nan | 0,7,0,0",
        "UInt32 | String | 7 | 7",
        "Nullable(UInt32) | String | NULL, 7 | ,7",
        "DateTime | DateTime64(3) | '2024-01-02 03:04:05' | 2024-01-02 03:04:05.000",
        "DateTime64(3) | DateTime | '2024-01-02 03:04:05.678', '1900-01-01 00:00:00.000', '2299-01-01 00:00:00.000' | *",
        "DateTime | Date | '2024-01-02 03:04:05' | 2024-01-02",
        "DateTime64(3) | DateTime64(6) | '2024-01-02 03:04:05.678', '2290-01-01 00:00:00.000' | *",
        "DateTime64(3) | DateTime64(9) | '2024-01-02 03:04:05.678', '2290-01-01 00:00:00.000' | *",
        "Date | DateTime | '2024-01-02', '2149-06-06' | *",
        "DateTime | DateTime('UTC') | '2024-01-02 03:04:05' | *",
        "DateTime | String | '2024-01-02 03:04:05' | 2024-01-02 03:04:05",
        "Array(String) | Array(String) | ['x'] | ['x']",
        "Enum8('a' = 1, 'b' = 2) | Enum8('a' = 1, 'b' = 2, 'c' = 3) | 'a', 'b' | a,b",
        "Enum8('a', 'b') | Enum16('x' = -300, 'a' = 1, 'b' = 2) | 'a', 'b' | a,b",
        "Enum8('a' = 1) | Nullable(Enum8('a' = 1, 'b' = 2)) | 'a' | a",
      })
  void givesExactlyTheTypeAndNeverThrows(String from, String to, String values, String expected) {
    var source = type(from);
    var target = type(to);
    var sql = Conversion.of("`v`", source, target).orElseThrow();

    var rows = values.startsWith("[") ? "(" + values + ")" : values.replaceAll(", ", "), (");
    var query =
        "SELECT %s AS r, toTypeName(r) AS t FROM values('v %s', (%s))"
            .formatted(sql, from.replace("'", "\\'"), rows);
    try (var session = TestEngine.shared().session(Map.of("session_timezone", "UTC"))) {
      var lines = session.query(query, "TSV").text().lines().toList();

      assertThat(lines)
          .allMatch(
              l -> l.substring(l.indexOf('\t') + 1).replace("\\'", "'").equals(target.text()));
      if (!expected.equals("*")) {
        assertThat(
                String.join(",", lines.stream().map(l -> l.substring(0, l.indexOf('\t'))).toList()))
            .isEqualTo(expected);
      }
    }
  }

  /// Source types with what is worst about them, against every target type.
  @ParameterizedTest(name = "{0} -> anything")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "String | '', 'x', '-1', '1e400', 'nan', '9999-99-99 99:99:99', '2290-01-01 00:00:00', '99999999999999999999', '1900-01-01', unhex('ff00')",
        "FixedString(4) | 'x', '', unhex('ff000000')",
        "Bool | true, false",
        "Int8 | -128, 127",
        "Int16 | -32768, 32767",
        "Int32 | -2147483648, 2147483647",
        "Int64 | -9223372036854775808, 9223372036854775807, 10413792000, 0",
        "Int128 | -170141183460469231731687303715884105728, 170141183460469231731687303715884105727",
        "Int256 | toInt256('-57896044618658097711785492504343953926634992332820282019728792003956564819968'), 1",
        "UInt8 | 255, 0",
        "UInt16 | 65535, 0",
        "UInt32 | 4294967295, 0",
        "UInt64 | 18446744073709551615, 0",
        "UInt128 | 340282366920938463463374607431768211455, 0",
        "UInt256 | toUInt256('115792089237316195423570985008687907853269984665640564039457584007913129639935')",
        "Float32 | nan, inf, -inf, 1e38, -0.5",
        "Float64 | nan, inf, -inf, 1e308, -1e308, 0.1",
        "Decimal(9, 2) | 9999999.99, -9999999.99",
        "Decimal(38, 10) | toDecimal128('9999999999999999999999999999.9999999999', 10), 0",
        "Decimal(76, 0) | toDecimal256('9999999999999999999999999999999999999999999999999999999999999999999999999999', 0)",
        "Date | '1970-01-01', '2149-06-06'",
        "Date32 | '1900-01-01', '2299-12-31'",
        "DateTime | '1970-01-01 00:00:00', '2106-02-07 06:28:15'",
        "DateTime64(0) | '1900-01-01 00:00:00', '2299-12-31 23:59:59'",
        "DateTime64(3) | '1900-01-01 00:00:00', '2299-12-31 23:59:59.999', fromUnixTimestamp64Milli(9223372036854775807), fromUnixTimestamp64Milli(-9223372036854775808)",
        "DateTime64(9) | '1900-01-01 00:00:00', '2262-04-11 23:47:16', fromUnixTimestamp64Nano(-9223372036854775808)",
        "UUID | '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'",
        "IPv4 | '255.255.255.255'",
        "IPv6 | 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '::1'",
      })
  void nothingThrowsWhateverItIsGiven(String from, String values) {
    var targets =
        List.of(
            "String",
            "FixedString(4)",
            "Bool",
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
            "Float32",
            "Float64",
            "Decimal(9, 2)",
            "Decimal(38, 10)",
            "Decimal(76, 0)",
            "Date",
            "Date32",
            "DateTime",
            "DateTime64(0)",
            "DateTime64(3)",
            "DateTime64(9)",
            "UUID",
            "IPv4",
            "IPv6");
    var failures = new ArrayList<String>();
    try (var session = TestEngine.shared().session(Map.of("session_timezone", "UTC"))) {
      session.run("DROP TABLE IF EXISTS default.worst");
      session.run("CREATE TABLE default.worst (v Nullable(" + from + ")) ENGINE = Memory");
      for (var value : SqlText.splitTopLevel(values, ',')) {
        session.run("INSERT INTO default.worst SELECT " + value);
      }
      session.run("INSERT INTO default.worst SELECT NULL");
      for (var to : targets) {
        for (var wrapped : List.of(to, "Nullable(" + to + ")")) {
          var sql = Conversion.of("`v`", type("Nullable(" + from + ")"), type(wrapped));
          if (sql.isEmpty()) {
            continue;
          }
          try {
            var types =
                session.query(
                    "SELECT DISTINCT toTypeName(r) FROM (SELECT "
                        + sql.get()
                        + " AS r FROM default.worst)"
                        + " WHERE NOT ignore(r)",
                    "TSVRaw");
            if (!types.text().strip().equals(type(wrapped).text())) {
              failures.add(wrapped + " became " + types.text().strip());
            }
            if (Widening.keepsValues(type(from), type(to))) {
              // nobody is told that values may change, so none may
              var changed =
                  session.query(
                      "SELECT count() FROM (SELECT v, %s AS r FROM default.worst) WHERE v IS NOT NULL AND toString(CAST(r, '%s')) != toString(v)"
                          .formatted(sql.get(), type("Nullable(" + from + ")").text()),
                      "TSV");
              if (!changed.text().strip().equals("0")) {
                failures.add(wrapped + " changes values that are said to stay");
              }
            }
          } catch (RuntimeException e) {
            failures.add(wrapped + ": " + e.getMessage());
          }
        }
      }
    }
    assertThat(failures).isEmpty();
  }

  /// What is made of several values is copied as it is, or somebody has to say how.
  @Test
  void whatIsMadeOfSeveralValuesIsKeptOrAskedFor() {
    var composed =
        List.of(
            "Array(Int32)",
            "Array(Int64)",
            "Array(Nullable(Int32))",
            "Map(String, Int32)",
            "Map(String, Int64)",
            "Tuple(Int32, String)",
            "Tuple(Int64, String)",
            "AggregateFunction(sum, Int32)",
            "AggregateFunction(sum, Int64)",
            "SimpleAggregateFunction(sum, Int64)",
            "JSON",
            "Int32",
            "String");
    for (var from : composed) {
      for (var to : composed) {
        var sql = Conversion.of("`v`", type(from), type(to));
        if (from.equals(to)) {
          assertThat(sql).contains("`v`");
        } else if (!from.matches("Int32|String") || !to.matches("Int32|String")) {
          assertThat(sql).as(from + " to " + to).isEmpty();
        }
      }
    }
  }

  private static ColumnType type(String text) {
    var project =
        ProjectReader.read(
            new TreeMap<>(
                Map.of(
                    "datasources/d.datasource",
                    "SCHEMA >\n    `k` UInt8,\n    `v` "
                        + text
                        + "\n\nENGINE MergeTree\nENGINE_SORTING_KEY k\n")));
    return project.dataSource("d").flatMap(d -> d.column("v")).map(Column::type).orElseThrow();
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "Enum8('a' = 1, 'b' = 2) | Enum8('a' = 1)",
        "Enum8('a' = 1, 'b' = 2) | Enum8('b' = 1, 'a' = 2)",
        "Nullable(Enum8('a' = 1)) | Enum8('a' = 1, 'b' = 2)",
      })
  void anEnumThatLosesOrRenumbersAValueIsNotConverted(String from, String to) {
    assertThat(Conversion.of("`v`", type(from), type(to))).isEmpty();
  }
}
