package dev.backfill.local;

import dev.backfill.local.Jobs.Job;
import dev.backfill.local.Staging.Takeover;
import dev.backfill.local.engine.EngineException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Copy jobs: one query each, all or nothing for the target and for everything its views fill
/// ([Staging]). Whether the platform's are is open (API reference 13, 16.1), so a fault switches to
/// a plain INSERT SELECT.
final class Copies {
  private static final int REMEMBERED = 32;
  private final Core core;
  private final Jobs jobs;
  private final Queries queries;
  private final Logs logs;
  private final Staging staging;
  private final Map<Asked, Query> allowed = new LinkedHashMap<>();

  Copies(Core core, Jobs jobs, Queries queries, Logs logs, Staging staging) {
    this.core = core;
    this.jobs = jobs;
    this.queries = queries;
    this.logs = logs;
    this.staging = staging;
  }

  /// @throws Refusal 403 when too many copies wait or run; 400 when the query makes no sense
  Job start(Space space, PipeDefinition pipe, Map<String, String> parameters, String mode) {
    var node =
        pipe.copyNode()
            .orElseThrow(
                () -> new Refusal(400, "The pipe '" + pipe.name() + "' is not a copy pipe"));
    var used = mode.isEmpty() ? node.mode() : mode;
    if (!List.of("append", "replace").contains(used)) {
      throw new Refusal(400, "Invalid copy mode '" + used + "': append or replace");
    }
    var target = Resources.dataSource(space, node.target());
    var given = new HashMap<>(parameters);
    given.putIfAbsent("job_timestamp", core.clock.now().substring(0, 19));
    var select = queries.select(space, pipe, node, given);
    var query = query(space, select);
    synchronized (this) {
      if (jobs.active(space, "copy") >= core.faults.copyJobs()) {
        throw new Refusal(
            403,
            "You have reached the maximum number of copy jobs ("
                + core.faults.copyJobs()
                + "). Try again when one of them has finished.");
      }
      var state =
          JobState.waiting(
              core.clock.now(),
              "copy",
              space,
              Optional.of(pipe),
              Optional.of(target),
              parameters,
              used);
      return jobs.submit(
          state, job -> run(job, space, target.name(), query, used.equals("replace")));
    }
  }

  /// Copies what a query finds, from inside a branch; `main.<name>` is production's.
  ///
  /// @throws Refusal 403 outside a branch
  Job fromBranch(Space space, Definition target, String sql) {
    if (!space.branch()) {
      throw new Refusal(403, "rows are copied by a query in branches only");
    }
    var select = queries.expanded(space, sql);
    var query = query(space, select);
    var state =
        JobState.waiting(
            core.clock.now(),
            "copy_from_branch",
            space,
            Optional.empty(),
            Optional.of(target),
            Map.of(),
            "append");
    return jobs.submit(state, job -> run(job, space, target.name(), query, false));
  }

  /// @param columns that it gives, quoted
  private record Query(String select, String columns) {
    String into(Job job, String target) {
      return "INSERT INTO "
          + target
          + " ("
          + columns
          + ") SELECT /*job:"
          + job.id()
          + "*/ "
          + columns
          + " FROM ("
          + select
          + "\n)";
    }
  }

  /// A query that was allowed.
  ///
  /// @param changes what the engine had seen by then
  private record Asked(String space, String select, long changes) {}

  private Query query(Space space, String select) {
    var asking = new Asked(space.id(), select, core.engine.changes());
    synchronized (allowed) {
      var before = allowed.get(asking);
      if (before != null) {
        return before;
      }
    }
    try {
      var columns = core.columns(space, select).stream().map(Sql::identifier).toList();
      var query = new Query(select, String.join(", ", columns));
      synchronized (allowed) {
        allowed.put(asking, query);
        while (allowed.size() > REMEMBERED) {
          allowed.remove(allowed.keySet().iterator().next());
        }
      }
      return query;
    } catch (EngineException e) {
      throw Sql.refusal(e);
    }
  }

  private void run(Job job, Space space, String target, Query query, boolean replace) {
    try {
      var failure = core.faults.takeFailure();
      if (failure.isPresent()) {
        throw new Refusal(400, failure.get());
      }
      if (core.faults.plain()) {
        plain(job, space, target, query, replace);
      } else {
        staged(job, space, target, query, replace);
      }
    } catch (EngineException | Refusal e) {
      if (!job.state().status().equals("cancelling")) {
        var text = e instanceof EngineException x ? "[Error] " + Sql.text(x) : e.getMessage();
        space
            .dataSource(target)
            .ifPresent(source ->
                logs.failure(space, "copy", source, of(job.state()), String.valueOf(text)));
      }
      throw e;
    }
  }

  private void staged(Job job, Space space, String target, Query query, boolean replace) {
    staging.write(
        space,
        new Staging.Order(
            job.id(),
            target,
            Optional.empty(),
            replace ? new Takeover.Swap(core.faults.replaceCascades()) : new Takeover.Add(),
            core.staleness.ofJobs(space),
            core.faults.copyRows()),
        (session, scratch) ->
            session.run(query.into(job, Sql.identifier(scratch) + "." + Sql.identifier(target))),
        new Staging.Steps() {
          @Override
          public void beforeWriting() {
            job.checkpoint();
          }

          @Override
          public void beforeDeciding() {
            job.pointOfNoReturn();
          }

          @Override
          public void done(long rows) {
            note(job, space, target, rows);
            // the journal says so until it is on disk
            job.changeEarly(s -> s.finished(rows, Map.of()));
          }
        });
  }

  private void plain(Job job, Space space, String target, Query query, boolean replace) {
    space.lock.readLock().lock();
    try (var session = core.session(space, core.staleness.ofJobs(space));
        var _ = core.staleness.adding(space)) {
      job.checkpoint();
      if (replace) {
        session.run("TRUNCATE TABLE " + Sql.identifier(target) + " SYNC");
        core.staleness.replaced(space, Set.of(target));
      }
      var before = staging.count(space, space.database(), target);
      session.run(query.into(job, Sql.identifier(target)));
      var rows = staging.count(space, space.database(), target) - before;
      note(job, space, target, rows);
      job.change(s -> s.finished(rows, Map.of()));
    } finally {
      space.lock.readLock().unlock();
    }
  }

  private void note(Job job, Space space, String target, long rows) {
    var state = job.state();
    var row = of(state);
    var elapsed = Duration.between(at(state.startedAt()), at(core.clock.now()));
    row.put("rows", rows);
    row.put("written_rows", rows);
    row.put("elapsed_time", elapsed.toMillis() / 1000.0);
    // whoever dropped it meanwhile doesn't undo the copy
    space.dataSource(target).ifPresent(source -> logs.operation(space, "copy", source, row));
  }

  private static Map<String, Object> of(JobState state) {
    var row = Json.map();
    row.put("job_id", state.id());
    row.put("pipe_id", state.pipeId());
    row.put("pipe_name", state.pipeName());
    return row;
  }

  private static LocalDateTime at(String text) {
    return LocalDateTime.parse(text.replace(' ', 'T'));
  }
}
