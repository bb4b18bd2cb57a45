package dev.backfill.local;

import dev.backfill.local.engine.Session;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What SQL of users may not name: files, hosts, models, other databases. Read from the engine's
/// own syntax tree, so that quoting and comments hide nothing. A read-only session doesn't stop the
/// function `file`, `s3` or `x IN other.table`, and none at all runs behind a column's DEFAULT.
///
/// The tree hides two things: what stands behind `APPLY`, so there every word of the statement
/// counts, and functions that are handed over by name, as in `arrayMap(file, paths)`.
final class Gate {
  private static final Pattern NODE =
      Pattern.compile("\\s*(Function|TableIdentifier|Identifier) (.*?)( \\((alias|children) .*)?");

  /// Those that read from nowhere.
  private static final Set<String> TABLE_FUNCTIONS =
      Set.of(
          "numbers",
          "numbers_mt",
          "zeros",
          "zeros_mt",
          "primes",
          "generate_series",
          "generateseries",
          "generaterandom",
          "values",
          "sqlstandardvalues",
          "null",
          "view",
          "format");

  private static final Pattern WORD = Pattern.compile("\\w+");

  private static final List<String> PREFIXES = List.of("dict", "joinget", "ai", "filesystem");

  private static final Set<String> FUNCTIONS =
      Set.of(
          "file",
          "disk",
          "eval",
          "catboostevaluate",
          "evalmlmethod",
          "addresstoline",
          "addresstolinewithinlines",
          "addresstosymbol",
          "logtrace",
          "generateserialid",
          "getmaxtablenamelengthfordatabase",
          "hascolumnintable",
          "showcertificate",
          "getserversetting",
          "getserverport",
          "getmacro",
          "mergetreepartinfo",
          "naivebayesclassifier",
          "naivebayesclassifierwithprob",
          "naivebayesclassifierwithallprobs");

  private final Set<String> tableFunctions;
  private final Set<String> functions;

  /// @param session to ask the engine which functions it has
  Gate(Session session) {
    tableFunctions = names(session, "table_functions");
    tableFunctions.removeAll(TABLE_FUNCTIONS);
    functions = names(session, "functions");
    functions.removeIf(name -> !forbidden(name));
  }

  private static Set<String> names(Session session, String table) {
    var names = new HashSet<String>();
    session.run("SELECT lower(name) FROM system." + table).text().lines().forEach(names::add);
    return names;
  }

  /// @param databases that may be named
  /// @return whatever may be a table, a column or an alias
  /// @throws Refusal 403 when something else is
  /// @throws dev.backfill.local.engine.EngineException when it can't be parsed
  Set<String> check(Session session, String sql, Set<String> databases) {
    var names = new HashSet<String>();
    var qualified = new HashSet<String>();
    var applies = false;
    var function = "";
    var first = false;
    for (var line : session.run("EXPLAIN AST " + sql).text().lines().toList()) {
      applies |= line.contains("ApplyTransformer");
      var node = NODE.matcher(line);
      if (!node.matches()) {
        // the list of arguments stands between a function and the first of them
        first = !function.isEmpty() && line.strip().startsWith("ExpressionList");
        continue;
      }
      var name = String.valueOf(node.group(2));
      if (String.valueOf(node.group(1)).equals("Function")) {
        function = name.toLowerCase(Locale.ROOT);
        refuseIf(forbidden(function) || tableFunctions.contains(function), function);
      } else {
        if (first && (function.startsWith("array") || function.startsWith("map"))) {
          refuseIf(functions.contains(name.toLowerCase(Locale.ROOT)), name);
        }
        function = "";
        names.add(name);
        if (name.contains(".")) {
          qualified.add(name.substring(0, name.indexOf('.')));
        }
      }
      first = false;
    }
    if (applies) {
      words(session, sql)
          .forEach(word -> {
            refuseIf(functions.contains(word.toLowerCase(Locale.ROOT)), word);
            names.add(word);
            qualified.add(word);
          });
    }
    qualified.removeAll(databases);
    if (!qualified.isEmpty()) {
      databases(session)
          .filter(qualified::contains)
          .findFirst()
          .ifPresent(database -> {
            throw new Refusal(
                403, "[Error] the token has no permission to read the database " + database);
          });
    }
    return names;
  }

  /// Every word of a statement, however it was written; those of its texts too.
  private static Stream<String> words(Session session, String sql) {
    var written =
        session.query("SELECT formatQuerySingleLine(" + Sql.literal(sql) + ")", "RawBLOB").text();
    return WORD.matcher(written).results().map(MatchResult::group);
  }

  private static Stream<String> databases(Session session) {
    return session.run("SELECT name FROM system.databases").text().lines();
  }

  private static boolean forbidden(String function) {
    return FUNCTIONS.contains(function) || PREFIXES.stream().anyMatch(function::startsWith);
  }

  private static void refuseIf(boolean refused, String function) {
    if (refused) {
      throw new Refusal(403, "[Error] the function " + function + " is not allowed");
    }
  }
}
