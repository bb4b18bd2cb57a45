package dev.backfill.sql;

/// Names and values as ClickHouse text that can't be read as anything else. The only door through
/// which text from outside enters SQL.
public final class Quote {
  private Quote() {}

  /// A name between backticks.
  ///
  /// @throws IllegalArgumentException when the name is empty, which no quoting makes valid
  public static String identifier(String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("an empty name can't be quoted");
    }
    return quoted(name, '`');
  }

  /// A text between single quotes.
  public static String literal(String value) {
    return quoted(value, '\'');
  }

  /// Control characters become escapes, so the result is always one line and survives files that
  /// are read line by line.
  private static String quoted(String text, char quote) {
    var out = new StringBuilder(text.length() + 2).append(quote);
    for (var i = 0; i < text.length(); i++) {
      var c = text.charAt(i);
      switch (c) {
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c == quote) {
            out.append('\\').append(c);
          } else if (c < ' ' || c == 0x7f) {
            out.append("\\x%02X".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append(quote).toString();
  }
}
