package dev.backfill.sql;

import java.util.List;

/// A parsed template: texts and tags, and the expressions in them.
sealed interface TemplateNode {

  /// SQL as written.
  record Text(String text) implements TemplateNode {}

  /// `{{ ... }}`.
  record Output(Expression value) implements TemplateNode {}

  /// `{% set name = ... %}`.
  record Assign(String name, Expression value) implements TemplateNode {}

  /// `{% for name in ... %}`, also with several names.
  record Loop(List<String> names, Expression items, List<TemplateNode> body)
      implements TemplateNode {}

  /// `{% if %}`, `{% elif %}` and, with a condition that always holds, `{% else %}`.
  record Choice(List<Branch> branches) implements TemplateNode {}

  /// One way of a [Choice].
  record Branch(Expression condition, List<TemplateNode> body) {}

  /// What stands inside a tag.
  sealed interface Expression {
    record Constant(TemplateValue value) implements Expression {}

    /// A variable set before or a parameter.
    record Name(String name) implements Expression {}

    /// Of a type function keyword arguments are left out, but for `default`, which counts as the
    /// last argument; of any other function each is an [Unsupported].
    record Call(String function, List<Expression> arguments) implements Expression {}

    /// `not`, `-`.
    record Unary(String operator, Expression operand) implements Expression {}

    record Binary(String operator, Expression left, Expression right) implements Expression {}

    record Items(List<Expression> items) implements Expression {}

    /// Read, but not known: refused when it is needed.
    record Unsupported(String what) implements Expression {}
  }
}
