package dev.backfill.testing;

import dev.backfill.local.engine.Engine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/// The one engine of the test JVM, on a temporary directory. Tests keep apart by databases.
public final class TestEngine {
  private static @Nullable Engine engine;

  private TestEngine() {}

  /// Opened by the first test that asks; lives until the JVM ends.
  public static synchronized Engine shared() {
    var shared = engine;
    if (shared == null) {
      try {
        var data = Files.createTempDirectory("backfill-engine");
        shared = Engine.open(data);
        engine = shared;
        var opened = shared;
        Runtime.getRuntime().addShutdownHook(new Thread(() -> discard(opened, data)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return shared;
  }

  private static void discard(Engine engine, Path data) {
    engine.close();
    try (var files = Files.walk(data)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
