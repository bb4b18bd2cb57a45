package dev.backfill.cli;

import dev.backfill.failure.Failure;
import dev.backfill.journey.PlanFile;
import dev.backfill.journey.VerifyJourney;
import dev.backfill.proof.Judgement;
import dev.backfill.proof.ProofReport;
import dev.backfill.report.RunJson;
import dev.backfill.report.RunMarkdown;
import dev.backfill.report.RunText;
import dev.backfill.status.Confirmation;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `verify`.
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description = {
      "Proves that the targets of a plan hold their sources, or compares any two Data Sources over"
          + " a half-open range. Changes nothing.",
      "Exit code 1 when rows are missing or surplus, or when it can't tell."
    },
    footer = {
      "",
      "Example:",
      "  backfill verify --plan deploy/1.0.1/plan.json",
      "  backfill verify --source events --target events_1 --timestamp ts"
          + " --until 2026-01-31T00:00:00Z"
    })
final class VerifyCommand implements Callable<Integer> {
  private final Console console;
  @Mixin private WorkspaceOptions workspace = new WorkspaceOptions();
  @Mixin private Confirmations confirmations = new Confirmations();
  @Mixin private Output output = new Output();

  @Option(
      names = "--source",
      paramLabel = "NAME",
      description = "Data Source whose rows are expected, instead of a plan's.")
  private Optional<String> source = Optional.empty();

  @Option(names = "--target", paramLabel = "NAME", description = "Data Source that must hold them.")
  private Optional<String> target = Optional.empty();

  @Option(
      names = "--timestamp",
      paramLabel = "COLUMN",
      description = "Column that the range is about.")
  private Optional<String> timestamp = Optional.empty();

  @Option(names = "--from", paramLabel = "INSTANT", description = "Where the range begins.")
  private Optional<String> from = Optional.empty();

  @Option(names = "--until", paramLabel = "INSTANT", description = "The first instant after it.")
  private Optional<String> until = Optional.empty();

  VerifyCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    if (source.isPresent() != target.isPresent()) {
      throw new Failure.Usage("--source and --target go together.");
    }
    var core =
        source.isPresent()
            ? Optional.<dev.backfill.plan.PlanCore>empty()
            : Optional.of(PlanFile.read(workspace.planFile(console)));
    var progress = output.progress(console);
    try (var http = workspace.http(console, progress)) {
      var journey =
          new VerifyJourney(
              workspace.tinybird(console, http),
              console::now,
              console.pause()::sleep,
              progress::event,
              console::cancelled);
      var proofs =
          core.map(c ->
                  journey.verify(
                      c,
                      confirmations.directWrites(),
                      confirmations.says(Confirmation.VIEWS_KEEP_DELETED)))
              .orElseGet(() ->
                  List.of(
                      journey.verify(
                          source.orElseThrow(),
                          target.orElseThrow(),
                          timestamp,
                          from.map(t -> instant("--from", t)),
                          until.map(t -> instant("--until", t)))));
      progress.end();
      console
          .out()
          .print(
              switch (output.format()) {
                case TEXT ->
                    RunText.write(
                        proofs,
                        core.map(_ ->
                            "backfill run --plan "
                                + Vouching.shown(workspace.planFile(console), console)),
                        output.style(console));
                case JSON -> RunJson.write(proofs);
                case MARKDOWN -> RunMarkdown.write(proofs);
              });
      return Judgement.worst(proofs.stream().map(ProofReport::judgement).toList())
              == Judgement.CONTAINED
          ? ExitStatus.DONE.code()
          : ExitStatus.NO.code();
    } finally {
      progress.end();
    }
  }

  private static Instant instant(String option, String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeException e) {
      throw new Failure.Usage(option + " " + text + " is no instant such as 2026-01-31T13:30:00Z.");
    }
  }
}
