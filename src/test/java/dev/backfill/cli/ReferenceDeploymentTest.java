package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.TempRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `deploy/1.0.0` is what the tool generates for the specification's own example:
/// `analytics_events`, sorting key from `timestamp` to `action, timestamp`. `-Dgolden=write`
/// rewrites it, and the diff is reviewed.
class ReferenceDeploymentTest {
  private static final String EVENTS =
      """
      SCHEMA >
          `timestamp` DateTime `json:$.timestamp`,
          `session_id` String `json:$.session_id`,
          `action` LowCardinality(String) `json:$.action`,
          `version` LowCardinality(String) `json:$.version`,
          `payload` String `json:$.payload`

      ENGINE "MergeTree"
      ENGINE_PARTITION_KEY "toYYYYMM(timestamp)"
      ENGINE_SORTING_KEY "timestamp"
      """;
  private static final Path REFERENCE = Path.of("deploy", "1.0.0");

  @TempDir Path folder;

  @Test
  void isWhatTheToolGenerates() throws IOException {
    try (var repository = TempRepository.in(folder)) {
      repository
          .write(".tinyenv", "VERSION=0.0.0\n")
          .write("datasources/analytics_events.datasource", EVENTS)
          .commit("base");
      repository
          .write(".tinyenv", "VERSION=1.0.0\n")
          .write(
              "datasources/analytics_events.datasource",
              EVENTS.replace("SORTING_KEY \"timestamp\"", "SORTING_KEY \"action, timestamp\""));
      var result = Cli.in(folder).run("generate", "--base", "main");
      assertThat(result.status()).as(result.err()).isZero();
    }

    var generated = new TreeMap<String, String>();
    for (var path : files(folder)) {
      if (!path.startsWith(".") && !path.equals("datasources/analytics_events.datasource")) {
        var name =
            path.startsWith("deploy/1.0.0/") ? path.substring("deploy/1.0.0/".length()) : path;
        generated.put(name, Files.readString(folder.resolve(path)));
      }
    }
    if ("write".equals(System.getProperty("golden"))) {
      for (var file : generated.entrySet()) {
        var target = REFERENCE.resolve(file.getKey());
        Files.createDirectories(target.getParent());
        Files.writeString(target, file.getValue());
      }
      assertThat(REFERENCE.resolve("deploy.sh").toFile().setExecutable(true)).isTrue();
    }
    var committed = new TreeMap<String, String>();
    for (var path : files(REFERENCE)) {
      committed.put(path, Files.readString(REFERENCE.resolve(path)));
    }
    assertThat(committed).isEqualTo(generated);
    assertThat(Files.isExecutable(REFERENCE.resolve("deploy.sh"))).isTrue();
  }

  private static java.util.List<String> files(Path root) throws IOException {
    try (var all = Files.walk(root)) {
      return all.filter(Files::isRegularFile)
          .map(p -> root.relativize(p).toString())
          .filter(p -> !p.startsWith(".git/"))
          .sorted()
          .toList();
    }
  }
}
