package dev.backfill.demo;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.SplittableRandom;

/// Events of an invented web site, each with its own number in the payload, so that plain SQL can
/// say afterwards which ones are lost and which are there twice.
final class Traffic {
  private static final DateTimeFormatter FORMAT =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");
  private static final String[] PAGES = {
    "/", "/pricing", "/docs", "/blog", "/docs/backfill", "/about", "/login", "/cart"
  };

  private final SplittableRandom random;
  private long next;

  Traffic(long seed) {
    random = new SplittableRandom(seed);
  }

  /// How many events were made so far; also the number of the last one.
  long made() {
    return next;
  }

  int below(int bound) {
    return random.nextInt(bound);
  }

  /// Appends one event as a line of NDJSON.
  void append(StringBuilder out, Instant at) {
    next++;
    var kind = random.nextInt(100);
    var action = kind < 80 ? "page_hit" : kind < 90 ? "click" : kind < 95 ? "scroll" : "purchase";
    out.append("{\"timestamp\":\"")
        .append(FORMAT.format(LocalDateTime.ofInstant(at, ZoneOffset.UTC)))
        .append("\",\"session_id\":\"s")
        .append(random.nextInt(50_000))
        .append("\",\"action\":\"")
        .append(action)
        .append("\",\"version\":\"")
        .append(1 + random.nextInt(3))
        .append("\",\"payload\":\"{\\\"id\\\":")
        .append(next)
        .append(",\\\"pathname\\\":\\\"")
        .append(PAGES[random.nextInt(PAGES.length)])
        .append('\\')
        .append('"');
    if (action.equals("purchase")) {
      // halves are exact in a Float64, so sums don't depend on the order of addition
      out.append(",\\\"amount\\\":").append(random.nextInt(20_000) / 2.0);
    }
    out.append("}\"}\n");
  }
}
