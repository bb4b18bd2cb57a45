package dev.backfill.local;

import dev.backfill.local.Jobs.Job;
import dev.backfill.local.PipeDefinition.PipeNode;
import dev.backfill.local.engine.EngineException;
import dev.backfill.sql.TablesRead;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Copy jobs: all or nothing, for the target and for everything its views fill.
///
/// The rows are written into a scratch database that mirrors the target, the tables its views
/// reach, and those views. Then a journal is written, and every table's parts are attached to the
/// real ones. From the journal on the copy is done, whatever happens to the process: [Journal]
/// finishes it at the next start. The query itself reads the real tables.
final class Copies {
  private static final int TRIES = 3;
  private final Core core;
  private final Jobs jobs;
  private final Queries queries;
  private final Logs logs;

  Copies(Core core, Jobs jobs, Queries queries, Logs logs) {
    this.core = core;
    this.jobs = jobs;
    this.queries = queries;
    this.logs = logs;
  }

  /// A table or view that a copy fills.
  ///
  /// @param target of a view, else empty
  /// @param trigger table whose inserts start a view, else empty
  private record Reached(
      String name,
      String ddl,
      String select,
      String target,
      String trigger,
      boolean stores,
      String path) {}

  /// @throws Refusal 403 when too many copies wait or run; 400 when the query makes no sense
  Job start(Space space, PipeDefinition pipe, Map<String, String> parameters, String mode) {
    var node =
        pipe.copyNode()
            .orElseThrow(
                () -> new Refusal(400, "The pipe '" + pipe.name() + "' is not a copy pipe"));
    var used = mode.isEmpty() ? node.mode() : mode;
    if (!used.equals("append")) {
      throw new Refusal(501, "the local workspace serves copies with _mode=append only");
    }
    var target = Resources.dataSource(space, node.target());
    var given = new HashMap<>(parameters);
    given.putIfAbsent("job_timestamp", Clock.now().substring(0, 19));
    var select = queries.select(space, pipe, node, given);
    try {
      core.columns(space, select);
    } catch (EngineException e) {
      throw Sql.refusal(e);
    }
    synchronized (this) {
      if (jobs.active(space, "copy") >= core.faults.copyJobs()) {
        throw new Refusal(
            403,
            "You have reached the maximum number of copy jobs ("
                + core.faults.copyJobs()
                + "). Try again when one of them has finished.");
      }
      var now = Clock.now();
      var state =
          new JobState(
              Clock.uuid(),
              "copy",
              space.id(),
              "waiting",
              "",
              now,
              "",
              now,
              System.currentTimeMillis(),
              1,
              pipe.id(),
              pipe.name(),
              target.id(),
              target.name(),
              parameters,
              used,
              0,
              Map.of());
      return jobs.submit(state, job -> run(job, space, target.name(), select));
    }
  }

  private void run(Job job, Space space, String target, String select) {
    var failure = core.faults.takeFailure();
    if (failure.isPresent()) {
      throw new Refusal(400, failure.get());
    }
    if (core.faults.plain()) {
      plain(job, space, target, select);
      return;
    }
    for (var left = TRIES; ; left--) {
      if (staged(job, space, target, select)) {
        return;
      }
      if (left == 1) {
        throw new Refusal(400, "[Error] the Data Source was changed while it was copied into");
      }
    }
  }

  private Map<String, String> limits() {
    var limits = new HashMap<String, String>();
    if (core.faults.copyMemory() > 0) {
      limits.put("max_memory_usage", Long.toString(core.faults.copyMemory()));
    }
    if (core.faults.copySeconds() > 0) {
      limits.put("max_execution_time", Double.toString(core.faults.copySeconds()));
    }
    return limits;
  }

  private String insert(Job job, Space space, String into, String select) {
    var columns = core.columns(space, select).stream().map(Sql::identifier).toList();
    return "INSERT INTO "
        + into
        + " ("
        + String.join(", ", columns)
        + ") SELECT /*job:"
        + job.id()
        + "*/ * FROM ("
        + select
        + "\n)";
  }

  private void plain(Job job, Space space, String target, String select) {
    space.lock.readLock().lock();
    try (var session = core.session(space, limits())) {
      job.checkpoint();
      var before = count(space, space.database(), target);
      session.run(insert(job, space, Sql.identifier(target), select));
      done(job, space, target, count(space, space.database(), target) - before);
    } finally {
      space.lock.readLock().unlock();
    }
  }

  /// @return whether it is done; false when the tables were changed meanwhile
  private boolean staged(Job job, Space space, String target, String select) {
    var scratch = Journal.scratch(core, job.id());
    try {
      var reached = reached(space, target);
      long rows;
      try (var session = core.session(space, limits())) {
        mirror(space, scratch, reached);
        job.checkpoint();
        session.run(
            insert(job, space, Sql.identifier(scratch) + "." + Sql.identifier(target), select));
        rows = count(space, scratch, target);
      }
      if (rows > core.faults.copyRows()) {
        throw new Refusal(400, "[Error] " + Sql.MEMORY);
      }
      space.lock.writeLock().lock();
      try {
        if (!reached.equals(reached(space, target))) {
          return false;
        }
        job.pointOfNoReturn();
        attach(job, space, scratch, reached, rows);
      } finally {
        space.lock.writeLock().unlock();
      }
      done(job, space, target, rows);
      Journal.remove(core.store, job.id());
      return true;
    } finally {
      if (!Journal.exists(core.store, job.id())) {
        core.run(space, "DROP DATABASE IF EXISTS " + Sql.identifier(scratch) + " SYNC");
      }
    }
  }

  private void attach(Job job, Space space, String scratch, List<Reached> reached, long rows) {
    var tables = new ArrayList<Journal.Table>();
    for (var one : reached) {
      if (one.stores()) {
        var path =
            core.rows(
                    space,
                    "SELECT data_paths[1] AS path FROM system.tables WHERE database = "
                        + Sql.literal(scratch)
                        + " AND name = "
                        + Sql.literal(one.name()))
                .getFirst();
        tables.add(
            new Journal.Table(
                one.name(), relative(Json.string(path, "path")), relative(one.path())));
      }
    }
    var journal = new Journal(job.id(), space.database(), scratch, rows, tables);
    core.faults.attached(-1);
    journal.write(core.store);
    journal.attach(core.engine, core.faults::attached);
  }

  private String relative(String path) {
    return core.engine.data().relativize(java.nio.file.Path.of(path)).toString();
  }

  private void done(Job job, Space space, String target, long rows) {
    job.change(s -> s.finished(rows, Map.of()));
    var state = job.state();
    var elapsed = Duration.between(at(state.startedAt()), at(state.updatedAt()));
    logs.operation(
        space,
        "copy",
        Resources.dataSource(space, target),
        Map.of(
            "rows",
            rows,
            "written_rows",
            rows,
            "elapsed_time",
            elapsed.toMillis() / 1000.0,
            "job_id",
            state.id(),
            "pipe_id",
            state.pipeId(),
            "pipe_name",
            state.pipeName()));
  }

  private static LocalDateTime at(String text) {
    return LocalDateTime.parse(text.replace(' ', 'T'));
  }

  private long count(Space space, String database, String table) {
    return Long.parseLong(
        core.run(
                space,
                "SELECT sum(rows) FROM system.parts WHERE active AND database = "
                    + Sql.literal(database)
                    + " AND table = "
                    + Sql.literal(table))
            .text()
            .strip());
  }

  private void mirror(Space space, String scratch, List<Reached> reached) {
    core.run(space, "DROP DATABASE IF EXISTS " + Sql.identifier(scratch) + " SYNC");
    core.run(space, "CREATE DATABASE " + Sql.identifier(scratch));
    for (var one : reached) {
      if (one.target().isEmpty()) {
        core.run(
            space,
            "CREATE TABLE "
                + Sql.identifier(scratch)
                + "."
                + Sql.identifier(one.name())
                + " AS "
                + Sql.identifier(one.name()));
      }
    }
    for (var one : reached) {
      if (!one.target().isEmpty()) {
        core.run(
            space,
            "CREATE MATERIALIZED VIEW "
                + Sql.identifier(scratch)
                + "."
                + Sql.identifier(one.name())
                + " TO "
                + Sql.identifier(scratch)
                + "."
                + Sql.identifier(one.target())
                + " AS "
                + TablesRead.rename(
                    one.select(),
                    Map.of(space.database() + "." + one.trigger(), scratch + "." + one.trigger())));
      }
    }
  }

  /// The target and all that its views reach, each once.
  private List<Reached> reached(Space space, String target) {
    var tables = new HashMap<String, JsonNode>();
    core.rows(
            space,
            "SELECT name, engine, create_table_query AS ddl, as_select AS select,"
                + " dependencies_table AS views, data_paths[1] AS path, toString(uuid) AS uuid"
                + " FROM system.tables WHERE database = "
                + Sql.literal(space.database()))
        .forEach(row -> tables.put(Json.string(row, "name"), row));
    var targets = new HashMap<String, String>();
    for (var pipe : space.pipes.values()) {
      pipe.nodes().stream()
          .filter(PipeNode::materialized)
          .forEach(node -> targets.put(node.view(), node.target()));
    }
    var reached = new LinkedHashMap<String, Reached>();
    var open = new ArrayDeque<>(List.of(target));
    while (!open.isEmpty()) {
      var name = open.remove();
      var table = tables.get(name);
      if (table == null || reached.containsKey(name)) {
        continue;
      }
      reached.put(
          name,
          new Reached(
              name,
              Json.string(table, "uuid") + Json.string(table, "ddl"),
              "",
              "",
              "",
              Json.string(table, "engine").endsWith("MergeTree"),
              Json.string(table, "path")));
      for (var view : table.path("views")) {
        var viewName = view.stringValue();
        var fed = targets.get(viewName);
        var viewTable = tables.get(viewName);
        if (fed != null && viewTable != null) {
          reached.put(
              viewName,
              new Reached(
                  viewName,
                  Json.string(viewTable, "uuid") + Json.string(viewTable, "ddl"),
                  Json.string(viewTable, "select"),
                  fed,
                  name,
                  false,
                  ""));
          open.add(fed);
        }
      }
    }
    return List.copyOf(reached.values());
  }
}
