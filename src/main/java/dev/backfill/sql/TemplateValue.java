package dev.backfill.sql;

import java.math.BigInteger;
import java.util.List;

/// A value while a template is rendered.
sealed interface TemplateValue {
  record Text(String text) implements TemplateValue {}

  record Whole(BigInteger number) implements TemplateValue {}

  /// Never NaN or infinite.
  record Real(double number) implements TemplateValue {}

  record Truth(boolean truth) implements TemplateValue {}

  record Items(List<TemplateValue> items) implements TemplateValue {}

  /// A checked value that is written in its own way.
  ///
  /// @param sql whole SQL: what stands around it can't change what it means
  /// @param plain what it counts as in conditions
  record Typed(String sql, TemplateValue plain) implements TemplateValue {}

  /// What counts in conditions and calculations.
  default TemplateValue plain() {
    return this instanceof Typed(_, var plain) ? plain : this;
  }

  /// The value as SQL that can't be read as anything else.
  default String sql() {
    return switch (this) {
      case Text(var text) -> Quote.literal(text);
      // without parentheses `-{{x}}` could begin a comment
      case Whole(var number) -> number.signum() < 0 ? "(" + number + ")" : number.toString();
      case Real(var number) -> number < 0 ? "(" + number + ")" : Double.toString(number);
      case Truth(var truth) -> truth ? "1" : "0";
      case Items(var items) ->
          "[" + String.join(",", items.stream().map(TemplateValue::sql).toList()) + "]";
      case Typed(var sql, _) -> sql;
    };
  }

  /// As Python sees it.
  default boolean isTrue() {
    return switch (plain()) {
      case Text(var text) -> !text.isEmpty();
      case Whole(var number) -> number.signum() != 0;
      case Real(var number) -> number != 0;
      case Truth(var truth) -> truth;
      case Items(var items) -> !items.isEmpty();
      case Typed typed -> typed.plain().isTrue();
    };
  }
}
