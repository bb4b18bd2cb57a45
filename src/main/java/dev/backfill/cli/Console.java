package dev.backfill.cli;

import dev.backfill.http.Pause;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/// What a command sees of the machine: streams, environment, folder, time, and the wish to stop.
public final class Console {
  private final PrintStream out;
  private final PrintStream err;
  private final Map<String, String> environment;
  private final Path folder;
  private final boolean terminal;
  private final Pause pause;
  private final CountDownLatch cancellation;

  /// @param out results
  /// @param err progress and messages
  /// @param folder what relative paths are relative to
  /// @param terminal a person is looking: colours, and lines that are rewritten
  /// @param pause the time, and how to let it pass
  public Console(
      PrintStream out,
      PrintStream err,
      Map<String, String> environment,
      Path folder,
      boolean terminal,
      Pause pause) {
    this(out, err, environment, folder, terminal, pause, new CountDownLatch(1));
  }

  private Console(
      PrintStream out,
      PrintStream err,
      Map<String, String> environment,
      Path folder,
      boolean terminal,
      Pause pause,
      CountDownLatch cancellation) {
    this.out = out;
    this.err = err;
    this.environment = Map.copyOf(environment);
    this.folder = folder;
    this.terminal = terminal;
    this.pause = pause;
    this.cancellation = cancellation;
  }

  /// A console for a command that this one runs in another folder; who cancels one cancels both.
  Console elsewhere(Path other, Map<String, String> variables, PrintStream results) {
    return new Console(results, err, variables, other, terminal, pause, cancellation);
  }

  /// The same machine with another stream for messages.
  Console talkingTo(PrintStream messages) {
    return new Console(out, messages, environment, folder, terminal, pause, cancellation);
  }

  public PrintStream out() {
    return out;
  }

  public PrintStream err() {
    return err;
  }

  /// A variable of the environment; an empty one counts as absent.
  public Optional<String> variable(String name) {
    return Optional.ofNullable(environment.get(name)).filter(v -> !v.isEmpty());
  }

  /// Every variable.
  public Map<String, String> environment() {
    return environment;
  }

  public Path folder() {
    return folder;
  }

  public boolean terminal() {
    return terminal;
  }

  /// This machine's time.
  public Instant now() {
    return pause.now();
  }

  /// The same time, and how to let it pass.
  public Pause pause() {
    return pause;
  }

  /// Asks the running command to stop; what it started is ended first.
  public void cancel() {
    cancellation.countDown();
  }

  public boolean cancelled() {
    return cancellation.getCount() == 0;
  }

  /// Returns when somebody wants the command to stop.
  public void awaitCancellation() throws InterruptedException {
    cancellation.await();
  }
}
