package dev.backfill.sql;

/// Follows SQL as it is written and knows whether its end lies inside quotes or a comment.
final class SqlPosition {
  /// Where the end lies.
  enum Place {
    CODE,
    QUOTES,
    LINE_COMMENT,
    BLOCK_COMMENT
  }

  private final StringBuilder sql = new StringBuilder();
  private Place place = Place.CODE;
  private char quote;
  private int read;

  void append(String text) {
    sql.append(text);
  }

  int length() {
    return sql.length();
  }

  String text() {
    return sql.toString();
  }

  Place place() {
    while (read < sql.length()) {
      read = next(read);
    }
    return place;
  }

  private int next(int at) {
    var c = sql.charAt(at);
    switch (place) {
      case CODE -> {
        if (c == '\'' || c == '"' || c == '`') {
          quote = c;
          place = Place.QUOTES;
        } else if (opens("--", at) || opens("#!", at) || opens("# ", at)) {
          place = Place.LINE_COMMENT;
          return at + 2;
        } else if (opens("/*", at)) {
          place = Place.BLOCK_COMMENT;
          return at + 2;
        } else if (c == '$') {
          throw new TemplateException("a `$` outside of quotes isn't supported in a template");
        }
      }
      case QUOTES -> {
        if (c == '\\') {
          return at + 2;
        }
        if (c == quote) {
          place = Place.CODE;
        }
      }
      case LINE_COMMENT -> {
        if (c == '\n') {
          place = Place.CODE;
        }
      }
      case BLOCK_COMMENT -> {
        if (opens("*/", at)) {
          place = Place.CODE;
          return at + 2;
        }
      }
    }
    return at + 1;
  }

  private boolean opens(String text, int at) {
    return sql.length() >= at + text.length() && sql.substring(at, at + text.length()).equals(text);
  }
}
