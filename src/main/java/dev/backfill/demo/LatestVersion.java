package dev.backfill.demo;

import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// A Data Source that keeps the newest version of each row: copies come after newer rows and must
/// not win over them.
final class LatestVersion extends Play {
  private static final String FILE = "datasources/profiles.datasource";
  private static final int BATCH = 50;
  private static final int SEEDS = 20_000;

  private final SplittableRandom random = new SplittableRandom(20261122);
  private long profiles;
  private long version;
  private long acknowledged;
  private @Nullable Producer producer;

  @Override
  String name() {
    return "latest_version";
  }

  @Override
  long rows() {
    return 50_000;
  }

  @Override
  SortedMap<String, String> base() {
    return project("profiles", FILE, "pipes/profile_count.pipe");
  }

  @Override
  String change() {
    return "A pull request changes the sorting key from `id` to `tenant, id`";
  }

  @Override
  Map<String, String> changed(SortedMap<String, String> base) {
    return edited(base, FILE, "KEY \"id\"", "KEY \"tenant, id\"");
  }

  private void row(StringBuilder out, long id) {
    out.append(
        "{\"id\":%d,\"tenant\":%d,\"joined\":\"2026-0%d-01 00:00:00\",\"name\":%s,\"version\":%d}\n"
            .formatted(
                id,
                id % 9,
                1 + id % 8,
                random.nextInt(10) == 0 ? "null" : "\"n" + random.nextInt() + "\"",
                ++version));
  }

  @Override
  void seed(Stage stage, long rows) {
    stage.step("%,d profiles, a tenth of them changed since".formatted(rows));
    while (profiles < rows) {
      var out = new StringBuilder();
      for (var i = 0; i < SEEDS && profiles < rows; i++) {
        row(out, ++profiles);
        if (random.nextInt(10) == 0) {
          row(out, 1 + random.nextLong(profiles));
        }
      }
      acknowledged += stage.workspace().append("profiles", out.toString()).rows();
    }
  }

  @Override
  void begin(Stage stage) {
    stage.step("Profiles keep changing: about 500 new versions/s through /v0/events");
    producer =
        new Producer(
            stage.workspace(),
            "profiles",
            () -> {
              var out = new StringBuilder();
              for (var i = 0; i < BATCH; i++) {
                row(out, i == 0 ? ++profiles : 1 + random.nextLong(profiles));
              }
              return out.toString();
            });
  }

  @Override
  void afterwards(Stage stage) {
    stage.step("Changes go on");
    stage.pause(Duration.ofSeconds(2));
    end();
  }

  @Override
  void end() {
    var running = producer;
    if (running != null) {
      producer = null;
      running.close();
      acknowledged += running.acknowledged();
    }
  }

  @Override
  Figures figures(Stage stage) {
    var lost =
        stage.number(
            """
            SELECT count() AS n FROM
            (SELECT id, argMax(tuple(name), version).1 AS name, max(version) AS v FROM profiles GROUP BY id) AS s
            LEFT JOIN
            (SELECT id, argMax(tuple(name), version).1 AS name, max(version) AS v FROM profiles_1 GROUP BY id) AS t
            ON s.id = t.id
            WHERE s.v != t.v OR ifNull(s.name, '-') != ifNull(t.name, '-')\
            """);
    var rows = stage.number("SELECT count() AS n FROM profiles_1 FINAL");
    var doubled = stage.number("SELECT count() - uniqExact(id) AS n FROM profiles_1 FINAL");
    return figures(
        new Difference(lost, doubled), acknowledged, rows, Math.abs(rows - profiles), true);
  }
}
