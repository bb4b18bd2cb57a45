package dev.backfill.project;

import java.util.Optional;

/// A date or time column's resolution and zone.
///
/// @param kind which family
/// @param precision digits after the second, 0 to 9; 0 for everything but DateTime64
/// @param zone the type's own zone; empty means the server's
/// @param nullable whether the column may hold NULL
public record TimeType(Kind kind, int precision, Optional<String> zone, boolean nullable) {

  /// The families of time types.
  public enum Kind {
    DATE,
    DATE32,
    DATETIME,
    DATETIME64
  }

  public TimeType {
    if (precision < 0 || precision > 9) {
      throw new IllegalArgumentException("precision " + precision);
    }
  }

  /// True when the column only knows days.
  public boolean daily() {
    return kind == Kind.DATE || kind == Kind.DATE32;
  }

  static Optional<TimeType> of(ColumnType type) {
    var nullable = type.isNullable();
    var bare = type.bare();
    var args = bare.arguments();
    return switch (bare.name()) {
      case "Date" -> Optional.of(new TimeType(Kind.DATE, 0, Optional.empty(), nullable));
      case "Date32" -> Optional.of(new TimeType(Kind.DATE32, 0, Optional.empty(), nullable));
      case "DateTime" -> Optional.of(new TimeType(Kind.DATETIME, 0, zone(args, 0), nullable));
      case "DateTime64" -> {
        var precision = args.isEmpty() ? "3" : args.getFirst().name();
        yield precision.matches("[0-9]")
            ? Optional.of(
                new TimeType(Kind.DATETIME64, Integer.parseInt(precision), zone(args, 1), nullable))
            : Optional.empty();
      }
      default -> Optional.empty();
    };
  }

  private static Optional<String> zone(java.util.List<ColumnType> args, int at) {
    if (args.size() <= at) {
      return Optional.empty();
    }
    var quoted = args.get(at).name();
    return Optional.of(quoted.replaceAll("^'|'$", ""));
  }
}
