package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.local.engine.Session;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Rows that go to the engine by column are stored as they would be from JSON.
@EngineTest
class ColumnsTest {
  private static final int ROWS = 4_000;

  private static Definition definition(String... columns) {
    return new Definition(
        "t_1",
        "events",
        "",
        Definition.columns(String.join(", ", columns)),
        Map.of(),
        Map.of(),
        "ndjson",
        Map.of(),
        "",
        "");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /// What is stored when the engine gets it both ways.
  private static void same(Definition definition, String body) {
    try (var session = TestEngine.shared().session()) {
      session.run("CREATE DATABASE columns_test");
      try {
        var ddl =
            definition.columns().stream()
                .map(Definition.Col::ddl)
                .collect(Collectors.joining(", "));
        for (var table : List.of("quick", "slow")) {
          session.run(
              "CREATE TABLE columns_test."
                  + table
                  + " ("
                  + ddl
                  + ") ENGINE = MergeTree ORDER BY tuple()");
        }
        var columns = Rows.ndjson(definition, bytes(body)).columns();
        var names =
            columns.getFirst().names().stream()
                .map(Sql::identifier)
                .collect(Collectors.joining(", "));
        session.insert(
            "INSERT INTO columns_test.quick (" + names + ")",
            "Native",
            use -> columns.forEach(c -> use.accept(c.block())));
        session.insert(
            "INSERT INTO columns_test.slow",
            "JSONEachRow",
            Rows.byTree(definition, bytes(body))::each);

        assertThat(stored(session, "quick", "TSV")).isEqualTo(stored(session, "slow", "TSV"));
        assertThat(bits(session, "quick")).isEqualTo(bits(session, "slow"));
      } finally {
        session.run("DROP DATABASE columns_test SYNC");
      }
    }
  }

  private static List<String> stored(Session session, String table, String format) {
    return session.query("SELECT * FROM columns_test." + table, format).text().lines().toList();
  }

  private static byte[] bits(Session session, String table) {
    return session.query("SELECT * FROM columns_test." + table, "RowBinary").data();
  }

  private interface Values {
    String one(Random random);
  }

  /// Values as JSON; those that don't go by column are left out.
  private static void same(String type, Values values) {
    var definition = definition("`v` " + type);
    var random = new Random(7);
    var body = new StringBuilder();
    var taken = 0;
    for (var i = 0; i < ROWS; i++) {
      var line = "{\"v\":" + values.one(random) + "}\n";
      var rows = Rows.ndjson(definition, bytes(line));
      if (!rows.columns().isEmpty() && rows.size() == 1) {
        body.append(line);
        taken++;
      }
    }
    assertThat(taken).as(type).isGreaterThan(ROWS / 5);
    same(definition, body.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "UInt8,8,0",
    "UInt16,16,0",
    "UInt32,32,0",
    "UInt64,59,0",
    "Int8,7,1",
    "Int16,15,1",
    "Int32,31,1",
    "Int64,59,1",
    "Nullable(Int32),31,1"
  })
  void integers(String type, int bits, int signed) {
    same(
        type,
        random -> {
          var number = new BigInteger(random.nextInt(bits + 1), random);
          return (signed == 1 && random.nextBoolean() ? number.negate() : number).toString();
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"Float64", "Nullable(Float64)"})
  void floats(String type) {
    same(
        type,
        random ->
            switch (random.nextInt(6)) {
              case 0 ->
                  new BigDecimal(random.nextLong())
                      .movePointLeft(random.nextInt(25))
                      .toPlainString();
              case 1 ->
                  new BigDecimal(new BigInteger(200, random))
                      .movePointLeft(random.nextInt(70))
                      .toPlainString();
              case 2 -> Double.toString(random.nextInt(1_000_000) / 64.0);
              case 3 -> new BigDecimal(random.nextDouble()).toPlainString();
              case 4 -> Long.toString(random.nextLong());
              default ->
                  new BigDecimal(random.nextInt(1_000_000_000))
                      .movePointLeft(random.nextInt(9))
                      .toPlainString();
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "String",
        "LowCardinality(String)",
        "Nullable(String)",
        "LowCardinality(Nullable(String))"
      })
  void texts(String type) {
    var pieces =
        List.of(
            "a", "\\n", "\\\\", "\\\"", "\\t", "\\r", "\\b", "\\f", "é", "😀", " ", "'", "\u007f",
            "N", "0", "{");
    same(
        type,
        random ->
            random
                .ints(random.nextInt(10) == 0 ? 300 : random.nextInt(6), 0, pieces.size())
                .mapToObj(pieces::get)
                .collect(Collectors.joining("", "\"", "\"")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "DateTime",
        "DateTime('UTC')",
        "DateTime64(3)",
        "DateTime64(6, 'UTC')",
        "DateTime64(0)",
        "DateTime64(9)",
        "Nullable(DateTime)"
      })
  void times(String type) {
    same(
        type,
        random ->
            "\"%04d-%02d-%02d%s%02d:%02d:%02d%s%s\""
                .formatted(
                    random.nextInt(10) == 0 ? random.nextInt(3000) : 1970 + random.nextInt(136),
                    1 + random.nextInt(12),
                    1 + random.nextInt(random.nextInt(10) == 0 ? 31 : 28),
                    random.nextBoolean() ? " " : "T",
                    random.nextInt(24),
                    random.nextInt(60),
                    random.nextInt(random.nextInt(10) == 0 ? 61 : 60),
                    random.nextInt(3) == 0 ? "" : fraction(random, type),
                    random.nextBoolean() ? "" : "Z"));
  }

  private static String fraction(Random random, String type) {
    return type.contains("64(")
        ? "." + "%09d".formatted(random.nextInt(1_000_000_000)).substring(0, 1 + random.nextInt(4))
        : "";
  }

  @ParameterizedTest
  @ValueSource(strings = {"Date", "Nullable(Date)"})
  void dates(String type) {
    same(
        type,
        random ->
            "\"%04d-%02d-%02d\""
                .formatted(
                    1960 + random.nextInt(200), 1 + random.nextInt(12), 1 + random.nextInt(31)));
  }

  @Test
  void truths() {
    same("Bool", random -> Boolean.toString(random.nextBoolean()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"v\":1}",
        "{\"v\":1,\"n\":null}\n{\"v\":2,\"n\":3}\n{\"v\":3}",
        "{\"v\":1,\"d\":5}\n{\"v\":2,\"d\":6}"
      })
  void whatIsMissing(String body) {
    same(
        definition(
            "`v` UInt64",
            "`n` Nullable(Int32)",
            "`d` UInt32 DEFAULT 7 + v",
            "`m` UInt64 MATERIALIZED v * 2"),
        body);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"v\":1,\"d\":5}\n{\"v\":2}",
        "{\"v\":1}\n{\"v\":2,\"d\":5}",
        "{\"v\":true}",
        "{\"v\":1,\"s\":5}",
        "{\"v\":1,\"t\":\"2026-02-29 00:00:00\"}",
        "{\"v\":1,\"t\":\"2026-01-01 00:00:00.5\"}",
        "{\"v\":1,\"t\":1767225600}"
      })
  void whatMayMeanSomethingElseIsLeftToTheEngine(String body) {
    var definition =
        definition(
            "`v` UInt64", "`d` UInt32 DEFAULT 7", "`s` Nullable(String)", "`t` Nullable(DateTime)");

    assertThat(Rows.ndjson(definition, bytes(body)).columns()).isEmpty();
  }

  @Test
  void aBadRecordIsPutAsideAndTheOthersGoByColumn() {
    var rows =
        Rows.ndjson(
            definition("`v` UInt8", "`s` String"),
            bytes("{\"v\":1,\"s\":\"a\"}\n{\"v\":256,\"s\":\"a\"}\nno\n{\"v\":2,\"s\":\"b\"}"));

    assertThat(rows.columns()).isNotEmpty();
    assertThat(rows.size()).isEqualTo(2);
    assertThat(rows.bad()).hasSize(2);
  }

  @Test
  void whatIsMissingMustBeMissingInAllSharesOfABody() {
    var definition = definition("`v` UInt64", "`s` String", "`d` UInt32 DEFAULT 7");
    var with = "{\"v\":1,\"s\":\"a\",\"d\":5}\n".repeat(10_000);
    var without = "{\"v\":1,\"s\":\"a\"}\n".repeat(10_000);
    var bad = "{\"v\":-1}\n".repeat(20_000);

    assertThat(Rows.ndjson(definition, bytes(with + without)).columns()).isEmpty();
    assertThat(Rows.ndjson(definition, bytes(bad + without)).columns())
        .hasSizeGreaterThan(1)
        .allSatisfy(block -> assertThat(block.names()).containsExactly("v", "s"));
    same(definition, bad + without);
    same(definition, with + bad + with);
  }

  @Test
  void nothingButBadRecordsMakesNoBlock() {
    var rows = Rows.ndjson(definition("`v` UInt8"), bytes("{\"v\":256}\nno"));

    assertThat(rows.columns()).isEmpty();
    assertThat(rows.size()).isZero();
    assertThat(rows.bad()).hasSize(2);
  }
}
