package dev.backfill.project;

import dev.backfill.problem.Place;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A Data Source in normal form: two files that mean the same give equal values (apart from
/// places).
///
/// @param name resource name; letters, digits, underscore (checked when parsed)
/// @param path file, relative to the project
/// @param place its first line
/// @param description empty string when there is none
/// @param columns in file order
/// @param engine effective engine: an absent one is MergeTree, absent keys are empty lists
/// @param indexes in file order, normalised text
/// @param tokens `name PERMISSION`, as written
/// @param tags filtering and operational tags, sorted
/// @param settings connector and other directives (`KAFKA_*`, `IMPORT_*`, ...), name in upper case
///   to value
/// @param sharedWith workspaces it is shared with
/// @param legacyVersion the VERSION directive of old projects, if any
public record DataSource(
    String name,
    String path,
    Place place,
    String description,
    List<Column> columns,
    Engine engine,
    List<Index> indexes,
    List<TokenGrant> tokens,
    List<String> tags,
    Map<String, String> settings,
    List<String> sharedWith,
    Optional<Integer> legacyVersion) {

  public DataSource {
    columns = List.copyOf(columns);
    indexes = List.copyOf(indexes);
    tokens = List.copyOf(tokens);
    tags = List.copyOf(tags);
    settings = Map.copyOf(settings);
    sharedWith = List.copyOf(sharedWith);
  }

  public Optional<Column> column(String column) {
    return columns.stream().filter(c -> c.name().equals(column)).findFirst();
  }

  /// Fed by a connector (Kafka, S3, BigQuery, ...), judged by its directives.
  public boolean hasConnector() {
    return settings.keySet().stream()
        .anyMatch(k -> k.startsWith("KAFKA_") || k.startsWith("IMPORT_"));
  }

  public boolean isKafka() {
    return settings.keySet().stream().anyMatch(k -> k.startsWith("KAFKA_"));
  }
}
