package dev.backfill.datafile;

import dev.backfill.problem.Place;
import java.util.List;
import java.util.stream.Collectors;

/// The body of a directive that ends in `>`. Blank lines and lines that are only a `#` comment mean
/// nothing, as in the Classic client.
///
/// @param body every line up to the next directive
/// @param lines those that mean something, in order
public record Block(List<Line> body, List<Line> lines) {
  public Block {
    body = List.copyOf(body);
    lines = List.copyOf(lines);
  }

  String print() {
    return body.stream().map(Line::print).collect(Collectors.joining());
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
