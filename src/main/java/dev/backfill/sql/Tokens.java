package dev.backfill.sql;

import dev.backfill.sql.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// Cuts ClickHouse SQL into tokens, with or without Tinybird's template tags. Never refuses a text:
/// what isn't closed runs to the end. Comments give no token, but template tags inside them do,
/// because the template is evaluated before SQL knows of comments.
///
/// A quoted text that holds a template tag stays one token, also when the tag itself holds quotes:
/// `'{{String(a, 'b')}}'`.
public final class Tokens {
  private static final List<String> OPERATORS =
      List.of("<=>", "<=", ">=", "<>", "!=", "==", "||", "::", "->", "@@");
  private static final Pattern INTEGER = Pattern.compile("[0-9]++");
  private static final Pattern NUMBER =
      Pattern.compile(
          "0[xX][0-9a-fA-F]++|0[bB][01]++|[0-9][0-9_]*+(?:\\.[0-9_]*+)?(?:[eE][+-]?[0-9]++)?");
  private static final Set<String> TAGS =
      Set.of("if", "elif", "else", "end", "for", "set", "endif", "endfor");

  private final String sql;
  private final List<Token> out = new ArrayList<>();
  private int at;

  private Tokens(String sql) {
    this.sql = sql;
  }

  /// The tokens in order; they never overlap.
  public static List<Token> of(String sql) {
    var tokens = new Tokens(sql);
    while (tokens.at < sql.length()) {
      tokens.next();
    }
    return List.copyOf(tokens.out);
  }

  private void next() {
    var c = sql.charAt(at);
    if (Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0) {
      at++;
    } else if (opens("{{", at) && !opens("{{{", at)) {
      add(Kind.EXPRESSION, after("}}", at + 2));
    } else if (opens("{%", at)) {
      add(Kind.TAG, after("%}", at + 2));
    } else if (opens("{#", at)) {
      at = after("#}", at + 2);
    } else if (opens("--", at) || opens("#!", at) || opens("# ", at)) {
      comment("\n");
    } else if (opens("/*", at)) {
      at += 2;
      comment("*/");
    } else if (c == '\'') {
      add(Kind.STRING, quoted(c));
    } else if (c == '`' || c == '"') {
      add(Kind.QUOTED_NAME, quoted(c));
    } else if (c == '$') {
      dollar();
    } else if (c >= '0' && c <= '9') {
      number();
    } else if (isWord(c)) {
      add(Kind.WORD, word(at));
    } else {
      add(Kind.SYMBOL, symbol());
    }
  }

  private void add(Kind kind, int end) {
    out.add(new Token(kind, sql.substring(at, end), at, end));
    at = end;
  }

  private boolean opens(String text, int from) {
    return sql.startsWith(text, from);
  }

  private int after(String closing, int from) {
    var end = sql.indexOf(closing, from);
    return end < 0 ? sql.length() : end + closing.length();
  }

  private void comment(String closing) {
    while (at < sql.length()) {
      if (opens(closing, at)) {
        at += closing.length();
        return;
      }
      if (opens("{%", at)) {
        add(Kind.TAG, after("%}", at + 2));
      } else {
        at++;
      }
    }
  }

  private int quoted(char quote) {
    var i = at + 1;
    while (i < sql.length()) {
      var c = sql.charAt(i);
      if (c == '\\') {
        i += 2;
      } else if (c == quote) {
        if (i + 1 < sql.length() && sql.charAt(i + 1) == quote) {
          i += 2;
        } else {
          return i + 1;
        }
      } else {
        i = Math.max(i + 1, afterEmbedded(i));
      }
    }
    return sql.length();
  }

  /// End of a template tag that begins here inside quotes, or -1. A text may well hold `{{` without
  /// being a template, so only what looks like a tag counts.
  private int afterEmbedded(int from) {
    if (opens("{{", from)) {
      var end = sql.indexOf("}}", from);
      var first = skipBlanks(from + 2);
      return end > first && isWord(sql.charAt(first)) && balanced(from, end) ? end + 2 : -1;
    }
    if (opens("{%", from)) {
      var end = sql.indexOf("%}", from);
      var first = skipBlanks(from + 2);
      return end > first && TAGS.contains(sql.substring(first, word(first))) ? end + 2 : -1;
    }
    return -1;
  }

  private int skipBlanks(int from) {
    var i = from;
    while (i < sql.length() && Character.isWhitespace(sql.charAt(i))) {
      i++;
    }
    return i;
  }

  private boolean balanced(int from, int to) {
    return sql.substring(from, to).chars().filter(c -> c == '\'').count() % 2 == 0;
  }

  private void dollar() {
    if (opens("${", at)) {
      add(Kind.VARIABLE, after("}", at));
      return;
    }
    var end = word(at + 1);
    if (end < sql.length() && sql.charAt(end) == '$') {
      var tag = sql.substring(at, end + 1);
      var close = sql.indexOf(tag, end + 1);
      if (close >= 0) {
        add(Kind.STRING, close + tag.length());
        return;
      }
    }
    add(end > at + 1 ? Kind.VARIABLE : Kind.SYMBOL, Math.max(end, at + 1));
  }

  /// A name may begin with a digit: `2024_events` is one word, `2024` is a number.
  private void number() {
    var afterDot = !out.isEmpty() && out.getLast().symbol(".") && out.getLast().end() == at;
    var matcher = (afterDot ? INTEGER : NUMBER).matcher(sql).region(at, sql.length());
    var end = matcher.lookingAt() ? matcher.end() : at + 1;
    var word = word(at);
    if (end < word) {
      add(Kind.WORD, word);
    } else {
      add(Kind.NUMBER, end);
    }
  }

  private int word(int from) {
    var i = from;
    while (i < sql.length() && isWord(sql.charAt(i))) {
      i++;
    }
    return i;
  }

  private static boolean isWord(char c) {
    return c == '_' || Character.isLetterOrDigit(c);
  }

  private int symbol() {
    for (var operator : OPERATORS) {
      if (opens(operator, at)) {
        return at + operator.length();
      }
    }
    return at + Character.charCount(sql.codePointAt(at));
  }
}
