package dev.backfill.cli;

import dev.backfill.journey.EvidenceJourney;
import dev.backfill.journey.PlanFile;
import dev.backfill.journey.RehearseJourney;
import dev.backfill.report.RunJson;
import dev.backfill.report.RunMarkdown;
import dev.backfill.report.RunText;
import dev.backfill.run.RunOptions;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `rehearse`.
@Command(
    name = "rehearse",
    mixinStandardHelpOptions = true,
    description = {
      "Runs the backfill in the pull request's branch of the workspace: copies, appends rows past"
          + " the cutover, proves, and forecasts production.",
      "The branch is looked up, never made. Exit code 1 when the rehearsal doesn't count, or when the"
          + " main workspace's figures speak against the plan; nothing is rehearsed then before"
          + " backfill.yml answers."
    },
    footer = {"", "Example:", "  backfill rehearse --plan deploy/1.0.1/plan.json --pr 12"})
final class RehearseCommand implements Callable<Integer> {
  private static final Pattern PULL_REQUEST = Pattern.compile("refs/pull/(\\d{1,12})/(merge|head)");

  private final Console console;
  @Mixin private WorkspaceOptions workspace = new WorkspaceOptions();
  @Mixin private Output output = new Output();

  @Option(
      names = "--pr",
      paramLabel = "N",
      description = "Number of the pull request (default: from GITHUB_REF).")
  private Optional<Long> pullRequest = Optional.empty();

  @Option(
      names = "--branch",
      paramLabel = "NAME",
      description =
          "The branch of the workspace (default: the pull request's tmp_ci branch; without a pull"
              + " request the only tmp_ci branch there is).")
  private Optional<String> branch = Optional.empty();

  RehearseCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    var file = workspace.planFile(console);
    var core = PlanFile.read(file);
    var progress = output.progress(console);
    try (var http = workspace.http(console, progress)) {
      var defaults = RunOptions.of(Holder.name(console));
      var main = workspace.tinybird(console, http);
      EvidenceJourney.stopIfAgainst(file, core, main, progress::passing);
      var rehearsed =
          RehearseJourney.rehearse(
              core,
              main,
              token -> workspace.tinybird(console, http, token),
              new RehearseJourney.Wanted(branch, pullRequest.or(this::ofTheEvent)),
              new RunOptions(
                  defaults.holder(),
                  defaults.maxWait(),
                  defaults.requestDeadline(),
                  defaults.unreachable(),
                  false,
                  "backfill rehearse --plan " + Vouching.shown(file, console)),
              console::now,
              console.pause()::sleep,
              progress::event,
              console::cancelled);
      progress.end();
      console
          .out()
          .print(
              switch (output.format()) {
                case TEXT -> RunText.write(rehearsed, output.style(console));
                case JSON -> RunJson.write(rehearsed);
                case MARKDOWN -> RunMarkdown.write(rehearsed);
              });
      return rehearsed.counts() ? ExitStatus.DONE.code() : ExitStatus.NO.code();
    } finally {
      progress.end();
    }
  }

  private Optional<Long> ofTheEvent() {
    return console
        .variable("GITHUB_REF")
        .map(PULL_REQUEST::matcher)
        .filter(java.util.regex.Matcher::matches)
        .map(m -> Long.parseLong(m.group(1)));
  }
}
