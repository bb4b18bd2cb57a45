package dev.backfill.project;

import dev.backfill.datafile.Datafile.PipeFile;
import dev.backfill.datafile.Directive;
import dev.backfill.datafile.NodeSyntax;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.project.Node.Kind;
import dev.backfill.sql.TablesRead;
import dev.backfill.sql.Template;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// Brings a `.pipe` file into normal form.
final class PipeReader {
  private final String name;
  private final PipeFile file;
  private final Predicate<String> known;
  private final List<Problem> problems;
  private final Set<String> nodeNames;

  /// @param known whether the project defines a Data Source or Pipe of that name
  PipeReader(String name, PipeFile file, Predicate<String> known, List<Problem> problems) {
    this.name = name;
    this.file = file;
    this.known = known;
    this.problems = problems;
    this.nodeNames = file.nodes().stream().map(NodeSyntax::name).collect(Collectors.toSet());
  }

  /// The Pipe; empty when the file has no node.
  Optional<Pipe> read() {
    var start = new Place(file.path(), 1, 1);
    for (var directive : file.head()) {
      if (directive.name().equals("SQL")) {
        error("missing_node", directive.place(), "SQL stands in front of any NODE.", "Add NODE.");
      }
    }
    if (file.nodes().isEmpty()) {
      error("missing_node", start, "The Pipe has no NODE.", "Add one with its SQL.");
      return Optional.empty();
    }
    var nodes = file.nodes().stream().map(this::node).toList();
    checkNames(nodes);
    checkRoles(nodes);
    return Optional.of(
        new Pipe(
            name,
            file.path(),
            start,
            DataSourceReader.description(
                file.head().stream()
                    .filter(d -> d.name().equals("DESCRIPTION"))
                    .reduce((a, b) -> b)),
            DataSourceReader.tokens(file.directives(), problems),
            nodes,
            DataSourceReader.version(file, problems)));
  }

  private Node node(NodeSyntax syntax) {
    var kind = kind(syntax);
    var sqlDirective = syntax.last("SQL").filter(d -> d.block().isPresent());
    var body = sqlDirective.map(Directive::raw).orElse("");
    boolean template = body.startsWith("%");
    var sql = template ? body.substring(1).strip() : body;
    if (sql.isEmpty()) {
      error(
          "missing_sql", syntax.opening().place(), "The node has no SQL.", "Add an `SQL >` block.");
    }
    if (!template && templateSyntax(sql)) {
      error(
          "template_without_percent",
          sqlPlace(syntax, sqlDirective),
          "The SQL uses template syntax but doesn't start with `%`, so the client refuses it.",
          "Put a line with `%` in front of it.");
    }
    if (template) {
      Template.misshapen(sql)
          .ifPresent(what ->
              error(
                  "template_syntax",
                  sqlPlace(syntax, sqlDirective),
                  "The template can't be read: " + what + ".",
                  "Close every tag, and every {% if %} and {% for %} by {% end %}."));
    }
    var target = target(syntax, kind);
    var engine = new TreeMap<String, String>();
    var settings = new TreeMap<String, String>();
    for (var directive : syntax.directives()) {
      var key = directive.name();
      if (key.startsWith("ENGINE")) {
        engine.put(key, directive.value());
      } else if (key.startsWith("EXPORT_")
          || key.startsWith("KAFKA_")
          || key.startsWith("IMPORT_")
          || key.equals("DEPLOYMENT_METHOD")
          || key.equals("ON_DEMAND_COMPUTE")) {
        settings.put(key, directive.value());
      }
    }
    boolean copy = kind == Kind.COPY;
    return new Node(
        syntax.name(),
        sql,
        template,
        kind,
        target.map(Directive::value),
        copy ? Optional.of(copyMode(syntax)) : Optional.empty(),
        copy
            ? Optional.of(
                syntax
                    .last("COPY_SCHEDULE")
                    .map(Directive::value)
                    .filter(s -> !s.isEmpty())
                    .orElse("@on-demand"))
            : Optional.empty(),
        engine,
        settings,
        reads(syntax, sql, sqlPlace(syntax, sqlDirective)),
        syntax.opening().place(),
        sqlPlace(syntax, sqlDirective));
  }

  private static boolean templateSyntax(String sql) {
    return sql.contains("{{") || sql.contains("{%");
  }

  private static Place sqlPlace(NodeSyntax syntax, Optional<Directive> sql) {
    return sql.flatMap(Directive::block)
        .filter(b -> !b.lines().isEmpty())
        .map(b -> b.at(0))
        .orElseGet(() -> syntax.opening().place());
  }

  private Kind kind(NodeSyntax syntax) {
    var type = syntax.last("TYPE");
    if (type.isEmpty()) {
      if (syntax.last("DATASOURCE").isPresent() || syntax.last("TARGET_DATASOURCE").isPresent()) {
        error(
            "missing_node_type",
            syntax.opening().place(),
            "The node names a target but no TYPE.",
            "Add `TYPE materialized` or `TYPE COPY`.");
      }
      return Kind.STANDARD;
    }
    var written = type.get().value().toUpperCase(Locale.ROOT);
    for (var kind : Kind.values()) {
      if (kind.name().equals(written)) {
        return kind;
      }
    }
    error(
        "unknown_node_type",
        type.get().place(),
        "`" + DataSourceReader.shortened(type.get().value()) + "` is not a type of node.",
        "Use standard, endpoint, materialized, copy, sink or stream.");
    return Kind.STANDARD;
  }

  private Optional<Directive> target(NodeSyntax syntax, Kind kind) {
    var wanted =
        switch (kind) {
          case MATERIALIZED -> "DATASOURCE";
          case COPY -> "TARGET_DATASOURCE";
          case STANDARD, ENDPOINT, SINK, STREAM -> "";
        };
    if (wanted.isEmpty()) {
      return Optional.empty();
    }
    var target = syntax.last(wanted).filter(d -> !d.value().isEmpty());
    if (target.isEmpty()) {
      error(
          "missing_target",
          syntax.opening().place(),
          "A " + kind.name().toLowerCase(Locale.ROOT) + " node needs " + wanted + ".",
          "Name the Data Source it writes to.");
    }
    return target;
  }

  private String copyMode(NodeSyntax syntax) {
    var directive =
        syntax.directives().stream()
            .filter(d -> d.name().equals("COPY_MODE") || d.name().equals("MODE"))
            .reduce((a, b) -> b);
    var mode = directive.map(d -> d.value().toLowerCase(Locale.ROOT)).orElse("append");
    if (directive.isPresent() && !mode.equals("append") && !mode.equals("replace")) {
      error(
          "unknown_copy_mode",
          directive.get().place(),
          "COPY_MODE is neither append nor replace.",
          "Use one of the two.");
    }
    return mode;
  }

  /// What the node reads beyond its own Pipe. A name after `IN` or given as a literal counts when
  /// the project knows it.
  private List<String> reads(NodeSyntax syntax, String sql, Place place) {
    try {
      var read = TablesRead.of(sql);
      var reads = new LinkedHashSet<String>(read.names());
      read.dynamic().stream().filter(known).forEach(reads::add);
      read.possible().stream().filter(known).forEach(reads::add);
      reads.removeIf(n -> nodeNames.contains(n) && !n.equals(syntax.name()));
      return List.copyOf(reads);
    } catch (IllegalArgumentException tooDeep) {
      error(
          "sql_not_understood",
          place,
          "The SQL can't be analysed: " + tooDeep.getMessage() + ".",
          "Simplify it.");
      return List.of();
    }
  }

  private void checkNames(List<Node> nodes) {
    Set<String> seen = new HashSet<>();
    for (var node : nodes) {
      if (!Names.VALID.matcher(node.name()).matches()) {
        error(
            "invalid_name",
            node.place(),
            "The platform doesn't allow the node name `"
                + DataSourceReader.shortened(node.name())
                + "`.",
            "Use letters, digits and underscores, and don't start with a digit.");
      }
      if (!seen.add(node.name())) {
        error(
            "duplicate_node",
            node.place(),
            "The Pipe has two nodes of the name `" + DataSourceReader.shortened(node.name()) + "`.",
            "Rename one.");
      }
      if (node.name().equals(name)) {
        warning(
            "node_named_like_pipe",
            node.place(),
            "The node has the name of its Pipe, which the platform refuses when it is created.",
            "Rename the node.");
      }
    }
  }

  private void checkRoles(List<Node> nodes) {
    var special = new ArrayList<Node>();
    nodes.stream()
        .filter(n -> n.kind() != Kind.STANDARD && n.kind() != Kind.ENDPOINT)
        .forEach(special::add);
    if (special.size() > 1) {
      error(
          "several_writing_nodes",
          special.get(1).place(),
          "The Pipe has more than one node that materializes, copies, sinks or streams.",
          "Give each a Pipe of its own.");
    }
    for (var node : nodes) {
      if (node.kind() != Kind.MATERIALIZED && !node.engine().isEmpty()) {
        warning(
            "engine_without_effect",
            node.place(),
            "ENGINE lines only mean something in a materialized node.",
            "Drop them.");
      }
    }
  }

  private void error(String code, Place place, String message, String advice) {
    problems.add(Problem.error(code, place, message, advice));
  }

  private void warning(String code, Place place, String message, String advice) {
    problems.add(Problem.warning(code, place, message, advice));
  }
}
