package dev.backfill.emit;

import dev.backfill.datafile.Datafile.PipeFile;
import dev.backfill.datafile.Directive;
import dev.backfill.emit.Texts.Patch;
import dev.backfill.plan.Cutover;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Migration.Projected;
import dev.backfill.plan.Repair;
import dev.backfill.plan.Seam;
import dev.backfill.plan.Ticks;
import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import dev.backfill.sql.Quote;
import dev.backfill.sql.Trigger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Texts of the forks and the backfill Pipe of a target that is cut at a bucket ([Seam]).
///
/// A fork is the author's Pipe with one node put before its own, which takes the rows of later
/// buckets from what the Pipe reads; where the Pipe's query begins, it reads that node instead.
/// [#uncut] takes both back.
final class SeamTexts {
  /// Name of the node that is put before the author's own.
  static final String CUT = "backfill_cut";

  private final Migration migration;
  private final Seam seam;
  private final DataSource target;
  private final String prefix;

  SeamTexts(Migration migration, DataSource target) {
    this.migration = migration;
    this.seam = migration.seam().orElseThrow();
    this.target = target;
    var free = "backfill_";
    while (startsOne(free)) {
      free = "_" + free;
    }
    prefix = free;
  }

  private boolean startsOne(String candidate) {
    return target.columns().stream().anyMatch(c -> c.name().startsWith(candidate));
  }

  /// The fork of a view: only where its query begins it reads something else. What it joins or
  /// looks up stays the old one, which is complete; the new one isn't before its history is there.
  ///
  /// @param entry what the original reads where its query begins
  /// @throws IllegalArgumentException when the cut can't be put into the text
  static String fork(
      PipeFile original, Migration migration, Seam.Feeder feeder, String entry, Cutover cutover) {
    var text = ForkText.retargeted(original, Map.of(migration.source(), migration.target()));
    var file = (PipeFile) Texts.parse(original.path(), text, Map.of());
    if (file.nodes().stream().anyMatch(n -> n.name().equals(CUT))) {
      throw new IllegalArgumentException(original.path() + " has a node " + CUT + " already");
    }
    var first =
        file.directives().stream()
            .filter(d -> d.name().equals("NODE"))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException(original.path() + " has no node"));
    var patches = new ArrayList<Patch>();
    patches.add(new Patch(first.start(), first.start(), cutNode(migration, feeder, cutover)));
    patches.add(entry(file, entry));
    return Texts.patch(file.print(), patches);
  }

  private static String cutNode(Migration migration, Seam.Feeder feeder, Cutover cutover) {
    var bound =
        cutover
            .pinned()
            .map(t -> Ticks.text(Seam.CUTOVER_TYPE, Ticks.ceil(Seam.CUTOVER_TYPE, t)))
            .orElse(PipeTexts.CUTOVER);
    var where = migration.seam().orElseThrow().taken(feeder, "'" + bound + "'");
    return """
    NODE %s
    SQL >
        SELECT *
        FROM %s
        WHERE %s

    """
        .formatted(CUT, Quote.identifier(feeder.entry()), PipeTexts.dollarsKept(where, migration));
  }

  /// The place in the file where a query begins by reading a table.
  private static Patch entry(PipeFile file, String table) {
    for (var directive : file.directives()) {
      if (directive.name().equals("SQL") && directive.block().isPresent()) {
        var found = entry(directive, table);
        if (found != null) {
          return found;
        }
      }
    }
    throw new IllegalArgumentException(
        "no query in " + file.path() + " begins by reading " + table);
  }

  private static @org.jspecify.annotations.Nullable Patch entry(Directive directive, String table) {
    var lines = directive.block().orElseThrow().lines();
    var sql = lines.stream().map(l -> l.text()).collect(Collectors.joining("\n"));
    var reference = Trigger.of(sql).filter(r -> r.name().equals(table));
    if (reference.isEmpty()) {
      return null;
    }
    var r = reference.get();
    var at = 0;
    for (var line : lines) {
      var end = at + line.text().length();
      if (r.start() >= at && r.end() <= end) {
        var start = line.start() + r.start() - at;
        var alias = r.aliased() ? "" : " AS " + Quote.identifier(table);
        return new Patch(start, start + r.end() - r.start(), CUT + alias);
      }
      at = end + 1;
    }
    return null;
  }

  /// What the author wrote, out of a fork's text.
  ///
  /// @param entry what the original reads where its query begins
  static String uncut(PipeFile fork, Migration migration, String entry) {
    var nodes = fork.directives().stream().filter(d -> d.name().equals("NODE")).toList();
    var at = nodes.stream().map(Directive::value).toList().indexOf(CUT);
    var text = fork.print();
    if (at >= 0 && at + 1 < nodes.size()) {
      text = text.substring(0, nodes.get(at).start()) + text.substring(nodes.get(at + 1).start());
    }
    text = text.replace(CUT + " AS " + Quote.identifier(entry), entry).replace(CUT, entry);
    var file = (PipeFile) Texts.parse(fork.path(), Texts.carriedOver(text), Map.of());
    return ForkText.directed(file, Map.of(migration.target(), migration.source()));
  }

  /// History feed: rows of the buckets up to B by range, raw into an empty range, else the
  /// difference.
  String backfill() {
    return """
    DESCRIPTION >
        Brings buckets of %s from start_backfill_timestamp up to, not including, end_backfill_timestamp into %s.
        Made by tinybird-backfill and run by "backfill run".

    NODE backfill
    SQL >
    %s

    TYPE COPY
    TARGET_DATASOURCE %s
    COPY_MODE append
    COPY_SCHEDULE @on-demand
    """
        .formatted(
            migration.source(), migration.target(), indent(dollars(copySql())), migration.target());
  }

  private String copySql() {
    return "%\n{% if defined(tag) %}{% end %}\n{% if defined(mode) and mode == 'delta' %}\n"
        + (keys().isEmpty() ? rowsMissing() : rowsRaised())
        + "\n{% else %}\nSELECT\n"
        + indent(
            migration.projection().stream()
                .map(p -> Quote.identifier(p.column()))
                .collect(Collectors.joining(",\n")))
        + "\nFROM\n(\n"
        + indent(expected())
        + "\n)\nWHERE 1\n{% end %}\n"
        + "{% if defined(expect_target) %}\nAND\n(\n"
        + indent("SELECT count()\nFROM " + there())
        + "\n) = {{UInt64(expect_target)}}\n{% end %}";
  }

  /// What the target has to hold of the range.
  private String expected() {
    return switch (migration.historyFeed().kind()) {
      case SEAM ->
          "SELECT\n"
              + indent(
                  migration.projection().stream()
                      .map(p -> Quote.identifier(p.column()))
                      .collect(Collectors.joining(",\n")))
              + "\nFROM "
              + Quote.identifier(migration.source())
              + "\nWHERE "
              + range(Quote.identifier(seam.column()));
      case REPLAY ->
          seam.feeders().stream()
              .map(f -> shaped(seam.over(f, range(seam.triggerBucket(f)))))
              .collect(Collectors.joining("\nUNION ALL\n"));
      case COPY, FORK, POPULATE, NONE -> throw new IllegalStateException("no seam");
    };
  }

  private String shaped(String query) {
    return "SELECT\n"
        + indent(
            migration.projection().stream()
                .map(SeamTexts::typed)
                .collect(Collectors.joining(",\n")))
        + "\nFROM\n(\n"
        + indent(query)
        + "\n)";
  }

  private static String typed(Projected p) {
    var name = Quote.identifier(p.column());
    return p.type().contains("AggregateFunction(")
        ? name
        : "CAST(" + name + ", " + Quote.literal(p.type()) + ") AS " + name;
  }

  private String there() {
    return Quote.identifier(migration.target())
        + "\nWHERE "
        + range(Quote.identifier(seam.column()));
  }

  private String range(String value) {
    var type = seam.type();
    return "({% if defined(start_backfill_timestamp) %}"
        + value
        + " >= "
        + Ticks.sql(type, "{{String(start_backfill_timestamp)}}")
        + " AND {% end %}"
        + value
        + " < "
        + Ticks.sql(
            type, "{{String(end_backfill_timestamp, '" + Ticks.text(type, lowest()) + "')}}")
        + ")";
  }

  /// Below which there is nothing: what a forgotten end means.
  private long lowest() {
    return switch (seam.type().kind()) {
      case DATE, DATETIME -> 0;
      case DATE32, DATETIME64 ->
          Ticks.floor(seam.type(), java.time.Instant.parse("1900-01-01T00:00:00Z"));
    };
  }

  private List<String> keys() {
    return migration.reduced().stream()
        .filter(Migration.Reduced::key)
        .map(r -> Quote.identifier(r.column()))
        .toList();
  }

  private List<String> columns() {
    return migration.projection().stream().map(p -> Quote.identifier(p.column())).toList();
  }

  /// The multiset difference: the k-th copy of a row is missing when the target holds fewer than k.
  private String rowsMissing() {
    var columns = columns();
    var hash = "sipHash128(tuple(" + String.join(", ", columns) + "))";
    return "SELECT\n"
        + indent(String.join(",\n", columns))
        + "\nFROM\n(\n"
        + indent(
            "SELECT\n    *,\n    "
                + hash
                + " AS "
                + prefix
                + "hash,\n    row_number() OVER (PARTITION BY "
                + prefix
                + "hash) AS "
                + prefix
                + "copy\nFROM\n(\n"
                + indent(expected())
                + "\n)")
        + "\n) AS "
        + prefix
        + "expected\nLEFT JOIN\n(\n"
        + indent(
            "SELECT\n    "
                + hash
                + " AS "
                + prefix
                + "hash,\n    count() AS "
                + prefix
                + "there\nFROM "
                + there()
                + "\nGROUP BY "
                + prefix
                + "hash")
        + "\n) AS "
        + prefix
        + "actual ON "
        + prefix
        + "expected."
        + prefix
        + "hash = "
        + prefix
        + "actual."
        + prefix
        + "hash\nWHERE "
        + prefix
        + "copy > ifNull("
        + prefix
        + "there, 0)";
  }

  /// For every key whose merged row differs, the row that raises it to what is expected.
  private String rowsRaised() {
    var outer = new ArrayList<String>();
    var expected = new ArrayList<String>();
    var there = new ArrayList<String>();
    var is = new ArrayList<String>(List.of("1"));
    var was = new ArrayList<String>(List.of("1"));
    var conditions = new ArrayList<String>();
    var keys = new ArrayList<String>();
    for (var i = 0; i < migration.projection().size(); i++) {
      var column = target.column(migration.projection().get(i).column()).orElseThrow();
      var name = Quote.identifier(column.name());
      var e = prefix + "e" + i;
      var a = prefix + "a" + i;
      if (keys().contains(name)) {
        keys.add(name);
        expected.add(name + " AS " + e);
        outer.add(e + " AS " + name);
        continue;
      }
      var step = step(column);
      expected.add(step.kept() + " AS " + e);
      expected.add(step.merged() + " AS " + e + "m");
      there.add(step.merged() + " AS " + a);
      is.add(e + "m");
      was.add(a);
      outer.add(Repair.value(step, column, e, a) + " AS " + name);
      Repair.impossible(step, column, e, a).ifPresent(c -> conditions.add("NOT (" + c + ")"));
    }
    // Hashes, because NULL differs from nothing; and a key without a row may have the values of
    // one.
    conditions.addFirst(
        "(cityHash64(tuple(%s)) != cityHash64(tuple(%s)) OR %sactual.%srows = 0)"
            .formatted(String.join(", ", is), String.join(", ", was), prefix, prefix));
    var hash = "sipHash128(tuple(" + String.join(", ", keys) + ")) AS " + prefix + "key";
    expected.addFirst(hash);
    there.addFirst("count() AS " + prefix + "rows");
    there.addFirst(hash);
    var group = "\nGROUP BY " + String.join(", ", keys);
    return "SELECT\n"
        + indent(String.join(",\n", outer))
        + "\nFROM\n(\n"
        + indent(
            "SELECT\n"
                + indent(String.join(",\n", expected))
                + "\nFROM\n(\n"
                + indent(expected())
                + "\n)"
                + group)
        + "\n) AS "
        + prefix
        + "expected\nLEFT JOIN\n(\n"
        + indent("SELECT\n" + indent(String.join(",\n", there)) + "\nFROM " + there() + group)
        + "\n) AS "
        + prefix
        + "actual ON "
        + prefix
        + "expected."
        + prefix
        + "key = "
        + prefix
        + "actual."
        + prefix
        + "key\nWHERE "
        + String.join("\nAND ", conditions);
  }

  private Repair.Step step(Column column) {
    return Repair.of(target, column)
        // The plan never asks for a difference then.
        .orElseGet(() ->
            new Repair.Step(
                "0", "any(" + Quote.identifier(column.name()) + ")", Repair.Kind.AGAIN));
  }

  /// Whether the queries hold nothing that a template would evaluate.
  static boolean plain(Migration m) {
    return m.seam().orElseThrow().feeders().stream()
        .map(f -> f.query() + f.cutBucket() + f.trigger())
        .noneMatch(q -> q.contains("{{") || q.contains("{%") || q.contains("{#"));
  }

  private static String indent(String text) {
    return text.lines().map(line -> "    " + line).collect(Collectors.joining("\n"));
  }

  private static String dollars(String sql) {
    return sql.replace("$", "$$");
  }
}
