package dev.backfill.plan;

import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import dev.backfill.sql.SqlText;
import dev.backfill.sql.TablesRead;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// Which expressions give a value for every row that there may be. In a live sync any other would
/// stop production inserts one day, so it is certain only of what is known.
final class Harmless {
  /// Functions that give a value for whatever they are given.
  private static final Set<String> ALWAYS =
      Set.of(
          "if",
          "multiif",
          "ifnull",
          "nullif",
          "coalesce",
          "concat",
          "lower",
          "upper",
          "lowerutf8",
          "upperutf8",
          "trim",
          "trimleft",
          "trimright",
          "trimboth",
          "replaceall",
          "replaceone",
          "length",
          "lengthutf8",
          "empty",
          "notempty",
          "tostring",
          "tostartofday",
          "tostartofhour",
          "tostartofminute",
          "tostartofmonth",
          "tostartofweek",
          "tostartofyear",
          "toyyyymm",
          "toyyyymmdd",
          "toyear",
          "tomonth",
          "tolowcardinality",
          "tonullable",
          "accuratecastornull",
          "accuratecastordefault",
          "jsonextractstring",
          "jsonextractint",
          "jsonextractuint",
          "jsonextractfloat",
          "jsonextractbool",
          "jsonhas",
          "jsonextractraw",
          "visitparamextractstring",
          "visitparamextractint",
          "visitparamextractuint",
          "visitparamextractfloat",
          "visitparamextractbool",
          "visitparamhas",
          "simplejsonextractstring",
          "simplejsonextractint",
          "simplejsonextractuint",
          "simplejsonextractfloat",
          "simplejsonextractbool",
          "simplejsonhas",
          "startswith",
          "endswith",
          "position",
          "isnull",
          "isnotnull",
          "equals",
          "notequals",
          "greater",
          "less",
          "and",
          "or",
          "not",
          "abs",
          "plus",
          "minus",
          "multiply",
          "cityhash64",
          "siphash64",
          "xxhash64",
          "hex",
          "md5",
          "defaultvalueoftypename",
          "array",
          "tuple");

  private static final Pattern OR_ELSE = Pattern.compile("to\\w+(ornull|orzero|ordefault)");
  private static final Pattern PARSE_OR_ELSE = Pattern.compile("parsedatetime\\w*(ornull|orzero)");
  private static final Pattern NUMBER = Pattern.compile("U?Int[0-9]+|Float[0-9]+|Bool");
  private static final Pattern TIME = Pattern.compile("Date|Date32|DateTime|DateTime64");
  private static final Pattern SCALED = Pattern.compile("Decimal|DateTime64");
  private static final Pattern TO_SCALED =
      Pattern.compile("\\w*(decimal|datetime64|accuratecast)\\w*");

  private final String expression;
  private final DataSource over;
  private final List<Token> tokens;

  private Harmless(String expression, DataSource over) {
    this.expression = expression;
    this.over = over;
    tokens = Tokens.of(expression);
  }

  /// @param over whose columns the expression names
  static boolean is(String expression, DataSource over) {
    return new Harmless(expression, over).always();
  }

  private boolean always() {
    var tables = TablesRead.of("SELECT " + expression);
    if (!tables.references().isEmpty()
        || tables.scalarSubqueries()
        || !tables.dynamic().isEmpty()
        || (tokens.stream().anyMatch(Harmless::adds) && scaled(tables.functions()))) {
      return false;
    }
    for (var i = 0; i < tokens.size(); i++) {
      var called = i + 1 < tokens.size() && tokens.get(i + 1).symbol("(");
      if (unknown(tokens.get(i))
          || (called && tokens.get(i).isName() && !call(i))
          || (!called
              && pattern(tokens.get(i))
              && !written(tokens.subList(i + 1, tokens.size())))) {
        return false;
      }
    }
    return true;
  }

  private static boolean unknown(Token t) {
    return t.symbol("::")
        || t.symbol("/")
        || t.symbol("%")
        || t.symbol(";")
        || t.is("SELECT")
        || t.is("CAST")
        || t.is("DIV")
        || t.is("MOD")
        || t.is("REGEXP")
        || t.is("RLIKE")
        || t.is("INTERVAL")
        || t.kind() == Token.Kind.EXPRESSION
        || t.kind() == Token.Kind.TAG
        || t.kind() == Token.Kind.VARIABLE;
  }

  private static boolean adds(Token t) {
    return t.symbol("+")
        || t.symbol("-")
        || t.symbol("*")
        || t.is("plus")
        || t.is("minus")
        || t.is("multiply");
  }

  /// What has a scale can overflow when it is reckoned with, and that throws.
  private boolean scaled(Set<String> functions) {
    return functions.stream().anyMatch(f -> TO_SCALED.matcher(f).matches())
        || tokens.stream().anyMatch(t -> column(t).filter(is(SCALED)).isPresent());
  }

  private boolean call(int at) {
    var function = tokens.get(at).value().toLowerCase(Locale.ROOT);
    var arguments = arguments(at + 1);
    var first = arguments.isEmpty() ? List.<Token>of() : Tokens.of(arguments.getFirst());
    return switch (function) {
      // of a text they throw
      case "todate" ->
          of(first, c -> is(NUMBER).test(c) || is(TIME).test(c))
              || (!first.isEmpty()
                  && first.getFirst().value().toLowerCase(Locale.ROOT).startsWith("tostartof"));
      case "tofloat32", "tofloat64" ->
          of(first, c -> is(NUMBER).test(c) || c.type().bare().name().equals("Decimal"));
      case "tounixtimestamp" -> of(first, c -> is(TIME).and(is(SCALED).negate()).test(c));
      // a length or scale may be too much
      case "substring", "substr", "left", "right", "round", "floor", "ceil" ->
          arguments.stream().skip(1).allMatch(a -> a.matches("-?[0-9]{1,4}"));
      case "like", "ilike" -> arguments.size() == 2 && written(Tokens.of(arguments.getLast()));
      // operators, and words before a bracket
      case "in", "and", "or", "not", "between", "when", "then", "else", "case", "is" -> true;
      default ->
          ALWAYS.contains(function)
              || OR_ELSE.matcher(function).matches()
              || PARSE_OR_ELSE.matcher(function).matches();
    };
  }

  private boolean of(List<Token> argument, Predicate<Column> what) {
    return argument.size() == 1 && column(argument.getFirst()).filter(what).isPresent();
  }

  private static Predicate<Column> is(Pattern type) {
    return c -> type.matcher(c.type().bare().name()).matches();
  }

  private Optional<Column> column(Token t) {
    return t.isName() ? over.column(t.value()) : Optional.empty();
  }

  private List<String> arguments(int open) {
    var depth = 0;
    for (var t : tokens.subList(open, tokens.size())) {
      if (t.symbol("(") || t.symbol("[")) {
        depth++;
      } else if ((t.symbol(")") || t.symbol("]")) && --depth == 0) {
        return SqlText.splitTopLevel(expression.substring(tokens.get(open).end(), t.start()), ',')
            .stream()
            .map(String::strip)
            .toList();
      }
    }
    return List.of();
  }

  private static boolean pattern(Token t) {
    return t.is("LIKE") || t.is("ILIKE");
  }

  /// A pattern that ends inside an escape throws.
  private static boolean written(List<Token> rest) {
    if (rest.isEmpty() || rest.getFirst().kind() != Token.Kind.STRING) {
      return false;
    }
    return !rest.getFirst().value().endsWith("\\")
        && (rest.size() == 1 || !rest.get(1).symbol("||"));
  }
}
