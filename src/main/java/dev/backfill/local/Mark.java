package dev.backfill.local;

import java.util.List;
import java.util.stream.Collectors;

/// How sure the API reference is of something (its section 0).
enum Mark {
  /// In the source of the official client.
  C("C"),
  /// In Tinybird's own documents.
  D("D"),
  /// In another repository of theirs.
  O("O"),
  /// In somebody else's client: an observation, not a promise.
  THIRD("3"),
  /// Recalled, not read again.
  R("R"),
  /// Inferred from how a client handles the answer.
  I("I"),
  /// Unknown. Never answered as if it were known: a fault decides, or it is refused.
  UNKNOWN("?");

  private final String letter;

  Mark(String letter) {
    this.letter = letter;
  }

  /// `[C][D]`.
  static String text(List<Mark> marks) {
    return marks.stream().map(mark -> "[" + mark.letter + "]").collect(Collectors.joining());
  }
}
