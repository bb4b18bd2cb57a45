package dev.backfill.local.engine;

import java.lang.foreign.MemorySegment;

/// One connection to the engine, with its own settings and current database. One statement at a
/// time; closed by whoever asked for it.
public final class Session implements AutoCloseable {
  private final Engine engine;
  private final MemorySegment connection;
  private boolean open = true;

  Session(Engine engine, MemorySegment connection) {
    this.engine = engine;
    this.connection = connection;
  }

  /// Runs a statement whose rows nobody needs.
  ///
  /// @throws EngineException when the engine says no
  public Result run(String sql) {
    return query(sql, "TabSeparated");
  }

  /// @param format of the rows, unless the statement names one
  /// @throws EngineException when the engine says no
  public synchronized Result query(String sql, String format) {
    return engine.call(() -> engine.chdb().query(handle(), sql, format));
  }

  /// Streams rows into an INSERT.
  ///
  /// @param insert `INSERT INTO t (a, b)`, without FORMAT
  /// @param format of the rows, e.g. JSONEachRow
  /// @throws EngineException when the engine says no: an error of a row stores none of them, one of
  ///   a view leaves them stored in the table itself
  public synchronized Result insert(String insert, String format, byte[] rows) {
    return engine.call(() -> engine.chdb().insert(handle(), insert, format, rows));
  }

  /// One statement that only reads: what an API may let through on a read-only session.
  public synchronized boolean onlyReads(String sql) {
    var answer = engine.call(() -> engine.chdb().classify(handle(), sql));
    return answer[0] == 0 && answer[1] == 1;
  }

  private MemorySegment handle() {
    if (!open) {
      throw new IllegalStateException("the session is closed");
    }
    return Chdb.handle(connection);
  }

  /// Waits for its statement to end.
  @Override
  public synchronized void close() {
    if (open) {
      open = false;
      engine.release(this, connection);
    }
  }
}
