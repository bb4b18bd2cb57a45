package dev.backfill.change;

import dev.backfill.problem.Problem;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/// What a whole diff asks for.
///
/// @param verdict the strictest of all
/// @param changes in the order of the diff
/// @param versioned Data Sources of base that need a new version because of the diff itself
/// @param twins Data Sources of base to the twin that the author added for them
/// @param warnings what somebody should know first
public record Judgement(
    Verdict verdict,
    List<JudgedChange> changes,
    SortedSet<String> versioned,
    Map<String, String> twins,
    List<Problem> warnings) {
  public Judgement {
    changes = List.copyOf(changes);
    versioned = java.util.Collections.unmodifiableSortedSet(new TreeSet<>(versioned));
    twins = Map.copyOf(twins);
    warnings = List.copyOf(warnings);
  }
}
