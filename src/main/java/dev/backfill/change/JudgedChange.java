package dev.backfill.change;

import java.util.Optional;

/// A change with what it asks for.
///
/// @param file path relative to the project
/// @param line counted from 1, in head's file (base's when it is gone); 0 when unknown
/// @param resource name of the Data Source or Pipe
/// @param kind wire name of the kind of change, e.g. `sorting_key`
/// @param before the value before, normalised text; empty when there was none
/// @param after the value after; empty when there is none
/// @param impact what it asks for
/// @param destructive data is lost by doing it
/// @param reason one sentence
/// @param platform what a deployment does about it if nobody notices; empty in a sealed plan, which
///   must not change with what is known of the platform
public record JudgedChange(
    String file,
    int line,
    String resource,
    String kind,
    String before,
    String after,
    Impact impact,
    boolean destructive,
    String reason,
    Optional<Platform> platform) {
  public JudgedChange(
      String file,
      int line,
      String resource,
      String kind,
      String before,
      String after,
      Impact impact,
      boolean destructive,
      String reason) {
    this(file, line, resource, kind, before, after, impact, destructive, reason, Optional.empty());
  }
}
