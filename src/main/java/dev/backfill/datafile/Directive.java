package dev.backfill.datafile;

import dev.backfill.problem.Place;
import java.util.List;
import java.util.Optional;

/// One directive with its arguments or its block.
///
/// @param name upper case, e.g. `ENGINE_SORTING_KEY`
/// @param arguments words behind the name on its line, quotes included; without the `>` and what
///   follows it when there is a block
/// @param block its body, when the second word is `>`
/// @param line the line it starts on
/// @param known whether the Classic or the Forward client knows the name
public record Directive(
    String name, List<Word> arguments, Optional<Block> block, Line line, boolean known) {
  public Directive {
    arguments = List.copyOf(arguments);
  }

  /// Where its name stands.
  public Place place() {
    return line.at(indent());
  }

  private int indent() {
    int at = 0;
    while (at < line.text().length() && Lines.isBlank(line.text().charAt(at))) {
      at++;
    }
    return at;
  }

  /// The arguments joined with one blank, or the block's text trimmed; quotes kept.
  public String raw() {
    return block
        .map(b -> b.text().strip())
        .orElseGet(() -> String.join(" ", arguments.stream().map(Word::text).toList()));
  }

  /// [#raw()] without its outer quotes.
  public String value() {
    return Lines.unquote(raw()).strip();
  }

  /// Whether any of it came in through an `INCLUDE`.
  public boolean included() {
    return line.included() || block.map(Block::included).orElse(false);
  }

  /// Offset of its first line in the file's text.
  public int start() {
    return line.start();
  }

  /// Offset behind its last line that says something, line ending included.
  public int end() {
    return block
        .filter(b -> !b.lines().isEmpty())
        .map(b -> b.lines().getLast().end())
        .orElse(line.end());
  }
}
