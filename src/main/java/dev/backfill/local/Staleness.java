package dev.backfill.local;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// Readings that lag behind writes, as those of a replica do (API reference 13, 15). While the
/// fault `staleReads` is on, rows that were added can't be read for a while; those of an added part
/// that was merged with an older one can, so a reading may also see some of them.
///
/// The engine numbers the parts of a table as they come, so what was there before a write is what
/// has no higher number. What takes rows away is seen at once.
final class Staleness {
  private static final long UNFINISHED = Long.MAX_VALUE;
  private final Core core;
  private final Map<String, ArrayDeque<Write>> writes = new ConcurrentHashMap<>();

  Staleness(Core core) {
    this.core = core;
  }

  /// Rows that are being added, or were not long ago.
  final class Write implements AutoCloseable {
    private final Map<String, Long> before;
    private long ended = UNFINISHED;

    private Write(Map<String, Long> before) {
      this.before = before;
    }

    @Override
    public void close() {
      synchronized (Staleness.this) {
        ended = core.faults.staleNanos();
      }
    }

    private boolean seen(long millis) {
      return ended != UNFINISHED
          && core.faults.staleNanos() - ended >= TimeUnit.MILLISECONDS.toNanos(millis);
    }
  }

  /// To be called before rows are added anywhere in a space, and closed afterwards.
  Write adding(Space space) {
    if (core.faults.staleMillis() == 0) {
      return new Write(Map.of());
    }
    var before = new HashMap<String, Long>();
    core.rows(
            space,
            "SELECT table, max(max_block_number) AS last FROM system.parts WHERE active AND"
                + " database = "
                + Sql.literal(space.database())
                + " GROUP BY table")
        .forEach(row -> before.put(Json.string(row, "table"), row.path("last").asLong()));
    synchronized (this) {
      var write = new Write(before);
      writes.computeIfAbsent(space.id(), id -> new ArrayDeque<>()).add(write);
      return write;
    }
  }

  /// The rows of these tables are others now: all are seen.
  synchronized void replaced(Space space, Set<String> tables) {
    for (var write : writes.getOrDefault(space.id(), new ArrayDeque<>())) {
      tables.forEach(table -> write.before.put(table, Long.MAX_VALUE));
    }
  }

  /// Settings of a session that reads what `/v0/sql` may read now.
  Map<String, String> ofQueries(Space space) {
    return settings(space);
  }

  /// Settings of a session that a copy or populate runs on.
  Map<String, String> ofJobs(Space space) {
    var settings = new HashMap<>(core.faults.limits());
    if (core.faults.staleCopies()) {
      settings.putAll(settings(space));
    }
    return settings;
  }

  private synchronized Map<String, String> settings(Space space) {
    var waiting = writes.getOrDefault(space.id(), new ArrayDeque<>());
    var millis = core.faults.staleMillis();
    waiting.removeIf(write -> write.seen(millis));
    if (waiting.isEmpty()) {
      return Map.of();
    }
    var oldest = waiting.getFirst();
    var filters =
        space.dataSources.values().stream()
            .filter(Definition::stores)
            .map(source -> filter(space, source.name(), oldest))
            .collect(Collectors.joining(", ", "{", "}"));
    return Map.of("additional_table_filters", filters);
  }

  private static String filter(Space space, String table, Write write) {
    var last = write.before.getOrDefault(table, 0L);
    // a part is named partition_first_last_level
    var filter = "toUInt64OrZero(splitByChar('_', _part)[2]) <= " + last;
    return Sql.literal(space.database() + "." + table) + ": " + Sql.literal(filter);
  }
}
