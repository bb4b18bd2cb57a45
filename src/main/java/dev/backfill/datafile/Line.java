package dev.backfill.datafile;

import dev.backfill.problem.Place;

/// A physical line of a file, without its line ending.
///
/// @param file the file it stands in; an included line keeps the name of the `.incl` file
/// @param number counted from 1
/// @param start offset of its first character in the text of the file that is parsed; -1 when the
///   line comes from an `INCLUDE`
/// @param text the characters up to the line ending
/// @param ending `\n`, `\r\n`, `\r` or nothing (last line)
public record Line(String file, int number, int start, String text, String ending) {

  /// Came in through an `INCLUDE`, so it can't be edited in this file.
  public boolean included() {
    return start < 0;
  }

  /// Offset behind the line ending.
  public int end() {
    return start + text.length() + ending.length();
  }

  /// The line as it stands in this file; nothing when it came in through an `INCLUDE`.
  String print() {
    return included() ? "" : text + ending;
  }

  public Place at(int index) {
    return new Place(file, number, index + 1);
  }
}
