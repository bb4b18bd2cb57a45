package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.ChunkGrid.Bucket;
import dev.backfill.project.TimeType;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// Whatever the rows, the chunks are the whole and don't overlap.
class ChunkGridTest {
  private static final List<TimeType> TYPES = types();

  private static List<TimeType> types() {
    var out = new ArrayList<TimeType>();
    out.add(new TimeType(TimeType.Kind.DATE, 0, Optional.empty(), false));
    out.add(new TimeType(TimeType.Kind.DATE32, 0, Optional.empty(), false));
    out.add(new TimeType(TimeType.Kind.DATETIME, 0, Optional.of("Europe/Madrid"), false));
    for (var precision = 0; precision <= 9; precision++) {
      out.add(
          new TimeType(TimeType.Kind.DATETIME64, precision, Optional.of("America/New_York"), true));
    }
    return out;
  }

  private static ChunkGrid.Counts counting(TimeType type, List<Long> ticks) {
    return (grain, range) -> {
      SortedMap<Long, Bucket> out = new TreeMap<>();
      var steps = new TreeMap<Long, Long>();
      for (var tick : ticks) {
        if (tick >= range.start().orElse(Long.MIN_VALUE)
            && tick < range.end().orElse(Long.MAX_VALUE)) {
          // any tick inside the step will do as its name
          var name = steps.computeIfAbsent(grain.floor(type, tick), s -> tick);
          out.merge(name, new Bucket(1, 1), (a, b) -> new Bucket(a.rows() + 1, 1));
        }
      }
      return out;
    };
  }

  /// Days around the changes of the clocks in both zones, over years, or all within a second.
  private static List<Long> ticks(TimeType type, Random random) {
    var day = LocalDate.of(2026, random.nextBoolean() ? 3 : 10, 24 + random.nextInt(7));
    var from = day.atStartOfDay(ZoneOffset.UTC).toInstant();
    var width = List.of(1L, 60L, 7_200L, 86_400L * 3, 86_400L * 900).get(random.nextInt(5));
    var out = new ArrayList<Long>();
    var rows = 1 + random.nextInt(300);
    for (var i = 0; i < rows; i++) {
      out.add(
          Ticks.floor(
              type,
              from.minusSeconds((long) (random.nextDouble() * width))
                  .plusNanos(random.nextInt(1_000_000_000))));
    }
    return out;
  }

  @Test
  void theChunksAreTheWholeWithoutOverlapAndNoBiggerThanAskedWhereTheCalendarCanHelp() {
    var random = new Random(20260101);
    for (var run = 0; run < 3_000; run++) {
      var type = TYPES.get(run % TYPES.size());
      var ticks = ticks(type, random);
      var end = Ticks.ceil(type, Instant.parse("2026-11-01T00:00:00Z")) + 1;
      var most = new ChunkGrid.Most(1 + random.nextInt(60), 12);
      var chunks = ChunkGrid.of(type, end, most, counting(type, ticks));
      var story = "run " + run + " " + type + " " + most;
      assertThat(chunks.getFirst().start()).as(story).isEmpty();
      assertThat(chunks.getLast().end()).as(story).hasValue(end);
      for (var i = 1; i < chunks.size(); i++) {
        assertThat(chunks.get(i).start()).as(story).isEqualTo(chunks.get(i - 1).end());
      }
      var finest = type.daily() ? Grain.DAY : Grain.SECOND;
      var distinct = new TreeSet<Long>();
      ticks.forEach(t -> distinct.add(finest.floor(type, t)));
      if (distinct.size() > 1) {
        assertThat(chunks).as(story).hasSizeGreaterThan(1);
      }
      for (var chunk : chunks) {
        var inside = ticks.stream().filter(t -> holds(chunk, t)).toList();
        var steps = new TreeSet<Long>();
        inside.forEach(t -> steps.add(finest.floor(type, t)));
        assertThat(inside.size() <= most.rows() || steps.size() == 1).as(story).isTrue();
      }
      assertThat(ChunkGrid.of(type, end, most, counting(type, ticks))).isEqualTo(chunks);
    }
  }

  private static boolean holds(Chunk chunk, long tick) {
    return tick >= chunk.start().orElse(Long.MIN_VALUE)
        && tick < chunk.end().orElse(Long.MAX_VALUE);
  }

  @Test
  void anEmptySourceIsOneChunk() {
    var type = TYPES.get(2);
    assertThat(ChunkGrid.of(type, 5, new ChunkGrid.Most(1, 1), counting(type, List.of())))
        .containsExactly(Chunk.below(5));
  }

  @Test
  void halvesOfAChunkAreTheChunk() {
    var random = new Random(7);
    for (var run = 0; run < 2_000; run++) {
      var low = random.nextBoolean() ? random.nextLong() : random.nextInt(50);
      var high = Math.max(low, low + random.nextInt(40));
      if (high == Long.MAX_VALUE) {
        continue;
      }
      var chunk =
          switch (random.nextInt(4)) {
            case 0 -> Chunk.below(high + 1);
            case 1 -> Chunk.from(low);
            case 2 -> Chunk.nulls();
            default -> Chunk.range(low, high + 1);
          };
      for (var parts = List.of(chunk); !parts.isEmpty() && parts.size() < 64; ) {
        for (var probe = 0; probe < 40; probe++) {
          var tick = low + (high - low == 0 ? 0 : random.nextInt((int) (high - low + 1)));
          var hash = random.nextInt(1 << 20);
          assertThat(
                  parts.stream()
                      .filter(p -> p.part() == Chunk.Part.NULL || holds(p, tick))
                      .filter(p -> hash % p.slices() == p.slice())
                      .count())
              .as("%s in %s", tick, parts)
              .isEqualTo(1);
        }
        var next = new ArrayList<Chunk>();
        parts.forEach(p -> next.addAll(p.halves(low, high)));
        parts = next;
      }
    }
  }

  @Test
  void theWidestRangeOfNanosecondsIsHalvedWithoutOverflow() {
    assertThat(Chunk.range(Long.MIN_VALUE, Long.MAX_VALUE).halves(0, 0))
        .extracting(Chunk::end)
        .containsExactly(OptionalLong.of(-1), OptionalLong.of(Long.MAX_VALUE));
  }

  @Test
  void aTickSurvivesItsTextAtEveryPrecision() {
    var random = new Random(3);
    for (var run = 0; run < 5_000; run++) {
      var type = TYPES.get(run % TYPES.size());
      var at =
          Instant.ofEpochSecond(
              random.nextLong(-2_000_000_000L, 9_000_000_000L), random.nextInt(1_000_000_000));
      var floor = Ticks.floor(type, at);
      assertThat(Ticks.parse(type, Ticks.text(type, floor))).isEqualTo(floor);
      assertThat(Ticks.instant(type, floor)).isBeforeOrEqualTo(at);
      assertThat(Ticks.instant(type, floor + 1)).isAfter(at);
      assertThat(Ticks.ceil(type, Ticks.instant(type, floor))).isEqualTo(floor);
    }
  }
}
