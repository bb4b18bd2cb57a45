package dev.backfill.plan;

import java.util.Locale;

/// What brings rows into a target.
///
/// @param kind how
/// @param pipe the Pipe that does it; empty for PRODUCERS and NONE
public record Feed(Kind kind, String pipe) {

  /// The ways rows get into a target: SYNC, FORK and PRODUCERS are live; COPY, FORK, SEAM, REPLAY
  /// and POPULATE bring history.
  public enum Kind {
    SYNC,
    FORK,
    PRODUCERS,
    COPY,
    SEAM,
    REPLAY,
    POPULATE,
    NONE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
