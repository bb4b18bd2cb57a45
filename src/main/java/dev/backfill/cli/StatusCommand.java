package dev.backfill.cli;

import dev.backfill.journey.PlanFile;
import dev.backfill.journey.StatusJourney;
import dev.backfill.report.StatusReport;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `status`.
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = {
      "Says what of a plan is done, what is next, whose turn it is and until when, from what the"
          + " workspace shows. Changes nothing and needs no checkout, only the plan.",
      "Exit code 1 when something is wrong that has to be mended first."
    },
    footer = {
      "",
      "Example:",
      "  backfill status --plan deploy/1.0.1/plan.json",
      "  backfill status --confirm producers_moved"
    })
final class StatusCommand implements Callable<Integer> {
  private final Console console;
  @Mixin private WorkspaceOptions workspace = new WorkspaceOptions();
  @Mixin private Vouching vouching = new Vouching();
  @Mixin private Output output = new Output();

  @Option(
      names = "--no-compare",
      description = "Don't read the rows of both sides; whether any is missing stays open then.")
  private boolean noCompare;

  StatusCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    var file = workspace.planFile(console);
    var core = PlanFile.read(file);
    var wanted = vouching.wanted(PlanFile.quiet(file), console, file);
    var progress = output.progress(console);
    try (var http = workspace.http(console, progress)) {
      var status =
          StatusJourney.status(
              core,
              workspace.tinybird(console, http),
              wanted,
              !noCompare,
              console::now,
              console.pause()::sleep,
              progress::event,
              console::cancelled);
      progress.end();
      console
          .out()
          .print(
              switch (output.format()) {
                case TEXT -> StatusReport.text(status, output.style(console));
                case JSON -> StatusReport.json(status);
                case MARKDOWN -> StatusReport.markdown(status);
              });
      return (status.stuck() ? ExitStatus.NO : ExitStatus.DONE).code();
    } finally {
      progress.end();
    }
  }
}
