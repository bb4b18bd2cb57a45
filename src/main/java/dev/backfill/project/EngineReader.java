package dev.backfill.project;

import dev.backfill.datafile.Datafile.DatasourceFile;
import dev.backfill.datafile.Directive;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.sql.SqlText;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Reads the effective engine and checks its options against the table of `datafiles.md` 2.2.
final class EngineReader {
  private static final String DEFAULT_SETTING = "index_granularity = 8192";

  /// What an engine may and must be told.
  ///
  /// @param options its own ENGINE_ options
  /// @param required those of them it can't do without
  /// @param sortingKey whether it needs one
  private record Rule(
      String family, Set<String> options, Set<String> required, boolean sortingKey) {}

  private static final Map<String, Rule> RULES =
      java.util.stream.Stream.of(
              new Rule("MergeTree", Set.of(), Set.of(), false),
              new Rule("ReplacingMergeTree", Set.of("VER", "IS_DELETED"), Set.of(), true),
              new Rule("SummingMergeTree", Set.of("COLUMNS"), Set.of(), false),
              new Rule("AggregatingMergeTree", Set.of(), Set.of(), true),
              new Rule("CollapsingMergeTree", Set.of("SIGN"), Set.of("SIGN"), true),
              new Rule(
                  "VersionedCollapsingMergeTree",
                  Set.of("SIGN", "VERSION"),
                  Set.of("SIGN", "VERSION"),
                  false),
              new Rule(
                  "Join",
                  Set.of("JOIN_STRICTNESS", "JOIN_TYPE", "KEY_COLUMNS"),
                  Set.of("JOIN_STRICTNESS", "JOIN_TYPE", "KEY_COLUMNS"),
                  false),
              new Rule("Null", Set.of(), Set.of(), false))
          .collect(Collectors.toMap(r -> r.family().toLowerCase(Locale.ROOT), r -> r));

  private static final Set<String> COMMON =
      Set.of("PARTITION_KEY", "SORTING_KEY", "PRIMARY_KEY", "SAMPLING_KEY", "TTL", "SETTINGS");

  /// Words of an expression that are no columns.
  private static final Set<String> NO_COLUMNS =
      Set.of(
          "AND",
          "OR",
          "NOT",
          "IN",
          "IS",
          "NULL",
          "LIKE",
          "BETWEEN",
          "INTERVAL",
          "CASE",
          "WHEN",
          "THEN",
          "ELSE",
          "END",
          "ASC",
          "DESC",
          "TRUE",
          "FALSE",
          "SECOND",
          "MINUTE",
          "HOUR",
          "DAY",
          "WEEK",
          "MONTH",
          "QUARTER",
          "YEAR",
          "AS",
          "DIV",
          "MOD",
          "INF",
          "NAN");

  private final Map<String, Directive> options = new TreeMap<>();
  private final Optional<Directive> opening;
  private final DatasourceFile file;
  private final List<Column> columns;
  private final List<Problem> problems;

  EngineReader(DatasourceFile file, List<Column> columns, List<Problem> problems) {
    this.file = file;
    this.columns = columns;
    this.problems = problems;
    this.opening = file.last("ENGINE");
    for (var directive : file.directives()) {
      if (directive.name().startsWith("ENGINE_")) {
        options.put(directive.name().substring("ENGINE_".length()), directive);
      }
    }
  }

  Engine read() {
    var rule = rule();
    var sorting = key("SORTING_KEY");
    var primary = key("PRIMARY_KEY");
    rule.ifPresent(r -> check(r, sorting));
    rule.ifPresent(this::checkConnector);
    checkColumns();
    return new Engine(
        rule.map(Rule::family).orElseGet(() -> opening.map(Directive::value).orElse("")),
        sorting,
        key("PARTITION_KEY"),
        primary.equals(sorting) ? List.of() : primary,
        text("SAMPLING_KEY"),
        text("TTL"),
        text("VER"),
        text("IS_DELETED"),
        text("SIGN"),
        text("VERSION"),
        key("COLUMNS"),
        settings());
  }

  private void checkConnector(Rule rule) {
    file.last("IMPORT_SERVICE")
        .filter(d -> d.value().equalsIgnoreCase("dynamodb"))
        .filter(_ -> !rule.family().equals("ReplacingMergeTree"))
        .ifPresent(d ->
            problems.add(
                Problem.error(
                    "connector_needs_engine",
                    d.place(),
                    "DynamoDB needs ReplacingMergeTree, not " + rule.family() + ".",
                    "Write ENGINE ReplacingMergeTree and its sorting key.")));
  }

  private Optional<Rule> rule() {
    if (opening.isEmpty()) {
      return Optional.ofNullable(RULES.get("mergetree"));
    }
    var written = opening.get().value().replaceAll("^[“”]|[“”]$", "");
    var bare = written.replaceFirst("\\s*\\(\\s*\\)$", "").strip();
    if (bare.isEmpty()) {
      return Optional.ofNullable(RULES.get("mergetree"));
    }
    var rule = Optional.ofNullable(RULES.get(bare.toLowerCase(Locale.ROOT)));
    if (rule.isEmpty()) {
      problems.add(
          Problem.error(
              "unknown_engine",
              opening.get().place(),
              "`" + DataSourceReader.shortened(bare) + "` is not an engine the client knows.",
              "Use one of the MergeTree family, Join or Null."));
    }
    return rule;
  }

  private void check(Rule rule, List<String> sorting) {
    var place = opening.map(Directive::place).orElse(new Place(file.path(), 1, 1));
    if (rule.sortingKey() && sorting.isEmpty()) {
      problems.add(
          Problem.error(
              "missing_sorting_key",
              place,
              rule.family() + " needs a sorting key.",
              "Add ENGINE_SORTING_KEY."));
    }
    for (var required : rule.required().stream().sorted().toList()) {
      if (text(required).isEmpty()) {
        problems.add(
            Problem.error(
                "missing_engine_option",
                place,
                rule.family() + " needs ENGINE_" + required + ".",
                "Add it."));
      }
    }
    boolean mergeTree = rule.family().endsWith("MergeTree");
    options.forEach((option, directive) -> {
      boolean fits = rule.options().contains(option) || (mergeTree && COMMON.contains(option));
      if (!fits && !directive.value().isEmpty() && directive.known()) {
        problems.add(
            Problem.warning(
                "engine_option_without_effect",
                directive.place(),
                rule.family() + " has no ENGINE_" + option + ".",
                "Drop the line, or choose the engine it belongs to."));
      }
    });
  }

  /// Every column that a key or an option names must be there.
  private void checkColumns() {
    if (columns.isEmpty()) {
      return;
    }
    for (var option :
        List.of(
            "SORTING_KEY",
            "PARTITION_KEY",
            "PRIMARY_KEY",
            "SAMPLING_KEY",
            "TTL",
            "VER",
            "IS_DELETED",
            "SIGN",
            "VERSION",
            "COLUMNS")) {
      var directive = options.get(option);
      if (directive == null || directive.value().contains("$")) {
        continue;
      }
      for (var missing : unknownColumns(directive.value())) {
        problems.add(
            Problem.error(
                "unknown_column",
                directive.place(),
                "ENGINE_"
                    + option
                    + " names `"
                    + DataSourceReader.shortened(missing)
                    + "`, which is not a column of the schema.",
                "Correct the name (case counts) or add the column."));
      }
    }
  }

  private List<String> unknownColumns(String expression) {
    var tokens = Tokens.of(expression);
    var lambdas =
        java.util.stream.IntStream.range(0, Math.max(0, tokens.size() - 1))
            .filter(i -> tokens.get(i + 1).symbol("->"))
            .mapToObj(i -> tokens.get(i).value())
            .collect(Collectors.toSet());
    var unknown = new java.util.LinkedHashSet<String>();
    for (int i = 0; i < tokens.size(); i++) {
      var token = tokens.get(i);
      boolean called = i + 1 < tokens.size() && tokens.get(i + 1).symbol("(");
      boolean member = i > 0 && tokens.get(i - 1).symbol(".");
      if (!token.isName() || called || member) {
        continue;
      }
      boolean keyword =
          token.kind() == Token.Kind.WORD
              && NO_COLUMNS.contains(token.text().toUpperCase(Locale.ROOT));
      var name = token.value();
      boolean there =
          columns.stream().anyMatch(c -> c.name().equals(name) || c.name().startsWith(name + "."));
      if (!keyword && !there && !lambdas.contains(name) && !implicit(name)) {
        unknown.add(name);
      }
    }
    return List.copyOf(unknown);
  }

  /// Columns that connectors add on their own.
  private boolean implicit(String name) {
    boolean kafka = file.directives().stream().anyMatch(d -> d.name().startsWith("KAFKA_"));
    boolean imported = file.directives().stream().anyMatch(d -> d.name().startsWith("IMPORT_"));
    return (kafka && name.startsWith("__"))
        || (imported && (name.startsWith("_") || name.equals("insertion_date")));
  }

  private List<String> key(String option) {
    var directive = options.get(option);
    return directive == null ? List.of() : SqlText.normaliseKey(directive.value());
  }

  private Optional<String> text(String option) {
    return Optional.ofNullable(options.get(option))
        .map(d -> SqlText.normalise(d.value()))
        .filter(t -> !t.isEmpty());
  }

  private Optional<String> settings() {
    var directive = options.get("SETTINGS");
    if (directive == null) {
      return Optional.empty();
    }
    var settings =
        SqlText.splitTopLevel(directive.value(), ',').stream()
            .map(SqlText::normalise)
            .filter(s -> !s.isEmpty() && !s.equals(DEFAULT_SETTING))
            .sorted()
            .collect(Collectors.joining(", "));
    return settings.isEmpty() ? Optional.empty() : Optional.of(settings);
  }
}
