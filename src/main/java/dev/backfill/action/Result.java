package dev.backfill.action;

/// How the action ends when nothing failed.
public enum Result {
  DONE,
  /// It worked, and the answer is no.
  NO
}
