package dev.backfill.local;

import dev.backfill.local.engine.EngineException;
import dev.backfill.sql.TablesRead;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// SQL of users on its way to the engine.
final class Sql {
  static final String MEMORY =
      "Memory limit (for query) exceeded. Make sure the query just process the required data."
          + " Contact us at support@tinybird.co for help or read this SQL tip:"
          + " https://www.tinybird.co/docs/common-errors#memory-limit-reached-title";

  private Sql() {}

  /// Puts each name that is more than a table (a node, a Pipe, a service Data Source) in place as
  /// what it stands for.
  ///
  /// @param meaning subquery or table for a name, empty for a table of the database
  /// @throws Refusal 403 when a table of another database is named
  static String expand(String sql, Function<String, Optional<String>> meaning) {
    TablesRead read;
    try {
      read = TablesRead.of(sql);
    } catch (IllegalArgumentException e) {
      throw new Refusal(400, "[Error] " + e.getMessage());
    }
    var out = new StringBuilder();
    var copied = 0;
    for (var reference : read.references()) {
      var name = reference.name();
      var found = meaning.apply(name);
      if (found.isEmpty()) {
        if (name.contains(".")) {
          throw new Refusal(403, "[Error] the token has no permission to read " + name);
        }
        continue;
      }
      out.append(sql, copied, reference.start()).append(found.get());
      if (!reference.aliased()) {
        out.append(" AS ").append(identifier(name.substring(name.lastIndexOf('.') + 1)));
      }
      copied = reference.end();
    }
    return out.append(sql.substring(copied)).toString();
  }

  static String identifier(String name) {
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`";
  }

  static String literal(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }

  /// Text that can't leave the place it is put into: closed brackets and quotes, no comment, no
  /// `;`.
  ///
  /// @throws Refusal 400 otherwise
  static String piece(String text) {
    var open = new ArrayList<Character>();
    for (var i = 0; i < text.length(); i++) {
      var c = text.charAt(i);
      if (c == ';' || c == '#' || text.startsWith("--", i) || text.startsWith("/*", i)) {
        throw new Refusal(400, "not allowed here: " + text);
      }
      if (c == '\'' || c == '"' || c == '`') {
        i = closing(text, i);
      } else if ("([{".indexOf(c) >= 0) {
        open.add(c);
      } else if (")]}".indexOf(c) >= 0
          && (open.isEmpty() || "([{".indexOf(open.removeLast()) != ")]}".indexOf(c))) {
        throw new Refusal(400, "a bracket isn't opened: " + text);
      }
    }
    if (!open.isEmpty()) {
      throw new Refusal(400, "a bracket isn't closed: " + text);
    }
    return text;
  }

  private static int closing(String text, int quote) {
    for (var i = quote + 1; i < text.length(); i++) {
      if (text.charAt(i) == '\\') {
        i++;
      } else if (text.charAt(i) == text.charAt(quote)) {
        return i;
      }
    }
    throw new Refusal(400, "a quote isn't closed: " + text);
  }

  /// The engine's error as the API words it.
  static Refusal refusal(EngineException e) {
    var status =
        switch (e.code()) {
          case 159 -> 408;
          case 164, 497 -> 403;
          default -> 400;
        };
    return new Refusal(
        status, "[Error] " + text(e), Map.of("X-DB-Exception-Code", Integer.toString(e.code())));
  }

  static String text(EngineException e) {
    return e.code() == 241 ? MEMORY : e.text();
  }
}
