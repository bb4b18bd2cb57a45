package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.EngineTest;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A Data Source that is replaced as a whole, and whose next load comes while `run` copies.
@EngineTest
class LoadDuringRunTest {
  private static final String PRICES =
      """
      SCHEMA >
          `id` UInt64 `json:$.id`,
          `price` UInt32 `json:$.price`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "id"
      """;

  @TempDir Path folder;
  @TempDir Path data;

  /// Whenever it comes: a run that says done has copied one load and all of it, and one that can't
  /// says so, every time again.
  @Test
  void nobodyIsToldThatTwoLoadsAreOne() {
    var file = "datasources/prices.datasource";
    try (var world =
        new Migrated(
            folder,
            data,
            Map.of(file, PRICES),
            "chunk-rows: 80\nquiet: 1s\ndatasources: {prices: {scenario: full_replacement}}\n")) {
      world.append("prices", load(1));
      world.change(Map.of(file, PRICES.replace("KEY \"id\"", "KEY \"price, id\"")), Instant.now());
      var second =
          CompletableFuture.runAsync(() -> {
            while (world.number("SELECT count() AS n FROM prices_1") == 0) {
              LockSupport.parkNanos(50_000_000);
            }
            world.replace("prices", load(2));
          });

      var first = world.run("run");

      second.join();
      check(world, first);
      check(world, world.run("run"));
      check(world, world.run("run"));
      // the way out: the loader fills the new version
      world.replace("prices", load(3));
      world.replace("prices_1", load(3));
      assertThat(world.run("verify").status()).isZero();
    }
  }

  private static void check(Migrated world, Cli.Result ran) {
    var loads = world.number("SELECT uniqExact(intDiv(price, 1000)) AS n FROM prices_1");
    var doubled = world.number("SELECT count() - uniqExact(id, price) AS n FROM prices_1");
    assertThat(doubled).as(ran.out()).isZero();
    if (ran.status() == 0) {
      assertThat(loads).as(ran.out()).isEqualTo(1);
      assertThat(world.number("SELECT count() AS n FROM prices_1")).as(ran.out()).isEqualTo(200);
    } else {
      assertThat(ran.status()).as(ran.out() + ran.err()).isEqualTo(1);
      assertThat(ran.out() + ran.err()).contains("Point the loader at prices_1");
    }
  }

  private static String load(int number) {
    var out = new StringBuilder();
    for (var id = 0; id < 200; id++) {
      out.append("{\"id\":%d,\"price\":%d}\n".formatted(id, number * 1000 + id));
    }
    return out.toString();
  }
}
