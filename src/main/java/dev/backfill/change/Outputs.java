package dev.backfill.change;

import dev.backfill.project.Column;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.sql.SqlText;
import dev.backfill.sql.Template;
import dev.backfill.sql.TemplateException;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// The names of the columns a query gives. Nothing is said where only the engine would know: stars
/// over joins or unknown tables, template tags among the columns.
final class Outputs {
  private static final int MAX_DEPTH = 20;

  private Outputs() {}

  /// The columns of a Pipe's result, in order.
  static Optional<List<String>> of(Flow flow, Pipe pipe) {
    return of(flow, pipe, pipe.writingNode().orElse(pipe.resultNode()), 0);
  }

  /// The parameters callers may send, in all nodes; empty when a template can't be read.
  static Optional<Set<String>> parameters(Pipe pipe) {
    var out = new TreeSet<String>();
    try {
      for (var node : pipe.nodes()) {
        if (node.template()) {
          out.addAll(Template.parameters("%\n" + node.sql()).keySet());
        }
      }
      return Optional.of(out);
    } catch (TemplateException _) {
      return Optional.empty();
    }
  }

  private static Optional<List<String>> of(Flow flow, Pipe pipe, Node node, int depth) {
    var sql = node.sql();
    var items = finalItems(sql);
    if (depth > MAX_DEPTH || items.isEmpty()) {
      return Optional.empty();
    }
    var out = new ArrayList<String>();
    for (var item : items.get()) {
      var tokens = Tokens.of(item);
      if (tokens.isEmpty()
          || tokens.stream()
              .anyMatch(t -> t.kind() == Token.Kind.TAG || t.is("COLUMNS") || t.is("APPLY"))) {
        return Optional.empty();
      }
      if (tokens.size() == 1 && tokens.getFirst().symbol("*")) {
        var all = all(flow, pipe, node, depth);
        if (all.isEmpty()) {
          return Optional.empty();
        }
        out.addAll(all.get());
        continue;
      }
      var last = tokens.getLast();
      // A column without a name of its own is called like its text, which only the engine writes.
      if (tokens.getFirst().symbol("*") || !last.isName()) {
        return Optional.empty();
      }
      out.add(last.value());
    }
    return Optional.of(out);
  }

  private static Optional<List<String>> all(Flow flow, Pipe pipe, Node node, int depth) {
    var tables = flow.tables(node);
    if (tables.joins() || tables.unions() || tables.references().size() != 1) {
      return Optional.empty();
    }
    var name = tables.references().getFirst().name();
    var inner = pipe.node(name).filter(n -> !n.name().equals(node.name()));
    if (inner.isPresent()) {
      return of(flow, pipe, inner.get(), depth + 1);
    }
    var other = flow.project().pipe(name);
    if (other.isPresent()) {
      return of(
          flow, other.get(), other.get().writingNode().orElse(other.get().resultNode()), depth + 1);
    }
    return flow.project()
        .dataSource(name)
        .map(d -> d.columns().stream().filter(Column::insertable).map(Column::name).toList());
  }

  /// What stands between the outermost SELECT and its FROM.
  private static Optional<List<String>> finalItems(String sql) {
    var tokens = Tokens.of(sql);
    var depth = 0;
    var start = -1;
    for (var t : tokens) {
      if (t.symbol("(") || t.symbol("[")) {
        depth++;
      } else if (t.symbol(")") || t.symbol("]")) {
        depth--;
      } else if (depth == 0 && t.is(start < 0 ? "SELECT" : "DISTINCT")) {
        start = t.end();
      } else if (depth == 0 && start >= 0 && t.is("FROM")) {
        return Optional.of(SqlText.splitTopLevel(sql.substring(start, t.start()), ','));
      }
    }
    return Optional.empty();
  }
}
