package dev.backfill.local;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A workspace in a process of its own, to be killed.
final class LocalChild implements AutoCloseable {
  private static final String TOKEN = "p.child";
  private final Process process;
  private final LocalApi api;

  private LocalChild(Process process, LocalApi api) {
    this.process = process;
    this.api = api;
  }

  static LocalChild start(Path data) throws IOException {
    var process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "-Xmx256m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    LocalChild.class.getName(),
                    data.toString()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var reader = new BufferedReader(process.inputReader(StandardCharsets.UTF_8));
    var url = reader.readLine();
    if (url == null) {
      throw new IOException("the workspace did not start");
    }
    return new LocalChild(process, LocalApi.at(url, TOKEN));
  }

  /// The process.
  public static void main(String[] args) throws InterruptedException {
    var workspace = LocalWorkspace.start(0, Path.of(args[0]), Optional.of(TOKEN));
    System.out.println(workspace.url());
    new CountDownLatch(1).await();
  }

  LocalApi api() {
    return api;
  }

  /// `kill -9`.
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  void awaitDeath() throws InterruptedException {
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      throw new AssertionError("the process is alive");
    }
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
