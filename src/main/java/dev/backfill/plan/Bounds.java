package dev.backfill.plan;

import dev.backfill.problem.Place;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.sql.Template;
import dev.backfill.sql.TemplateException;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// The ranges that the conditions of a Pipe keep its rows in, as far as they are certain: `AND`,
/// `OR`, `NOT` and parentheses are followed, and every row is within each bound.
final class Bounds {
  private static final int DEEPEST = 100;
  private static final Set<String> CLAUSES =
      Set.of(
          "WHERE",
          "PREWHERE",
          "GROUP",
          "ORDER",
          "LIMIT",
          "HAVING",
          "UNION",
          "INTERSECT",
          "EXCEPT",
          "SETTINGS",
          "WINDOW",
          "QUALIFY",
          "FORMAT",
          "OFFSET");

  /// Functions that keep the instant that is written in their first argument.
  private static final Pattern CONVERSIONS =
      Pattern.compile("todatetime(64)?|todate(32)?|parsedatetime\\w*|totimezone|cast");

  /// A comparison of a column with a value.
  ///
  /// @param lower whether rows from the value on are taken, else up to it
  /// @param inclusive whether rows at the value itself are taken
  /// @param value an instant as text; empty for a parameter
  /// @param zone in which the instant is written; empty for the column's own
  /// @param parameter its name; empty for an instant
  record Bound(
      String column,
      boolean lower,
      boolean inclusive,
      Optional<String> value,
      String zone,
      Optional<String> parameter,
      Place place) {

    /// Whether a row may be on this side of the value and not keep the other bound.
    private boolean weakerThan(Bound other) {
      var order = value.orElse("").compareTo(other.value.orElse(""));
      return order == 0 ? inclusive && !other.inclusive : lower == order < 0;
    }

    private boolean comparable(Bound other) {
      return column.equals(other.column)
          && lower == other.lower
          && zone.equals(other.zone)
          && value.isPresent() == other.value.isPresent()
          && parameter.equals(other.parameter);
    }
  }

  private record Value(Optional<String> text, String zone, Optional<String> parameter) {}

  private final Set<String> columns;
  private final List<Bound> certain = new ArrayList<>();
  private boolean doubtful;
  private int depth;

  private Bounds(Set<String> columns) {
    this.columns = columns;
  }

  /// @param columns what may be compared
  static Bounds of(Pipe pipe, Set<String> columns) {
    var bounds = new Bounds(columns);
    pipe.nodes().forEach(bounds::node);
    return bounds;
  }

  List<Bound> certain() {
    return certain;
  }

  /// Some condition on one of the columns isn't understood, so rows may be fewer than the bounds
  /// say.
  boolean doubtful() {
    return doubtful;
  }

  private void node(Node node) {
    var tokens = Tokens.of(node.sql()).stream().filter(t -> t.kind() != Token.Kind.TAG).toList();
    for (var i = 0; i < tokens.size(); i++) {
      if (tokens.get(i).is("WHERE") || tokens.get(i).is("PREWHERE")) {
        certain.addAll(condition(node, tokens.subList(i + 1, end(tokens, i + 1)), false));
      }
    }
  }

  private static int end(List<Token> tokens, int from) {
    var open = 0;
    for (var i = from; i < tokens.size(); i++) {
      var token = tokens.get(i);
      open += opens(token) ? 1 : closes(token) ? -1 : 0;
      if (open < 0
          || (open == 0
              && token.kind() == Token.Kind.WORD
              && CLAUSES.stream().anyMatch(token::is))) {
        return i;
      }
    }
    return tokens.size();
  }

  private static boolean opens(Token token) {
    return token.symbol("(") || token.symbol("[") || token.symbol("{");
  }

  private static boolean closes(Token token) {
    return token.symbol(")") || token.symbol("]") || token.symbol("}");
  }

  private List<Bound> condition(Node node, List<Token> tokens, boolean negated) {
    if (tokens.isEmpty()) {
      return List.of();
    }
    if (depth == DEEPEST) {
      doubtful = true;
      return List.of();
    }
    depth++;
    try {
      for (var operator : List.of("OR", "AND")) {
        var parts = split(tokens, operator);
        if (parts.size() > 1) {
          var each = parts.stream().map(p -> condition(node, p, negated)).toList();
          return operator.equals("AND") == negated
              ? alternatives(each)
              : each.stream().flatMap(List::stream).toList();
        }
      }
      if (tokens.getFirst().is("NOT")) {
        return condition(node, tokens.subList(1, tokens.size()), !negated);
      }
      if (tokens.getFirst().symbol("(") && closing(tokens, 0) == tokens.size() - 1) {
        return condition(node, tokens.subList(1, tokens.size() - 1), negated);
      }
      var found = comparison(node, tokens, negated);
      doubtful |=
          found.isEmpty()
              && tokens.stream().anyMatch(t -> t.isName() && columns.contains(t.value()));
      return found;
    } finally {
      depth--;
    }
  }

  /// Of several alternatives a bound is certain that all of them have, and the weakest of it.
  private List<Bound> alternatives(List<List<Bound>> each) {
    var out = new ArrayList<Bound>();
    for (var bound : each.getFirst()) {
      var weakest = Optional.of(bound);
      for (var other : each.subList(1, each.size())) {
        weakest =
            weakest.flatMap(w ->
                other.stream().filter(w::comparable).findFirst().map(o -> o.weakerThan(w) ? o : w));
      }
      weakest.ifPresent(out::add);
    }
    doubtful |= out.isEmpty() && each.stream().anyMatch(b -> !b.isEmpty());
    return out;
  }

  private static List<List<Token>> split(List<Token> tokens, String operator) {
    var parts = new ArrayList<List<Token>>();
    var from = 0;
    var open = 0;
    var between = false;
    for (var i = 0; i < tokens.size(); i++) {
      var token = tokens.get(i);
      open += opens(token) ? 1 : closes(token) ? -1 : 0;
      if (open == 0 && token.is("BETWEEN")) {
        between = true;
      } else if (open == 0 && between && token.is("AND")) {
        between = false;
      } else if (open == 0 && token.is(operator)) {
        parts.add(tokens.subList(from, i));
        from = i + 1;
      }
    }
    parts.add(tokens.subList(from, tokens.size()));
    return parts;
  }

  private static int closing(List<Token> tokens, int at) {
    var open = 0;
    for (var i = at; i < tokens.size(); i++) {
      open += opens(tokens.get(i)) ? 1 : closes(tokens.get(i)) ? -1 : 0;
      if (open == 0) {
        return i;
      }
    }
    return -1;
  }

  private List<Bound> comparison(Node node, List<Token> tokens, boolean negated) {
    var open = 0;
    for (var i = 0; i < tokens.size(); i++) {
      var token = tokens.get(i);
      open += opens(token) ? 1 : closes(token) ? -1 : 0;
      if (open != 0) {
        continue;
      }
      var left = tokens.subList(0, i);
      var right = tokens.subList(i + 1, tokens.size());
      if (token.is("BETWEEN")) {
        return negated ? List.of() : between(node, left, right, token);
      }
      if (token.kind() == Token.Kind.SYMBOL && token.text().matches("[<>]=?")) {
        var greater = token.text().startsWith(">");
        var inclusive = token.text().endsWith("=") != negated;
        return column(left).isPresent()
            ? bound(node, left, right, greater != negated, inclusive, token)
            : bound(node, right, left, greater == negated, inclusive, token);
      }
    }
    return List.of();
  }

  private List<Bound> between(Node node, List<Token> left, List<Token> right, Token at) {
    var ends = split(right, "AND");
    var out = new ArrayList<Bound>();
    if (ends.size() == 2) {
      out.addAll(bound(node, left, ends.getFirst(), true, true, at));
      out.addAll(bound(node, left, ends.getLast(), false, true, at));
    }
    return out;
  }

  private List<Bound> bound(
      Node node, List<Token> left, List<Token> right, boolean lower, boolean inclusive, Token at) {
    return column(left)
        .flatMap(c ->
            value(right)
                .map(v ->
                    new Bound(
                        c,
                        lower,
                        inclusive,
                        v.text(),
                        v.zone(),
                        v.parameter(),
                        at(node, at.start()))))
        .stream()
        .toList();
  }

  private Optional<String> column(List<Token> tokens) {
    var alone =
        tokens.size() == 1
            || (tokens.size() == 3 && tokens.get(0).isName() && tokens.get(1).symbol("."));
    return alone && tokens.getLast().isName() && columns.contains(tokens.getLast().value())
        ? Optional.of(tokens.getLast().value())
        : Optional.empty();
  }

  private static Optional<Value> value(List<Token> tokens) {
    if (tokens.isEmpty()) {
      return Optional.empty();
    }
    var first = tokens.getFirst();
    if (tokens.size() == 1) {
      return switch (first.kind()) {
        case EXPRESSION -> Optional.of(new Value(Optional.empty(), "", parameter(first.text())));
        case STRING ->
            Optional.of(
                first.value().contains("{{")
                    ? new Value(Optional.empty(), "", parameter(first.value()))
                    : new Value(Optional.of(instant(first.value())), "", Optional.empty()));
        case WORD, QUOTED_NAME, NUMBER, SYMBOL, VARIABLE, TAG -> Optional.empty();
      };
    }
    if (first.symbol("(") && closing(tokens, 0) == tokens.size() - 1) {
      return value(tokens.subList(1, tokens.size() - 1));
    }
    if (first.kind() == Token.Kind.WORD
        && CONVERSIONS.matcher(first.text().toLowerCase(java.util.Locale.ROOT)).matches()
        && tokens.get(1).symbol("(")
        && closing(tokens, 1) == tokens.size() - 1) {
      var comma = 2;
      while (comma < tokens.size() - 1 && !tokens.get(comma).symbol(",")) {
        comma = opens(tokens.get(comma)) ? closing(tokens, comma) + 1 : comma + 1;
      }
      var zone =
          tokens.subList(comma, tokens.size()).stream()
              .filter(t -> t.kind() == Token.Kind.STRING)
              .map(Token::value)
              .filter(z -> z.contains("/") || z.equals("UTC"))
              .findFirst();
      return value(tokens.subList(2, comma))
          .map(v -> new Value(v.text(), zone.orElse(v.zone()), v.parameter()));
    }
    return Optional.empty();
  }

  private static Optional<String> parameter(String template) {
    try {
      return Template.parameters("%" + template).keySet().stream().findFirst();
    } catch (TemplateException e) {
      return Optional.empty();
    }
  }

  /// The same text for the same instant, as far as its spelling goes.
  private static String instant(String text) {
    var out = text.strip().replace('T', ' ').replaceFirst("Z$", "").replaceFirst("\\.0+$", "");
    if (out.contains("${")) {
      return text;
    }
    if (out.matches("[0-9]{4}-[0-9]{2}-[0-9]{2}")) {
      return out + " 00:00:00";
    }
    return out.matches("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}") ? out + ":00" : out;
  }

  /// Where an offset of a node's SQL stands in its file.
  static Place at(Node node, int offset) {
    var place = node.sqlPlace();
    var before = node.sql().substring(0, offset).lines().count();
    var newLine = offset > 0 && node.sql().charAt(offset - 1) == '\n';
    // A template begins a line later, behind its `%`.
    var line =
        place.line() + (int) before - (before > 0 && !newLine ? 1 : 0) + (node.template() ? 1 : 0);
    return Place.of(place.file(), line);
  }
}
