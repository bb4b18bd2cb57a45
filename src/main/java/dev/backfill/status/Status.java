package dev.backfill.status;

import java.time.Instant;
import java.util.List;

/// Where a migration is, and whose turn it is.
///
/// @param workspace its name
/// @param branch whether it is a branch
/// @param asOf by the server's clock
/// @param steps at most five, in the order of the hand-over
/// @param next what `cleanup` would make, and what is missing for it
/// @param unseen what couldn't be asked, one sentence each
public record Status(
    String workspace,
    boolean branch,
    Instant asOf,
    List<Step> steps,
    Next next,
    List<String> unseen) {
  public Status {
    steps = List.copyOf(steps);
    unseen = List.copyOf(unseen);
  }

  /// Nothing is left to do.
  public boolean finished() {
    return steps.stream().allMatch(s -> s.state() == Step.State.DONE);
  }

  /// Something is wrong.
  public boolean stuck() {
    return steps.stream().anyMatch(s -> s.state() == Step.State.STUCK);
  }
}
