package dev.backfill.local;

import dev.backfill.local.engine.Engine;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Makes engine and disk agree after whatever happened to the process before us.
final class Boot {
  private final Core core;
  private final Logs logs;
  private final Jobs jobs;
  private final Resources resources;

  Boot(Core core, Logs logs, Jobs jobs, Resources resources) {
    this.core = core;
    this.logs = logs;
    this.jobs = jobs;
    this.resources = resources;
  }

  void run() {
    loadSpaces();
    var journals = Journal.all(core.store);
    journals.forEach(journal -> journal.attach(core.engine, _ -> {}));
    var kept = new java.util.ArrayList<JobState>();
    for (var job : core.store.readAll(JobState.class, "jobs")) {
      var finished =
          journals.stream()
              .filter(journal -> journal.job().equals(job.id()) && !job.terminal())
              .findFirst()
              .map(
                  journal -> job.finished(journal.rows(), java.util.Map.of()).at(core.clock.now()));
      finished.ifPresent(state -> core.store.write(state, "jobs", state.id() + ".json"));
      kept.add(finished.orElse(job));
    }
    journals.forEach(journal -> Journal.remove(core.store, journal.job()));
    dropStrayDatabases(core.engine);
    core.spaces().forEach(this::reconcile);
    jobs.load(kept);
  }

  private void loadSpaces() {
    for (var id : core.store.names("spaces")) {
      core.store
          .read(Space.Identity.class, "spaces", id, "space.json")
          .ifPresent(identity -> {
            var space = id.equals(core.main.id()) ? core.main : new Space(identity);
            core.store
                .readAll(Definition.class, "spaces", id, "datasources")
                .forEach(d -> space.dataSources.put(d.name(), d));
            core.store
                .readAll(PipeDefinition.class, "spaces", id, "pipes")
                .forEach(p -> space.pipes.put(p.name(), p));
            core.store
                .readAll(Tokens.Kept.class, "spaces", id, "tokens")
                .forEach(t -> space.tokens.put(t.id(), t));
            core.add(space);
          });
      if (core.byId(id).isEmpty()) {
        core.store.delete("spaces", id);
      }
    }
  }

  /// Unfinished branches and copies.
  private void dropStrayDatabases(Engine engine) {
    var known = new HashSet<String>();
    core.spaces().forEach(space -> known.add(space.database()));
    try (var session = engine.session()) {
      session
          .run("SELECT name FROM system.databases WHERE startsWith(name, " + prefix() + ")")
          .text()
          .lines()
          .filter(name -> !known.contains(name))
          .forEach(name -> session.run("DROP DATABASE " + Sql.identifier(name) + " SYNC"));
    }
  }

  private String prefix() {
    return Sql.literal(core.prefix + "_");
  }

  private void reconcile(Space space) {
    core.run(core.main, "CREATE DATABASE IF NOT EXISTS " + Sql.identifier(space.database()));
    var expected = new HashSet<>(Logs.TABLES);
    space.dataSources.keySet().forEach(name -> expected.addAll(Set.of(name, name + "_quarantine")));
    for (var pipe : space.pipes.values()) {
      for (var node : pipe.nodes()) {
        if (node.materialized()) {
          expected.add(node.view());
        }
      }
    }
    var there = new HashSet<String>();
    // views first, so that no table goes while something writes into it
    for (var row :
        core.rows(
            space,
            "SELECT name FROM system.tables WHERE database = "
                + Sql.literal(space.database())
                + " ORDER BY engine != 'MaterializedView'")) {
      var name = Json.string(row, "name");
      if (expected.contains(name)) {
        there.add(name);
      } else {
        core.run(space, "DROP TABLE " + Sql.identifier(name) + " SYNC");
      }
    }
    logs.create(space);
    for (var pipe : space.pipes.values()) {
      for (var node : pipe.nodes()) {
        if (node.materialized() && !there.contains(node.view())) {
          resources.createView(space, pipe, node);
        }
      }
    }
    for (var name : missing(space, there)) {
      throw new dev.backfill.failure.Failure.Usage(
          "the data directory is damaged: the table of the Data Source "
              + name
              + " is gone. Restore the directory, or start with an empty one.");
    }
  }

  private static List<String> missing(Space space, Set<String> there) {
    return space.dataSources.keySet().stream().filter(name -> !there.contains(name)).toList();
  }
}
