package dev.backfill.local;

import dev.backfill.local.engine.Engine;
import dev.backfill.local.engine.EngineException;
import dev.backfill.local.engine.Result;
import dev.backfill.local.engine.Session;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import tools.jackson.databind.JsonNode;

/// What every part of the workspace needs: the engine, the state on disk, the spaces, the faults.
final class Core {
  final Engine engine;
  final Store store;
  final Faults faults;
  final Clock clock;
  final Staleness staleness = new Staleness(this);

  /// Begins the name of every database of this workspace.
  final String prefix;

  final Space main;
  private final Gate gate;
  private final Map<String, Space> spaces = new ConcurrentSkipListMap<>();

  Core(Engine engine, Store store, Faults faults, Space main) {
    this.engine = engine;
    this.store = store;
    this.faults = faults;
    this.clock = new Clock(faults::clockOffsetSeconds);
    this.main = main;
    this.prefix = main.database();
    try (var session = engine.session()) {
      gate = new Gate(session);
    }
    add(main);
  }

  void add(Space space) {
    spaces.put(space.id(), space);
  }

  void remove(Space space) {
    spaces.remove(space.id());
  }

  Collection<Space> spaces() {
    return List.copyOf(spaces.values());
  }

  List<Space> branches() {
    return spaces.values().stream().filter(Space::branch).toList();
  }

  Optional<Space> space(String nameOrId) {
    return spaces.values().stream()
        .filter(s -> s.id().equals(nameOrId) || s.identity().name().equals(nameOrId))
        .findFirst();
  }

  Optional<Space> byId(String id) {
    return Optional.ofNullable(spaces.get(id));
  }

  Session session(Space space) {
    return session(space, Map.of());
  }

  Session session(Space space, Map<String, String> settings) {
    return engine.session(space.database(), settings);
  }

  Result run(Space space, String sql) {
    try (var session = session(space)) {
      return session.run(sql);
    }
  }

  /// Runs a statement about a scratch database; see [Session#aside].
  void aside(Space space, String sql) {
    try (var session = session(space)) {
      session.aside(sql);
    }
  }

  /// Rows of a statement of our own, as JSON objects.
  List<JsonNode> rows(Space space, String sql) {
    try (var session = session(space)) {
      var rows = new ArrayList<JsonNode>();
      new String(session.query(sql, "JSONEachRow").data(), StandardCharsets.UTF_8)
          .lines()
          .forEach(line -> rows.add(Json.MAPPER.readTree(line)));
      return rows;
    }
  }

  /// Refuses SQL that names what it may not; see [Gate].
  void check(Space space, Session session, String sql) {
    gate.check(session, sql, Set.copyOf(List.of(space.database(), main.database())));
  }

  /// What SQL may name: tables, columns, aliases; no database at all.
  ///
  /// @throws Refusal 403 when it names what nobody may
  Set<String> named(Space space, String sql) {
    try (var session = engine.readOnly(space.database(), Map.of())) {
      return gate.check(session, sql, Set.of());
    }
  }

  /// Runs a statement that defines something, once it is checked.
  void define(Space space, String sql) {
    try (var session = session(space)) {
      check(space, session, sql);
      session.run(sql);
    }
  }

  /// Names and types of the columns of a query, found without reading rows and on a session that
  /// can't write or reach out.
  ///
  /// @throws EngineException when the engine can't make sense of it
  /// @throws Refusal 403 or 400 when it isn't one SELECT
  List<String> columns(Space space, String select) {
    try (var session = engine.readOnly(space.database(), Map.of())) {
      if (!session.onlyReads(select)) {
        throw new Refusal(400, "[Error] only one SELECT is allowed");
      }
      check(space, session, select);
      var names = new ArrayList<String>();
      session
          .query("DESCRIBE (" + select + "\n)", "JSONEachRow")
          .text()
          .lines()
          .forEach(line -> names.add(Json.string(Json.MAPPER.readTree(line), "name")));
      return names;
    }
  }

  void saveSpace(Space space) {
    store.write(space.identity(), "spaces", space.id(), "space.json");
  }

  void save(Space space, Definition definition) {
    store.write(definition, "spaces", space.id(), "datasources", definition.name() + ".json");
    space.dataSources.put(definition.name(), definition);
  }

  void save(Space space, PipeDefinition pipe) {
    store.write(pipe, "spaces", space.id(), "pipes", pipe.name() + ".json");
    space.pipes.put(pipe.name(), pipe);
  }

  void forget(Space space, Definition definition) {
    store.delete("spaces", space.id(), "datasources", definition.name() + ".json");
    space.dataSources.remove(definition.name());
  }

  void forget(Space space, PipeDefinition pipe) {
    store.delete("spaces", space.id(), "pipes", pipe.name() + ".json");
    space.pipes.remove(pipe.name());
  }
}
