package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.http.Pause;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.InProcess;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `by-hand.md`, followed to the letter by bash: a stranger who does what is printed there carries
/// a migration to its end. Only `backfill local` is a process of its own; the other commands run in
/// this one.
@EngineTest
class ByHandPageTest {
  private static final Path PAGE = Path.of("src", "site", "markdown", "by-hand.md");
  private static final Pattern BLOCK =
      Pattern.compile("(?ms)^```bash\\n(.*?)^```\\n(?:\\n```\\n(.*?)^```\\n)?");
  private static final String END = "--- end of a block ---";

  @TempDir Path folder;

  private record Step(String commands, List<String> shown) {}

  @Test
  void whoDoesWhatThePageSaysCarriesAMigrationThrough() throws Exception {
    var steps =
        BLOCK
            .matcher(Files.readString(PAGE))
            .results()
            .map(m ->
                new Step(m.group(1), m.group(2) == null ? List.of() : m.group(2).lines().toList()))
            .toList();
    assertThat(steps).hasSizeGreaterThan(10);
    var script =
        new StringBuilder(
            "set -e\ntrap '[ -z \"${workspace:-}\" ] || kill \"$workspace\" || true' EXIT\n");
    steps.forEach(s -> script.append(s.commands()).append("echo '").append(END).append("'\n"));
    var bin = Files.createDirectories(folder.resolve("path"));
    var here = Files.createDirectories(folder.resolve("empty"));
    try (var program =
        new InProcess((words, where, environment, out, err) ->
            Main.run(
                new Console(out, err, environment, where, /* terminal= */ false, Pause.SYSTEM),
                words.toArray(new String[0])))) {
      program.install(bin.resolve("in-process"));
      InProcess.installPython(bin);
      Files.writeString(bin.resolve("backfill"), launcher());
      assertThat(bin.resolve("backfill").toFile().setExecutable(true)).isTrue();
      var bash =
          new ProcessBuilder("bash", "-c", script.toString())
              .directory(here.toFile())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("output").toFile());
      bash.environment().keySet().removeIf(k -> k.startsWith("TB_") || k.startsWith("BACKFILL_"));
      bash.environment().put("PATH", bin + ":" + bash.environment().get("PATH"));
      bash.environment().put("HOME", here.toString());
      var process = bash.start();
      try {
        process.getOutputStream().close();
        var ended = process.waitFor(5, TimeUnit.MINUTES);
        var output = Files.readString(folder.resolve("output"));
        assertThat(ended).as(output).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        compare(steps, List.of(output.split(Pattern.quote(END) + "\n", -1)));
      } finally {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
      }
    }
  }

  /// Every line that the page shows is there, in that order.
  private static void compare(List<Step> steps, List<String> outputs) {
    assertThat(outputs).hasSize(steps.size() + 1);
    for (var i = 0; i < steps.size(); i++) {
      var lines = new ArrayList<>(outputs.get(i).lines().toList());
      for (var shown : steps.get(i).shown()) {
        var wanted = Pattern.compile(Pattern.quote(shown).replace("…", "\\E.*\\Q"));
        while (!lines.isEmpty() && !wanted.matcher(lines.getFirst()).matches()) {
          lines.removeFirst();
        }
        assertThat(lines)
            .as("%s%nisn't shown by%n%s%s", shown, steps.get(i).commands(), outputs.get(i))
            .isNotEmpty();
      }
    }
  }

  private static String launcher() {
    return """
    #!/usr/bin/env bash
    if [[ "$1" == local ]]; then
      exec '%s' -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED \\
        -cp '%s' dev.backfill.cli.Main "$@"
    fi
    exec "$(dirname "$0")/in-process" "$@"
    """
        .formatted(
            Path.of(System.getProperty("java.home"), "bin", "java"),
            Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(p -> Path.of(p).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator)));
  }
}
