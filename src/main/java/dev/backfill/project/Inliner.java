package dev.backfill.project;

import dev.backfill.sql.Quote;
import dev.backfill.sql.TablesRead;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Puts nodes, and on demand other Pipes, into a query as subqueries in place of their names. A
/// subquery leaves the leftmost table where it was, so a materialized view keeps its trigger.
final class Inliner {
  private static final int DEEPEST = 100;
  private static final int MOST_CHARACTERS = 1_000_000;

  private final Project project;
  private final boolean pipesToo;
  private final Set<String> underWay = new HashSet<>();

  /// What a query came to.
  ///
  /// @param tables the tables it should read, in order of the text
  private record Result(String sql, List<String> tables) {}

  /// Says that a query can't be made self-contained.
  private static final class Impossible extends Exception {
    private static final long serialVersionUID = 1L;

    private Impossible() {
      super(null, null, false, false);
    }
  }

  Inliner(Project project, boolean pipesToo) {
    this.project = project;
    this.pipesToo = pipesToo;
  }

  Optional<String> inline(Pipe pipe) {
    try {
      var result = inline(pipe, pipe.writingNode().orElseGet(pipe::resultNode));
      var read = TablesRead.of(result.sql()).references();
      var found = read.stream().map(TablesRead.Reference::name).toList();
      return found.equals(result.tables()) ? Optional.of(result.sql()) : Optional.empty();
    } catch (Impossible | IllegalArgumentException reason) {
      return Optional.empty();
    }
  }

  private Result inline(Pipe pipe, Node node) throws Impossible {
    var key = pipe.name() + "." + node.name();
    if (!underWay.add(key) || underWay.size() > DEEPEST) {
      throw new Impossible();
    }
    var sql = withoutEnd(node.sql());
    var read = TablesRead.of(sql);
    for (var hidden : List.of(read.dynamic(), read.possible())) {
      for (var name : hidden) {
        if (replacement(pipe, node, name).isPresent()) {
          throw new Impossible();
        }
      }
    }
    var out = new StringBuilder();
    var tables = new ArrayList<String>();
    int copied = 0;
    for (var reference : read.references()) {
      var inner = replacement(pipe, node, reference.name());
      if (inner.isEmpty()) {
        tables.add(reference.name());
        continue;
      }
      var result = inline(inner.get().pipe(), inner.get().node());
      tables.addAll(result.tables());
      out.append(sql, copied, reference.start()).append("(\n").append(result.sql()).append("\n)");
      if (!reference.aliased()) {
        out.append(" AS ").append(Quote.identifier(reference.name()));
      }
      copied = reference.end();
      if (out.length() > MOST_CHARACTERS) {
        throw new Impossible();
      }
    }
    underWay.remove(key);
    return new Result(out.append(sql, copied, sql.length()).toString(), tables);
  }

  /// A node and the Pipe it belongs to.
  private record Place(Pipe pipe, Node node) {}

  private Optional<Place> replacement(Pipe pipe, Node self, String name) {
    var sibling = pipe.node(name).filter(n -> !n.name().equals(self.name()));
    if (sibling.isPresent()) {
      return Optional.of(new Place(pipe, sibling.get()));
    }
    return pipesToo ? project.pipe(name).map(p -> new Place(p, p.resultNode())) : Optional.empty();
  }

  private static String withoutEnd(String sql) {
    var text = sql.strip();
    while (text.endsWith(";")) {
      text = text.substring(0, text.length() - 1).stripTrailing();
    }
    return text;
  }
}
