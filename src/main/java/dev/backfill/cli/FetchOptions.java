package dev.backfill.cli;

import dev.backfill.revision.Fetching;
import java.util.Optional;
import picocli.CommandLine.Option;

/// Whether what a shallow clone lacks may be fetched.
final class FetchOptions {
  @Option(
      names = "--fetch",
      negatable = true,
      arity = "0",
      description = {
        "Fetch from origin what a shallow clone lacks (default: where CI is set, not elsewhere).",
        "GITHUB_TOKEN is used if origin is on GITHUB_SERVER_URL."
      })
  private Optional<Boolean> fetch = Optional.empty();

  Fetching fetching(Console console) {
    var inCi = console.variable("CI").filter(v -> !v.equals("false")).isPresent();
    return fetch.orElse(inCi)
        ? new Fetching.FromOrigin(token(console), line -> console.err().println(line + " ..."))
        : new Fetching.Never();
  }

  private static Optional<Fetching.Token> token(Console console) {
    var server = console.variable("GITHUB_SERVER_URL").orElse("https://github.com");
    var host = server.replaceFirst("^[a-z]+://", "").replaceFirst("[:/].*$", "");
    return console.variable("GITHUB_TOKEN").map(secret -> new Fetching.Token(host, secret));
  }
}
