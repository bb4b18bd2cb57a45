package dev.backfill.local;

import dev.backfill.local.engine.EngineException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/// The service Data Sources. Ingestion is written to them with a delay, as on the real service; a
/// query that comes through us waits for what is due.
final class Logs {
  /// Begins the name of every table of ours.
  static final String PREFIX = "_tinybird_";

  /// Id of the request that something is done for.
  static final ScopedValue<String> REQUEST = ScopedValue.newInstance();

  private static final Set<String> SERVED =
      Set.of("datasources_ops_log", "jobs_log", "pipe_stats_rt", "pipe_stats");
  private final Core core;
  private final Map<String, ConcurrentLinkedQueue<Map<String, Object>>> operations =
      new ConcurrentHashMap<>();
  private final Map<String, ConcurrentLinkedQueue<Map<String, Object>>> requests =
      new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<JobState> jobs = new ConcurrentLinkedQueue<>();

  Logs(Core core) {
    this.core = core;
  }

  static final List<String> TABLES =
      List.of(
          "_tinybird_datasources_ops_log",
          "_tinybird_jobs_log_raw",
          "_tinybird_jobs_log",
          "_tinybird_pipe_stats_rt",
          "_tinybird_pipe_stats",
          "_tinybird_storage");

  /// Makes the tables of a space that aren't there.
  void create(Space space) {
    core.run(
        space,
        """
        CREATE TABLE IF NOT EXISTS _tinybird_datasources_ops_log (
          timestamp DateTime('UTC'), event_type LowCardinality(String), datasource_id String,
          datasource_name String, result String, error Nullable(String), elapsed_time Float32,
          job_id Nullable(String), import_id Nullable(String), request_id String,
          operation_id String, rows UInt64, rows_quarantine UInt64, read_rows UInt64,
          read_bytes UInt64, written_rows UInt64, written_bytes UInt64,
          written_rows_quarantine UInt64, written_bytes_quarantine UInt64, pipe_id String,
          pipe_name String, `Options.Names` Array(String), `Options.Values` Array(String),
          resource_tags Array(String), cpu_time Float32)
        ENGINE = MergeTree ORDER BY timestamp\
        """);
    core.run(
        space,
        """
        CREATE TABLE IF NOT EXISTS _tinybird_jobs_log_raw (
          job_id String, job_type String, workspace_id String, pipe_id Nullable(String),
          datasource_id Nullable(String), status String, error Nullable(String),
          request_id String, created_at DateTime64(6, 'UTC'),
          started_at Nullable(DateTime64(6, 'UTC')), updated_at DateTime64(6, 'UTC'),
          job_metadata String, version UInt64)
        ENGINE = ReplacingMergeTree(version) ORDER BY job_id\
        """);
    core.run(
        space,
        """
        CREATE VIEW IF NOT EXISTS _tinybird_jobs_log AS
        SELECT * EXCEPT (version) FROM _tinybird_jobs_log_raw FINAL\
        """);
    core.run(
        space,
        """
        CREATE TABLE IF NOT EXISTS _tinybird_pipe_stats_rt (
          start_datetime DateTime64(3, 'UTC'), pipe_id String, pipe_name String, duration Float64,
          read_bytes UInt64, read_rows UInt64, result_rows UInt64, url String, error UInt8,
          request_id String, token String, token_name String, status_code Int32, method String,
          parameters Map(String, String))
        ENGINE = MergeTree ORDER BY start_datetime TTL toDateTime(start_datetime) + toIntervalDay(7)\
        """);
    core.run(
        space,
        """
        CREATE VIEW IF NOT EXISTS _tinybird_pipe_stats AS
        SELECT toDate(start_datetime) AS date, pipe_id, pipe_name, count() AS view_count,
          countIf(error) AS error_count, avgState(duration) AS avg_duration_state,
          sumState(read_bytes) AS read_bytes_sum, sumState(read_rows) AS read_rows_sum
        FROM _tinybird_pipe_stats_rt GROUP BY date, pipe_id, pipe_name\
        """);
    core.run(space, storageView(space));
  }

  private static String storageView(Space space) {
    return "CREATE VIEW IF NOT EXISTS _tinybird_storage AS SELECT table, sum(bytes_on_disk) AS bytes,"
        + " sum(system.parts.rows) AS rows FROM system.parts WHERE active AND database = "
        + Sql.literal(space.database())
        + " GROUP BY table";
  }

  /// The table behind `tinybird.<name>`.
  String table(Space space, String name) {
    if (name.equals("datasources_storage")) {
      return storage(space);
    }
    if (!SERVED.contains(name)) {
      throw new Refusal(501, "the local workspace doesn't serve tinybird." + name);
    }
    return "_tinybird_" + name;
  }

  private static String storage(Space space) {
    var sources = List.copyOf(space.dataSources.values());
    var names = String.join(", ", sources.stream().map(d -> Sql.literal(d.name())).toList());
    var ids = String.join(", ", sources.stream().map(d -> Sql.literal(d.id())).toList());
    return "(SELECT now() AS timestamp, transform(table, ["
        + names
        + "]::Array(String), ["
        + ids
        + "]::Array(String), '') AS datasource_id, table AS datasource_name, bytes, rows"
        + " FROM _tinybird_storage WHERE table IN ["
        + names
        + "]::Array(String))";
  }

  /// Notes a call of an endpoint or of the query API.
  void request(Space space, Map<String, Object> row) {
    requests.computeIfAbsent(space.id(), id -> new ConcurrentLinkedQueue<>()).add(row);
  }

  /// Notes an operation on a Data Source.
  void operation(Space space, String event, Definition dataSource, Map<String, Object> more) {
    var row = Json.map();
    row.put("timestamp", core.clock.now().substring(0, 19));
    row.put("event_type", event);
    row.put("datasource_id", dataSource.id());
    row.put("datasource_name", dataSource.name());
    row.put("result", "ok");
    row.put("request_id", requestId());
    row.put("operation_id", Clock.requestId());
    row.putAll(more);
    operations.computeIfAbsent(space.id(), id -> new ConcurrentLinkedQueue<>()).add(row);
  }

  /// Notes that an operation on a Data Source didn't end well.
  void failure(
      Space space, String event, Definition dataSource, Map<String, Object> more, String error) {
    var row = Json.map();
    row.putAll(more);
    row.put("result", "error");
    row.put("error", error);
    operation(space, event, dataSource, row);
  }

  static String requestId() {
    return REQUEST.isBound() ? REQUEST.get() : Clock.requestId();
  }

  /// Notes where a job is.
  void job(JobState job) {
    jobs.add(job);
  }

  /// Writes what is due for the space.
  synchronized void flush(Space space) {
    var due = core.clock.before(core.faults.logDelayMillis());
    insert(space, "_tinybird_datasources_ops_log", due(operations, space, "timestamp", due));
    insert(space, "_tinybird_pipe_stats_rt", due(requests, space, "start_datetime", due));
    var newest = System.currentTimeMillis() - core.faults.jobListLagMillis();
    var rows = new ArrayList<Map<String, Object>>();
    for (var waiting = jobs.iterator(); waiting.hasNext(); ) {
      var job = waiting.next();
      if (job.space().equals(space.id()) && job.createdMillis() <= newest) {
        rows.add(job.logRow());
        waiting.remove();
      }
    }
    insert(space, "_tinybird_jobs_log_raw", rows);
  }

  private static List<Map<String, Object>> due(
      Map<String, ConcurrentLinkedQueue<Map<String, Object>>> queues,
      Space space,
      String time,
      String due) {
    var rows = new ArrayList<Map<String, Object>>();
    var queue = queues.getOrDefault(space.id(), new ConcurrentLinkedQueue<>());
    for (var waiting = queue.iterator(); waiting.hasNext(); ) {
      var row = waiting.next();
      if (String.valueOf(row.get(time)).compareTo(due) <= 0) {
        rows.add(row);
        waiting.remove();
      }
    }
    return rows;
  }

  void flush() {
    for (var space : core.spaces()) {
      try {
        flush(space);
      } catch (EngineException e) {
        // a branch may be dropped meanwhile, and its log with it
        if (core.byId(space.id()).isPresent()) {
          throw e;
        }
      }
    }
  }

  private void insert(Space space, String table, List<Map<String, Object>> rows) {
    if (rows.isEmpty()) {
      return;
    }
    var lines = new StringBuilder();
    rows.forEach(row -> lines.append(Json.text(row)).append('\n'));
    try (var session = core.session(space)) {
      session.insert(
          "INSERT INTO " + table, "JSONEachRow", lines.toString().getBytes(StandardCharsets.UTF_8));
    }
  }
}
