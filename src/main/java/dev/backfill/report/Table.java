package dev.backfill.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Aligned columns for a terminal. Cells are made harmless; the last column isn't padded.
final class Table {
  private final List<List<String>> rows = new ArrayList<>();

  Table(String... header) {
    row(header);
  }

  Table row(String... cells) {
    rows.add(Arrays.stream(cells).map(Escape::line).toList());
    return this;
  }

  void appendTo(StringBuilder out, Style style) {
    var widths = new int[rows.getFirst().size()];
    for (var row : rows) {
      for (var i = 0; i < row.size(); i++) {
        widths[i] = Math.max(widths[i], row.get(i).codePointCount(0, row.get(i).length()));
      }
    }
    var header = true;
    for (var row : rows) {
      var line = new StringBuilder();
      for (var i = 0; i < row.size(); i++) {
        var cell = row.get(i);
        line.append(i == 0 ? "  " : "   ").append(cell);
        line.append(" ".repeat(widths[i] - cell.codePointCount(0, cell.length())));
      }
      var text = line.toString().stripTrailing();
      out.append(header ? style.faint(text) : text).append('\n');
      header = false;
    }
  }
}
