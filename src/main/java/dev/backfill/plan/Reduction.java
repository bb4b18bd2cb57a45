package dev.backfill.plan;

import dev.backfill.plan.Migration.Reduced;
import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import dev.backfill.project.Engine;
import dev.backfill.sql.Quote;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// How rows of a target that merges rows are merged before they are compared.
final class Reduction {
  private static final Pattern NUMERIC =
      Pattern.compile("U?Int(8|16|32|64|128|256)|Float(32|64)|Decimal(32|64|128|256)?");

  /// Their value depends on the order in which rows were read, so two right answers can differ.
  private static final Set<String> ARBITRARY =
      Set.of(
          "any",
          "anylast",
          "any_value",
          "first_value",
          "last_value",
          "any_respect_nulls",
          "anylast_respect_nulls",
          "anyheavy",
          "grouparray",
          "grouparraysample",
          "groupuniqarray",
          "topk",
          "quantile",
          "quantiles",
          "quantiletdigest",
          "quantilestdigest");

  /// The last row wins, and history arrives after what is newer.
  private static final Set<String> LAST_WINS = Set.of("anylast", "last_value");

  private Reduction() {}

  /// For engines that keep every row: its columns, none of them a key. Empty where no rule of ours
  /// says which row survives.
  static List<Reduced> of(DataSource d) {
    var engine = d.engine();
    var family = engine.family();
    if (family.equals("MergeTree")) {
      return d.columns().stream()
          .filter(Column::insertable)
          .map(c -> new Reduced(c.name(), Quote.identifier(c.name()), false))
          .toList();
    }
    if (family.equals("ReplacingMergeTree") && engine.ver().isPresent()) {
      return lastVersion(d, Quote.identifier(engine.ver().get()));
    }
    if (!family.equals("AggregatingMergeTree") && !family.equals("SummingMergeTree")) {
      return List.of();
    }
    var out = new ArrayList<Reduced>();
    for (var column : d.columns()) {
      var name = Quote.identifier(column.name());
      if (inKey(d, column)) {
        out.add(new Reduced(column.name(), name, true));
      } else if (column.insertable() && !arbitrary(column)) {
        merged(column, engine).ifPresent(e -> out.add(new Reduced(column.name(), e, false)));
      }
    }
    return out;
  }

  /// Of all rows of a key the one with the greatest version stays. In a tuple, because `argMax`
  /// passes over NULLs. Empty where the key is more than columns: rows are told apart by its value
  /// then, not by theirs.
  private static List<Reduced> lastVersion(DataSource d, String version) {
    var keys = d.engine().sortingKey().stream().map(k -> k.replace("`", "")).toList();
    if (keys.isEmpty() || keys.stream().anyMatch(k -> d.column(k).isEmpty())) {
      return List.of();
    }
    var out = new ArrayList<Reduced>();
    for (var column : d.columns()) {
      var name = Quote.identifier(column.name());
      if (inKey(d, column)) {
        out.add(new Reduced(column.name(), name, true));
      } else if (column.insertable()) {
        out.add(
            new Reduced(
                column.name(),
                "tupleElement(argMax(tuple(" + name + "), " + version + "), 1)",
                false));
      }
    }
    return out;
  }

  static Optional<String> merged(Column column, Engine engine) {
    var name = Quote.identifier(column.name());
    var type = column.type();
    if (type.isAggregateState()) {
      return Optional.of(combined(type.arguments().getFirst().text(), "Merge") + "(" + name + ")");
    }
    if (type.isSimpleAggregate()) {
      return Optional.of(type.arguments().getFirst().text() + "(" + name + ")");
    }
    return engine.family().equals("SummingMergeTree")
            && NUMERIC.matcher(type.bare().name()).matches()
            && (engine.columns().isEmpty() || engine.columns().contains(column.name()))
        ? Optional.of("sum(" + name + ")")
        : Optional.empty();
  }

  /// Columns whose value is arbitrary, so it isn't compared.
  static List<String> notCompared(DataSource d) {
    return d.columns().stream().filter(Reduction::arbitrary).map(Column::name).toList();
  }

  /// Columns in which the row that arrived last wins.
  static List<String> lastWins(DataSource d) {
    return d.columns().stream()
        .filter(c -> LAST_WINS.contains(function(c)))
        .map(Column::name)
        .toList();
  }

  private static boolean arbitrary(Column column) {
    return ARBITRARY.contains(function(column));
  }

  private static String function(Column column) {
    var type = column.type();
    return type.isAggregateState() || type.isSimpleAggregate()
        ? type.arguments().getFirst().name().toLowerCase(java.util.Locale.ROOT)
        : "";
  }

  // quantiles(0.5, 0.9) merges as quantilesMerge(0.5, 0.9).
  static String combined(String function, String combinator) {
    var parameters = function.indexOf('(');
    return parameters < 0
        ? function + combinator
        : function.substring(0, parameters) + combinator + function.substring(parameters);
  }

  /// Whether rows are told apart by a column when they are merged.
  static boolean isKey(DataSource d, Column column) {
    return inKey(d, column);
  }

  private static boolean inKey(DataSource d, Column column) {
    return d.engine().sortingKey().stream()
        .anyMatch(e ->
            Tokens.of(e).stream().anyMatch(t -> t.isName() && t.value().equals(column.name())));
  }
}
