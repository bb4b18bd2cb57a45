package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.report.RunText;
import dev.backfill.run.RunEvent;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
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

    assertThat(lines()).hasSize(30);
  }

  @Test
  void newsComesEveryTwoSeconds() throws Exception {
    for (var second = 0; second < 10; second++) {
      progress.passing("row " + second);
      console.pause().sleep(Duration.ofSeconds(1));
    }

    assertThat(lines()).containsExactly("row 0", "row 2", "row 4", "row 6", "row 8");
  }

  @Test
  void aWaitThatOtherLinesInterruptIsSaidOnceAMinute() throws Exception {
    for (var round = 0; round < 10; round++) {
      progress.event(new RunEvent.Waiting("t", "rows settle", console.now(), Optional.empty()));
      console.pause().sleep(Duration.ofSeconds(2));
      progress.event(
          new RunEvent.JobRunning("t", "all", "j", "working", false, Duration.ofSeconds(round)));
      console.pause().sleep(Duration.ofSeconds(2));
    }

    assertThat(lines()).hasSize(2);
  }

  @Test
  void aJobThatHasEndedIsNotDoneSince() {
    assertThat(
            RunText.event(
                new RunEvent.JobRunning("t", "all", "j", "done", true, Duration.ofSeconds(3))))
        .isEqualTo("t: copying all, job j: done after 3 s");
  }

  private java.util.List<String> lines() {
    return err.toString(StandardCharsets.UTF_8).lines().toList();
  }
}
