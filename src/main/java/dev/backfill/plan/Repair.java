package dev.backfill.plan;

import dev.backfill.project.Column;
import dev.backfill.project.ColumnType;
import dev.backfill.project.DataSource;
import dev.backfill.sql.Quote;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// How a merged row of a target that merges rows is raised to a later value of it by adding one
/// more row, never by taking one away. Sums and counts get their difference; what may be added
/// again without harm (uniq, min, max, ...) is added again. Everything else can't be raised.
public final class Repair {
  private static final Pattern AGAIN =
      Pattern.compile(
          "(uniq|uniqExact|uniqCombined|uniqCombined64|uniqHLL12|uniqTheta|min|max|argMin|argMax"
              + "|groupBitAnd|groupBitOr|groupUniqArray|groupUniqArrayArray|any|any_value"
              + "|groupBitmap|maxMap|minMap)(If)?");
  private static final Set<String> COUNTS = Set.of("count", "countIf", "sum", "sumIf");

  private static final Pattern NARROW = Pattern.compile("(U?)Int(8|16|32)");
  private static final int MOST_ADDENDS = 1_000_000;

  private Repair() {}

  /// One column of the row that is added.
  ///
  /// @param merged SQL of the merged value, over the target's columns, to tell a difference by
  /// @param kept SQL of what is needed of the expected side, over the target's columns
  /// @param kind how the two become one value
  public record Step(String merged, String kept, Kind kind) {}

  /// How a value is raised.
  public enum Kind {
    /// The expected value is added again.
    AGAIN,
    /// The difference as a number.
    NUMBER,
    /// The difference as a count state.
    COUNT,
    /// The difference as a countIf state.
    COUNT_IF,
    /// The difference as a sum state.
    SUM,
    /// The difference as a sumIf state.
    SUM_IF
  }

  /// Whether every column that is compared can be raised.
  static boolean possible(DataSource d) {
    return d.engine().family().equals("MergeTree")
        || d.columns().stream()
            .filter(Column::insertable)
            .filter(c -> !Reduction.isKey(d, c))
            .allMatch(c -> of(d, c).isPresent());
  }

  /// @return empty for a column that can't be raised
  public static Optional<Step> of(DataSource d, Column column) {
    var name = Quote.identifier(column.name());
    var type = column.type();
    if (type.isAggregateState()) {
      var function = type.arguments().getFirst().text();
      var merge = Reduction.combined(function, "Merge") + "(" + name + ")";
      if (AGAIN.matcher(type.arguments().getFirst().name()).matches()) {
        return Optional.of(
            new Step(
                merge, Reduction.combined(function, "MergeState") + "(" + name + ")", Kind.AGAIN));
      }
      return !COUNTS.contains(function)
          ? Optional.empty()
          : Optional.of(
              new Step(
                  merge,
                  merge,
                  switch (function) {
                    case "count" -> Kind.COUNT;
                    case "countIf" -> Kind.COUNT_IF;
                    case "sum" -> Kind.SUM;
                    default -> Kind.SUM_IF;
                  }));
    }
    if (type.isSimpleAggregate()) {
      var function = type.arguments().getFirst().text();
      var merged = function + "(" + name + ")";
      if (function.equals("sum")) {
        return Optional.of(new Step(merged, merged, Kind.NUMBER));
      }
      return AGAIN.matcher(function).matches()
          ? Optional.of(new Step(merged, merged, Kind.AGAIN))
          : Optional.empty();
    }
    var merged = Reduction.merged(column, d.engine());
    return merged.isPresent()
        ? Optional.of(new Step(merged.get(), merged.get(), Kind.NUMBER))
        // whichever row's value stays: it isn't compared
        : Optional.of(new Step("0", "any(" + name + ")", Kind.AGAIN));
  }

  /// The value that is added.
  ///
  /// @param expected SQL of the expected side's [Step#kept]
  /// @param there SQL of the target's [Step#merged]
  public static String value(Step step, Column column, String expected, String there) {
    var difference = difference(column, expected, there);
    var sql =
        switch (step.kind()) {
          case AGAIN -> expected;
          case NUMBER -> difference;
          case COUNT ->
              "arrayReduce('countState', arrayWithConstant(toUInt64("
                  + difference
                  + "), toUInt8(0)))";
          case COUNT_IF ->
              "arrayReduce('countIfState', arrayWithConstant(toUInt64("
                  + difference
                  + "), toUInt8(1)))";
          case SUM -> "arrayReduce('sumState', " + addends(column, difference) + ")";
          case SUM_IF -> {
            var addends = addends(column, difference);
            yield "arrayReduce('sumIfState', "
                + addends
                + ", arrayWithConstant(length("
                + addends
                + "), toUInt8(1)))";
          }
        };
    return "CAST(" + sql + ", " + Quote.literal(column.type().text()) + ")";
  }

  /// A key that isn't there has no sum at all.
  private static String difference(Column column, String expected, String there) {
    return summed(column).isNullable()
        ? "(" + expected + " - ifNull(" + there + ", 0))"
        : "(" + expected + " - " + there + ")";
  }

  /// What is summed up, or what holds the sum.
  private static ColumnType summed(Column column) {
    var type = column.type();
    return (type.isAggregateState() || type.isSimpleAggregate()) && type.arguments().size() > 1
        ? type.arguments().get(1)
        : type;
  }

  /// A sum is wider than what it sums up, so its difference may be more than one of these: an array
  /// of them. Where it is too long, what is left out is the next difference.
  private static String addends(Column column, String difference) {
    var type = summed(column);
    var literal = Quote.literal(type.text());
    var narrow = NARROW.matcher(type.bare().name());
    if (!narrow.matches()) {
      return "[CAST(" + difference + ", " + literal + ")]";
    }
    var bits = Integer.parseInt(narrow.group(2)) - (narrow.group(1).isEmpty() ? 1 : 0);
    var most = (1L << bits) - 1;
    return ("arrayConcat(arrayWithConstant(toUInt64(least(abs(intDiv(ifNull(%1$s, 0), %2$d)), %3$d)),"
            + " CAST(sign(ifNull(%1$s, 0)) * %2$d, %4$s)), [CAST(%1$s %% %2$d, %4$s)])")
        .formatted(difference, most, MOST_ADDENDS, literal);
  }

  /// Whether the value could only be raised by a row that takes something away.
  public static Optional<String> impossible(
      Step step, Column column, String expected, String there) {
    return switch (step.kind()) {
      case COUNT, COUNT_IF -> Optional.of(expected + " < " + there);
      case NUMBER, SUM, SUM_IF ->
          summed(column).bare().name().startsWith("UInt")
              ? Optional.of("ifNull(" + expected + ", 0) < ifNull(" + there + ", 0)")
              : Optional.empty();
      case AGAIN -> Optional.empty();
    };
  }
}
