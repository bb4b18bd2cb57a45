package dev.backfill.tinybird;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// A Pipe as the workspace has it.
///
/// @param id its id
/// @param name its name
/// @param description its description
/// @param createdAt when it was made
/// @param updatedAt when it was last pushed
/// @param nodes its nodes
public record LivePipe(
    String id,
    String name,
    String description,
    Instant createdAt,
    Instant updatedAt,
    List<LiveNode> nodes) {
  public LivePipe {
    nodes = List.copyOf(nodes);
  }

  /// A node as the workspace has it.
  ///
  /// @param materialized id of the Data Source it feeds, while it is linked
  public record LiveNode(
      String id, String name, String sql, String kind, Optional<String> materialized) {}
}
