package dev.backfill.sql;

import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.ResolverStyle;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The helpers whose effect is documented and doesn't depend on the server; where the documents
/// leave something open (rounding, blanks), a call that it matters for is refused.
final class TemplateFunctions {
  private static final DateTimeFormatter MOMENT =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss").withResolverStyle(ResolverStyle.STRICT);

  /// They tune how a query runs, not what it answers.
  private static final Set<String> TUNING = Set.of("max_threads", "cache_ttl");

  private TemplateFunctions() {}

  static boolean knows(String function) {
    return TUNING.contains(function)
        || switch (function) {
          case "columns",
              "split_to_array",
              "enumerate_with_last",
              "date_diff_in_seconds",
              "date_diff_in_minutes",
              "date_diff_in_hours",
              "date_diff_in_days",
              "tb_secret",
              "tb_var" ->
              true;
          default -> false;
        };
  }

  static TemplateValue call(String function, List<TemplateValue> arguments) {
    var plain = arguments.stream().map(TemplateValue::plain).toList();
    return switch (function) {
      case "columns" -> columns(text(function, plain, 0, 1));
      case "split_to_array" -> split(plain);
      case "enumerate_with_last" -> enumerated(plain);
      case "date_diff_in_seconds" -> difference(function, plain, 1);
      case "date_diff_in_minutes" -> difference(function, plain, 60);
      case "date_diff_in_hours" -> difference(function, plain, 3600);
      case "date_diff_in_days" -> difference(function, plain, 86_400);
      // here there are no secrets, so the default counts
      case "tb_secret", "tb_var" -> new TemplateValue.Text(text(function, plain, 1, 2));
      default -> new TemplateValue.Typed("", new TemplateValue.Text(""));
    };
  }

  private static TemplateValue columns(String names) {
    var out = new ArrayList<String>();
    for (var name : names.split(",", -1)) {
      out.add(
          ParameterType.convert("column", new TemplateValue.Text(name.strip()), "columns()").sql());
    }
    return new TemplateValue.Typed(String.join(",", out), new TemplateValue.Text(names));
  }

  private static TemplateValue split(List<TemplateValue> arguments) {
    if (arguments.isEmpty() || arguments.size() > 3) {
      throw new TemplateException("split_to_array() takes a text, a default and a separator");
    }
    var given = text("split_to_array", arguments.subList(0, 1), 0, 1);
    var text =
        given.isEmpty() && arguments.size() > 1
            ? text("split_to_array", arguments.subList(1, 2), 0, 1)
            : given;
    var separator =
        arguments.size() > 2 ? text("split_to_array", arguments.subList(2, 3), 0, 1) : ",";
    if (separator.isEmpty()) {
      throw new TemplateException("split_to_array() needs a separator");
    }
    var items = new ArrayList<TemplateValue>();
    for (var item : text.split(java.util.regex.Pattern.quote(separator), -1)) {
      if (!item.equals(item.strip())) {
        throw new TemplateException("split_to_array() of items with blanks isn't supported");
      }
      items.add(new TemplateValue.Text(item));
    }
    return new TemplateValue.Items(List.copyOf(items));
  }

  /// Pairs of whether an item is the last one, and the item.
  private static TemplateValue enumerated(List<TemplateValue> arguments) {
    if (arguments.size() != 1
        || !(arguments.getFirst() instanceof TemplateValue.Items(var items))) {
      throw new TemplateException("enumerate_with_last() takes a list");
    }
    var pairs = new ArrayList<TemplateValue>();
    for (var i = 0; i < items.size(); i++) {
      pairs.add(
          new TemplateValue.Items(
              List.of(new TemplateValue.Truth(i == items.size() - 1), items.get(i))));
    }
    return new TemplateValue.Items(List.copyOf(pairs));
  }

  private static TemplateValue difference(
      String function, List<TemplateValue> arguments, int unit) {
    if (arguments.size() != 2) {
      throw new TemplateException(function + "() takes two times; formats aren't supported");
    }
    try {
      var one = LocalDateTime.parse(text(function, arguments.subList(0, 1), 0, 1), MOMENT);
      var other = LocalDateTime.parse(text(function, arguments.subList(1, 2), 0, 1), MOMENT);
      var seconds = Duration.between(one, other).abs().toSeconds();
      if (seconds % unit != 0) {
        throw new TemplateException(function + "() of times with a rest isn't supported");
      }
      return new TemplateValue.Whole(BigInteger.valueOf(seconds / unit));
    } catch (DateTimeException e) {
      throw new TemplateException(function + "() takes times as 2024-01-31 13:30:00");
    }
  }

  /// @param at which argument
  /// @param most arguments there may be
  private static String text(String function, List<TemplateValue> arguments, int at, int most) {
    if (arguments.size() <= at
        || arguments.size() > most
        || !(arguments.get(at) instanceof TemplateValue.Text(var text))) {
      throw new TemplateException(function + "() isn't supported with these values");
    }
    return text;
  }
}
