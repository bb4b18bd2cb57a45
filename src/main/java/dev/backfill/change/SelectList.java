package dev.backfill.change;

import dev.backfill.sql.SqlText;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What stands between SELECT and FROM, where it may be cut and put in order without changing what
/// is read through it. Whatever isn't plain stays as it is.
final class SelectList {
  private SelectList() {}

  /// One query.
  ///
  /// @param start offset of the first item
  /// @param end offset behind the last
  private record Plain(List<String> items, int start, int end) {}

  /// A query without the columns that nobody names, and with the rest in one order.
  ///
  /// @param needed names that those who read it use; empty when all are wanted
  static String only(String sql, Optional<Set<String>> needed) {
    var plain = plain(sql);
    if (plain.isEmpty()) {
      return sql;
    }
    var list = plain.get();
    var kept = new ArrayList<>(list.items());
    if (needed.isPresent()) {
      var rest = sql.substring(0, list.start()) + " " + sql.substring(list.end());
      // One by one: a column that only another unneeded one uses goes with it.
      var shrinking = true;
      while (shrinking) {
        shrinking = false;
        for (var item : List.copyOf(kept)) {
          var others = new ArrayList<>(kept);
          others.remove(item);
          if (droppable(item, needed.get(), rest, others)) {
            kept.remove(item);
            shrinking = true;
          }
        }
      }
    }
    kept.sort(java.util.Comparator.comparing(SqlText::normalise));
    return sql.substring(0, list.start())
        + " "
        + String.join(", ", kept)
        + " "
        + sql.substring(list.end());
  }

  /// Every name a query uses; empty when it takes all there are.
  static Optional<Set<String>> names(String sql) {
    var out = new HashSet<String>();
    var tokens = Tokens.of(sql);
    for (var i = 0; i < tokens.size(); i++) {
      var t = tokens.get(i);
      if (t.kind() == Token.Kind.TAG
          || t.kind() == Token.Kind.EXPRESSION
          || t.is("COLUMNS")
          || star(tokens, i)) {
        return Optional.empty();
      }
      if (t.isName()) {
        out.add(t.value());
      }
    }
    return Optional.of(out);
  }

  private static boolean star(List<Token> tokens, int i) {
    if (!tokens.get(i).symbol("*") || i == 0) {
      return false;
    }
    var before = tokens.get(i - 1);
    var counts = before.symbol("(") && i > 1 && tokens.get(i - 2).is("count");
    return before.is("SELECT")
        || before.is("DISTINCT")
        || before.symbol(",")
        || before.symbol(".")
        || (before.symbol("(") && !counts);
  }

  private static boolean droppable(
      String item, Set<String> needed, String rest, List<String> others) {
    var tokens = Tokens.of(item);
    var name = tokens.getLast();
    if (!name.isName()
        || needed.contains(name.value())
        || tokens.stream().anyMatch(t -> t.is("arrayJoin"))) {
      return false;
    }
    // Without GROUP BY an aggregate makes one row of all; beside a bare column there is none.
    var bare = others.stream().anyMatch(o -> Tokens.of(o).size() == 1);
    var grouped = Tokens.of(rest).stream().anyMatch(t -> t.is("GROUP"));
    return (bare || grouped)
        && !uses(rest, name.value())
        && others.stream().noneMatch(o -> uses(o, name.value()));
  }

  private static boolean uses(String sql, String name) {
    return Tokens.of(sql).stream().anyMatch(t -> t.isName() && t.value().equals(name));
  }

  private static Optional<Plain> plain(String sql) {
    var tokens = Tokens.of(sql);
    var depth = 0;
    var start = -1;
    var end = -1;
    for (var i = 0; i < tokens.size(); i++) {
      var t = tokens.get(i);
      if (t.symbol("(") || t.symbol("[")) {
        depth++;
      } else if (t.symbol(")") || t.symbol("]")) {
        depth--;
      } else if (t.kind() == Token.Kind.TAG || t.kind() == Token.Kind.EXPRESSION) {
        return Optional.empty();
      } else if (depth == 0) {
        if (t.is("UNION")
            || t.is("INTERSECT")
            || t.is("EXCEPT")
            || t.is("DISTINCT")
            || byPosition(tokens, i)) {
          return Optional.empty();
        }
        if (t.is("SELECT")) {
          if (start >= 0) {
            return Optional.empty();
          }
          start = t.end();
        } else if (t.is("FROM") && start >= 0 && end < 0) {
          end = t.start();
        }
      }
    }
    if (start < 0 || end < 0) {
      return Optional.empty();
    }
    var items = SqlText.splitTopLevel(sql.substring(start, end), ',');
    return items.stream().anyMatch(i -> i.isBlank() || names(i).isEmpty() || i.startsWith("*"))
        ? Optional.empty()
        : Optional.of(new Plain(items, start, end));
  }

  /// `GROUP BY 1`, `ORDER BY 2`, `GROUP BY ALL`: the order of the columns counts.
  private static boolean byPosition(List<Token> tokens, int i) {
    if (!tokens.get(i).is("BY")) {
      return false;
    }
    for (var j = i + 1; j < tokens.size(); j++) {
      var t = tokens.get(j);
      var first = tokens.get(j - 1).is("BY") || tokens.get(j - 1).symbol(",");
      if (first && (t.kind() == Token.Kind.NUMBER || t.is("ALL"))) {
        return true;
      }
      if (t.is("HAVING") || t.is("LIMIT") || t.is("SETTINGS") || t.is("ORDER")) {
        return false;
      }
    }
    return false;
  }
}
