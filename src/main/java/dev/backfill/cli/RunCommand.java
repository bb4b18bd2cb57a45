package dev.backfill.cli;

import dev.backfill.journey.PlanFile;
import dev.backfill.journey.RunJourney;
import dev.backfill.report.RunJson;
import dev.backfill.report.RunMarkdown;
import dev.backfill.report.RunText;
import dev.backfill.run.Outcome;
import dev.backfill.run.RunOptions;
import dev.backfill.status.Confirmation;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `run`.
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = {
      "The production backfill: waits for the cutover, copies in chunks, sweeps late rows, proves.",
      "Killed or interrupted, the same command goes on where it stopped. When there is nothing to"
          + " do before an instant that is far away, it says so and ends with 0."
    },
    footer = {
      "",
      "Example:",
      "  BACKFILL_TOKEN=... backfill run --host https://api.tinybird.co --plan"
          + " deploy/1.0.1/plan.json"
    })
final class RunCommand implements Callable<Integer> {
  private final Console console;
  @Mixin private WorkspaceOptions workspace = new WorkspaceOptions();
  @Mixin private Confirmations confirmations = new Confirmations();
  @Mixin private Output output = new Output();

  @Option(names = "--dry-run", description = "Say what would be done, and change nothing.")
  private boolean dryRun;

  @Option(
      names = "--max-wait",
      paramLabel = "DURATION",
      description =
          "How long to wait for the cutover or somebody else's run before coming back later, such"
              + " as 30m (default: 1h).")
  private Optional<String> maxWait = Optional.empty();

  RunCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    var file = workspace.planFile(console);
    var core = PlanFile.read(file);
    var progress = output.progress(console);
    try (var http = workspace.http(console, progress)) {
      var defaults = RunOptions.of(Holder.name(console));
      var options =
          new RunOptions(
              defaults.holder(),
              maxWait.map(m -> duration(m)).orElse(defaults.maxWait()),
              defaults.requestDeadline(),
              defaults.unreachable(),
              dryRun,
              confirmations.directWrites(),
              confirmations.says(Confirmation.CHANGES_REPEATED),
              confirmations.says(Confirmation.VIEWS_KEEP_DELETED),
              "backfill run --plan " + Vouching.shown(file, console));
      var outcome =
          RunJourney.run(
              core,
              workspace.tinybird(console, http),
              options,
              console::now,
              console.pause()::sleep,
              progress::event,
              console::cancelled);
      progress.end();
      console
          .out()
          .print(
              switch (output.format()) {
                case TEXT -> RunText.write(outcome, output.style(console));
                case JSON -> RunJson.write(outcome);
                case MARKDOWN -> RunMarkdown.write(outcome);
              });
      return status(outcome).code();
    } finally {
      progress.end();
    }
  }

  private static Duration duration(String text) {
    return Durations.parse(text)
        .orElseThrow(() ->
            new dev.backfill.failure.Failure.Usage(
                "--max-wait " + text + " is no duration such as 30m or PT1H."));
  }

  static ExitStatus status(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Done _, Outcome.ComeBackAt _, Outcome.Planned _, Outcome.Over _ ->
          ExitStatus.DONE;
      case Outcome.NotReady _ -> ExitStatus.NO;
    };
  }
}
