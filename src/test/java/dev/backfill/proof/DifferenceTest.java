package dev.backfill.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DifferenceTest {
  private static BigInteger hash(long value) {
    return BigInteger.valueOf(value);
  }

  private static Difference missing(boolean complete, Map<BigInteger, Long> rows) {
    return new Difference(rows, Map.of(), complete);
  }

  @Test
  void aRowThatWasOnlyUnderWayIsNoDifference() {
    var first = missing(true, Map.of(hash(1), 1L, hash(2), 2L));
    var later = missing(true, Map.of(hash(3), 1L));
    assertThat(first.persisting(later)).isEqualTo(Difference.NONE);
  }

  @Test
  void aRowThatIsMissingEveryTimeStaysADifferenceWithTheLeastMultiplicitySeen() {
    var first = missing(true, Map.of(hash(2), 3L));
    assertThat(first.persisting(missing(true, Map.of(hash(2), 2L, hash(9), 1L))).missing())
        .isEqualTo(Map.of(hash(2), 2L));
  }

  @Test
  void aReadingThatWasCutShortNeverShowsThatNothingIsLeft() {
    var cut = missing(false, Map.of(hash(1), 1L));
    var other = missing(false, Map.of(hash(2), 1L));
    assertThat(cut.persisting(other).complete()).isFalse();
    assertThat(cut.persisting(missing(true, Map.of(hash(2), 1L))).missing())
        .isEqualTo(Map.of(hash(2), 1L));
    assertThat(cut.persisting(Difference.NONE)).isEqualTo(Difference.NONE);
  }

  @Test
  void readingsAddUpModuloTwoToTheSixtyFour() {
    var most = BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);
    assertThat(new Reading(1, most).plus(new Reading(1, BigInteger.TWO)))
        .isEqualTo(new Reading(2, BigInteger.ONE));
  }
}
