package dev.backfill.plan;

import dev.backfill.project.ColumnType;
import dev.backfill.project.DataSource;
import dev.backfill.sql.Quote;
import dev.backfill.sql.TablesRead;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.Optional;
import java.util.regex.Pattern;

/// SQL that turns a value of one type into a value of another and never throws: what doesn't fit
/// becomes NULL, or the type's own default where NULL can't be.
final class Conversion {
  private static final Pattern INTEGER = Pattern.compile("U?Int(8|16|32|64|128|256)");
  private static final Pattern FLOAT = Pattern.compile("Float(32|64)");
  private static final Pattern SIMPLE =
      Pattern.compile(
          "U?Int(8|16|32|64|128|256)|Float(32|64)|String|FixedString|Bool|UUID|IPv4|IPv6|Date|Date32"
              + "|DateTime|DateTime64|Decimal");

  private static final Pattern TIME = Pattern.compile("Date|Date32|DateTime|DateTime64");

  private Conversion() {}

  /// @param value SQL of the source's type that doesn't throw
  /// @return SQL of exactly the target's type; empty when none is known
  static Optional<String> of(String value, ColumnType from, ColumnType to) {
    if (from.equals(to)) {
      return Optional.of(value);
    }
    var source = from.bare();
    var target = to.bare();
    if (!source.equals(target) && EnumType.holds(source, target)) {
      return from.isNullable() && !to.isNullable()
          ? Optional.empty()
          : Optional.of(cast(value, to));
    }
    if (!simple(source) || !simple(target)) {
      // The same inside, only NULL or the dictionary differ.
      return source.equals(target) && from.isNullable() == to.isNullable()
          ? Optional.of(cast(value, to))
          : Optional.empty();
    }
    if (!source.equals(target) && !certain(source, target)) {
      return Optional.empty();
    }
    var converted = source.equals(target) ? value : convert(value, source, target);
    return Optional.of(exactly(converted, target, to));
  }

  /// Whether [#ofExpression] takes anything for a column of this type.
  static boolean expressible(ColumnType to) {
    return simple(to.bare()) && !to.bare().name().equals("FixedString");
  }

  /// @param expression SQL over the source's columns, type unknown
  /// @return SQL of exactly the target's type that doesn't throw; empty when that isn't certain
  static Optional<String> ofExpression(String expression, DataSource over, ColumnType to) {
    var target = to.bare();
    if (!Harmless.is(expression, over) || !expressible(target)) {
      return Optional.empty();
    }
    if (TIME.matcher(target.name()).matches()) {
      // As text it would lose its zone; only numbers with a fraction make such a cast throw.
      return fractional(expression)
          ? Optional.empty()
          : Optional.of(exactly(accurate("(" + expression + ")", target), target, to));
    }
    // From text every cast is certain, and whatever the expression gives has a text.
    return Optional.of(exactly(accurate("toString(" + expression + ")", target), target, to));
  }

  private static boolean fractional(String expression) {
    return TablesRead.of("SELECT " + expression).functions().stream()
            .anyMatch(f -> f.contains("float") || f.equals("array") || f.equals("tuple"))
        || Tokens.of(expression).stream()
            .anyMatch(t -> t.kind() == Token.Kind.NUMBER && !t.text().matches("[0-9]+"));
  }

  // Between the families left out, even accurateCastOrNull throws for some values (tried on the
  // engine: times from decimals, numbers from times, anything from addresses).
  private static boolean certain(ColumnType from, ColumnType to) {
    var integer = INTEGER.matcher(from.name()).matches();
    var toNumber = INTEGER.matcher(to.name()).matches() || FLOAT.matcher(to.name()).matches();
    if (to.name().equals("FixedString")) {
      return false;
    }
    if (to.name().equals("String") || from.name().equals("String")) {
      return true;
    }
    if (integer || FLOAT.matcher(from.name()).matches() || from.name().equals("Bool")) {
      return toNumber || (integer && to.name().equals("Decimal"));
    }
    if (from.name().equals("Decimal")) {
      return FLOAT.matcher(to.name()).matches() || to.name().equals("Decimal");
    }
    return TIME.matcher(from.name()).matches() && TIME.matcher(to.name()).matches();
  }

  private static boolean simple(ColumnType type) {
    return SIMPLE.matcher(type.name()).matches();
  }

  // Gives the target's bare type, or Nullable of it.
  private static String convert(String value, ColumnType from, ColumnType to) {
    var floats = FLOAT.matcher(to.name()).matches();
    var numeric =
        INTEGER.matcher(from.name()).matches()
            || FLOAT.matcher(from.name()).matches()
            || from.name().equals("Decimal");
    if (to.name().equals("String")) {
      return "toString(" + value + ")";
    }
    if (floats && numeric) {
      // accurateCast gives NULL for what a float can only hold rounded.
      return "to" + to.name() + "(" + value + ")";
    }
    if (to.name().equals("DateTime64") && precision(to) > precision(from)) {
      return scaled(value, to);
    }
    return accurate(value, to);
  }

  private static int precision(ColumnType type) {
    return type.time().map(t -> t.precision()).orElse(10);
  }

  // Raising the precision multiplies, and what doesn't fit 64 bits then throws, accurate or not.
  private static String scaled(String value, ColumnType to) {
    var low = "toDateTime64('1900-01-02 00:00:00', 0)";
    var high =
        precision(to) == 9
            ? "toDateTime64('2262-04-10 00:00:00', 0)"
            : "toDateTime64('2299-12-30 00:00:00', 0)";
    return "if(%1$s >= %2$s AND %1$s <= %3$s, %4$s, NULL)"
        .formatted(
            value,
            low,
            high,
            accurate("least(greatest(" + value + ", " + low + "), " + high + ")", to));
  }

  private static String accurate(String value, ColumnType to) {
    return "accurateCastOrNull(" + value + ", " + Quote.literal(to.text()) + ")";
  }

  private static String exactly(String value, ColumnType bare, ColumnType to) {
    if (to.isNullable()) {
      return cast(value, to);
    }
    return cast(
        "ifNull(" + value + ", defaultValueOfTypeName(" + Quote.literal(bare.text()) + "))", to);
  }

  private static String cast(String value, ColumnType to) {
    return "CAST(" + value + ", " + Quote.literal(to.text()) + ")";
  }
}
