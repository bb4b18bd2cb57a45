package dev.backfill.status;

import java.util.List;
import java.util.Locale;

/// The next change that ends a migration, and the evidence for it that is still missing.
///
/// @param change what it is
/// @param missing what has to be seen or said first; empty when it may be made
public record Next(Change change, List<String> missing) {
  public Next {
    missing = List.copyOf(missing);
  }

  /// The changes, in their order (`design.md` 7, rule 10).
  public enum Change {
    /// Every reader names the new version. Reversible: the old one is complete.
    SWITCH_READERS,
    /// The sync and the backfill Pipe go. From then on the old version gets old.
    REMOVE_FEEDS,
    /// The old Data Sources and views go, with their rows.
    REMOVE_OLD,
    /// Nothing is left.
    FINISHED,
    /// Everything of the plan goes, before anybody reads or writes the new version.
    ABANDON;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public boolean allowed() {
    return missing.isEmpty() && change != Change.FINISHED;
  }
}
