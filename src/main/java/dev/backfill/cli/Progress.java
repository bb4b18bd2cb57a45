package dev.backfill.cli;

import dev.backfill.report.PlanText;
import dev.backfill.report.RunText;
import dev.backfill.run.RunEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/// The talk on stderr while a command works.
///
/// On a terminal passing lines are rewritten; elsewhere at most one of them is written every two
/// seconds, and one about the same thing once a minute. Lasting lines are always written.
final class Progress {
  private static final Duration PACE = Duration.ofSeconds(2);
  private static final Duration SAME = Duration.ofMinutes(1);

  private final Console console;
  private final boolean quiet;
  private final boolean verbose;
  private Instant last = Instant.MIN;
  private final Map<String, Instant> said = new HashMap<>();
  private boolean rewritable;

  Progress(Console console, boolean quiet, boolean verbose) {
    this.console = console;
    this.quiet = quiet;
    this.verbose = verbose;
  }

  /// What a run tells.
  void event(RunEvent event) {
    if (RunText.lasting(event)) {
      lasting(RunText.event(event));
    } else {
      passing(RunText.event(event), RunText.topic(event));
    }
  }

  /// A line that stays.
  synchronized void lasting(String line) {
    if (!quiet) {
      clear();
      console.err().println(PlanText.line(line));
    }
  }

  /// A line that the next one replaces.
  void passing(String line) {
    passing(line, line);
  }

  private synchronized void passing(String line, String topic) {
    if (quiet) {
      return;
    }
    if (console.terminal() && !verbose) {
      clear();
      console.err().print(PlanText.line(line));
      console.err().flush();
      rewritable = true;
      return;
    }
    var now = console.now();
    var soon = last.isAfter(now.minus(PACE));
    said.values().removeIf(at -> !at.isAfter(now.minus(SAME)));
    if (verbose || (!soon && !said.containsKey(topic))) {
      last = now;
      said.put(topic, now);
      console.err().println(PlanText.line(line));
    }
  }

  /// Leaves the terminal as it should be for what comes next.
  synchronized void end() {
    clear();
  }

  private void clear() {
    if (rewritable) {
      console.err().print("\r\u001b[K");
      rewritable = false;
    }
  }
}
