package dev.backfill.plan;

import dev.backfill.project.TimeType;
import dev.backfill.sql.SqlText;
import java.util.List;
import java.util.Optional;

/// How one Data Source gets its new version: everything `emit`, `run` and `proof` need, without a
/// checkout.
///
/// @param source the old Data Source
/// @param target its new version
/// @param cause why it is versioned
/// @param scenario how the data follows
/// @param liveFeed the one feed of rows that arrive from now on
/// @param historyFeed the one feed of rows that are there already
/// @param trigger the Data Source whose inserts reach the target: the source for DIRECT, the
///   versioned one it hangs from (a twin) for CASCADE
/// @param timestamp the column that the cutover cuts; present where [#border] is TIMESTAMP
/// @param projection every stored, insertable column that the source gives a value for, in the
///   target's order; empty for CASCADE
/// @param engine canonical engine family of the target
/// @param sortingKey of the target, expressions
/// @param partitionKey of the target, expressions; empty when unpartitioned
/// @param ttl the stricter of both sides' TTL rules as SQL text, for the common window; empty
///   without any
/// @param query what the target must hold: the fork's SELECT over its trigger, or, for a target
///   that is fed directly and merges rows, the projection over the source; self-contained, without
///   a trailing semicolon
/// @param reduced how rows of the target are merged before they are compared, in column order; with
///   a query only
/// @param seam where a view's target is cut; present for history by SEAM or REPLAY
/// @param files what belongs to it, paths relative to the project
public record Migration(
    String source,
    String target,
    Cause cause,
    Scenario scenario,
    Feed.Live liveFeed,
    Feed.History historyFeed,
    String trigger,
    Optional<CutColumn> timestamp,
    List<Projected> projection,
    String engine,
    List<String> sortingKey,
    List<String> partitionKey,
    Optional<String> ttl,
    Optional<String> query,
    List<Reduced> reduced,
    Optional<Seam> seam,
    List<String> files) {

  /// One without a seam.
  public Migration(
      String source,
      String target,
      Cause cause,
      Scenario scenario,
      Feed.Live liveFeed,
      Feed.History historyFeed,
      String trigger,
      Optional<CutColumn> timestamp,
      List<Projected> projection,
      String engine,
      List<String> sortingKey,
      List<String> partitionKey,
      Optional<String> ttl,
      Optional<String> query,
      List<Reduced> reduced,
      List<String> files) {
    this(
        source,
        target,
        cause,
        scenario,
        liveFeed,
        historyFeed,
        trigger,
        timestamp,
        projection,
        engine,
        sortingKey,
        partitionKey,
        ttl,
        query,
        reduced,
        Optional.empty(),
        files);
  }

  /// Columns that Kafka's connector fills.
  public static final String PARTITION = "__partition";

  public static final String OFFSET = "__offset";

  public Migration {
    projection = List.copyOf(projection);
    sortingKey = List.copyOf(sortingKey);
    partitionKey = List.copyOf(partitionKey);
    reduced = List.copyOf(reduced);
    files = List.copyOf(files);
  }

  /// The column that the cutover cuts.
  ///
  /// @param column its name in the source
  /// @param targetColumn its name in the target
  /// @param type its type in the source
  /// @param targetType its type in the target
  public record CutColumn(String column, String targetColumn, TimeType type, TimeType targetType) {

    /// Why a range of the source can't be found again in the target by its timestamps; empty when
    /// it can: every value of the one type is the same instant in the other.
    public Optional<String> incomparable() {
      if (type.nullable() && !targetType.nullable()) {
        return Optional.of(
            "%s may be NULL in the source and %s may not in the new version, so rows without it couldn't be told apart"
                .formatted(column, targetColumn));
      }
      var same =
          switch (targetType.kind()) {
            case DATE -> type.kind() == TimeType.Kind.DATE;
            case DATE32 -> type.daily();
            case DATETIME -> type.kind() == TimeType.Kind.DATETIME;
            case DATETIME64 ->
                type.kind() == TimeType.Kind.DATETIME
                    // nanoseconds end in 2262, the others in 2299
                    || (type.kind() == TimeType.Kind.DATETIME64
                        && type.precision() <= targetType.precision()
                        && (targetType.precision() < 9 || type.precision() == 9));
          };
      return same
          ? Optional.empty()
          : Optional.of(
              "the target's %s is coarser than, of a smaller span than, or of another kind as, the source's %s, so ranges of one can't be found in the other"
                  .formatted(targetColumn, column));
    }
  }

  /// A column of the target and where its value comes from.
  ///
  /// @param column name in the target
  /// @param expression SQL over the source's columns that gives a value of the target's type and
  ///   never throws
  /// @param type the target's type, canonical text
  public record Projected(String column, String expression, String type) {}

  /// A column of a target that merges rows.
  ///
  /// @param column name in the target
  /// @param expression what to select when rows are grouped by the key columns, e.g.
  ///   `countMerge(hits)`
  /// @param key part of the grouping
  public record Reduced(String column, String expression, boolean key) {}

  /// The same with no rule by which rows go away.
  public Migration withoutTtl() {
    return with(Optional.empty(), query, seam);
  }

  /// The same with another query to be compared with.
  public Migration withQuery(String other) {
    return with(ttl, Optional.of(other), seam);
  }

  /// The same with its queries as what they mean, not as they are written.
  Migration meaning() {
    return with(ttl, query.map(SqlText::normalise), seam.map(Seam::meaning));
  }

  private Migration with(
      Optional<String> otherTtl, Optional<String> otherQuery, Optional<Seam> otherSeam) {
    return new Migration(
        source,
        target,
        cause,
        scenario,
        liveFeed,
        historyFeed,
        trigger,
        timestamp,
        projection,
        engine,
        sortingKey,
        partitionKey,
        otherTtl,
        otherQuery,
        reduced,
        otherSeam,
        files);
  }

  /// What tells the rows of the live feed from those of the history feed.
  public Border border() {
    return switch (liveFeed.kind()) {
      case SYNC ->
          switch (historyFeed.kind()) {
            case COPY -> timestamp.isPresent() ? Border.TIMESTAMP : Border.ARRIVAL;
            case FORK, SEAM, REPLAY, POPULATE, NONE -> Border.NONE;
          };
      case FORK, PRODUCERS, NONE -> Border.NONE;
    };
  }

  /// The type of the cutover's ticks; empty without one.
  public Optional<TimeType> cutType() {
    return switch (border()) {
      case TIMESTAMP -> timestamp.map(CutColumn::type);
      case ARRIVAL -> Optional.of(ARRIVAL);
      case NONE -> Optional.empty();
    };
  }

  /// The moment of insertion is known to the second.
  private static final TimeType ARRIVAL =
      new TimeType(TimeType.Kind.DATETIME, 0, Optional.of("UTC"), false);

  /// Whether the target's own engine merges rows by key, so that both sides are compared by what
  /// they are merged to; false for targets of forks.
  public boolean keyed() {
    return liveFeed.kind() != Feed.Live.Kind.FORK && !reduced.isEmpty();
  }

  /// Name of the Pipe that `run` makes for MOVE_INGESTION once the source is quiet: it carries what
  /// still arrives there.
  public String stragglers() {
    return "sync_" + target;
  }

  /// The source's rows as the target's, as one SELECT. Two levels, so that no expression reads
  /// another one's name.
  public String selected() {
    var inner = new java.util.ArrayList<String>();
    var outer = new java.util.ArrayList<String>();
    for (var p : projection) {
      var name = "backfill__" + inner.size();
      inner.add(
          "CAST(%s, %s) AS %s"
              .formatted(p.expression(), dev.backfill.sql.Quote.literal(p.type()), name));
      outer.add(name + " AS " + dev.backfill.sql.Quote.identifier(p.column()));
    }
    return "SELECT %s FROM (SELECT %s FROM %s)"
        .formatted(
            String.join(", ", outer),
            String.join(", ", inner),
            dev.backfill.sql.Quote.identifier(source));
  }

  /// Environment variable that holds T while `deploy.sh` runs.
  public String cutoverVariable() {
    return "BACKFILL_T_" + target.toUpperCase(java.util.Locale.ROOT);
  }
}
