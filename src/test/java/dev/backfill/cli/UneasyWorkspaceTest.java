package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.http.Pause;
import dev.backfill.testing.EngineTest;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A migration where the workspace is less easy than usual.
///
/// Reads right after a write may be stale (API reference 13): `run` counts what a copy brought just
/// after the job says `done`, from a replica that hasn't got it.
@EngineTest
class UneasyWorkspaceTest {
  private static final String FILE = "datasources/clicks.datasource";
  private static final String CLICKS =
      """
      SCHEMA >
          `at` DateTime `json:$.at`,
          `id` UInt32 `json:$.id`

      ENGINE "MergeTree"
      ENGINE_PARTITION_KEY "toYYYYMM(at)"
      ENGINE_SORTING_KEY "at"
      """;
  private static final Map<String, String> PROJECT =
      Map.of(
          FILE,
          CLICKS,
          "datasources/daily.datasource",
          """
          SCHEMA >
              `day` Date,
              `clicks` AggregateFunction(count)

          ENGINE "AggregatingMergeTree"
          ENGINE_SORTING_KEY "day"
          """,
          "pipes/count_clicks.pipe",
          """
          NODE counted
          SQL >
              SELECT toDate(at) AS day, countState() AS clicks FROM clicks GROUP BY day

          TYPE materialized
          DATASOURCE daily
          """);

  /// Longer than any test.
  private static final long FOR_EVER = 86_400_000;

  @TempDir Path folder;
  @TempDir Path data;
  private final Clock clock = new Clock();
  private Migrated world;

  @BeforeEach
  void aDeployedPlan() {
    world = new Migrated(folder, data, PROJECT, "chunk-rows: 90\n");
    world.append("clicks", rows(0, 200));
    world.change(
        Map.of(FILE, CLICKS.replace("SORTING_KEY \"at\"", "SORTING_KEY \"id, at\"")),
        Instant.now().minusSeconds(60));
  }

  @AfterEach
  void end() {
    world.close();
  }

  /// Six hours apart, all of the past.
  private static String rows(int from, int count) {
    return IntStream.range(from, from + count)
        .mapToObj(id ->
            "{\"at\":\"2026-%02d-%02d 0%d:00:00\",\"id\":%d}\n"
                .formatted(id / 100 + 1, id / 4 % 25 + 1, id % 4, id))
        .collect(Collectors.joining());
  }

  /// Time that passes only while somebody waits, for the replicas too.
  private static final class Clock implements Pause {
    private Duration passed = Duration.ZERO;

    @Override
    public synchronized Instant now() {
      return Cli.NOW.plus(passed);
    }

    @Override
    public synchronized void sleep(Duration duration) {
      passed = passed.plus(duration);
    }

    synchronized long nanos() {
      return passed.toNanos();
    }
  }

  private String run(int status) {
    var said = new ByteArrayOutputStream();
    var out = new PrintStream(said, true, StandardCharsets.UTF_8);
    var environment =
        Map.of("BACKFILL_HOST", world.workspace.url(), "BACKFILL_TOKEN", world.workspace.token());
    var ended = Main.run(new Console(out, out, environment, folder, false, clock), "run");
    assertThat(ended).as(said.toString(StandardCharsets.UTF_8)).isEqualTo(status);
    return said.toString(StandardCharsets.UTF_8);
  }

  private void assertOnce(int rows) {
    assertThat(world.number("SELECT count() AS n FROM clicks_1")).isEqualTo(rows);
    assertThat(world.number("SELECT uniqExact(id) AS n FROM clicks_1")).isEqualTo(rows);
    assertThat(world.number("SELECT countMerge(clicks) AS n FROM daily_1")).isEqualTo(rows);
  }

  @Test
  void aChunkThatReachesTooManyPartitionsIsCut() {
    world.faults().partitionsPerInsert(1);

    assertThat(run(0)).contains("cutting [", "Too many partitions");

    assertOnce(200);
  }

  /// As long as `settle` is longer, copies may read so too.
  @Test
  void eachIsCopiedOnceWhenReadersLagBehind() {
    world.faults().staleReads(900, /* copies= */ true, clock::nanos);

    run(0);
    world.append("clicks", rows(200, 7));
    clock.sleep(Duration.ofSeconds(1));
    run(0);

    world.faults().reset();
    assertOnce(207);
  }

  /// Copies whose guards lag longer than `settle` can't be told from such as wrote nothing.
  @Test
  void whatTheyDoubleAllTheSameIsNeverCalledReady() {
    world.faults().staleReads(FOR_EVER, /* copies= */ true);
    run(1);
    world.faults().reset();

    assertThat(world.number("SELECT count() - uniqExact(id) AS n FROM clicks_1")).isPositive();
    assertThat(run(1)).contains("surplus");
  }

  @Test
  void nothingIsCopiedTwiceWhenReadersSeeNothingOfIt() {
    world.faults().staleReads(FOR_EVER, /* copies= */ false);
    run(1);
    world.faults().reset();
    assertThat(world.number("SELECT count() - uniqExact(id) AS n FROM clicks_1")).isZero();

    run(0);

    assertOnce(200);
  }
}
