package dev.backfill.plan;

import dev.backfill.project.TimeType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/// Cuts a history into chunks along the calendar. The chunks are half-open, the first is open
/// below, the last ends where the history ends; together they are the whole and no two share a
/// tick, whatever the counts say. The same counts give the same chunks.
public final class ChunkGrid {
  private ChunkGrid() {}

  /// What is known about a calendar step.
  ///
  /// @param rows in the source
  /// @param partitions of the target that these rows go to
  public record Bucket(long rows, long partitions) {
    Bucket plus(Bucket other) {
      return new Bucket(
          Math.addExact(rows, other.rows), Math.addExact(partitions, other.partitions));
    }
  }

  /// Counts rows along the calendar.
  public interface Counts {
    /// The steps of this grain that hold rows of the range, by any tick inside the step.
    SortedMap<Long, Bucket> by(Grain grain, Chunk range);
  }

  /// How big a chunk may be.
  ///
  /// @param rows at most, as long as the calendar has a finer step
  /// @param partitions of the target at most: a block that spans many is refused by the server
  public record Most(long rows, long partitions) {}

  /// @param type of the column
  /// @param end T
  /// @param counts of the source's rows before it
  /// @return at least two chunks where the rows have at least two calendar steps between them
  public static List<Chunk> of(TimeType type, long end, Most most, Counts counts) {
    var out = new ArrayList<Chunk>();
    cut(type, Chunk.below(end), List.of(Grain.values()), true, most, counts, out);
    return List.copyOf(out);
  }

  private static void cut(
      TimeType type,
      Chunk range,
      List<Grain> grains,
      boolean first,
      Most most,
      Counts counts,
      List<Chunk> out) {
    if (grains.isEmpty() || !grains.getFirst().fits(type)) {
      out.add(range);
      return;
    }
    var finer = grains.subList(1, grains.size());
    var steps = steps(type, range, grains.getFirst(), counts);
    if (steps.size() < 2) {
      var small = steps.values().stream().allMatch(bucket -> fits(bucket, most));
      if (steps.isEmpty() || (small && !first)) {
        out.add(range);
      } else {
        cut(type, range, finer, first, most, counts, out);
      }
      return;
    }
    var starts = new ArrayList<>(steps.entrySet());
    for (var i = 0; i < starts.size(); i++) {
      var step =
          new Chunk(
              Chunk.Part.RANGE,
              i == 0 ? range.start() : OptionalLong.of(starts.get(i).getKey()),
              i == starts.size() - 1 ? range.end() : OptionalLong.of(starts.get(i + 1).getKey()),
              1,
              0);
      if (fits(starts.get(i).getValue(), most)) {
        out.add(step);
      } else {
        cut(type, step, finer, false, most, counts, out);
      }
    }
  }

  /// By first tick of the step; steps whose first tick lies outside the range count as starting at
  /// its start.
  private static SortedMap<Long, Bucket> steps(
      TimeType type, Chunk range, Grain grain, Counts counts) {
    var steps = new TreeMap<Long, Bucket>();
    for (Map.Entry<Long, Bucket> entry : counts.by(grain, range).entrySet()) {
      var start = grain.floor(type, entry.getKey());
      if (range.end().isPresent() && start >= range.end().getAsLong()) {
        continue;
      }
      var inside = range.start().isPresent() ? Math.max(start, range.start().getAsLong()) : start;
      steps.merge(inside, entry.getValue(), Bucket::plus);
    }
    return steps;
  }

  private static boolean fits(Bucket bucket, Most most) {
    return bucket.rows() <= most.rows() && bucket.partitions() <= most.partitions();
  }
}
