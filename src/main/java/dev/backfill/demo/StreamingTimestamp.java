package dev.backfill.demo;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// The specification's scenario 3: a stream with an incremental timestamp column, and a producer
/// that never stops.
final class StreamingTimestamp extends Play {
  private static final int DAYS = 75;
  private static final int BATCH = 20_000;
  private static final Duration AFTERWARDS = Duration.ofSeconds(4);
  private static final String FILE = "datasources/analytics_events.datasource";

  private final Traffic traffic = new Traffic(20261122);
  private @Nullable Producer producer;
  private long acknowledged;
  private long late;

  @Override
  String name() {
    return "streaming_timestamp";
  }

  @Override
  long rows() {
    return 1_000_000;
  }

  @Override
  SortedMap<String, String> base() {
    return project(
        "analytics",
        FILE,
        "datasources/analytics_pages_mv.datasource",
        "datasources/purchases_mv.datasource",
        "pipes/actions_per_day.pipe",
        "pipes/analytics_hits.pipe",
        "pipes/analytics_pages.pipe",
        "pipes/purchases.pipe",
        "pipes/top_pages.pipe");
  }

  @Override
  String change() {
    return "A pull request changes the sorting key from `timestamp` to `action, timestamp`";
  }

  @Override
  Map<String, String> changed(SortedMap<String, String> base) {
    return edited(base, FILE, "KEY \"timestamp\"", "KEY \"action, timestamp\"");
  }

  @Override
  void seed(Stage stage, long rows) {
    stage.step("%,d rows of history, %d days".formatted(rows, DAYS));
    var from = stage.clock().instant().minus(Duration.ofDays(DAYS)).toEpochMilli();
    var span = stage.clock().instant().toEpochMilli() - from;
    var told = stage.clock().instant();
    while (traffic.made() < rows) {
      var batch = new StringBuilder();
      var until = Math.min(rows, traffic.made() + BATCH);
      while (traffic.made() < until) {
        traffic.append(batch, Instant.ofEpochMilli(from + span / rows * traffic.made()));
      }
      acknowledged += stage.workspace().append("analytics_events", batch.toString()).rows();
      if (Duration.between(told, stage.clock().instant()).toSeconds() >= 2) {
        told = stage.clock().instant();
        stage.err().printf(Locale.ROOT, "  %,d rows%n", acknowledged);
      }
    }
    stage.say("%,d rows acknowledged".formatted(acknowledged));
  }

  @Override
  void begin(Stage stage) {
    stage.step(
        "A producer starts and never stops: about 500 events/s through /v0/events, 1 % of them late");
    producer = Producer.of(stage.workspace(), "analytics_events", traffic, stage.clock());
  }

  @Override
  void run(Stage stage) {
    stage.step(
        "backfill run waits for the cutover, copies the history in chunks, sweeps late rows, and proves it");
    stage.run();
  }

  @Override
  void afterwards(Stage stage) {
    stage.step("The stream goes on, and with it rows for days that are copied already");
    stage.pause(AFTERWARDS);
    end();
    stage.step(
        "The producer has stopped: a last sweep for the late rows of the last seconds, and the proof again");
  }

  @Override
  void last(Stage stage) {
    super.last(stage);
    stage.step("Whose turn is it now? And the next pull request, made when its evidence is there");
    stage.must("status");
    stage.must("cleanup");
    stage.shell().shown(stage.repository(), Map.of(), "git", "diff", "-U0");
    stage.must("plan", "--base", "HEAD", "--no-evidence");
  }

  @Override
  void end() {
    var running = producer;
    if (running != null) {
      producer = null;
      running.close();
      acknowledged += running.acknowledged();
      late += running.late();
    }
  }

  @Override
  Figures figures(Stage stage) {
    var id = "JSONExtractUInt(payload, 'id')";
    var source = stage.number("SELECT count() AS n FROM analytics_events");
    var target = stage.number("SELECT count() AS n FROM analytics_events_1");
    var missing =
        stage.number(
            "SELECT count() AS n FROM analytics_events WHERE "
                + id
                + " NOT IN (SELECT "
                + id
                + " FROM analytics_events_1)");
    var doubled =
        stage.number("SELECT count() - uniqExact(" + id + ") AS n FROM analytics_events_1");
    var hits =
        stage.number(
            "SELECT toInt64((SELECT count() FROM analytics_events WHERE action = 'page_hit'))"
                + " - toInt64((SELECT countMerge(hits) FROM analytics_pages_mv_1)) AS n");
    var pages =
        stage.number(
            """
            SELECT count() AS n FROM
            (
                SELECT toDate(timestamp) AS date, JSONExtractString(payload, 'pathname') AS pathname,
                    count() AS hits, uniq(session_id) AS visits
                FROM analytics_events WHERE action = 'page_hit' GROUP BY date, pathname
            ) AS raw
            FULL JOIN
            (
                SELECT date, pathname, countMerge(hits) AS hits, uniqMerge(visits) AS visits
                FROM analytics_pages_mv_1 GROUP BY date, pathname
            ) AS mv USING (date, pathname)
            WHERE raw.hits != mv.hits OR raw.visits != mv.visits\
            """);
    var purchases =
        stage.number(
            """
            SELECT abs(toInt64(s.1) - toInt64(t.1)) + toInt64(abs(s.2 - t.2) * 2) AS n FROM
            (
                SELECT
                    (SELECT (count(), sum(JSONExtractFloat(payload, 'amount'))) FROM analytics_events
                     WHERE action = 'purchase') AS s,
                    (SELECT (count(), sum(amount)) FROM purchases_mv_1) AS t
            )\
            """);
    var lost = missing + Math.max(0, acknowledged - source);
    var lines = new ArrayList<String>();
    lines.add("rows acknowledged        %,15d".formatted(acknowledged));
    lines.add("rows in analytics_events %,15d".formatted(source));
    lines.add("rows in the new version  %,15d".formatted(target));
    lines.add("of them arrived late     %,15d".formatted(late));
    lines.add("lost                     %,15d".formatted(lost));
    lines.add("doubled                  %,15d".formatted(doubled));
    lines.add(
        "pages MV: hits off by    %,15d   days and pages that differ: %,d".formatted(hits, pages));
    lines.add("purchases MV: off by     %,15d".formatted(purchases));
    return new Figures(
        lost,
        doubled,
        lines,
        acknowledged == source && source == target && hits == 0 && pages == 0 && purchases == 0);
  }
}
