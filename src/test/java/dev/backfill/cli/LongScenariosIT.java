package dev.backfill.cli;

import dev.backfill.testing.EngineTest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The [Journey]s that take longest: a class of their own, so that they run beside the others.
@EngineTest
class LongScenariosIT {

  @ParameterizedTest
  @CsvSource({
    "delta, 6000",
    "latest_version, 4000",
    "seam, 3000",
    "replay, 3000",
  })
  void losesNothingAndDoublesNothing(String scenario, long rows) {
    Journey.losesNothingAndDoublesNothing(scenario, rows);
  }
}
