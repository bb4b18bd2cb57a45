package dev.backfill.datafile;

import dev.backfill.problem.Place;
import java.util.Optional;

/// A column as written in `SCHEMA`.
///
/// @param name without quotes
/// @param type text of the type; empty when left out (only legal with a default)
/// @param jsonPath without backticks and `json:`
/// @param kind what the expression does
/// @param expression its text; empty when there is none
/// @param codec text inside `CODEC(...)`
/// @param place where the name stands
/// @param start offset of the entry in the file's text; -1 when it came in through an `INCLUDE`
/// @param end offset behind the entry, before its comma
/// @param comma offset of the comma behind it; -1 when there is none
public record ColumnSyntax(
    String name,
    Optional<String> type,
    Optional<String> jsonPath,
    Kind kind,
    String expression,
    Optional<String> codec,
    Place place,
    int start,
    int end,
    int comma) {

  /// The keyword in front of the expression.
  public enum Kind {
    NONE,
    DEFAULT,
    MATERIALIZED,
    /// ClickHouse knows it; the platform doesn't.
    ALIAS
  }
}
