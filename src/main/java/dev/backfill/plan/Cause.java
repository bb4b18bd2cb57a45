package dev.backfill.plan;

import java.util.Locale;

/// Why a Data Source is versioned.
public enum Cause {
  /// The diff changes it.
  DIRECT,
  /// Something it is fed by is versioned.
  CASCADE;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
