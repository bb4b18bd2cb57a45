package dev.backfill.datafile;

/// A token of a directive line, quotes included.
///
/// @param before the blanks in front of it
/// @param text as written
/// @param start index of its first character in the line
/// @param end index behind its last character
public record Word(String before, String text, int start, int end) {

  /// The text without its outer quotes.
  public String value() {
    return Lines.unquote(text);
  }
}
