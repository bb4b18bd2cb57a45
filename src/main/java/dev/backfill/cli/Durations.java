package dev.backfill.cli;

import java.time.DateTimeException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Durations as people write them.
final class Durations {
  private static final Pattern SHORT = Pattern.compile("(\\d{1,6})(s|m|min|h|d)");

  private Durations() {}

  /// `90s`, `30m`, `2h`, `7d` or ISO-8601; empty when it is none, or negative.
  static Optional<Duration> parse(String text) {
    var matcher = SHORT.matcher(text);
    if (matcher.matches()) {
      var amount = Long.parseLong(matcher.group(1));
      return Optional.of(
          switch (matcher.group(2)) {
            case "s" -> Duration.ofSeconds(amount);
            case "h" -> Duration.ofHours(amount);
            case "d" -> Duration.ofDays(amount);
            default -> Duration.ofMinutes(amount);
          });
    }
    try {
      return Optional.of(Duration.parse(text.toUpperCase(Locale.ROOT)))
          .filter(d -> !d.isNegative());
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }
}
