package dev.backfill.local;

import dev.backfill.local.Jobs.Job;
import dev.backfill.local.PipeDefinition.PipeNode;
import dev.backfill.local.Staging.Reached;
import dev.backfill.local.Staging.Takeover;
import dev.backfill.local.engine.EngineException;
import dev.backfill.local.engine.Session;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import tools.jackson.databind.JsonNode;

/// Populates: what is in the source of a Materialized View, put through its query into its target,
/// partition by partition of the source (API reference 8).
///
/// A step is one partition, all or nothing; finished steps stay when a later one fails [D]. The
/// first populate of a node that fails unlinks it, later ones only when asked to [C][D]. Nothing
/// keeps a populate from taking rows that the view took already, when they arrived [D].
final class Populates {
  private static final double LARGEST_SUBSET = 0.1;
  private static final long MOST_ROWS = 2_000_000;
  private final Core core;
  private final Jobs jobs;
  private final Queries queries;
  private final Resources resources;
  private final Logs logs;
  private final Staging staging;

  Populates(
      Core core, Jobs jobs, Queries queries, Resources resources, Logs logs, Staging staging) {
    this.core = core;
    this.jobs = jobs;
    this.queries = queries;
    this.resources = resources;
    this.logs = logs;
    this.staging = staging;
  }

  /// How a node is populated.
  ///
  /// @param condition on rows of the source, empty for all
  /// @param subset part of the source's rows to take, 0 for all; wins over the condition
  private record Wish(String condition, double subset, boolean truncate, boolean unlink) {}

  /// A partition and how many rows of it are taken at most.
  private record Step(String partition, long most) {}

  /// @param nodeName empty when the Pipe has one materialized node only
  /// @throws Refusal 400 when the node doesn't materialize or a parameter makes no sense
  Job start(Space space, PipeDefinition pipe, String nodeName, Map<String, String> parameters) {
    var node = node(pipe, nodeName);
    var view =
        staging
            .viewOf(space, node)
            .orElseThrow(() -> new Refusal(409, "the node '" + node.name() + "' has no view"));
    var wish = wish(parameters);
    if (!wish.condition().isEmpty()) {
      core.columns(space, rows(space, view, wish, new Step("", Long.MAX_VALUE)));
    }
    var target = Resources.dataSource(space, node.target());
    var kept = new HashMap<String, String>();
    kept.put("node", node.name());
    kept.put("populate_condition", wish.condition());
    kept.put("truncate", Boolean.toString(wish.truncate()));
    kept.put("unlink_on_populate_error", Boolean.toString(wish.unlink()));
    logs.operation(space, "populateview-queued", target, Map.of("pipe_name", pipe.name()));
    return jobs.submit(
        JobState.waiting(
            core.clock.now(),
            "populateview",
            space,
            Optional.of(pipe),
            Optional.of(target),
            kept,
            ""),
        job -> run(job, space, pipe.name(), node, wish));
  }

  private static PipeNode node(PipeDefinition pipe, String nodeName) {
    if (!nodeName.isEmpty()) {
      var node = Resources.node(pipe, nodeName);
      if (!node.materialized()) {
        throw new Refusal(400, "the node '" + nodeName + "' is not materialized");
      }
      return node;
    }
    var views = pipe.nodes().stream().filter(PipeNode::materialized).toList();
    if (views.size() != 1) {
      throw new Refusal(400, "the pipe '" + pipe.name() + "' has " + views.size() + " such nodes");
    }
    return views.getFirst();
  }

  private Wish wish(Map<String, String> parameters) {
    var truncate = parameters.get("truncate");
    var subset = parameters.getOrDefault("populate_subset", "");
    double share = 0;
    if (!subset.isEmpty()) {
      try {
        share = Double.parseDouble(subset);
      } catch (NumberFormatException e) {
        share = -1;
      }
      if (!(share > 0 && share <= LARGEST_SUBSET)) {
        throw new Refusal(400, "populate_subset must be more than 0 and at most 0.1: " + subset);
      }
    }
    return new Wish(
        share > 0 ? "" : Sql.piece(parameters.getOrDefault("populate_condition", "")).strip(),
        share,
        // the platform's default is unknown [?]
        truncate == null ? core.faults.populateTruncates() : truncate.equals("true"),
        parameters.getOrDefault("unlink_on_populate_error", "false").equals("true"));
  }

  private void run(Job job, Space space, String pipe, PipeNode node, Wish wish) {
    try {
      if (wish.truncate()) {
        resources.truncate(space, Resources.dataSource(space, node.target()));
      }
      var view =
          staging
              .viewOf(space, node)
              .orElseThrow(() -> new Refusal(400, "the Materialized View was unlinked"));
      var steps = steps(space, view.trigger(), wish);
      var rows = 0L;
      for (var i = 0; i < steps.size(); i++) {
        job.checkpoint();
        var failure = core.faults.takePopulateFailure(i);
        if (failure.isPresent()) {
          throw new Refusal(400, failure.get());
        }
        rows += step(job, space, view, wish, steps.get(i), i);
        var share = (i + 1.0) / steps.size();
        var soFar = rows;
        job.change(s -> s.progressed(soFar, share));
        core.faults.populated(i + 1);
      }
      var all = rows;
      noteOperations(job, space, node, pipe, "ok", "");
      job.change(s -> s.finished(all, Map.of()));
    } catch (CancellationException e) {
      throw e;
    } catch (EngineException | Refusal e) {
      var text = e instanceof EngineException x ? "[Error] " + Sql.text(x) : e.getMessage();
      var cancelled = e instanceof EngineException x && x.code() == 394;
      if (!cancelled && (wish.unlink() || neverFailed(job, space, node))) {
        unlink(space, pipe, node);
      }
      noteOperations(job, space, node, pipe, "error", String.valueOf(text));
      throw e;
    }
  }

  private boolean neverFailed(Job job, Space space, PipeNode node) {
    return jobs.of(space, "populateview")
        .noneMatch(state ->
            !state.id().equals(job.id())
                && state.status().equals("error")
                && state.pipeId().equals(job.state().pipeId())
                && node.name().equals(state.parameters().get("node")));
  }

  private void unlink(Space space, String pipe, PipeNode node) {
    if (space
        .pipe(pipe)
        .flatMap(p -> p.node(node.id()))
        .filter(PipeNode::materialized)
        .isPresent()) {
      resources.unlink(space, pipe, node.id());
    }
  }

  private List<Step> steps(Space space, String trigger, Wish wish) {
    var partitions =
        core.rows(
            space,
            "SELECT partition_id AS id, sum(rows) AS n FROM system.parts"
                + " WHERE active AND rows > 0 AND database = "
                + Sql.literal(space.database())
                + " AND table = "
                + Sql.literal(trigger)
                + " GROUP BY partition_id ORDER BY partition_id");
    var left = MOST_ROWS;
    var steps = new java.util.ArrayList<Step>();
    for (JsonNode partition : partitions) {
      var most = Long.MAX_VALUE;
      if (wish.subset() > 0) {
        var share = Math.ceil(partition.path("n").asLong() * wish.subset());
        most = Math.min(left, (long) share);
        left -= most;
      }
      if (most > 0) {
        steps.add(new Step(Json.string(partition, "id"), most));
      }
    }
    return steps;
  }

  private long step(Job job, Space space, Reached view, Wish wish, Step step, int number) {
    var id = job.id() + "_" + number;
    if (core.faults.plain()) {
      return plain(job, space, view, wish, step, Journal.scratch(core, id));
    }
    return staging.write(
        space,
        new Staging.Order(
            id,
            view.target(),
            Optional.of(view),
            new Takeover.Add(),
            core.staleness.ofJobs(space),
            core.faults.copyRows()),
        (session, scratch) -> fill(job, space, session, scratch, view, wish, step),
        new Staging.Steps() {
          @Override
          public void beforeWriting() {
            job.checkpoint();
          }

          @Override
          public void beforeDeciding() {
            job.checkpoint();
          }

          @Override
          public void done(long rows) {}
        });
  }

  private long plain(Job job, Space space, Reached view, Wish wish, Step step, String scratch) {
    core.run(space, "CREATE DATABASE " + Sql.identifier(scratch));
    space.lock.readLock().lock();
    try (var session = core.session(space, core.staleness.ofJobs(space));
        var _ = core.staleness.adding(space)) {
      staging.feed(space, scratch, space.database(), view);
      var before = staging.count(space, space.database(), view.target());
      fill(job, space, session, scratch, view, wish, step);
      return staging.count(space, space.database(), view.target()) - before;
    } finally {
      space.lock.readLock().unlock();
      core.run(space, "DROP DATABASE IF EXISTS " + Sql.identifier(scratch) + " SYNC");
    }
  }

  private void fill(
      Job job, Space space, Session session, String scratch, Reached view, Wish wish, Step step) {
    session.run(
        "INSERT INTO "
            + Sql.identifier(scratch)
            + "."
            + Sql.identifier(view.trigger())
            + " SELECT /*job:"
            + job.id()
            + "*/ * FROM ("
            + rows(space, view, wish, step)
            + "\n)");
  }

  /// The rows of a step, all stored columns in order.
  private String rows(Space space, Reached view, Wish wish, Step step) {
    var columns =
        Resources.dataSource(space, view.trigger()).columns().stream()
            .map(column -> Sql.identifier(column.name()))
            .toList();
    var select =
        "SELECT "
            + String.join(", ", columns)
            + " FROM "
            + Sql.identifier(view.trigger())
            + " WHERE _partition_id = "
            + Sql.literal(step.partition())
            + (wish.condition().isEmpty() ? "" : " AND (" + wish.condition() + "\n)")
            + (step.most() == Long.MAX_VALUE ? "" : " LIMIT " + step.most());
    return wish.condition().isEmpty() ? select : queries.expanded(space, select);
  }

  /// One entry per Data Source that was written, all under one operation.
  private void noteOperations(
      Job job, Space space, PipeNode node, String pipe, String result, String error) {
    for (var one : staging.reached(space, node.target())) {
      if (one.target().isEmpty()) {
        space
            .dataSource(one.name())
            .ifPresent(source -> {
              var more = new HashMap<String, Object>();
              more.put("operation_id", job.id());
              more.put("job_id", job.id());
              more.put("pipe_id", job.state().pipeId());
              more.put("pipe_name", pipe);
              more.put("result", result);
              more.put("error", error.isEmpty() ? null : error);
              if (one.name().equals(node.target())) {
                more.put("rows", job.state().rows());
                more.put("written_rows", job.state().rows());
              }
              logs.operation(space, "populateview", source, more);
            });
      }
    }
  }
}
