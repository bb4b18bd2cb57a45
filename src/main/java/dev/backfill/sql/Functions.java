package dev.backfill.sql;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Which functions a text calls.
final class Functions {
  /// Words that a parenthesis may follow without being called.
  private static final Set<String> NOT_CALLED =
      Set.of(
          "all",
          "and",
          "as",
          "asof",
          "between",
          "by",
          "case",
          "distinct",
          "else",
          "end",
          "except",
          "exists",
          "final",
          "from",
          "having",
          "ilike",
          "in",
          "intersect",
          "interval",
          "is",
          "join",
          "like",
          "limit",
          "materialized",
          "not",
          "offset",
          "on",
          "or",
          "over",
          "prewhere",
          "qualify",
          "sample",
          "select",
          "sets",
          "settings",
          "then",
          "union",
          "using",
          "values",
          "when",
          "where",
          "window",
          "with");

  /// Functions that may be called without parentheses.
  private static final Set<String> BARE =
      Set.of("current_timestamp", "current_date", "current_time", "localtime", "localtimestamp");

  private Functions() {}

  static boolean isCallable(Token name) {
    return name.kind() == Token.Kind.QUOTED_NAME
        || (name.kind() == Token.Kind.WORD && !NOT_CALLED.contains(lower(name)));
  }

  static Set<String> called(List<Token> tokens) {
    var names = new LinkedHashSet<String>();
    for (var i = 0; i < tokens.size(); i++) {
      var token = tokens.get(i);
      var followed = i + 1 < tokens.size() && tokens.get(i + 1).symbol("(");
      var qualified = i > 0 && tokens.get(i - 1).symbol(".");
      if (followed ? isCallable(token) : !qualified && BARE.contains(lower(token))) {
        names.add(lower(token));
      }
    }
    return names;
  }

  private static String lower(Token token) {
    return token.value().toLowerCase(Locale.ROOT);
  }
}
