package dev.backfill.demo;

import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// The specification's scenario 1: nobody needs what is there, so the producers just go on in the
/// new version.
final class NotProduction extends Play {
  private static final String FILE = "datasources/signups.datasource";
  private static final int BATCH = 20;

  private long next;
  private @Nullable Producer producer;
  private long before;
  private long acknowledged;

  @Override
  String name() {
    return "not_production";
  }

  @Override
  long rows() {
    return 5_000;
  }

  @Override
  SortedMap<String, String> base() {
    return project(
        "signups", FILE, "datasources/signups_per_plan.datasource", "pipes/count_signups.pipe");
  }

  @Override
  String settings() {
    return "datasources:\n  signups:\n    scenario: not_production\n";
  }

  @Override
  String change() {
    return "A pull request changes the sorting key from `id` to `plan, id`; its rows may be lost";
  }

  @Override
  Map<String, String> changed(SortedMap<String, String> base) {
    return edited(base, FILE, "KEY \"id\"", "KEY \"plan, id\"");
  }

  private String batch(int size) {
    var out = new StringBuilder();
    for (var i = 0; i < size; i++) {
      out.append("{\"id\":%d,\"plan\":\"plan %d\"}%n".formatted(++next, next % 5));
    }
    return out.toString();
  }

  @Override
  void seed(Stage stage, long rows) {
    stage.step("%,d rows that nobody needs".formatted(rows));
    stage.workspace().append("signups", batch(Math.toIntExact(rows)));
  }

  @Override
  void begin(Stage stage) {
    stage.step("A producer starts: about 200 events/s through /v0/events");
    producer = new Producer(stage.workspace(), "signups", () -> batch(BATCH));
  }

  @Override
  void deployed(Stage stage) {
    stage.step("The producer is pointed at signups_1");
    var running = producer;
    if (running != null) {
      before = running.moveTo("signups_1");
    }
  }

  @Override
  void run(Stage stage) {
    stage.step("backfill run has nothing to copy, and looks that everything is in its place");
    stage.run();
    stage.pause(java.time.Duration.ofSeconds(2));
    end();
  }

  @Override
  void end() {
    var running = producer;
    if (running != null) {
      producer = null;
      running.close();
      acknowledged = running.acknowledged() - before;
    }
  }

  @Override
  Figures figures(Stage stage) {
    var rows = stage.number("SELECT count() AS n FROM signups_1");
    var doubled = stage.number("SELECT count() - uniqExact(id) AS n FROM signups_1");
    var fork =
        stage.number(
            "SELECT abs(toInt64(countMerge(signups)) - %d) AS n FROM signups_per_plan_1"
                .formatted(rows));
    return figures(
        new Difference(Math.max(0, acknowledged - rows), doubled),
        acknowledged,
        rows,
        fork,
        rows == acknowledged && rows > 0);
  }
}
