package dev.backfill.sql;

import dev.backfill.sql.TemplateNode.Branch;
import dev.backfill.sql.TemplateNode.Expression;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads the text of a template.
final class TemplateParser {
  private static final int MAX_DEPTH = 100;
  private static final int MAX_TAG = 20_000;
  private static final Pattern SET =
      Pattern.compile("([A-Za-z_][A-Za-z0-9_]*)\\s*=(?!=)(.*)", Pattern.DOTALL);
  private static final Pattern FOR =
      Pattern.compile(
          "([A-Za-z_][A-Za-z0-9_]*(?:\\s*,\\s*[A-Za-z_][A-Za-z0-9_]*)?)\\s+in\\b(.*)",
          Pattern.DOTALL);

  private final String text;
  private int at;

  /// The tag that ended the last block: `end`, `else`, `elif` or, at the end of the text, nothing.
  private String closing = "";

  private String closingRest = "";

  private TemplateParser(String text) {
    this.text = text;
  }

  static List<TemplateNode> parse(String text) {
    var parser = new TemplateParser(text);
    var nodes = parser.block(0);
    if (!parser.closing.isEmpty()) {
      throw new TemplateException("{% " + parser.closing + " %} without {% if %} or {% for %}");
    }
    return nodes;
  }

  /// What is wrong with how tags open and close, whatever stands in them; empty when nothing is.
  static Optional<String> misshapen(String text) {
    var parser = new TemplateParser(text);
    var open = new ArrayDeque<String>();
    while (parser.at < text.length()) {
      parser.at = parser.nextTag();
      if (parser.at == text.length()) {
        break;
      }
      var statement = text.charAt(parser.at + 1) == '%';
      var end = parser.closer();
      if (end < 0) {
        return Optional.of("`" + text.substring(parser.at, parser.at + 2) + "` isn't closed");
      }
      var word = statement ? firstWord(text.substring(parser.at + 2, end)) : "";
      parser.at = end + 2;
      switch (word) {
        case "if", "for", "while", "try", "block", "apply" -> open.push(word);
        case "else", "elif" -> {
          if (open.isEmpty()) {
            return Optional.of("`{% " + word + " %}` belongs to no `{% if %}`");
          }
        }
        case "end" -> {
          if (open.poll() == null) {
            return Optional.of("`{% end %}` ends nothing");
          }
        }
        case "endif", "endfor" -> {
          return Optional.of("`{% " + word + " %}` is written `{% end %}`");
        }
        default -> {}
      }
    }
    return open.isEmpty()
        ? Optional.empty()
        : Optional.of("`{% " + open.peek() + " %}` has no `{% end %}`");
  }

  /// Where the tag that opens here closes; -1 when it doesn't.
  private int closer() {
    var closer =
        switch (text.charAt(at + 1)) {
          case '{' -> "}}";
          case '%' -> "%}";
          default -> "#}";
        };
    return text.indexOf(closer, at + 2);
  }

  private List<TemplateNode> block(int depth) {
    if (depth > MAX_DEPTH) {
      throw new TemplateException("blocks nested deeper than " + MAX_DEPTH);
    }
    var nodes = new ArrayList<TemplateNode>();
    while (at < text.length()) {
      var tag = nextTag();
      if (tag > at) {
        nodes.add(new TemplateNode.Text(text.substring(at, tag)));
      }
      at = tag;
      if (at == text.length()) {
        break;
      }
      var inside = inside();
      if (text.charAt(tag + 1) == '{') {
        nodes.add(new TemplateNode.Output(expression(inside)));
      } else if (text.charAt(tag + 1) == '%') {
        var word = firstWord(inside);
        var rest = inside.strip().substring(word.length()).strip();
        switch (word) {
          case "if" -> nodes.add(choice(rest, depth));
          case "for" -> nodes.add(loop(rest, depth));
          case "set" -> nodes.add(assign(rest));
          case "comment" -> {}
          case "end", "else", "elif" -> {
            closing = word;
            closingRest = rest;
            if (!word.equals("elif") && !rest.isEmpty()) {
              throw new TemplateException("{% " + word + " %} takes nothing, not " + rest);
            }
            return List.copyOf(nodes);
          }
          default -> throw new TemplateException("the tag {% " + word + " %} isn't supported");
        }
      }
    }
    closing = "";
    return List.copyOf(nodes);
  }

  /// Where the next tag opens. Of more than two braces the innermost two count.
  private int nextTag() {
    for (var i = at; i + 1 < text.length(); i++) {
      var next = text.charAt(i + 1);
      if (text.charAt(i) == '{' && (next == '{' || next == '%' || next == '#')) {
        if (next == '{' && i + 2 < text.length() && text.charAt(i + 2) == '{') {
          continue;
        }
        return i;
      }
    }
    return text.length();
  }

  private String inside() {
    var closer =
        switch (text.charAt(at + 1)) {
          case '{' -> "}}";
          case '%' -> "%}";
          default -> "#}";
        };
    var end = text.indexOf(closer, at + 2);
    if (end < 0) {
      throw new TemplateException("a tag isn't closed by " + closer);
    }
    var inside = text.substring(at + 2, end);
    if (inside.length() > MAX_TAG || inside.startsWith("!")) {
      throw new TemplateException("a tag is too long or begins with !");
    }
    at = end + 2;
    return inside;
  }

  private static String firstWord(String inside) {
    var stripped = inside.strip();
    var end = 0;
    while (end < stripped.length() && !Character.isWhitespace(stripped.charAt(end))) {
      if (stripped.charAt(end) == '(') {
        break;
      }
      end++;
    }
    return stripped.substring(0, end);
  }

  private TemplateNode choice(String condition, int depth) {
    var branches = new ArrayList<Branch>();
    var next = expression(condition);
    while (true) {
      branches.add(new Branch(next, block(depth + 1)));
      switch (closing) {
        case "elif" -> next = expression(closingRest);
        case "else" -> {
          var always = new Expression.Constant(new TemplateValue.Truth(true));
          branches.add(new Branch(always, block(depth + 1)));
          closedByEnd("if");
          return new TemplateNode.Choice(List.copyOf(branches));
        }
        default -> {
          closedByEnd("if");
          return new TemplateNode.Choice(List.copyOf(branches));
        }
      }
    }
  }

  private TemplateNode loop(String head, int depth) {
    var matcher = matched(FOR, head, "for");
    var items = expression(matcher.group(2));
    var body = block(depth + 1);
    closedByEnd("for");
    return new TemplateNode.Loop(List.of(matcher.group(1).split("\\s*,\\s*")), items, body);
  }

  private static TemplateNode assign(String head) {
    var matcher = matched(SET, head, "set");
    return new TemplateNode.Assign(matcher.group(1), expression(matcher.group(2)));
  }

  private static Matcher matched(Pattern pattern, String head, String tag) {
    var matcher = pattern.matcher(head);
    if (!matcher.matches()) {
      throw new TemplateException("{% " + tag + " " + head + " %} isn't supported");
    }
    return matcher;
  }

  private void closedByEnd(String tag) {
    if (!closing.equals("end")) {
      throw new TemplateException(
          "{% "
              + tag
              + " %} isn't closed by {% end %}"
              + (closing.isEmpty() ? "" : " but by {% " + closing + " %}"));
    }
    closing = "";
  }

  static Expression expression(String text) {
    return new Expressions(text).whole();
  }

  /// The part of Python's expressions that templates need.
  private static final class Expressions {
    private static final Pattern LEXEME =
        Pattern.compile(
            "([A-Za-z_][A-Za-z0-9_]*+)|([0-9]++(?:\\.[0-9]++)?+)"
                + "|(==|!=|<=|>=|[-+*/%<>()\\[\\]{},=.:])");

    private record Lexeme(char kind, String text) {}

    private static final Lexeme END = new Lexeme('.', "");

    private final String source;
    private final List<Lexeme> lexemes = new ArrayList<>();
    private int next;
    private int depth;

    Expressions(String source) {
      this.source = source.strip();
      var matcher = LEXEME.matcher(this.source);
      var from = 0;
      while (from < this.source.length()) {
        var c = this.source.charAt(from);
        if (Character.isWhitespace(c)) {
          from++;
        } else if (c == '\'' || c == '"') {
          var end = quotedEnd(from);
          lexemes.add(new Lexeme('\'', this.source.substring(from, end)));
          from = end;
        } else if (matcher.region(from, this.source.length()).lookingAt()) {
          var kind = matcher.group(1) != null ? 'n' : matcher.group(2) != null ? '0' : '=';
          lexemes.add(new Lexeme(kind, matcher.group()));
          from = matcher.end();
        } else {
          throw unsupported();
        }
      }
      if (lexemes.size() > 2000) {
        throw new TemplateException("an expression is too long");
      }
    }

    Expression whole() {
      var expression = or();
      if (next < lexemes.size()) {
        throw unsupported();
      }
      return expression;
    }

    private TemplateException unsupported() {
      return new TemplateException("the expression " + source + " isn't supported");
    }

    private Lexeme peek() {
      return next < lexemes.size() ? lexemes.get(next) : END;
    }

    private boolean accept(String text) {
      var lexeme = peek();
      var found = lexeme.kind() != '\'' && lexeme.text().equals(text);
      if (found) {
        next++;
      }
      return found;
    }

    private void expect(String text) {
      if (!accept(text)) {
        throw unsupported();
      }
    }

    private Expression or() {
      depth++;
      if (depth > MAX_DEPTH) {
        throw new TemplateException("an expression is nested deeper than " + MAX_DEPTH);
      }
      var left = and();
      while (accept("or")) {
        left = new Expression.Binary("or", left, and());
      }
      depth--;
      return left;
    }

    private Expression and() {
      var left = not();
      while (accept("and")) {
        left = new Expression.Binary("and", left, not());
      }
      return left;
    }

    private Expression not() {
      var negations = 0;
      while (accept("not")) {
        negations++;
      }
      var operand = comparison();
      for (; negations > 0; negations--) {
        operand = new Expression.Unary("not", operand);
      }
      return operand;
    }

    private Expression comparison() {
      var left = sum();
      var operator = comparator();
      if (operator.isEmpty()) {
        return left;
      }
      var right = sum();
      if (!comparator().isEmpty()) {
        throw unsupported();
      }
      return operator.equals("not in")
          ? new Expression.Unary("not", new Expression.Binary("in", left, right))
          : new Expression.Binary(operator, left, right);
    }

    private String comparator() {
      for (var operator : List.of("==", "!=", "<=", ">=", "<", ">", "in")) {
        if (accept(operator)) {
          return operator;
        }
      }
      if (accept("not")) {
        expect("in");
        return "not in";
      }
      return "";
    }

    private Expression sum() {
      var left = product();
      while (true) {
        if (accept("+")) {
          left = new Expression.Binary("+", left, product());
        } else if (accept("-")) {
          left = new Expression.Binary("-", left, product());
        } else {
          return left;
        }
      }
    }

    private Expression product() {
      var left = signed();
      while (true) {
        if (accept("*")) {
          left = new Expression.Binary("*", left, signed());
        } else if (accept("/")) {
          left = new Expression.Binary("/", left, signed());
        } else if (accept("%")) {
          left = new Expression.Binary("%", left, signed());
        } else {
          return left;
        }
      }
    }

    private Expression signed() {
      var negations = 0;
      while (accept("-")) {
        negations++;
      }
      var operand = postfix();
      for (; negations > 0; negations--) {
        operand = new Expression.Unary("-", operand);
      }
      return operand;
    }

    private Expression postfix() {
      var value = atom();
      while (true) {
        if (accept(".")) {
          next++;
          value = new Expression.Unsupported(source);
        } else if (accept("[")) {
          or();
          while (accept(":") || accept(",")) {
            or();
          }
          expect("]");
          value = new Expression.Unsupported(source);
        } else if (value instanceof Expression.Unsupported && accept("(")) {
          arguments("");
        } else {
          return value;
        }
      }
    }

    private Expression atom() {
      var lexeme = peek();
      next++;
      return switch (lexeme.kind()) {
        case '0' -> number(lexeme.text());
        case '\'' -> new Expression.Constant(new TemplateValue.Text(unquoted(lexeme.text())));
        case 'n' -> named(lexeme.text());
        default ->
            switch (lexeme.text()) {
              case "(" -> {
                var inside = or();
                expect(")");
                yield inside;
              }
              case "[" -> {
                var items = new ArrayList<Expression>();
                while (!accept("]")) {
                  items.add(or());
                  if (!accept(",")) {
                    expect("]");
                    break;
                  }
                }
                yield new Expression.Items(List.copyOf(items));
              }
              case "{" -> {
                dictionary();
                yield new Expression.Unsupported(source);
              }
              default -> throw unsupported();
            };
      };
    }

    private void dictionary() {
      while (!accept("}")) {
        or();
        expect(":");
        or();
        if (!accept(",")) {
          expect("}");
          break;
        }
      }
    }

    private static Expression number(String text) {
      return new Expression.Constant(
          text.contains(".")
              ? new TemplateValue.Real(Double.parseDouble(text))
              : new TemplateValue.Whole(new BigInteger(text)));
    }

    private Expression named(String name) {
      if (accept("(")) {
        return new Expression.Call(name, arguments(name));
      }
      return switch (name) {
        case "True" -> new Expression.Constant(new TemplateValue.Truth(true));
        case "False" -> new Expression.Constant(new TemplateValue.Truth(false));
        case "None", "is", "if", "else", "for", "lambda", "and", "or", "in", "not" ->
            throw unsupported();
        default -> new Expression.Name(name);
      };
    }

    private List<Expression> arguments(String function) {
      var arguments = new ArrayList<Expression>();
      var named = false;
      while (!accept(")")) {
        if (peek().kind() == 'n'
            && next + 1 < lexemes.size()
            && lexemes.get(next + 1).equals(new Lexeme('=', "="))) {
          var name = peek().text();
          next += 2;
          var value = or();
          named = true;
          if (name.equals("default")) {
            arguments.add(value);
          } else if (!ParameterType.isType(function)) {
            arguments.add(new Expression.Unsupported(source));
          }
        } else if (named) {
          throw unsupported();
        } else {
          arguments.add(or());
        }
        if (!accept(",")) {
          expect(")");
          break;
        }
      }
      return List.copyOf(arguments);
    }

    private String unquoted(String text) {
      var out = new StringBuilder();
      var escaped = false;
      for (var c : text.substring(1, text.length() - 1).toCharArray()) {
        if (!escaped && c == '\\') {
          escaped = true;
          continue;
        }
        out.append(escaped ? unescaped(c) : c);
        escaped = false;
      }
      return out.toString();
    }

    private char unescaped(char c) {
      return switch (c) {
        case 'n' -> '\n';
        case 't' -> '\t';
        case '\\', '\'', '"' -> c;
        default -> throw unsupported();
      };
    }

    /// The place after a quoted text that begins here; no regular expression, because Java's would
    /// need a stack as deep as the text is long.
    private int quotedEnd(int from) {
      var quote = source.charAt(from);
      var i = from + 1;
      while (i < source.length() && source.charAt(i) != quote) {
        i += source.charAt(i) == '\\' ? 2 : 1;
      }
      if (i >= source.length()) {
        throw unsupported();
      }
      return i + 1;
    }
  }
}
