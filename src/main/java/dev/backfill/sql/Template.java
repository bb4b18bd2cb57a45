package dev.backfill.sql;

import dev.backfill.sql.TemplateNode.Expression;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/// Tinybird's templates, as far as copy pipes and plain endpoints need them: parameters with types
/// and defaults, `if`, `for`, `set`, comments, `defined`, comparisons and arithmetic. What isn't
/// known for certain is refused with a [TemplateException], never guessed.
///
/// A parameter is always written as one literal or one name of its type, and only where SQL expects
/// a value: inside quotes it is refused. So no value can change the structure of the query.
public final class Template {
  private static final int MAX_LENGTH = 4_000_000;
  private static final int MAX_STEPS = 1_000_000;

  private final Map<String, String> parameters;
  private final Map<String, TemplateValue> variables = new HashMap<>();
  private final SqlPosition out = new SqlPosition();
  private int steps;

  private Template(Map<String, String> parameters) {
    this.parameters = parameters;
  }

  /// Whether the text is a template: its first character that isn't blank is `%`.
  public static boolean isTemplate(String sql) {
    return sql.stripLeading().startsWith("%");
  }

  /// What is wrong with how a template's tags open and close; empty when nothing is. What stands in
  /// them isn't looked at.
  ///
  /// @param sql without the leading `%`
  public static Optional<String> misshapen(String sql) {
    return TemplateParser.misshapen(sql);
  }

  /// The SQL for these parameters. A text that is no template stays as it is; parameters that the
  /// template doesn't use are ignored.
  ///
  /// @throws TemplateException when a parameter without a default is missing, a value doesn't fit
  ///   its type, or the template uses something unsupported
  public static String render(String sql, Map<String, String> parameters) {
    return isTemplate(sql) ? renderBody(body(sql), parameters) : sql;
  }

  /// The same for a text that is known to be a template and has lost its `%`.
  ///
  /// @throws TemplateException as [#render]
  public static String renderBody(String body, Map<String, String> parameters) {
    var template = new Template(Map.copyOf(parameters));
    template.write(TemplateParser.parse(body));
    return template.out.text();
  }

  /// The parameters a template may use, in order, with the name of their type function; an empty
  /// type when it is only used without one. A text that is no template has none.
  ///
  /// @throws TemplateException when the template can't be read
  public static SequencedMap<String, String> parameters(String sql) {
    var found = new LinkedHashMap<String, String>();
    if (isTemplate(sql)) {
      collect(TemplateParser.parse(body(sql)), new HashSet<>(), found);
    }
    return Collections.unmodifiableSequencedMap(found);
  }

  private static String body(String sql) {
    return sql.stripLeading().substring(1);
  }

  private void write(List<TemplateNode> nodes) {
    for (var node : nodes) {
      steps++;
      if (steps > MAX_STEPS || out.length() > MAX_LENGTH) {
        throw new TemplateException("the template writes too much");
      }
      switch (node) {
        case TemplateNode.Text(var text) -> out.append(text);
        case TemplateNode.Output(var expression) -> output(value(expression).sql());
        case TemplateNode.Assign(var name, var expression) ->
            variables.put(name, value(expression));
        case TemplateNode.Loop(var names, var items, var body) -> {
          if (!(value(items).plain() instanceof TemplateValue.Items(var values))) {
            throw new TemplateException("{% for " + names + " %} needs a list");
          }
          for (var item : values) {
            bind(names, item);
            write(body);
          }
        }
        case TemplateNode.Choice(var branches) -> {
          for (var branch : branches) {
            if (value(branch.condition()).isTrue()) {
              write(branch.body());
              break;
            }
          }
        }
      }
    }
  }

  private void bind(List<String> names, TemplateValue item) {
    if (names.size() == 1) {
      variables.put(names.getFirst(), item);
    } else if (item instanceof TemplateValue.Items(var parts) && parts.size() == names.size()) {
      for (var i = 0; i < parts.size(); i++) {
        variables.put(names.get(i), parts.get(i));
      }
    } else {
      throw new TemplateException("{% for " + names + " %} needs items of so many parts");
    }
  }

  private void output(String sql) {
    var allowed =
        switch (out.place()) {
          case CODE, LINE_COMMENT -> true;
          case QUOTES -> false;
          case BLOCK_COMMENT -> !sql.contains("*/");
        };
    if (!allowed) {
      throw new TemplateException("an expression inside quotes or a comment isn't supported");
    }
    out.append(sql);
  }

  private TemplateValue value(Expression expression) {
    return switch (expression) {
      case Expression.Constant(var value) -> value;
      case Expression.Name(var name) ->
          known(name).orElseThrow(() -> new TemplateException("parameter " + name + " is missing"));
      case Expression.Call(var function, var arguments) -> call(function, arguments);
      case Expression.Unary(var operator, var operand) ->
          operator.equals("not")
              ? new TemplateValue.Truth(!value(operand).isTrue())
              : calculated("-", new TemplateValue.Whole(BigInteger.ZERO), value(operand).plain());
      case Expression.Binary(var operator, var left, var right) -> binary(operator, left, right);
      case Expression.Items(var items) ->
          new TemplateValue.Items(items.stream().map(this::value).toList());
      case Expression.Unsupported(var what) ->
          throw new TemplateException("the expression " + what + " isn't supported");
    };
  }

  private Optional<TemplateValue> known(String name) {
    var variable = variables.get(name);
    if (variable != null) {
      return Optional.of(variable);
    }
    return Optional.ofNullable(parameters.get(name)).map(TemplateValue.Text::new);
  }

  private TemplateValue call(String function, List<Expression> arguments) {
    if (ParameterType.isType(function)) {
      return typed(function, arguments);
    }
    return switch (function) {
      case "defined" -> {
        if (arguments.size() == 1 && arguments.getFirst() instanceof Expression.Name(var name)) {
          yield new TemplateValue.Truth(known(name).isPresent());
        }
        throw new TemplateException("defined() takes one name");
      }
      case "error" ->
          throw new TemplateException(
              arguments.size() == 1
                      && value(arguments.getFirst()) instanceof TemplateValue.Text(var message)
                  ? message
                  : "the template calls error()");
      case "custom_error" -> throw new TemplateException("the template calls custom_error()");
      default -> {
        if (!TemplateFunctions.knows(function)) {
          throw new TemplateException("the function " + function + "() isn't supported");
        }
        yield TemplateFunctions.call(function, arguments.stream().map(this::value).toList());
      }
    };
  }

  /// `Type(name, default)` and `Array(name, 'Type', default)`.
  private TemplateValue typed(String type, List<Expression> arguments) {
    var array = type.equals("Array");
    if (arguments.isEmpty() || arguments.size() > (array ? 3 : 2)) {
      throw new TemplateException(type + "() takes a name and a default");
    }
    var first = arguments.getFirst();
    var what = first instanceof Expression.Name(var name) ? "parameter " + name : "a value";
    var fallback = array ? 2 : 1;
    var given =
        first instanceof Expression.Name(var name) ? known(name) : Optional.of(value(first));
    var value =
        given
            .or(() ->
                arguments.size() > fallback
                    ? Optional.of(value(arguments.get(fallback)))
                    : Optional.empty())
            .orElseThrow(() -> new TemplateException(what + " is missing"));
    if (!array) {
      return ParameterType.convert(type, value, what);
    }
    if (arguments.size() > 1
        && value(arguments.get(1)) instanceof TemplateValue.Text(var elementType)) {
      return ParameterType.array(elementType, value, what);
    }
    throw new TemplateException("Array() takes a name and a type");
  }

  private TemplateValue binary(String operator, Expression leftSide, Expression rightSide) {
    var left = value(leftSide);
    if (operator.equals("and")) {
      return left.isTrue() ? value(rightSide) : left;
    }
    if (operator.equals("or")) {
      return left.isTrue() ? left : value(rightSide);
    }
    var right = value(rightSide).plain();
    var plain = left.plain();
    return switch (operator) {
      case "==" -> new TemplateValue.Truth(compare(plain, right) == 0);
      case "!=" -> new TemplateValue.Truth(compare(plain, right) != 0);
      case "<" -> new TemplateValue.Truth(compare(plain, right) < 0);
      case "<=" -> new TemplateValue.Truth(compare(plain, right) <= 0);
      case ">" -> new TemplateValue.Truth(compare(plain, right) > 0);
      case ">=" -> new TemplateValue.Truth(compare(plain, right) >= 0);
      case "in" -> new TemplateValue.Truth(contains(plain, right));
      default -> calculated(operator, plain, right);
    };
  }

  /// Python would call a text and a number just different, which hides a forgotten type.
  private static int compare(TemplateValue left, TemplateValue right) {
    if (left instanceof TemplateValue.Text(var a) && right instanceof TemplateValue.Text(var b)) {
      return a.compareTo(b);
    }
    if (left instanceof TemplateValue.Truth(var a) && right instanceof TemplateValue.Truth(var b)) {
      return Boolean.compare(a, b);
    }
    if (left instanceof TemplateValue.Whole(var a) && right instanceof TemplateValue.Whole(var b)) {
      return a.compareTo(b);
    }
    return Double.compare(number(left, "compared"), number(right, "compared"));
  }

  private static boolean contains(TemplateValue item, TemplateValue container) {
    if (container instanceof TemplateValue.Items(var items)) {
      return items.stream().anyMatch(other -> compare(item, other.plain()) == 0);
    }
    if (item instanceof TemplateValue.Text(var part)
        && container instanceof TemplateValue.Text(var whole)) {
      return whole.contains(part);
    }
    throw new TemplateException("`in` needs a list or a text");
  }

  private static TemplateValue calculated(
      String operator, TemplateValue left, TemplateValue right) {
    if (operator.equals("+")
        && left instanceof TemplateValue.Text(var a)
        && right instanceof TemplateValue.Text(var b)) {
      if (a.length() + b.length() > MAX_LENGTH) {
        throw new TemplateException("the template writes too much");
      }
      return new TemplateValue.Text(a + b);
    }
    if (left instanceof TemplateValue.Whole(var a)
        && right instanceof TemplateValue.Whole(var b)
        && !operator.equals("/")) {
      return whole(operator, a, b);
    }
    var a = number(left, "calculated with");
    var b = number(right, "calculated with");
    var result =
        switch (operator) {
          case "+" -> a + b;
          case "-" -> a - b;
          case "*" -> a * b;
          case "/" -> a / b;
          default ->
              throw new TemplateException("the operator " + operator + " isn't supported here");
        };
    if (Double.isNaN(result) || Double.isInfinite(result)) {
      throw new TemplateException("a calculation has no result");
    }
    return new TemplateValue.Real(result);
  }

  private static TemplateValue whole(String operator, BigInteger a, BigInteger b) {
    if (operator.equals("%") && b.signum() == 0) {
      throw new TemplateException("a calculation has no result");
    }
    var result =
        switch (operator) {
          case "+" -> a.add(b);
          case "-" -> a.subtract(b);
          case "*" -> a.multiply(b);
          // as in Python the remainder has the sign of the divisor
          case "%" -> b.signum() < 0 ? a.negate().mod(b.negate()).negate() : a.mod(b);
          default -> throw new TemplateException("the operator " + operator + " isn't supported");
        };
    if (result.bitLength() > 255) {
      throw new TemplateException("a calculation leaves the range of integers");
    }
    return new TemplateValue.Whole(result);
  }

  private static double number(TemplateValue value, String how) {
    return switch (value) {
      case TemplateValue.Whole(var number) -> number.doubleValue();
      case TemplateValue.Real(var number) -> number;
      case TemplateValue.Text _,
          TemplateValue.Truth _,
          TemplateValue.Items _,
          TemplateValue.Typed _ ->
          throw new TemplateException(
              "values of different types are " + how + "; give the parameter a type");
    };
  }

  private static void collect(
      List<TemplateNode> nodes, Set<String> variables, Map<String, String> found) {
    for (var node : nodes) {
      switch (node) {
        case TemplateNode.Text _ -> {}
        case TemplateNode.Output(var value) -> collect(value, variables, found);
        case TemplateNode.Assign(var name, var value) -> {
          collect(value, variables, found);
          variables.add(name);
        }
        case TemplateNode.Loop(var names, var items, var body) -> {
          collect(items, variables, found);
          variables.addAll(names);
          collect(body, variables, found);
        }
        case TemplateNode.Choice(var branches) -> {
          for (var branch : branches) {
            collect(branch.condition(), variables, found);
            collect(branch.body(), variables, found);
          }
        }
      }
    }
  }

  private static void collect(
      Expression expression, Set<String> variables, Map<String, String> found) {
    switch (expression) {
      case Expression.Constant _, Expression.Unsupported _ -> {}
      case Expression.Name(var name) -> {
        if (!variables.contains(name)) {
          found.putIfAbsent(name, "");
        }
      }
      case Expression.Call(var function, var arguments) -> {
        var rest = new ArrayList<>(arguments);
        if (ParameterType.isType(function)
            && !arguments.isEmpty()
            && arguments.getFirst() instanceof Expression.Name(var name)
            && !variables.contains(name)) {
          rest.removeFirst();
          if (found.getOrDefault(name, "").isEmpty()) {
            found.put(name, function);
          }
        }
        rest.forEach(argument -> collect(argument, variables, found));
      }
      case Expression.Unary(_, var operand) -> collect(operand, variables, found);
      case Expression.Binary(_, var left, var right) -> {
        collect(left, variables, found);
        collect(right, variables, found);
      }
      case Expression.Items(var items) -> items.forEach(item -> collect(item, variables, found));
    }
  }
}
