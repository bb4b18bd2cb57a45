package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.EngineTest;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@EngineTest
class LocalApiPageTest {
  private static final Path PAGE = Path.of("src/site/markdown/reference/local-api.md");

  private static List<Row> rows() {
    return Arrays.stream(LocalContractTest.class.getDeclaredClasses())
        .flatMap(group -> Arrays.stream(group.getDeclaredMethods()))
        .flatMap(LocalApiPageTest::row)
        .sorted(
            Comparator.comparingDouble((Row row) -> number(row.section()))
                .thenComparing(Row::section)
                .thenComparing(Row::name))
        .toList();
  }

  private static Stream<Row> row(Method method) {
    return Stream.ofNullable(method.getAnnotation(Row.class));
  }

  private static double number(String section) {
    return Double.parseDouble(section);
  }

  @Test
  void everyRouteHasATestAndThePageHoldsEveryRow(@TempDir Path data) throws IOException {
    Map<String, Route> routes;
    try (var api = LocalApi.start(data)) {
      routes =
          api.workspace().routes().stream()
              .collect(Collectors.toMap(Route::title, route -> route, (a, b) -> a, TreeMap::new));
    }
    var rows = rows();

    assertThat(rows.stream().flatMap(row -> Arrays.stream(row.routes())).distinct())
        .containsExactlyInAnyOrderElementsOf(routes.keySet());
    var page = page(rows, routes);
    if ("write".equals(System.getProperty("golden"))) {
      Files.createDirectories(PAGE.getParent());
      Files.writeString(PAGE, page);
    }
    assertThat(Files.readString(PAGE, StandardCharsets.UTF_8)).isEqualTo(page);
  }

  private static String page(List<Row> rows, Map<String, Route> routes) {
    return """
    # What the local workspace answers

    Made from its contract tests; each row is one of them. Sections are those of the API reference the workspace was
    written after. Confidence is the reference's: [C] seen in the official client, [D] in Tinybird's documents, [O] in
    another repository of theirs, [3] in a third party's client, [R] recalled, [I] inferred, [?] unknown. What is
    unknown is never answered as if it were known: a fault decides it, or it is refused.

    | section | what | confidence | here |
    |---|---|---|---|
    """
        + rows.stream()
            .map(row ->
                "| "
                    + row.section()
                    + " | "
                    + row.name().replace("|", "\\|")
                    + " | "
                    + confidence(row, routes)
                    + " | "
                    + row.here().replace("|", "\\|")
                    + " |\n")
            .collect(Collectors.joining());
  }

  private static String confidence(Row row, Map<String, Route> routes) {
    return row.marks().isEmpty()
        ? Arrays.stream(row.routes())
            .map(routes::get)
            .map(route -> Mark.text(java.util.Objects.requireNonNull(route).marks()))
            .distinct()
            .collect(Collectors.joining(" "))
        : row.marks();
  }
}
