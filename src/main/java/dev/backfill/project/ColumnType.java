package dev.backfill.project;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A column type as a tree, in canonical spelling (`Boolean` is `Bool`, `Decimal( 10 , 2 )` is
/// `Decimal(10, 2)`).
///
/// @param name outermost type name, e.g. `Nullable`, `DateTime64`, `AggregateFunction`
/// @param arguments types, numbers, quoted strings or function names, each as a leaf or a nested
///   type
public record ColumnType(String name, List<ColumnType> arguments) {
  private static final Set<String> NEVER_NULLABLE =
      Set.of("Array", "Map", "Nested", "LowCardinality", "Nullable");

  public ColumnType {
    arguments = List.copyOf(arguments);
  }

  public static ColumnType of(String name, ColumnType... arguments) {
    return new ColumnType(name, List.of(arguments));
  }

  /// Reads a type in any spelling; empty when it isn't one.
  public static Optional<ColumnType> parse(String text) {
    return TypeParser.parse(text);
  }

  /// Canonical text, as ClickHouse prints it.
  public String text() {
    if (arguments.isEmpty()) {
      return name;
    }
    return name + "(" + String.join(", ", arguments.stream().map(ColumnType::text).toList()) + ")";
  }

  public boolean isNullable() {
    return name.equals("Nullable")
        || (name.equals("LowCardinality") && arguments.getFirst().isNullable());
  }

  /// The type inside `Nullable` and `LowCardinality`.
  public ColumnType bare() {
    return name.equals("Nullable") || name.equals("LowCardinality")
        ? arguments.getFirst().bare()
        : this;
  }

  public boolean isAggregateState() {
    return name.equals("AggregateFunction");
  }

  public boolean isSimpleAggregate() {
    return name.equals("SimpleAggregateFunction");
  }

  /// Whether ClickHouse has no such type: what can't stand inside `Nullable` does, anywhere in it.
  public boolean impossible() {
    return (name.equals("Nullable")
            && !arguments.isEmpty()
            && NEVER_NULLABLE.contains(arguments.getFirst().name()))
        || arguments.stream().anyMatch(ColumnType::impossible);
  }

  /// What this type says about time, when it is a date or a time.
  public Optional<TimeType> time() {
    return TimeType.of(this);
  }

  @Override
  public String toString() {
    return text();
  }
}
