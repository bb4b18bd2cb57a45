package dev.backfill.sql;

import dev.backfill.sql.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// SQL as text to compare and to cut.
public final class SqlText {
  private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*+");

  /// Words that mean the same in any case. Only those that no unquoted column can be: folding one
  /// too few calls equal texts different, folding one too many would call different texts equal.
  private static final Set<String> KEYWORDS =
      Set.of(
          "SELECT",
          "DISTINCT",
          "FROM",
          "WHERE",
          "PREWHERE",
          "GROUP",
          "BY",
          "ORDER",
          "HAVING",
          "LIMIT",
          "AS",
          "AND",
          "OR",
          "NOT",
          "IN",
          "IS",
          "NULL",
          "LIKE",
          "ILIKE",
          "BETWEEN",
          "CASE",
          "WHEN",
          "THEN",
          "ELSE",
          "END",
          "JOIN",
          "INNER",
          "CROSS",
          "ON",
          "USING",
          "UNION",
          "INTERSECT",
          "EXCEPT",
          "WITH",
          "SETTINGS",
          "ASC",
          "DESC",
          "FINAL",
          "INTERVAL",
          "GLOBAL",
          "ASOF",
          "OUTER",
          "FULL",
          "LEFT",
          "RIGHT",
          "ALL",
          "ANY",
          "ARRAY",
          "TRUE",
          "FALSE");

  /// Keywords that are also functions: they keep their case before a parenthesis.
  private static final Set<String> ALSO_FUNCTIONS = Set.of("LEFT", "RIGHT", "ANY", "ARRAY");

  /// Bare words that quoting turns from a value into a name.
  private static final Set<String> VALUES = Set.of("INF", "NAN", "INFINITY");

  /// The conversion function `INTERVAL` stands for, by unit.
  private static final Map<String, String> INTERVALS =
      Map.ofEntries(
          Map.entry("NANOSECOND", "toIntervalNanosecond"),
          Map.entry("MICROSECOND", "toIntervalMicrosecond"),
          Map.entry("MILLISECOND", "toIntervalMillisecond"),
          Map.entry("SECOND", "toIntervalSecond"),
          Map.entry("MINUTE", "toIntervalMinute"),
          Map.entry("HOUR", "toIntervalHour"),
          Map.entry("DAY", "toIntervalDay"),
          Map.entry("WEEK", "toIntervalWeek"),
          Map.entry("MONTH", "toIntervalMonth"),
          Map.entry("QUARTER", "toIntervalQuarter"),
          Map.entry("YEAR", "toIntervalYear"));

  private SqlText() {}

  /// A text that is equal for texts that differ only in white space, comments, the case of
  /// keywords, needless quotes around names, the spelling of the same literal, closing semicolons,
  /// `==` for `=`, `<>` for `!=`, and `INTERVAL n DAY` for `toIntervalDay(n)`. Case matters in
  /// every other word. Template tags stay as they are. Equal results mean equal queries; the
  /// reverse isn't promised.
  public static String normalise(String sql) {
    return written(canonical(Tokens.of(sql)));
  }

  /// Cuts at a character that stands outside of brackets, quotes, comments and tags. The parts are
  /// stripped; a blank text has no parts.
  public static List<String> splitTopLevel(String text, char separator) {
    if (text.isBlank()) {
      return List.of();
    }
    var parts = new ArrayList<String>();
    var depth = 0;
    var from = 0;
    for (var token : Tokens.of(text)) {
      if (token.kind() != Kind.SYMBOL) {
        continue;
      }
      var symbol = token.text().charAt(0);
      if (token.text().length() == 1 && symbol == separator && depth == 0) {
        parts.add(text.substring(from, token.start()).strip());
        from = token.end();
      } else if ("([{".indexOf(symbol) >= 0) {
        depth++;
      } else if (")]}".indexOf(symbol) >= 0) {
        depth = Math.max(0, depth - 1);
      }
    }
    parts.add(text.substring(from).strip());
    return List.copyOf(parts);
  }

  /// The expressions of a key (`ENGINE_SORTING_KEY` and its like), each in the form of
  /// [#normalise]: `a, b`, `(a, b)` and `tuple(a, b)` are the same key; blank and `tuple()` are
  /// none.
  public static List<String> normaliseKey(String text) {
    var tokens = canonical(Tokens.of(text));
    var closings = closings(tokens);
    var from = 0;
    var to = tokens.size();
    while (true) {
      var open = from < to && tokens.get(from).symbol("(") ? from : from + 1;
      var wrapped =
          open < to
              && (open == from || tokens.get(from).is("tuple"))
              && tokens.get(open).symbol("(")
              && closings[open] == to - 1;
      if (!wrapped) {
        break;
      }
      from = open + 1;
      to--;
    }
    return splitTopLevel(written(tokens.subList(from, to)), ',');
  }

  /// A name as SQL, with backticks only where it needs them.
  public static String name(String name) {
    return isPlain(name) ? name : Quote.identifier(name);
  }

  private static boolean isPlain(String name) {
    var upper = name.toUpperCase(Locale.ROOT);
    return PLAIN_NAME.matcher(name).matches()
        && !KEYWORDS.contains(upper)
        && !VALUES.contains(upper);
  }

  /// For every opening bracket the position of the one that closes it; -1 when there is none, and
  /// for every other token.
  private static int[] closings(List<Token> tokens) {
    var closings = new int[tokens.size()];
    var open = new ArrayDeque<Integer>();
    for (var i = 0; i < tokens.size(); i++) {
      closings[i] = -1;
      var token = tokens.get(i);
      if (token.symbol("(") || token.symbol("[") || token.symbol("{")) {
        open.push(i);
      } else if (!open.isEmpty() && (token.symbol(")") || token.symbol("]") || token.symbol("}"))) {
        closings[open.pop()] = i;
      }
    }
    return closings;
  }

  private static List<Token> canonical(List<Token> tokens) {
    var to = tokens.size();
    while (to > 0 && tokens.get(to - 1).symbol(";")) {
      to--;
    }
    var closings = closings(tokens);
    var units = new HashSet<Integer>();
    var out = new ArrayList<Token>();
    for (var i = 0; i < to; i++) {
      var token = tokens.get(i);
      var unit = intervalUnit(tokens, closings, i, to);
      if (units.contains(i)) {
        if (!tokens.get(i - 1).symbol(")")) {
          out.add(made(Kind.SYMBOL, ")", token));
        }
      } else if (unit > 0) {
        units.add(unit);
        var function = intervalFunction(tokens.get(unit));
        out.add(made(Kind.WORD, function == null ? "" : function, token));
        if (!tokens.get(i + 1).symbol("(")) {
          out.add(made(Kind.SYMBOL, "(", token));
        }
      } else {
        out.add(canonical(tokens, i));
      }
    }
    return out;
  }

  /// Where the unit of `INTERVAL 1 DAY`, `INTERVAL (n) DAY` or `INTERVAL {{n}} DAY` stands, or -1.
  private static int intervalUnit(List<Token> tokens, int[] closings, int at, int to) {
    if (!tokens.get(at).is("interval") || at + 2 >= to || isQualified(tokens, at)) {
      return -1;
    }
    var amount = tokens.get(at + 1);
    var unit =
        switch (amount.kind()) {
          case NUMBER, VARIABLE, EXPRESSION -> at + 2;
          case SYMBOL -> amount.symbol("(") ? closings[at + 1] + 1 : 0;
          case WORD, QUOTED_NAME, STRING, TAG -> 0;
        };
    return unit > at + 1 && unit < to && intervalFunction(tokens.get(unit)) != null ? unit : -1;
  }

  private static @Nullable String intervalFunction(Token unit) {
    if (unit.kind() != Kind.WORD) {
      return null;
    }
    var upper = unit.text().toUpperCase(Locale.ROOT);
    return INTERVALS.get(upper.endsWith("S") ? upper.substring(0, upper.length() - 1) : upper);
  }

  private static Token canonical(List<Token> tokens, int at) {
    var token = tokens.get(at);
    return switch (token.kind()) {
      case WORD ->
          isKeyword(tokens, at) ? made(token, token.text().toUpperCase(Locale.ROOT)) : token;
      case QUOTED_NAME ->
          holdsTag(token) || token.value().isEmpty() ? token : made(token, name(token.value()));
      // `\\x` may write a byte that is no character
      case STRING ->
          holdsTag(token) || token.text().contains("\\x")
              ? token
              : made(token, Quote.literal(token.value()));
      case SYMBOL ->
          switch (token.text()) {
            case "==" -> made(token, "=");
            case "<>" -> made(token, "!=");
            default -> token;
          };
      case EXPRESSION, TAG -> made(token, trimmedTag(token.text()));
      case NUMBER, VARIABLE -> token;
    };
  }

  private static boolean isKeyword(List<Token> tokens, int at) {
    var upper = tokens.get(at).text().toUpperCase(Locale.ROOT);
    var called = at + 1 < tokens.size() && tokens.get(at + 1).symbol("(");
    var named = at > 0 && tokens.get(at - 1).is("as");
    return KEYWORDS.contains(upper)
        && !(called && ALSO_FUNCTIONS.contains(upper))
        && !named
        && !isQualified(tokens, at);
  }

  private static boolean isQualified(List<Token> tokens, int at) {
    return (at > 0 && tokens.get(at - 1).symbol("."))
        || (at + 1 < tokens.size() && tokens.get(at + 1).symbol("."));
  }

  private static boolean holdsTag(Token token) {
    return token.text().contains("{{") || token.text().contains("{%");
  }

  private static String trimmedTag(String tag) {
    if (tag.length() < 4) {
      return tag;
    }
    var inside = tag.substring(2, tag.length() - 2).strip();
    return tag.substring(0, 2) + " " + inside + " " + tag.substring(tag.length() - 2);
  }

  private static Token made(Token like, String text) {
    return made(like.kind(), text, like);
  }

  private static Token made(Kind kind, String text, Token at) {
    return new Token(kind, text, at.start(), at.end());
  }

  private static String written(List<Token> tokens) {
    var out = new StringBuilder();
    for (var i = 0; i < tokens.size(); i++) {
      if (i > 0 && spaced(tokens.get(i - 1), tokens.get(i))) {
        out.append(' ');
      }
      out.append(tokens.get(i).text());
    }
    return out.toString();
  }

  private static boolean spaced(Token left, Token right) {
    if (isGlue(left) || isGlue(right)) {
      // `events_{{x}}` is one name, `events {{x}}` is a name and something else
      return left.end() != right.start()
          || !(isGlue(left) || isWordLike(left))
          || !(isGlue(right) || isWordLike(right));
    }
    if (left.symbol("(") || left.symbol("[") || right.symbol(")") || right.symbol("]")) {
      return false;
    }
    if (right.symbol(",")) {
      return false;
    }
    if (left.symbol(".") || right.symbol(".")) {
      return left.kind() == Kind.NUMBER || right.kind() == Kind.NUMBER;
    }
    return !(right.symbol("(") && left.isName() && Functions.isCallable(left));
  }

  private static boolean isGlue(Token token) {
    return switch (token.kind()) {
      case VARIABLE, EXPRESSION, TAG -> true;
      case WORD, QUOTED_NAME, STRING, NUMBER, SYMBOL -> false;
    };
  }

  private static boolean isWordLike(Token token) {
    return token.kind() != Kind.SYMBOL;
  }
}
