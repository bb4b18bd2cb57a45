package dev.backfill.cli;

import dev.backfill.journey.CheckJourney;
import dev.backfill.report.CheckReport;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `check`.
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    description = "Reads the whole data project and reports every problem with file and line.",
    footer = {"", "Example:", "  backfill check --head origin/my-branch"})
final class CheckCommand implements Callable<Integer> {
  private final Console console;
  @Mixin private ProjectOptions project = new ProjectOptions();
  @Mixin private Output output = new Output();

  @Option(
      names = "--head",
      paramLabel = "REV",
      description = "Revision to read (default: the work tree).")
  private Optional<String> head = Optional.empty();

  @Mixin private FetchOptions fetch = new FetchOptions();

  CheckCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    var checked =
        CheckJourney.check(project.location(console).with(fetch.fetching(console)), head).stream()
            .map(c ->
                new CheckReport(
                    c.revision(), c.projectDir(), c.dataSources(), c.pipes(), c.problems()))
            .toList();
    console
        .out()
        .print(
            switch (output.format()) {
              case TEXT -> CheckReport.text(checked, output.style(console));
              case JSON -> CheckReport.json(checked);
              case MARKDOWN -> CheckReport.markdown(checked);
            });
    return checked.stream().anyMatch(CheckReport::broken)
        ? ExitStatus.UNREADABLE.code()
        : ExitStatus.DONE.code();
  }
}
