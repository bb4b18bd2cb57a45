package dev.backfill.local;

import dev.backfill.local.Jobs.Job;
import dev.backfill.local.engine.EngineException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
                Clock.now(),
                main.commit(),
                main.semver()));
    core.run(core.main, "CREATE DATABASE " + Sql.identifier(branch.database()));
    logs.create(branch);
    core.add(branch);
    var state =
        JobState.waiting("branch", core.main, Optional.empty(), Optional.empty(), Map.of(), "");
    return new Begun(jobs.submit(state, job -> fill(job, branch, data, ignored)), branch);
  }

  private void fill(Job job, Space branch, String data, List<String> ignored) {
    var done = new ArrayList<Map<String, Object>>();
    // nothing is ingested while tables are cloned, so a source and its views' targets agree
    core.main.lock.writeLock().lock();
    try {
      for (var source : core.main.dataSources.values()) {
        core.run(branch, source.create(branch.database()));
        core.run(branch, source.createQuarantine(branch.database()));
        if (source.stores() && !data.isEmpty() && !ignored.contains(source.name())) {
          done.add(
              Map.of(
                  "datasource",
                  Map.of("id", source.id(), "name", source.name()),
                  "partitions",
                  attach(branch, source, data)));
        }
        core.save(branch, source);
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
        JobState.waiting("branch", core.main, Optional.empty(), Optional.empty(), Map.of(), "");
    return jobs.submit(state, job -> add(job, branch, data, ignored));
  }

  private void add(Job job, Space branch, String data, List<String> ignored) {
    var done = new ArrayList<Map<String, Object>>();
    core.main.lock.writeLock().lock();
    try {
      for (var source : core.main.dataSources.values()) {
        if (source.stores()
            && branch.dataSources.containsKey(source.name())
            && !ignored.contains(source.name())) {
          done.add(
              Map.of(
                  "datasource",
                  Map.of("id", source.id(), "name", source.name()),
                  "partitions",
                  attached(branch, source, data)));
        }
      }
    } finally {
      core.main.lock.writeLock().unlock();
    }
    job.change(s -> s.finished(0, Map.of("partitions", done)));
  }

  private List<Map<String, String>> attached(Space branch, Definition source, String data) {
    try {
      return attach(branch, source, data);
    } catch (EngineException e) {
      // the branch's own definition may be another one
      return List.of(Map.of("partition", "", "status", "error", "error", Sql.text(e)));
    }
  }

  private List<Map<String, String>> attach(Space branch, Definition source, String data) {
    var partitions =
        core
            .rows(
                core.main,
                "SELECT partition_id AS id, any(partition) AS name FROM system.parts"
                    + " WHERE active AND rows > 0 AND database = "
                    + Sql.literal(core.main.database())
                    + " AND table = "
                    + Sql.literal(source.name())
                    + " GROUP BY partition_id ORDER BY max(max_time) DESC, max(max_date) DESC,"
                    + " partition_id DESC"
                    + (data.equals("last_partition") ? " LIMIT 1" : ""))
            .stream()
            .toList();
    var attached = new ArrayList<Map<String, String>>();
    for (var partition : partitions) {
      core.run(
          branch,
          "ALTER TABLE "
              + Sql.identifier(source.name())
              + " ATTACH PARTITION ID "
              + Sql.literal(Json.string(partition, "id"))
              + " FROM "
              + Sql.identifier(core.main.database())
              + "."
              + Sql.identifier(source.name()));
      attached.add(Map.of("partition", Json.string(partition, "name"), "status", "ok"));
    }
    return attached;
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
