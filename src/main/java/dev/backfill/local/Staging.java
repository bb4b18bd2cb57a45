package dev.backfill.local;

import dev.backfill.local.PipeDefinition.PipeNode;
import dev.backfill.local.Prepared.Mirror;
import dev.backfill.local.engine.Session;
import dev.backfill.sql.TablesRead;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// Rows on their way into a Data Source and into everything its views fill: all or nothing.
///
/// The rows are written into a scratch database that mirrors the target, the tables its views
/// reach, and those views. Then a journal is written, and every table's parts are attached to the
/// real ones. From the journal on it is done, whatever happens to the process: [Journal] finishes
/// it at the next start. Queries read the real tables.
final class Staging {
  private static final int TRIES = 3;
  private final Core core;
  private final Prepared ready;
  private final Map<Space, Facts> known = new WeakHashMap<>();

  Staging(Core core) {
    this.core = core;
    this.ready = new Prepared(core);
  }

  /// Drops what was prepared for writes that didn't come.
  void close() {
    ready.close();
  }

  /// A table or view that rows reach.
  ///
  /// @param target of a view, else empty
  /// @param trigger table whose inserts start a view, else empty
  /// @param stores whether it keeps rows
  record Reached(
      String name,
      String ddl,
      String select,
      String target,
      String trigger,
      boolean stores,
      String path) {}

  /// What becomes of rows that are there already.
  sealed interface Takeover {
    /// They stay.
    record Add() implements Takeover {}

    /// They go.
    ///
    /// @param cascade those behind the target's views too; else rows are added there
    record Swap(boolean cascade) implements Takeover {}

    /// Those of some partitions go, behind the views too.
    ///
    /// @param ids asked when everything is staged
    /// @param except tables that are left alone
    record Partitions(Supplier<List<String>> ids, Set<String> except) implements Takeover {}
  }

  /// Writes the rows.
  interface Filling {
    /// @param session without a time limit of its own, in the real database
    /// @param scratch database to write into; tables are named as in the real one
    void fill(Session session, String scratch);
  }

  /// What is asked for.
  ///
  /// @param id of the journal
  /// @param target Data Source that is written
  /// @param source the view whose query makes the rows, when it is a populate: its trigger is
  ///   mirrored by a table that keeps nothing
  /// @param takeover what becomes of the rows that are there
  /// @param most rows that may be written into the target
  record Order(
      String id,
      String target,
      Optional<Reached> source,
      Takeover takeover,
      Map<String, String> limits,
      long most) {}

  /// Told about the steps.
  interface Steps {
    Steps NONE =
        new Steps() {
          @Override
          public void beforeWriting() {}

          @Override
          public void beforeDeciding() {}

          @Override
          public void done(long rows) {}
        };

    /// May refuse.
    void beforeWriting();

    /// The last moment to refuse.
    void beforeDeciding();

    /// Everything is attached; the journal goes when this returns.
    void done(long rows);
  }

  /// @return rows that the target got
  /// @throws Refusal when too many rows were made, or the tables were changed again and again
  long write(Space space, Order order, Filling filling, Steps steps) {
    for (var left = TRIES; left > 0; left--) {
      var rows = tryOnce(space, order, filling, steps);
      if (rows.isPresent()) {
        return rows.getAsLong();
      }
    }
    throw new Refusal(400, "[Error] the Data Source was changed while it was written into");
  }

  private OptionalLong tryOnce(Space space, Order order, Filling filling, Steps steps) {
    var scratch = Journal.scratch(core, order.id());
    var again = order.source().isEmpty() && order.takeover() instanceof Takeover.Add;
    try {
      var mirror = again ? ready(space, order.target()) : Optional.<Mirror>empty();
      if (mirror.isEmpty()) {
        mirror = Optional.of(mirrored(space, scratch, order.source(), order.target()));
      }
      scratch = mirror.get().database();
      var reached = mirror.get().reached();
      try (var session = core.session(space, order.limits())) {
        steps.beforeWriting();
        filling.fill(session, scratch);
      }
      long rows;
      space.lock.writeLock().lock();
      try {
        rows = rows(space, scratch, order.target());
        if (rows > order.most()) {
          throw new Refusal(400, "[Error] " + Sql.MEMORY);
        }
        if (!reached.equals(reached(space, order.target()))) {
          return OptionalLong.empty();
        }
        steps.beforeDeciding();
        attach(space, mirror.get(), order, rows);
      } finally {
        space.lock.writeLock().unlock();
      }
      steps.done(rows);
      Journal.remove(core.store, order.id());
      if (again) {
        ready.again(
            space, order.target(), next -> mirrored(space, next, Optional.empty(), order.target()));
      }
      return OptionalLong.of(rows);
    } finally {
      if (!Journal.exists(core.store, order.id())) {
        core.aside(space, "DROP DATABASE IF EXISTS " + Sql.identifier(scratch) + " SYNC");
      }
    }
  }

  private Optional<Mirror> ready(Space space, String target) {
    space.lock.readLock().lock();
    try {
      return ready.take(space, target, reached(space, target));
    } finally {
      space.lock.readLock().unlock();
    }
  }

  private Mirror mirrored(Space space, String scratch, Optional<Reached> source, String target) {
    space.lock.readLock().lock();
    try {
      var reached = reached(space, target);
      mirror(space, scratch, source, reached);
      var paths = new HashMap<String, String>();
      core.rows(
              space,
              "SELECT name, data_paths[1] AS path FROM system.tables WHERE database = "
                  + Sql.literal(scratch))
          .forEach(row -> paths.put(Json.string(row, "name"), Json.string(row, "path")));
      return new Mirror(scratch, reached, paths);
    } finally {
      space.lock.readLock().unlock();
    }
  }

  private long rows(Space space, String database, String table) {
    var name = Sql.identifier(database) + "." + Sql.identifier(table);
    return Long.parseLong(core.run(space, "SELECT count() FROM " + name).text().strip());
  }

  private void attach(Space space, Mirror mirror, Order order, long rows) {
    var tables = new ArrayList<Journal.Table>();
    var partitions =
        order.takeover() instanceof Takeover.Partitions some ? some.ids().get() : List.<String>of();
    for (var one : mirror.reached()) {
      if (one.stores() && touched(order.takeover(), one.name())) {
        tables.add(
            new Journal.Table(
                one.name(),
                relative(Objects.requireNonNull(mirror.paths().get(one.name()), one.name())),
                relative(one.path()),
                how(order, one.name()),
                partitions));
      }
    }
    var journal = new Journal(order.id(), space.database(), mirror.database(), rows, tables);
    core.faults.attached(-1);
    journal.write(core.store);
    try (var _ = core.staleness.adding(space)) {
      journal.attach(core.engine, core.faults::attached);
    }
    core.staleness.replaced(
        space,
        tables.stream()
            .filter(table -> table.how() != Journal.How.ADD)
            .map(Journal.Table::name)
            .collect(Collectors.toSet()));
  }

  private static boolean touched(Takeover takeover, String table) {
    return !(takeover instanceof Takeover.Partitions some) || !some.except().contains(table);
  }

  private static Journal.How how(Order order, String table) {
    return switch (order.takeover()) {
      case Takeover.Add() -> Journal.How.ADD;
      case Takeover.Swap(var cascade) ->
          cascade || table.equals(order.target()) ? Journal.How.SWAP : Journal.How.ADD;
      case Takeover.Partitions some -> Journal.How.PARTITIONS;
    };
  }

  private String relative(String path) {
    return core.engine.data().relativize(Path.of(path)).toString();
  }

  /// Rows in a table, by its parts.
  long count(Space space, String database, String table) {
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

  private void mirror(
      Space space, String scratch, Optional<Reached> source, List<Reached> reached) {
    core.aside(space, "DROP DATABASE IF EXISTS " + Sql.identifier(scratch) + " SYNC");
    core.aside(space, "CREATE DATABASE " + Sql.identifier(scratch));
    for (var one : reached) {
      if (one.target().isEmpty()) {
        core.aside(
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
        view(space, scratch, scratch, one);
      }
    }
    source.ifPresent(view -> feed(space, scratch, scratch, view));
  }

  /// A table that keeps nothing, whose inserts start a copy of the view.
  ///
  /// @param into database of the view's target
  void feed(Space space, String scratch, String into, Reached view) {
    var columns =
        core
            .rows(
                space,
                "SELECT name, type FROM system.columns WHERE default_kind != 'ALIAS' AND database = "
                    + Sql.literal(space.database())
                    + " AND table = "
                    + Sql.literal(view.trigger())
                    + " ORDER BY position")
            .stream()
            .map(row -> Sql.identifier(Json.string(row, "name")) + " " + Json.string(row, "type"))
            .toList();
    core.aside(
        space,
        "CREATE TABLE "
            + Sql.identifier(scratch)
            + "."
            + Sql.identifier(view.trigger())
            + " ("
            + String.join(", ", columns)
            + ") ENGINE = Null");
    view(space, scratch, into, view);
  }

  private void view(Space space, String scratch, String into, Reached view) {
    core.aside(
        space,
        "CREATE MATERIALIZED VIEW "
            + Sql.identifier(scratch)
            + "."
            + Sql.identifier(view.name())
            + " TO "
            + Sql.identifier(into)
            + "."
            + Sql.identifier(view.target())
            + " AS "
            + TablesRead.rename(
                view.select(),
                Map.of(space.database() + "." + view.trigger(), scratch + "." + view.trigger())));
  }

  /// What the engine said of a space's tables, by name, when so much had changed in it.
  private record Facts(long changes, Map<String, JsonNode> tables) {}

  private Map<String, JsonNode> tables(Space space) {
    var changes = core.engine.changes();
    synchronized (known) {
      var facts = known.get(space);
      if (facts != null && facts.changes() == changes) {
        return facts.tables();
      }
    }
    var tables = new HashMap<String, JsonNode>();
    core.rows(
            space,
            "SELECT name, engine, create_table_query AS ddl, as_select AS select,"
                + " dependencies_table AS views, data_paths[1] AS path, toString(uuid) AS uuid"
                + " FROM system.tables WHERE database = "
                + Sql.literal(space.database())
                + " AND NOT startsWith(name, '"
                + Logs.PREFIX
                + "')")
        .forEach(row -> tables.put(Json.string(row, "name"), row));
    synchronized (known) {
      known.put(space, new Facts(changes, tables));
    }
    return tables;
  }

  /// The view behind a node, with the table that triggers it; empty when the engine has none.
  Optional<Reached> viewOf(Space space, PipeNode node) {
    var tables = tables(space);
    return Optional.ofNullable(tables.get(node.view()))
        .flatMap(view ->
            tables.entrySet().stream()
                .filter(table -> lists(table.getValue(), node.view()))
                .map(table -> view(view, node.target(), table.getKey()))
                .findFirst());
  }

  private static boolean lists(JsonNode table, String view) {
    for (var one : table.path("views")) {
      if (one.stringValue().equals(view)) {
        return true;
      }
    }
    return false;
  }

  private static Reached view(JsonNode view, String target, String trigger) {
    return new Reached(
        Json.string(view, "name"),
        Json.string(view, "uuid") + Json.string(view, "ddl"),
        Json.string(view, "select"),
        target,
        trigger,
        false,
        "");
  }

  /// The target and all that its views reach, each once.
  List<Reached> reached(Space space, String target) {
    var tables = tables(space);
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
          reached.put(viewName, view(viewTable, fed, name));
          open.add(fed);
        }
      }
    }
    return List.copyOf(reached.values());
  }
}
