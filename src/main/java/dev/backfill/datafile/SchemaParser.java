package dev.backfill.datafile;

import dev.backfill.datafile.ColumnSyntax.Kind;
import dev.backfill.problem.Place;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Reads the columns of `SCHEMA` (`datafiles.md` 2.1). Brackets of all kinds nest, which is more
/// than the Classic client can do; where it would break, there is a warning. A missing comma is
/// reported and the columns on both sides of it are kept.
final class SchemaParser {
  private static final String JSON = "json:";

  /// Most words and signs that are read; a schema of 100,000 columns has fewer.
  private static final int MOST_TOKENS = 2_000_000;

  private static final Map<String, String> SIGNS =
      Stream.of("(", ")", "[", "]", "{", "}", ",", ":", "$", "*", "+", "-", "=", "<", ">", ".")
          .collect(Collectors.toMap(s -> s, s -> s));

  /// Signs outside quotes at which the Classic client gives up on an expression.
  private static final Set<String> UNREADABLE =
      Set.of("%", "{", "}", "$", ";", "&", "^", "|", "@", "~", "\\");

  private static final Set<String> REFUSED =
      Set.of("NULL", "NOT", "TTL", "COMMENT", "EPHEMERAL", "STATISTICS", "PRIMARY");

  /// Words that may stand between two operands of an expression.
  private static final Set<String> OPERATORS =
      Set.of(
          "AND",
          "OR",
          "NOT",
          "IN",
          "LIKE",
          "ILIKE",
          "IS",
          "NULL",
          "BETWEEN",
          "INTERVAL",
          "CASE",
          "WHEN",
          "THEN",
          "ELSE",
          "END",
          "AS",
          "DIV",
          "MOD",
          "GLOBAL",
          "DISTINCT",
          "SECOND",
          "MINUTE",
          "HOUR",
          "DAY",
          "WEEK",
          "MONTH",
          "QUARTER",
          "YEAR");

  private enum Type {
    WORD,
    STRING,
    BACKTICK,
    OPEN,
    CLOSE,
    COMMA,
    OTHER
  }

  /// A token of the body.
  private record Token(Type type, String text, int start, int end) {
    boolean is(String word) {
      return type == Type.WORD && text.equalsIgnoreCase(word);
    }

    boolean jsonPath() {
      return type == Type.BACKTICK && text.startsWith("`" + JSON);
    }

    /// Could be the first or the last token of an operand.
    boolean operand() {
      return (type == Type.WORD && !OPERATORS.contains(text.toUpperCase(Locale.ROOT)))
          || type == Type.STRING
          || type == Type.BACKTICK;
    }
  }

  private final Place opening;
  private final Block block;
  private final Findings findings;
  private final String body;
  private final int[] lineStarts;
  private final List<Token> tokens = new ArrayList<>();
  private int[] partner = {};
  private final List<ColumnSyntax> columns = new ArrayList<>();
  private int at;

  SchemaParser(Place opening, Block block, Findings findings) {
    this.opening = opening;
    this.block = block;
    this.findings = findings;
    this.body = block.text();
    this.lineStarts = new int[block.lines().size()];
    int start = 0;
    for (int i = 0; i < lineStarts.length; i++) {
      lineStarts[i] = start;
      start += block.lines().get(i).text().length() + 1;
    }
  }

  List<ColumnSyntax> columns() {
    tokenise();
    matchBrackets();
    while (at < tokens.size() && !findings.full()) {
      entry();
    }
    if (columns.isEmpty() && tokens.isEmpty()) {
      findings.error(
          "empty_schema",
          opening,
          "SCHEMA has no columns.",
          "Indent them below it, one on a line, separated by commas.");
    }
    lintDuplicates();
    return columns;
  }

  private void lintDuplicates() {
    var seen = new HashSet<String>();
    for (var column : columns) {
      if (!seen.add(column.name())) {
        findings.error(
            "duplicate_column",
            column.place(),
            "Column " + Findings.quoted(column.name()) + " is there twice.",
            "Drop or rename one.");
      }
    }
  }

  // Tokens

  private void tokenise() {
    int i = 0;
    while (i < body.length()) {
      char c = body.charAt(i);
      int end = i + 1;
      if (Character.isWhitespace(c)) {
        i++;
        continue;
      }
      if (body.startsWith("--", i)) {
        i = endOfLine(i);
        continue;
      }
      if (body.startsWith("/*", i)) {
        int close = body.indexOf("*/", i + 2);
        i = close < 0 ? body.length() : close + 2;
        continue;
      }
      if (c == '#') {
        findings.error(
            "schema_syntax",
            place(i),
            "A `#` remark behind a column is read as a part of the schema.",
            "Put it on a line of its own, or write `--`.");
        i = endOfLine(i);
        continue;
      }
      var type =
          switch (c) {
            case '\'', '"' -> Type.STRING;
            case '`' -> Type.BACKTICK;
            case '(', '[', '{' -> Type.OPEN;
            case ')', ']', '}' -> Type.CLOSE;
            case ',' -> Type.COMMA;
            default -> wordCharacter(c) ? Type.WORD : Type.OTHER;
          };
      if (type == Type.STRING || type == Type.BACKTICK) {
        end = closingQuote(i);
      } else if (type == Type.WORD) {
        while (end < body.length() && wordCharacter(body.charAt(end))) {
          end++;
        }
      }
      if (tokens.size() == MOST_TOKENS) {
        findings.error(
            "file_too_large",
            place(i),
            "SCHEMA has more than " + MOST_TOKENS + " words and signs; the rest isn't read.",
            "A schema of that size can't be meant: look at what is in it.");
        return;
      }
      var text = body.substring(i, end);
      tokens.add(new Token(type, SIGNS.getOrDefault(text, text), i, end));
      i = end;
    }
  }

  private static boolean wordCharacter(char c) {
    return Character.isLetterOrDigit(c) || c == '_' || c == '.' || c == '$';
  }

  private int endOfLine(int i) {
    int end = body.indexOf('\n', i);
    return end < 0 ? body.length() : end;
  }

  /// Offset behind the closing quote: doubled quotes and backslashes escape. An open one ends with
  /// its line.
  private int closingQuote(int start) {
    char quote = body.charAt(start);
    int i = start + 1;
    while (i < body.length() && body.charAt(i) != '\n') {
      if (body.charAt(i) == '\\' && quote != '`') {
        i++;
      } else if (body.charAt(i) == quote) {
        if (i + 1 >= body.length() || body.charAt(i + 1) != quote) {
          return i + 1;
        }
        i++;
      }
      i++;
    }
    findings.error(
        "unclosed_quote",
        place(start),
        "A quote is opened and not closed on this line.",
        "Close it.");
    return Math.min(i, body.length());
  }

  private void matchBrackets() {
    partner = new int[tokens.size()];
    Arrays.fill(partner, -1);
    Deque<Integer> stack = new ArrayDeque<>();
    for (int i = 0; i < tokens.size(); i++) {
      var token = tokens.get(i);
      if (token.type() == Type.OPEN) {
        stack.push(i);
      } else if (token.type() == Type.CLOSE) {
        var open = stack.peek();
        if (open != null && pairs(tokens.get(open).text(), token.text())) {
          stack.pop();
          partner[open] = i;
          partner[i] = open;
        } else {
          unbalanced(token);
        }
      }
    }
    stack.descendingIterator().forEachRemaining(open -> unbalanced(tokens.get(open)));
  }

  private static boolean pairs(String open, String close) {
    return "()[]{}".contains(open + close);
  }

  private void unbalanced(Token bracket) {
    findings.error(
        "unbalanced_bracket",
        place(bracket.start()),
        "The bracket `" + bracket.text() + "` has no partner.",
        "Close or remove it.");
  }

  // Entries

  private void entry() {
    var first = tokens.get(at);
    if (first.type() == Type.COMMA) {
      findings.error(
          "schema_syntax", place(first.start()), "A column is expected here.", "Remove the comma.");
      at++;
      return;
    }
    if (first.is("INDEX") && indexEntry()) {
      return;
    }
    var name = name();
    if (name == null) {
      findings.error(
          "schema_syntax",
          place(first.start()),
          "A column name is expected here, not " + Findings.quoted(first.text()) + ".",
          "Write `name Type`, columns separated by commas.");
      skipToComma();
      return;
    }
    column(first, name);
  }

  /// An `INDEX ... TYPE ...` entry, which the Classic client skips without a word.
  private boolean indexEntry() {
    int end = at;
    boolean typed = false;
    while (end < tokens.size() && tokens.get(end).type() != Type.COMMA) {
      typed |= end > at + 1 && tokens.get(end).is("TYPE");
      end = partner[end] > end ? partner[end] + 1 : end + 1;
    }
    if (typed) {
      findings.warning(
          "index_in_schema",
          place(tokens.get(at).start()),
          "The Classic client drops an INDEX among the columns without a word.",
          "Move it to an INDEXES block.");
      at = Math.min(end + 1, tokens.size());
    }
    return typed;
  }

  /// The name at the current token; moves behind it.
  private @Nullable String name() {
    var first = tokens.get(at);
    if (first.type() == Type.BACKTICK || first.type() == Type.STRING) {
      if (first.jsonPath() || first.text().length() < 3) {
        return null;
      }
      at++;
      return first.text().substring(1, first.text().length() - 1);
    }
    int end = first.start();
    int next = at;
    while (next < tokens.size()
        && tokens.get(next).start() == end
        && (tokens.get(next).type() == Type.WORD || "*<>+-".contains(tokens.get(next).text()))) {
      end = tokens.get(next).end();
      next++;
    }
    if (next == at) {
      return null;
    }
    at = next;
    return body.substring(first.start(), end);
  }

  private void column(Token first, String name) {
    var type = Optional.<String>empty();
    var path = Optional.<String>empty();
    var codec = Optional.<String>empty();
    var kind = Kind.NONE;
    var expression = "";
    int last = at - 1;
    if (at < tokens.size() && tokens.get(at).type() == Type.WORD && !attribute(at)) {
      type = Optional.of(type());
      last = at - 1;
    }
    boolean more = true;
    while (more && at < tokens.size() && tokens.get(at).type() != Type.COMMA) {
      var token = tokens.get(at);
      if (token.jsonPath()) {
        if (kind != Kind.NONE) {
          findings.warning(
              "json_path_after_default",
              place(token.start()),
              "The Classic client wants the JSON path in front of the default.",
              "Move it there.");
        }
        path = Optional.of(path(token));
        at++;
      } else if (keyword(token) != Kind.NONE) {
        kind = keyword(token);
        at++;
        expression = expression();
        if (expression.isEmpty()) {
          findings.error(
              "schema_syntax",
              place(token.start()),
              token.text() + " has no expression.",
              "Give it one.");
        }
      } else if (codecAt(at)) {
        int close = partner[at + 1];
        codec =
            Optional.of(
                body.substring(tokens.get(at + 1).end(), tokens.get(close).start()).strip());
        at = close + 1;
      } else if (type.isPresent() && token.type() == Type.WORD && refused(token)) {
        findings.error(
            "unsupported_column_option",
            place(token.start()),
            "The client refuses " + Findings.quoted(token.text()) + " behind a column.",
            "Write Nullable(...) for NULL; drop it otherwise.");
        untilComma();
      } else if (startsColumn(token)) {
        missingComma(token);
        more = false;
      } else {
        if (!unmatched(at)) {
          findings.error(
              "schema_syntax",
              place(token.start()),
              "Not understood behind column "
                  + Findings.quoted(name)
                  + ": "
                  + Findings.quoted(token.text())
                  + ".",
              "Write `name Type [json path] [DEFAULT expression] [CODEC(...)]`.");
        }
        untilComma();
      }
      last = at - 1;
    }
    if (type.isEmpty() && kind == Kind.NONE) {
      findings.error(
          "missing_type",
          place(first.start()),
          "Column " + Findings.quoted(name) + " has no type.",
          "Write one behind the name.");
    }
    int comma = -1;
    if (at < tokens.size() && tokens.get(at).type() == Type.COMMA) {
      comma = own(tokens.get(at).start());
      at++;
      if (at == tokens.size()) {
        findings.warning(
            "trailing_comma",
            place(tokens.get(at - 1).start()),
            "The Classic client refuses a comma behind the last column.",
            "Remove it.");
      }
    }
    int start = own(first.start());
    columns.add(
        new ColumnSyntax(
            name,
            type,
            path,
            kind,
            expression,
            codec,
            place(first.start()),
            start,
            start < 0 ? -1 : own(tokens.get(last).end()),
            comma));
  }

  private String type() {
    int start = tokens.get(at).start();
    at++;
    if (at < tokens.size() && tokens.get(at).text().equals("(") && partner[at] >= 0) {
      at = partner[at] + 1;
    }
    return body.substring(start, tokens.get(at - 1).end());
  }

  /// Text up to the comma, the next attribute or the next column.
  private String expression() {
    int first = at;
    while (at < tokens.size()) {
      var token = tokens.get(at);
      if (token.type() == Type.COMMA || token.jsonPath() || codecAt(at)) {
        break;
      }
      if (at > first && token.operand() && endsOperand(at - 1)) {
        break;
      }
      if (UNREADABLE.contains(token.text())) {
        findings.warning(
            "sign_breaks_client",
            place(token.start()),
            "The Classic client doesn't read "
                + Findings.quoted(token.text())
                + " in an expression.",
            "Write it as a function, such as modulo(a, b).");
      }
      if (partner[at] > at) {
        lintSquareBrackets(at);
        at = partner[at] + 1;
      } else {
        at++;
      }
    }
    return at == first ? "" : body.substring(tokens.get(first).start(), tokens.get(at - 1).end());
  }

  private boolean endsOperand(int i) {
    return tokens.get(i).operand() || tokens.get(i).type() == Type.CLOSE;
  }

  private void lintSquareBrackets(int open) {
    if (!tokens.get(open).text().equals("[")) {
      return;
    }
    for (int i = open + 1; i < partner[open]; i++) {
      if (tokens.get(i).type() == Type.COMMA) {
        findings.warning(
            "bracket_breaks_client",
            place(tokens.get(open).start()),
            "The Classic client splits the columns at a comma inside `[]`.",
            "Write array(...) instead.");
        return;
      }
      i = partner[i] > i ? partner[i] : i;
    }
  }

  private static Kind keyword(Token token) {
    if (token.is("DEFAULT")) {
      return Kind.DEFAULT;
    }
    if (token.is("MATERIALIZED")) {
      return Kind.MATERIALIZED;
    }
    return token.is("ALIAS") ? Kind.ALIAS : Kind.NONE;
  }

  private boolean codecAt(int i) {
    return tokens.get(i).is("CODEC")
        && i + 1 < tokens.size()
        && tokens.get(i + 1).text().equals("(")
        && partner[i + 1] >= 0;
  }

  private boolean attribute(int i) {
    return keyword(tokens.get(i)) != Kind.NONE || codecAt(i);
  }

  private static boolean refused(Token token) {
    return REFUSED.contains(token.text()) || token.is("NULL");
  }

  private static boolean startsColumn(Token token) {
    return token.type() == Type.BACKTICK || token.type() == Type.WORD;
  }

  private static String path(Token token) {
    return token.text().substring(JSON.length() + 1, token.text().length() - 1).strip();
  }

  private void missingComma(Token token) {
    findings.error(
        "missing_comma",
        place(token.start()),
        "A comma is missing in front of " + Findings.quoted(token.text()) + ".",
        "Put a comma behind the column above.");
  }

  private boolean unmatched(int i) {
    var type = tokens.get(i).type();
    return (type == Type.OPEN || type == Type.CLOSE) && partner[i] < 0;
  }

  /// Moves to the next comma that is in no bracket.
  private void untilComma() {
    while (at < tokens.size() && tokens.get(at).type() != Type.COMMA) {
      at = partner[at] > at ? partner[at] + 1 : at + 1;
    }
  }

  private void skipToComma() {
    untilComma();
    at = Math.min(at + 1, tokens.size());
  }

  // Places

  private Place place(int offset) {
    int line = lineOf(offset);
    return block.lines().get(line).at(offset - lineStarts[line]);
  }

  /// Offset in the file's own text; -1 when the line came in through an `INCLUDE`.
  private int own(int offset) {
    int line = lineOf(offset);
    var source = block.lines().get(line);
    return source.included() ? -1 : source.start() + offset - lineStarts[line];
  }

  private int lineOf(int offset) {
    int found = Arrays.binarySearch(lineStarts, offset);
    return found >= 0 ? found : -found - 2;
  }
}
