package dev.backfill.tinybird;

import java.util.Optional;

/// A job of the workspace, as last seen.
///
/// @param id its id
/// @param kind `copy`, `populateview`, ... as the server says
/// @param state where it is
/// @param error why it failed, when it did
/// @param cancellable whether the server says it can be cancelled
public record Job(
    String id, String kind, State state, Optional<String> error, boolean cancellable) {

  /// Where a job is. A status we don't know counts as still running.
  public enum State {
    WAITING,
    WORKING,
    CANCELLING,
    DONE,
    ERROR,
    CANCELLED;

    public boolean terminal() {
      return this == DONE || this == ERROR || this == CANCELLED;
    }
  }
}
