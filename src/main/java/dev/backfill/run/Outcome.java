package dev.backfill.run;

import dev.backfill.proof.ProofReport;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// How a run ended, when it didn't fail.
public sealed interface Outcome {

  /// Every target holds its source; exit status 0.
  record Done(List<Figures> figures, List<ProofReport> proofs) implements Outcome {
    public Done {
      figures = List.copyOf(figures);
      proofs = List.copyOf(proofs);
    }
  }

  /// The answer is no; exit status 1.
  ///
  /// @param reasons what is in the way and what to do, one sentence each
  /// @param proofs of the targets that were compared
  record NotReady(List<String> reasons, List<Figures> figures, List<ProofReport> proofs)
      implements Outcome {
    public NotReady {
      reasons = List.copyOf(reasons);
      figures = List.copyOf(figures);
      proofs = List.copyOf(proofs);
    }
  }

  /// Nothing to do before an instant; exit status 0.
  record ComeBackAt(Instant at, String because) implements Outcome {}

  /// The feeds have been taken away again and nothing is missing that they would have brought: no
  /// run can do anything any more; exit status 0.
  ///
  /// @param because what was seen that says so
  record Over(String because) implements Outcome {}

  /// `--dry-run`: what a run would do; exit status 0.
  record Planned(List<Intent> intents) implements Outcome {
    public Planned {
      intents = List.copyOf(intents);
    }
  }

  /// What this run did for a target.
  ///
  /// @param chunks ranges the history was cut into
  /// @param jobs copy jobs started
  /// @param copied rows of the source below T that bulk jobs brought
  /// @param swept rows that were added by difference
  /// @param copying time spent in copy jobs
  record Figures(String target, int chunks, int jobs, long copied, long swept, Duration copying) {
    /// Rows per second of the bulk jobs; 0 when none ran.
    public double rowsPerSecond() {
      return copying.isZero() ? 0 : copied / (copying.toMillis() / 1000.0);
    }
  }

  /// What a run would do for a target.
  ///
  /// @param ranges the absent ranges, in words
  record Intent(
      String target, Optional<Instant> cutover, int chunks, List<String> ranges, long rows) {
    public Intent {
      ranges = List.copyOf(ranges);
    }
  }
}
