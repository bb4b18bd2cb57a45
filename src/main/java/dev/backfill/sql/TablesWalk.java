package dev.backfill.sql;

import dev.backfill.sql.Piece.Group;
import dev.backfill.sql.Piece.Leaf;
import dev.backfill.sql.TablesRead.Reference;
import dev.backfill.sql.Token.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One walk over a bracket tree. It knows clauses, not expressions: where tables may be named,
/// where a list of them ends, and which CTEs are in scope there.
final class TablesWalk {
  /// Words that end a list of tables.
  private static final Set<String> CLAUSES =
      Set.of(
          "where",
          "prewhere",
          "group",
          "order",
          "limit",
          "having",
          "settings",
          "format",
          "qualify",
          "window",
          "offset",
          "into",
          "union",
          "intersect",
          "except",
          "select",
          "with");

  /// Words after a table's name that are no alias.
  private static final Set<String> NO_ALIAS =
      Set.of(
          "final", "sample", "join", "on", "using", "array", "left", "right", "inner", "outer",
          "full", "cross", "any", "all", "asof", "semi", "anti", "global", "local", "paste", "from",
          "as");

  final List<Reference> references = new ArrayList<>();
  final Set<String> dynamic = new LinkedHashSet<>();
  final Set<String> possible = new LinkedHashSet<>();
  boolean joins;
  boolean scalarSubqueries;
  boolean unions;

  /// CTEs by name, each with its own trigger. Those of the queries around and, behind them, of the
  /// first of the queries that this one is combined with are seen through.
  private static final class Scope {
    private final Map<String, Optional<String>> own = new HashMap<>();
    private final @Nullable Scope outer;
    private final @Nullable Scope first;
    private boolean firstSeen = true;

    Scope(@Nullable Scope outer, @Nullable Scope first) {
      this.outer = outer;
      this.first = first;
    }

    boolean knows(String name) {
      return holder(name) != null;
    }

    Optional<String> trigger(String name) {
      var holder = holder(name);
      return holder == null ? Optional.empty() : holder.own.getOrDefault(name, Optional.empty());
    }

    private @Nullable Scope holder(String name) {
      if (own.containsKey(name)) {
        return this;
      }
      var found = outer == null ? null : outer.holder(name);
      return found == null && firstSeen && first != null ? first.holder(name) : found;
    }
  }

  /// A query being read, with all the queries its set operators combine: the CTEs in scope, and its
  /// first table once known.
  private static final class Query {
    Scope ctes;
    Optional<String> trigger = Optional.empty();
    boolean combined;
    private final @Nullable Scope outer;
    private @Nullable Scope ofFirst;
    private boolean decided;

    /// @param ofFirst CTEs of the first query of those that this one is combined with
    Query(@Nullable Scope outer, @Nullable Scope ofFirst) {
      this.outer = outer;
      this.ofFirst = ofFirst;
      ctes = new Scope(outer, ofFirst);
    }

    void first(Optional<String> table) {
      if (!decided) {
        trigger = table;
        decided = true;
      }
    }

    /// The first query's CTEs are in scope in all that it is combined with, another's only in
    /// itself.
    void nextOperand() {
      if (!combined) {
        ofFirst = ctes;
      }
      combined = true;
      ctes = new Scope(outer, ofFirst);
    }

    /// A query in parentheses among those combined.
    Query operand() {
      return combined ? new Query(outer, ofFirst) : new Query(ctes, null);
    }

    /// Where a combined query has CTEs of its own, these don't see the first query's.
    void beforeCtes() {
      if (ofFirst != null) {
        ctes = new Scope(outer, ofFirst);
        ctes.firstSeen = false;
      }
    }

    void afterCtes() {
      ctes.firstSeen = true;
    }
  }

  /// Reads a whole text and gives its trigger.
  Optional<String> statement(List<Piece> pieces) {
    return query(pieces, null);
  }

  private Optional<String> query(List<Piece> pieces, @Nullable Scope outer) {
    return read(pieces, new Query(outer, null)).trigger;
  }

  private Query read(List<Piece> pieces, Query query) {
    clauses(pieces, 0, query);
    return query;
  }

  private void clauses(List<Piece> pieces, int from, Query query) {
    var afterOn = false;
    var operand = from == 0;
    var i = from;
    while (i < pieces.size()) {
      var piece = pieces.get(i);
      if (isCteClause(pieces, i)) {
        query.beforeCtes();
        i = ctes(pieces, i + 1, query);
        query.afterCtes();
        operand = false;
      } else if (isFrom(pieces, i) || isJoin(pieces, i) || (afterOn && piece.symbol(","))) {
        joins |= !piece.is("from");
        afterOn = false;
        operand = false;
        i = tables(pieces, i + 1, query);
      } else if (isSetOperator(pieces, i)) {
        unions = true;
        query.nextOperand();
        afterOn = false;
        operand = true;
        i++;
      } else {
        if (piece.is("on") && !at(pieces, i - 1).is("distinct")) {
          afterOn = true;
        } else if (isWord(piece, CLAUSES) || piece.is("array")) {
          afterOn = false;
        }
        if (operand && piece instanceof Group group && isQuery(group)) {
          var inner = read(group.pieces(), query.operand());
          query.first(inner.trigger);
          if (!query.combined && !inner.combined) {
            query.ctes.own.putAll(inner.ctes.own);
          }
        } else {
          value(pieces, i, query.ctes);
        }
        operand &= piece.isTemplate() || piece.is("all") || piece.is("distinct");
        i++;
      }
    }
  }

  /// `WITH a AS (SELECT ...), (SELECT ...) AS b, 1 AS c`, up to the query itself.
  private int ctes(List<Piece> pieces, int from, Query query) {
    var i = from;
    var recursive = at(pieces, i).is("recursive");
    while (i < pieces.size() && !pieces.get(i).is("select") && !pieces.get(i).is("from")) {
      var body = cteBody(pieces, i);
      if (body > 0
          && pieces.get(i) instanceof Leaf(var token)
          && at(pieces, body) instanceof Group group) {
        if (recursive) {
          query.ctes.own.put(token.value(), Optional.empty());
        }
        query.ctes.own.put(token.value(), query(group.pieces(), query.ctes));
        i = body + 1;
      } else {
        value(pieces, i, query.ctes);
        i++;
      }
    }
    return i;
  }

  /// Where the query of a CTE stands whose name is here, or -1.
  private static int cteBody(List<Piece> pieces, int name) {
    if (!pieces.get(name).isName()) {
      return -1;
    }
    var i = name + 1;
    if (at(pieces, i).isParentheses()) {
      i++;
    }
    if (!at(pieces, i).is("as")) {
      return -1;
    }
    i++;
    if (at(pieces, i).is("materialized")) {
      i++;
    }
    return at(pieces, i) instanceof Group group && isQuery(group) ? i : -1;
  }

  /// A list of tables, up to the next clause; `{% if %} a {% else %} b {% end %}` gives both.
  private int tables(List<Piece> pieces, int from, Query query) {
    var i = from;
    var branches = 0;
    while (i < pieces.size()) {
      var piece = pieces.get(i);
      switch (piece) {
        case Group group -> {
          table(group, query);
          i++;
        }
        case Leaf(var token) when token.kind() == Kind.TAG -> {
          if (opensBranch(token)) {
            branches++;
          } else if (token.tagName().startsWith("end")) {
            branches--;
            if (branches < 0) {
              return i;
            }
          }
          i++;
          continue;
        }
        case Leaf(var token) when isWord(piece, CLAUSES) || token.is("join") -> {
          return i;
        }
        case Leaf(var token) when isNamePart(token) -> i = name(pieces, i, query);
        case Leaf _ -> {
          i++;
          continue;
        }
      }
      // alias, FINAL, SAMPLE ...: up to the next table or clause
      var nested = 0;
      var next = false;
      var sampled = false;
      while (i < pieces.size() && !next) {
        var after = pieces.get(i);
        if (after.symbol(",")) {
          joins = true;
          next = true;
        } else if (after instanceof Leaf(var token) && token.kind() == Kind.TAG) {
          if (opensBranch(token)) {
            nested++;
          } else if (token.tagName().startsWith("end")) {
            if (nested > 0) {
              nested--;
            } else if (branches > 0) {
              branches--;
            }
          } else if (nested == 0 && branches > 0) {
            next = true;
          }
        } else if (after.is("offset") && sampled) {
          sampled = false;
        } else if (isWord(after, CLAUSES)
            || after.is("join")
            || after.is("on")
            || after.is("using")
            || after.is("array")
            || after.is("from")) {
          return i;
        } else {
          sampled |= after.is("sample");
          value(pieces, i, query.ctes);
        }
        i++;
      }
    }
    return i;
  }

  private void table(Group group, Query query) {
    if (isQuery(group)) {
      query.first(query(group.pieces(), query.ctes));
    } else if (group.open() == '(') {
      clauses(group.pieces(), tables(group.pieces(), 0, query), query);
    }
  }

  /// A table's name, a table function or a name only the template knows; gives the place after it.
  private int name(List<Piece> pieces, int from, Query query) {
    var parts = new ArrayList<Token>();
    var i = from;
    var fixed = true;
    while (i < pieces.size() && pieces.get(i) instanceof Leaf(var token) && isNamePart(token)) {
      var glued = !parts.isEmpty() && parts.getLast().end() == token.start();
      var afterDot = !parts.isEmpty() && parts.getLast().symbol(".");
      if (!parts.isEmpty() && !glued && !afterDot) {
        break;
      }
      fixed &= token.isName() && (parts.isEmpty() || afterDot);
      parts.add(token);
      i++;
      if (at(pieces, i) instanceof Leaf(var dot)
          && dot.symbol(".")
          && at(pieces, i + 1) instanceof Leaf(var word)
          && isNamePart(word)) {
        parts.add(dot);
        i++;
      }
    }
    if (at(pieces, i) instanceof Group group
        && group.open() == '('
        && parts.size() == 1
        && parts.getFirst().isName()) {
      query.first(Optional.empty());
      value(pieces, i, query.ctes);
      return i + 1;
    }
    var name = String.join("", parts.stream().map(Token::value).toList());
    if (!fixed) {
      dynamic.add(name);
      query.first(Optional.empty());
    } else if (parts.size() == 1 && query.ctes.knows(name)) {
      query.first(query.ctes.trigger(name));
    } else {
      references.add(
          new Reference(name, parts.getFirst().start(), parts.getLast().end(), aliased(pieces, i)));
      query.first(Optional.of(name));
    }
    return i;
  }

  private static boolean aliased(List<Piece> pieces, int at) {
    var next = at(pieces, at);
    return next.is("as") || (next.isName() && !isWord(next, CLAUSES) && !isWord(next, NO_ALIAS));
  }

  /// Whatever stands in an expression: subqueries, sets, tables named in functions' arguments.
  private void value(List<Piece> pieces, int at, Scope ctes) {
    switch (pieces.get(at)) {
      case Group group when isQuery(group) -> {
        scalarSubqueries = true;
        query(group.pieces(), ctes);
      }
      case Group group -> {
        var function = at > 0 && pieces.get(at - 1) instanceof Leaf(var name) ? lower(name) : "";
        if (function.startsWith("joinget") || function.startsWith("dict")) {
          if (!group.pieces().isEmpty()
              && group.pieces().getFirst() instanceof Leaf(var table)
              && (table.kind() == Kind.STRING || table.isName())) {
            dynamic.add(table.value());
          }
        }
        for (var i = 0; i < group.pieces().size(); i++) {
          if (!(function.equals("position") && group.pieces().get(i).is("in"))) {
            value(group.pieces(), i, ctes);
          }
        }
      }
      case Leaf(var token) when token.is("in") -> set(pieces, at + 1, ctes);
      case Leaf _ -> {}
    }
  }

  /// `x IN name` or `x IN (name)`.
  private void set(List<Piece> pieces, int at, Scope ctes) {
    if (at(pieces, at) instanceof Group group) {
      if (group.open() == '(' && nameEnd(group.pieces(), 0) == group.pieces().size()) {
        set(group.pieces(), 0, ctes);
      }
      return;
    }
    var end = nameEnd(pieces, at);
    if (end == at || (at(pieces, end) instanceof Group group && group.open() != ' ')) {
      return;
    }
    var name = new StringBuilder();
    for (var piece : pieces.subList(at, end)) {
      if (piece instanceof Leaf(var token)) {
        name.append(token.value());
      }
    }
    if (!ctes.knows(name.toString())) {
      possible.add(name.toString());
    }
  }

  /// The place after a name whose parts are joined by dots; the same place when none begins here.
  private static int nameEnd(List<Piece> pieces, int from) {
    if (!at(pieces, from).isName() || isWord(at(pieces, from), CLAUSES)) {
      return from;
    }
    var i = from + 1;
    while (at(pieces, i).symbol(".") && at(pieces, i + 1).isName()) {
      i += 2;
    }
    return i;
  }

  private static boolean opensBranch(Token tag) {
    return tag.tagName().equals("if") || tag.tagName().equals("for");
  }

  private static boolean isNamePart(Token token) {
    return token.isName() || token.kind() == Kind.EXPRESSION || token.kind() == Kind.VARIABLE;
  }

  /// `GROUP BY ... WITH TOTALS` and its like aren't a list of CTEs.
  private static boolean isCteClause(List<Piece> pieces, int at) {
    var next = at(pieces, at + 1);
    return pieces.get(at).is("with")
        && !(next.is("totals")
            || next.is("rollup")
            || next.is("cube")
            || next.is("ties")
            || next.is("fill"));
  }

  /// Neither `WITH FILL FROM` nor `IS NOT DISTINCT FROM`.
  private static boolean isFrom(List<Piece> pieces, int at) {
    var before = at(pieces, at - 1);
    var distinct =
        before.is("distinct") && (at(pieces, at - 2).is("is") || at(pieces, at - 2).is("not"));
    return pieces.get(at).is("from") && !before.is("fill") && !distinct;
  }

  private static boolean isJoin(List<Piece> pieces, int at) {
    return pieces.get(at).is("join") && !at(pieces, at - 1).is("array");
  }

  /// `EXCEPT` is one only before a query: `SELECT * EXCEPT (a)` takes columns away.
  private static boolean isSetOperator(List<Piece> pieces, int at) {
    var piece = pieces.get(at);
    if (piece.is("union") || piece.is("intersect")) {
      return true;
    }
    var i = at + 1;
    while (at(pieces, i).is("all") || at(pieces, i).is("distinct")) {
      i++;
    }
    return piece.is("except") && beginsQuery(pieces, i);
  }

  static boolean isQuery(Group group) {
    if (group.open() != '(') {
      return false;
    }
    var i = 0;
    while (at(group.pieces(), i).isTemplate()) {
      i++;
    }
    return beginsQuery(group.pieces(), i);
  }

  private static boolean beginsQuery(List<Piece> pieces, int at) {
    var piece = at(pieces, at);
    if (piece instanceof Group group) {
      var last = at + 1 >= pieces.size() || at(pieces, at + 1).isTemplate();
      return isQuery(group) && (last || isSetOperator(pieces, at + 1));
    }
    return piece.is("select") || piece.is("with") || (piece.is("from") && at + 1 < pieces.size());
  }

  private static boolean isWord(Piece piece, Set<String> words) {
    return piece instanceof Leaf(var token)
        && token.kind() == Kind.WORD
        && words.contains(lower(token));
  }

  private static String lower(Token token) {
    return token.value().toLowerCase(Locale.ROOT);
  }

  /// Out of range is a piece that is nothing.
  private static Piece at(List<Piece> pieces, int at) {
    return at >= 0 && at < pieces.size() ? pieces.get(at) : NOTHING;
  }

  private static final Piece NOTHING = new Group(' ', List.of());
}
