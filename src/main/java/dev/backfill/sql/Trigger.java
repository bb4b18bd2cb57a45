package dev.backfill.sql;

import dev.backfill.sql.TablesRead.Reference;
import java.util.List;
import java.util.Optional;

/// The place in a query's text where the table stands whose inserts start it: behind the first FROM
/// of the final SELECT, followed into subqueries that stand there.
public final class Trigger {
  private Trigger() {}

  /// Empty where that place can't be told by looking: a CTE, a table function, a combined query, a
  /// table read with FINAL, SAMPLE or PREWHERE, which a subquery can't be.
  public static Optional<Reference> of(String sql) {
    var read = TablesRead.of(sql);
    var tokens = Tokens.of(sql);
    if (read.unions()
        || tokens.stream().anyMatch(t -> t.is("FINAL") || t.is("SAMPLE") || t.is("PREWHERE"))) {
      return Optional.empty();
    }
    return after(tokens)
        .flatMap(start -> read.references().stream().filter(r -> r.start() == start).findFirst());
  }

  /// The same query over another table or subquery in that place; whatever else it reads stays.
  ///
  /// @param table SQL that can stand behind FROM
  /// @param alias what columns are qualified by, where the query gives no alias itself
  public static Optional<String> replace(String sql, String table, String alias) {
    return of(sql)
        .map(r ->
            sql.substring(0, r.start())
                + table
                + (r.aliased() ? "" : " AS " + Quote.identifier(alias))
                + sql.substring(r.end()));
  }

  private static Optional<Integer> after(List<Token> tokens) {
    var depth = 0;
    for (var i = 0; i + 1 < tokens.size(); i++) {
      var token = tokens.get(i);
      if (token.symbol("(") || token.symbol("[")) {
        depth++;
      } else if (token.symbol(")") || token.symbol("]")) {
        depth--;
      } else if (depth == 0 && token.is("FROM")) {
        var next = tokens.get(i + 1);
        return next.symbol("(")
            ? after(tokens.subList(i + 2, closing(tokens, i + 1)))
            : Optional.of(next.start());
      }
    }
    return Optional.empty();
  }

  private static int closing(List<Token> tokens, int open) {
    var depth = 0;
    for (var i = open; i < tokens.size(); i++) {
      if (tokens.get(i).symbol("(")) {
        depth++;
      } else if (tokens.get(i).symbol(")") && --depth == 0) {
        return i;
      }
    }
    return tokens.size();
  }
}
