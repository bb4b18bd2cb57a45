package dev.backfill.local;

import dev.backfill.local.engine.EngineException;
import dev.backfill.local.engine.Session;
import dev.backfill.sql.TablesRead;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/// SQL of users on its way to the engine.
final class Sql {
  static final String MEMORY =
      "Memory limit (for query) exceeded. Make sure the query just process the required data."
          + " Contact us at support@tinybird.co for help or read this SQL tip:"
          + " https://www.tinybird.co/docs/common-errors#memory-limit-reached-title";

  private static final Set<String> CLOCKS = Set.of("now", "now64", "today", "yesterday");

  private static final Pattern GUESS =
      Pattern.compile(" ?Maybe you meant:? ?(\\[[^\\]]*]|[^?\\s]*\\?)[.:]?");

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

  /// The same SQL by a clock that is ahead.
  static String moved(String sql, long seconds) {
    if (seconds == 0) {
      return sql;
    }
    var tokens = Tokens.of(sql);
    var out = new StringBuilder();
    var copied = 0;
    for (var i = 0; i + 1 < tokens.size(); i++) {
      var token = tokens.get(i);
      var name = token.value().toLowerCase(Locale.ROOT);
      if (!token.isName() || !CLOCKS.contains(name) || !tokens.get(i + 1).symbol("(")) {
        continue;
      }
      var close = i + 2;
      for (var depth = 1; close < tokens.size(); close++) {
        depth += tokens.get(close).symbol("(") ? 1 : tokens.get(close).symbol(")") ? -1 : 0;
        if (depth == 0) {
          break;
        }
      }
      if (close == tokens.size()) {
        break;
      }
      var arguments = sql.substring(tokens.get(i + 1).end(), tokens.get(close).start());
      out.append(sql, copied, token.start()).append(moved(name, arguments, seconds));
      copied = tokens.get(close).end();
      i = close;
    }
    return out.append(sql.substring(copied)).toString();
  }

  private static String moved(String clock, String arguments, long seconds) {
    var ahead = " + toIntervalSecond(" + seconds + "))";
    return switch (clock) {
      case "now" -> "(now(" + arguments + ")" + ahead;
      case "now64" -> "(now64(" + arguments + ")" + ahead;
      case "today" -> "toDate(now()" + ahead;
      case "yesterday" -> "(toDate(now()" + ahead + " - 1)";
      default -> throw new IllegalArgumentException(clock);
    };
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

  /// Only parses it, in a way that can't run any of it.
  ///
  /// @throws Refusal 400 when it isn't one statement
  static void parse(Session session, String sql) {
    try {
      session.query("SELECT formatQuerySingleLine(" + literal(sql) + ")", "RawBLOB");
    } catch (EngineException e) {
      throw new Refusal(
          400,
          "[Error] " + e.text().replaceFirst("(?s):? In scope SELECT formatQuery.*", ""),
          Map.of("X-DB-Exception-Code", Integer.toString(e.code())));
    }
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
    // what the engine takes for meant may be another workspace's
    return e.code() == 241 ? MEMORY : GUESS.matcher(e.text()).replaceAll("");
  }
}
