package dev.backfill.action;

import dev.backfill.failure.Failure;
import dev.backfill.plan.PlanCore;
import dev.backfill.report.PullRequestComment;
import dev.backfill.report.RunText;
import dev.backfill.run.RunEvent;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/// Keeps the comment up to date while a run goes on, at most once a minute. A comment that can't be
/// written stops no run.
final class ProgressComment implements Consumer<RunEvent> {
  private static final Duration PACE = Duration.ofMinutes(1);
  private static final int MOST_LINES = 8;

  private final Publisher publisher;
  private final PlanCore core;
  private final int pullRequest;
  private final InstantSource clock;
  private final Deque<String> lasting = new ArrayDeque<>();
  private Instant last;

  ProgressComment(Publisher publisher, PlanCore core, int pullRequest, InstantSource clock) {
    this.publisher = publisher;
    this.core = core;
    this.pullRequest = pullRequest;
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
    if (now.isBefore(last.plus(PACE))) {
      return;
    }
    last = now;
    try {
      publisher.comment(
          pullRequest,
          PullRequestComment.running(core, lines, now, publisher.page(List.of())),
          /* quiet= */ false);
    } catch (Failure.Remote e) {
      publisher.log().log("The comment couldn't be updated: " + e.getMessage());
    }
  }
}
