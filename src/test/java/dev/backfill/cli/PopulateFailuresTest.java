package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.EngineTest;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a populate leaves when it doesn't end well, and what `run` says of it.
@EngineTest
class PopulateFailuresTest {
  private static final String FILE = "datasources/clicks.datasource";
  private static final String CLICKS =
      """
      SCHEMA >
          `id` UInt64 `json:$.id`,
          `shop` UInt8 `json:$.shop`

      ENGINE "MergeTree"
      ENGINE_PARTITION_KEY "shop"
      ENGINE_SORTING_KEY "id"
      """;

  @TempDir Path folder;
  @TempDir Path data;
  private Migrated world;

  @BeforeEach
  void aDeployedPlanAndAQuietSource() {
    world =
        new Migrated(
            folder, data, Map.of(FILE, CLICKS), "datasources: {clicks: {scenario: populate}}\n");
    world.append("clicks", rows(0, 300));
    world.change(
        Map.of(FILE, CLICKS.replace("SORTING_KEY \"id\"", "SORTING_KEY \"shop, id\"")),
        Instant.now());
  }

  @AfterEach
  void end() {
    world.close();
  }

  private static String rows(int from, int count) {
    return IntStream.range(from, from + count)
        .mapToObj(id -> "{\"id\":%d,\"shop\":%d}\n".formatted(id, id % 3))
        .collect(Collectors.joining());
  }

  private String populate(int status) {
    return world.tb(status, "pipe", "populate", "sync_clicks_1", "--node", "sync", "--wait");
  }

  private Cli.Result run(int status) {
    var result = world.run("run");
    assertThat(result.status()).as(result.out() + result.err()).isEqualTo(status);
    return result;
  }

  private void assertOnce() {
    assertThat(world.number("SELECT count() AS n FROM clicks_1"))
        .isEqualTo(world.number("SELECT count() AS n FROM clicks"));
    assertThat(world.number("SELECT uniqExact(id) AS n FROM clicks_1"))
        .isEqualTo(world.number("SELECT uniqExact(id) AS n FROM clicks"));
  }

  /// As deploy.sh would, once somebody has done what is said.
  private void relink() {
    world.tinybird.deletePipe("sync_clicks_1");
    world.tb("init", "--override-commit", "HEAD~1");
    world.tb("deploy");
  }

  @Test
  void aFirstOneThatFailsUnlinksTheViewAndNothingIsCopiedBeforeItFeedsAgain() {
    world.faults().failPopulates(1, 0, "Memory limit (total) exceeded");
    populate(1);
    world.append("clicks", rows(300, 5));

    var unlinked = run(1);

    assertThat(unlinked.out())
        .contains(
            "the pipe sync_clicks_1 doesn't feed clicks_1 (its node is unlinked): remove it with tb"
                + " pipe rm sync_clicks_1 --yes, run deploy.sh again, then this");
    assertThat(world.number("SELECT count() AS n FROM clicks_1")).isZero();
    assertThat(world.run("status").out()).startsWith("stuck").contains("feeds nothing");
    relink();
    run(0);
    assertOnce();
  }

  @Test
  void oneThatEndsHalfWayIsCompletedByWhatIsMissing() {
    world.faults().failPopulates(1, 1, "Memory limit (total) exceeded");
    populate(1);
    assertThat(world.number("SELECT count() AS n FROM clicks_1")).isEqualTo(100);
    run(1);
    relink();
    world.append("clicks", rows(300, 5));

    run(0);

    assertOnce();
  }

  @Test
  void oneWhoseAnswerIsLostMayHaveRun() {
    world.faults().lose(1, "POST", "/v0/pipes/sync_clicks_1/", /* served= */ true);
    populate(1);

    run(0);

    assertOnce();
  }

  @Test
  void oneWhoseRequestIsLostHasNot() {
    world.faults().lose(1, "POST", "/v0/pipes/sync_clicks_1/", /* served= */ false);
    populate(1);

    run(0);

    assertOnce();
  }

  @Test
  void rowsThatItBroughtBesideTheViewAreTooManyAndSaidSo() {
    world.append("clicks", rows(300, 5));
    populate(0);

    var surplus = run(1);

    assertThat(surplus.out())
        .contains(
            "clicks_1 differs from clicks: 0 missing, 5 surplus",
            "rows are there twice, and the program never deletes any",
            "backfill cleanup --abandon clicks_1");
    assertThat(world.number("SELECT count() AS n FROM clicks_1")).isEqualTo(310);
    assertThat(world.run("verify").status()).isEqualTo(1);
  }
}
