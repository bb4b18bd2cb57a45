package dev.backfill.sql;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.regex.Pattern;

/// What a query reads, found without a grammar: brackets, clauses and the scopes of CTEs. In a
/// template every branch counts, so this is all the tables any rendering can read by plain name.
///
/// @param references tables named after FROM, JOIN or a comma between them, in order of the text;
///   CTEs are left out where they are in scope, table functions always
/// @param trigger leftmost table of the final query, followed into subqueries and CTEs: the one
///   whose inserts start a materialized view. Of a set operation, the first query's. Empty when
///   that place holds a table function or a template expression
/// @param functions names of the functions called, lower case, table functions included
/// @param joins whether tables are joined, by JOIN or by comma; ARRAY JOIN doesn't count
/// @param scalarSubqueries whether a subquery stands where a value or a set does: `(SELECT ...)` in
///   an expression, `IN (SELECT ...)`, `WITH (SELECT ...) AS x`
/// @param unions whether UNION, INTERSECT or EXCEPT combine queries
/// @param dynamic tables reached otherwise than by plain name: the literals of `table('x')`, of
///   `joinGet('x', ...)` and `dictGet('x', ...)`, and the raw text where a template expression or a
///   variable is (part of) a table's name. [#rename] leaves them alone
/// @param possible names after IN that are a table unless they are a column or an array; only the
///   engine knows. [#rename] leaves them alone
public record TablesRead(
    List<Reference> references,
    Optional<String> trigger,
    Set<String> functions,
    boolean joins,
    boolean scalarSubqueries,
    boolean unions,
    Set<String> dynamic,
    Set<String> possible) {

  /// A place where a table is named.
  ///
  /// @param name without quotes; parts joined by dots
  /// @param start offset of its first character
  /// @param end offset after its last character, without the alias
  /// @param aliased whether an alias follows
  public record Reference(String name, int start, int end, boolean aliased) {}

  private static final Pattern TABLE_LITERAL =
      Pattern.compile("\\b(?:table|TABLE)\\s*\\(\\s*(?:'([^']*)'|\"([^\"]*)\")");

  public TablesRead {
    references = List.copyOf(references);
    functions = unmodifiable(functions);
    dynamic = unmodifiable(dynamic);
    possible = unmodifiable(possible);
  }

  /// Reads SQL, tags included.
  ///
  /// @throws IllegalArgumentException when brackets are nested deeper than ClickHouse allows
  public static TablesRead of(String sql) {
    var tokens = Tokens.of(sql);
    var walk = new TablesWalk();
    var trigger = walk.statement(Piece.tree(tokens));
    for (var token : tokens) {
      if (token.kind() == Token.Kind.EXPRESSION || token.kind() == Token.Kind.TAG) {
        walk.dynamic.addAll(tableLiterals(token.text()));
      }
    }
    return new TablesRead(
        walk.references,
        trigger,
        Functions.called(tokens),
        walk.joins,
        walk.scalarSubqueries,
        walk.unions,
        walk.dynamic,
        walk.possible);
  }

  /// The names read by plain reference, each once, in order.
  public SequencedSet<String> names() {
    var names = new LinkedHashSet<String>();
    references.forEach(reference -> names.add(reference.name()));
    return Collections.unmodifiableSequencedSet(names);
  }

  /// The same text with other tables. Only references change: columns, strings, comments, aliases,
  /// CTEs and template tags stay as they are. Where the text names columns by table (`old.column`)
  /// and the table has no alias, the old name becomes its alias.
  ///
  /// @param names old name to new name, without quotes
  /// @throws IllegalArgumentException when the renamed text would read something else, because the
  ///   new name is that of a CTE
  public static String rename(String sql, Map<String, String> names) {
    var before = of(sql);
    var qualifiers = qualifiers(sql, before.references());
    var out = new StringBuilder();
    var copied = 0;
    for (var reference : before.references()) {
      var name = names.get(reference.name());
      if (name == null || name.equals(reference.name())) {
        continue;
      }
      out.append(sql, copied, reference.start()).append(written(name));
      var old = lastPart(reference.name());
      if (!reference.aliased() && qualifiers.contains(old) && !old.equals(lastPart(name))) {
        out.append(" AS ").append(SqlText.name(old));
      }
      copied = reference.end();
    }
    var renamed = out.append(sql, copied, sql.length()).toString();
    var expected =
        before.references().stream().map(r -> names.getOrDefault(r.name(), r.name())).toList();
    var found = of(renamed).references().stream().map(Reference::name).toList();
    if (!found.equals(expected)) {
      throw new IllegalArgumentException(
          "after renaming, the query would read " + found + " instead of " + expected);
    }
    return renamed;
  }

  /// First words of `a.b` outside of table references.
  private static Set<String> qualifiers(String sql, List<Reference> references) {
    var tokens = Tokens.of(sql);
    var names = new LinkedHashSet<String>();
    for (var i = 0; i + 2 < tokens.size(); i++) {
      var start = tokens.get(i).start();
      if (tokens.get(i).isName()
          && tokens.get(i + 1).symbol(".")
          && references.stream().noneMatch(r -> r.start() <= start && start < r.end())) {
        names.add(tokens.get(i).value());
      }
    }
    return names;
  }

  private static String written(String name) {
    var parts = new ArrayList<String>();
    for (var part : name.split("\\.", -1)) {
      parts.add(SqlText.name(part));
    }
    return String.join(".", parts);
  }

  private static String lastPart(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private static List<String> tableLiterals(String tag) {
    return TABLE_LITERAL
        .matcher(tag)
        .results()
        .map(match -> match.group(1) == null ? match.group(2) : match.group(1))
        .toList();
  }

  private static Set<String> unmodifiable(Set<String> set) {
    return Collections.unmodifiableSet(new LinkedHashSet<>(set));
  }
}
