package dev.backfill.cli;

import dev.backfill.report.PlanText;
import dev.backfill.report.RunText;
import dev.backfill.run.RunEvent;
import java.time.Duration;
import java.time.Instant;

/// The talk on stderr while a command works.
///
/// On a terminal passing lines are rewritten; elsewhere at most one of them is written every two
/// seconds, and one that says the same as the last every half minute. Lasting lines are always
/// written.
final class Progress {
  private static final Duration PACE = Duration.ofSeconds(2);
  private static final Duration SAME = Duration.ofSeconds(30);

  private final Console console;
  private final boolean quiet;
  private final boolean verbose;
  private Instant last = Instant.MIN;
  private String said = "";
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
      passing(RunText.event(event));
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
  synchronized void passing(String line) {
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
    var pace = line.equals(said) ? SAME : PACE;
    if (verbose || last.equals(Instant.MIN) || !now.isBefore(last.plus(pace))) {
      last = now;
      said = line;
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
