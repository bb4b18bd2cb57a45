package dev.backfill.github.http;

import dev.backfill.failure.Failure.Kind;
import dev.backfill.http.Limits;
import dev.backfill.http.Manners;
import dev.backfill.http.Request.Effect;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// GitHub's: 403 and 429 may both be a limit, and then nothing was done. `Retry-After` counts; with
/// `x-ratelimit-remaining: 0` it's the time in `x-ratelimit-reset`; a secondary limit without
/// either asks for a minute, and more each time (GitHub's documents, "Best practices for using the
/// REST API").
public final class GitHubManners implements Manners {
  /// The hourly limit may ask for up to an hour; a job that sleeps longer than this is better told.
  public static final Limits LIMITS =
      new Limits(
          Duration.ofSeconds(10),
          Duration.ofSeconds(60),
          6,
          Duration.ofMinutes(15),
          64L * 1024 * 1024);

  private static final String VERSION = "2022-11-28";
  private static final Duration SECONDARY = Duration.ofMinutes(1);
  private static final Pattern LIMIT =
      Pattern.compile("rate limit|abuse detection|submitted too quickly", Pattern.CASE_INSENSITIVE);
  // GitHub answers these as 422 or 409 on a write, though nothing is wrong with the request
  private static final Pattern PROTECTED =
      Pattern.compile(
          "protected branch|rule violations?|changes must be made through",
          Pattern.CASE_INSENSITIVE);

  @Override
  public Map<String, String> headers() {
    return Map.of("Accept", "application/vnd.github+json", "X-GitHub-Api-Version", VERSION);
  }

  @Override
  public Meaning meaning(Refusal refusal, Instant now) {
    var status = refusal.status();
    if (limited(refusal)) {
      return new Meaning(Kind.WAIT, true, Optional.of(pause(refusal, now)), advice(Kind.WAIT));
    }
    if (status >= 500 || status == 408) {
      // A gateway that gives up says nothing about what happened behind it.
      return refusal.effect() == Effect.ONCE
          ? new Meaning(Kind.LOST, false, Optional.empty(), advice(Kind.LOST))
          : new Meaning(Kind.WAIT, true, asked(refusal), advice(Kind.WAIT));
    }
    var kind =
        switch (status) {
          case 401, 403, 451 -> Kind.FORBIDDEN;
          case 404, 410 -> Kind.NOT_FOUND;
          case 409, 422 ->
              PROTECTED.matcher(refusal.text()).find()
                  ? Kind.FORBIDDEN
                  : status == 409 ? Kind.CONFLICT : Kind.PERMANENT;
          default -> Kind.PERMANENT;
        };
    return new Meaning(kind, false, Optional.empty(), advice(kind, refusal));
  }

  private static boolean limited(Refusal refusal) {
    var status = refusal.status();
    return status == 429
        || (status == 403
            && (refusal.header("retry-after").isPresent() || LIMIT.matcher(refusal.text()).find()));
  }

  private static Duration pause(Refusal refusal, Instant now) {
    return asked(refusal)
        .or(() ->
            refusal
                .header("x-ratelimit-remaining")
                .filter("0"::equals)
                .flatMap(_ -> refusal.number("x-ratelimit-reset"))
                .map(reset ->
                    atLeastOneSecond(
                        Duration.between(
                            serverTime(refusal).orElse(now), Instant.ofEpochSecond(reset)))))
        .orElseGet(() -> SECONDARY.multipliedBy(1L << Math.min(refusal.attempt() - 1, 4)));
  }

  private static Optional<Duration> asked(Refusal refusal) {
    return refusal
        .number("retry-after")
        .filter(seconds -> seconds < 1_000_000_000)
        .map(seconds -> atLeastOneSecond(Duration.ofSeconds(seconds)));
  }

  private static Duration atLeastOneSecond(Duration duration) {
    return duration.compareTo(Duration.ofSeconds(1)) < 0 ? Duration.ofSeconds(1) : duration;
  }

  /// The reset is on GitHub's clock, so its own idea of now is the one to compare with.
  private static Optional<Instant> serverTime(Refusal refusal) {
    return refusal
        .header("date")
        .flatMap(date -> {
          try {
            return Optional.of(
                ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
          } catch (DateTimeException e) {
            return Optional.empty();
          }
        });
  }

  private static String advice(Kind kind, Refusal refusal) {
    if (refusal.status() == 401) {
      return "The token is wrong or has ended: check the input `token`.";
    }
    if (refusal.status() >= 300 && refusal.status() < 400) {
      return "The repository was moved or renamed, or this isn't the API's address; redirects are"
          + " not followed.";
    }
    if (kind == Kind.FORBIDDEN) {
      return refusal
          .header("x-accepted-github-permissions")
          .filter(permissions -> permissions.matches("[a-z_=,; ]{3,200}"))
          .map(permissions ->
              "The token would need "
                  + permissions
                  + ": give the job these `permissions`. On a pull request from a fork they are"
                  + " never given.")
          .orElse(
              "Give the job the `permissions` it needs. On a pull request from a fork they are"
                  + " never given.");
    }
    return kind == Kind.PERMANENT
        ? "Doing it again will not help."
        : new GitHubManners().advice(kind);
  }

  @Override
  public String advice(Kind kind) {
    return switch (kind) {
      case SIZE -> "Ask for less at once.";
      case WAIT -> "Try again later.";
      case NOT_FOUND -> "It isn't there, or the token doesn't see it.";
      case CONFLICT -> "Somebody else changed it at the same time: look at it again.";
      case FORBIDDEN -> "Give the job the `permissions` it needs.";
      case LOST -> "It may have been done: look before doing it again.";
      case UNREACHABLE -> "Check GITHUB_API_URL and the network.";
      case PERMANENT -> "Doing it again will not help.";
    };
  }
}
