package dev.backfill.proof;

import java.math.BigInteger;
import java.util.Map;
import java.util.TreeMap;

/// The keys of a fork whose merged rows differ from what its query gives, at one reading.
///
/// @param keys by hash of the key
/// @param complete false when there were more than were asked for
public record KeyDifference(Map<BigInteger, Sides> keys, boolean complete) {
  public KeyDifference {
    keys = Map.copyOf(keys);
  }

  /// Both sides of a key.
  ///
  /// @param expected hash of the merged row that is expected
  /// @param actual hash of the merged row that is there
  /// @param expectedTimes how often it is expected: 0 or 1 when rows are merged by key
  /// @param actualTimes how often it is there
  public record Sides(
      BigInteger expected, BigInteger actual, long expectedTimes, long actualTimes) {
    /// The fork lacks it; a merged row of another value counts as missing.
    public boolean missing() {
      return expectedTimes >= actualTimes;
    }
  }

  /// The keys that differ at both readings, as they are at the later one. A key whose sides agreed
  /// in any reading is proven as of then.
  public KeyDifference persisting(KeyDifference later) {
    if (complete != later.complete) {
      return complete ? this : later;
    }
    var common = new TreeMap<>(later.keys);
    common.keySet().retainAll(keys.keySet());
    return new KeyDifference(common, complete);
  }

  /// How many of these keys are in the other difference too.
  public long among(KeyDifference other) {
    return keys.keySet().stream().filter(other.keys::containsKey).count();
  }

  /// Whether one of the keys shows the same on both sides at both readings: it doesn't move, and
  /// differs.
  public boolean standsStill(KeyDifference later) {
    return keys.entrySet().stream().anyMatch(e -> e.getValue().equals(later.keys.get(e.getKey())));
  }
}
