package dev.backfill.cli;

import dev.backfill.failure.Failure;
import dev.backfill.http.Http;
import dev.backfill.http.Limits;
import dev.backfill.journey.EvidenceJourney;
import dev.backfill.journey.PlanJourney;
import dev.backfill.report.PlanReport;
import dev.backfill.survey.Deployed;
import dev.backfill.tinybird.Tinybird;
import dev.backfill.tinybird.http.Host;
import dev.backfill.tinybird.http.HttpTinybird;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Option;

/// A workspace that a plan is measured against, where there is one.
final class EvidenceOptions {
  @Option(
      names = "--host",
      paramLabel = "URL",
      description = {
        "The API's address (default: BACKFILL_HOST). With it and a token, the figures behind each"
            + " choice are read from the workspace and shown, names that are taken there stay free,"
            + " and what is being migrated there isn't planned again. Else the plan is the same."
      })
  private Optional<String> host = Optional.empty();

  @Option(
      names = "--token-env",
      paramLabel = "NAME",
      description =
          "Environment variable that holds the token (default: BACKFILL_TOKEN). A token is never"
              + " an argument.")
  private String tokenVariable = "BACKFILL_TOKEN";

  @Option(names = "--no-evidence", description = "Ask no workspace, whatever is set.")
  private boolean none;

  /// The plans as reports, with figures where a workspace is given.
  ///
  /// @throws Failure.Usage when one was asked for by option and can't be asked
  List<PlanReport> reports(
      Function<PlanJourney.Workspace, List<PlanJourney.Planned>> plans,
      Console console,
      Progress progress) {
    return asking(
        console,
        progress,
        tinybird ->
            plans.apply(names -> Deployed.of(tinybird, names)).stream()
                .map(p -> EvidenceJourney.with(p, tinybird, progress::passing))
                .toList(),
        () ->
            plans.apply(PlanJourney.Workspace.NONE).stream()
                .map(PlanJourney.Planned::report)
                .toList());
  }

  /// What is made of a workspace's names, where one is given, and of what adds its figures to a
  /// plan.
  ///
  /// @throws Failure.Usage when one was asked for by option and can't be asked
  <T> T knowing(
      BiFunction<PlanJourney.Workspace, UnaryOperator<PlanJourney.Planned>, T> made,
      Console console,
      Progress progress) {
    return asking(
        console,
        progress,
        tinybird ->
            made.apply(
                names -> Deployed.of(tinybird, names),
                planned ->
                    planned.showing(EvidenceJourney.with(planned, tinybird, progress::passing))),
        () -> made.apply(PlanJourney.Workspace.NONE, UnaryOperator.identity()));
  }

  /// Neither asked for nor declined.
  boolean untold(Console console) {
    return !none
        && (host.or(() -> console.variable("BACKFILL_HOST")).isEmpty()
            || console.variable(tokenVariable).isEmpty());
  }

  private <T> T asking(
      Console console, Progress progress, Function<Tinybird, T> asked, Supplier<T> offline) {
    var address = host.or(() -> console.variable("BACKFILL_HOST"));
    var token = console.variable(tokenVariable).map(String::strip);
    if (host.isPresent() && token.isEmpty()) {
      throw new Failure.Usage("no token: set the environment variable " + tokenVariable + ".");
    }
    if (none || address.isEmpty() || token.isEmpty()) {
      return offline.get();
    }
    try (var http =
        new Http(
            Limits.DEFAULT,
            console.pause(),
            (because, since, pause) -> progress.passing("waiting: " + because))) {
      return asked.apply(new HttpTinybird(http, Host.parse(address.get()), token.get()));
    } catch (Failure.Remote failure) {
      if (host.isPresent()) {
        throw failure;
      }
      progress.end();
      console
          .err()
          .println(
              "warning: no figures from the workspace, and its names aren't known: "
                  + failure.getMessage());
      return offline.get();
    } finally {
      progress.end();
    }
  }
}
