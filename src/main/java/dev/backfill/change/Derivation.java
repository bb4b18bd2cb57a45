package dev.backfill.change;

import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.sql.Quote;
import dev.backfill.sql.SqlText;
import dev.backfill.sql.TablesRead;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// How a column of a Pipe's result is made of one column of the table that starts it, when that can
/// be told: by functions of time that give the same for the same row whenever they are called.
///
/// @param entry what the Pipe itself reads where it starts: the table, or a plain Pipe over it
/// @param overEntry SQL over the columns of the entry
/// @param column of the table that starts it
/// @param overTable SQL over that column alone
public record Derivation(String entry, String overEntry, String column, String overTable) {
  private static final int MAX_DEPTH = 20;
  private static final int MAX_LENGTH = 10_000;

  private static final Pattern FUNCTION =
      Pattern.compile(
          "todate|todate32|todatetime|todatetime64|tostartof\\w+|tomonday|tolastdayof\\w+"
              + "|date_?trunc|totimezone|tointerval\\w+|ifnull|coalesce|assumenotnull|cast"
              + "|accuratecastornull|accuratecastordefault|fromunixtimestamp\\w*|makedate\\w*"
              + "|toyear|tomonth|todayofmonth|plus|minus|adddays|subtractdays|addhours"
              + "|subtracthours|addminutes|subtractminutes|addseconds|subtractseconds"
              + "|timeslot|tolowcardinality|tonullable|tounixtimestamp|touint32|toint64|intdiv");

  /// @param column of the Pipe's result
  /// @return empty where only the engine would know
  public static Optional<Derivation> of(Flow flow, Pipe pipe, String column) {
    return new Search(flow, pipe).node(result(pipe), column, 0);
  }

  /// The same, were the column made by other SQL.
  ///
  /// @param made in place of what stands there, over what the Pipe's result reads
  public static Optional<Derivation> of(Flow flow, Pipe pipe, String column, String made) {
    return new Search(flow, pipe).made(result(pipe), column, made);
  }

  /// The SQL that stands for a column in a Pipe's result; empty when it is passed through by a star
  /// or isn't named.
  public static Optional<String> expression(Pipe pipe, String column) {
    return Select.of(result(pipe).sql()).flatMap(s -> s.expression(column));
  }

  private static Node result(Pipe pipe) {
    return pipe.writingNode().orElse(pipe.resultNode());
  }

  /// One SELECT: what it gives and what it reads first.
  private record Select(List<String> items, List<Token> from) {

    static Optional<Select> of(String sql) {
      var tokens = Tokens.of(sql);
      var depth = 0;
      var start = -1;
      for (var i = 0; i < tokens.size(); i++) {
        var t = tokens.get(i);
        if (t.symbol("(") || t.symbol("[")) {
          depth++;
        } else if (t.symbol(")") || t.symbol("]")) {
          depth--;
        } else if (depth == 0 && t.is(start < 0 ? "SELECT" : "DISTINCT")) {
          start = t.end();
        } else if (depth == 0 && start >= 0 && t.is("FROM")) {
          return Optional.of(
              new Select(
                  SqlText.splitTopLevel(sql.substring(start, t.start()), ','),
                  tokens.subList(i + 1, tokens.size())));
        }
      }
      return Optional.empty();
    }

    /// The SQL that stands for a column; empty when it is passed through by a star or isn't named.
    Optional<String> expression(String column) {
      for (var item : items) {
        var tokens = Tokens.of(item);
        if (tokens.isEmpty() || !tokens.getLast().isName()) {
          continue;
        }
        if (tokens.getLast().value().equals(column)) {
          return Optional.of(withoutAlias(item, tokens));
        }
      }
      return Optional.empty();
    }

    Select with(String column, String made) {
      var others =
          items.stream()
              .filter(i -> {
                var tokens = Tokens.of(i);
                return tokens.isEmpty()
                    || !tokens.getLast().isName()
                    || !tokens.getLast().value().equals(column);
              });
      var item = made + " AS " + Quote.identifier(column);
      return new Select(Stream.concat(Stream.of(item), others).toList(), from);
    }

    private static String withoutAlias(String item, List<Token> tokens) {
      var last = tokens.size() - 1;
      if (last == 0 || tokens.get(last - 1).symbol(".")) {
        return item;
      }
      var end =
          tokens.get(last - 1).is("AS") ? tokens.get(last - 1).start() : tokens.get(last).start();
      return item.substring(0, end).strip();
    }

    boolean star() {
      return items.stream()
          .map(Tokens::of)
          .anyMatch(t -> t.size() == 1 && t.getFirst().symbol("*"));
    }
  }

  /// Follows one column down. The expression over the entry is fixed where the Pipe's own nodes
  /// end.
  private record Search(Flow flow, Pipe pipe) {

    Optional<Derivation> node(Node node, String column, int depth) {
      return sql(pipe, node, node.sql(), column, Quote.identifier(column), Optional.empty(), depth);
    }

    Optional<Derivation> made(Node node, String column, String sql) {
      return Select.of(node.sql())
          .flatMap(s ->
              selected(
                  pipe,
                  node,
                  node.sql(),
                  s.with(column, sql),
                  column,
                  Quote.identifier(column),
                  Optional.empty(),
                  0));
    }

    /// @param made the SQL so far, in which `column` of what is read here is to be replaced
    private Optional<Derivation> sql(
        Pipe in,
        Node node,
        String sql,
        String column,
        String made,
        Optional<Entry> entry,
        int depth) {
      return Select.of(sql)
          .flatMap(select -> selected(in, node, sql, select, column, made, entry, depth));
    }

    private Optional<Derivation> selected(
        Pipe in,
        Node node,
        String sql,
        Select select,
        String column,
        String made,
        Optional<Entry> entry,
        int depth) {
      if (depth > MAX_DEPTH
          || made.length() > MAX_LENGTH
          || TablesRead.of(sql).unions()
          || in.nodes().stream().anyMatch(Node::template)) {
        return Optional.empty();
      }
      var free = resolved(select, column);
      if (free.isEmpty()) {
        return Optional.empty();
      }
      var next = replaced(made, column, free.get().sql());
      return below(in, node, sql, select, free.get().column(), next, entry, depth);
    }

    private Optional<Derivation> below(
        Pipe in,
        Node node,
        String sql,
        Select select,
        String column,
        String made,
        Optional<Entry> entry,
        int depth) {
      var from = select.from();
      if (from.isEmpty()) {
        return Optional.empty();
      }
      if (from.getFirst().symbol("(")) {
        var inner = inside(sql, from);
        return sql(in, node, inner, column, made, entry, depth + 1);
      }
      if (!from.getFirst().isName()
          || (from.size() > 1 && (from.get(1).symbol(".") || from.get(1).symbol("(")))) {
        return Optional.empty();
      }
      var name = from.getFirst().value();
      var own = in.node(name).filter(n -> !n.name().equals(node.name()));
      if (own.isPresent()) {
        return sql(in, own.get(), own.get().sql(), column, made, entry, depth + 1);
      }
      var here = entry.or(() -> Optional.of(new Entry(name, made)));
      var other = flow.project().pipe(name);
      if (other.isPresent()) {
        var last = result(other.get());
        return sql(other.get(), last, last.sql(), column, made, here, depth + 1);
      }
      return flow.project()
          .dataSource(name)
          .flatMap(d -> d.column(column))
          .map(c -> new Derivation(here.get().name(), here.get().sql(), column, made));
    }

    private record Entry(String name, String sql) {}

    private record Free(String column, String sql) {}

    /// The one column of what is read that a column of this SELECT is made of. A name may be that
    /// of a neighbour, which ClickHouse prefers to the column.
    private static Optional<Free> resolved(Select select, String column) {
      var sql = Quote.identifier(column);
      var name = column;
      var seen = new HashSet<String>();
      while (seen.add(name)) {
        var expression = select.expression(name);
        if (expression.isEmpty()) {
          return seen.size() > 1 || select.star()
              ? Optional.of(new Free(name, sql))
              : Optional.empty();
        }
        var free = free(expression.get());
        if (free.isEmpty()) {
          return Optional.empty();
        }
        sql = replaced(sql, name, plain(expression.get()));
        if (free.get().equals(name)) {
          return Optional.of(new Free(name, sql));
        }
        name = free.get();
      }
      return Optional.empty();
    }

    private static String inside(String sql, List<Token> from) {
      var depth = 0;
      for (var token : from) {
        if (token.symbol("(")) {
          depth++;
        } else if (token.symbol(")") && --depth == 0) {
          return sql.substring(from.getFirst().end(), token.start());
        }
      }
      return sql.substring(from.getFirst().end());
    }
  }

  /// The one column an expression names; empty when it is none, several, or does what isn't known.
  private static Optional<String> free(String expression) {
    var tokens = Tokens.of(expression);
    Optional<String> found = Optional.empty();
    for (var i = 0; i < tokens.size(); i++) {
      var t = tokens.get(i);
      switch (t.kind()) {
        case STRING, NUMBER -> {}
        case SYMBOL -> {
          if (!Set.of("(", ")", ",", ".", "+", "-", "::").contains(t.text())) {
            return Optional.empty();
          }
        }
        case WORD, QUOTED_NAME -> {
          var called = i + 1 < tokens.size() && tokens.get(i + 1).symbol("(");
          var qualifier = i + 1 < tokens.size() && tokens.get(i + 1).symbol(".");
          var type = i > 0 && (tokens.get(i - 1).symbol("::") || tokens.get(i - 1).is("AS"));
          if (called && !type) {
            if (!FUNCTION.matcher(t.value().toLowerCase(java.util.Locale.ROOT)).matches()) {
              return Optional.empty();
            }
          } else if (!qualifier && !type && !keyword(tokens, i)) {
            if (found.isPresent() && !found.get().equals(t.value())) {
              return Optional.empty();
            }
            found = Optional.of(t.value());
          }
        }
        default -> {
          return Optional.empty();
        }
      }
    }
    return found;
  }

  private static boolean keyword(List<Token> tokens, int at) {
    var t = tokens.get(at);
    return t.is("INTERVAL")
        || t.is("AS")
        || t.is("NULL")
        || (at > 1 && tokens.get(at - 2).is("INTERVAL"));
  }

  /// Without the names of tables before columns.
  private static String plain(String expression) {
    var tokens = Tokens.of(expression);
    var out = new StringBuilder();
    var copied = 0;
    for (var i = 0; i + 1 < tokens.size(); i++) {
      if (tokens.get(i).isName() && tokens.get(i + 1).symbol(".")) {
        out.append(expression, copied, tokens.get(i).start());
        copied = tokens.get(i + 1).end();
      }
    }
    return out.append(expression.substring(copied)).toString();
  }

  /// The expression with another one in a column's place.
  public static String replaced(String expression, String column, String by) {
    var out = new StringBuilder();
    var copied = 0;
    var tokens = Tokens.of(expression);
    for (var i = 0; i < tokens.size(); i++) {
      var t = tokens.get(i);
      var called = i + 1 < tokens.size() && tokens.get(i + 1).symbol("(");
      var type = i > 0 && (tokens.get(i - 1).symbol("::") || tokens.get(i - 1).is("AS"));
      if (t.isName() && t.value().equals(column) && !called && !type) {
        out.append(expression, copied, t.start()).append(bracketed(by));
        copied = t.end();
      }
    }
    return out.append(expression.substring(copied)).toString();
  }

  private static String bracketed(String expression) {
    return Tokens.of(expression).stream()
            .anyMatch(t -> t.symbol("+") || t.symbol("-") || t.symbol("::"))
        ? "(" + expression + ")"
        : expression;
  }
}
