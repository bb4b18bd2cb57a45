package dev.backfill.http;

import dev.backfill.failure.Failure.Kind;
import dev.backfill.http.Request.Effect;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Tinybird's: 403 may be a quota, the text tells what was too much, `Retry-After` and
/// `X-RateLimit-Reset` are both seconds to wait.
final class TinybirdManners implements Manners {
  // The status of a memory failure is not documented, so the text decides (ClickHouse 241); time is
  // 408 or 159, parts are 252.
  private static final Pattern TOO_MUCH =
      Pattern.compile(
          "memory limit|MEMORY_LIMIT_EXCEEDED|TIMEOUT_EXCEEDED|timeout exceeded"
              + "|execution time exceeded|TOO_MANY_PARTS|too many parts"
              + "|too many partitions|TOO_MANY_ROWS_OR_BYTES|result exceeded",
          Pattern.CASE_INSENSITIVE);
  // Quota answers come as 403 (tinybird-api 1.5); the number allowed depends on the plan.
  private static final Pattern COPY_QUOTA =
      Pattern.compile(
          "maximum number of copy jobs|copy job.{0,80}(quota|limit|concurren)",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  @Override
  public Map<String, String> headers() {
    return Map.of();
  }

  @Override
  public Meaning meaning(Refusal refusal, Instant now) {
    var status = refusal.status();
    var code = refusal.number("x-db-exception-code").orElse(0L);
    var kind = kind(refusal.effect(), status, code.intValue(), refusal.text());
    var again =
        status == 429
            || (kind == Kind.WAIT && refusal.effect() == Effect.REPEATABLE && status >= 500);
    return new Meaning(
        kind,
        again,
        pause(refusal),
        status >= 300 && status < 400
            ? "Give the API host itself; redirects are not followed."
            : advice(kind));
  }

  private static Optional<Duration> pause(Refusal refusal) {
    var status = refusal.status();
    if (status != 429 && status != 503 && status != 403) {
      return Optional.empty();
    }
    return refusal
        .number("retry-after")
        .or(() -> status == 429 ? refusal.number("x-ratelimit-reset") : Optional.empty())
        // more digits would be a time, not a pause
        .filter(seconds -> seconds < 1_000_000_000)
        // a server that says 0 would be asked again at once, for ever
        .map(seconds -> Duration.ofSeconds(Math.max(1, seconds)));
  }

  /// @param databaseCode ClickHouse's number, 0 when unknown
  private static Kind kind(Effect effect, int status, int databaseCode, String text) {
    if (status == 429) {
      return Kind.WAIT;
    }
    // A gateway that gives up says nothing about what happened behind it.
    if (effect == Effect.ONCE && (status >= 500 || status == 408)) {
      return Kind.LOST;
    }
    if (databaseCode == 241
        || databaseCode == 159
        || databaseCode == 252
        || status == 408
        || status == 413
        || ((status == 400 || status >= 500) && TOO_MUCH.matcher(text).find())) {
      return Kind.SIZE;
    }
    if (status >= 500) {
      return Kind.WAIT;
    }
    return switch (status) {
      case 401, 403 -> COPY_QUOTA.matcher(text).find() ? Kind.WAIT : Kind.FORBIDDEN;
      case 404 -> Kind.NOT_FOUND;
      case 409 -> Kind.CONFLICT;
      default -> Kind.PERMANENT;
    };
  }

  @Override
  public String advice(Kind kind) {
    return switch (kind) {
      case SIZE -> "Ask for less at once.";
      case WAIT -> "Try again later.";
      case NOT_FOUND -> "Check the name and that the host is the workspace's region.";
      case CONFLICT -> "Look at what has the name or depends on it.";
      case FORBIDDEN ->
          "Check that the token is of this workspace (or branch) and region and has the scope.";
      case LOST -> "It may have been done: look before doing it again.";
      case UNREACHABLE -> "Check the host and the network.";
      case PERMANENT -> "Doing it again will not help.";
    };
  }
}
