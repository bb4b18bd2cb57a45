package dev.backfill.local;

import dev.backfill.local.engine.EngineException;
import dev.backfill.local.engine.Session;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Pattern;

/// Rows into Data Sources; what doesn't fit goes to the quarantine. When it returns, the rows
/// survive the death of the process.
final class Ingest {
  private static final Pattern ROW = Pattern.compile("\\(at row (\\d+)\\)");
  private static final int BEHIND_FAILED = 422;

  /// However many rows there are, the engine writes none before it has read them all: what it
  /// refuses at the end leaves nothing behind, and nobody's death leaves half of it.
  private static final String AT_ONCE =
      " SETTINGS max_insert_block_size = 2147483647, min_insert_block_size_rows = 2147483647,"
          + " min_insert_block_size_bytes = 0";

  private final Core core;
  private final Logs logs;

  Ingest(Core core, Logs logs) {
    this.core = core;
    this.logs = logs;
  }

  /// @param rows stored
  /// @param quarantined put aside
  record Done(long rows, long quarantined) {}

  /// @throws Refusal 422 when a view failed: the rows are in the Data Source but not behind it
  Done append(Space space, Definition definition, Rows rows, String event) {
    var started = System.nanoTime();
    space.lock.readLock().lock();
    try (var _ = core.staleness.adding(space)) {
      insert(space, definition, rows);
      quarantine(space, definition, rows);
    } catch (Refusal e) {
      if (e.status() == BEHIND_FAILED) {
        // the good rows are stored, so the others are put aside too
        quarantine(space, definition, rows);
      }
      logs.failure(space, event, definition, Map.of(), e.text());
      throw e;
    } finally {
      space.lock.readLock().unlock();
    }
    logs.operation(
        space,
        event,
        definition,
        Map.of(
            "rows",
            rows.size(),
            "written_rows",
            rows.size(),
            "rows_quarantine",
            rows.bad().size(),
            "elapsed_time",
            (System.nanoTime() - started) / 1e9));
    return new Done(rows.size(), rows.bad().size());
  }

  private void insert(Space space, Definition definition, Rows rows) {
    try (var session = core.session(space, core.faults.insertLimits())) {
      insert(session, space.database(), definition.name(), definition, rows);
    }
  }

  /// Inserts what the engine takes; what it doesn't becomes one of the bad rows.
  ///
  /// @param database and table, shaped as the definition says
  void insert(Session session, String database, String table, Definition definition, Rows rows) {
    var columns = rows.columns();
    var names =
        columns.isEmpty()
            ? definition.columns().stream()
                .filter(Definition.Col::insertable)
                .map(Definition.Col::name)
                .toList()
            : columns.getFirst().names();
    var insert =
        "INSERT INTO "
            + Sql.identifier(database)
            + "."
            + Sql.identifier(table)
            + " ("
            + String.join(", ", names.stream().map(Sql::identifier).toList())
            + ")"
            + AT_ONCE;
    while (true) {
      try {
        if (columns.isEmpty()) {
          session.insert(insert, "JSONEachRow", rows::each);
        } else {
          session.insert(insert, "Native", use -> columns.forEach(c -> use.accept(c.block())));
        }
        return;
      } catch (EngineException e) {
        var row = ROW.matcher(e.text());
        if (!e.text().contains("while pushing to view") && row.find()) {
          rows.reject(Integer.parseInt(row.group(1)) - 1, e.text());
        } else {
          throw new Refusal(
              e.text().contains("while pushing to view") ? BEHIND_FAILED : 400,
              "[Error] " + e.text());
        }
      }
    }
  }

  void quarantine(Space space, Definition definition, Rows rows) {
    if (rows.bad().isEmpty()) {
      return;
    }
    var importId = Clock.uuid();
    var lines = new StringBuilder();
    for (var bad : rows.bad()) {
      var row = Json.map();
      row.putAll(bad.values());
      row.put(
          "c__error_column", bad.column().isEmpty() ? new String[0] : new String[] {bad.column()});
      row.put("c__error", new String[] {bad.error()});
      row.put("c__import_id", importId);
      lines.append(Json.text(row)).append('\n');
    }
    try (var session = core.session(space)) {
      session.insert(
          "INSERT INTO " + Sql.identifier(definition.name() + "_quarantine"),
          "JSONEachRow",
          lines.toString().getBytes(StandardCharsets.UTF_8));
    }
  }
}
