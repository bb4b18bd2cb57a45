package dev.backfill.status;

import java.time.Duration;
import java.util.Set;

/// What was said, as opposed to seen.
///
/// @param quiet how long the source must be without writes before its feeds go
/// @param confirmed what a person vouches for: names of [Confirmation]
/// @param plan the plan's file as an argument of a command, quoted for a shell where it needs to be
public record Wanted(Duration quiet, Set<String> confirmed, String plan) {
  public Wanted {
    confirmed = Set.copyOf(confirmed);
  }

  /// Rows that only a new version has are its producers' own.
  public boolean directWrites() {
    return says(Confirmation.PRODUCERS_MOVING) || says(Confirmation.PRODUCERS_MOVED);
  }

  public boolean says(Confirmation what) {
    return confirmed.contains(what.toString());
  }
}
