package dev.backfill.report;

/// Makes text from a pull request harmless where it is shown.
///
/// Nothing that passes through here can start markup, HTML, a link, a mention, a reference to an
/// issue, a table cell, a diagram's syntax or a terminal's escape sequence.
final class Escape {
  private Escape() {}

  /// One line for a terminal: control characters, line breaks and characters that turn or hide text
  /// become visible.
  static String line(String text) {
    var out = new StringBuilder();
    text.codePoints()
        .forEach(c -> {
          if (c == '\n' || c == '\t' || c == '\r') {
            out.append(' ');
          } else if (hidden(c)) {
            out.append("\\u%04x".formatted(c));
          } else {
            out.appendCodePoint(c);
          }
        });
    return out.toString();
  }

  private static boolean hidden(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }

  /// Markdown prose on one line, also inside a table. What stands between backticks is shown as
  /// code.
  static String prose(String text) {
    var parts = line(text).split("`", -1);
    var out = new StringBuilder();
    for (var i = 0; i < parts.length; i++) {
      var code = i % 2 == 1;
      if (code && i == parts.length - 1) {
        out.append("\\`").append(plain(parts[i]));
      } else if (code) {
        out.append(code(parts[i]));
      } else {
        out.append(plain(parts[i]));
      }
    }
    return out.toString();
  }

  // A mention, an issue or an address is recognised in the finished text, where a backslash is gone
  // already: an invisible character breaks them.
  private static String plain(String line) {
    var out = new StringBuilder();
    for (var i = 0; i < line.length(); i++) {
      var c = line.charAt(i);
      switch (c) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '|' -> out.append("&#124;");
        case '\\', '*', '_', '[', ']', '~', '$', '!' -> out.append('\\').append(c);
        case '@', '#' -> out.append(c).append('\u200b');
        case ':' -> out.append(line.startsWith("//", i + 1) ? ":\u200b" : ":");
        case '.' -> out.append(line.regionMatches(true, i - 3, "www", 0, 3) ? "\u200b." : ".");
        case '-' -> out.append(line.regionMatches(true, i - 2, "gh", 0, 2) ? "\u200b-" : "-");
        default -> out.append(c);
      }
    }
    return out.toString();
  }

  /// Inline code, also inside a table. Empty text gives an empty result.
  static String code(String text) {
    var line = line(text);
    if (line.isEmpty()) {
      return "";
    }
    if (line.indexOf('`') < 0 && line.indexOf('|') < 0 && !line.isBlank()) {
      return "`" + line + "`";
    }
    // A table is cut into cells before code is recognised, and readers of markdown differ in what
    // they do with `\\|`: character references mean the same everywhere.
    var out = new StringBuilder("<code>");
    line.codePoints()
        .forEach(c -> {
          if (Character.isLetterOrDigit(c)) {
            out.appendCodePoint(c);
          } else {
            out.append("&#").append(c).append(';');
          }
        });
    return out.append("</code>").toString();
  }

  /// A fenced block that its content can't close.
  static String fence(String language, String text) {
    var longest = 2;
    var run = 0;
    for (var i = 0; i < text.length(); i++) {
      run = text.charAt(i) == '`' ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    var fence = "`".repeat(longest + 1);
    return fence + language + "\n" + text.stripTrailing() + "\n" + fence + "\n";
  }

  /// A label of a Mermaid diagram, with its quotes.
  static String mermaid(String text) {
    var line = line(text);
    var out = new StringBuilder("\"");
    line.codePoints()
        .limit(100)
        .forEach(c -> {
          if (c == '<') {
            out.append("#lt;");
          } else if (c == '"') {
            out.append("#quot;");
          } else if (Character.isLetterOrDigit(c) || " _.,:()/=+-".indexOf(c) >= 0) {
            out.appendCodePoint(c);
          } else {
            out.append('#').append(c).append(';');
          }
        });
    return out.append('"').toString();
  }

  /// A word for a POSIX shell.
  static String shell(String text) {
    return text.matches("[A-Za-z0-9_./:=+,-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
