package dev.backfill.local.engine;

import dev.backfill.failure.Failure;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// ClickHouse inside this process (libchdb). One per process and one data directory; as many
/// databases and sessions as wanted.
///
/// Signal handlers of the library stay off: with them the first NullPointerException of the JVM
/// never returns. Every session is closed before the process ends, because ending with one open may
/// crash it. Only platform threads call it; a call of the library pins a virtual one's carrier.
public final class Engine implements AutoCloseable {
  private static final Map<String, String> DEFAULTS =
      Map.of(
          "async_insert", "0",
          "implicit_select", "0",
          "max_threads", "2",
          "session_timezone", "UTC",
          "input_format_parallel_parsing", "0",
          "output_format_json_quote_64bit_integers", "0",
          "date_time_input_format", "best_effort");
  private static final AtomicReference<@Nullable Engine> CURRENT = new AtomicReference<>();
  private static final int MOST_IDLE = 16;
  private static @Nullable Chdb loaded;

  private final Chdb chdb;
  private final Path data;
  private final MemorySegment keeper;
  private final Set<Session> sessions = ConcurrentHashMap.newKeySet();
  private final ArrayDeque<Idle> idle = new ArrayDeque<>();
  private final Thread hook = new Thread(this::shutDown, "engine-shutdown");
  private final AtomicLong changes = new AtomicLong();
  private boolean closing;

  private Engine(Chdb chdb, Path data) {
    this.chdb = chdb;
    this.data = data;
    this.keeper = chdb.connect(arguments(Map.of()));
  }

  /// Boots the engine on a directory, which is made when it isn't there.
  ///
  /// @throws Failure.Usage when the library can't be had on this machine, or the directory is in
  ///   use by another process
  /// @throws IllegalStateException when an engine is open in this process already
  public static synchronized Engine open(Path data) {
    if (CURRENT.get() != null) {
      throw new IllegalStateException("an engine is open in this process");
    }
    try {
      Files.createDirectories(data);
      var library = loaded;
      if (library == null) {
        library = new Chdb(EngineLibrary.find());
        library.signalHandlers(false);
        loaded = library;
      }
      var engine = new Engine(library, data.toRealPath());
      CURRENT.set(engine);
      Runtime.getRuntime().addShutdownHook(engine.hook);
      return engine;
    } catch (IOException e) {
      throw new Failure.Machine("can't use the directory " + data + ": " + e.getMessage(), e);
    } catch (EngineException e) {
      throw new Failure.Usage(
          "the engine can't be started on "
              + data
              + ": "
              + e.getMessage()
              + ". Is another process using that directory?");
    }
  }

  /// The engine that is open in this process, if any.
  public static @Nullable Engine current() {
    return CURRENT.get();
  }

  public Path data() {
    return data;
  }

  /// Grows when a statement that may have changed a database, table or view is over: as long as it
  /// stays the same, what was read of them still holds. Those of [Session#aside] don't count.
  public long changes() {
    return changes.get();
  }

  void changed() {
    changes.incrementAndGet();
  }

  /// A session that may do everything, outside any database.
  public Session session() {
    return session(Map.of());
  }

  /// @param settings ClickHouse settings of the session, beside the house's own
  public Session session(Map<String, String> settings) {
    return call(() -> {
      synchronized (sessions) {
        open();
        return kept(new Session(this, chdb.connect(arguments(settings)), Optional.empty()));
      }
    });
  }

  /// A session of one database that may do everything, lent: its statements change nothing about
  /// the session, for the next one may get it as it is.
  public Session session(String database, Map<String, String> settings) {
    return lent(new Use(database, settings, false));
  }

  /// A session of one database that reads only: no INSERT, DDL, SET, and none of the table
  /// functions that reach files or hosts. `INTO OUTFILE` is not covered: ask [Session#onlyReads]
  /// first.
  public Session readOnly(String database, Map<String, String> settings) {
    return lent(new Use(database, settings, true));
  }

  /// What a session is for.
  record Use(String database, Map<String, String> settings, boolean readOnly) {
    Use {
      settings = Map.copyOf(settings);
    }
  }

  private record Idle(Use use, MemorySegment connection) {}

  private Session lent(Use use) {
    return call(() -> {
      Session session;
      synchronized (sessions) {
        open();
        for (var one : idle) {
          if (one.use().equals(use)) {
            idle.remove(one);
            return kept(new Session(this, one.connection(), Optional.of(use)));
          }
        }
        session =
            kept(new Session(this, chdb.connect(arguments(use.settings())), Optional.of(use)));
      }
      try {
        session.run("USE `" + use.database() + "`");
        if (use.readOnly()) {
          session.run("SET readonly = 1");
        }
        return session;
      } catch (RuntimeException e) {
        session.close();
        throw e;
      }
    });
  }

  private void open() {
    if (closing) {
      throw new IllegalStateException("the engine is closing");
    }
  }

  private Session kept(Session session) {
    sessions.add(session);
    return session;
  }

  /// Asks every statement whose text holds the tag to stop. Doesn't wait: the statement's own
  /// caller gets error 394.
  ///
  /// @param tag letters, digits, `-`, `_`, `:`
  public void kill(String tag) {
    if (!tag.matches("[A-Za-z0-9_:-]+")) {
      throw new IllegalArgumentException("not a tag: " + tag);
    }
    try (var session = session()) {
      session.run(
          "KILL QUERY WHERE position(query, '" + tag + "') > 0 AND query NOT LIKE 'KILL%' ASYNC");
    }
  }

  Chdb chdb() {
    return chdb;
  }

  <T> T call(Supplier<T> call) {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException("the engine is called from platform threads only");
    }
    return call.get();
  }

  void release(Session session, MemorySegment connection) {
    chdb.close(connection);
    sessions.remove(session);
  }

  /// Keeps a connection for the next one who wants the same.
  void giveBack(Session session, MemorySegment connection, Use use) {
    synchronized (sessions) {
      if (!closing) {
        sessions.remove(session);
        idle.addFirst(new Idle(use, connection));
        if (idle.size() > MOST_IDLE) {
          chdb.close(idle.removeLast().connection());
        }
        return;
      }
    }
    release(session, connection);
  }

  /// Stops what runs, waits for it and closes every session.
  @Override
  public void close() {
    shutDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // the process is ending, and the hook finds nothing left to do
    }
  }

  private synchronized void shutDown() {
    List<Session> left;
    synchronized (sessions) {
      if (closing) {
        return;
      }
      closing = true;
      left = List.copyOf(sessions);
      idle.forEach(one -> chdb.close(one.connection()));
      idle.clear();
    }
    if (!left.isEmpty()) {
      chdb.query(
          Chdb.handle(keeper), "KILL QUERY WHERE query NOT LIKE 'KILL%' ASYNC", "TabSeparated");
    }
    left.forEach(Session::close);
    chdb.close(keeper);
    CURRENT.set(null);
  }

  private List<String> arguments(Map<String, String> settings) {
    var all = new LinkedHashMap<>(DEFAULTS);
    all.putAll(settings);
    var arguments = new ArrayList<>(List.of("clickhouse", "--path=" + data));
    all.forEach((name, value) -> arguments.add("--" + name + "=" + value));
    return arguments;
  }
}
