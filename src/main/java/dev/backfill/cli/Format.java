package dev.backfill.cli;

import java.util.Locale;

/// How a result is written.
enum Format {
  /// For a terminal.
  TEXT,
  /// One JSON document.
  JSON,
  /// For a comment.
  MARKDOWN;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
