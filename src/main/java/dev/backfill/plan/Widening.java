package dev.backfill.plan;

import dev.backfill.project.ColumnType;
import java.util.regex.Pattern;

/// Which changes of type keep every value there can be.
final class Widening {
  private static final Pattern INTEGER = Pattern.compile("(U?)Int(8|16|32|64|128|256)");

  private Widening() {}

  /// @param from without Nullable and LowCardinality
  /// @param to the same
  static boolean keepsValues(ColumnType from, ColumnType to) {
    if (from.equals(to) || EnumType.holds(from, to)) {
      return true;
    }
    var a = INTEGER.matcher(from.name());
    if (a.matches()) {
      var bits = Integer.parseInt(a.group(2));
      var b = INTEGER.matcher(to.name());
      if (b.matches()) {
        var room = Integer.parseInt(b.group(2));
        return a.group(1).equals(b.group(1)) ? room >= bits : a.group(1).equals("U") && room > bits;
      }
      // A float holds every integer that fits its mantissa of 24 or 53 bits.
      return switch (to.name()) {
        case "String" -> true;
        case "Float32" -> bits <= 16;
        case "Float64" -> bits <= 32;
        default -> false;
      };
    }
    return switch (from.name()) {
      case "Float32" -> to.name().equals("Float64");
      // The zone of a time only says how it is written.
      case "DateTime" -> to.name().startsWith("DateTime");
      default -> false;
    };
  }
}
