package dev.backfill.local;

import java.math.BigInteger;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.UUID;
import java.util.function.LongSupplier;

/// The workspace's clock, which a fault moves, and ids as the API writes them.
final class Clock {
  /// The machine's own.
  static final Clock SYSTEM = new Clock(() -> 0);

  private static final DateTimeFormatter FORMAT =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSSSSS").withZone(ZoneOffset.UTC);
  private static final String CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  private static final SecureRandom RANDOM = new SecureRandom();
  private final LongSupplier offset;

  /// @param offset seconds that it is ahead of the machine's
  Clock(LongSupplier offset) {
    this.offset = offset;
  }

  /// UTC, with microseconds.
  String now() {
    return before(0);
  }

  /// The moment that long ago.
  String before(long millis) {
    return FORMAT.format(instant().minusMillis(millis));
  }

  LocalDateTime utc() {
    return LocalDateTime.ofInstant(instant(), ZoneOffset.UTC);
  }

  private Instant instant() {
    return Instant.now().plusSeconds(offset.getAsLong());
  }

  /// Of a Data Source, Pipe or node.
  static String resourceId() {
    return "t_" + hex(16);
  }

  /// Of a workspace or job.
  static String uuid() {
    return UUID.randomUUID().toString();
  }

  /// Of a request: a ULID.
  static String requestId() {
    var random = new byte[10];
    RANDOM.nextBytes(random);
    var number =
        BigInteger.valueOf(Instant.now().toEpochMilli())
            .shiftLeft(80)
            .or(new BigInteger(1, random));
    var text = new char[26];
    for (var i = 0; i < text.length; i++) {
      text[25 - i] = CROCKFORD.charAt(number.shiftRight(5 * i).intValue() & 31);
    }
    return new String(text);
  }

  static String hex(int bytes) {
    var random = new byte[bytes];
    RANDOM.nextBytes(random);
    return HexFormat.of().formatHex(random);
  }
}
