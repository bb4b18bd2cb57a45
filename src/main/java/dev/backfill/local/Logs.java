package dev.backfill.local;

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
  private static final Set<String> SERVED = Set.of("datasources_ops_log", "jobs_log");
  private final Core core;
  private final Map<String, ConcurrentLinkedQueue<Map<String, Object>>> operations =
      new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<JobState> jobs = new ConcurrentLinkedQueue<>();

  Logs(Core core) {
    this.core = core;
  }

  static final List<String> TABLES =
      List.of("_tinybird_datasources_ops_log", "_tinybird_jobs_log_raw", "_tinybird_jobs_log");

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
  }

  /// The table behind `tinybird.<name>`.
  String table(String name) {
    if (!SERVED.contains(name)) {
      throw new Refusal(501, "the local workspace doesn't serve tinybird." + name);
    }
    return "_tinybird_" + name;
  }

  /// Notes an operation on a Data Source.
  void operation(Space space, String event, Definition dataSource, Map<String, Object> more) {
    var row = Json.map();
    row.put("timestamp", Clock.now().substring(0, 19));
    row.put("event_type", event);
    row.put("datasource_id", dataSource.id());
    row.put("datasource_name", dataSource.name());
    row.put("result", "ok");
    row.put("request_id", Clock.hex(13));
    row.put("operation_id", Clock.hex(13));
    row.putAll(more);
    operations.computeIfAbsent(space.id(), id -> new ConcurrentLinkedQueue<>()).add(row);
  }

  /// Notes where a job is.
  void job(JobState job) {
    jobs.add(job);
  }

  /// Writes what is due for the space.
  synchronized void flush(Space space) {
    var queue = operations.get(space.id());
    if (queue != null) {
      var rows = new ArrayList<Map<String, Object>>();
      for (var row = queue.poll(); row != null; row = queue.poll()) {
        rows.add(row);
      }
      insert(space, "_tinybird_datasources_ops_log", rows);
    }
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

  void flush() {
    core.spaces().forEach(this::flush);
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
