package dev.backfill.project;

import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Reads a column type into its canonical tree. The aliases are ClickHouse's own.
final class TypeParser {
  private static final int DEEPEST = 60;

  private static final Map<String, String> ALIASES =
      Map.ofEntries(
          Map.entry("BOOL", "Bool"),
          Map.entry("BOOLEAN", "Bool"),
          Map.entry("TINYINT", "Int8"),
          Map.entry("INT1", "Int8"),
          Map.entry("BYTE", "Int8"),
          Map.entry("SMALLINT", "Int16"),
          Map.entry("INT", "Int32"),
          Map.entry("INTEGER", "Int32"),
          Map.entry("MEDIUMINT", "Int32"),
          Map.entry("BIGINT", "Int64"),
          Map.entry("FLOAT", "Float32"),
          Map.entry("REAL", "Float32"),
          Map.entry("SINGLE", "Float32"),
          Map.entry("DOUBLE", "Float64"),
          Map.entry("CHAR", "String"),
          Map.entry("VARCHAR", "String"),
          Map.entry("TEXT", "String"),
          Map.entry("BLOB", "String"),
          Map.entry("DEC", "Decimal"),
          Map.entry("NUMERIC", "Decimal"),
          Map.entry("DECIMAL", "Decimal"),
          Map.entry("DATE", "Date"),
          Map.entry("DATE32", "Date32"),
          Map.entry("TIMESTAMP", "DateTime"),
          Map.entry("DATETIME", "DateTime"),
          Map.entry("DATETIME32", "DateTime"),
          Map.entry("DATETIME64", "DateTime64"),
          Map.entry("INET4", "IPv4"),
          Map.entry("INET6", "IPv6"));

  private static final Map<String, String> DECIMALS =
      Map.of("Decimal32", "9", "Decimal64", "18", "Decimal128", "38", "Decimal256", "76");

  /// Types around exactly one other.
  private static final Set<String> WRAPPERS = Set.of("Nullable", "LowCardinality", "Array");

  private final List<Token> tokens;
  private int at;

  private TypeParser(List<Token> tokens) {
    this.tokens = tokens;
  }

  static Optional<ColumnType> parse(String text) {
    var parser = new TypeParser(Tokens.of(text));
    var type = parser.part(0);
    return parser.at == parser.tokens.size() ? type.filter(TypeParser::sound) : Optional.empty();
  }

  /// A type or one argument of it: words, then perhaps arguments in parentheses.
  private Optional<ColumnType> part(int depth) {
    var words = new ArrayList<Token>();
    while (at < tokens.size() && !bracketOrComma(tokens.get(at))) {
      words.add(tokens.get(at++));
    }
    if (words.isEmpty() || depth > DEEPEST) {
      return Optional.empty();
    }
    var arguments = new ArrayList<ColumnType>();
    if (at < tokens.size() && tokens.get(at).symbol("(")) {
      do {
        at++;
        if (at < tokens.size() && tokens.get(at).symbol(")") && arguments.isEmpty()) {
          break;
        }
        var argument = part(depth + 1);
        if (argument.isEmpty()) {
          return Optional.empty();
        }
        arguments.add(argument.get());
      } while (at < tokens.size() && tokens.get(at).symbol(","));
      if (at >= tokens.size() || !tokens.get(at).symbol(")")) {
        return Optional.empty();
      }
      at++;
    }
    return Optional.of(canonical(words, arguments));
  }

  private static boolean bracketOrComma(Token token) {
    return token.symbol("(") || token.symbol(")") || token.symbol(",");
  }

  /// Nullable and its like hold one type, and the outermost is a name.
  private static boolean sound(ColumnType type) {
    return (!WRAPPERS.contains(type.name()) || type.arguments().size() == 1)
        && !type.name().isEmpty()
        && Character.isLetter(type.name().charAt(0))
        && !type.name().contains(" ")
        && type.arguments().stream().allMatch(TypeParser::soundInside);
  }

  private static boolean soundInside(ColumnType type) {
    return (!WRAPPERS.contains(type.name()) || type.arguments().size() == 1)
        && type.arguments().stream().allMatch(TypeParser::soundInside);
  }

  private static ColumnType canonical(List<Token> words, List<ColumnType> arguments) {
    var last = words.getLast();
    boolean skip = words.size() > 1 && words.getFirst().is("SKIP");
    var name =
        last.kind() == Token.Kind.WORD && !skip
            ? ALIASES.getOrDefault(last.text().toUpperCase(Locale.ROOT), last.text())
            : last.text();
    if (words.size() > 1) {
      return new ColumnType(joined(words.subList(0, words.size() - 1), last, name), arguments);
    }
    var precision = DECIMALS.get(name);
    if (precision != null && arguments.size() == 1) {
      return ColumnType.of("Decimal", ColumnType.of(precision), arguments.getFirst());
    }
    return switch (name) {
      case "Decimal" -> decimal(arguments);
      case "DateTime64" ->
          arguments.isEmpty()
              ? ColumnType.of(name, ColumnType.of("3"))
              : new ColumnType(name, arguments);
      case "String" -> ColumnType.of(name);
      default -> new ColumnType(name, arguments);
    };
  }

  private static ColumnType decimal(List<ColumnType> arguments) {
    return ColumnType.of(
        "Decimal",
        arguments.isEmpty() ? ColumnType.of("10") : arguments.getFirst(),
        arguments.size() < 2 ? ColumnType.of("0") : arguments.get(1));
  }

  /// `label Type`, `'x' = 1`, `max_dynamic_paths=8`.
  private static String joined(List<Token> before, Token last, String name) {
    var out = new StringBuilder();
    Token left = before.getFirst();
    boolean setting = left.kind() == Token.Kind.WORD;
    out.append(left.text());
    for (int i = 1; i <= before.size(); i++) {
      var right = i < before.size() ? before.get(i) : last;
      boolean glued =
          left.symbol(".")
              || right.symbol(".")
              || left.symbol("-")
              || (setting && (left.symbol("=") || right.symbol("=")));
      out.append(glued ? "" : " ").append(i < before.size() ? right.text() : name);
      left = right;
    }
    return out.toString();
  }
}
