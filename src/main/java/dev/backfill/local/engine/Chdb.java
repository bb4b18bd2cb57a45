package dev.backfill.local.engine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/// The C functions of libchdb. Nothing here knows when they may be called; [Engine] does.
@SuppressWarnings("restricted")
final class Chdb {
  private static final Linker LINKER = Linker.nativeLinker();
  private final SymbolLookup library;
  private final MethodHandle signalHandlers;
  private final MethodHandle connect;
  private final MethodHandle close;
  private final MethodHandle query;
  private final MethodHandle classify;
  private final MethodHandle insert;
  private final MethodHandle insertError;
  private final MethodHandle insertAppend;
  private final MethodHandle insertDone;
  private final MethodHandle insertDestroy;
  private final MethodHandle resultDestroy;
  private final MethodHandle resultBuffer;
  private final MethodHandle resultLength;
  private final MethodHandle resultError;
  private final MethodHandle resultElapsed;
  private final MethodHandle resultRowsRead;
  private final MethodHandle resultBytesRead;
  private final MethodHandle resultRowsWritten;

  Chdb(Path file) {
    library = SymbolLookup.libraryLookup(file, Arena.global());
    signalHandlers = action("chdb_set_signal_handlers_enabled", JAVA_INT);
    connect = function("chdb_connect", ADDRESS, JAVA_INT, ADDRESS);
    close = action("chdb_close_conn", ADDRESS);
    query = function("chdb_query_n", ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG);
    classify =
        function(
            "chdb_classify_query_n",
            JAVA_INT,
            ADDRESS,
            ADDRESS,
            JAVA_LONG,
            ADDRESS,
            JAVA_LONG,
            ADDRESS);
    insert =
        function("chdb_stream_insert_n", ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG);
    insertError = function("chdb_stream_insert_error", ADDRESS, ADDRESS);
    insertAppend = function("chdb_stream_append", JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
    insertDone = function("chdb_stream_done", ADDRESS, ADDRESS);
    insertDestroy = action("chdb_destroy_insert_stream", ADDRESS);
    resultDestroy = action("chdb_destroy_query_result", ADDRESS);
    resultBuffer = function("chdb_result_buffer", ADDRESS, ADDRESS);
    resultLength = function("chdb_result_length", JAVA_LONG, ADDRESS);
    resultError = function("chdb_result_error", ADDRESS, ADDRESS);
    resultElapsed = function("chdb_result_elapsed", JAVA_DOUBLE, ADDRESS);
    resultRowsRead = function("chdb_result_storage_rows_read", JAVA_LONG, ADDRESS);
    resultBytesRead = function("chdb_result_storage_bytes_read", JAVA_LONG, ADDRESS);
    resultRowsWritten = function("chdb_result_rows_written", JAVA_LONG, ADDRESS);
  }

  private MethodHandle function(String name, MemoryLayout answer, MemoryLayout... arguments) {
    return LINKER.downcallHandle(symbol(name), FunctionDescriptor.of(answer, arguments));
  }

  private MethodHandle action(String name, MemoryLayout... arguments) {
    return LINKER.downcallHandle(symbol(name), FunctionDescriptor.ofVoid(arguments));
  }

  private MemorySegment symbol(String name) {
    return library
        .find(name)
        .orElseThrow(() ->
            new UnsatisfiedLinkError(
                "no " + name + " in the library; it must be chdb " + EngineLibrary.VERSION));
  }

  void signalHandlers(boolean enabled) {
    try {
      signalHandlers.invokeExact(enabled ? 1 : 0);
    } catch (Throwable t) {
      throw rethrown(t);
    }
  }

  /// @return a pointer to the connection's handle, to be given to [#close]
  MemorySegment connect(List<String> arguments) {
    try (var arena = Arena.ofConfined()) {
      var argv = arena.allocate(ADDRESS, arguments.size() + 1L);
      for (var i = 0; i < arguments.size(); i++) {
        argv.setAtIndex(ADDRESS, i, arena.allocateFrom(arguments.get(i)));
      }
      var handle = (MemorySegment) connect.invokeExact(arguments.size(), argv);
      if (handle.address() == 0) {
        throw new EngineException("the engine refused the connection " + arguments);
      }
      return handle;
    } catch (Throwable t) {
      throw rethrown(t);
    }
  }

  /// The handle that every other function takes.
  static MemorySegment handle(MemorySegment connection) {
    return connection.reinterpret(ADDRESS.byteSize()).get(ADDRESS, 0);
  }

  void close(MemorySegment connection) {
    try {
      close.invokeExact(connection);
    } catch (Throwable t) {
      throw rethrown(t);
    }
  }

  Result query(MemorySegment handle, String sql, String format) {
    try (var arena = Arena.ofConfined()) {
      var text = bytes(arena, sql);
      var wanted = bytes(arena, format);
      return taken(
          (MemorySegment)
              query.invokeExact(handle, text, text.byteSize(), wanted, wanted.byteSize()));
    } catch (Throwable t) {
      throw rethrown(t);
    }
  }

  Result insert(
      MemorySegment handle, String sql, String format, Consumer<Consumer<ByteBuffer>> pieces) {
    try (var arena = Arena.ofConfined()) {
      var text = bytes(arena, sql);
      var given = bytes(arena, format);
      var stream =
          (MemorySegment)
              insert.invokeExact(handle, text, text.byteSize(), given, given.byteSize());
      try {
        fail((MemorySegment) insertError.invokeExact(stream));
        pieces.accept(piece -> append(arena, stream, piece));
        return taken((MemorySegment) insertDone.invokeExact(stream));
      } finally {
        insertDestroy.invokeExact(stream);
      }
    } catch (Throwable t) {
      throw rethrown(t);
    }
  }

  /// The engine may read the piece later, so its memory is kept until the insert is done.
  private void append(Arena arena, MemorySegment stream, ByteBuffer piece) {
    if (!piece.hasRemaining()) {
      return;
    }
    try {
      var data = arena.allocate(piece.remaining()).copyFrom(MemorySegment.ofBuffer(piece));
      var refused = (int) insertAppend.invokeExact(stream, data, data.byteSize());
      if (refused != 0) {
        fail((MemorySegment) insertError.invokeExact(stream));
      }
    } catch (Throwable t) {
      throw rethrown(t);
    }
  }

  /// @return class (0 reads, 1 writes, 2 writes globally, 3 controls, 4 unknown) and number of
  ///   statements
  int[] classify(MemorySegment handle, String sql) {
    try (var arena = Arena.ofConfined()) {
      var text = bytes(arena, sql);
      var answer = arena.allocate(JAVA_INT, 4);
      answer.setAtIndex(JAVA_INT, 0, 16);
      var failed =
          (int) classify.invokeExact(handle, text, text.byteSize(), MemorySegment.NULL, 0L, answer);
      return failed == 0
          ? new int[] {answer.getAtIndex(JAVA_INT, 3), answer.getAtIndex(JAVA_INT, 1)}
          : new int[] {4, 0};
    } catch (Throwable t) {
      throw rethrown(t);
    }
  }

  private Result taken(MemorySegment result) throws Throwable {
    if (result.address() == 0) {
      throw new EngineException("the engine gave no result");
    }
    try {
      fail((MemorySegment) resultError.invokeExact(result));
      var length = Math.toIntExact((long) resultLength.invokeExact(result));
      var data = new byte[length];
      if (length > 0) {
        var buffer = (MemorySegment) resultBuffer.invokeExact(result);
        MemorySegment.copy(buffer.reinterpret(length), JAVA_BYTE, 0, data, 0, length);
      }
      return new Result(
          data,
          (double) resultElapsed.invokeExact(result),
          (long) resultRowsRead.invokeExact(result),
          (long) resultBytesRead.invokeExact(result),
          (long) resultRowsWritten.invokeExact(result));
    } finally {
      resultDestroy.invokeExact(result);
    }
  }

  private static void fail(MemorySegment error) {
    if (error.address() != 0) {
      var message = error.reinterpret(Long.MAX_VALUE).getString(0);
      if (!message.isEmpty()) {
        throw new EngineException(message);
      }
    }
  }

  private static MemorySegment bytes(Arena arena, String text) {
    return arena.allocateFrom(JAVA_BYTE, text.getBytes(StandardCharsets.UTF_8));
  }

  private static RuntimeException rethrown(Throwable t) {
    return switch (t) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      default -> new IllegalStateException(t);
    };
  }
}
