package dev.backfill.local;

import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.UUID;

/// Times and ids as the API writes them.
final class Clock {
  private static final DateTimeFormatter FORMAT =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSSSSS").withZone(ZoneOffset.UTC);
  private static final SecureRandom RANDOM = new SecureRandom();

  private Clock() {}

  /// UTC, with microseconds.
  static String now() {
    return FORMAT.format(Instant.now());
  }

  /// The moment that long ago.
  static String before(long millis) {
    return FORMAT.format(Instant.now().minusMillis(millis));
  }

  /// Of a Data Source, Pipe or node.
  static String resourceId() {
    return "t_" + hex(16);
  }

  /// Of a workspace or job.
  static String uuid() {
    return UUID.randomUUID().toString();
  }

  static String hex(int bytes) {
    var random = new byte[bytes];
    RANDOM.nextBytes(random);
    return HexFormat.of().formatHex(random);
  }
}
