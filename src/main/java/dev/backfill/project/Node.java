package dev.backfill.project;

import dev.backfill.problem.Place;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One node of a Pipe.
///
/// @param name unique in its Pipe
/// @param sql the SQL as written, template tags included, without a leading `%` line
/// @param template whether the text is a template (began with `%`)
/// @param kind what the node does
/// @param target Data Source it writes to, for MATERIALIZED and COPY
/// @param copyMode `append` or `replace`, for COPY
/// @param copySchedule cron or `@on-demand`, for COPY
/// @param engine `ENGINE*` directives of an old-style materialized node, upper-case name to value
/// @param settings other directives (`EXPORT_*`, `KAFKA_*`, ...), upper-case name to value
/// @param reads tables the SQL names, in order, without CTEs and without the Pipe's own nodes
/// @param place the NODE line
/// @param sqlPlace first line of the SQL text
public record Node(
    String name,
    String sql,
    boolean template,
    Kind kind,
    Optional<String> target,
    Optional<String> copyMode,
    Optional<String> copySchedule,
    Map<String, String> engine,
    Map<String, String> settings,
    List<String> reads,
    Place place,
    Place sqlPlace) {

  /// What a node does.
  public enum Kind {
    STANDARD,
    ENDPOINT,
    MATERIALIZED,
    COPY,
    SINK,
    STREAM
  }

  public Node {
    engine = Map.copyOf(engine);
    settings = Map.copyOf(settings);
    reads = List.copyOf(reads);
  }

  Node withTarget(Optional<String> other) {
    return new Node(
        name,
        sql,
        template,
        kind,
        other,
        copyMode,
        copySchedule,
        engine,
        settings,
        reads,
        place,
        sqlPlace);
  }
}
