package dev.backfill.cli;

import dev.backfill.failure.Failure;
import dev.backfill.http.Http;
import dev.backfill.http.Limits;
import dev.backfill.journey.Location;
import dev.backfill.journey.PlanFile;
import dev.backfill.tinybird.Tinybird;
import dev.backfill.tinybird.http.Host;
import dev.backfill.tinybird.http.HttpTinybird;
import java.nio.file.Path;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Which workspace, and which plan.
final class WorkspaceOptions {
  private static final String HOST = "BACKFILL_HOST";

  @Mixin private ProjectOptions project = new ProjectOptions();

  @Option(
      names = "--plan",
      paramLabel = "FILE",
      description = "The plan (default: deploy/<VERSION of .tinyenv>/plan.json of the project).")
  private Optional<String> plan = Optional.empty();

  @Option(
      names = "--host",
      paramLabel = "URL",
      description = "The API's address (default: the environment variable " + HOST + ").")
  private Optional<String> host = Optional.empty();

  @Option(
      names = "--token-env",
      paramLabel = "NAME",
      description =
          "Environment variable that holds the token (default: BACKFILL_TOKEN). A token is never"
              + " an argument.")
  private String tokenVariable = "BACKFILL_TOKEN";

  Path planFile(Console console) {
    return plan.map(console.folder()::resolve)
        .orElseGet(
            () -> PlanFile.of(project.repo(console).resolve(project.projectDir().orElse("."))))
        .normalize();
  }

  /// The repository and the project in it.
  Location location(Console console) {
    return project.location(console);
  }

  /// @param progress is told while the host makes us wait
  Http http(Console console, Progress progress) {
    return new Http(
        Limits.DEFAULT,
        console.pause(),
        (because, since, pause) ->
            progress.passing(
                "waiting since " + since.truncatedTo(ChronoUnit.SECONDS) + ": " + because));
  }

  /// @throws Failure.Usage when host or token is missing
  Tinybird tinybird(Console console, Http http) {
    return tinybird(console, http, token(console));
  }

  /// The same host with another token.
  Tinybird tinybird(Console console, Http http, String token) {
    var address =
        host.or(() -> console.variable(HOST))
            .orElseThrow(() ->
                new Failure.Usage(
                    "which workspace? Give the API's address with --host or "
                        + HOST
                        + ", such as https://api.tinybird.co."));
    return new HttpTinybird(http, Host.parse(address), token);
  }

  private String token(Console console) {
    return console
        .variable(tokenVariable)
        .map(String::strip)
        .orElseThrow(() ->
            new Failure.Usage(
                "no token: set the environment variable "
                    + tokenVariable
                    + ", or name another one with --token-env."));
  }
}
