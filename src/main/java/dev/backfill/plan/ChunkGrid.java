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
    var out = new ArrayList<Piece>();
    cut(type, Chunk.below(end), new Bucket(0, 0), List.of(Grain.values()), true, most, counts, out);
    return joined(out, most);
  }

  /// A chunk and what it holds.
  private record Piece(Chunk chunk, Bucket bucket) {}

  /// Joins neighbours while they fit together, so that many small steps aren't as many jobs; two
  /// chunks stay two.
  private static List<Chunk> joined(List<Piece> pieces, Most most) {
    var out = new ArrayList<Piece>();
    for (var i = 0; i < pieces.size(); i++) {
      var piece = pieces.get(i);
      var last = out.isEmpty() ? null : out.getLast();
      var only = out.size() == 1 && i == pieces.size() - 1;
      if (last != null && !only && fits(last.bucket().plus(piece.bucket()), most)) {
        out.set(
            out.size() - 1,
            new Piece(
                new Chunk(Chunk.Part.RANGE, last.chunk().start(), piece.chunk().end(), 1, 0),
                last.bucket().plus(piece.bucket())));
      } else {
        out.add(piece);
      }
    }
    return out.stream().map(Piece::chunk).toList();
  }

  private static void cut(
      TimeType type,
      Chunk range,
      Bucket held,
      List<Grain> grains,
      boolean first,
      Most most,
      Counts counts,
      List<Piece> out) {
    if (grains.isEmpty() || !grains.getFirst().fits(type)) {
      out.add(new Piece(range, held));
      return;
    }
    var finer = grains.subList(1, grains.size());
    var steps = steps(type, range, grains.getFirst(), counts);
    if (steps.size() < 2) {
      var small = steps.values().stream().allMatch(bucket -> fits(bucket, most));
      if (steps.isEmpty() || (small && !first)) {
        out.add(new Piece(range, steps.values().stream().reduce(held, (_, b) -> b)));
      } else {
        var whole = steps.values().stream().findFirst().orElse(held);
        cut(type, range, whole, finer, first, most, counts, out);
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
      var bucket = starts.get(i).getValue();
      if (fits(bucket, most)) {
        out.add(new Piece(step, bucket));
      } else {
        cut(type, step, bucket, finer, false, most, counts, out);
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
