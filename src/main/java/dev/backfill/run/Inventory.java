package dev.backfill.run;

import dev.backfill.plan.Chunk;
import dev.backfill.plan.ChunkGrid.Bucket;
import dev.backfill.plan.Grain;
import dev.backfill.plan.Migration;
import dev.backfill.proof.Difference;
import dev.backfill.proof.KeyDifference;
import dev.backfill.proof.Reading;
import dev.backfill.proof.Side;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;

/// What two Data Sources hold right now. Every answer is a snapshot; nothing here changes anything.
interface Inventory {

  /// The server's clock.
  Instant now();

  /// Empty when there are no rows.
  Optional<Extent> extent(Side side, Chunk chunk);

  /// Rows and where they lie.
  record Extent(long rows, long first, long last) {}

  SortedMap<Long, Bucket> histogram(Grain grain, Chunk range);

  /// What a side holds of each chunk.
  ///
  /// @param chunks whole ranges of which each begins where the one before it ends; or one of any
  ///   kind
  List<Reading> readings(Side side, List<Chunk> chunks);

  default Reading reading(Side side, Chunk chunk) {
    return readings(side, List.of(chunk)).getFirst();
  }

  /// What a side holds of each hash slice of the whole.
  ///
  /// @param slices how many, a power of two
  default List<Reading> slices(Side side, int slices) {
    var out = new java.util.ArrayList<Reading>();
    for (var i = 0; i < slices; i++) {
      out.add(reading(side, Chunk.everything().slice(slices, i)));
    }
    return out;
  }

  /// How many rows have one of these hashes.
  long rows(Side side, Collection<BigInteger> hashes);

  /// By the target's partition.
  Map<String, Partition> figures(Side side, Chunk chunk);

  /// @param first tick and last tick of its rows, where the chunk is a range
  record Partition(Reading reading, OptionalLong first, OptionalLong last) {}

  Difference difference(Chunk chunk);

  /// The one half of the difference: what the target lacks, whatever else it holds.
  default Difference missing(Chunk chunk) {
    var both = difference(chunk);
    return new Difference(both.missing(), Map.of(), both.complete());
  }

  /// How many rows the target lacks, with multiplicity, however many they are.
  default long shortfall(Chunk chunk) {
    return missing(chunk).missingRows();
  }

  /// Rows as text, by hash.
  Map<BigInteger, String> examples(Side side, Chunk chunk, Collection<BigInteger> hashes);

  /// What a fork holds, merged by its rule, or what its query gives over its trigger.
  Reading fork(Migration fork, boolean expected);

  KeyDifference forkDifference(Migration fork);

  Map<BigInteger, String> forkExamples(
      Migration fork, boolean expected, Collection<BigInteger> keys);
}
