package dev.backfill.problem;

/// How much a finding matters.
public enum Severity {
  /// The thing can't be done or would lose data.
  ERROR,
  /// It can be done, and somebody should know this first.
  WARNING,
  /// Worth a line, no action needed.
  NOTE
}
