package dev.backfill.action;

import dev.backfill.failure.Failure;
import dev.backfill.report.RunText;
import dev.backfill.run.RunEvent;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/// Keeps the comment up to date while a run goes on, at most once a minute. It is written beside
/// the run: a GitHub that is slow or says no holds up no run and stops none.
final class ProgressComment implements Consumer<RunEvent>, AutoCloseable {
  private static final Duration PACE = Duration.ofMinutes(1);
  private static final int MOST_LINES = 8;

  private final BiConsumer<List<String>, Instant> write;
  private final WorkflowCommands log;
  private final InstantSource clock;
  private final Deque<String> lasting = new ArrayDeque<>();
  private Instant last;
  private CompletableFuture<Void> writing = CompletableFuture.completedFuture(null);

  /// @param write makes the comment say these lines, as of an instant
  ProgressComment(
      BiConsumer<List<String>, Instant> write, WorkflowCommands log, InstantSource clock) {
    this.write = write;
    this.log = log;
    this.clock = clock;
    this.last = clock.instant();
  }

  @Override
  public synchronized void accept(RunEvent event) {
    var line = RunText.event(event);
    var lines = new ArrayList<>(lasting);
    lines.add(line);
    if (RunText.lasting(event)) {
      lasting.addLast(line);
      if (lasting.size() > MOST_LINES) {
        lasting.removeFirst();
      }
    }
    var now = clock.instant();
    if (now.isBefore(last.plus(PACE)) || !writing.isDone()) {
      return;
    }
    last = now;
    writing = CompletableFuture.runAsync(() -> write(lines, now), Thread::startVirtualThread);
  }

  private void write(List<String> lines, Instant at) {
    try {
      write.accept(lines, at);
    } catch (Failure e) {
      log.log("The comment couldn't be updated: " + e.getMessage());
    }
  }

  /// Waits until nothing is being written any more: what comes next has the last word.
  @Override
  public synchronized void close() {
    writing.join();
  }
}
