package dev.backfill.local;

import dev.backfill.local.Jobs.Job;
import dev.backfill.local.engine.EngineException;
import java.util.Map;
import java.util.Optional;

/// Rows deleted by a condition, in a job; views behind the Data Source don't hear of it [D].
final class Deletes {
  private final Core core;
  private final Jobs jobs;
  private final Queries queries;
  private final Logs logs;

  Deletes(Core core, Jobs jobs, Queries queries, Logs logs) {
    this.core = core;
    this.jobs = jobs;
    this.queries = queries;
    this.logs = logs;
  }

  /// How many rows a condition meets.
  ///
  /// @throws Refusal 400 when it makes no sense
  long count(Space space, Definition definition, String condition) {
    var fits = checked(condition);
    var sql =
        queries.expanded(
            space,
            "SELECT count() FROM " + Sql.identifier(definition.name()) + " WHERE (" + fits + "\n)");
    try {
      core.columns(space, sql);
      return Long.parseLong(core.run(space, sql).text().strip());
    } catch (EngineException e) {
      throw Sql.refusal(e);
    }
  }

  private static String checked(String condition) {
    if (condition.isBlank()) {
      throw new Refusal(400, "the parameter delete_condition is missing");
    }
    return Sql.piece(condition);
  }

  Job start(Space space, Definition definition, String condition) {
    count(space, definition, condition);
    var parameters = Map.of("delete_condition", condition);
    return jobs.submit(
        JobState.waiting(
            core.clock.now(),
            "delete_data",
            space,
            Optional.empty(),
            Optional.of(definition),
            parameters,
            ""),
        job -> run(job, space, definition, condition));
  }

  private void run(Job job, Space space, Definition definition, String condition) {
    space.lock.writeLock().lock();
    try {
      job.pointOfNoReturn();
      var rows = count(space, definition, condition);
      core.run(
          space,
          "ALTER TABLE "
              + Sql.identifier(definition.name())
              + " DELETE WHERE ("
              + condition
              + "\n) SETTINGS mutations_sync = 2");
      job.change(s -> s.finished(rows, Map.of()));
      logs.operation(space, "delete_data", definition, Map.of("rows", rows, "job_id", job.id()));
    } finally {
      space.lock.writeLock().unlock();
    }
  }
}
