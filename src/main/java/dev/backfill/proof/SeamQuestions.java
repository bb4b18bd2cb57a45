package dev.backfill.proof;

import dev.backfill.plan.Chunk;
import dev.backfill.plan.Grain;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Migration.Projected;
import dev.backfill.plan.Seam;
import dev.backfill.plan.Ticks;
import dev.backfill.project.TimeType;
import dev.backfill.sql.Quote;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// The SQL that asks about a target that is cut at a bucket ([Seam]). Ranges speak of the bucket's
/// values, so no bucket is ever in two of them.
public final class SeamQuestions {
  private static final int HOURS = 24 * 400;

  private final Migration migration;
  private final Seam seam;

  public SeamQuestions(Migration migration) {
    this.migration = migration;
    this.seam = migration.seam().orElseThrow();
  }

  /// B, the last bucket that is copied, as `Ticks.text`. Column `b`.
  ///
  /// @param cutover T as `Ticks.text` of `Seam.CUTOVER_TYPE`
  public String lastOld(String cutover) {
    return "SELECT " + text(lastOldOf(cutover)) + " AS backfill__b";
  }

  private String lastOldOf(String cutover) {
    return seam.lastOld(seam.feeders().getFirst(), Quote.literal(cutover));
  }

  /// The first second from a start on, in steps, whose bucket lies behind B. Column `t`, empty when
  /// none of them does.
  ///
  /// @param from as `Ticks.text` of `Seam.CUTOVER_TYPE`
  /// @param seconds one step
  public String firstNew(String cutover, String from, int seconds) {
    var feeder = seam.feeders().getFirst();
    var at =
        "toDateTime("
            + Quote.literal(from)
            + ", 'UTC') + toIntervalSecond(number * "
            + seconds
            + ")";
    // The bucket of any instant: of the second after it, the last second before.
    var bucket =
        seam.lastOld(feeder, "toString(" + at + " + toIntervalSecond(1), 'UTC')")
            .replace(" AS " + Seam.CUTOVER, "");
    return "SELECT if(count() = 0, '', toString(min("
        + at
        + "), 'UTC')) AS backfill__t FROM numbers("
        + (seconds == 1 ? 3_601 : HOURS)
        + ") WHERE "
        + bucket
        + " > "
        + lastOldOf(cutover);
  }

  /// Rows along the calendar. Columns `at_text` (a bucket inside the step), `n` and `partitions`.
  public String histogram(Grain grain, Chunk chunk) {
    var bucket = Quote.identifier(seam.column());
    var rows =
        switch (migration.historyFeed().kind()) {
          case SEAM ->
              "SELECT " + bucket + " AS backfill__at FROM " + Quote.identifier(migration.source());
          case REPLAY ->
              seam.feeders().stream()
                  .map(f ->
                      "SELECT "
                          + seam.triggerBucket(f)
                          + " AS backfill__at FROM "
                          + Quote.identifier(f.trigger()))
                  .collect(Collectors.joining(" UNION ALL "));
          case COPY, FORK, POPULATE, NONE -> throw new IllegalStateException("no seam");
        };
    return "SELECT %s AS backfill__at_text, count() AS backfill__n, %s AS backfill__partitions FROM (SELECT backfill__at, backfill__at AS %s FROM (%s)) WHERE %s GROUP BY %s"
        .formatted(
            text("min(backfill__at)"),
            partitions(),
            bucket,
            rows,
            range("backfill__at", chunk),
            Questions.step(seam.type(), grain));
  }

  /// How many of the target's partitions, where that follows from the bucket alone.
  private String partitions() {
    var names =
        migration.partitionKey().stream()
            .flatMap(p -> columns(p).stream())
            .filter(n -> !n.equals(seam.column()))
            .toList();
    return migration.partitionKey().isEmpty() || !names.isEmpty()
        ? "toUInt64(1)"
        : "uniqExact(" + String.join(", ", migration.partitionKey()) + ")";
  }

  private List<String> columns(String expression) {
    var named = migration.projection().stream().map(Projected::column).toList();
    return Tokens.of(expression).stream()
        .filter(t -> t.isName() && named.contains(t.value()))
        .map(t -> t.value())
        .toList();
  }

  /// Questions about the buckets of a range.
  public ForkQuestions in(Chunk chunk) {
    return new ForkQuestions(migration)
        .over(
            "(" + expected(chunk) + ")",
            "(SELECT * FROM "
                + Quote.identifier(migration.target())
                + " WHERE "
                + range(Quote.identifier(seam.column()), chunk)
                + ")");
  }

  /// The migration to be asked about its older buckets alone: later ones are its producers' own.
  ///
  /// @param older ends behind the last old bucket
  public Migration olderOnly(Chunk older) {
    return ForkQuestions.beside(
        migration, expected(older), "NOT " + range(Quote.identifier(seam.column()), older));
  }

  /// How many rows that a fork passes by are in the table that it hangs from, and not in the one
  /// that fills that. Column `n`.
  ///
  /// @param origin what fills the feeder's trigger
  public String passedBy(Seam.Feeder feeder, Migration origin, Chunk older) {
    var where = " WHERE " + range(seam.triggerBucket(feeder), older);
    return "SELECT greatest(0, toInt64((SELECT count() FROM %s%s)) - toInt64((SELECT count() FROM (%s)%s))) AS backfill__n"
        .formatted(Quote.identifier(feeder.trigger()), where, origin.selected(), where);
  }

  private String expected(Chunk chunk) {
    var columns =
        migration.projection().stream()
            .map(p -> Quote.identifier(p.column()))
            .collect(Collectors.joining(", "));
    return switch (migration.historyFeed().kind()) {
      case SEAM ->
          "SELECT "
              + columns
              + " FROM "
              + Quote.identifier(migration.source())
              + " WHERE "
              + range(Quote.identifier(seam.column()), chunk);
      case REPLAY ->
          seam.feeders().stream()
              .map(f -> shaped(seam.over(f, range(seam.triggerBucket(f), chunk))))
              .collect(Collectors.joining(" UNION ALL "));
      case COPY, FORK, POPULATE, NONE -> throw new IllegalStateException("no seam");
    };
  }

  private String shaped(String query) {
    var columns = new ArrayList<String>();
    for (var p : migration.projection()) {
      var name = Quote.identifier(p.column());
      columns.add(
          p.type().contains("AggregateFunction(")
              ? name
              : "CAST(" + name + ", " + Quote.literal(p.type()) + ") AS " + name);
    }
    return "SELECT " + String.join(", ", columns) + " FROM (" + query + "\n)";
  }

  private String range(String value, Chunk chunk) {
    var conditions = new ArrayList<String>();
    conditions.add("1");
    chunk
        .start()
        .ifPresent(tick -> conditions.add(value + " >= " + Ticks.literal(seam.type(), tick)));
    chunk.end().ifPresent(tick -> conditions.add(value + " < " + Ticks.literal(seam.type(), tick)));
    return "(" + String.join(" AND ", conditions) + ")";
  }

  private String text(String bucket) {
    TimeType type = seam.type();
    return type.daily() ? "toString(" + bucket + ")" : "toString(" + bucket + ", 'UTC')";
  }
}
