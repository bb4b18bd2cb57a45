package dev.backfill.tinybird;

import java.util.List;

/// A Data Source as the workspace has it.
///
/// @param id its id
/// @param name its name
/// @param columns names and types in order
/// @param sortingKey as the server prints it
/// @param engine as the server prints it
public record LiveDataSource(
    String id, String name, List<LiveColumn> columns, String sortingKey, String engine) {
  public LiveDataSource {
    columns = List.copyOf(columns);
  }

  /// A column as the workspace has it.
  ///
  /// @param jsonPath empty when there is none
  public record LiveColumn(String name, String type, String jsonPath) {}
}
