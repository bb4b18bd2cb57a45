package dev.backfill.status;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// One line of what is done and what is next.
///
/// @param id `deploy`, `run`, `readers`, `producers` or `cleanup`
/// @param who whose turn it is
/// @param state where it stands
/// @param title what it is, a few words, names between backticks
/// @param because what was seen that says so, one sentence each; hostile text may be in it
/// @param command the one command that does it, or tells more; empty when there is none
/// @param until the instant that is waited for
public record Step(
    String id,
    Who who,
    State state,
    String title,
    List<String> because,
    Optional<String> command,
    Optional<Instant> until) {
  public Step {
    because = List.copyOf(because);
  }

  /// Whose turn it is.
  public enum Who {
    YOU,
    WE
  }

  /// Where a step stands.
  public enum State {
    /// Nothing is left of it.
    DONE,
    /// It can be done now.
    NOW,
    /// It waits for an earlier one, or an instant.
    WAITS,
    /// Something is wrong that has to be mended first.
    STUCK
  }
}
