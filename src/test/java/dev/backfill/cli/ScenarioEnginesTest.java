package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.EngineTest;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Ways of migrating into engines that merge rows, from `generate` to `verify` on the real engine.
/// MergeTree is in [ScenariosIT] and [ScenarioKillsTest]. What the merged rows hold is asked in
/// plain SQL.
@EngineTest
class ScenarioEnginesTest {
  private static final String FILE = "datasources/things.datasource";
  private static final Instant T = Instant.parse("2026-01-02T00:00:00Z");
  private static final List<String> MERGING =
      List.of(
          "ReplacingMergeTree VER",
          "ReplacingMergeTree",
          "CollapsingMergeTree SIGN",
          "VersionedCollapsingMergeTree SIGN VERSION",
          "SummingMergeTree",
          "AggregatingMergeTree");
  private static final String MERGED =
      "SELECT sum(cityHash64(id, tenant, sign, v)) AS n FROM %s FINAL";

  @TempDir Path folder;
  @TempDir Path data;

  private static String things(String engine, String key) {
    return """
    SCHEMA >
        `id` UInt64 `json:$.id`,
        `tenant` UInt8 `json:$.tenant`,
        `sign` Int8 `json:$.sign`,
        `v` UInt64 `json:$.v`,
        `at` DateTime `json:$.at`

    ENGINE "%s"
    ENGINE_SORTING_KEY "%s"
    """
            .formatted(engine.replaceFirst(" .*", ""), key)
        + (engine.contains("VER") && !engine.contains("VERSION") ? "ENGINE_VER \"v\"\n" : "")
        + (engine.contains("SIGN") ? "ENGINE_SIGN \"sign\"\n" : "")
        + (engine.contains("VERSION") ? "ENGINE_VERSION \"v\"\n" : "");
  }

  /// Rows of one version of their key each.
  private static String rows(int from, int count, int version) {
    return IntStream.range(from, from + count)
        .mapToObj(id ->
            "{\"id\":%d,\"tenant\":%d,\"sign\":1,\"v\":%d,\"at\":\"2026-01-01 00:%02d:00\"}\n"
                .formatted(id, id % 3, version, id % 60))
        .collect(Collectors.joining());
  }

  /// Every key is there in several versions, some of which come while the new version is filled.
  @ParameterizedTest
  @ValueSource(strings = {"streaming_timestamp", "populate", "full_replacement", "delta"})
  void theNewestVersionOfEachKeyArrives(String scenario) {
    var engine = "ReplacingMergeTree VER";
    var settings = "datasources: {things: {scenario: %s}}\n".formatted(scenario);
    try (var world = new Migrated(folder, data, Map.of(FILE, things(engine, "id")), settings)) {
      world.append("things", rows(0, 300, 1));
      world.append("things", rows(0, 100, 2));
      world.change(Map.of(FILE, things(engine, "tenant, id")), T);
      if (!scenario.equals("full_replacement")) {
        world.append("things", rows(50, 100, 3));
        // late, and older than what is there
        world.append("things", rows(60, 10, 1));
      }

      var done = world.run("run");

      assertThat(done.status()).as(done.out() + done.err()).isZero();
      assertThat(world.number(MERGED.formatted("things_1")))
          .isEqualTo(world.number(MERGED.formatted("things")));
      assertThat(world.number("SELECT count() AS n FROM things_1 FINAL")).isEqualTo(300);
      var verified = world.run("verify");
      assertThat(verified.status()).as(verified.out() + verified.err()).isZero();
    }
  }

  /// Whatever merges rows, its own load is compared with the old one's.
  @Test
  void aLoaderOfItsOwnFillsEach() {
    var load = new HashMap<>(Map.of("datasources/raw.datasource", things("MergeTree", "id")));
    for (var i = 0; i < MERGING.size(); i++) {
      load.put(
          "pipes/fill_%d.pipe".formatted(i),
          """
          NODE all
          SQL >
              SELECT * FROM raw

          TYPE COPY
          TARGET_DATASOURCE things%d
          COPY_MODE replace
          COPY_SCHEDULE 0 0 1 1 *
          """
              .formatted(i));
    }
    try (var world = eachEngine(load, "reload")) {
      world.append("raw", rows(0, 50, 1));
      copies(world, "fill_%d");
      resorted(world);

      assertThat(world.run("run").status()).isEqualTo(1);
      copies(world, "fill_%d_1");
      var done = world.run("run");

      assertThat(done.status()).as(done.out() + done.err()).isZero();
      for (var i = 0; i < MERGING.size(); i++) {
        assertThat(world.number(MERGED.formatted("things%d_1".formatted(i))))
            .as(MERGING.get(i))
            .isEqualTo(world.number(MERGED.formatted("things" + i)))
            .isNotZero();
      }
    }
  }

  @Test
  void whatWasThereIsLeftWhereNobodyNeedsIt() {
    try (var world = eachEngine(Map.of(), "not_production")) {
      for (var i = 0; i < MERGING.size(); i++) {
        world.append("things" + i, rows(0, 50, 1));
      }
      resorted(world);
      for (var i = 0; i < MERGING.size(); i++) {
        world.append("things%d_1".formatted(i), rows(100, 5, 1));
      }

      var done = world.run("run");

      assertThat(done.status()).as(done.out() + done.err()).isZero();
      for (var i = 0; i < MERGING.size(); i++) {
        assertThat(world.number("SELECT count() AS n FROM things%d_1".formatted(i)))
            .as(MERGING.get(i))
            .isEqualTo(5);
      }
    }
  }

  /// One Data Source for each of the engines, things0, things1, ...
  private Migrated eachEngine(Map<String, String> more, String scenario) {
    var files = new HashMap<>(more);
    var settings = new StringBuilder("datasources:\n");
    for (var i = 0; i < MERGING.size(); i++) {
      files.put("datasources/things%d.datasource".formatted(i), things(MERGING.get(i), "id"));
      settings.append("  things%d: {scenario: %s}\n".formatted(i, scenario));
    }
    return new Migrated(folder, data, files, settings.toString());
  }

  private static void resorted(Migrated world) {
    var files = new HashMap<String, String>();
    for (var i = 0; i < MERGING.size(); i++) {
      files.put(
          "datasources/things%d.datasource".formatted(i), things(MERGING.get(i), "tenant, id"));
    }
    world.change(files, T);
  }

  private static void copies(Migrated world, String name) {
    for (var i = 0; i < MERGING.size(); i++) {
      world.tb("pipe", "copy", "run", name.formatted(i), "--wait", "--yes");
    }
  }
}
