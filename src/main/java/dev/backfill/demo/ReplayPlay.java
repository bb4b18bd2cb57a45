package dev.backfill.demo;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/// A view and its target get another column and another condition: the new query is run again over
/// the origin, bucket by bucket.
final class ReplayPlay extends Pages {
  private static final String CHANGED = "action IN ('page_hit', 'click')";

  @Override
  String name() {
    return "replay";
  }

  @Override
  List<String> sources() {
    return List.of("analytics_events");
  }

  @Override
  SortedMap<String, String> base() {
    return files(
        WEB, events("timestamp", ""),
        PAGES, pages(""),
        WEB_PAGES, view("analytics_events", "", "action = 'page_hit'"));
  }

  @Override
  String change() {
    return "A pull request gives pages another column, and counts clicks too";
  }

  @Override
  Map<String, String> changed(SortedMap<String, String> base) {
    return Map.of(
        PAGES, pages(",\n    `clicks` AggregateFunction(countIf, UInt8)"),
        WEB_PAGES,
            view(
                "analytics_events",
                ",\n        countIfState(toUInt8(action = 'click')) AS clicks",
                CHANGED));
  }

  @Override
  Figures figures(Stage stage) {
    var events = stage.number("SELECT count() AS n FROM analytics_events");
    var clicks =
        stage.number(
            "SELECT toInt64((SELECT count() FROM analytics_events WHERE action = 'click'))"
                + " - toInt64((SELECT countIfMerge(clicks) FROM pages_1)) AS n");
    return compared(
        stage,
        "SELECT toStartOfInterval(timestamp, INTERVAL 10 second) AS bucket,"
            + " JSONExtractString(payload, 'pathname') AS pathname, toInt64(count()) AS h,"
            + " toInt64(uniq(session_id)) AS v FROM analytics_events WHERE "
            + CHANGED
            + " GROUP BY bucket, pathname",
        List.of(number("rows in analytics_events", events), number("clicks: off by", clicks)),
        events == acknowledged() && clicks == 0);
  }
}
