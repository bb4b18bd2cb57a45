package dev.backfill.cli;

import dev.backfill.testing.EngineTest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// [Journey]s that end in under half a minute each. The default one is what `./backfill demo`
/// shows.
@EngineTest
class ScenariosIT {

  @ParameterizedTest
  @CsvSource({
    "not_production, 2000",
    "full_replacement, 3000",
    "reload, 2000",
    "populate, 5000",
    "move_ingestion, 3000",
    "kafka_twin, 3000",
  })
  void losesNothingAndDoublesNothing(String scenario, long rows) {
    Journey.losesNothingAndDoublesNothing(scenario, rows);
  }
}
