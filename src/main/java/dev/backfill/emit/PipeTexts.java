package dev.backfill.emit;

import dev.backfill.plan.Border;
import dev.backfill.plan.Cutover;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Migration.CutColumn;
import dev.backfill.plan.Migration.Projected;
import dev.backfill.plan.Migration.Reduced;
import dev.backfill.plan.Scenario;
import dev.backfill.plan.Ticks;
import dev.backfill.project.DataSource;
import dev.backfill.project.TimeType;
import dev.backfill.sql.Quote;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Texts of the sync and the backfill Pipe of one migration.
///
/// The expressions of a projection see the source's columns only. An alias that is also a column's
/// name would be read instead of the column by WHERE and by its neighbours, so as soon as one
/// expression is more than the column itself, an inner query computes all of them under names that
/// no column has, and the outer one gives them their names.
final class PipeTexts {
  /// Stands for the variable of the cutover until nobody else's dollars can be taken for it; no
  /// name or text is written with this character ([Quote]).
  static final String CUTOVER = "\0";

  private final Migration migration;
  private final Optional<CutColumn> cut;
  private final DataSource source;
  private final String prefix;
  private final boolean plain;

  PipeTexts(Migration migration, DataSource source) {
    this.migration = migration;
    this.cut = migration.timestamp();
    this.source = source;
    this.prefix = freePrefix();
    this.plain = migration.projection().stream().allMatch(PipeTexts::same);
  }

  /// Live feed: rows at or after T, as they arrive.
  String sync(Cutover cutover) {
    var where =
        migration
            .cutType()
            .map(type ->
                border()
                    + " >= "
                    + cutover
                        .pinned()
                        .map(t -> Ticks.literal(type, Ticks.ceil(type, t)))
                        .orElseGet(() -> Ticks.sql(type, "'" + CUTOVER + "'")));
    var sql =
        plain
            ? selectColumns()
                + "\nFROM "
                + table(migration.source())
                + where.map(w -> "\nWHERE " + w).orElse("")
            : selectNamed() + "\nFROM\n(\n" + indent(inner(where.orElse("1"))) + "\n)";
    return """
    DESCRIPTION >
        Copies rows of %s that arrive from now on%s, into %s.
        Made by tinybird-backfill. Changing or removing it by hand before the migration is over loses rows.

    NODE sync
    SQL >
    %s

    TYPE materialized
    DATASOURCE %s
    """
        .formatted(
            migration.source(),
            switch (migration.border()) {
              case TIMESTAMP -> ", at or after the cutover";
              case ARRIVAL -> ", inserted at or after the cutover";
              case NONE -> "";
            },
            migration.target(),
            indent(dollarsKept(sql)),
            migration.target());
  }

  /// What is compared with T.
  private String border() {
    return switch (migration.border()) {
      case TIMESTAMP -> Quote.identifier(cut.orElseThrow().column());
      case ARRIVAL -> "now()";
      case NONE -> throw new IllegalStateException(migration.target() + " has no cutover");
    };
  }

  /// History feed: rows by range, slice and mode, with its own preconditions.
  String backfill() {
    return """
    DESCRIPTION >
        Copies rows of %s into %s, %s.
        Made by tinybird-backfill and run by "backfill run". Run by hand it works with %s, but has no guard:
        %s that is copied twice is there twice.

    NODE backfill
    SQL >
    %s

    TYPE COPY
    TARGET_DATASOURCE %s
    COPY_MODE append
    COPY_SCHEDULE @on-demand
    """
        .formatted(
            migration.source(),
            migration.target(),
            cut.isPresent()
                ? "from start_backfill_timestamp up to, not including, end_backfill_timestamp, both in UTC"
                : "all of them or one slice",
            cut.isPresent() ? "just these two" : "no parameter, then copies everything",
            cut.isPresent() ? "a range" : "what",
            indent(dollars(copySql())),
            migration.target());
  }

  private String copySql() {
    var out = new StringBuilder("%\n");
    // Declared and without effect: it tells one job from another.
    out.append("{% if defined(tag) %}{% end %}\n");
    out.append("{% if defined(mode) and mode == 'delta' %}\n");
    out.append(migration.keyed() ? keyedDelta() : delta());
    out.append("\n{% else %}\n");
    out.append(bulk());
    out.append(precondition("expect_source", counted(sourceRows())));
    out.append("\n{% end %}\n");
    out.append(precondition("expect_target", counted(targetRows())).strip());
    if (migration.border() == Border.ARRIVAL) {
      // Later, rows that the sync Pipe carries would be taken for missing ones.
      out.append(
          "\n{% if defined(before) %}\nAND now() < toDateTime({{String(before)}}, 'UTC')\n{% end %}");
    }
    return out.toString();
  }

  private String bulk() {
    if (plain) {
      return selectColumns() + "\nFROM " + sourceRows();
    }
    return selectNamed()
        + "\nFROM\n(\n"
        + indent(inner(sourceRange()))
        + "\n)\n"
        + "WHERE 1"
        + slice(hashed(true));
  }

  /// The multiset difference: the k-th copy of a row is missing when the target holds fewer than k.
  ///
  /// The source's rows are counted as they are read: a subquery of its own may be evaluated before
  /// the rows are, and what becomes visible in between is on its way through the sync Pipe too.
  private String delta() {
    return migration.scenario() == Scenario.MOVE_INGESTION
        ? expectedDelta()
        : selectNamed() + "\nFROM\n" + difference();
  }

  /// How many rows are missing is counted as they are read: producers write to the target all the
  /// time, and a row of theirs that equals an old one would pass for its copy.
  private String expectedDelta() {
    var missing = prefix + "missing";
    return selectNamed()
        + "\nFROM\n(\n"
        + indent(
            "SELECT\n"
                + indent(String.join(",\n", sourceNames()) + ",\ncount() OVER () AS " + missing)
                + "\nFROM\n"
                + difference())
        + "\n)\nWHERE 1"
        + precondition("expect_missing", missing);
  }

  private String difference() {
    var total = prefix + "total";
    var hash = prefix + "hash";
    var copy = prefix + "copy";
    var there = prefix + "there";
    var columns = sourceNames();
    return "(\n"
        + indent(
            "SELECT\n"
                + indent(String.join(",\n", columns) + ",\n" + hash)
                + ",\n    row_number() OVER (PARTITION BY "
                + hash
                + ") AS "
                + copy
                + ",\n    count() OVER () AS "
                + total
                + "\nFROM\n(\n"
                + indent(
                    "SELECT\n"
                        + indent(
                            String.join(",\n", columns)
                                + ",\nsipHash128("
                                + hashed(true)
                                + ") AS "
                                + hash)
                        + "\nFROM "
                        + sourceRows())
                + "\n)")
        + "\n) AS "
        + prefix
        + "source\nLEFT JOIN\n(\n"
        + indent(
            "SELECT\n    sipHash128("
                + hashed(false)
                + ") AS "
                + hash
                + ",\n    count() AS "
                + there
                + "\nFROM "
                + targetRows()
                + "\nGROUP BY "
                + hash)
        + "\n) AS "
        + prefix
        + "target ON "
        + prefix
        + "source."
        + hash
        + " = "
        + prefix
        + "target."
        + hash
        + "\nWHERE "
        + copy
        + " > ifNull("
        + there
        + ", 0)"
        + precondition("expect_source", total);
  }

  /// `FROM` what, with `WHERE`: the source's rows of the range and slice, projected.
  private String sourceRows() {
    var inRange = sourceRange();
    return plain
        ? table(migration.source()) + "\nWHERE " + inRange + slice(hashed(true))
        : "(\n" + indent(inner(inRange)) + "\n)\nWHERE 1" + slice(hashed(true));
  }

  private String targetRows() {
    return table(migration.target())
        + "\nWHERE "
        + cut.map(c -> range(c, c.targetColumn(), c.targetType())).orElse("1")
        + slice(hashed(false));
  }

  private static String precondition(String parameter, String count) {
    return "\n{% if defined("
        + parameter
        + ") %}\nAND "
        + count
        + " = {{UInt64("
        + parameter
        + ")}}\n{% end %}";
  }

  private static String counted(String rows) {
    return "(\n" + indent("SELECT count()\nFROM " + rows) + "\n)";
  }

  private String sourceRange() {
    return cut.map(c -> range(c, c.column(), c.type())).orElse("1");
  }

  private static String range(CutColumn cut, String column, TimeType type) {
    var name = Quote.identifier(column);
    var bounds =
        "("
            + "{% if defined(start_backfill_timestamp) %}"
            + name
            + " >= "
            + Ticks.sql(type, "{{String(start_backfill_timestamp)}}")
            + " AND {% end %}"
            + name
            + " < "
            + Ticks.sql(type, "{{String(end_backfill_timestamp, '" + lowest(type) + "')}}")
            + ")";
    var above =
        "{% if defined(part) and part == 'from' %}"
            + name
            + " >= "
            + Ticks.sql(type, "{{String(start_backfill_timestamp)}}")
            + "{% else %}"
            + bounds
            + "{% end %}";
    return cut.type().nullable()
        ? "{% if defined(part) and part == 'null' %}isNull("
            + name
            + "){% else %}"
            + above
            + "{% end %}"
        : above;
  }

  /// Below which there is nothing: what a forgotten end means.
  private static String lowest(TimeType type) {
    return switch (type.kind()) {
      case DATE -> "1970-01-01";
      case DATE32 -> "1900-01-01";
      case DATETIME -> "1970-01-01 00:00:00";
      case DATETIME64 -> "1900-01-01 00:00:00";
    };
  }

  private String slice(String row) {
    return "{% if defined(slices) %} AND cityHash64("
        + row
        + ") % {{UInt64(slices)}} = {{UInt64(slice)}}{% end %}"
        + (cut.isPresent()
            ? ""
            : "{% if defined(hashes) %} AND has({{Array(hashes, 'UInt64')}}, cityHash64("
                + row
                + ")){% end %}");
  }

  /// Of every key the row that stays in the source, where another one or none stays in the target.
  /// Whatever is copied twice or too early loses against its newer version, so nothing has to hold
  /// still.
  private String keyedDelta() {
    var key = prefix + "key";
    var hash = prefix + "hash";
    var there = prefix + "there";
    var columns = new ArrayList<String>();
    var selected = new ArrayList<String>();
    for (var reduced : migration.reduced()) {
      var name = prefix + "column_" + columns.size();
      columns.add(reduced.expression() + " AS " + name);
      selected.add(name + " AS " + Quote.identifier(reduced.column()));
    }
    return "SELECT\n"
        + indent(String.join(",\n", selected))
        + "\nFROM\n(\n"
        + indent(
            "SELECT\n"
                + indent(
                    String.join(",\n", columns)
                        + ",\n"
                        + keyHash()
                        + " AS "
                        + key
                        + ",\n"
                        + mergedHash()
                        + " AS "
                        + hash)
                + "\nFROM\n(\n"
                + indent(
                    plain
                        ? selectColumns() + "\nFROM " + table(migration.source())
                        : selectNamed() + "\nFROM\n(\n" + indent(inner("1")) + "\n)")
                + "\n)\n"
                + keySlice()
                + "GROUP BY "
                + keys())
        + "\n) AS "
        + prefix
        + "source\nLEFT JOIN\n(\n"
        + indent(
            "SELECT\n    "
                + keyHash()
                + " AS "
                + key
                + ",\n    "
                + mergedHash()
                + " AS "
                + hash
                + ",\n    count() AS "
                + there
                + "\nFROM "
                + table(migration.target())
                + "\n"
                + keySlice()
                + "GROUP BY "
                + keys())
        + "\n) AS "
        + prefix
        + "target ON "
        + prefix
        + "source."
        + key
        + " = "
        + prefix
        + "target."
        + key
        + "\nWHERE (ifNull("
        + there
        + ", 0) = 0 OR "
        + prefix
        + "source."
        + hash
        + " != "
        + prefix
        + "target."
        + hash
        + ")";
  }

  private String keys() {
    return migration.reduced().stream()
        .filter(Reduced::key)
        .map(Reduced::expression)
        .collect(Collectors.joining(", "));
  }

  private String keyHash() {
    return "cityHash64(tuple(" + keys() + "))";
  }

  private String mergedHash() {
    return "sipHash128(tuple("
        + migration.reduced().stream().map(Reduced::expression).collect(Collectors.joining(", "))
        + "))";
  }

  private String keySlice() {
    return "{% if defined(slices) %}WHERE "
        + keyHash()
        + " % {{UInt64(slices)}} = {{UInt64(slice)}}\n{% end %}";
  }

  /// The row as both sides hash it: in the target's types, NULLs safe inside the tuple.
  private String hashed(boolean ofSource) {
    var values = new ArrayList<String>();
    for (var i = 0; i < migration.projection().size(); i++) {
      var projected = migration.projection().get(i);
      if (!ofSource) {
        values.add(Quote.identifier(projected.column()));
      } else if (same(projected) && sameType(projected)) {
        values.add(sourceName(i));
      } else {
        values.add("CAST(" + sourceName(i) + ", " + Quote.literal(projected.type()) + ")");
      }
    }
    return "tuple(" + String.join(", ", values) + ")";
  }

  private String inner(String where) {
    var columns =
        IntStream.range(0, migration.projection().size())
            .mapToObj(i -> migration.projection().get(i).expression() + " AS " + sourceName(i))
            .collect(Collectors.joining(",\n"));
    return "SELECT\n"
        + indent(columns)
        + "\nFROM "
        + table(migration.source())
        + "\nWHERE "
        + where;
  }

  private String selectColumns() {
    return "SELECT\n"
        + indent(
            migration.projection().stream()
                .map(p -> Quote.identifier(p.column()))
                .collect(Collectors.joining(",\n")));
  }

  private String selectNamed() {
    if (plain) {
      return selectColumns();
    }
    return "SELECT\n"
        + indent(
            IntStream.range(0, migration.projection().size())
                .mapToObj(i ->
                    sourceName(i)
                        + " AS "
                        + Quote.identifier(migration.projection().get(i).column()))
                .collect(Collectors.joining(",\n")));
  }

  private List<String> sourceNames() {
    return IntStream.range(0, migration.projection().size()).mapToObj(this::sourceName).toList();
  }

  /// A value of the row where it is hashed.
  private String sourceName(int at) {
    return plain ? Quote.identifier(migration.projection().get(at).column()) : prefix + at;
  }

  private static boolean same(Projected projected) {
    var text = projected.expression().strip();
    return text.equals(projected.column()) || text.equals(Quote.identifier(projected.column()));
  }

  private boolean sameType(Projected projected) {
    return source
        .column(projected.column())
        .filter(c -> c.type().text().equals(projected.type()))
        .isPresent();
  }

  private String freePrefix() {
    var prefix = "backfill_";
    while (taken(prefix)) {
      prefix = "_" + prefix;
    }
    return prefix;
  }

  private boolean taken(String candidate) {
    return source.columns().stream().anyMatch(c -> c.name().startsWith(candidate))
        || migration.projection().stream()
            .anyMatch(p -> p.column().startsWith(candidate) || p.expression().contains(candidate));
  }

  private static String table(String name) {
    return Quote.identifier(name);
  }

  /// Four blanks before every line: nothing of a block may start in column 0.
  private static String indent(String text) {
    return text.lines().map(line -> "    " + line).collect(Collectors.joining("\n"));
  }

  /// The client replaces `$NAME` in SQL by variables of its environment, and `$$` by `$`.
  private static String dollars(String sql) {
    return sql.replace("$", "$$");
  }

  private String dollarsKept(String sql) {
    return dollarsKept(sql, migration);
  }

  static String dollarsKept(String sql, Migration migration) {
    return dollars(sql).replace(CUTOVER, "${" + migration.cutoverVariable() + "}");
  }
}
