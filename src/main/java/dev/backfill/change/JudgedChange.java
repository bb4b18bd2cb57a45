package dev.backfill.change;

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
public record JudgedChange(
    String file,
    int line,
    String resource,
    String kind,
    String before,
    String after,
    Impact impact,
    boolean destructive,
    String reason) {}
