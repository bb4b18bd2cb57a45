package dev.backfill.cli;

import dev.backfill.demo.Demo;
import dev.backfill.failure.Failure;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Iterator;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `demo`.
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Shows the whole journey in a temporary repository against a local workspace, with rows"
          + " arriving all the time, in about a minute.",
      "Ends with figures from independent SQL; exit code 1 on any difference."
    },
    footer = {"", "Example:", "  backfill demo --rows 1000000", "  backfill demo --scenario delta"})
final class DemoCommand implements Callable<Integer> {
  private final Console console;

  @Option(
      names = "--rows",
      paramLabel = "N",
      description =
          "Rows of history to begin with (default: 1000000; the other scenarios begin with fewer, to"
              + " be quick).")
  private @Nullable Long rows;

  @Option(
      names = "--scenario",
      paramLabel = "NAME",
      completionCandidates = Scenarios.class,
      description =
          "Which way of migrating to show: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private String scenario = "streaming_timestamp";

  @Option(names = "--keep", description = "Leave the temporary folder where it is.")
  private boolean keep;

  DemoCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    if (rows != null && rows < 1) {
      throw new Failure.Usage("--rows " + rows + " is not above 0.");
    }
    try {
      return Demo.run(
          new Demo.Options(
              scenario,
              rows == null ? OptionalLong.empty() : OptionalLong.of(rows),
              keep,
              /* quick= */ false),
          new InProcess(),
          console.out(),
          console.err(),
          Clock.systemUTC());
    } catch (RuntimeException e) {
      if (console.cancelled()) {
        // The workspace went away under the demo: whatever it said is no news.
        throw new Failure.Interrupted(
            "interrupted: " + (keep ? "the demo's folder stays" : "the demo's folder is removed"));
      }
      throw e;
    }
  }

  /// For `--help` and completion.
  static final class Scenarios implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Demo.scenarios().iterator();
    }
  }

  /// Commands as a person would type them, with the demo's own Ctrl-C.
  private final class InProcess implements Demo.Backfill {
    @Override
    public int run(Path folder, Map<String, String> environment, String... arguments) {
      return captured(folder, environment, console.out(), arguments);
    }

    @Override
    public int captured(
        Path folder, Map<String, String> environment, PrintStream results, String... arguments) {
      return Main.run(console.elsewhere(folder, environment, results), arguments);
    }
  }
}
