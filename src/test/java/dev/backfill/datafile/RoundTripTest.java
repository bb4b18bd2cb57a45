package dev.backfill.datafile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.backfill.project.Lineage;
import dev.backfill.project.ProjectReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
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
      madeOfItsPieces(parsed.file());
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

  /// Printing can only be right by the pieces that mean something: between words there are blanks,
  /// between directives blank lines, remarks and what isn't understood.
  private static void madeOfItsPieces(Datafile file) {
    var directives = new ArrayList<Directive>();
    for (var part : file.parts()) {
      switch (part) {
        case Part.Said(var directive) -> {
          directives.add(directive);
          madeOfItsWords(directive);
        }
        case Part.Aside(var line) ->
            assertThat(Lines.words(line.text()))
                .as("aside: %s", line.text())
                .matches(lexed ->
                    lexed.empty()
                        || !lexed.closed()
                        || !Directives.known(
                            lexed.words().getFirst().text().toUpperCase(Locale.ROOT)));
        case Part.Unread(var text) -> assertThat(text).isEqualTo("\uFEFF");
      }
    }
    assertThat(file.directives()).isEqualTo(directives);
    if (file instanceof Datafile.PipeFile pipe) {
      var inOrder = new ArrayList<>(pipe.head());
      for (var node : pipe.nodes()) {
        inOrder.add(node.opening());
        inOrder.addAll(node.directives());
      }
      assertThat(inOrder).isEqualTo(directives);
    }
  }

  private static void madeOfItsWords(Directive directive) {
    var words = directive.words();
    assertThat(words).allMatch(w -> w.before().isBlank() && !w.text().isEmpty());
    assertThat(directive.name()).isEqualTo(words.getFirst().text().toUpperCase(Locale.ROOT));
    assertThat(directive.rest()).matches(r -> r.isBlank() || r.strip().startsWith("#"));
    directive
        .block()
        .ifPresentOrElse(
            block -> {
              assertThat(words.get(1).text()).isEqualTo(">");
              var silent = new ArrayList<>(block.body());
              silent.removeAll(block.lines());
              assertThat(silent)
                  .allMatch(l -> l.text().isBlank() || l.text().strip().startsWith("#"));
              assertThat(block.body()).containsAll(block.lines());
            },
            () -> assertThat(directive.arguments()).isEqualTo(words.subList(1, words.size())));
  }

  private static final List<String> FILES =
      List.of(
          """
          # remark
          TOKEN "app" APPEND   # who sends

          DESCRIPTION >
              what

              it holds
          SCHEMA >
              `a` String `json:$.a` DEFAULT 'x',

              # remark
              `b` Int8  -- and why
          ENGINE "MergeTree"

          ENGINE_SORTING_KEY "a, b"
          """,
          """
          NODE one
          DESCRIPTION the first
          SQL >
              %
              SELECT * FROM t
              # remark
              WHERE a = {{Int8(a)}}
          NODE two
          SQL >
          SELECT 1
          TYPE endpoint
          """);

  private static Stream<String> ways() {
    return FILES.stream()
        .flatMap(f ->
            Stream.of(
                f,
                f.replace("\n", "\r\n"),
                f.replace("\n", "\r"),
                f.replace("    ", "\t"),
                f.stripTrailing(),
                f + "\n\n  \n",
                "\n\n" + f,
                "\uFEFF" + f,
                "\uFEFF" + f.replace("\n", "\r\n").stripTrailing(),
                f.replaceFirst("\n", "\r\n"),
                f.replace("remark", "r\u00e9marque \uD83D\uDE00")));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void everyPieceIsNeeded(String text) {
    for (var path : List.of("datasources/a.datasource", "pipes/p.pipe")) {
      var file = DatafileParser.parse(path, text).file();
      assertThat(file.print().getBytes(StandardCharsets.UTF_8))
          .isEqualTo(text.getBytes(StandardCharsets.UTF_8));
      for (var i = 0; i < file.parts().size(); i++) {
        var without = new ArrayList<>(file.parts());
        var gone = without.remove(i);
        assertThat(printed(without)).isNotEqualTo(text);
        without.add(gone);
        assertThat(printed(without))
            .matches(t -> !t.equals(text) || file.parts().equals(List.copyOf(without)));
      }
      for (var directive : file.directives()) {
        for (var i = 0; i < directive.words().size(); i++) {
          var words = new ArrayList<>(directive.words());
          words.remove(i);
          assertThat(printed(replaced(file, directive, words))).isNotEqualTo(text);
        }
      }
    }
  }

  private static List<Part> replaced(Datafile file, Directive old, List<Word> words) {
    var other = new Directive(old.name(), words, old.rest(), old.block(), old.line(), old.known());
    return file.parts().stream()
        .map(p -> p.equals(new Part.Said(old)) ? new Part.Said(other) : p)
        .toList();
  }

  private static String printed(List<Part> parts) {
    return new Datafile.PipeFile("p.pipe", parts, List.of(), List.of(), List.of()).print();
  }

  @Test
  @Timeout(120)
  void mutatedFilesOfEveryWay() {
    var seeds = ways().toList();
    var random = new Random(31);
    for (int round = 0; round < 1_500; round++) {
      var text = new StringBuilder(seeds.get(round % seeds.size()));
      for (int i = random.nextInt(5); i >= 0; i--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(9)));
          case 1 -> text.insert(at, PIECES.get(random.nextInt(PIECES.size())));
          default -> {
            int from = random.nextInt(text.length());
            text.insert(at, text.substring(from, Math.min(text.length(), from + 20)));
          }
        }
        if (text.isEmpty()) {
          text.append('x');
        }
      }
      for (var path : List.of("datasources/a.datasource", "pipes/p.pipe")) {
        var file = DatafileParser.parse(path, text.toString()).file();
        assertThat(file.print()).isEqualTo(text.toString());
        madeOfItsPieces(file);
      }
    }
  }

  @Test
  void whatAnIncludeBroughtIsNotPrinted() {
    var text = "INCLUDE \"x.incl\"\nNODE n\nSQL >\n    SELECT 1\n";
    var file =
        DatafileParser.parse("pipes/p.pipe", text, Map.of("pipes/x.incl", "TOKEN t READ\n\n# r\n"))
            .file();

    assertThat(file.directives()).hasSize(4);
    assertThat(file.print()).isEqualTo(text);
  }

  @Test
  void betweenTheColumnsThereAreCommasBlanksAndRemarks() {
    var text =
        """
        SCHEMA >
            `a` String `json:$.a` DEFAULT concat('x', ','), -- first
            b Array(Tuple(x Int8, y Nullable(String))) CODEC(ZSTD(1)),  /* , */
            'c' Int8
        ENGINE MergeTree
        """;
    var file = (Datafile.DatasourceFile) DatafileParser.parse("a.datasource", text).file();

    var between = new ArrayList<String>();
    int at = text.indexOf('\n') + 1;
    for (var column : file.columns()) {
      between.add(text.substring(at, column.start()).strip());
      at = column.end();
    }
    assertThat(between).containsExactly("", ", -- first", ",  /* , */");
    assertThat(text.substring(at)).isEqualTo("\nENGINE MergeTree\n");
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
