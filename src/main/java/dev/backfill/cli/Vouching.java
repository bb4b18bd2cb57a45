package dev.backfill.cli;

import dev.backfill.failure.Failure;
import dev.backfill.status.Wanted;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// What is said of a hand-over, as opposed to seen.
final class Vouching {
  @Mixin private Confirmations confirmations = new Confirmations();

  @Option(
      names = "--quiet-for",
      paramLabel = "DURATION",
      description =
          "How long the old version must have been without writes before its feeds go, such as 7d"
              + " (default: quiet of backfill.yml, else 7d).")
  private Optional<String> quiet = Optional.empty();

  /// @param configured what the settings say
  Wanted wanted(Duration configured, Console console, Path plan) {
    return new Wanted(
        quiet
            .map(q ->
                Durations.parse(q)
                    .orElseThrow(() ->
                        new Failure.Usage(
                            "--quiet-for " + q + " is no duration such as 7d or PT12H.")))
            .orElse(configured),
        confirmations.names(),
        shown(plan, console));
  }

  /// A plan's file as an argument of a command.
  static String shown(Path plan, Console console) {
    return word(
        (plan.startsWith(console.folder()) ? console.folder().relativize(plan) : plan).toString());
  }

  private static String word(String text) {
    return text.matches("[A-Za-z0-9_./:=+,@-]+") && !text.startsWith("-")
        ? text
        : "'" + text.replace("'", "'\\''") + "'";
  }
}
