package dev.backfill.change;

import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.sql.SqlText;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Who uses a column. Found by name, so it errs towards "used".
final class Usage {
  private Usage() {}

  /// Pipes that select a column of a Data Source, by name or through `*`.
  static Set<String> of(Flow flow, String dataSource, String column) {
    var out = new TreeSet<String>();
    follow(flow, dataSource, Set.of(column), out, new HashSet<>(), false);
    return out;
  }

  /// Targets of Materialized Views into which the column's value is carried as it is.
  static Set<String> carriedTo(Flow flow, String dataSource, String column) {
    var out = new TreeSet<String>();
    follow(flow, dataSource, Set.of(column), out, new HashSet<>(), true);
    return out;
  }

  /// Whether keys, TTL, engine options or indexes name the column.
  static boolean inEngine(DataSource d, String column) {
    var e = d.engine();
    var texts = new ArrayList<String>(e.sortingKey());
    texts.addAll(e.partitionKey());
    texts.addAll(e.primaryKey());
    texts.addAll(e.columns());
    e.samplingKey().ifPresent(texts::add);
    e.ttl().ifPresent(texts::add);
    e.ver().ifPresent(texts::add);
    e.isDeleted().ifPresent(texts::add);
    e.sign().ifPresent(texts::add);
    e.version().ifPresent(texts::add);
    d.indexes().forEach(i -> texts.add(i.definition()));
    return texts.stream().anyMatch(t -> names(t, Set.of(column)));
  }

  private static void follow(
      Flow flow,
      String table,
      Set<String> columns,
      Set<String> out,
      Set<String> seen,
      boolean carried) {
    for (var pipe : flow.project().pipes().values()) {
      for (var node : pipe.nodes()) {
        if (flow.named(node).contains(table)
            && pipe.node(table).isEmpty()
            && seen.add(table + columns + " " + pipe.name() + "." + node.name())) {
          node(flow, pipe, node, columns, out, seen, carried);
        }
      }
    }
  }

  private static void node(
      Flow flow,
      Pipe pipe,
      Node node,
      Set<String> columns,
      Set<String> out,
      Set<String> seen,
      boolean carried) {
    var outputs = outputs(node.sql(), columns, carried);
    var writes = node.kind() == Node.Kind.MATERIALIZED;
    if (carried) {
      if (writes && !outputs.isEmpty()) {
        node.target().ifPresent(out::add);
      }
    } else if (names(node.sql(), columns) || (writes && !outputs.isEmpty())) {
      out.add(pipe.name());
      return;
    }
    if (outputs.isEmpty()) {
      return;
    }
    for (var other : pipe.nodes()) {
      if (flow.named(other).contains(node.name())
          && !other.name().equals(node.name())
          && seen.add(pipe.name() + "." + node.name() + outputs + " " + other.name())) {
        node(flow, pipe, other, outputs, out, seen, carried);
      }
    }
    if (node.equals(pipe.writingNode().orElse(pipe.resultNode()))) {
      follow(flow, pipe.name(), outputs, out, seen, carried);
    }
  }

  private static boolean names(String sql, Set<String> columns) {
    return Tokens.of(sql).stream().anyMatch(t -> t.isName() && columns.contains(t.value()));
  }

  /// The names under which the columns' values leave a query.
  private static Set<String> outputs(String sql, Set<String> columns, boolean carried) {
    var out = new HashSet<String>();
    for (var item : selectItems(sql)) {
      var tokens = Tokens.of(item);
      if (tokens.isEmpty()) {
        continue;
      }
      var star = tokens.getFirst().symbol("*") || (tokens.size() > 2 && tokens.get(2).symbol("*"));
      if (star) {
        out.addAll(columns);
      } else if (tokens.stream().anyMatch(t -> t.isName() && columns.contains(t.value()))
          && !(carried && guardsNull(tokens))) {
        var last = tokens.getLast();
        out.add(last.isName() ? last.value() : item);
      }
    }
    return out;
  }

  private static boolean guardsNull(List<Token> tokens) {
    return tokens.stream()
        .anyMatch(t -> t.is("ifNull") || t.is("coalesce") || t.is("assumeNotNull"));
  }

  /// The expressions behind every SELECT of a text, subqueries included.
  private static List<String> selectItems(String sql) {
    var out = new ArrayList<String>();
    var tokens = Tokens.of(sql);
    for (var i = 0; i < tokens.size(); i++) {
      if (!tokens.get(i).is("SELECT")) {
        continue;
      }
      var depth = 0;
      var end = sql.length();
      for (var j = i + 1; j < tokens.size(); j++) {
        var t = tokens.get(j);
        if (t.symbol("(") || t.symbol("[")) {
          depth++;
        } else if (t.symbol(")") || t.symbol("]")) {
          depth--;
        }
        if (depth < 0 || (depth == 0 && t.is("FROM"))) {
          end = t.start();
          break;
        }
      }
      out.addAll(SqlText.splitTopLevel(sql.substring(tokens.get(i).end(), end), ','));
    }
    return out;
  }
}
