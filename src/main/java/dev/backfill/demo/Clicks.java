package dev.backfill.demo;

import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// Plays about clicks on buttons: no column says when a row came.
abstract class Clicks extends Play {
  static final String FILE = "datasources/clicks.datasource";
  private static final int BATCH = 50;
  private static final int SEEDS = 20_000;

  private long next;
  private long acknowledged;
  private @Nullable Producer producer;

  @Override
  long rows() {
    return 200_000;
  }

  @Override
  SortedMap<String, String> base() {
    return project(
        "clicks", FILE, "datasources/clicks_per_button.datasource", "pipes/count_clicks.pipe");
  }

  /// NDJSON of so many new clicks, and of whatever comes with them.
  final synchronized String batch(int size) {
    var out = new StringBuilder();
    for (var i = 0; i < size; i++) {
      row(out, ++next);
      again(out, next);
    }
    return out.toString();
  }

  /// Rows that come a second time.
  void again(StringBuilder out, long id) {}

  static void row(StringBuilder out, long id) {
    out.append(
        "{\"id\":%d,\"button\":\"button %d\",\"session\":%s,\"price\":\"%d.5\"}\n"
            .formatted(id, id % 11, id % 13 == 0 ? "null" : "\"s" + id % 501 + "\"", id % 100));
  }

  /// Into the Data Source that everything began with.
  final void append(Stage stage, int size) {
    acknowledged += stage.workspace().append("clicks", batch(size)).rows();
  }

  @Override
  void seed(Stage stage, long rows) {
    stage.step("%,d rows of history".formatted(rows));
    while (next < rows) {
      append(stage, Math.toIntExact(Math.min(SEEDS, rows - next)));
    }
    stage.say("%,d rows acknowledged".formatted(acknowledged));
  }

  @Override
  void begin(Stage stage) {
    stage.step("A producer starts and never stops: about 500 events/s through /v0/events");
    producer = new Producer(stage.workspace(), "clicks", () -> batch(BATCH));
  }

  final void moveTo(String dataSource) {
    var running = producer;
    if (running != null) {
      running.moveTo(dataSource);
    }
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

  final long acknowledged() {
    return acknowledged;
  }

  /// By how much the view behind the new version is off.
  static long fork(Stage stage, long rows) {
    return stage.number(
        "SELECT abs(toInt64(countMerge(clicks)) - %d) AS n FROM clicks_per_button_1"
            .formatted(rows));
  }
}
