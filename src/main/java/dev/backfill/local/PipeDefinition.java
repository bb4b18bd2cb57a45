package dev.backfill.local;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// A Pipe as it was pushed.
///
/// @param endpoint id of the published node, empty when none is
record PipeDefinition(
    String id,
    String name,
    String description,
    List<PipeNode> nodes,
    String endpoint,
    String createdAt,
    String updatedAt) {
  PipeDefinition {
    nodes = List.copyOf(nodes);
  }

  /// A node of it.
  ///
  /// @param type standard, materialized, copy, sink, stream
  /// @param target name of the Data Source a materialized or copy node writes, else empty
  /// @param export where and how a sink or stream would write: `export_...` by name
  record PipeNode(
      String id,
      String name,
      String sql,
      String type,
      String description,
      String target,
      String mode,
      String schedule,
      String createdAt,
      String updatedAt,
      Map<String, String> export) {
    private static final String PAUSED = "paused ";

    PipeNode {
      export = Map.copyOf(export);
    }

    PipeNode(
        String id,
        String name,
        String sql,
        String type,
        String description,
        String target,
        String mode,
        String schedule,
        String createdAt,
        String updatedAt) {
      this(
          id, name, sql, type, description, target, mode, schedule, createdAt, updatedAt, Map.of());
    }

    /// Whether it would write outside the workspace; it is kept and never run.
    boolean outside() {
      return type.equals("sink") || type.equals("stream");
    }

    /// When it copies by itself: a cron text, empty for never.
    String cron() {
      return schedule.startsWith(PAUSED) ? schedule.substring(PAUSED.length()) : schedule;
    }

    boolean paused() {
      return schedule.startsWith(PAUSED);
    }

    PipeNode paused(boolean on, String now) {
      return new PipeNode(
          id,
          name,
          sql,
          type,
          description,
          target,
          mode,
          (on ? PAUSED : "") + cron(),
          createdAt,
          now);
    }

    boolean materialized() {
      return type.equals("materialized") && !target.isEmpty();
    }

    /// Name of the view behind a materialized node.
    String view() {
      return "_mv_" + id;
    }
  }

  Optional<PipeNode> node(String wanted) {
    return nodes.stream().filter(n -> n.name().equals(wanted) || n.id().equals(wanted)).findFirst();
  }

  Optional<PipeNode> copyNode() {
    return nodeOf("copy");
  }

  private Optional<PipeNode> nodeOf(String type) {
    return nodes.stream().filter(n -> n.type().equals(type)).findFirst();
  }

  /// What `FROM pipe` reads: the published node, else the last one.
  PipeNode result() {
    return node(endpoint).orElseGet(nodes::getLast);
  }

  String type() {
    if (!endpoint.isEmpty()) {
      return "endpoint";
    }
    if (copyNode().isPresent()) {
      return "copy";
    }
    return nodes.stream()
        .filter(PipeNode::outside)
        .map(PipeNode::type)
        .findFirst()
        .orElse(nodes.stream().anyMatch(PipeNode::materialized) ? "materialized" : "default");
  }

  PipeDefinition withEndpoint(String node, String now) {
    return new PipeDefinition(id, name, description, nodes, node, createdAt, now);
  }

  PipeDefinition withNodes(List<PipeNode> changed, String now) {
    return new PipeDefinition(id, name, description, changed, endpoint, createdAt, now);
  }

  /// As a datafile.
  String datafile() {
    var text = new StringBuilder();
    if (!description.isEmpty()) {
      text.append("DESCRIPTION >\n    ").append(Definition.indented(description)).append("\n\n");
    }
    for (var node : nodes) {
      text.append("NODE ").append(node.name()).append('\n');
      if (!node.description().isEmpty()) {
        text.append("DESCRIPTION >\n    ")
            .append(Definition.indented(node.description()))
            .append("\n\n");
      }
      text.append("SQL >\n    ").append(Definition.indented(node.sql())).append("\n\n");
      if (node.id().equals(endpoint)) {
        text.append("TYPE endpoint\n\n");
      } else if (node.materialized()) {
        text.append("TYPE materialized\nDATASOURCE ").append(node.target()).append("\n\n");
      } else if (node.type().equals("copy")) {
        text.append("TYPE copy\nTARGET_DATASOURCE ").append(node.target()).append('\n');
        text.append("COPY_MODE ").append(node.mode()).append('\n');
        text.append("COPY_SCHEDULE ")
            .append(node.cron().isEmpty() ? "@on-demand" : node.cron())
            .append("\n\n");
      } else if (node.outside()) {
        text.append("TYPE ").append(node.type()).append('\n');
        node.export().entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .forEach(one ->
                text.append(one.getKey().toUpperCase(Locale.ROOT))
                    .append(" \"")
                    .append(one.getValue())
                    .append("\"\n"));
        text.append('\n');
      }
    }
    return text.toString();
  }

  /// What the API says of it.
  Map<String, Object> json(Space space) {
    var json = Json.map();
    json.put("id", id);
    json.put("name", name);
    json.put("description", description);
    json.put("type", type());
    json.put("endpoint", endpoint.isEmpty() ? null : endpoint);
    json.put("copy_node", copyNode().map(n -> (Object) n.id()).orElse(null));
    json.put("copy_target_datasource", copyNode().map(n -> space.idOf(n.target())).orElse(null));
    json.put("copy_target_workspace", copyNode().map(n -> (Object) space.id()).orElse(null));
    json.put("copy_mode", copyNode().map(n -> (Object) n.mode()).orElse(null));
    json.put("sink_node", nodeOf("sink").map(n -> (Object) n.id()).orElse(null));
    json.put("stream_node", nodeOf("stream").map(n -> (Object) n.id()).orElse(null));
    json.put(
        "schedule",
        copyNode()
            .filter(n -> !n.cron().isEmpty())
            .map(n -> Map.of("cron", n.cron(), "status", n.paused() ? "shutdown" : "running"))
            .orElse(Map.of()));
    json.put("nodes", nodes.stream().map(n -> json(n, space)).toList());
    json.put("tags", Map.of());
    json.put("parent", null);
    json.put("created_at", createdAt);
    json.put("updated_at", updatedAt);
    return json;
  }

  Map<String, Object> json(PipeNode node, Space space) {
    var json = Json.map();
    json.put("id", node.id());
    json.put("name", node.name());
    json.put("sql", node.sql());
    json.put("description", node.description());
    json.put("node_type", node.id().equals(endpoint) ? "endpoint" : node.type());
    json.put("materialized", node.materialized() ? space.idOf(node.target()) : null);
    if (!node.mode().isEmpty()) {
      json.put("mode", node.mode());
    }
    json.put("dependencies", space.dependencies(node.sql()));
    json.put("params", List.of());
    json.put(
        "tags",
        node.type().equals("copy")
            ? Map.of(
                "copy_target_datasource",
                String.valueOf(space.idOf(node.target())),
                "copy_target_workspace",
                space.id())
            : Map.of());
    json.put("created_at", node.createdAt());
    json.put("updated_at", node.updatedAt());
    return json;
  }
}
