package dev.backfill.cli;

import dev.backfill.journey.CleanupJourney;
import dev.backfill.journey.PlanFile;
import dev.backfill.report.CleanupReport;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `cleanup`.
@Command(
    name = "cleanup",
    mixinStandardHelpOptions = true,
    description = {
      "Makes the next change that ends a migration, as files of the work tree, when the evidence for"
          + " it is in the workspace: first the readers are switched to the new version, then the"
          + " sync and backfill Pipes go, then the old version. Each is a pull request of its own;"
          + " run it again after each deployment.",
      "Exit code 1 when evidence is missing, or when something that has to change is left to you"
          + " (by hand: ...); it says what. Remarks on what was written (note: ...) leave it 0."
    },
    footer = {
      "",
      "Example:",
      "  backfill cleanup && git commit -am 'Read the new version'",
      "  backfill cleanup --confirm producers_moved",
      "  backfill cleanup --abandon analytics_events_1"
    })
final class CleanupCommand implements Callable<Integer> {
  private final Console console;
  @Mixin private WorkspaceOptions workspace = new WorkspaceOptions();
  @Mixin private Vouching vouching = new Vouching();
  @Mixin private Output output = new Output();

  @Option(names = "--check", description = "Write nothing; say what would be changed.")
  private boolean check;

  @Option(
      names = "--abandon",
      paramLabel = "TARGET",
      description =
          "Take the migration back instead, before readers and producers have moved: the new version"
              + " goes with its rows, so its name has to be typed (several: once for each).")
  private List<String> abandon = List.of();

  CleanupCommand(Console console) {
    this.console = console;
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
      var journey =
          new CleanupJourney(
              workspace.tinybird(console, http),
              console::now,
              console.pause()::sleep,
              progress::event,
              console::cancelled);
      var where = workspace.location(console);
      var prepared =
          abandon.isEmpty()
              ? journey.next(core, where, wanted)
              : journey.abandon(core, where, wanted, Set.copyOf(abandon));
      progress.end();
      if (!check) {
        journey.remove(prepared);
      }
      var written =
          check
              ? prepared.changes().stream().map(c -> c.path()).toList()
              : CleanupJourney.write(prepared);
      var report =
          new CleanupReport(
              prepared.next(),
              prepared.status(),
              written,
              prepared.removed(),
              prepared.byHand(),
              prepared.lookAt(),
              prepared.removedClaims());
      console
          .out()
          .print(
              switch (output.format()) {
                case TEXT -> report.text(output.style(console));
                case JSON -> report.json();
                case MARKDOWN -> report.markdown();
              });
      return (prepared.whole() ? ExitStatus.DONE : ExitStatus.NO).code();
    } finally {
      progress.end();
    }
  }
}
