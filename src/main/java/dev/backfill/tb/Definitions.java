package dev.backfill.tb;

import dev.backfill.datafile.ColumnSyntax;
import dev.backfill.datafile.Datafile;
import dev.backfill.datafile.Datafile.DatasourceFile;
import dev.backfill.datafile.Datafile.PipeFile;
import dev.backfill.datafile.DatafileParser;
import dev.backfill.datafile.Directive;
import dev.backfill.datafile.NodeSyntax;
import dev.backfill.sql.SqlText;
import dev.backfill.sql.TablesRead;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/// The resources of a project as the client pushes them: datafiles with environment variables put
/// in, as forms and JSON.
final class Definitions {
  private final SortedMap<String, DatasourceFile> dataSources = new TreeMap<>();
  private final SortedMap<String, PipeFile> pipes = new TreeMap<>();
  private final Variables variables;

  private Definitions(Variables variables) {
    this.variables = variables;
  }

  /// @throws Stopped when a file can't be read
  static Definitions of(SortedMap<String, String> files, Variables variables) {
    return of(files, variables, false);
  }

  /// What an old revision held; a file that is broken there may be mended by the new one.
  static Definitions before(SortedMap<String, String> files, Variables variables) {
    return of(files, variables, true);
  }

  private static Definitions of(
      SortedMap<String, String> files, Variables variables, boolean lenient) {
    var definitions = new Definitions(variables);
    for (var path : files.keySet()) {
      if (isResource(path)) {
        var parsed = DatafileParser.parse(path, String.valueOf(files.get(path)), files);
        if (parsed.broken() && !lenient) {
          throw new Stopped("Failed to parse " + path + ": " + parsed.problems().getFirst());
        }
        switch (parsed.file()) {
          case DatasourceFile file -> definitions.dataSources.put(name(path), file);
          case PipeFile file -> definitions.pipes.put(name(path), file);
        }
      }
    }
    return definitions;
  }

  /// What the client takes for its own: not fixtures' folders, not other workspaces' files.
  static boolean isResource(String path) {
    return (path.endsWith(".datasource") || path.endsWith(".pipe"))
        && !path.startsWith("vendor/")
        && !path.startsWith("tests/");
  }

  static String name(String path) {
    var file = path.substring(path.lastIndexOf('/') + 1);
    return file.substring(0, file.lastIndexOf('.'));
  }

  Set<String> dataSources() {
    return dataSources.keySet();
  }

  Set<String> pipes() {
    return pipes.keySet();
  }

  DatasourceFile dataSource(String name) {
    return java.util.Objects.requireNonNull(dataSources.get(name), name);
  }

  PipeFile pipe(String name) {
    return java.util.Objects.requireNonNull(pipes.get(name), name);
  }

  // --- Data Sources

  static String schema(DatasourceFile file) {
    return String.join(", ", file.columns().stream().map(Definitions::column).toList());
  }

  private static String column(ColumnSyntax column) {
    var text = new StringBuilder("`").append(column.name()).append("`");
    column.type().ifPresent(type -> text.append(' ').append(type));
    column.jsonPath().ifPresent(path -> text.append(" `json:").append(path).append('`'));
    if (column.kind() != ColumnSyntax.Kind.NONE) {
      text.append(' ').append(column.kind()).append(' ').append(column.expression());
    }
    column.codec().ifPresent(codec -> text.append(" CODEC(").append(codec).append(')'));
    return text.toString();
  }

  static String indexes(DatasourceFile file) {
    return String.join(
        "\n",
        file.indexes().stream()
            .map(i ->
                "%s %s TYPE %s GRANULARITY %s"
                    .formatted(i.name(), i.expression(), i.type(), i.granularity()))
            .toList());
  }

  static String description(Datafile file) {
    return file.last("DESCRIPTION").map(Directive::value).orElse("");
  }

  /// `engine`, `engine_sorting_key`, ... with their values.
  Map<String, String> engine(DatasourceFile file) {
    var engine = new LinkedHashMap<String, String>();
    for (var directive : file.directives()) {
      if (directive.name().equals("ENGINE") || directive.name().startsWith("ENGINE_")) {
        engine.put(directive.name().toLowerCase(Locale.ROOT), variables.in(directive.value()));
      }
    }
    return engine;
  }

  Map<String, String> form(String name) {
    var file = dataSource(name);
    var form = new LinkedHashMap<String, String>();
    form.put("name", name);
    form.put("description", description(file));
    form.put("schema", schema(file));
    form.put(
        "format",
        file.columns().stream().anyMatch(c -> c.jsonPath().isPresent()) ? "ndjson" : "csv");
    if (!file.indexes().isEmpty()) {
      form.put("indexes", indexes(file));
    }
    form.putAll(engine(file));
    for (var directive : file.directives()) {
      if (directive.name().startsWith("KAFKA_") || directive.name().startsWith("IMPORT_")) {
        form.put(directive.name().toLowerCase(Locale.ROOT), variables.in(directive.value()));
      }
    }
    return form;
  }

  // --- Pipes

  private String setting(NodeSyntax node, String name) {
    return node.last(name).map(d -> variables.in(d.value())).orElse("");
  }

  private static String sql(NodeSyntax node) {
    return node.last("SQL").map(Directive::raw).orElse("");
  }

  /// The node that writes somewhere or is published by its TYPE, as `type`, in lower case.
  String type(NodeSyntax node) {
    var type = setting(node, "TYPE").toLowerCase(Locale.ROOT);
    return type.isEmpty() ? "standard" : type;
  }

  ObjectNode json(String name) {
    var file = pipe(name);
    var json = Api.JSON.createObjectNode();
    json.put("name", name).put("description", description(file));
    var nodes = json.putArray("nodes");
    for (var node : file.nodes()) {
      var type = type(node);
      var each = nodes.addObject();
      each.put("name", variables.in(node.name()))
          .put("sql", variables.in(sql(node)))
          .put("type", type)
          .put("description", node.last("DESCRIPTION").map(Directive::value).orElse(""));
      if (type.equals("materialized")) {
        each.put("datasource", setting(node, "DATASOURCE"));
        for (var directive : node.directives()) {
          if (directive.name().equals("ENGINE") || directive.name().startsWith("ENGINE_")) {
            each.put(directive.name().toLowerCase(Locale.ROOT), variables.in(directive.value()));
          }
        }
      }
      if (type.equals("copy")) {
        each.put("target_datasource", setting(node, "TARGET_DATASOURCE"));
        each.put("mode", copyMode(node));
        each.put("copy_schedule", schedule(node));
      }
      if (type.equals("sink") || type.equals("stream")) {
        var export = each.putObject("export_params");
        for (var directive : node.directives()) {
          if (directive.name().startsWith("EXPORT_")) {
            export.put(directive.name().toLowerCase(Locale.ROOT), variables.in(directive.value()));
          }
        }
      }
    }
    return json;
  }

  private String copyMode(NodeSyntax node) {
    var mode = setting(node, "COPY_MODE");
    return mode.isEmpty() ? "append" : mode;
  }

  private String schedule(NodeSyntax node) {
    var schedule = setting(node, "COPY_SCHEDULE");
    return schedule.isEmpty() ? "@on-demand" : schedule;
  }

  /// What is set on a copy node after the push; the word `None` is how the API is told that there
  /// is no schedule.
  Map<String, String> copyForm(NodeSyntax node) {
    var form = new LinkedHashMap<String, String>();
    form.put("target_datasource", setting(node, "TARGET_DATASOURCE"));
    form.put("mode", copyMode(node));
    var schedule = schedule(node);
    form.put("schedule_cron", schedule.equals("@on-demand") ? "None" : schedule);
    return form;
  }

  String nodeName(NodeSyntax node) {
    return variables.in(node.name());
  }

  /// Names of the project's pipes that must be there before this one.
  private Set<String> needs(String name) {
    var needs = new LinkedHashSet<String>();
    for (var node : pipe(name).nodes()) {
      for (var reference : TablesRead.of(sql(node)).references()) {
        if (pipes.containsKey(reference.name()) && !reference.name().equals(name)) {
          needs.add(reference.name());
        }
      }
    }
    return needs;
  }

  /// The wanted pipes, each behind those it reads.
  List<String> ordered(Set<String> wanted) {
    var done = new LinkedHashSet<String>();
    for (var name : new java.util.TreeSet<>(wanted)) {
      visit(name, wanted, done, new ArrayList<>());
    }
    return List.copyOf(done);
  }

  private void visit(String name, Set<String> wanted, Set<String> done, List<String> path) {
    if (path.contains(name)) {
      throw new Stopped("Circular dependencies between pipes: " + path);
    }
    if (!wanted.contains(name) || done.contains(name)) {
      return;
    }
    path.add(name);
    needs(name).forEach(need -> visit(need, wanted, done, path));
    path.removeLast();
    done.add(name);
  }

  /// Equal for two texts of a file that differ in layout only.
  static String meaning(Datafile file) {
    var text = new StringBuilder();
    switch (file) {
      case DatasourceFile source -> {
        text.append(schema(source).replaceAll("\\s+", "")).append('\n').append(indexes(source));
        source.directives().stream()
            .filter(d -> !d.name().equals("SCHEMA") && !d.name().equals("INDEXES"))
            .map(d -> d.name() + " " + squeezed(d.value()))
            .sorted()
            .forEach(line -> text.append('\n').append(line));
      }
      case PipeFile pipe -> {
        pipe.head().forEach(d -> text.append(d.name()).append(' ').append(squeezed(d.value())));
        for (var node : pipe.nodes()) {
          text.append("\nNODE ").append(node.name());
          for (var directive : node.directives()) {
            text.append('\n').append(directive.name()).append(' ');
            text.append(
                directive.name().equals("SQL")
                    ? SqlText.normalise(directive.raw())
                    : squeezed(directive.value()));
          }
        }
      }
    }
    return text.toString();
  }

  private static String squeezed(String text) {
    return text.replaceAll("\\s+", " ").strip();
  }
}
