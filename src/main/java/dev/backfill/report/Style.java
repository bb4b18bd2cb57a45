package dev.backfill.report;

/// Colours of a terminal, or none.
public enum Style {
  PLAIN,
  COLOUR;

  String bold(String text) {
    return wrap("1", text);
  }

  String good(String text) {
    return wrap("32", text);
  }

  String bad(String text) {
    return wrap("31", text);
  }

  String warn(String text) {
    return wrap("33", text);
  }

  String faint(String text) {
    return wrap("2", text);
  }

  private String wrap(String code, String text) {
    return this == PLAIN ? text : "\u001b[" + code + "m" + text + "\u001b[0m";
  }
}
