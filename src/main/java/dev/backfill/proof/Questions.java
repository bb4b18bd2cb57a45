package dev.backfill.proof;

import dev.backfill.plan.Chunk;
import dev.backfill.plan.Grain;
import dev.backfill.project.TimeType;
import dev.backfill.sql.Quote;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/// The SQL that asks what the two sides of a [Pair] hold. Every answer's columns begin with
/// [#MARK], so no column of a user's table can be mistaken for one.
///
/// Rows are compared by `cityHash64(tuple(...))` over named columns: without `tuple` a NULL makes
/// the whole hash NULL and `sum` skips the row. Sums wrap at 2^64, which loses nothing; XOR would
/// not see a pair of equal rows.
public final class Questions {
  /// What every name we give begins with.
  public static final String MARK = "backfill__";

  private final Pair pair;

  public Questions(Pair pair) {
    this.pair = pair;
  }

  public Pair pair() {
    return pair;
  }

  /// The server's clock. Column `now`.
  public static String now() {
    return "SELECT toString(now64(3, 'UTC')) AS " + MARK + "now";
  }

  /// How many rows, the first and the last timestamp as `Ticks.text` (of no meaning when there are
  /// no rows). Columns `n`, `min`, `max`.
  public String extent(Side side, Chunk chunk) {
    return "SELECT count() AS backfill__n, %s AS backfill__min, %s AS backfill__max FROM %s"
        .formatted(
            text(side, "min(backfill__at)"), text(side, "max(backfill__at)"), rows(side, chunk));
  }

  /// Rows of the source along the calendar. Columns `at` (a timestamp inside the step), `n` and
  /// `partitions` (of the target).
  public String histogram(Grain grain, Chunk chunk) {
    return "SELECT %s AS backfill__at_text, count() AS backfill__n, %s AS backfill__partitions"
            .formatted(
                text(Side.SOURCE, "min(backfill__at)"),
                pair.partitionKey().isEmpty() ? "toUInt64(1)" : "uniqExact(" + partition() + ")")
        + " FROM "
        + rows(Side.SOURCE, chunk)
        + " GROUP BY "
        + step(grain);
  }

  /// What a side holds in consecutive whole ranges. Columns `chunk` (index), `n`, `h`; a range
  /// without rows has no row.
  ///
  /// @param chunks each begins where the one before it ends; or a single chunk of any kind
  public String readings(Side side, List<Chunk> chunks) {
    var index = new ArrayList<String>();
    for (var chunk : chunks.subList(1, chunks.size())) {
      index.add("(backfill__at >= " + pair.literal(side, chunk.start().orElseThrow()) + ")");
    }
    var whole =
        chunks.size() == 1
            ? chunks.getFirst()
            : new Chunk(Chunk.Part.RANGE, chunks.getFirst().start(), chunks.getLast().end(), 1, 0);
    return "SELECT %s AS backfill__chunk, count() AS backfill__n, sum(backfill__h) AS backfill__s FROM %s GROUP BY backfill__chunk"
        .formatted(
            index.isEmpty() ? "toUInt64(0)" : "toUInt64(" + String.join(" + ", index) + ")",
            rows(side, whole));
  }

  /// What a side holds of each hash slice of the whole. Columns `slice`, `n`, `s`; a slice without
  /// rows has no row.
  public String slices(Side side, int slices) {
    return "SELECT toUInt64(backfill__h %% %d) AS backfill__slice, count() AS backfill__n, sum(backfill__h) AS backfill__s FROM %s GROUP BY backfill__slice"
        .formatted(slices, rows(side, Chunk.everything()));
  }

  /// How many rows of a side have one of these hashes. Column `n`.
  public String rows(Side side, Collection<BigInteger> hashes) {
    return "SELECT count() AS backfill__n FROM %s WHERE backfill__h IN (%s)"
        .formatted(rows(side, Chunk.everything()), literals(hashes));
  }

  /// What a side holds of a chunk, by the target's partitions. Columns `partition`, `n`, `s` and,
  /// with a timestamp column, `min` and `max` as `Ticks.text`.
  public String figures(Side side, Chunk chunk) {
    var bounds =
        pair.timestamp().isPresent() && chunk.part() == Chunk.Part.RANGE
            ? ", %s AS backfill__min, %s AS backfill__max"
                .formatted(text(side, "min(backfill__at)"), text(side, "max(backfill__at)"))
            : "";
    return "SELECT %s AS backfill__partition, count() AS backfill__n, sum(backfill__h) AS backfill__s%s FROM %s GROUP BY backfill__partition ORDER BY backfill__partition"
        .formatted(
            pair.partitionKey().isEmpty() ? "''" : "toString(tuple(" + partition() + "))",
            bounds,
            rows(side, chunk));
  }

  /// Row hashes that one side has more of. Columns `h`, `x` (how many in the source), `y` (how many
  /// in the target). Both sides are read in one statement, so what moves between is little.
  public String difference(Chunk chunk, int limit) {
    return "SELECT * FROM " + multiset(chunk) + " ORDER BY backfill__h LIMIT " + limit;
  }

  /// Row hashes that the source has more of; columns as [#difference].
  public String missing(Chunk chunk, int limit) {
    return "SELECT * FROM "
        + multiset(chunk)
        + " WHERE backfill__x > backfill__y ORDER BY backfill__h LIMIT "
        + limit;
  }

  /// Columns `missing` and `surplus`: rows, with multiplicity.
  public String differenceTotals(Chunk chunk) {
    return "SELECT sum(if(backfill__x > backfill__y, backfill__x - backfill__y, 0)) AS backfill__missing,"
        + " sum(if(backfill__y > backfill__x, backfill__y - backfill__x, 0)) AS backfill__surplus FROM "
        + multiset(chunk);
  }

  private String multiset(Chunk chunk) {
    return "(SELECT backfill__h, sum(backfill__l) AS backfill__x, sum(backfill__r) AS backfill__y FROM ("
        + "SELECT backfill__h, count() AS backfill__l, toUInt64(0) AS backfill__r FROM "
        + rows(Side.SOURCE, chunk)
        + " GROUP BY backfill__h UNION ALL SELECT backfill__h, toUInt64(0) AS backfill__l, count() AS backfill__r FROM "
        + rows(Side.TARGET, chunk)
        + " GROUP BY backfill__h) GROUP BY backfill__h HAVING backfill__x != backfill__y)";
  }

  /// Rows with these hashes, as text. Columns `h`, `row`.
  public String examples(Side side, Chunk chunk, Collection<BigInteger> hashes) {
    var columns =
        pair.projection().stream()
            .map(p -> state(p.type()) ? "'...'" : Quote.identifier(p.column()))
            .collect(Collectors.joining(", "));
    return "SELECT backfill__h, toString(tuple(%s)) AS backfill__row FROM %s WHERE backfill__h IN (%s) LIMIT 1 BY backfill__h"
        .formatted(columns, rows(side, chunk), literals(hashes));
  }

  private static String literals(Collection<BigInteger> hashes) {
    return hashes.stream()
        .map(h -> "toUInt64(" + Quote.literal(h.toString()) + ")")
        .collect(Collectors.joining(", "));
  }

  /// The projected rows of a chunk: the target's columns, `at` and the row's hash `h`. The inner
  /// names keep an expression from meeting a column of the target that is named like the source's.
  private String rows(Side side, Chunk chunk) {
    var inner = new ArrayList<String>();
    var outer = new ArrayList<String>();
    var values = pair.values(side);
    for (var i = 0; i < values.size(); i++) {
      inner.add(values.get(i) + " AS " + MARK + i);
      outer.add(MARK + i + " AS " + Quote.identifier(pair.projection().get(i).column()));
    }
    inner.add(hash(side) + " AS backfill__h");
    outer.add("backfill__h");
    if (pair.timestamp().isPresent()) {
      inner.add(pair.time(side) + " AS backfill__at");
      outer.add("backfill__at");
    }
    var projected =
        "SELECT %s FROM (SELECT %s FROM %s%s)"
                .formatted(
                    String.join(", ", outer),
                    String.join(", ", inner),
                    pair.name(side),
                    where(side, chunk))
            + (pair.once() && side == Side.SOURCE ? " LIMIT 1 BY backfill__h" : "");
    return pair.ttl()
        .map(ttl ->
            "(SELECT * FROM (" + projected + ") WHERE " + kept(ttl, pair.expiringAfter()) + ")")
        .orElse("(" + projected + ")");
  }

  /// A TTL of zero is never: ClickHouse keeps such rows.
  private static String kept(String ttl, Instant after) {
    return "((%s) > toDateTime(%d, 'UTC') OR toInt64(%s) = 0)"
        .formatted(ttl, after.getEpochSecond(), ttl);
  }

  private String where(Side side, Chunk chunk) {
    var conditions = new ArrayList<String>();
    switch (chunk.part()) {
      case NULL -> conditions.add("isNull(" + pair.time(side) + ")");
      case RANGE -> {
        chunk
            .start()
            .ifPresent(tick -> conditions.add(pair.time(side) + " >= " + pair.literal(side, tick)));
        chunk
            .end()
            .ifPresent(tick -> conditions.add(pair.time(side) + " < " + pair.literal(side, tick)));
        if (conditions.isEmpty() && pair.timestamp().isPresent() && pair.type(side).nullable()) {
          conditions.add("isNotNull(" + pair.time(side) + ")");
        }
      }
    }
    if (!chunk.whole()) {
      conditions.add("%s %% %d = %d".formatted(hash(side), chunk.slices(), chunk.slice()));
    }
    return conditions.isEmpty() ? "" : " WHERE " + String.join(" AND ", conditions);
  }

  /// A row's hash. Aggregate states are finalised: equal states may be stored differently.
  private String hash(Side side) {
    var values = new ArrayList<String>();
    for (var i = 0; i < pair.projection().size(); i++) {
      var value = pair.values(side).get(i);
      values.add(
          state(pair.projection().get(i).type()) ? "finalizeAggregation(" + value + ")" : value);
    }
    return "cityHash64(tuple(" + String.join(", ", values) + "))";
  }

  private static boolean state(String type) {
    return type.startsWith("AggregateFunction(");
  }

  private String partition() {
    return pair.partitionKey().stream().map(p -> "(" + p + ")").collect(Collectors.joining(", "));
  }

  private String text(Side side, String time) {
    return text(pair.timestamp().isPresent() ? pair.type(side) : null, time);
  }

  private static String text(@org.jspecify.annotations.Nullable TimeType type, String time) {
    if (type == null) {
      return "''";
    }
    return type.daily() ? "toString(" + time + ")" : "toString(" + time + ", 'UTC')";
  }

  private String step(Grain grain) {
    return step(pair.type(Side.SOURCE), grain);
  }

  /// The calendar step of `backfill__at`.
  static String step(TimeType type, Grain grain) {
    if (type.daily()) {
      return switch (grain) {
        case YEAR -> "toYear(backfill__at)";
        case MONTH -> "toYYYYMM(backfill__at)";
        default -> "backfill__at";
      };
    }
    var divisor =
        switch (grain) {
          case YEAR -> 10_000_000_000L;
          case MONTH -> 100_000_000L;
          case DAY -> 1_000_000L;
          case SIX_HOURS, HOUR -> 10_000L;
          case TEN_MINUTES -> 1_000L;
          case MINUTE -> 100L;
          case TEN_SECONDS -> 10L;
          case SECOND -> 1L;
        };
    return "intDiv(toYYYYMMDDhhmmss(backfill__at, 'UTC'), " + divisor + ")";
  }
}
