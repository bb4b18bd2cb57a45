package dev.backfill.change;

import java.util.Collection;
import java.util.Locale;

/// What a whole diff asks for; declared from the mildest to the strictest (`design.md` 3.1).
public enum Verdict {
  NONE,
  IN_PLACE,
  /// Only leftovers of a finished migration go away.
  CLEANUP,
  /// The pair of old and new version exists already.
  ALREADY_VERSIONED,
  VERSION,
  REFUSE;

  public static Verdict strictest(Collection<Verdict> verdicts) {
    return verdicts.stream().max(java.util.Comparator.naturalOrder()).orElse(NONE);
  }

  /// The name used in JSON and reports.
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
