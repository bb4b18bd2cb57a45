package dev.backfill.emit;

import dev.backfill.change.Verdict;
import dev.backfill.plan.Cause;
import dev.backfill.plan.Cutover;
import dev.backfill.plan.Feed;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Migration.CutColumn;
import dev.backfill.plan.Migration.Projected;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Scenario;
import dev.backfill.problem.Place;
import dev.backfill.project.Column;
import dev.backfill.project.ColumnType;
import dev.backfill.project.DataSource;
import dev.backfill.project.Engine;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import dev.backfill.project.TimeType;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// The specification's own example, `analytics_events` from sorting key `timestamp` to `action,
/// timestamp`, with an aggregating view, a filtering view and an endpoint. Built by hand, so that
/// these tests depend on no reader and no planner.
final class Example {
  static final String EVENTS =
      """
      # landing
      DESCRIPTION What happened, as the tracker saw it
      TOKEN "tracker" APPEND

      SCHEMA >
          `timestamp` DateTime `json:$.timestamp`,
          `session_id` String `json:$.session_id`,
          `action` LowCardinality(String) `json:$.action`,
          `version` LowCardinality(String) `json:$.version`,
          `payload` String `json:$.payload`

      ENGINE "MergeTree"
      ENGINE_PARTITION_KEY "toYYYYMM(timestamp)"
      ENGINE_SORTING_KEY "timestamp"
      """;
  static final String NEW_EVENTS =
      EVENTS.replace(
          "ENGINE_SORTING_KEY \"timestamp\"", "ENGINE_SORTING_KEY \"action, timestamp\"");
  static final String DAILY =
      """
      TOKEN "dashboard" READ
      SCHEMA >
          `day` Date,
          `action` LowCardinality(String),
          `sessions` AggregateFunction(uniq, String),
          `hits` AggregateFunction(count)

      ENGINE "AggregatingMergeTree"
      ENGINE_PARTITION_KEY "toYYYYMM(day)"
      ENGINE_SORTING_KEY "day, action"
      """;
  static final String ERRORS =
      """
      SCHEMA >
          `timestamp` DateTime,
          `session_id` String

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "timestamp"
      """;
  static final String DAILY_MV =
      """
      TOKEN "internal" READ
      NODE per_day
      DESCRIPTION >
          analytics_events by day

      SQL >
          SELECT toDate(timestamp) AS day, action,
              uniqState(session_id) AS sessions, countState() AS hits
          FROM analytics_events
          # per day and action
          GROUP BY day, action

      TYPE materialized
      DATASOURCE actions_daily
      """;
  static final String ERRORS_MV =
      """
      NODE errors
      SQL >
          SELECT analytics_events.timestamp, session_id
          FROM analytics_events WHERE action = 'error'

      TYPE materialized
      DATASOURCE "errors"
      """;
  static final String ENDPOINT =
      """
      TOKEN "dashboard" READ
      NODE endpoint
      SQL >
          %
          SELECT action, countMerge(hits) AS hits FROM actions_daily
          WHERE day = {{Date(day, '2026-01-01')}} GROUP BY action
      """;
  static final String TINYENV =
      "# flags\nVERSION=0.0.3\nCI_FLAGS=--wait\nCD_FLAGS=--wait --populate\n";

  private Example() {}

  static SortedMap<String, String> files(String events) {
    var files = new TreeMap<String, String>();
    files.put(".tinyenv", TINYENV);
    files.put("datasources/analytics_events.datasource", events);
    files.put("datasources/actions_daily.datasource", DAILY);
    files.put("datasources/errors.datasource", ERRORS);
    files.put("pipes/actions_daily_mv.pipe", DAILY_MV);
    files.put("pipes/errors_mv.pipe", ERRORS_MV);
    files.put("endpoints/top_actions.pipe", ENDPOINT);
    return files;
  }

  static Project base() {
    return project(files(EVENTS));
  }

  static Project head() {
    return project(files(NEW_EVENTS));
  }

  /// A project of these files, as far as emission looks at it.
  static Project project(SortedMap<String, String> files) {
    var sources = new TreeMap<String, DataSource>();
    var pipes = new TreeMap<String, Pipe>();
    files.forEach((path, text) -> {
      var name = path.replaceAll("^.*/|\\..*$", "");
      if (path.endsWith(".datasource")) {
        sources.put(name, dataSource(name, path, text, files));
      } else if (path.endsWith(".pipe")) {
        pipes.put(name, pipe(name, path, text, files));
      }
    });
    return new Project(sources, pipes, List.of(), files);
  }

  private static DataSource dataSource(
      String name, String path, String text, Map<String, String> files) {
    var file = (dev.backfill.datafile.Datafile.DatasourceFile) Texts.parse(path, text, files);
    var columns = new ArrayList<Column>();
    for (var c : file.columns()) {
      columns.add(
          new Column(
              c.name(),
              type(c.type().orElse("String")),
              c.jsonPath(),
              Column.DefaultKind.valueOf(c.kind().name()),
              c.expression(),
              c.codec(),
              c.place()));
    }
    var value =
        (java.util.function.Function<String, Optional<String>>)
            d -> file.last(d).map(dev.backfill.datafile.Directive::value);
    return new DataSource(
        name,
        path,
        Place.of(path, 1),
        value.apply("DESCRIPTION").orElse(""),
        columns,
        new Engine(
            value.apply("ENGINE").orElse("MergeTree"),
            value.apply("ENGINE_SORTING_KEY").map(k -> List.of(k.split(", "))).orElse(List.of()),
            List.of(),
            List.of(),
            Optional.empty(),
            value.apply("ENGINE_TTL"),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            Optional.empty()),
        List.of(),
        List.of(),
        value.apply("TAGS").map(List::of).orElse(List.of()),
        Map.of(),
        List.of(),
        value.apply("VERSION").map(Integer::valueOf));
  }

  private static ColumnType type(String text) {
    var at = text.indexOf('(');
    return at < 0
        ? ColumnType.of(text)
        : ColumnType.of(text.substring(0, at), type(text.substring(at + 1, text.length() - 1)));
  }

  private static Pipe pipe(String name, String path, String text, Map<String, String> files) {
    var file = (dev.backfill.datafile.Datafile.PipeFile) Texts.parse(path, text, files);
    var nodes = new ArrayList<Node>();
    for (var n : file.nodes()) {
      var type = n.last("TYPE").map(t -> t.value().toUpperCase(java.util.Locale.ROOT));
      nodes.add(
          new Node(
              n.name(),
              n.last("SQL").orElseThrow().raw(),
              false,
              Node.Kind.valueOf(type.orElse("STANDARD")),
              n.last("DATASOURCE").map(dev.backfill.datafile.Directive::value),
              Optional.empty(),
              Optional.empty(),
              Map.of(),
              Map.of(),
              List.of(),
              Place.of(path),
              Place.of(path)));
    }
    return new Pipe(name, path, Place.of(path, 1), "", List.of(), nodes, Optional.empty());
  }

  static final TimeType SECONDS =
      new TimeType(TimeType.Kind.DATETIME, 0, Optional.empty(), /* nullable= */ false);

  static Migration events(CutColumn cut, List<Projected> projection) {
    return new Migration(
        "analytics_events",
        "analytics_events_1",
        Cause.DIRECT,
        Scenario.STREAMING_TIMESTAMP,
        new Feed.Live(Feed.Live.Kind.SYNC, "sync_analytics_events_1"),
        new Feed.History(Feed.History.Kind.COPY, "backfill_analytics_events_1"),
        "analytics_events",
        Optional.of(cut),
        projection,
        "MergeTree",
        List.of("action", "timestamp"),
        List.of("toYYYYMM(timestamp)"),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of());
  }

  static Migration events() {
    return events(
        new CutColumn("timestamp", "timestamp", SECONDS, SECONDS),
        List.of(
            new Projected("timestamp", "timestamp", "DateTime"),
            new Projected("session_id", "session_id", "String"),
            new Projected("action", "action", "LowCardinality(String)"),
            new Projected("version", "version", "LowCardinality(String)"),
            new Projected("payload", "payload", "String")));
  }

  static Migration fork(String source, String pipe, String engine) {
    return new Migration(
        source,
        source + "_1",
        Cause.CASCADE,
        Scenario.STREAMING_TIMESTAMP,
        new Feed.Live(Feed.Live.Kind.FORK, pipe),
        new Feed.History(Feed.History.Kind.FORK, pipe),
        "analytics_events_1",
        Optional.empty(),
        List.of(),
        engine,
        List.of(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of());
  }

  static List<Migration> migrations() {
    return List.of(
        events(),
        fork("actions_daily", "actions_daily_mv_1", "AggregatingMergeTree"),
        fork("errors", "errors_mv_1", "MergeTree"));
  }

  static Plan plan(List<Migration> migrations) {
    return plan(migrations, new Cutover(Duration.ofMinutes(30), Optional.empty()));
  }

  static Plan pinned(Instant at) {
    return plan(migrations(), new Cutover(Duration.ofMinutes(30), Optional.of(at)));
  }

  static Plan plan(List<Migration> migrations, Cutover cutover) {
    return new Plan(
        Verdict.VERSION,
        new PlanCore(
            1,
            "1",
            "classic",
            "0.0.4",
            Optional.empty(),
            List.of(),
            migrations,
            cutover,
            new PlanCore.Limits(
                Duration.ofMinutes(5),
                Duration.ofSeconds(30),
                Duration.ofHours(24),
                1000,
                1,
                1_000_000,
                Duration.ofMinutes(10),
                Duration.ofSeconds(2)),
            List.of()),
        List.of(),
        List.of(),
        List.of(),
        Map.of());
  }

  /// What a checkout holds after `generate`.
  static SortedMap<String, String> applied(
      SortedMap<String, String> files, List<FileChange> changes) {
    var out = new TreeMap<>(files);
    for (var change : changes) {
      change
          .text()
          .ifPresentOrElse(t -> out.put(change.path(), t), () -> out.remove(change.path()));
    }
    return out;
  }

  static PlanCore committed(PlanCore core, List<FileChange> changes) {
    return core.withFiles(
        changes.stream()
            .filter(FileChange::generated)
            .map(c ->
                new PlanCore.Generated(
                    c.path(),
                    c.executable() ? "100755" : "100644",
                    Texts.sha256(c.text().orElseThrow())))
            .toList());
  }
}
