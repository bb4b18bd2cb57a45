package dev.backfill.github;

/// The reactions we use as receipts.
public enum Reaction {
  /// Seen, and it will be done.
  EYES,
  /// Done.
  ROCKET,
  /// Not for this person, or not now.
  CONFUSED,
  /// Agreed.
  THUMBS_UP,
  /// Refused.
  THUMBS_DOWN
}
