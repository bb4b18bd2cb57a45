package dev.backfill.demo;

import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The specification's scenario 4 as it goes by default: a live stream in which no column says when
/// a row came, and equal rows are no mistake.
class Delta extends Play {
  private static final String FILE = "datasources/clicks.datasource";
  private static final int BATCH = 50;
  private static final int SEEDS = 20_000;

  private long next;
  private long acknowledged;
  private @Nullable Producer producer;

  @Override
  String name() {
    return "delta";
  }

  @Override
  long rows() {
    return 200_000;
  }

  @Override
  SortedMap<String, String> base() {
    return new TreeMap<>(
        Map.of(
            ".tinyenv",
            "VERSION=0.0.0\n",
            FILE,
            """
            SCHEMA >
                `id` UInt64 `json:$.id`,
                `button` LowCardinality(String) `json:$.button`,
                `session` Nullable(String) `json:$.session`

            ENGINE "MergeTree"
            ENGINE_SORTING_KEY "id"
            """,
            "datasources/clicks_per_button.datasource",
            """
            SCHEMA >
                `button` LowCardinality(String),
                `clicks` AggregateFunction(count)

            ENGINE "AggregatingMergeTree"
            ENGINE_SORTING_KEY "button"
            """,
            "pipes/count_clicks.pipe",
            """
            NODE counted
            SQL >
                SELECT button, countState() AS clicks FROM clicks GROUP BY button

            TYPE materialized
            DATASOURCE clicks_per_button
            """));
  }

  @Override
  String settings() {
    return "";
  }

  @Override
  String change() {
    return "A pull request changes the sorting key from `id` to `button, id`";
  }

  @Override
  Map<String, String> changed(SortedMap<String, String> base) {
    return Map.of(FILE, base.getOrDefault(FILE, "").replace("KEY \"id\"", "KEY \"button, id\""));
  }

  /// Some rows come twice, and some again much later.
  private String batch(int size) {
    var out = new StringBuilder();
    for (var i = 0; i < size; i++) {
      row(out, ++next);
      if (next % 97 == 0) {
        row(out, next);
      }
      if (next % 101 == 0) {
        row(out, next - next / 2);
      }
    }
    return out.toString();
  }

  private static void row(StringBuilder out, long id) {
    out.append(
        "{\"id\":%d,\"button\":\"button %d\",\"session\":%s}\n"
            .formatted(id, id % 11, id % 13 == 0 ? "null" : "\"s" + id % 501 + "\""));
  }

  @Override
  void seed(Stage stage, long rows) {
    stage.step("%,d rows of history".formatted(rows));
    while (next < rows) {
      acknowledged +=
          stage
              .workspace()
              .append("clicks", batch(Math.toIntExact(Math.min(SEEDS, rows - next))))
              .rows();
    }
    stage.say("%,d rows acknowledged".formatted(acknowledged));
  }

  @Override
  void begin(Stage stage) {
    stage.step("A producer starts and never stops: about 500 events/s through /v0/events");
    producer = new Producer(stage.workspace(), "clicks", () -> batch(BATCH));
  }

  @Override
  void run(Stage stage) {
    stage.step(
        "backfill run copies until shortly before the cutover, then adds what came until then, and proves it");
    stage.run();
  }

  @Override
  void afterwards(Stage stage) {
    stage.step("The stream goes on");
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
    var source = stage.number("SELECT count() AS n FROM clicks");
    var rows = stage.number("SELECT count() AS n FROM clicks_1");
    var fork =
        stage.number(
            "SELECT abs(toInt64(countMerge(clicks)) - %d) AS n FROM clicks_per_button_1"
                .formatted(rows));
    return figures(
        difference(stage, "clicks", "clicks_1"), acknowledged, rows, fork, source == acknowledged);
  }
}
