package dev.backfill.http;

import java.time.Duration;

/// How patient we are with another system.
///
/// @param connect until a connection stands
/// @param answer until the whole answer of one attempt is there
/// @param attempts at most this many for one request, the first included; at least 1
/// @param longestPause a server that asks for a longer pause gets none: the caller is told instead
/// @param bytes largest answer we take
public record Limits(
    Duration connect, Duration answer, int attempts, Duration longestPause, long bytes) {
  /// A query may run 10 s on the server by default and 100 MB is the largest result it gives.
  public static final Limits DEFAULT =
      new Limits(
          Duration.ofSeconds(10),
          Duration.ofSeconds(90),
          7,
          Duration.ofMinutes(2),
          128L * 1024 * 1024);

  public Limits {
    if (attempts < 1 || bytes < 1) {
      throw new IllegalArgumentException("attempts " + attempts + ", bytes " + bytes);
    }
  }
}
