package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Rows made from bytes are those that are made by way of a tree, and ordinary ones need no tree.
class ScanTest {
  private static final List<String> SCHEMA =
      List.of(
          "`id` UInt64 `json:$.id`",
          "`small` Int8 `json:$.small`",
          "`wide` Nullable(Int128) `json:$.wide`",
          "`action` String `json:$.action`",
          "`renamed` LowCardinality(String) `json:$.action_name`",
          "`deep` Nullable(String) `json:$.payload.deep.text`",
          "`other` Nullable(Float64) `json:$.payload.other`",
          "`at` DateTime `json:$.at` DEFAULT now()",
          "`made` String MATERIALIZED upper(action)",
          "`flag` Bool `json:$.flag` DEFAULT true",
          "`tags` Array(String) `json:$.tags[:]`",
          "`numbers` Array(Int32) `json:$.numbers`",
          "`amount` Float64 `json:$.amount`",
          "`plain` Nullable(Decimal(18, 4))",
          "`ключ` Nullable(String) `json:$.ключ`");
  private static final List<String> ODD_SCHEMA =
      List.of(
          "`all` String `json:$`",
          "`same` Nullable(String) `json:$.id`",
          "`inside` Array(Int32) `json:$.items[:].id`",
          "`quoted` Nullable(String) `json:$.['action']`",
          "`payload` Nullable(String) `json:$.payload`");
  private static final List<String> KEYS =
      List.of(
          "id",
          "small",
          "wide",
          "action",
          "action_name",
          "payload",
          "deep",
          "text",
          "other",
          "at",
          "flag",
          "tags",
          "numbers",
          "amount",
          "plain",
          "ключ",
          "made",
          "items",
          "",
          "a b",
          "i\\u0064");
  private static final List<String> SCALARS =
      List.of(
          "0",
          "-0",
          "1",
          "-1",
          "127",
          "128",
          "-128",
          "-129",
          "255",
          "18446744073709551615",
          "18446744073709551616",
          "9223372036854775808",
          "999999999999999999",
          "01",
          "+1",
          "1.",
          ".5",
          "1.0",
          "5e0",
          "1E400",
          "-0.0",
          "0.0",
          "0.000000",
          "0.0000000",
          "0.00000",
          "0.000001",
          "0.0000001",
          "-0.5",
          "3.140",
          "100.25",
          "1e",
          "0x1",
          "NaN",
          "Infinity",
          "170141183460469231731687303715884105728",
          "true",
          "false",
          "null",
          "True",
          "nul",
          "\"\"",
          "\"a\"",
          "\"12\"",
          "\" 7 \"",
          "\"é 😀 ключ\"",
          "\"\\u00e9\"",
          "\"\\ud83d\\ude00\"",
          "\"\\ud83d\"",
          "\"a/b\"",
          "\"a\\/b\"",
          "\"\\n\\t\\\"\\\\\\r\\b\\f\"",
          "\"\\x\"",
          "\"\\",
          "\"open",
          "\"tab\there\"",
          "\"\u0001\"",
          "\"\u007f\"",
          "\"\u2028\u0085\"",
          "\"2026-01-01 00:00:00\"",
          "'a'",
          "\"\uFFFD\"",
          "");

  private static Definition definition(List<String> columns) {
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

  private static byte[] lines(Rows rows) {
    var all = new ByteArrayOutputStream();
    rows.each(piece -> all.write(piece.array(), piece.arrayOffset(), piece.remaining()));
    return all.toByteArray();
  }

  private static String text(Rows rows) {
    return new String(lines(rows), StandardCharsets.UTF_8);
  }

  private static void same(Definition definition, byte[] body) {
    var quick = Rows.ndjson(definition, body);
    var slow = Rows.byTree(definition, body);
    var shown = new String(body, StandardCharsets.UTF_8);

    assertThat(text(quick)).as(shown).isEqualTo(text(slow));
    assertThat(lines(quick)).as(shown).isEqualTo(lines(slow));
    assertThat(quick.size()).as(shown).isEqualTo(slow.size());
    assertThat(quick.bad()).as(shown).isEqualTo(slow.bad());
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whateverComesTheRowsAreThoseOfTheTree(int seed) {
    var random = new Random(seed);
    for (var i = 0; i < 60; i++) {
      var columns = new ArrayList<>(SCHEMA);
      columns.removeIf(column -> random.nextInt(3) == 0);
      if (random.nextInt(8) == 0) {
        columns.add(one(random, ODD_SCHEMA));
      }
      var body = new StringBuilder();
      for (var line = random.nextInt(8); line >= 0; line--) {
        body.append(line(random))
            .append(one(random, List.of("\n", "\n", "\n", "\r\n", "\n\n", "\r")));
      }
      var definition = definition(columns.isEmpty() ? SCHEMA : columns);
      same(definition, bytes(body.toString()));
      same(definition, damaged(random, bytes(body.toString())));
    }
  }

  static IntStream seeds() {
    return IntStream.range(0, 40);
  }

  private static <T> T one(Random random, List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  /// Mostly what a schema wants, sometimes anything.
  private static String line(Random random) {
    return switch (random.nextInt(12)) {
      case 0 ->
          one(
              random,
              List.of("", " ", "\t", "\u2003", "[]", "5", "null", "{}", "{} x", "\uFEFF{}"));
      case 1, 2, 3 -> object(random, 3);
      default ->
          """
          {"id":%s,"small":%s,"action":%s,"action_name":"x","amount":%s,"tags":%s,"numbers":%s,\
          "payload":%s,"at":"2026-01-01 00:00:00"}\
          """
              .formatted(
                  random.nextInt(20) == 0 ? one(random, SCALARS) : random.nextInt(100_000),
                  random.nextInt(20) == 0 ? one(random, SCALARS) : random.nextInt(256) - 128,
                  random.nextInt(5) == 0 ? one(random, SCALARS) : "\"view é\"",
                  random.nextInt(5) == 0 ? one(random, SCALARS) : random.nextInt(1000) / 16.0,
                  random.nextInt(3) == 0 ? array(random, 2) : "[ \"a\" ,\"b \\\" ]\"]",
                  random.nextInt(3) == 0 ? array(random, 2) : "[1, 2,3]",
                  random.nextInt(2) == 0
                      ? object(random, 2)
                      : "{\"deep\":{\"text\":\"x\"},\"other\":1.5}");
    };
  }

  private static String value(Random random, int depth) {
    var kind = depth == 0 ? 2 : random.nextInt(6);
    return kind == 0
        ? object(random, depth - 1)
        : kind == 1 ? array(random, depth - 1) : one(random, SCALARS);
  }

  private static String space(Random random) {
    return random.nextInt(4) == 0 ? one(random, List.of(" ", "  ", "\t", "\u00a0")) : "";
  }

  private static String object(Random random, int depth) {
    return IntStream.range(0, random.nextInt(9))
        .mapToObj(i ->
            space(random)
                + "\""
                + one(random, KEYS)
                + "\""
                + (random.nextInt(50) == 0 ? "" : ":")
                + space(random)
                + value(random, depth))
        .collect(Collectors.joining(random.nextInt(50) == 0 ? ",," : ",", "{", "}"));
  }

  private static String array(Random random, int depth) {
    return IntStream.range(0, random.nextInt(4))
        .mapToObj(i -> space(random) + value(random, depth) + space(random))
        .collect(Collectors.joining(",", "[", random.nextInt(30) == 0 ? ",]" : "]"));
  }

  /// Some bytes are others, too many or missing.
  private static byte[] damaged(Random random, byte[] body) {
    var out = new ByteArrayOutputStream();
    for (var one : body) {
      switch (random.nextInt(120)) {
        case 0 -> out.write(random.nextInt(256));
        case 1 -> out.writeBytes(new byte[] {one, one});
        case 2 -> {}
        default -> out.write(one);
      }
    }
    return out.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"id\":1,\"small\":-128,\"action\":\"view\",\"action_name\":\"x\",\"amount\":0.25}",
        " { \"amount\" : 3.140 , \"id\" : 7 , \"small\" : 127 , \"action\" : \"\" , \"action_name\":\"é\" } ",
        "{\"id\":1,\"small\":0,\"action\":\"a\\n\\\"\\\\\",\"action_name\":\"x\",\"amount\":-0.5,"
            + "\"tags\":[\"a\", \"b\"],\"numbers\":[],\"flag\":true,\"at\":null,\"ключ\":\"да\"}",
        "{\"id\":1,\"small\":0,\"action\":5,\"action_name\":\"x\",\"amount\":2,"
            + "\"payload\":{\"deep\":{\"text\":\"t\",\"more\":[{}]},\"other\":1.5},\"unknown\":{\"a\":[1,{\"b\":null}]}}"
      })
  void ordinaryRecordsNeedNoTree(String record) {
    var definition = definition(SCHEMA);
    var lines = new Lines(10);
    var body = bytes(record);

    assertThat(Scan.of(definition).orElseThrow().row(body, 0, lines)).isEqualTo(body.length + 1);
    assertThat(lines.size()).isEqualTo(1);
    same(definition, body);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"id\":1,\"id\":2}",
        "{\"id\":-1}",
        "{\"id\":1.5}",
        "{\"id\":\"1\"}",
        "{\"id\":18446744073709551616}",
        "{}",
        "{\"id\":null}",
        "{\"id\":[1]}",
        "{\"id\":1} 2",
        "[1]",
        "{\"\\u0069d\":1}"
      })
  void whatIsNotCertainIsLeftToTheTree(String record) {
    var definition = definition(List.of("`id` UInt64 `json:$.id`"));
    var lines = new Lines(10);
    var body = bytes(record);

    assertThat(Scan.of(definition).orElseThrow().row(body, 0, lines)).isEqualTo(Scan.NONE);
    assertThat(lines.size()).isZero();
    same(definition, body);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "UInt8|0|255",
        "Int8|-128|127",
        "UInt16|0|65535",
        "Int32|-2147483648|2147483647",
        "Int64|-9223372036854775808|9223372036854775807",
        "UInt64|0|18446744073709551615",
        "Nullable(UInt8)|0|255",
        "LowCardinality(UInt8)|0|255"
      })
  void theBordersOfIntegersHold(String type, String least, String most) {
    var definition = definition(List.of("`n` " + type + " `json:$.n`"));
    var below = new java.math.BigInteger(least).subtract(java.math.BigInteger.ONE);
    var above = new java.math.BigInteger(most).add(java.math.BigInteger.ONE);

    for (var number : List.of(least, most, below, above)) {
      var body = bytes("{\"n\":" + number + "}");
      same(definition, body);
      var fits = number.equals(least) || number.equals(most);
      assertThat(Rows.ndjson(definition, body).bad()).as(number.toString()).hasSize(fits ? 0 : 1);
    }
  }

  @Test
  void aRowThatTheEngineRefusesIsTakenOutOfTheLines() {
    var definition = definition(List.of("`id` UInt64 `json:$.id`", "`d` DateTime `json:$.d`"));
    var rows =
        Rows.ndjson(
            definition,
            bytes(
                "{\"id\":1,\"d\":\"a\"}\n{\"id\":2,\"d\":\"yesterday\"}\n{\"id\":3,\"d\":\"c\"}\n"));

    rows.reject(1, "no date");

    assertThat(text(rows)).isEqualTo("{\"id\":1,\"d\":\"a\"}\n{\"id\":3,\"d\":\"c\"}\n");
    assertThat(rows.bad())
        .containsExactly(new Rows.Bad(Map.of("id", "2", "d", "yesterday"), "", "no date"));
    rows.reject(0, "first");
    rows.reject(0, "last");
    assertThat(rows.size()).isZero();
  }
}
