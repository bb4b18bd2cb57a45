package dev.backfill.local;

import dev.backfill.local.engine.Session;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// What SQL of users may not name: files, hosts, models, other databases. Read from the engine's
/// own syntax tree, so that quoting and comments hide nothing. A read-only session doesn't stop the
/// function `file`, `s3` or `x IN other.table`, and none at all runs behind a column's DEFAULT.
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

  private static final List<String> PREFIXES = List.of("dict", "joinget", "ai", "filesystem");

  private static final Set<String> FUNCTIONS =
      Set.of(
          "file",
          "disk",
          "eval",
          "catboostevaluate",
          "hascolumnintable",
          "showcertificate",
          "getserversetting",
          "getserverport",
          "getmacro",
          "mergetreepartinfo",
          "naivebayesclassifier",
          "naivebayesclassifierwithprob",
          "naivebayesclassifierwithallprobs");

  private final Set<String> tableFunctions = new HashSet<>();

  /// @param session to ask the engine which table functions it has
  Gate(Session session) {
    session
        .run("SELECT lower(name) FROM system.table_functions")
        .text()
        .lines()
        .forEach(tableFunctions::add);
    tableFunctions.removeAll(TABLE_FUNCTIONS);
  }

  /// @param databases that may be named
  /// @return whatever may be a table, a column or an alias
  /// @throws Refusal 403 when something else is
  /// @throws dev.backfill.local.engine.EngineException when it can't be parsed
  Set<String> check(Session session, String sql, Set<String> databases) {
    var names = new HashSet<String>();
    var qualified = new HashSet<String>();
    session
        .run("EXPLAIN AST " + sql)
        .text()
        .lines()
        .map(NODE::matcher)
        .filter(node -> node.matches())
        .forEach(node -> {
          var name = String.valueOf(node.group(2));
          if (String.valueOf(node.group(1)).equals("Function")) {
            function(name.toLowerCase(Locale.ROOT));
            return;
          }
          names.add(name);
          if (name.contains(".")) {
            qualified.add(name.substring(0, name.indexOf('.')));
          }
        });
    qualified.removeAll(databases);
    if (!qualified.isEmpty()) {
      session
          .run("SELECT name FROM system.databases")
          .text()
          .lines()
          .filter(qualified::contains)
          .findFirst()
          .ifPresent(database -> {
            throw new Refusal(
                403, "[Error] the token has no permission to read the database " + database);
          });
    }
    return names;
  }

  private void function(String name) {
    if (tableFunctions.contains(name)
        || FUNCTIONS.contains(name)
        || PREFIXES.stream().anyMatch(name::startsWith)) {
      throw new Refusal(403, "[Error] the function " + name + " is not allowed");
    }
  }
}
