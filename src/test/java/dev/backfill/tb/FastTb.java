package dev.backfill.tb;

import dev.backfill.http.Pause;
import dev.backfill.testing.InProcess;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// The stand-in on the path of bash, in this process.
public final class FastTb implements AutoCloseable {
  /// The machine's clock; a wait is as long as it has to be on a quick workspace.
  private static final Pause SHORT =
      new Pause() {
        @Override
        public Instant now() {
          return Instant.now();
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
          Thread.sleep(Math.min(20, duration.toMillis()));
        }
      };

  private final InProcess program = new InProcess(this::run);
  private volatile Duration delay = Duration.ZERO;

  public FastTb() throws IOException {}

  private int run(
      List<String> words,
      Path folder,
      Map<String, String> environment,
      PrintStream out,
      PrintStream err) {
    try {
      Thread.sleep(delay);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return Tb.run(words, folder, environment, out, err, SHORT);
  }

  /// How long every command waits before it begins.
  public void delay(Duration each) {
    delay = each;
  }

  /// Writes `tb` and `python3`.
  ///
  /// @return the folder for the path
  public Path install(Path bin) throws IOException, InterruptedException {
    Files.createDirectories(bin);
    program.install(bin.resolve("tb"));
    InProcess.installPython(bin);
    return bin;
  }

  @Override
  public void close() {
    program.close();
  }
}
