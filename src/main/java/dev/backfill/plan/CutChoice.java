package dev.backfill.plan;

import dev.backfill.config.Settings.ForDataSource;
import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import dev.backfill.sql.Tokens;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Which column of a source cuts its rows into before and after T.
///
/// @param column empty when none can be taken without asking
/// @param evidence one sentence
/// @param mistake the settings name a column that can't be it
record CutChoice(Optional<Column> column, String evidence, boolean mistake) {

  static CutChoice of(DataSource source, ForDataSource settings) {
    if (settings.timestampColumn().isPresent()) {
      return named(source, settings.timestampColumn().get(), "backfill.yml");
    }
    var tag =
        source.tags().stream()
            .map(String::strip)
            .filter(t -> t.startsWith("backfill_column="))
            .map(t -> t.substring("backfill_column=".length()).strip())
            .findFirst();
    if (tag.isPresent()) {
      return named(source, tag.get(), "TAGS backfill_column");
    }
    var candidates = source.columns().stream().filter(c -> c.type().time().isPresent()).toList();
    if (candidates.isEmpty()) {
      return new CutChoice(
          Optional.empty(), source.name() + " has no Date, DateTime or DateTime64 column.", false);
    }
    var inKey = candidates.stream().filter(c -> inKey(source, c)).toList();
    if (!inKey.isEmpty()) {
      var best = inKey.stream().min(preference(source)).orElseThrow();
      return new CutChoice(
          Optional.of(best),
          "`%s` %s is a time column of %s's %s key."
              .formatted(
                  best.name(),
                  best.type(),
                  source.name(),
                  names(source.engine().sortingKey(), best) ? "sorting" : "partition"),
          false);
    }
    if (candidates.size() == 1) {
      var only = candidates.getFirst();
      return new CutChoice(
          Optional.of(only),
          "`%s` %s is the only time column of %s; it is in no key."
              .formatted(only.name(), only.type(), source.name()),
          false);
    }
    return new CutChoice(
        Optional.empty(),
        source.name()
            + " has several time columns and none of them is in a key: "
            + String.join(", ", candidates.stream().map(Column::name).toList())
            + ".",
        false);
  }

  private static CutChoice named(DataSource source, String name, String where) {
    var column = source.column(name).filter(c -> c.type().time().isPresent());
    return column.isPresent()
        ? new CutChoice(column, "`" + name + "` is named by " + where + ".", false)
        : new CutChoice(
            Optional.empty(),
            "`%s`, named by %s, isn't a Date, DateTime or DateTime64 column of %s."
                .formatted(name, where, source.name()),
            true);
  }

  /// Never NULL before maybe NULL, times before days, then in the order of the keys.
  private static Comparator<Column> preference(DataSource source) {
    return Comparator.<Column, Boolean>comparing(c -> c.type().isNullable())
        .thenComparing(c -> c.type().time().orElseThrow().daily())
        .thenComparingInt(c -> position(source, c));
  }

  private static int position(DataSource source, Column column) {
    var keys = new java.util.ArrayList<>(source.engine().sortingKey());
    keys.addAll(source.engine().partitionKey());
    for (var i = 0; i < keys.size(); i++) {
      if (names(List.of(keys.get(i)), column)) {
        return i;
      }
    }
    return keys.size();
  }

  private static boolean inKey(DataSource source, Column column) {
    return names(source.engine().sortingKey(), column)
        || names(source.engine().partitionKey(), column);
  }

  private static boolean names(List<String> expressions, Column column) {
    return expressions.stream()
        .anyMatch(e ->
            Tokens.of(e).stream().anyMatch(t -> t.isName() && t.value().equals(column.name())));
  }
}
