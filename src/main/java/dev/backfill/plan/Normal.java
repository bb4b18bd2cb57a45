package dev.backfill.plan;

import dev.backfill.project.DataSource;
import dev.backfill.project.Pipe;
import dev.backfill.sql.SqlText;
import java.util.TreeMap;

/// What a resource means, as text: its parsed value without paths and places.
final class Normal {
  private Normal() {}

  static String text(DataSource d) {
    var columns = new StringBuilder();
    d.columns()
        .forEach(c ->
            columns
                .append(c.name())
                .append(' ')
                .append(c.type())
                .append(' ')
                .append(c.jsonPath())
                .append(' ')
                .append(c.defaultKind())
                .append(' ')
                .append(c.defaultExpression())
                .append(' ')
                .append(c.codec())
                .append('\n'));
    return String.join(
        "\n",
        d.name(),
        columns,
        d.engine().toString(),
        d.indexes().toString(),
        new TreeMap<>(d.settings()).toString(),
        d.sharedWith().toString(),
        d.legacyVersion().toString());
  }

  static String text(Pipe p) {
    var nodes = new StringBuilder();
    p.nodes()
        .forEach(n ->
            nodes
                .append(n.name())
                .append(' ')
                .append(n.kind())
                .append(' ')
                .append(n.target())
                .append(' ')
                .append(n.copyMode())
                .append(' ')
                .append(n.copySchedule())
                .append(' ')
                .append(new TreeMap<>(n.settings()))
                .append('\n')
                .append(SqlText.normalise(n.sql()))
                .append('\n'));
    return p.name() + "\n" + nodes;
  }
}
