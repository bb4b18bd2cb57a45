package dev.backfill.project;

import dev.backfill.problem.Place;
import java.util.Optional;

/// A column of a Data Source.
///
/// @param jsonPath where its value comes from in an ingested record, e.g. `$.a.b`
/// @param defaultKind what `defaultExpression` does; NONE when there is none
/// @param defaultExpression normalised SQL text, empty when there is none
/// @param codec normalised text inside `CODEC(...)`
public record Column(
    String name,
    ColumnType type,
    Optional<String> jsonPath,
    DefaultKind defaultKind,
    String defaultExpression,
    Optional<String> codec,
    Place place) {

  /// What the expression behind a column does.
  public enum DefaultKind {
    NONE,
    /// Used when a row brings no value; the column can be inserted into.
    DEFAULT,
    /// Always computed; the column can't be inserted into.
    MATERIALIZED
  }

  /// Can be named in an INSERT: everything but MATERIALIZED columns.
  public boolean insertable() {
    return defaultKind != DefaultKind.MATERIALIZED;
  }
}
