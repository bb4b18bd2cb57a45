package dev.backfill.sql;

import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.ResolverStyle;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// The types of template parameters: each either takes a text and gives SQL for exactly that value,
/// or refuses it.
final class ParameterType {
  private static final Pattern INTEGER = Pattern.compile("(U?Int)(8|16|32|64|128|256)");
  private static final Pattern WHOLE = Pattern.compile("-?[0-9]{1,78}");
  private static final Pattern REAL =
      Pattern.compile("-?[0-9]{1,40}(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?");
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,199}(\\.[A-Za-z_][A-Za-z0-9_]{0,199}){0,2}");
  private static final Pattern MOMENT =
      Pattern.compile(
          "([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(\\.[0-9]{1,3})?");
  private static final DateTimeFormatter SECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss").withResolverStyle(ResolverStyle.STRICT);

  private ParameterType() {}

  static boolean isType(String function) {
    return switch (function) {
      case "String",
          "Boolean",
          "Date",
          "DateTime",
          "DateTime64",
          "Float32",
          "Float64",
          "Int",
          "Integer",
          "Array" ->
          true;
      default -> isName(function) || INTEGER.matcher(function).matches();
    };
  }

  private static boolean isName(String function) {
    return switch (function) {
      case "Symbol", "symbol", "Column", "column", "TABLE", "table" -> true;
      default -> false;
    };
  }

  /// @param what how a message calls the value
  static TemplateValue convert(String type, TemplateValue value, String what) {
    var text = text(value.plain(), type, what);
    if (isName(type)) {
      return name(text, type, what);
    }
    return switch (type) {
      case "String" -> new TemplateValue.Text(text);
      case "Boolean" -> truth(text, what);
      case "Date" -> date(text, what);
      case "DateTime" -> moment(text, false, what);
      case "DateTime64" -> moment(text, true, what);
      case "Float32", "Float64" -> real(text, type, what);
      case "Int", "Integer" -> new TemplateValue.Whole(whole(text, "Int256", what));
      default -> {
        var number = whole(text, type, what);
        yield new TemplateValue.Typed(
            "to" + type + "('" + number + "')", new TemplateValue.Whole(number));
      }
    };
  }

  /// A list of texts or numbers, given as a list or as a text with commas.
  static TemplateValue array(String type, TemplateValue value, String what) {
    var items = new ArrayList<TemplateValue>();
    var sql = new ArrayList<String>();
    for (var item : items(value.plain(), what)) {
      var converted = convert(type, item, what);
      items.add(converted.plain());
      sql.add(
          switch (converted.plain()) {
            case TemplateValue.Text(var text) when type.equals("String") -> Quote.literal(text);
            case TemplateValue.Whole(var number) -> number.toString();
            case TemplateValue.Real(var number) -> Double.toString(number);
            default -> throw new TemplateException("an Array of " + type + " isn't supported");
          });
    }
    return new TemplateValue.Typed(
        "[" + String.join(",", sql) + "]", new TemplateValue.Items(List.copyOf(items)));
  }

  private static List<TemplateValue> items(TemplateValue value, String what) {
    return switch (value) {
      case TemplateValue.Items(var items) -> items;
      case TemplateValue.Text(var text) when !text.isEmpty() ->
          java.util.Arrays.stream(text.split(",", -1))
              .<TemplateValue>map(TemplateValue.Text::new)
              .toList();
      default -> throw new TemplateException(what + " is no list of values");
    };
  }

  private static String text(TemplateValue value, String type, String what) {
    return switch (value) {
      case TemplateValue.Text(var text) -> text;
      case TemplateValue.Whole(var number) -> number.toString();
      case TemplateValue.Real(var number) -> Double.toString(number);
      case TemplateValue.Truth(var truth) -> truth ? "true" : "false";
      case TemplateValue.Items _, TemplateValue.Typed _ -> throw misfit(type, what);
    };
  }

  private static TemplateValue truth(String text, String what) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true", "1" -> new TemplateValue.Truth(true);
      case "false", "0" -> new TemplateValue.Truth(false);
      default -> throw misfit("Boolean", what);
    };
  }

  private static TemplateValue name(String text, String type, String what) {
    if (!NAME.matcher(text).matches()) {
      throw misfit(type, what);
    }
    var parts = new ArrayList<String>();
    for (var part : text.split("\\.")) {
      parts.add(Quote.identifier(part));
    }
    return new TemplateValue.Typed(String.join(".", parts), new TemplateValue.Text(text));
  }

  private static BigInteger whole(String text, String type, String what) {
    var matcher = INTEGER.matcher(type);
    if (!matcher.matches()) {
      throw new TemplateException("the type " + type + " isn't supported");
    }
    if (!WHOLE.matcher(text).matches()) {
      throw misfit(type, what);
    }
    var number = new BigInteger(text);
    var signed = matcher.group(1).equals("Int");
    var bits = Integer.parseInt(matcher.group(2)) - (signed ? 1 : 0);
    if (number.bitLength() > bits || (!signed && number.signum() < 0)) {
      throw misfit(type, what);
    }
    return number;
  }

  private static TemplateValue real(String text, String type, String what) {
    if (!REAL.matcher(text).matches() || Double.isInfinite(Double.parseDouble(text))) {
      throw misfit(type, what);
    }
    return new TemplateValue.Typed(
        "to" + type + "('" + text + "')", new TemplateValue.Real(Double.parseDouble(text)));
  }

  private static TemplateValue date(String text, String what) {
    try {
      if (text.length() == 10) {
        return new TemplateValue.Typed(
            "toDate('" + LocalDate.parse(text) + "')", new TemplateValue.Text(text));
      }
    } catch (DateTimeException _) {
      // falls through: not a date
    }
    throw misfit("Date", what);
  }

  /// No more than milliseconds: what the type does with more digits isn't documented, and cutting
  /// them off silently would move a bound.
  private static TemplateValue moment(String text, boolean fraction, String what) {
    var type = fraction ? "DateTime64" : "DateTime";
    var matcher = MOMENT.matcher(text);
    if (!matcher.matches() || (!fraction && matcher.group(3) != null)) {
      throw misfit(type, what);
    }
    try {
      var seconds =
          SECONDS.format(LocalDateTime.parse(matcher.group(1) + " " + matcher.group(2), SECONDS));
      var millis = matcher.group(3) == null ? "" : matcher.group(3);
      var sql =
          fraction
              ? "toDateTime64('" + seconds + millis + "', 3)"
              : "toDateTime('" + seconds + "')";
      return new TemplateValue.Typed(sql, new TemplateValue.Text(text));
    } catch (DateTimeException _) {
      throw misfit(type, what);
    }
  }

  private static TemplateException misfit(String type, String what) {
    return new TemplateException(what + " is no valid " + type);
  }
}
