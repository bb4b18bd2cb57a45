package dev.backfill.cli;

import dev.backfill.tb.Tb;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `tb`, the stand-in for the platform's own client. It is for tests and the demo, so it isn't in
/// the help; every word behind it is its own.
@Command(
    name = "tb",
    hidden = true,
    description = "A stand-in for Tinybird's client, for emitted scripts in tests and demo.",
    footer = {"", "Example:", "  backfill tb deploy"})
final class TbCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(paramLabel = "WORD", description = "As tb's own.")
  private List<String> words = List.of();

  TbCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    return Tb.run(words, console.folder(), console.environment(), console.out(), console.err());
  }
}
