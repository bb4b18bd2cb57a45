package dev.backfill.change;

/// What one change asks for.
///
/// @param verdict what it adds to the verdict; not always said by the impact
record Ruling(Impact impact, Verdict verdict, boolean destructive, String reason) {
  static Ruling none(String reason) {
    return new Ruling(Impact.NONE, Verdict.NONE, false, reason);
  }

  static Ruling inPlace(String reason) {
    return new Ruling(Impact.IN_PLACE, Verdict.IN_PLACE, false, reason);
  }

  static Ruling inPlaceLosing(String reason) {
    return new Ruling(Impact.IN_PLACE, Verdict.IN_PLACE, true, reason);
  }

  static Ruling version(String reason) {
    return new Ruling(Impact.VERSION, Verdict.VERSION, false, reason);
  }

  static Ruling refuse(String reason) {
    return new Ruling(Impact.REFUSE, Verdict.REFUSE, false, reason);
  }

  static Ruling refuseLosing(String reason) {
    return new Ruling(Impact.REFUSE, Verdict.REFUSE, true, reason);
  }

  static Ruling alreadyVersioned(String reason) {
    return new Ruling(Impact.NONE, Verdict.ALREADY_VERSIONED, false, reason);
  }

  static Ruling cleanup(boolean destructive, String reason) {
    return new Ruling(Impact.NONE, Verdict.CLEANUP, destructive, reason);
  }
}
