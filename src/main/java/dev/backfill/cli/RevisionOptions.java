package dev.backfill.cli;

import dev.backfill.failure.Failure;
import dev.backfill.journey.PlanJourney;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// What is compared, and where the cutover lies.
final class RevisionOptions {
  @Mixin private ProjectOptions project = new ProjectOptions();

  @Option(
      names = "--base",
      paramLabel = "REV",
      description = "Revision to compare with (default: where head left origin/HEAD, else main).")
  private Optional<String> base = Optional.empty();

  @Option(
      names = "--head",
      paramLabel = "REV",
      description = "Revision that changes it (default: the work tree).")
  private Optional<String> head = Optional.empty();

  @Mixin private FetchOptions fetch = new FetchOptions();

  @Option(
      names = "--cutover",
      paramLabel = "+DURATION|INSTANT",
      description =
          "Where sync takes over from copy: so long after the deploy, such as +30m or +PT1H"
              + " (default: backfill.yml, else +30m), or an instant such as 2026-01-31T13:30:00Z.")
  private Optional<String> cutover = Optional.empty();

  PlanJourney.Request request(Console console) {
    var lead = cutover.filter(c -> c.startsWith("+")).map(c -> duration(c.substring(1)));
    var pinned = cutover.filter(c -> !c.startsWith("+")).map(RevisionOptions::instant);
    return new PlanJourney.Request(
        project.location(console).with(fetch.fetching(console)), base, head, lead, pinned);
  }

  private static Duration duration(String text) {
    return Durations.parse(text).orElseThrow(() -> wrong("+" + text));
  }

  private static Instant instant(String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeException e) {
      throw wrong(text);
    }
  }

  private static Failure.Usage wrong(String text) {
    return new Failure.Usage(
        "--cutover "
            + text
            + " is neither a duration such as +30m or +PT1H nor an instant such as"
            + " 2026-01-31T13:30:00Z.");
  }
}
