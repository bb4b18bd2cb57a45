package dev.backfill.plan;

import dev.backfill.project.ColumnType;
import java.util.regex.Pattern;

/// What inserting a column into one of another type does to values, where nobody wrote a
/// conversion.
final class Implicit {
  private static final Pattern TEXT = Pattern.compile("String|FixedString");
  private static final Pattern PARSED =
      Pattern.compile(
          "U?Int\\d+|Float(32|64)|Decimal\\d*|Date|Date32|DateTime|DateTime64|UUID|IPv4|IPv6|Bool"
              + "|Enum8|Enum16|FixedString|Array|Map|Tuple");
  private static final Pattern INTEGER = Pattern.compile("U?Int\\d+");

  private Implicit() {}

  /// Whether some value makes the insert fail, and with it every insert into the source of a view.
  /// A text that isn't a number goes into a Nullable one as NULL in today's engine; which one the
  /// platform runs isn't known, so that counts as failing too.
  static boolean mayThrow(ColumnType from, ColumnType to) {
    if (from.isNullable() && !to.isNullable()) {
      return true;
    }
    var a = from.bare();
    var b = to.bare();
    if (a.equals(b) || EnumType.holds(a, b)) {
      return false;
    }
    return (TEXT.matcher(a.name()).matches() && PARSED.matcher(b.name()).matches())
        || b.name().startsWith("Enum");
  }

  /// Whether some number becomes another one without a word.
  static boolean wraps(ColumnType from, ColumnType to) {
    var a = from.bare();
    var b = to.bare();
    return INTEGER.matcher(a.name()).matches()
        && INTEGER.matcher(b.name()).matches()
        && !Widening.keepsValues(a, b);
  }
}
