package dev.backfill.sql;

import java.util.Locale;

/// One piece of SQL text.
///
/// @param kind what it is
/// @param text exactly as written, quotes included: always the source between the offsets
/// @param start offset of its first character
/// @param end offset after its last character
public record Token(Kind kind, String text, int start, int end) {

  /// What a token is.
  public enum Kind {
    /// A bare word: name or keyword.
    WORD,
    /// A name between backticks or double quotes.
    QUOTED_NAME,
    /// A text between single quotes, or a heredoc.
    STRING,
    NUMBER,
    /// A bracket or an operator; operators of several characters are one token.
    SYMBOL,
    /// `$NAME` or `${NAME}`, filled in by the CLI when it pushes.
    VARIABLE,
    /// `{{ ... }}`.
    EXPRESSION,
    /// `{% ... %}`.
    TAG
  }

  /// The name or text meant, without quotes and escapes; for every other kind [#text]. Means
  /// nothing for quoted texts that hold a template tag.
  public String value() {
    return switch (kind) {
      case QUOTED_NAME -> unquoted();
      case STRING -> text.startsWith("$") ? heredoc() : unquoted();
      case WORD, NUMBER, SYMBOL, VARIABLE, EXPRESSION, TAG -> text;
    };
  }

  /// True for a bare word that reads like this keyword in any case.
  public boolean is(String keyword) {
    return kind == Kind.WORD && text.equalsIgnoreCase(keyword);
  }

  /// True for this operator or bracket.
  public boolean symbol(String symbol) {
    return kind == Kind.SYMBOL && text.equals(symbol);
  }

  /// True for whatever may be a name, quoted or not.
  public boolean isName() {
    return kind == Kind.WORD || kind == Kind.QUOTED_NAME;
  }

  /// The first word of a template tag in lower case (`if`, `else`, `end`, ...); empty for the rest.
  public String tagName() {
    if (kind != Kind.TAG) {
      return "";
    }
    var from = 2;
    while (from < text.length() && !Character.isLetter(text.charAt(from))) {
      from++;
    }
    var to = from;
    while (to < text.length() && Character.isLetter(text.charAt(to))) {
      to++;
    }
    return text.substring(from, to).toLowerCase(Locale.ROOT);
  }

  private String heredoc() {
    var tag = text.indexOf('$', 1) + 1;
    return text.substring(tag, text.length() - tag);
  }

  private String unquoted() {
    var quote = text.charAt(0);
    var closed = text.length() > 1 && text.charAt(text.length() - 1) == quote;
    var to = closed ? text.length() - 1 : text.length();
    var out = new StringBuilder(text.length());
    for (var i = 1; i < to; i++) {
      var c = text.charAt(i);
      if (c == quote && i + 1 < to) {
        out.append(c);
        i++;
      } else if (c == '\\' && i + 1 < to) {
        i++;
        var escaped = text.charAt(i);
        if (escaped == 'x' && i + 2 < to && hex(i + 1) >= 0 && hex(i + 2) >= 0) {
          out.append((char) (hex(i + 1) * 16 + hex(i + 2)));
          i += 2;
        } else {
          appendEscaped(out, escaped);
        }
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  private int hex(int at) {
    return Character.digit(text.charAt(at), 16);
  }

  /// An unknown escape keeps its backslash, as ClickHouse does, so `\%` stays a pattern.
  private static void appendEscaped(StringBuilder out, char escaped) {
    switch (escaped) {
      case 'n' -> out.append('\n');
      case 't' -> out.append('\t');
      case 'r' -> out.append('\r');
      case 'b' -> out.append('\b');
      case 'f' -> out.append('\f');
      case 'a' -> out.append('\u0007');
      case 'v' -> out.append('\u000b');
      case 'e' -> out.append('\u001b');
      case '0' -> out.append('\0');
      case '\\', '\'', '`', '"', '/', '=' -> out.append(escaped);
      default -> out.append('\\').append(escaped);
    }
  }
}
