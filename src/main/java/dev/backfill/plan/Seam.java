package dev.backfill.plan;

import dev.backfill.change.Derivation;
import dev.backfill.project.TimeType;
import dev.backfill.sql.Quote;
import dev.backfill.sql.SqlText;
import dev.backfill.sql.Trigger;
import java.util.List;
import java.util.Optional;

/// Where a view's target is cut: at a bucket. Rows of later buckets come through the forks, the
/// last old bucket B and everything before it by copies. B is the bucket of the last second before
/// T, worked out by the server from the query's own expression, so no calendar, zone or repeated
/// hour is computed twice. Each row has one bucket, so whatever B is, no row comes by both ways and
/// none by neither.
///
/// @param column of the target that holds the bucket
/// @param columnType its type, canonical text
/// @param type the same as a time type
/// @param feeders the views that fill the old target, each with its fork
/// @param repairable whether rows that arrive late for an old bucket can be added by difference
public record Seam(
    String column, String columnType, TimeType type, List<Feeder> feeders, boolean repairable) {
  /// What the cutover is called in the SQL of a fork.
  public static final String CUTOVER = "backfill_cutover";

  /// T is a whole second here, whatever the types of the triggers' columns are.
  public static final TimeType CUTOVER_TYPE =
      new TimeType(TimeType.Kind.DATETIME, 0, Optional.empty(), false);

  public Seam {
    feeders = List.copyOf(feeders);
    if (feeders.isEmpty()) {
      throw new IllegalArgumentException("nothing feeds it");
    }
  }

  /// The same with its SQL as what it means, not as it is written.
  Seam meaning() {
    return new Seam(
        column,
        columnType,
        type,
        feeders.stream()
            .map(f ->
                new Feeder(
                    f.view(),
                    f.fork(),
                    f.entry(),
                    SqlText.normalise(f.bucket()),
                    f.trigger(),
                    f.cut(),
                    f.cutType(),
                    f.time(),
                    SqlText.normalise(f.cutBucket()),
                    SqlText.normalise(f.query())))
            .toList(),
        repairable);
  }

  /// One view and its fork.
  ///
  /// @param view the Pipe that fills the old target
  /// @param fork the Pipe that fills the new one
  /// @param entry what the fork reads where the view's query begins: a table or a plain Pipe over
  ///   it, by its name after the migration
  /// @param bucket SQL of the bucket over the entry's columns
  /// @param trigger the table whose inserts start the fork
  /// @param cut the column of it that the bucket is made of
  /// @param cutType its type, canonical text
  /// @param time the same as a time type
  /// @param cutBucket SQL of the bucket over that column
  /// @param query the view's SELECT over the trigger, self-contained
  public record Feeder(
      String view,
      String fork,
      String entry,
      String bucket,
      String trigger,
      String cut,
      String cutType,
      TimeType time,
      String cutBucket,
      String query) {

    /// The bucket of the last second before T.
    ///
    /// @param bound SQL string expression of T as [Ticks#text] of [#CUTOVER_TYPE]
    String lastOld(String bound, String columnType) {
      var cutover = "(" + Ticks.sql(CUTOVER_TYPE, bound) + " AS " + CUTOVER + ")";
      var before = "subtractSeconds(" + cutover + ", 1)";
      var inType = "CAST(" + before + ", " + Quote.literal(cutType) + ")";
      return cast(Derivation.replaced(cutBucket, cut, inType), columnType);
    }
  }

  private static String cast(String sql, String type) {
    return "CAST(" + sql + ", " + Quote.literal(type) + ")";
  }

  /// Condition on the entry's rows that the fork takes.
  ///
  /// @param bound SQL string expression of T
  public String taken(Feeder feeder, String bound) {
    return bucket(feeder) + " > " + feeder.lastOld(bound, columnType);
  }

  /// B for a T, as SQL of the column's type.
  public String lastOld(Feeder feeder, String bound) {
    return feeder.lastOld(bound, columnType);
  }

  private String bucket(Feeder feeder) {
    // Without a time a row is in no later bucket, and an insert must not stop at it.
    return feeder.time().nullable()
        ? "ifNull("
            + cast(feeder.bucket(), "Nullable(" + columnType + ")")
            + ", defaultValueOfTypeName("
            + Quote.literal(columnType)
            + "))"
        : cast(feeder.bucket(), columnType);
  }

  /// The bucket over the trigger's own column, in the target's type.
  public String triggerBucket(Feeder feeder) {
    return feeder.time().nullable()
        ? "ifNull("
            + cast(feeder.cutBucket(), "Nullable(" + columnType + ")")
            + ", defaultValueOfTypeName("
            + Quote.literal(columnType)
            + "))"
        : cast(feeder.cutBucket(), columnType);
  }

  /// The feeder's query over a part of its trigger.
  ///
  /// @param where condition on the trigger's columns
  public String over(Feeder feeder, String where) {
    return Trigger.replace(
            feeder.query(),
            "(SELECT * FROM " + Quote.identifier(feeder.trigger()) + " WHERE " + where + ")",
            feeder.trigger())
        .orElseThrow(() -> new IllegalStateException("no trigger in " + feeder.query()));
  }
}
