package dev.backfill.project;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Files of ten megabytes. They take seconds; anything that isn't linear would take hours.
class LargeFilesTest {
  private static final int SIZE = 10 * 1024 * 1024;
  private static final String EVENTS = "SCHEMA >\n    `id` String\n";

  private static String repeated(String start, String each, String end) {
    var out = new StringBuilder(SIZE + 1000).append(start);
    for (var i = 0; out.length() < SIZE; i++) {
      out.append(each.replace("#", String.valueOf(i)));
    }
    return out.append(end).toString();
  }

  static Stream<Arguments> files() {
    return Stream.of(
        Arguments.of(
            "columns",
            "d.datasource",
            repeated(
                "SCHEMA >\n    `id` String",
                ",\n    `c#` LowCardinality(String) `json:$.c#` DEFAULT 'x#'",
                "\n")),
        Arguments.of("remarks", "d.datasource", repeated(EVENTS, "--# remark\n", "")),
        Arguments.of("no directive", "d.datasource", repeated(EVENTS, "what# is this\n", "")),
        Arguments.of(
            "a list",
            "p.pipe",
            repeated("NODE n\nSQL >\n    SELECT id FROM d WHERE id IN ('a'", ", 'v#'", ")\n")),
        Arguments.of(
            "expressions",
            "p.pipe",
            repeated(
                "NODE n\nSQL >\n    %\n    SELECT id FROM d WHERE 1\n",
                "    AND id = {{String(p#, 'x')}}\n", "")),
        Arguments.of("heredocs", "p.pipe", repeated("NODE n\nSQL >\n    SELECT 1", ", $x#$", "\n")),
        Arguments.of(
            "half tags in quotes",
            "p.pipe",
            repeated("NODE n\nSQL >\n    SELECT '", "{{x ", " '' }}'\n")),
        Arguments.of(
            "ctes",
            "p.pipe",
            repeated(
                "NODE n\nSQL >\n    WITH a AS (SELECT id FROM d)",
                ",\n c# AS (SELECT id FROM a)",
                " SELECT id FROM a\n")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("files")
  @Timeout(value = 120, unit = TimeUnit.SECONDS)
  void aFileOfTenMegabytesIsRead(String what, String path, String text) {
    var files = new TreeMap<String, String>();
    files.put("datasources/d.datasource", EVENTS);
    files.put(path.endsWith(".pipe") ? "pipes/" + path : "datasources/" + path, text);
    var project = ProjectReader.read(files);
    assertThat(project.problems()).noneMatch(p -> p.code().equals("file_too_large"));
    assertThat(project.dataSources()).containsKey("d");
  }
}
