package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Console console = Cli.in(Path.of("")).console(new ByteArrayOutputStream(), err);
  private final Progress progress = new Progress(console, false, false);

  @Test
  void aWaitOfHalfAnHourIsNotNineHundredLines() throws Exception {
    for (var seconds = 0; seconds < 1_800; seconds += 2) {
      progress.passing("waiting for the cutover");
      console.pause().sleep(Duration.ofSeconds(2));
    }

    assertThat(lines()).hasSize(60);
  }

  @Test
  void newsComesEveryTwoSeconds() throws Exception {
    for (var second = 0; second < 10; second++) {
      progress.passing("row " + second);
      console.pause().sleep(Duration.ofSeconds(1));
    }

    assertThat(lines()).containsExactly("row 0", "row 2", "row 4", "row 6", "row 8");
  }

  private java.util.List<String> lines() {
    return err.toString(StandardCharsets.UTF_8).lines().toList();
  }
}
