package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.demo.Demo;
import dev.backfill.failure.Failure;
import dev.backfill.http.Pause;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.OptionalLong;

/// A scenario's whole journey through the commands: plan, generate, a branch, `deploy.sh` in bash,
/// rehearse, merge, `deploy.sh` again, run, verify, with rows arriving meanwhile; at the end plain
/// SQL over the event numbers counts what is lost and what is doubled.
final class Journey {
  private Journey() {}

  /// Fails, with all that was printed, unless nothing was lost and nothing doubled.
  ///
  /// @param rows of history to begin with
  static void losesNothingAndDoublesNothing(String scenario, long rows) {
    var said = new ByteArrayOutputStream();
    var stream = new PrintStream(said, true, StandardCharsets.UTF_8);

    int status;
    try {
      status =
          Demo.run(
              new Demo.Options(
                  scenario, OptionalLong.of(rows), /* keep= */ false, /* quick= */ true),
              new Commands(stream),
              stream,
              stream,
              Clock.systemUTC());
    } catch (Failure failure) {
      throw new AssertionError(said.toString(StandardCharsets.UTF_8), failure);
    }

    var text = said.toString(StandardCharsets.UTF_8);
    assertThat(status).as(text).isZero();
    assertThat(text)
        .containsPattern("(?m)^  lost +0$")
        .containsPattern("(?m)^  doubled +0$")
        .contains("backfill rehearse", "Nothing lost, nothing doubled.");
  }

  /// The program's commands in this process.
  private record Commands(PrintStream out) implements Demo.Backfill {
    @Override
    public int run(Path folder, Map<String, String> environment, String... arguments) {
      return captured(folder, environment, out, arguments);
    }

    @Override
    public int captured(
        Path folder, Map<String, String> environment, PrintStream results, String... arguments) {
      // Real time: rows are inserted meanwhile, and the workspace has a clock of its own.
      return Main.run(
          new Console(results, out, environment, folder, /* terminal= */ false, Pause.SYSTEM),
          arguments);
    }
  }
}
