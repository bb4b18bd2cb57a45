package dev.backfill.datafile;

import dev.backfill.problem.Place;
import java.util.List;

/// The body of a directive that ends in `>`. Blank lines and lines that are only a `#` comment
/// aren't part of it, as in the Classic client.
///
/// @param lines what is left, in order
public record Block(List<Line> lines) {
  public Block {
    lines = List.copyOf(lines);
  }

  /// The lines joined with `\n`.
  public String text() {
    return String.join("\n", lines.stream().map(Line::text).toList());
  }

  /// Whether any of it came in through an `INCLUDE`.
  public boolean included() {
    return lines.stream().anyMatch(Line::included);
  }

  /// Place of an offset of [#text()].
  public Place at(int offset) {
    int rest = offset;
    for (var line : lines) {
      if (rest <= line.text().length()) {
        return line.at(rest);
      }
      rest -= line.text().length() + 1;
    }
    return lines.isEmpty() ? Place.NOWHERE : lines.getLast().at(lines.getLast().text().length());
  }
}
