package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The program as a process that may write files of at most one KiB: the system refuses the rest of
/// a file, as a full disk does, and root isn't spared.
class DiskFullTest {
  @TempDir Path folder;

  @Test
  void leavesTheWorkTreeAsItWas() throws IOException, InterruptedException {
    Analytics.changed(folder).close();
    var before = files();
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var process =
        new ProcessBuilder(
                "bash",
                "-c",
                "ulimit -f 1; exec \"$@\"",
                "bash",
                java,
                "-XX:-UsePerfData",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.backfill.cli.Main",
                "generate")
            .directory(folder.toFile())
            .start();
    var err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).as(err).isEqualTo(3);
    assertThat(out).isEmpty();
    assertThat(err)
        .startsWith("error: can't write into ")
        .contains("nothing was changed", "File too large");
    assertThat(files()).isEqualTo(before);
  }

  private List<String> files() throws IOException {
    try (Stream<Path> walk = Files.walk(folder)) {
      return walk.map(p -> folder.relativize(p).toString())
          .filter(p -> !p.startsWith(".git"))
          .sorted()
          .toList();
    }
  }
}
