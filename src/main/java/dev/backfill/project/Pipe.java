package dev.backfill.project;

import dev.backfill.problem.Place;
import java.util.List;
import java.util.Optional;

/// A Pipe: named SQL nodes, at most one of which does something beyond being read.
///
/// @param name resource name
/// @param path file, relative to the project
/// @param place its first line
/// @param description empty string when there is none
/// @param tokens who may read it
/// @param nodes in file order, at least one
/// @param legacyVersion the VERSION directive of old projects, if any
public record Pipe(
    String name,
    String path,
    Place place,
    String description,
    List<TokenGrant> tokens,
    List<Node> nodes,
    Optional<Integer> legacyVersion) {

  public Pipe {
    tokens = List.copyOf(tokens);
    nodes = List.copyOf(nodes);
  }

  Pipe withNodes(List<Node> others) {
    return new Pipe(name, path, place, description, tokens, others, legacyVersion);
  }

  public Optional<Node> node(String node) {
    return nodes.stream().filter(n -> n.name().equals(node)).findFirst();
  }

  /// The node that materializes, copies, sinks or streams, if there is one.
  public Optional<Node> writingNode() {
    return nodes.stream()
        .filter(n -> n.kind() != Node.Kind.STANDARD && n.kind() != Node.Kind.ENDPOINT)
        .findFirst();
  }

  public boolean is(Node.Kind kind) {
    return nodes.stream().anyMatch(n -> n.kind() == kind);
  }

  /// Nothing writes, so in Classic the last node becomes an endpoint when pushed (implicitly when
  /// no node says so).
  public boolean isEndpoint() {
    return writingNode().isEmpty();
  }

  /// The node whose result others read: the endpoint, else the last.
  public Node resultNode() {
    return nodes.stream()
        .filter(n -> n.kind() != Node.Kind.STANDARD)
        .findFirst()
        .orElse(nodes.getLast());
  }
}
