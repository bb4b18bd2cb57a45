package dev.backfill.proof;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;

/// What a comparison says; declared from the best to the worst.
public enum Judgement {
  /// Every row the source held when the comparison began is in the target, with its multiplicity,
  /// and the target holds no row the source lacks, but for what a person accepted.
  CONTAINED,
  /// Neither shown nor refuted, because rows kept moving or the answer was cut: ask again.
  UNSETTLED,
  /// Rows are missing or surplus, and stay so.
  DIFFERS;

  public static Judgement worst(Collection<Judgement> judgements) {
    return judgements.stream().max(Comparator.naturalOrder()).orElse(CONTAINED);
  }

  /// The name used in JSON and reports.
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
