package dev.backfill.demo;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// Plays about a view's target: page hits of a web site and of its app in buckets of ten seconds,
/// with producers that never stop and one row in a hundred late.
abstract class Pages extends Play {
  static final String WEB = "datasources/analytics_events.datasource";
  static final String PAGES = "datasources/pages.datasource";
  static final String WEB_PAGES = "pipes/web_pages.pipe";
  private static final int DAYS = 45;
  private static final int BATCH = 20_000;
  private static final Duration AFTERWARDS = Duration.ofSeconds(4);

  private final Map<String, Traffic> traffic = new TreeMap<>();
  private final List<Producer> producers = new ArrayList<>();
  private long acknowledged;
  private long late;

  /// The Data Sources that producers write to.
  abstract List<String> sources();

  @Override
  long rows() {
    return 200_000;
  }

  static String events(String key, String more) {
    return """
    SCHEMA >
        `timestamp` DateTime `json:$.timestamp`,
        `session_id` String `json:$.session_id`,
        `action` LowCardinality(String) `json:$.action`,
        `version` LowCardinality(String) `json:$.version`,
        `payload` String `json:$.payload`

    ENGINE "MergeTree"
    ENGINE_PARTITION_KEY "toYYYYMM(timestamp)"
    ENGINE_SORTING_KEY "%s"
    %s\
    """
        .formatted(key, more);
  }

  static String pages(String more) {
    return """
    SCHEMA >
        `bucket` DateTime,
        `pathname` String,
        `hits` AggregateFunction(count),
        `visits` AggregateFunction(uniq, String)%s

    ENGINE "AggregatingMergeTree"
    ENGINE_PARTITION_KEY "toYYYYMM(bucket)"
    ENGINE_SORTING_KEY "bucket, pathname"
    """
        .formatted(more);
  }

  static String view(String source, String more, String where) {
    return """
    NODE by_page
    SQL >
        SELECT
            toStartOfInterval(timestamp, INTERVAL 10 second) AS bucket,
            JSONExtractString(payload, 'pathname') AS pathname,
            countState() AS hits,
            uniqState(session_id) AS visits%s
        FROM %s
        WHERE %s
        GROUP BY bucket, pathname

    TYPE materialized
    DATASOURCE pages
    """
        .formatted(more, source, where);
  }

  static SortedMap<String, String> files(String... pathsAndTexts) {
    var files = new TreeMap<String, String>();
    files.put(".tinyenv", "VERSION=1.0.0\n");
    for (var i = 0; i < pathsAndTexts.length; i += 2) {
      files.put(pathsAndTexts[i], pathsAndTexts[i + 1]);
    }
    return files;
  }

  @Override
  void seed(Stage stage, long rows) {
    stage.step("%,d rows of history, %d days".formatted(rows, DAYS));
    var now = stage.clock().instant().toEpochMilli();
    var span = Duration.ofDays(DAYS).toMillis();
    var each = rows / sources().size();
    for (var source : sources()) {
      var made = traffic.computeIfAbsent(source, s -> new Traffic(s.hashCode()));
      while (made.made() < each) {
        var batch = new StringBuilder();
        var until = Math.min(each, made.made() + BATCH);
        while (made.made() < until) {
          made.append(batch, Instant.ofEpochMilli(now - span + span / each * made.made()));
        }
        acknowledged += stage.workspace().append(source, batch.toString()).rows();
      }
    }
    stage.say("%,d rows acknowledged".formatted(acknowledged));
  }

  @Override
  void begin(Stage stage) {
    stage.step("Producers start and never stop: about 500 events/s each, 1 % of them late");
    for (var source : sources()) {
      var made = traffic.computeIfAbsent(source, s -> new Traffic(s.hashCode()));
      producers.add(Producer.of(stage.workspace(), source, made, stage.clock()));
    }
  }

  @Override
  void run(Stage stage) {
    stage.step(
        "backfill run waits for the end of the bucket that holds the cutover, copies older buckets, raises those that rows came late for, and proves it");
    stage.run();
  }

  @Override
  void afterwards(Stage stage) {
    stage.step("The streams go on, and with them rows for buckets that are copied already");
    stage.pause(AFTERWARDS);
    end();
    stage.step("The producers have stopped: a last sweep, and the proof again");
  }

  @Override
  void end() {
    while (!producers.isEmpty()) {
      var running = producers.removeLast();
      running.close();
      acknowledged += running.acknowledged();
      late += running.late();
    }
  }

  /// Keys of the new target against what they have to be, by SQL that is only written here.
  ///
  /// @param expected a query that gives bucket, pathname, h and v
  final Figures compared(Stage stage, String expected, List<String> more, boolean others) {
    var both =
        """
        SELECT %s AS n FROM
        (%s) AS e FULL JOIN
        (SELECT bucket, pathname, toInt64(countMerge(hits)) AS h, toInt64(uniqMerge(visits)) AS v
         FROM pages_1 GROUP BY bucket, pathname) AS a USING (bucket, pathname)\
        """;
    var lost = stage.number(both.formatted("toInt64(sum(greatest(e.h - a.h, 0)))", expected));
    var doubled = stage.number(both.formatted("toInt64(sum(greatest(a.h - e.h, 0)))", expected));
    var visits = stage.number(both.formatted("countIf(e.v != a.v)", expected));
    var lines = new ArrayList<String>();
    lines.add(number("rows acknowledged", acknowledged));
    lines.add(number("of them arrived late", late));
    lines.add(
        number(
            "hits in the new version",
            stage.number("SELECT toInt64(countMerge(hits)) AS n FROM pages_1")));
    lines.addAll(more);
    lines.add(number("lost", lost));
    lines.add(number("doubled", doubled));
    lines.add(number("buckets with other visits", visits));
    return new Figures(lost, doubled, lines, others && visits == 0);
  }

  final long acknowledged() {
    return acknowledged;
  }

  static String number(String what, long n) {
    return String.format(Locale.ROOT, "%-24s %,15d", what, n);
  }
}
