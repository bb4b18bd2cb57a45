package dev.backfill.local;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// How often something may be done in a minute.
final class Rates {
  private static final long WINDOW = TimeUnit.MINUTES.toNanos(1);
  private final Map<String, ArrayDeque<Long>> taken = new HashMap<>();

  /// @param most in a minute; 0 for any number
  /// @throws Refusal 429 with the platform's headers
  synchronized void take(String what, int most) {
    if (most == 0) {
      return;
    }
    var now = System.nanoTime();
    var times = taken.computeIfAbsent(what, _ -> new ArrayDeque<>());
    while (!times.isEmpty() && now - times.getFirst() >= WINDOW) {
      times.removeFirst();
    }
    if (times.size() >= most) {
      var reset = 1 + TimeUnit.NANOSECONDS.toSeconds(WINDOW - (now - times.getFirst()));
      throw new Refusal(
          429,
          "Too many requests: at most " + most + " a minute",
          Map.of(
              "X-RateLimit-Limit", Integer.toString(most),
              "X-RateLimit-Remaining", "0",
              "X-RateLimit-Reset", Long.toString(reset),
              "Retry-After", Long.toString(reset)));
    }
    times.add(now);
  }
}
