package dev.backfill.local;

import dev.backfill.local.Definition.Col;
import dev.backfill.local.PipeDefinition.PipeNode;
import dev.backfill.local.engine.EngineException;
import dev.backfill.sql.SqlText;
import dev.backfill.sql.TablesRead;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// Data Sources and Pipes: made, changed and removed, in the engine and on disk.
///
/// The file on disk is written last when something is made and removed first when it goes, so a
/// table without a file was never promised to anybody; [Boot] drops it.
final class Resources {
  private static final int LONGEST_NAME = 128;
  private static final Pattern NODE_NAME = Pattern.compile("\\w[\\w .-]{0,199}");
  private final Core core;
  private final Queries queries;
  private final Logs logs;

  Resources(Core core, Queries queries, Logs logs) {
    this.core = core;
    this.queries = queries;
    this.logs = logs;
  }

  private static <T> T changing(Space space, Supplier<T> change) {
    space.lock.writeLock().lock();
    try {
      return change.get();
    } catch (EngineException e) {
      throw Sql.refusal(e);
    } finally {
      space.lock.writeLock().unlock();
    }
  }

  private static String name(String name) {
    if (name.isEmpty()) {
      throw new Refusal(400, "the name is missing");
    }
    if (!name.matches("[A-Za-z_][A-Za-z0-9_]*") || name.startsWith("_")) {
      throw new Refusal(
          400, "Invalid name '" + name + "': letters, digits and underscores, a letter first");
    }
    if (name.length() > LONGEST_NAME) {
      throw new Refusal(400, "Invalid name: it is longer than " + LONGEST_NAME + " characters");
    }
    if (name.endsWith("_quarantine")) {
      throw new Refusal(
          400, "Invalid name '" + name + "': the quarantine of a Data Source is named so");
    }
    return name;
  }

  Definition createDataSource(Space space, Map<String, String> form) {
    var engine = new LinkedHashMap<String, String>();
    form.forEach((key, value) -> {
      if (key.equals("engine") || key.startsWith("engine_")) {
        engine.put(key, value);
      }
    });
    var schema = form.getOrDefault("schema", "");
    if (schema.isBlank()) {
      throw new Refusal(400, "the parameter schema is missing");
    }
    core.faults.limit("columns", Definition.columns(schema).size());
    var now = core.clock.now();
    var definition =
        new Definition(
            Clock.resourceId(),
            name(form.getOrDefault("name", "")),
            form.getOrDefault("description", ""),
            Definition.columns(schema),
            engine,
            Definition.indexes(form.getOrDefault("indexes", "0")),
            form.getOrDefault("format", "csv"),
            tags(form),
            now,
            now);
    return changing(
        space,
        () -> {
          free(space, definition.name());
          core.run(space, "DROP TABLE IF EXISTS " + Sql.identifier(definition.name()) + " SYNC");
          core.run(
              space,
              "DROP TABLE IF EXISTS "
                  + Sql.identifier(definition.name() + "_quarantine")
                  + " SYNC");
          core.define(space, definition.create(space.database()));
          core.run(space, definition.createQuarantine(space.database()));
          core.save(space, definition);
          logs.operation(space, "create", definition, Map.of());
          return definition;
        });
  }

  private static Map<String, String> tags(Map<String, String> form) {
    var column = form.getOrDefault("backfill_column", "");
    return column.isEmpty() ? Map.of() : Map.of("backfill_column", column);
  }

  /// Sets the tags of a Data Source.
  Definition tag(Space space, Definition definition, Map<String, String> form) {
    return changing(
        space,
        () -> {
          var changed = definition.tagged(tags(form), core.clock.now());
          core.save(space, changed);
          return changed;
        });
  }

  /// Swaps the rows of two Data Sources of the same definition; their quarantines stay.
  ///
  /// @throws Refusal 400 when their definitions differ in more than the name
  void exchange(Space space, Definition one, Definition other) {
    if (!one.create("d").equals(other.renamed(one.name()).create("d"))) {
      throw new Refusal(400, "the Data Sources must have the exact same schema");
    }
    changing(
        space,
        () -> {
          core.run(
              space,
              "EXCHANGE TABLES "
                  + Sql.identifier(one.name())
                  + " AND "
                  + Sql.identifier(other.name()));
          core.staleness.replaced(space, Set.of(one.name(), other.name()));
          logs.operation(space, "exchange", one, Map.of());
          logs.operation(space, "exchange", other, Map.of());
          return true;
        });
  }

  /// Makes the Data Sources that materialized nodes want and that aren't there, from the columns of
  /// their queries.
  List<Definition> createTargets(Space space, JsonNode pipe, boolean ignoreSqlErrors) {
    var created = new ArrayList<Definition>();
    for (var node : pipe.path("nodes")) {
      var target = Json.string(node, "datasource");
      if (!Json.string(node, "type").equals("materialized")
          || target.isEmpty()
          || Json.string(node, "engine").isEmpty()
          || space.dataSources.containsKey(target)) {
        continue;
      }
      var form = new HashMap<String, String>();
      node.properties()
          .forEach(entry -> {
            if (entry.getKey().startsWith("engine")) {
              form.put(entry.getKey(), Json.string(node, entry.getKey()));
            }
          });
      form.put("name", target);
      form.put("schema", schema(space, Json.string(node, "sql")));
      created.add(createDataSource(space, form));
    }
    return created;
  }

  private String schema(Space space, String sql) {
    try (var session = core.engine.readOnly(space.database(), Map.of())) {
      var select = queries.expanded(space, sql);
      if (!session.onlyReads(select)) {
        throw new Refusal(400, "[Error] only one SELECT is allowed");
      }
      core.check(space, session, select);
      var columns = new ArrayList<String>();
      session
          .query("DESCRIBE (" + select + "\n)", "JSONEachRow")
          .text()
          .lines()
          .map(Json.MAPPER::readTree)
          .forEach(
              row -> columns.add("`" + Json.string(row, "name") + "` " + Json.string(row, "type")));
      return String.join(", ", columns);
    }
  }

  private static void free(Space space, String name) {
    if (space.dataSources.containsKey(name)) {
      throw new Refusal(409, "There is already a Data Source with name \"" + name + "\"");
    }
    if (space.pipes.containsKey(name)) {
      throw new Refusal(409, "There is already a Pipe with name \"" + name + "\"");
    }
  }

  /// Names of the Pipes that read or write a Data Source.
  static List<PipeDefinition> dependents(Space space, Definition definition) {
    return space.pipes.values().stream()
        .filter(pipe ->
            pipe.nodes().stream()
                .anyMatch(n ->
                    n.target().equals(definition.name())
                        || TablesRead.of(n.sql()).names().contains(definition.name())))
        .toList();
  }

  Map<String, Object> deleteDataSource(
      Space space, Definition definition, boolean force, boolean dry) {
    var dependents = dependents(space, definition);
    if (dry) {
      return Map.of(
          "dependent_pipes",
          dependents.stream().map(p -> Map.of("id", p.id(), "name", p.name())).toList());
    }
    return changing(
        space,
        () -> {
          var views =
              dependents.stream().filter(p -> p.nodes().stream().anyMatch(PipeNode::materialized));
          if (views.findAny().isPresent()) {
            throw new Refusal(
                409,
                "The Data Source is used in Materialized Views upstream or downstream: "
                    + names(dependents));
          }
          if (!dependents.isEmpty() && !force) {
            throw new Refusal(409, "The Data Source is used in: " + names(dependents));
          }
          core.forget(space, definition);
          core.run(space, "DROP TABLE IF EXISTS " + Sql.identifier(definition.name()) + " SYNC");
          core.run(
              space,
              "DROP TABLE IF EXISTS "
                  + Sql.identifier(definition.name() + "_quarantine")
                  + " SYNC");
          logs.operation(space, "delete", definition, Map.of());
          return Map.of();
        });
  }

  private static String names(List<PipeDefinition> pipes) {
    return String.join(", ", pipes.stream().map(PipeDefinition::name).toList());
  }

  void truncate(Space space, Definition definition) {
    changing(
        space,
        () -> {
          core.run(space, "TRUNCATE TABLE " + Sql.identifier(definition.name()) + " SYNC");
          core.run(
              space,
              "TRUNCATE TABLE " + Sql.identifier(definition.name() + "_quarantine") + " SYNC");
          logs.operation(space, "truncate", definition, Map.of());
          return true;
        });
  }

  /// Changes a Data Source as far as the platform does.
  ///
  /// @throws Refusal 400 when there is nothing to do or it can't be done in place
  Map<String, Object> alter(Space space, String name, Map<String, String> form, boolean dry) {
    return changing(
        space,
        () -> {
          var before = dataSource(space, name);
          var operations = new ArrayList<String>();
          var quarantine = new ArrayList<String>();
          var columns =
              form.getOrDefault("schema", "").isBlank()
                  ? before.columns()
                  : Definition.columns(form.getOrDefault("schema", ""));
          var changed = alterColumns(before, columns, operations, quarantine);
          var engine = new HashMap<>(before.engine());
          var ttl = form.getOrDefault("ttl", before.ttl());
          if (ttl.equals("false")) {
            if (!before.ttl().isEmpty()) {
              operations.add("REMOVE TTL");
              engine.remove("engine_ttl");
            }
          } else if (!SqlText.normalise(ttl).equals(SqlText.normalise(before.ttl()))) {
            operations.add("MODIFY TTL " + Sql.piece(ttl));
            engine.put("engine_ttl", ttl);
          }
          var indexes =
              form.containsKey("indexes")
                  ? Definition.indexes(form.getOrDefault("indexes", "0"))
                  : before.indexes();
          alterIndexes(before.indexes(), indexes, operations);
          var description = form.getOrDefault("description", before.description());
          var texts = !description.equals(before.description()) || changed;
          if (operations.isEmpty() && !texts) {
            throw new Refusal(400, "There were no operations to perform");
          }
          var answer =
              Map.<String, Object>of(
                  "operations",
                  operations,
                  "dependencies",
                  dependents(space, before).stream().map(PipeDefinition::name).toList());
          if (dry) {
            return answer;
          }
          if (!operations.isEmpty()) {
            // one statement: all of them or none
            core.define(
                space,
                "ALTER TABLE "
                    + Sql.identifier(name)
                    + " "
                    + operations.stream()
                        .map(o -> o.replaceFirst("^ADD COLUMN", "ADD COLUMN IF NOT EXISTS"))
                        .collect(Collectors.joining(", "))
                    + " SETTINGS mutations_sync = 2");
          }
          for (var operation : quarantine) {
            core.run(
                space, "ALTER TABLE " + Sql.identifier(name + "_quarantine") + " " + operation);
          }
          core.save(
              space,
              new Definition(
                  before.id(),
                  before.name(),
                  description,
                  columns,
                  engine,
                  indexes,
                  before.format(),
                  before.tags(),
                  before.createdAt(),
                  core.clock.now()));
          logs.operation(space, "alter", before, Map.of());
          return answer;
        });
  }

  private boolean alterColumns(
      Definition before, List<Col> columns, List<String> operations, List<String> quarantine) {
    var changed = false;
    for (var old : before.columns()) {
      if (columns.stream().noneMatch(c -> c.name().equals(old.name()))) {
        if (!core.faults.columnDrops()) {
          throw new Refusal(400, "The column `" + old.name() + "` can't be dropped");
        }
        operations.add("DROP COLUMN " + Sql.identifier(old.name()));
        quarantine.add("DROP COLUMN IF EXISTS " + Sql.identifier(old.name()));
      }
    }
    var previous = "";
    var added = false;
    for (var column : columns) {
      var old = before.column(column.name());
      if (old.isPresent() && added && !core.faults.middleColumns()) {
        throw new Refusal(400, "Columns are added at the end only: `" + previous + "`");
      }
      added |= old.isEmpty();
      if (old.isEmpty()) {
        operations.add(
            "ADD COLUMN "
                + column.ddl()
                + (previous.isEmpty() ? " FIRST" : " AFTER " + Sql.identifier(previous)));
        quarantine.add(
            "ADD COLUMN IF NOT EXISTS " + Sql.identifier(column.name()) + " Nullable(String)");
      } else {
        alterColumn(old.get(), column, operations);
        changed |= !old.get().jsonPath().equals(column.jsonPath());
      }
      previous = column.name();
    }
    return changed;
  }

  private static void alterIndexes(
      Map<String, String> before, Map<String, String> after, List<String> operations) {
    before.forEach((index, text) -> {
      if (!text.equals(after.get(index))) {
        operations.add("DROP INDEX IF EXISTS " + Sql.identifier(index));
      }
    });
    after.forEach((index, text) -> {
      if (!text.equals(before.get(index))) {
        operations.add("ADD INDEX IF NOT EXISTS " + Sql.identifier(index) + " " + text);
      }
    });
  }

  private static void alterColumn(Col old, Col column, List<String> operations) {
    var name = Sql.identifier(column.name());
    var type = SqlText.normalise(column.type());
    if (!type.equals(SqlText.normalise(old.type()))) {
      if (!type.equals(SqlText.normalise("Nullable(" + old.type() + ")"))) {
        throw new Refusal(
            400,
            "The type of the column "
                + name
                + " can't be changed from "
                + old.type()
                + " to "
                + column.type());
      }
      operations.add("MODIFY COLUMN " + name + " " + Sql.piece(column.type()));
    }
    if (!column.kind().equals(old.kind())
        || !SqlText.normalise(column.expression()).equals(SqlText.normalise(old.expression()))) {
      if (column.kind().isEmpty()) {
        operations.add("MODIFY COLUMN " + name + " REMOVE " + old.kind());
      } else {
        operations.add(
            "MODIFY COLUMN " + name + " " + column.kind() + " " + Sql.piece(column.expression()));
      }
    }
    if (!column.codec().equals(old.codec()) && !column.codec().isEmpty()) {
      operations.add(
          "MODIFY COLUMN "
              + name
              + " "
              + Sql.piece(column.type())
              + " CODEC("
              + Sql.piece(column.codec())
              + ")");
    }
  }

  static Definition dataSource(Space space, String nameOrId) {
    return space
        .dataSource(nameOrId)
        .orElseThrow(() -> new Refusal(404, "Data Source \"" + nameOrId + "\" does not exist"));
  }

  static PipeDefinition pipe(Space space, String nameOrId) {
    return space
        .pipe(nameOrId)
        .orElseThrow(() -> new Refusal(404, "The pipe '" + nameOrId + "' does not exist"));
  }

  /// Makes a Pipe, or replaces it when forced.
  PipeDefinition push(Space space, JsonNode json, boolean force, boolean ignoreSqlErrors) {
    var name = name(Json.string(json, "name"));
    return changing(
        space,
        () -> {
          var before = Optional.ofNullable(space.pipes.get(name));
          if (before.isPresent() && !force) {
            throw new Refusal(409, "The pipe \"" + name + "\" already exists");
          }
          if (space.dataSources.containsKey(name)) {
            throw new Refusal(409, "There is already a Data Source with name \"" + name + "\"");
          }
          var now = core.clock.now();
          var nodes = nodes(space, json, now);
          var endpoint =
              nodes.stream()
                  .filter(n -> n.type().equals("endpoint"))
                  .map(PipeNode::id)
                  .findFirst()
                  .orElse("");
          var pipe =
              new PipeDefinition(
                  before.map(PipeDefinition::id).orElseGet(Clock::resourceId),
                  name,
                  Json.string(json, "description"),
                  nodes.stream().map(Resources::standard).toList(),
                  endpoint,
                  before.map(PipeDefinition::createdAt).orElse(now),
                  now);
          if (!ignoreSqlErrors) {
            check(space, pipe);
          }
          replace(space, before, pipe);
          return pipe;
        });
  }

  private static PipeNode standard(PipeNode node) {
    return node.type().equals("endpoint")
        ? new PipeNode(
            node.id(),
            node.name(),
            node.sql(),
            "standard",
            node.description(),
            "",
            "",
            "",
            node.createdAt(),
            node.updatedAt())
        : node;
  }

  private static List<PipeNode> nodes(Space space, JsonNode json, String now) {
    var nodes = new ArrayList<PipeNode>();
    for (var node : json.path("nodes")) {
      var name = Json.string(node, "name");
      if (!NODE_NAME.matcher(name).matches()) {
        throw new Refusal(400, "Invalid node name '" + name + "'");
      }
      if (nodes.stream().anyMatch(other -> other.name().equals(name))) {
        throw new Refusal(409, "There is already a node with name \"" + name + "\"");
      }
      if (Json.string(node, "sql").isBlank()) {
        throw new Refusal(400, "the node '" + name + "' has no SQL");
      }
      var type = Json.string(node, "type").isEmpty() ? "standard" : Json.string(node, "type");
      var target =
          Json.string(node, "datasource").isEmpty()
              ? Json.string(node, "target_datasource")
              : Json.string(node, "datasource");
      target =
          switch (type) {
            case "standard", "endpoint", "sink", "stream" -> "";
            case "materialized", "copy" -> {
              if (target.isEmpty()) {
                throw new Refusal(
                    400,
                    "the node '%s' writes nowhere: it needs %s"
                        .formatted(name, type.equals("copy") ? "target_datasource" : "datasource"));
              }
              yield dataSource(space, target).name();
            }
            default -> throw new Refusal(501, "nodes of type " + type + " are not served");
          };
      nodes.add(
          new PipeNode(
              Clock.resourceId(),
              name,
              Json.string(node, "sql"),
              type,
              Json.string(node, "description"),
              target,
              type.equals("copy")
                  ? Json.string(node, "mode").isEmpty() ? "append" : Json.string(node, "mode")
                  : "",
              schedule(Json.string(node, "copy_schedule")),
              now,
              now,
              export(node)));
    }
    if (nodes.isEmpty()) {
      throw new Refusal(400, "a pipe needs at least one node");
    }
    return nodes;
  }

  private static Map<String, String> export(JsonNode node) {
    var export = new HashMap<String, String>();
    for (var from : List.of(node, node.path("export_params"))) {
      from.properties().stream()
          .map(Map.Entry::getKey)
          .filter(key -> key.matches("export_[a-z_]+") && from.path(key).isString())
          .forEach(key -> export.put(key, line(Json.string(from, key))));
    }
    return export;
  }

  private static String line(String text) {
    if (text.chars().anyMatch(c -> c < ' ' || c == '"')) {
      throw new Refusal(400, "not allowed here: " + text);
    }
    return text;
  }

  /// Asks the engine whether every node that isn't a template makes sense.
  private void check(Space space, PipeDefinition pipe) {
    for (var node : pipe.nodes()) {
      if (!queries.needsParameters(space, pipe, node)) {
        core.columns(space, queries.select(space, pipe, node, Map.of()));
      }
    }
  }

  /// New views before old ones go; nothing is ingested meanwhile.
  private void replace(Space space, Optional<PipeDefinition> before, PipeDefinition pipe) {
    var made = new ArrayList<PipeNode>();
    try {
      for (var node : pipe.nodes()) {
        if (node.materialized()) {
          createView(space, pipe, node);
          made.add(node);
        }
      }
    } catch (RuntimeException e) {
      made.forEach(node -> dropView(space, node));
      throw e;
    }
    core.save(space, pipe);
    before.stream().flatMap(p -> p.nodes().stream()).forEach(node -> dropView(space, node));
  }

  void createView(Space space, PipeDefinition pipe, PipeNode node) {
    var select = queries.select(space, pipe, node, Map.of());
    core.columns(space, select);
    var read = TablesRead.of(select).names();
    if (read.isEmpty() || read.contains(node.target())) {
      throw new Refusal(
          400,
          "[Error] the node '%s' can't be materialized: it reads %s"
              .formatted(node.name(), read.isEmpty() ? "no Data Source" : "its own target"));
    }
    core.run(
        space,
        "CREATE MATERIALIZED VIEW "
            + Sql.identifier(node.view())
            + " TO "
            + Sql.identifier(node.target())
            + " AS "
            + select);
  }

  private void dropView(Space space, PipeNode node) {
    if (node.materialized()) {
      core.run(space, "DROP TABLE IF EXISTS " + Sql.identifier(node.view()) + " SYNC");
    }
  }

  void deletePipe(Space space, String nameOrId) {
    changing(
        space,
        () -> {
          var pipe = pipe(space, nameOrId);
          var readers =
              space.pipes.values().stream()
                  .filter(p -> !p.name().equals(pipe.name()))
                  .filter(p ->
                      p.nodes().stream()
                          .anyMatch(n -> TablesRead.of(n.sql()).names().contains(pipe.name())))
                  .toList();
          if (!readers.isEmpty()) {
            throw new Refusal(409, "The pipe is used in: " + names(readers));
          }
          core.forget(space, pipe);
          pipe.nodes().forEach(node -> dropView(space, node));
          return true;
        });
  }

  /// Appends a standard node.
  PipeNode addNode(Space space, String pipeName, String nodeName, String sql) {
    return changing(
        space,
        () -> {
          var pipe = pipe(space, pipeName);
          var name = nodeName.isEmpty() ? pipe.name() + "_" + pipe.nodes().size() : nodeName;
          if (pipe.node(name).isPresent()) {
            throw new Refusal(409, "There is already a node with name \"" + name + "\"");
          }
          var now = core.clock.now();
          var node =
              new PipeNode(
                  Clock.resourceId(), name(name), sql, "standard", "", "", "", "", now, now);
          var nodes = new ArrayList<>(pipe.nodes());
          nodes.add(node);
          var changed = pipe.withNodes(nodes, now);
          check(space, changed);
          core.save(space, changed);
          return node;
        });
  }

  /// Stops or resumes the schedule of a Pipe's copies.
  PipeDefinition pause(Space space, String pipeName, boolean paused) {
    return changing(
        space,
        () -> {
          var pipe = pipe(space, pipeName);
          var node =
              pipe.copyNode()
                  .filter(n -> !n.schedule().isEmpty())
                  .orElseThrow(
                      () -> new Refusal(400, "The pipe '" + pipe.name() + "' has no schedule"));
          return withNode(space, pipe, node.paused(paused, core.clock.now()));
        });
  }

  PipeDefinition publish(Space space, String pipeName, String node, boolean on) {
    return changing(
        space,
        () -> {
          var pipe = pipe(space, pipeName);
          var found = node(pipe, node);
          var changed = pipe.withEndpoint(on ? found.id() : "", core.clock.now());
          core.save(space, changed);
          return changed;
        });
  }

  /// Makes a node a copy node, or changes how it copies.
  PipeDefinition copyNode(Space space, String pipeName, String nodeName, Map<String, String> form) {
    return changing(
        space,
        () -> {
          var pipe = pipe(space, pipeName);
          var node = node(pipe, nodeName);
          if (!pipe.endpoint().isEmpty() || node.materialized()) {
            throw new Refusal(
                400, "the pipe is an endpoint or materializes; unpublish or unlink it first");
          }
          var target = form.getOrDefault("target_datasource", node.target());
          var changed =
              new PipeNode(
                  node.id(),
                  node.name(),
                  node.sql(),
                  "copy",
                  node.description(),
                  dataSource(space, target).name(),
                  form.getOrDefault("mode", node.mode().isEmpty() ? "append" : node.mode()),
                  schedule(form.getOrDefault("schedule_cron", node.schedule())),
                  node.createdAt(),
                  core.clock.now());
          return withNode(space, pipe, changed);
        });
  }

  /// The literal text `None` takes a schedule away.
  private static String schedule(String cron) {
    var plain = cron.strip();
    if (plain.isEmpty() || plain.equals("None") || plain.equals("@on-demand")) {
      return "";
    }
    Cron.parse(plain);
    return plain;
  }

  /// A node that is of no type any more.
  ///
  /// @param type that it has
  PipeDefinition unset(Space space, String pipeName, String nodeName, String type) {
    return changing(
        space,
        () -> {
          var pipe = pipe(space, pipeName);
          var node = node(pipe, nodeName);
          if (!node.type().equals(type)) {
            throw new Refusal(400, "the node '" + node.name() + "' is no " + type);
          }
          return withNode(space, pipe, plain(node));
        });
  }

  /// A materialized node that is no longer fed; its target keeps its rows.
  PipeDefinition unlink(Space space, String pipeName, String nodeName) {
    return changing(
        space,
        () -> {
          var pipe = pipe(space, pipeName);
          var node = node(pipe, nodeName);
          var changed = withNode(space, pipe, plain(node));
          dropView(space, node);
          return changed;
        });
  }

  private PipeNode plain(PipeNode node) {
    return new PipeNode(
        node.id(),
        node.name(),
        node.sql(),
        "standard",
        node.description(),
        "",
        "",
        "",
        node.createdAt(),
        core.clock.now());
  }

  private PipeDefinition withNode(Space space, PipeDefinition pipe, PipeNode changed) {
    var pipeNow =
        pipe.withNodes(
            pipe.nodes().stream().map(n -> n.id().equals(changed.id()) ? changed : n).toList(),
            core.clock.now());
    core.save(space, pipeNow);
    return pipeNow;
  }

  static PipeNode node(PipeDefinition pipe, String nameOrId) {
    return pipe.node(nameOrId)
        .orElseThrow(() ->
            new Refusal(404, "The pipe '" + pipe.name() + "' has no node '" + nameOrId + "'"));
  }
}
