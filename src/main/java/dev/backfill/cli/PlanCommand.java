package dev.backfill.cli;

import dev.backfill.change.Verdict;
import dev.backfill.failure.Failure;
import dev.backfill.journey.PlanJourney;
import dev.backfill.report.Explanation;
import dev.backfill.report.PlanJson;
import dev.backfill.report.PlanMarkdown;
import dev.backfill.report.PlanReport;
import dev.backfill.report.PlanText;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `plan`.
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    description = {
      "Compares two revisions, says what every change asks for, and plans the migrations.",
      "Writes nothing. Exit code 1 when the change is refused."
    },
    footer = {
      "",
      "Example:",
      "  backfill plan --base main --format json",
      "  backfill plan --explain quarantine_possible"
    })
final class PlanCommand implements Callable<Integer> {
  private final Console console;
  @Mixin private RevisionOptions revisions = new RevisionOptions();
  @Mixin private EvidenceOptions evidence = new EvidenceOptions();
  @Mixin private Output output = new Output();

  @Option(
      names = "--explain",
      paramLabel = "CODE",
      description = "Explains a problem's or warning's code instead, such as second_feed.")
  private Optional<String> explain = Optional.empty();

  PlanCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    if (explain.isPresent()) {
      console.out().print(explanation(explain.get()));
      return ExitStatus.DONE.code();
    }
    var reports =
        evidence.reports(
            workspace -> PlanJourney.planAll(revisions.request(console), workspace),
            console,
            output.progress(console));
    console.out().print(text(reports));
    if (output.format() == Format.TEXT
        && evidence.untold(console)
        && reports.stream().anyMatch(r -> !r.plan().core().migrations().isEmpty())) {
      console
          .err()
          .println(
              "note: planned from the files alone. With BACKFILL_HOST and BACKFILL_TOKEN the figures"
                  + " behind each choice are read from the workspace; --no-evidence leaves them out.");
    }
    // Not in the plan itself, which is the same at any time of day.
    reports.stream()
        .map(r -> r.plan().core())
        .filter(core -> !core.migrations().isEmpty())
        .flatMap(core -> core.cutover().pinned().stream())
        .filter(t -> t.isBefore(console.now()))
        .findFirst()
        .ifPresent(t ->
            console
                .err()
                .println(
                    "warning: the cutover "
                        + t
                        + " is in the past; generate and deploy.sh refuse it. Give a later --cutover, or"
                        + " leave it out and let deploy.sh bind it."));
    return reports.stream().anyMatch(r -> r.plan().verdict() == Verdict.REFUSE)
        ? ExitStatus.NO.code()
        : ExitStatus.DONE.code();
  }

  private String explanation(String code) {
    var explanation =
        Explanation.of(code)
            .orElseThrow(() -> {
              var near = NearMisses.of(code, Explanation.all().keySet());
              return new Failure.Usage(
                  "`"
                      + code
                      + "` isn't a code of this program."
                      + (near.isEmpty()
                          ? " `plan` and `check` print the codes of what they find."
                          : " Did you mean " + String.join(" or ", near) + "?"));
            });
    return switch (output.format()) {
      case JSON -> explanation.json();
      case MARKDOWN -> explanation.markdown();
      case TEXT -> explanation.text(output.style(console));
    };
  }

  private String text(List<PlanReport> reports) {
    var several = reports.size() > 1;
    return switch (output.format()) {
      case JSON -> several ? PlanJson.write(reports) : PlanJson.write(reports.getFirst());
      case MARKDOWN ->
          reports.stream().map(r -> PlanMarkdown.write(r, "")).collect(Collectors.joining("\n"));
      case TEXT ->
          reports.stream()
              .map(r ->
                  (several ? PlanText.line(r.projectDir()) + ": " : "")
                      + PlanText.write(r, output.style(console)))
              .collect(Collectors.joining("\n"));
    };
  }
}
