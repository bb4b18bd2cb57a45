package dev.backfill.change;

import dev.backfill.sql.SqlText;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A query without the conditions that compare a time with an instant, and those conditions. Two
/// views of one query that differ in them only are the live and the history feed of one target.
///
/// @param rest the query without them, normalised
/// @param bounds the conditions, in order
record Cuts(String rest, List<Bound> bounds) {
  private static final String TEXT = "'(\\d{4}-\\d{2}-\\d{2}[^']*|\\$\\{\\w+\\})'";

  private static final String INSTANT =
      "(?:(?:to\\w+|parse\\w+)\\(" + TEXT + "(?:, ?([^()]*))?\\)|" + TEXT + ")";

  private static final Pattern CONDITION =
      Pattern.compile(
          "(WHERE|AND) ((?:\\w+\\()?[\\w.`]+(?:, ?\\d+)?\\)?) (<=|>=|<|>) "
              + INSTANT
              + "(?= AND | GROUP | ORDER | LIMIT | HAVING |\\)|\\s*$)");

  /// Beside an OR a condition keeps nothing apart.
  private static final Pattern ALTERNATIVE = Pattern.compile("\\bOR\\b");

  /// @param lower rows from the value on, else up to it
  /// @param inclusive rows at the value itself too
  /// @param zone in which the value is written; empty when it is the column's own
  record Bound(String expression, boolean lower, boolean inclusive, String value, String zone) {

    /// Whether it lies before the beginning of another range, or at it and not in both.
    boolean ends(Bound start) {
      if (value.contains("$") || start.value.contains("$")) {
        // Bound at the deploy, so nobody knows: not called the same.
        return true;
      }
      if (!zone.isEmpty() && !start.zone.isEmpty() && !zone.equals(start.zone)) {
        // More than any two zones are apart.
        return days(value, start.value) > 2;
      }
      var order = value.compareTo(start.value);
      return order < 0 || (order == 0 && !(inclusive && start.inclusive));
    }

    private static long days(String from, String to) {
      try {
        return ChronoUnit.DAYS.between(
            LocalDate.parse(from.substring(0, 10)), LocalDate.parse(to.substring(0, 10)));
      } catch (DateTimeParseException _) {
        return 0;
      }
    }
  }

  Cuts {
    bounds = List.copyOf(bounds);
  }

  /// @param query normalised text
  static Cuts of(String query) {
    if (ALTERNATIVE.matcher(query).find()) {
      return new Cuts(query, List.of());
    }
    var out = new ArrayList<Bound>();
    var matcher = CONDITION.matcher(query);
    var rest = new StringBuilder();
    var position = 0;
    while (matcher.find(position)) {
      rest.append(query, position, matcher.start());
      var operator = matcher.group(3);
      out.add(
          new Bound(
              matcher.group(2),
              operator.startsWith(">"),
              operator.endsWith("="),
              instant(matcher.group(4) == null ? matcher.group(6) : matcher.group(4)),
              zone(matcher.group(5))));
      position = matcher.end();
      if (matcher.group(1).equals("WHERE") && query.startsWith(" AND ", position)) {
        // What follows takes the place of the first condition, and may be one itself.
        query = rest + "WHERE" + query.substring(position + 4);
        position = rest.length();
        matcher = CONDITION.matcher(query);
      } else if (!rest.isEmpty() && rest.charAt(rest.length() - 1) == ' ') {
        rest.setLength(rest.length() - 1);
      }
    }
    rest.append(query.substring(position));
    return new Cuts(SqlText.normalise(rest.toString()), out);
  }

  private static String zone(@Nullable String arguments) {
    if (arguments == null) {
      return "";
    }
    var at = arguments.indexOf('\'');
    return at < 0 ? "" : arguments.substring(at);
  }

  /// A day is its first second.
  private static String instant(String written) {
    var text = written.replace('T', ' ');
    return text.length() == 10 && !text.contains("$") ? text + " 00:00:00" : text;
  }

  /// Whether no row is in both.
  boolean apart(Cuts other) {
    return ends(this, other) || ends(other, this);
  }

  private static boolean ends(Cuts first, Cuts second) {
    return first.bounds().stream()
        .filter(b -> !b.lower())
        .anyMatch(end ->
            second.bounds().stream()
                .filter(Bound::lower)
                .filter(b -> b.expression().equals(end.expression()))
                .anyMatch(end::ends));
  }

  boolean upTo() {
    return bounds.stream().anyMatch(b -> !b.lower());
  }
}
