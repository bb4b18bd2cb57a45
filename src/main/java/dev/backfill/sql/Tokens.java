package dev.backfill.sql;

import dev.backfill.sql.Token.Kind;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

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

  /// Texts of tokens that are one character long, shared: a long list has millions of them.
  private static final List<String> SINGLE =
      IntStream.range(0, 128).mapToObj(c -> String.valueOf((char) c)).toList();

  private final String sql;
  private final List<Token> out = new ArrayList<>();
  private int at;

  /// Where the next `}}` and the next `%}` are, as far as they were looked for; the text's length
  /// when there is none.
  private int nextExpressionEnd = -1;

  private int nextTagEnd = -1;

  /// Whether the number of single quotes before an offset is odd; empty until it is needed.
  private @Nullable BitSet oddQuotes;

  /// The last place of every `$tag$`; empty until it is needed.
  private @Nullable Map<String, Integer> heredocs;

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
    var single = end == at + 1 && sql.charAt(at) < SINGLE.size();
    var text = single ? SINGLE.get(sql.charAt(at)) : sql.substring(at, end);
    out.add(new Token(kind, text, at, end));
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
      if (nextExpressionEnd < from) {
        nextExpressionEnd = found("}}", from);
      }
      var end = nextExpressionEnd;
      var first = skipBlanks(from + 2);
      return end < sql.length() && end > first && isWord(sql.charAt(first)) && balanced(from, end)
          ? end + 2
          : -1;
    }
    if (opens("{%", from)) {
      if (nextTagEnd < from) {
        nextTagEnd = found("%}", from);
      }
      var end = nextTagEnd;
      var first = skipBlanks(from + 2);
      return end < sql.length() && end > first && TAGS.contains(sql.substring(first, word(first)))
          ? end + 2
          : -1;
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

  private int found(String text, int from) {
    var found = sql.indexOf(text, from);
    return found < 0 ? sql.length() : found;
  }

  private boolean balanced(int from, int to) {
    var odd = oddQuotes;
    if (odd == null) {
      odd = new BitSet(sql.length() + 1);
      for (var i = 0; i < sql.length(); i++) {
        odd.set(i + 1, odd.get(i) != (sql.charAt(i) == '\''));
      }
      oddQuotes = odd;
    }
    return odd.get(from) == odd.get(to);
  }

  private void dollar() {
    if (opens("${", at)) {
      add(Kind.VARIABLE, after("}", at));
      return;
    }
    var end = word(at + 1);
    if (end < sql.length() && sql.charAt(end) == '$') {
      var tag = sql.substring(at, end + 1);
      if (lastHeredoc(tag) > end) {
        add(Kind.STRING, sql.indexOf(tag, end + 1) + tag.length());
        return;
      }
    }
    add(end > at + 1 ? Kind.VARIABLE : Kind.SYMBOL, Math.max(end, at + 1));
  }

  private int lastHeredoc(String tag) {
    var last = heredocs;
    if (last == null) {
      last = new HashMap<>();
      for (var i = sql.indexOf('$'); i >= 0; i = sql.indexOf('$', i + 1)) {
        var end = word(i + 1);
        if (end < sql.length() && sql.charAt(end) == '$') {
          last.put(sql.substring(i, end + 1), i);
        }
      }
      heredocs = last;
    }
    return last.getOrDefault(tag, -1);
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
