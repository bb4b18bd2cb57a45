package dev.backfill.local;

import dev.backfill.local.Jobs.Job;
import dev.backfill.local.engine.EngineException;
import dev.backfill.local.engine.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// Branches: a copy of the main workspace's resources, with no rows, the last partition or all of
/// them, in a database of its own.
final class Branches {
  private final Core core;
  private final Jobs jobs;
  private final Logs logs;
  private final Resources resources;

  Branches(Core core, Jobs jobs, Logs logs, Resources resources) {
    this.core = core;
    this.jobs = jobs;
    this.logs = logs;
    this.resources = resources;
  }

  /// What was begun.
  record Begun(Job job, Space branch) {}

  /// @param data `last_partition`, `all_partitions` or empty
  synchronized Begun create(String name, String data, List<String> ignored) {
    if (!name.matches("[A-Za-z0-9_]+")) {
      throw new Refusal(400, "Invalid branch name '" + name + "': letters, digits, underscores");
    }
    if (!List.of("", "last_partition", "all_partitions").contains(data)) {
      throw new Refusal(400, "Invalid value for data: " + data);
    }
    if (core.space(name).isPresent()) {
      throw new Refusal(409, "There is already a Branch or Workspace with name \"" + name + "\"");
    }
    core.faults.limit("branches", core.branches().size() + 1);
    var id = Clock.uuid();
    var main = core.main.identity();
    var branch =
        new Space(
            new Space.Identity(
                id,
                name,
                LocalWorkspace.token(id),
                core.prefix + "_" + id.replace("-", ""),
                main.id(),
                core.clock.now(),
                main.commit(),
                main.semver()));
    core.run(core.main, "CREATE DATABASE " + Sql.identifier(branch.database()));
    logs.create(branch);
    core.add(branch);
    var state =
        JobState.waiting(
            core.clock.now(),
            "branch",
            core.main,
            Optional.empty(),
            Optional.empty(),
            Map.of(),
            "");
    return new Begun(jobs.submit(state, job -> fill(job, branch, data, ignored)), branch);
  }

  private void fill(Job job, Space branch, String data, List<String> ignored) {
    var done = new ArrayList<Map<String, Object>>();
    // nothing is ingested while tables are cloned, so a source and its views' targets agree
    core.main.lock.writeLock().lock();
    try {
      var partitions = data.isEmpty() ? Map.<String, List<JsonNode>>of() : partitions(data);
      try (var session = core.session(branch)) {
        for (var source : core.main.dataSources.values()) {
          session.run(source.create(branch.database()));
          session.run(source.createQuarantine(branch.database()));
          if (source.stores() && !data.isEmpty() && !ignored.contains(source.name())) {
            done.add(attached(session, source, data, partitions));
          }
          core.save(branch, source);
        }
      }
      for (var pipe : core.main.pipes.values()) {
        branch.pipes.put(pipe.name(), pipe);
      }
      for (var pipe : core.main.pipes.values()) {
        pipe.nodes().stream()
            .filter(PipeDefinition.PipeNode::materialized)
            .forEach(node -> resources.createView(branch, pipe, node));
        core.save(branch, pipe);
      }
      core.saveSpace(branch);
    } catch (RuntimeException e) {
      drop(branch);
      throw e;
    } finally {
      core.main.lock.writeLock().unlock();
    }
    job.change(s -> s.finished(0, Map.of("partitions", done)));
  }

  /// Adds rows of main to a branch that is there already; a partition that was added before is
  /// added again.
  ///
  /// @param data `last_partition` or `all_partitions`
  Job add(Space branch, String data, List<String> ignored) {
    if (!List.of("last_partition", "all_partitions").contains(data)) {
      throw new Refusal(400, "Invalid value for mode: " + data);
    }
    var state =
        JobState.waiting(
            core.clock.now(), "branch", branch, Optional.empty(), Optional.empty(), Map.of(), "");
    return jobs.submit(state, job -> add(job, branch, data, ignored));
  }

  private void add(Job job, Space branch, String data, List<String> ignored) {
    var done = new ArrayList<Map<String, Object>>();
    core.main.lock.writeLock().lock();
    try {
      var partitions = partitions(data);
      try (var session = core.session(branch)) {
        for (var source : core.main.dataSources.values()) {
          if (source.stores()
              && branch.dataSources.containsKey(source.name())
              && !ignored.contains(source.name())) {
            done.add(attached(session, source, data, partitions));
          }
        }
      }
    } finally {
      core.main.lock.writeLock().unlock();
    }
    job.change(s -> s.finished(0, Map.of("partitions", done)));
  }

  /// The partitions to take, by table, newest first.
  private Map<String, List<JsonNode>> partitions(String data) {
    return core
        .rows(
            core.main,
            "SELECT table, partition_id AS id, any(partition) AS name FROM system.parts"
                + " WHERE active AND rows > 0 AND database = "
                + Sql.literal(core.main.database())
                + " GROUP BY table, id ORDER BY table, max(max_time) DESC, max(max_date) DESC,"
                + " id DESC"
                + (data.equals("last_partition") ? " LIMIT 1 BY table" : ""))
        .stream()
        .collect(Collectors.groupingBy(row -> Json.string(row, "table")));
  }

  /// Hard links, so it takes no longer for more rows.
  private Map<String, Object> attached(
      Session session, Definition source, String data, Map<String, List<JsonNode>> partitions) {
    var done = new ArrayList<Map<String, String>>();
    var some = partitions.getOrDefault(source.name(), List.of());
    var statement = "ALTER TABLE " + Sql.identifier(source.name()) + " ATTACH PARTITION ";
    var from =
        " FROM " + Sql.identifier(core.main.database()) + "." + Sql.identifier(source.name());
    try {
      if (data.equals("all_partitions") && !some.isEmpty()) {
        session.run(statement + "ALL" + from);
      }
      for (var partition : some) {
        if (data.equals("last_partition")) {
          session.run(statement + "ID " + Sql.literal(Json.string(partition, "id")) + from);
        }
        done.add(Map.of("partition", Json.string(partition, "name"), "status", "ok"));
      }
    } catch (EngineException e) {
      // the branch's own definition may be another one
      done.add(Map.of("partition", "", "status", "error", "error", Sql.text(e)));
    }
    return Map.of(
        "datasource", Map.of("id", source.id(), "name", source.name()), "partitions", done);
  }

  Optional<Space> find(String nameOrId) {
    return core.space(nameOrId).filter(Space::branch);
  }

  void delete(String nameOrId) {
    drop(
        find(nameOrId)
            .orElseThrow(() -> new Refusal(404, "Branch \"" + nameOrId + "\" not found")));
  }

  private void drop(Space branch) {
    // what makes it a branch goes first: whoever dies here leaves none, and never half of one
    core.store.delete("spaces", branch.id(), "space.json");
    core.store.delete("spaces", branch.id());
    core.remove(branch);
    core.run(core.main, "DROP DATABASE IF EXISTS " + Sql.identifier(branch.database()) + " SYNC");
  }

  static Map<String, Object> json(Space branch, boolean withToken) {
    var json = branch.json();
    if (!withToken) {
      json.remove("token");
    }
    return json;
  }
}
