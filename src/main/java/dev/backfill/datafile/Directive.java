package dev.backfill.datafile;

import dev.backfill.problem.Place;
import java.util.List;
import java.util.Optional;

/// One directive with its arguments or its block.
///
/// @param name upper case, e.g. `ENGINE_SORTING_KEY`
/// @param words what its line is made of, the name first, quotes included
/// @param rest what stands behind the last word: blanks, a remark
/// @param block its body, when the second word is `>`
/// @param line the line it starts on
/// @param known whether the Classic or the Forward client knows the name
public record Directive(
    String name, List<Word> words, String rest, Optional<Block> block, Line line, boolean known) {
  public Directive {
    words = List.copyOf(words);
  }

  /// The words behind the name; none when there is a block.
  public List<Word> arguments() {
    return block.isPresent() ? List.of() : words.subList(1, words.size());
  }

  /// Its lines as they stand in this file, made of its words and of its block.
  String print() {
    var out = new StringBuilder();
    if (!line.included()) {
      words.forEach(w -> out.append(w.before()).append(w.text()));
      out.append(rest).append(line.ending());
    }
    block.ifPresent(b -> out.append(b.print()));
    return out.toString();
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
        .orElseGet(() -> String.join(" ", arguments().stream().map(Word::text).toList()));
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
