package dev.backfill.datafile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.backfill.project.Lineage;
import dev.backfill.project.ProjectReader;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// No text is too odd: printing gives it back, and reading it never fails or hangs.
class RoundTripTest {
  private static final List<String> PIECES =
      List.of(
          "SCHEMA >",
          "SCHEMA>",
          "NODE n",
          "SQL >",
          "TYPE materialized",
          "DATASOURCE a",
          "ENGINE ",
          "MergeTree",
          "ENGINE_SORTING_KEY \"a, b\"",
          "INDEXES >",
          "INDEX i a TYPE minmax",
          "%",
          "{{Int8(a)}}",
          "{% if x %}",
          "{% end %}",
          "SELECT * FROM ",
          "a",
          "p",
          "b",
          "JOIN ",
          "(",
          ")",
          "[",
          "]",
          ",",
          "`",
          "'",
          "\"",
          "\\",
          "#",
          "--",
          "/*",
          "*/",
          "`json:$.a`",
          "DEFAULT ",
          "MATERIALIZED ",
          "CODEC(",
          "Nullable(",
          "LowCardinality(",
          "Array(",
          "String",
          "INCLUDE x.incl",
          "TOKEN t READ",
          "VERSION 1",
          "WITH a AS (",
          "UNION ALL ",
          "INTERVAL ",
          "tuple(",
          "$",
          "${X}",
          "\u2028",
          "\u0000",
          "\uD83D",
          "é",
          ";",
          "=",
          "->",
          ".",
          "1e9",
          "\n",
          "\n",
          "\n",
          "\r\n",
          "\r",
          "\t",
          " ",
          " ",
          "    ",
          "\n\n",
          "\uFEFF");

  private static void survives(String text) {
    for (var path : List.of("datasources/a.datasource", "pipes/p.pipe")) {
      var parsed = DatafileParser.parse(path, text);
      assertThat(parsed.file().print()).isEqualTo(text);
      assertThat(parsed.problems()).hasSizeLessThanOrEqualTo(Findings.MOST + 1);
    }
    var files = new TreeMap<String, String>();
    files.put("datasources/a.datasource", text);
    files.put("pipes/p.pipe", text);
    files.put("x.incl", text);
    var project = ProjectReader.read(files);
    var lineage = Lineage.of(project);
    project.pipes().values().forEach(lineage::standaloneSql);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n",
        "\r",
        "\r\n",
        "\uFEFF",
        "\uFEFF\n",
        "ENGINE",
        ">",
        "SCHEMA >",
        "SCHEMA > ",
        "SCHEMA >\r\n\ta Int8\r\n",
        "NODE",
        "NODE n",
        "NODE \"\"",
        "SQL >\n  SELECT 1",
        "NODE n\nSQL >",
        "NODE n\nSQL >\n%",
        "SCHEMA >\n,",
        "SCHEMA >\n`",
        "SCHEMA >\n``",
        "SCHEMA >\n'",
        "SCHEMA >\na",
        "SCHEMA >\na DEFAULT",
        "SCHEMA >\na Int8 CODEC(",
        "SCHEMA >\na Int8 CODEC()",
        "SCHEMA >\n`json:",
        "SCHEMA >\n`json:`",
        "INDEXES >\nTYPE",
        "INDEXES >\n TYPE ",
        "INDEXES >\n x TYPE ",
        "INCLUDE",
        "INCLUDE \"\"",
        "INCLUDE /",
        "INCLUDE ..",
        "TOKEN",
        "TAGS =,=",
        "ENGINE_SORTING_KEY (((",
        "SCHEMA >\na LowCardinality",
        "VERSION 99999999999999999999",
      })
  void oddTexts(String text) {
    assertThatCode(() -> survives(text)).doesNotThrowAnyException();
  }

  @Test
  @Timeout(120)
  void generatedTexts() {
    var random = new Random(20_261_122);
    for (int round = 0; round < 4_000; round++) {
      var text = new StringBuilder();
      for (int i = random.nextInt(40); i >= 0; i--) {
        text.append(PIECES.get(random.nextInt(PIECES.size())));
        text.append(random.nextBoolean() ? " " : "");
      }
      survives(text.toString());
    }
  }

  @Test
  @Timeout(120)
  void mutatedTexts() {
    var seeds =
        List.of(
            """
            TOKEN "app" APPEND
            SCHEMA >
                `a` String `json:$.a` DEFAULT 'x' CODEC(ZSTD(1)),
                `b` Array(Tuple(x Int8, y Nullable(DateTime64(3, 'UTC'))))
            INDEXES >
                i a TYPE bloom_filter(0.01) GRANULARITY 4
            ENGINE "ReplacingMergeTree"
            ENGINE_SORTING_KEY "tuple(a, toDate(b))"
            ENGINE_TTL "b + INTERVAL 3 DAY"
            """,
            """
            NODE one
            SQL >
                %
                WITH x AS (SELECT * FROM a) SELECT * FROM x {% if defined(y) %} WHERE z = {{Int8(y)}} {% end %}
            NODE two
            SQL >
                SELECT count() c FROM one JOIN a USING (z) UNION ALL SELECT 1
            TYPE materialized
            DATASOURCE a
            """);
    var random = new Random(7);
    for (int round = 0; round < 3_000; round++) {
      var text = new StringBuilder(seeds.get(round % seeds.size()));
      for (int i = random.nextInt(6); i >= 0; i--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(4)));
          case 1 -> text.insert(at, PIECES.get(random.nextInt(PIECES.size())));
          default -> text.setCharAt(at, text.charAt(random.nextInt(text.length())));
        }
        if (text.isEmpty()) {
          text.append('x');
        }
      }
      survives(text.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a Int8,\n",
        "(",
        "[(",
        "a",
        "`",
        "'",
        "a b ",
        "#\n",
        "\n",
        "FOO\n",
        "ENGINE x\n",
        "NODE n\nSQL >\n SELECT 1\n",
        "a Int8 DEFAULT (",
        "/*",
        "--",
        "{{",
        "SELECT * FROM (",
        "tuple(",
        "INTERVAL (",
        "SHARED_WITH >\n",
        "a Array(",
      })
  void hugeTexts(String piece) {
    var body = piece.repeat(300_000 / piece.length());
    org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          for (var text : List.of(body, "SCHEMA >\n    " + body)) {
            assertThat(DatafileParser.parse("a.datasource", text).file().print()).isEqualTo(text);
          }
        });
  }

  @Test
  void aFileBeyondAllMeasureIsRefusedAtOnce() {
    var text = "a Int8,\n".repeat(5_000_000);

    var parsed = DatafileParser.parse("a.datasource", text);

    assertThat(parsed.file().print()).isEqualTo(text);
    assertThat(parsed.problems())
        .extracting(dev.backfill.problem.Problem::code)
        .containsExactly("file_too_large");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"(", "tuple(", "INTERVAL (", "SELECT * FROM (", "Array(", "a,", "toDate(a) + "})
  void deepTexts(String piece) {
    var body = piece.repeat(5_000);
    for (var line :
        List.of(
            "SCHEMA >\n    a String\nENGINE_SORTING_KEY " + body + "\n",
            "SCHEMA >\n    a " + body + "\n",
            "SCHEMA >\n    a Int8 DEFAULT " + body + "\n",
            "NODE n\nSQL >\n    SELECT " + body + "\nTYPE materialized\nDATASOURCE a\n")) {
      survives(line);
    }
  }
}
