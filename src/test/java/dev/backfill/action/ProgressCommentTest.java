package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.failure.Failure;
import dev.backfill.run.RunEvent;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ProgressCommentTest {
  private static final Instant START = Instant.parse("2026-06-01T12:00:00Z");

  private final List<Instant> written = new ArrayList<>();
  private final List<List<String>> lines = new ArrayList<>();
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final WorkflowCommands log =
      new WorkflowCommands(new PrintStream(said, true, StandardCharsets.UTF_8));
  private Instant now = START;

  @Test
  void isWrittenAtMostOnceAMinute() {
    // an event each second for ten minutes
    for (var second = 0; second <= 600; second++) {
      now = START.plusSeconds(second);
      try (var progress = this.progress) {
        progress.accept(copied(second));
      }
    }

    assertThat(written).hasSize(10).first().isEqualTo(START.plusSeconds(60));
    for (var i = 1; i < written.size(); i++) {
      assertThat(Duration.between(written.get(i - 1), written.get(i)))
          .isGreaterThanOrEqualTo(Duration.ofMinutes(1));
    }
    assertThat(lines.getLast()).hasSizeLessThanOrEqualTo(9).last().asString().contains("600 rows");
  }

  private final ProgressComment progress =
      new ProgressComment(
          (text, at) -> {
            lines.add(text);
            written.add(at);
          },
          log,
          () -> now);

  @Test
  void aShortRunWritesNone() {
    for (var second = 0; second < 60; second++) {
      now = START.plusSeconds(second);
      progress.accept(copied(second));
    }
    progress.close();

    assertThat(written).isEmpty();
  }

  @Test
  void aSlowGitHubHoldsNothingUpAndAnUnwillingOneStopsNothing() {
    var slow = new CountDownLatch(1);
    var begun = new ArrayList<Instant>();
    var stuck =
        new ProgressComment(
            (_, at) -> {
              begun.add(at);
              try {
                slow.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              throw new Failure.Remote(Failure.Kind.WAIT, 503, Optional.empty(), "no server");
            },
            log,
            () -> now);
    for (var minute = 1; minute <= 5; minute++) {
      now = START.plus(Duration.ofMinutes(minute));
      stuck.accept(copied(minute));
    }
    slow.countDown();
    stuck.close();

    assertThat(begun).containsExactly(START.plusSeconds(60));
    assertThat(said.toString(StandardCharsets.UTF_8))
        .contains("The comment couldn't be updated: no server");
  }

  private static RunEvent copied(long rows) {
    return new RunEvent.Copied("events_1", "[a, b)", rows, Duration.ofSeconds(1), rows, 1000);
  }
}
