package dev.backfill.demo;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The specification's scenario 4b: producers move to the new version first, then history is
/// copied. Some client that nobody thought of goes on writing to the old one.
final class MovedIngestion extends Play {
  private static final String FILE = "datasources/clicks.datasource";
  private static final int SEEDS = 20_000;
  private static final int BATCH = 50;

  private @Nullable Producer producer;
  private long next;
  private long acknowledged;
  private long stragglers;

  @Override
  String name() {
    return "move_ingestion";
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
                `price` String `json:$.price`

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
    return "datasources:\n  clicks:\n    scenario: move_ingestion\n";
  }

  @Override
  String change() {
    return "A pull request changes the sorting key from `id` to `button, id`, and `price` from String to Float64";
  }

  @Override
  Map<String, String> changed(SortedMap<String, String> base) {
    return Map.of(
        FILE,
        base.getOrDefault(FILE, "")
            .replace("KEY \"id\"", "KEY \"button, id\"")
            .replace("`price` String", "`price` Float64"));
  }

  private synchronized String batch(int size) {
    var out = new StringBuilder();
    for (var i = 0; i < size; i++) {
      var id = ++next;
      out.append(
          "{\"id\":%d,\"button\":\"button %d\",\"price\":\"%d.5\"}\n"
              .formatted(id, id % 11, id % 100));
    }
    return out.toString();
  }

  @Override
  void seed(Stage stage, long rows) {
    stage.step("%,d rows of history".formatted(rows));
    while (next < rows) {
      var size = Math.toIntExact(Math.min(SEEDS, rows - next));
      acknowledged += stage.workspace().append("clicks", batch(size)).rows();
    }
    stage.say("%,d rows acknowledged".formatted(acknowledged));
  }

  @Override
  void begin(Stage stage) {
    stage.step("A producer starts and never stops: about 500 events/s through /v0/events");
    producer = new Producer(stage.workspace(), "clicks", () -> batch(BATCH));
  }

  @Override
  void deployed(Stage stage) {
    stage.step("Whoever runs it too early is told that the producers have to move first");
    Stage.must(1, "backfill run", stage.backfill("run"));
    stage.step("The producer moves to clicks_1");
    var running = producer;
    if (running != null) {
      running.moveTo("clicks_1");
    }
    stage.pause(Duration.ofSeconds(2));
  }

  private void straggler(Stage stage) {
    var rows = stage.workspace().append("clicks", batch(25)).rows();
    stragglers += rows;
    acknowledged += rows;
  }

  @Override
  void run(Stage stage) {
    stage.step(
        "A client was offline and sends what it has kept to clicks; backfill run waits until clicks is quiet, makes the view for stragglers, copies, and proves it");
    straggler(stage);
    stage.run();
  }

  @Override
  void afterwards(Stage stage) {
    stage.step("The stream goes on, and so does that client");
    straggler(stage);
    stage.pause(Duration.ofSeconds(2));
    straggler(stage);
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
    var rows = stage.number("SELECT count() AS n FROM clicks_1");
    var different = stage.number("SELECT uniqExact(id) AS n FROM clicks_1");
    var wrong = stage.number("SELECT countIf(price != id % 100 + 0.5) AS n FROM clicks_1");
    var fork =
        stage.number(
            "SELECT abs(toInt64(countMerge(clicks)) - %d) AS n FROM clicks_per_button_1"
                .formatted(rows));
    return new Figures(
        acknowledged - different,
        rows - different,
        List.of(
            "rows acknowledged        %,15d".formatted(acknowledged),
            "of them to the old one after the producers had moved %,d".formatted(stragglers),
            "rows in the new version  %,15d".formatted(rows),
            "lost                     %,15d".formatted(acknowledged - different),
            "doubled                  %,15d".formatted(rows - different),
            "prices that are wrong    %,15d".formatted(wrong),
            "the view behind it: off by %,13d".formatted(fork)),
        wrong == 0 && fork == 0);
  }
}
