package dev.backfill.local.engine;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/// One connection to the engine, with its own settings and current database. One statement at a
/// time; closed by whoever asked for it.
public final class Session implements AutoCloseable {
  private static final Pattern ROWS =
      Pattern.compile("(SELECT|INSERT|EXPLAIN|DESCRIBE|TRUNCATE TABLE|KILL|USE|SET) ");
  private final Engine engine;
  private final MemorySegment connection;
  private final Optional<Engine.Use> lent;
  private boolean open = true;
  private boolean failed;

  /// @param lent what for, when the connection goes back afterwards
  Session(Engine engine, MemorySegment connection, Optional<Engine.Use> lent) {
    this.engine = engine;
    this.connection = connection;
    this.lent = lent;
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
    try {
      return noting(() -> engine.chdb().query(handle(), sql, format));
    } finally {
      if (!ROWS.matcher(sql).lookingAt()) {
        engine.changed();
      }
    }
  }

  /// Runs a statement about something that nobody else asks for, or that moves rows only.
  ///
  /// @throws EngineException when the engine says no
  public synchronized Result aside(String sql) {
    return noting(() -> engine.chdb().query(handle(), sql, "TabSeparated"));
  }

  /// Streams rows into an INSERT.
  ///
  /// @param insert `INSERT INTO t (a, b)`, without FORMAT
  /// @param format of the rows, e.g. JSONEachRow
  /// @throws EngineException when the engine says no: an error of a row stores none of them, one of
  ///   a view leaves them stored in the table itself
  public Result insert(String insert, String format, byte[] rows) {
    return insert(insert, format, use -> use.accept(ByteBuffer.wrap(rows)));
  }

  /// The same in pieces of whole rows. The engine reads one while the next is made; they are stored
  /// together.
  ///
  /// @param pieces gives each to whom it is told
  public synchronized Result insert(
      String insert, String format, Consumer<Consumer<ByteBuffer>> pieces) {
    return noting(() -> engine.chdb().insert(handle(), insert, format, pieces));
  }

  /// One statement that only reads: what an API may let through on a read-only session.
  public synchronized boolean onlyReads(String sql) {
    var answer = engine.call(() -> engine.chdb().classify(handle(), sql));
    return answer[0] == 0 && answer[1] == 1;
  }

  /// A connection whose statement failed isn't used again: a killed one stays in the list of
  /// processes until it is closed.
  private Result noting(Supplier<Result> statement) {
    try {
      return engine.call(statement);
    } catch (RuntimeException e) {
      failed = true;
      throw e;
    }
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
      if (lent.isPresent() && !failed) {
        engine.giveBack(this, connection, lent.get());
      } else {
        engine.release(this, connection);
      }
    }
  }
}
