package dev.backfill.cli;

import dev.backfill.journey.PlanFile;
import dev.backfill.journey.StatusJourney;
import dev.backfill.report.StatusReport;
import dev.backfill.status.Status;
import dev.backfill.status.Step;
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

  /// Nothing of it is in the workspace.
  private static boolean undone(Status status) {
    return status.steps().stream()
        .anyMatch(s -> s.id().equals("deploy") && s.state() == Step.State.NOW);
  }

  @Override
  public Integer call() {
    var file = workspace.planFile(console);
    var plan = PlanFile.find(file);
    var core = plan.core();
    var wanted = vouching.wanted(PlanFile.quiet(file), console, file);
    var progress = output.progress(console);
    plan.removed().ifPresent(what -> progress.lasting(what + ": looking at what it was."));
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
                case TEXT ->
                    plan.removed().isPresent() && undone(status)
                        ? "over in %s: the plan is gone, and so is whatever it deployed.\n"
                            .formatted(status.workspace())
                        : StatusReport.text(status, output.style(console));
                case JSON -> StatusReport.json(status);
                case MARKDOWN -> StatusReport.markdown(status);
              });
      return (status.stuck() ? ExitStatus.NO : ExitStatus.DONE).code();
    } finally {
      progress.end();
    }
  }
}
