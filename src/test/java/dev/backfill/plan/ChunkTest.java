package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.plan.ChunkGrid.Bucket;
import dev.backfill.project.TimeType;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Single chunks, and the edges of what a range, a step and a tick are.
class ChunkTest {
  private static final TimeType DAY = new TimeType(TimeType.Kind.DATE, 0, Optional.empty(), false);
  private static final TimeType SECOND =
      new TimeType(TimeType.Kind.DATETIME, 0, Optional.empty(), false);
  private static final TimeType MILLI =
      new TimeType(TimeType.Kind.DATETIME64, 3, Optional.empty(), false);

  @Test
  void aRangeWithoutATickIsNone() {
    assertThatThrownBy(() -> Chunk.range(5, 5)).hasMessageContaining("empty range");
    assertThatThrownBy(() -> Chunk.range(6, 5)).hasMessageContaining("empty range");
    assertThat(Chunk.range(5, 6).end()).hasValue(6);
  }

  @Test
  void aSliceIsOneOfItsNumber() {
    assertThatThrownBy(() -> Chunk.nulls().slice(2, 2)).hasMessageContaining("slice 2 of 2");
    assertThatThrownBy(() -> Chunk.nulls().slice(2, -1)).hasMessageContaining("slice -1 of 2");
    assertThatThrownBy(() -> Chunk.nulls().slice(3, 0)).hasMessageContaining("slice 0 of 3");
  }

  @Test
  void aSliceIsCutByHashAndKeepsItsRange() {
    var slice = Chunk.range(0, 100).slice(2, 1);

    assertThat(slice.halves(0, 100))
        .containsExactly(Chunk.range(0, 100).slice(4, 1), Chunk.range(0, 100).slice(4, 3));
  }

  @Test
  void aChunkOpenAboveIsCutBeforeItsLastRow() {
    assertThat(Chunk.from(5).halves(0, 6)).containsExactly(Chunk.range(5, 6), Chunk.from(6));
  }

  @Test
  void thePartsOfARangeAreTheRangeInOrder() {
    assertThat(Chunk.range(0, 10).parts(4, 0, 10))
        .containsExactly(
            Chunk.range(0, 2), Chunk.range(2, 5), Chunk.range(5, 7), Chunk.range(7, 10));
    assertThat(Chunk.range(0, 10).parts(1, 0, 10)).containsExactly(Chunk.range(0, 10));
    assertThat(Chunk.range(0, 1).parts(2, 0, 1))
        .containsExactly(Chunk.range(0, 1).slice(2, 0), Chunk.range(0, 1).slice(2, 1));
  }

  @Test
  void theSmallestSliceStaysOne() {
    var smallest = Chunk.everything().slice(Chunk.MOST_SLICES, 7);

    assertThat(smallest.halves(0, 0)).isEmpty();
    assertThat(smallest.parts(4, 0, 0)).containsExactly(smallest);
    assertThat(Chunk.everything().slice(Chunk.MOST_SLICES / 2, 7).halves(0, 0)).hasSize(2);
  }

  @Test
  void aChunkSaysItsRange() {
    assertThat(Chunk.range(0, 86_400).text(SECOND))
        .isEqualTo("[1970-01-01 00:00:00, 1970-01-02 00:00:00)");
    assertThat(Chunk.below(1).slice(4, 2).text(DAY)).isEqualTo("[-inf, 1970-01-02), slice 3 of 4");
    assertThat(Chunk.from(1).text(MILLI)).isEqualTo("[1970-01-01 00:00:00.001, inf)");
    assertThat(Chunk.nulls().text(SECOND)).isEqualTo("rows without a timestamp");
    assertThat(Chunk.everything().text()).isEqualTo("all rows");
    assertThat(Chunk.everything().slice(2, 0).text()).isEqualTo("slice 1 of 2");
  }

  @Test
  void anInstantBetweenTwoTicksBeginsAtTheNext() {
    var between = Instant.parse("1970-01-02T00:00:00.0005Z");

    assertThat(Ticks.ceil(DAY, between)).isEqualTo(2);
    assertThat(Ticks.ceil(SECOND, between)).isEqualTo(86_401);
    assertThat(Ticks.ceil(MILLI, between)).isEqualTo(86_400_001);
    assertThat(Ticks.floor(MILLI, between)).isEqualTo(86_400_000);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource({
    "YEAR, 2026-01-01 00:00:00",
    "MONTH, 2026-11-01 00:00:00",
    "DAY, 2026-11-22 00:00:00",
    "SIX_HOURS, 2026-11-22 12:00:00",
    "HOUR, 2026-11-22 17:00:00",
    "TEN_MINUTES, 2026-11-22 17:40:00",
    "MINUTE, 2026-11-22 17:48:00",
    "TEN_SECONDS, 2026-11-22 17:48:50",
    "SECOND, 2026-11-22 17:48:59",
  })
  void aStepBeginsOnTheCalendar(Grain grain, String start) {
    var tick = Ticks.parse(MILLI, "2026-11-22 17:48:59.123");

    assertThat(Ticks.text(MILLI, grain.floor(MILLI, tick))).isEqualTo(start + ".000");
  }

  @Test
  void aDayHasNoHours() {
    assertThat(Grain.DAY.fits(DAY)).isTrue();
    assertThat(Grain.SIX_HOURS.fits(DAY)).isFalse();
    assertThat(Grain.SECOND.fits(SECOND)).isTrue();
  }

  /// Two years, and as many rows and partitions as are asked for.
  private static List<Chunk> chunks(ChunkGrid.Most most, Bucket... years) {
    return ChunkGrid.of(
        DAY,
        10_000,
        most,
        (grain, range) -> {
          var out = new TreeMap<Long, Bucket>();
          for (var i = 0; i < years.length; i++) {
            var first = i * 366L;
            if (first >= range.start().orElse(0) && first < range.end().orElse(10_000)) {
              out.put(first, years[i]);
            }
          }
          return out;
        });
  }

  @Test
  void neighboursThatJustFitAreJoined() {
    var ten = new Bucket(10, 1);
    var most = new ChunkGrid.Most(20, 2);

    assertThat(chunks(most, ten, ten, ten)).hasSize(2);
    assertThat(chunks(new ChunkGrid.Most(19, 2), ten, ten, ten)).hasSize(3);
    assertThat(chunks(new ChunkGrid.Most(20, 1), ten, ten, ten)).hasSize(3);
  }

  @Test
  void aStepBehindTheEndIsNotAChunk() {
    var chunks =
        ChunkGrid.of(
            DAY,
            400,
            new ChunkGrid.Most(5, 5),
            (_, _) -> new TreeMap<>(Map.of(10L, new Bucket(3, 1), 800L, new Bucket(3, 1))));

    assertThat(chunks).containsExactly(Chunk.below(400));
  }
}
