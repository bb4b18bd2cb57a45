package dev.backfill.datafile;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/// How a datafile is cut into lines and a line into words: the rules of the Classic client, which
/// reads universal newlines and splits with a non-POSIX shell lexer (`datafiles.md` 1.2).
final class Lines {
  private static final char BOM = '\uFEFF';

  private Lines() {}

  /// Cuts at `\n`, `\r\n` and `\r`, one line at a time. A byte order mark belongs to no line.
  static Iterator<Line> of(String file, String text, boolean included) {
    return new Iterator<>() {
      private int start = hasBom(text) ? 1 : 0;
      private int number = 1;

      @Override
      public boolean hasNext() {
        return start < text.length();
      }

      @Override
      public Line next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        int end = start;
        while (end < text.length() && text.charAt(end) != '\n' && text.charAt(end) != '\r') {
          end++;
        }
        int next = end;
        if (next < text.length()) {
          next += text.startsWith("\r\n", end) ? 2 : 1;
        }
        var line =
            new Line(
                file,
                number++,
                included ? -1 : start,
                text.substring(start, end),
                ending(text, end, next));
        start = next;
        return line;
      }
    };
  }

  private static String ending(String text, int end, int next) {
    if (next - end == 2) {
      return "\r\n";
    }
    return next == end ? "" : text.charAt(end) == '\n' ? "\n" : "\r";
  }

  static boolean hasBom(String text) {
    return !text.isEmpty() && text.charAt(0) == BOM;
  }

  /// What the shell lexer makes of a line.
  ///
  /// @param openQuote index of a quote that isn't closed on the line, -1 when there is none; the
  ///   client then takes the line as a whole for one quoted word
  record Lexed(List<Word> words, int openQuote) {
    boolean closed() {
      return openQuote < 0;
    }

    boolean empty() {
      return closed() && words.isEmpty();
    }
  }

  /// The words of a line. A `#` outside quotes ends the line even inside a word; quotes only open
  /// at the start of a word and their closing ends it.
  static Lexed words(String line) {
    return words(line, Integer.MAX_VALUE);
  }

  /// The same, but of the words no more than the first ones.
  static Lexed words(String line, int most) {
    var words = new ArrayList<Word>();
    int at = 0;
    int behind = 0;
    while (at < line.length()) {
      char c = line.charAt(at);
      if (isBlank(c)) {
        at++;
      } else if (c == '#') {
        break;
      } else if (isQuote(c)) {
        int close = line.indexOf(c, at + 1);
        if (close < 0) {
          return new Lexed(List.of(), at);
        }
        if (words.size() < most) {
          words.add(
              new Word(line.substring(behind, at), line.substring(at, close + 1), at, close + 1));
        }
        at = close + 1;
        behind = at;
      } else {
        int end = at;
        while (end < line.length() && !isBlank(line.charAt(end)) && line.charAt(end) != '#') {
          end++;
        }
        if (words.size() < most) {
          words.add(new Word(line.substring(behind, at), line.substring(at, end), at, end));
        }
        at = end;
        behind = at;
      }
    }
    return new Lexed(words, -1);
  }

  /// Index of a `#` that cuts a word in two; -1 when there is none.
  static int commentInsideWord(String line, List<Word> words) {
    if (words.isEmpty()) {
      return -1;
    }
    int end = words.getLast().end();
    return end < line.length()
            && line.charAt(end) == '#'
            && !isQuote(words.getLast().text().charAt(0))
        ? end
        : -1;
  }

  /// Characters at which Python's `splitlines` would break a line and we don't.
  static int oddBreak(String line) {
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == '\u000B'
          || c == '\f'
          || (c >= '\u001C' && c <= '\u001E')
          || c == '\u0085'
          || c == '\u2028'
          || c == '\u2029') {
        return i;
      }
    }
    return -1;
  }

  static boolean isBlank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
  }

  /// Cuts the first and last character when both are quotes; they need not match.
  static String unquote(String value) {
    return value.length() >= 2
            && isQuote(value.charAt(0))
            && isQuote(value.charAt(value.length() - 1))
        ? value.substring(1, value.length() - 1)
        : value;
  }

  private static boolean isQuote(char c) {
    return c == '\'' || c == '"';
  }
}
