package dev.backfill.cli;

import dev.backfill.http.Pause;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/// Runs commands in this process.
final class Cli {
  static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");

  private final Path folder;
  private final Map<String, String> environment = new HashMap<>();
  private boolean terminal;

  private Cli(Path folder) {
    this.folder = folder;
  }

  static Cli in(Path folder) {
    return new Cli(folder);
  }

  Cli with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  Cli onATerminal() {
    terminal = true;
    return this;
  }

  Result run(String... args) {
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    var status = Main.run(console(out, err), args);
    return new Result(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  Console console(ByteArrayOutputStream out, ByteArrayOutputStream err) {
    return new Console(
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        environment,
        folder,
        terminal,
        new Skipping());
  }

  /// Time that passes only while somebody waits, and then at once.
  private static final class Skipping implements Pause {
    private Instant now = NOW;

    @Override
    public synchronized Instant now() {
      return now;
    }

    @Override
    public synchronized void sleep(Duration duration) {
      now = now.plus(duration);
    }
  }

  record Result(int status, String out, String err) {}
}
