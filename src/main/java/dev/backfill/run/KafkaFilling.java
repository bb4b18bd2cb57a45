package dev.backfill.run;

import static dev.backfill.proof.Questions.MARK;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.sql.Quote;
import dev.backfill.tinybird.Answer;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Fills a Data Source that reads its Kafka topic itself, with the rows that only the old one's
/// consumer has read.
///
/// A consumer reads a partition in order. So whatever the target lacks below the highest offset
/// that it holds, its consumer will never bring: those rows are copied. What lies above is still on
/// its way. The highest offset counts only once it is `settle` old, because the rows of one batch
/// don't become visible all at once.
final class KafkaFilling implements Filler {
  private static final int TRIES = 4;

  private final Migration migration;
  private final Tinybird tinybird;
  private final Copier copier;
  private final Watch watch;
  private final PlanCore.Limits limits;
  private int chunks;
  private long copied;
  private long total;

  KafkaFilling(
      Migration migration, Tinybird tinybird, Copier copier, Watch watch, PlanCore.Limits limits) {
    this.migration = migration;
    this.tinybird = tinybird;
    this.copier = copier;
    this.watch = watch;
    this.limits = limits;
  }

  @Override
  public Outcome.Figures figures() {
    return new Outcome.Figures(
        migration.target(), chunks, copier.started(), copied, 0, copier.working());
  }

  /// Offsets of a partition, half-open.
  private record Range(long partition, long start, long end) {
    String text() {
      return "partition %d, offsets [%d, %d)".formatted(partition, start, end);
    }

    List<Range> halves() {
      var middle = start + (end - start) / 2;
      return middle == start
          ? List.of()
          : List.of(new Range(partition, start, middle), new Range(partition, middle, end));
    }
  }

  @Override
  public void bulk() {
    var source = extent(migration.source());
    var tops = settled(source);
    var open = new java.util.ArrayList<Range>();
    source.forEach((partition, there) -> {
      var end = Math.min(there.end(), tops.getOrDefault(partition, there.start()));
      for (var at = there.start(); at < end; at += limits.chunkRows()) {
        open.add(new Range(partition, at, Math.min(end, at + limits.chunkRows())));
      }
    });
    chunks = Math.max(chunks, open.size());
    var lacking = open.stream().mapToLong(r -> missing(r)).sum();
    if (lacking > 0) {
      watch.tell(new RunEvent.Chunked(migration.target(), chunks, open.size(), lacking));
    }
    total = copied + lacking;
    open.forEach(this::bring);
  }

  @Override
  public void sweep(List<Chunk> differing) {
    bulk();
  }

  /// The first offset behind the highest that the target has held for `settle`, by partition.
  private Map<Long, Long> settled(Map<Long, Range> source) {
    for (var i = 0; ; i++) {
      var there = extent(migration.target());
      var waiting = source.keySet().stream().filter(p -> !there.containsKey(p)).toList();
      watch.pause(migration.target(), "rows of the consumer's last batch settle", limits.settle());
      if (waiting.isEmpty()) {
        var out = new TreeMap<Long, Long>();
        there.forEach((partition, range) -> out.put(partition, range.end()));
        return out;
      }
      if (i == TRIES) {
        throw new Failure.Refused(
            "%s hasn't read anything of partition %s yet, so it isn't known where its consumer begins: run again after the next message there"
                .formatted(
                    migration.target(),
                    String.join(", ", waiting.stream().map(String::valueOf).toList())));
      }
    }
  }

  /// What the target's own consumer hasn't read yet: nothing else may bring it.
  static Optional<String> behind(Tinybird tinybird, Watch watch, Migration migration) {
    var there = extent(tinybird, watch, migration, migration.target());
    var behind = new java.util.ArrayList<String>();
    extent(tinybird, watch, migration, migration.source())
        .forEach((partition, range) ->
            Optional.ofNullable(there.get(partition))
                .filter(own -> own.end() < range.end())
                .ifPresent(own ->
                    behind.add(
                        "partition %d up to offset %d of %d"
                            .formatted(partition, own.end() - 1, range.end() - 1))));
    return behind.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "the consumer of %s is behind that of %s, it has read %s: what follows is for it to bring, so run again when it has caught up"
                .formatted(migration.target(), migration.source(), String.join(", ", behind)));
  }

  private Map<Long, Range> extent(String table) {
    return extent(tinybird, watch, migration, table);
  }

  private static Map<Long, Range> extent(
      Tinybird tinybird, Watch watch, Migration migration, String table) {
    var out = new TreeMap<Long, Range>();
    var sql =
        "SELECT toInt64(`%1$s`) AS %3$sp, toInt64(min(`%2$s`)) AS %3$sa, toInt64(max(`%2$s`)) + 1 AS %3$sb FROM %4$s GROUP BY %3$sp ORDER BY %3$sp"
            .formatted(Migration.PARTITION, Migration.OFFSET, MARK, Quote.identifier(table));
    watch.check();
    for (var row : watch.read(migration.target(), () -> tinybird.query(sql)).rows()) {
      var partition = row.number(MARK + "p");
      out.put(partition, new Range(partition, row.number(MARK + "a"), row.number(MARK + "b")));
    }
    return out;
  }

  private long missing(Range range) {
    var where =
        " WHERE `%s` = %d AND `%s` >= %d AND `%s` < %d"
            .formatted(
                Migration.PARTITION,
                range.partition(),
                Migration.OFFSET,
                range.start(),
                Migration.OFFSET,
                range.end());
    return ask("SELECT count() AS %sn FROM %s%s AND `%s` NOT IN (SELECT `%s` FROM %s%s)"
            .formatted(
                MARK,
                Quote.identifier(migration.source()),
                where,
                Migration.OFFSET,
                Migration.OFFSET,
                Quote.identifier(migration.target()),
                where))
        .only()
        .number(MARK + "n");
  }

  private void bring(Range range) {
    for (var i = 0; i < TRIES; i++) {
      var missing = missing(range);
      if (missing == 0) {
        return;
      }
      var since = watch.now();
      var parameters = new LinkedHashMap<String, String>();
      parameters.put("partition", Long.toString(range.partition()));
      parameters.put("start_offset", Long.toString(range.start()));
      parameters.put("end_offset", Long.toString(range.end()));
      switch (copier.copy(parameters, range.text())) {
        case Copier.End.Said(), Copier.End.Unknown(var _) -> {
          var came = missing - missing(range);
          if (came > 0) {
            copied += came;
            watch.tell(
                new RunEvent.Copied(
                    migration.target(),
                    range.text(),
                    came,
                    Duration.between(since, watch.now()),
                    copied,
                    Math.max(total, copied)));
          }
        }
        case Copier.End.TooBig(var because) -> {
          watch.tell(new RunEvent.Split(migration.target(), range.text(), because));
          if (range.halves().isEmpty()) {
            throw new Failure.Refused(range.text() + " is too big for one job: " + because);
          }
          range.halves().forEach(this::bring);
          return;
        }
        case Copier.End.Failed(var because) ->
            throw new Failure.Refused(
                "the copy of "
                    + range.text()
                    + " into "
                    + migration.target()
                    + " failed and would fail again: "
                    + because);
      }
    }
  }

  /// Messages that the target holds more often than its source does: by one consumer and a copy, or
  /// by a consumer that was given them twice.
  static Optional<String> doubled(Tinybird tinybird, Watch watch, Migration migration) {
    var often =
        "(SELECT `%1$s`, `%2$s`, count() AS %3$sc FROM %%s GROUP BY `%1$s`, `%2$s` HAVING %3$sc > 1)"
            .formatted(Migration.PARTITION, Migration.OFFSET, MARK);
    var sql =
        "SELECT toInt64(sum(greatest(0, toInt64(t.%3$sc) - greatest(1, toInt64(s.%3$sc))))) AS %3$sn FROM %4$s AS t LEFT JOIN %5$s AS s USING (`%1$s`, `%2$s`)"
            .formatted(
                Migration.PARTITION,
                Migration.OFFSET,
                MARK,
                often.formatted(Quote.identifier(migration.target())),
                often.formatted(Quote.identifier(migration.source())));
    var n = watch.read(migration.target(), () -> tinybird.query(sql)).only().number(MARK + "n");
    return n == 0
        ? Optional.empty()
        : Optional.of(
            "%s holds %,d messages more often than %s. If its own consumer was given them twice, which Kafka may do, say so with --confirm producers_moving; else take the migration back (backfill cleanup --abandon %s) and start over"
                .formatted(migration.target(), n, migration.source(), migration.target()));
  }

  private Answer ask(String sql) {
    watch.check();
    return watch.read(migration.target(), () -> tinybird.query(sql));
  }
}
