package dev.backfill.demo;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/// A landing Data Source that keeps 30 days and gets another key. The view behind it looks
/// something up, its target keeps everything, and the app writes to it too: so older buckets come
/// from the old target, and both views are taken along.
final class SeamPlay extends Pages {
  private static final String TTL = "ENGINE_TTL \"timestamp + toIntervalDay(30)\"\n";
  private static final String SITE =
      "action = 'page_hit' AND version NOT IN (SELECT version FROM closed_versions)";

  @Override
  String name() {
    return "seam";
  }

  @Override
  List<String> sources() {
    return List.of("analytics_events", "app_events");
  }

  @Override
  SortedMap<String, String> base() {
    return files(
        WEB,
        events("timestamp", TTL),
        "datasources/app_events.datasource",
        events("timestamp", ""),
        "datasources/closed_versions.datasource",
        "SCHEMA >\n    `version` String `json:$.version`\n\nENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"version\"\n",
        PAGES,
        pages(""),
        WEB_PAGES,
        view("analytics_events", "", SITE),
        "pipes/app_pages.pipe",
        view("app_events", "", "action = 'page_hit'"));
  }

  @Override
  String change() {
    return "A pull request changes the sorting key of analytics_events, which keeps 30 days; pages keeps more, and the app feeds it too";
  }

  @Override
  Map<String, String> changed(SortedMap<String, String> base) {
    return Map.of(WEB, events("action, timestamp", TTL));
  }

  @Override
  Figures figures(Stage stage) {
    var id = "JSONExtractUInt(payload, 'id')";
    // What expires is deleted on its own time on either side.
    var kept = " WHERE timestamp > now() - INTERVAL 29 DAY";
    var missing =
        stage.number(
            "SELECT count() AS n FROM analytics_events"
                + kept
                + " AND "
                + id
                + " NOT IN (SELECT "
                + id
                + " FROM analytics_events_1)");
    var twice =
        stage.number("SELECT count() - uniqExact(" + id + ") AS n FROM analytics_events_1" + kept);
    var forgotten =
        stage.number(
            "SELECT toInt64(countMerge(hits)) AS n FROM pages_1 WHERE bucket < now() - INTERVAL 31 DAY");
    return compared(
        stage,
        "SELECT bucket, pathname, toInt64(countMerge(hits)) AS h, toInt64(uniqMerge(visits)) AS v"
            + " FROM pages GROUP BY bucket, pathname",
        List.of(
            number("older than the source's", forgotten),
            number("events: lost", missing),
            number("events: doubled", twice)),
        missing == 0 && twice == 0 && forgotten > 0);
  }
}
