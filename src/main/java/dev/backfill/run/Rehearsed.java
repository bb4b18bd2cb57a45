package dev.backfill.run;

import dev.backfill.proof.ProofReport;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// What a rehearsal showed.
///
/// @param branch name of the branch
/// @param branchId its id, equal before and after
/// @param targets one each
/// @param counts whether it counts as proof
/// @param reasons why it doesn't; empty when it counts
public record Rehearsed(
    String branch, String branchId, List<Target> targets, boolean counts, List<String> reasons) {

  public Rehearsed {
    targets = List.copyOf(targets);
    reasons = List.copyOf(reasons);
  }

  /// What was shown of one target.
  ///
  /// @param figures of the copy in the branch
  /// @param injected rows that were appended past T; they carry the mark
  /// @param mark how to find them: the timestamps' range, in words
  /// @param arrived how many of them reached the target through the sync pipe
  /// @param proof of the branch's target
  /// @param forecast for production
  public record Target(
      String target,
      Outcome.Figures figures,
      long injected,
      String mark,
      long arrived,
      Optional<ProofReport> proof,
      Forecast forecast) {}

  /// What the production run will take, as far as the branch can tell.
  ///
  /// @param rows below the present moment in the production source
  /// @param chunks it will be cut into
  /// @param duration rows divided by the measured rate, and one poll for each chunk; empty when
  ///   nothing had to be copied, so there was nothing to measure
  public record Forecast(long rows, int chunks, Optional<Duration> duration) {}
}
