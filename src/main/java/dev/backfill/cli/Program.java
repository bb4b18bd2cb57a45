package dev.backfill.cli;

import dev.backfill.http.Pause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// The program as a process: real streams, and signals that become a wish to stop.
final class Program {
  // Longer than the slowest thing that has to end well: a copy job that is being cancelled.
  private static final long GRACE_SECONDS = 120;

  private Program() {}

  static int run(String[] args) {
    var console =
        new Console(
            System.out,
            System.err,
            System.getenv(),
            Path.of("").toAbsolutePath(),
            terminal(),
            Pause.SYSTEM);
    var status = new AtomicInteger(ExitStatus.INTERRUPTED.code());
    var finished = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(console, finished, status)));
    try {
      status.set(Main.run(console, args));
    } finally {
      finished.countDown();
    }
    return status.get();
  }

  // The JDK only knows about stdin and stdout; progress goes to stderr, which may be a file.
  // There is none when a stream is redirected: from JDK 25 on again, whatever Error Prone knows.
  @SuppressWarnings("SystemConsoleNull")
  private static boolean terminal() {
    var console = System.console();
    if (console == null || !console.isTerminal()) {
      return false;
    }
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd/2")).startsWith("/dev");
    } catch (IOException e) {
      return true;
    }
  }

  // Runs after Ctrl-C and SIGTERM, and when the program ends by itself. In the first case the
  // JVM's own status would be 128 + the signal; ours says what the command made of it.
  private static void stop(Console console, CountDownLatch finished, AtomicInteger status) {
    if (finished.getCount() == 0) {
      return;
    }
    console.cancel();
    try {
      if (!finished.await(GRACE_SECONDS, TimeUnit.SECONDS)) {
        console.err().println("error: interrupted, and what was running didn't end in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    console.out().flush();
    console.err().flush();
    Runtime.getRuntime().halt(status.get());
  }
}
