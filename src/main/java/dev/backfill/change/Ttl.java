package dev.backfill.change;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Reads how long a simple TTL keeps rows.
public final class Ttl {
  private static final Pattern SIMPLE =
      Pattern.compile("(.+?)\\s*\\+\\s*toInterval([A-Za-z]+)\\(\\s*([0-9]{1,9})\\s*\\)");

  /// The shortest each unit can be.
  private static final Map<String, Long> SECONDS =
      Map.of(
          "Second", 1L,
          "Minute", 60L,
          "Hour", 3_600L,
          "Day", 86_400L,
          "Week", 604_800L,
          "Month", 2_592_000L,
          "Quarter", 7_776_000L,
          "Year", 31_536_000L);

  private Ttl() {}

  /// @param ttl normalised text
  /// @return empty for rules that aren't `expression + toIntervalX(n)`
  public static Optional<Long> seconds(String ttl) {
    var matcher = SIMPLE.matcher(ttl.strip());
    return matcher.matches()
        ? Optional.ofNullable(SECONDS.get(matcher.group(2)))
            .map(s -> s * Long.parseLong(matcher.group(3)))
        : Optional.empty();
  }

  /// What the interval is added to; the whole rule when it isn't a simple one.
  public static String column(String ttl) {
    var matcher = SIMPLE.matcher(ttl.strip());
    return matcher.matches() ? matcher.group(1) : ttl;
  }
}
