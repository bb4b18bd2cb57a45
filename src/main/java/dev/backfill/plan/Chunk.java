package dev.backfill.plan;

import dev.backfill.project.TimeType;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/// A part of a source that one job copies or one question reads: a half-open range of ticks, or the
/// rows without a timestamp; whole, or one hash slice of it.
///
/// @param part which rows
/// @param start first tick; empty is open below
/// @param end first tick after it; empty is open above
/// @param slices into how many hash slices it is cut, a power of two; 1 is whole
/// @param slice which of them, from 0
public record Chunk(Part part, OptionalLong start, OptionalLong end, int slices, int slice) {

  /// Which rows a chunk speaks of.
  public enum Part {
    /// Rows whose timestamp lies in the range.
    RANGE,
    /// Rows whose timestamp is NULL.
    NULL
  }

  /// More slices than this don't make a job smaller: then a single row is too big.
  public static final int MOST_SLICES = 1 << 16;

  public Chunk {
    if (start.isPresent() && end.isPresent() && start.getAsLong() >= end.getAsLong()) {
      throw new IllegalArgumentException("empty range " + start + " " + end);
    }
    if (part == Part.NULL && (start.isPresent() || end.isPresent())) {
      throw new IllegalArgumentException("NULL has no range");
    }
    if (slices < 1 || Integer.bitCount(slices) != 1 || slice < 0 || slice >= slices) {
      throw new IllegalArgumentException("slice " + slice + " of " + slices);
    }
  }

  public static Chunk range(long start, long end) {
    return new Chunk(Part.RANGE, OptionalLong.of(start), OptionalLong.of(end), 1, 0);
  }

  /// Everything before a tick.
  public static Chunk below(long end) {
    return new Chunk(Part.RANGE, OptionalLong.empty(), OptionalLong.of(end), 1, 0);
  }

  /// Everything from a tick on.
  public static Chunk from(long start) {
    return new Chunk(Part.RANGE, OptionalLong.of(start), OptionalLong.empty(), 1, 0);
  }

  /// Every row, whatever its timestamp, where there is none to tell rows apart by.
  public static Chunk everything() {
    return new Chunk(Part.RANGE, OptionalLong.empty(), OptionalLong.empty(), 1, 0);
  }

  public static Chunk nulls() {
    return new Chunk(Part.NULL, OptionalLong.empty(), OptionalLong.empty(), 1, 0);
  }

  public Chunk slice(int ofSlices, int index) {
    return new Chunk(part, start, end, ofSlices, index);
  }

  public boolean whole() {
    return slices == 1;
  }

  /// Two chunks with the same rows as this one and none in common: cut in the middle, or, where
  /// there is no tick in between, by hash. The outer bounds stay open where they are.
  ///
  /// @param lowest a tick at or below the first row, for a chunk that is open below
  /// @param highest a tick at or above the last row, for a chunk that is open above
  /// @return empty when it can't be cut any further
  public List<Chunk> halves(long lowest, long highest) {
    if (part == Part.RANGE && whole()) {
      var from = start.orElse(Math.min(lowest, end.orElse(highest)));
      var until = end.orElse(Math.max(highest, from) + 1);
      // the mean rounded down, without the overflow that a difference of nanoseconds may have
      var middle = (from & until) + ((from ^ until) >> 1);
      if (middle > from) {
        return List.of(
            new Chunk(part, start, OptionalLong.of(middle), 1, 0),
            new Chunk(part, OptionalLong.of(middle), end, 1, 0));
      }
    }
    return slices >= MOST_SLICES
        ? List.of()
        : List.of(slice(slices * 2, slice), slice(slices * 2, slice + slices));
  }

  /// Cuts until there are so many parts, or as many as there can be; in order.
  public List<Chunk> parts(int atLeast, long lowest, long highest) {
    var parts = List.of(this);
    while (parts.size() < atLeast) {
      var finer = new ArrayList<Chunk>();
      for (var part : parts) {
        var halves = part.halves(lowest, highest);
        finer.addAll(halves.isEmpty() ? List.of(part) : halves);
      }
      if (finer.size() == parts.size()) {
        return List.copyOf(parts);
      }
      parts = finer;
    }
    return List.copyOf(parts);
  }

  /// `all rows`, or `slice 1 of 4`, where no timestamp tells rows apart.
  public String text() {
    return whole() ? "all rows" : "slice " + (slice + 1) + " of " + slices;
  }

  /// `[2026-01-01 00:00:00, 2026-02-01 00:00:00)`, UTC; with `slice 1 of 4` where it is cut by
  /// hash.
  public String text(TimeType type) {
    var range =
        part == Part.NULL
            ? "rows without a timestamp"
            : "["
                + (start.isPresent() ? Ticks.text(type, start.getAsLong()) : "-inf")
                + ", "
                + (end.isPresent() ? Ticks.text(type, end.getAsLong()) : "inf")
                + ")";
    return whole() ? range : range + ", slice " + (slice + 1) + " of " + slices;
  }
}
