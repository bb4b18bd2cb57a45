package dev.backfill.proof;

import java.math.BigInteger;
import java.util.Map;
import java.util.TreeMap;

/// The rows that one side has more of, as a multiset of row hashes, at one reading.
///
/// @param missing how many of each the target lacks
/// @param surplus how many of each the target has too many
/// @param complete false when there were more than were asked for
public record Difference(
    Map<BigInteger, Long> missing, Map<BigInteger, Long> surplus, boolean complete) {
  public Difference {
    missing = Map.copyOf(missing);
    surplus = Map.copyOf(surplus);
  }

  public static final Difference NONE = new Difference(Map.of(), Map.of(), true);

  public long missingRows() {
    return missing.values().stream().mapToLong(Long::longValue).sum();
  }

  public long surplusRows() {
    return surplus.values().stream().mapToLong(Long::longValue).sum();
  }

  public boolean isEmpty() {
    return missing.isEmpty() && surplus.isEmpty();
  }

  public Difference plus(Difference other) {
    return new Difference(
        merge(missing, other.missing), merge(surplus, other.surplus), complete && other.complete);
  }

  /// What this reading and a later one have in common. Rows that were only under way are missing
  /// once; a row that is lost is missing in every reading. So when nothing is left, every row the
  /// source held at the first reading is in the target at the last: sides only grow.
  ///
  /// A reading that was cut short may hide a common row; then the other one, where it is complete,
  /// stands for what they have in common: it can only be more.
  public Difference persisting(Difference later) {
    if (complete != later.complete) {
      return complete ? this : later;
    }
    return new Difference(common(missing, later.missing), common(surplus, later.surplus), complete);
  }

  private static Map<BigInteger, Long> merge(
      Map<BigInteger, Long> one, Map<BigInteger, Long> other) {
    var sum = new TreeMap<>(one);
    other.forEach((hash, times) -> sum.merge(hash, times, Math::addExact));
    return sum;
  }

  private static Map<BigInteger, Long> common(
      Map<BigInteger, Long> one, Map<BigInteger, Long> later) {
    var common = new TreeMap<BigInteger, Long>();
    one.forEach((hash, times) -> {
      var again = later.getOrDefault(hash, 0L);
      if (again > 0) {
        common.put(hash, Math.min(times, again));
      }
    });
    return common;
  }
}
