package dev.backfill.local;

import java.util.Map;

/// Fills in template parameters.
final class Templates {

  /// The template can't be filled in with what is given.
  static final class Missing extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Missing(String message) {
      super(message);
    }
  }

  private Templates() {}

  /// @throws Missing when a parameter is missing or the template can't be read
  static String render(String sql, Map<String, String> parameters) {
    if (!sql.stripLeading().startsWith("%")) {
      return sql;
    }
    throw new Missing("templates are not served yet " + parameters.keySet());
  }
}
