package dev.backfill.cli;

import dev.backfill.journey.GenerateJourney;
import dev.backfill.report.GenerateReport;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `generate`.
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    description = {
      "Writes the files of the plan into the work tree: all of them or none.",
      "What a person has edited is kept and reported; then nothing is written.",
      "With a workspace (--host, or BACKFILL_HOST and a token) its figures are read first: where they"
          + " speak against the plan's choice, nothing is written before backfill.yml answers."
    },
    footer = {"", "Example:", "  backfill generate --base main", "  backfill generate --check"})
final class GenerateCommand implements Callable<Integer> {
  private final Console console;
  @Mixin private RevisionOptions revisions = new RevisionOptions();
  @Mixin private EvidenceOptions evidence = new EvidenceOptions();
  @Mixin private Output output = new Output();

  @Option(
      names = "--check",
      description = "Write nothing; exit code 1 if a file is missing or stale.")
  private boolean check;

  @Option(names = "--force", description = "Overwrite generated files that a person has edited.")
  private boolean force;

  GenerateCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    var generated =
        evidence.knowing(
            (workspace, measured) ->
                GenerateJourney.generate(
                    revisions.request(console), workspace, check, force, console.now(), measured),
            console,
            output.progress(console));
    var report =
        new GenerateReport(
            generated.report(),
            check,
            generated.written(),
            generated.unfinished(),
            generated.edited());
    console
        .out()
        .print(
            switch (output.format()) {
              case TEXT -> report.text(output.style(console));
              case JSON -> report.json();
              case MARKDOWN -> report.markdown();
            });
    return report.done() ? ExitStatus.DONE.code() : ExitStatus.NO.code();
  }
}
