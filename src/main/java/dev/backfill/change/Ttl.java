package dev.backfill.change;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Reads how long a simple TTL keeps rows.
public final class Ttl {
  private static final Pattern SIMPLE =
      Pattern.compile("(.+?)\\s*\\+\\s*toInterval([A-Za-z]+)\\(\\s*([0-9]{1,9})\\s*\\)");

  /// About how long each unit is.
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

  private static final long DAY = 86_400;

  private Ttl() {}

  /// About how long rows are kept, for people; [#keepsAtLeast] compares.
  ///
  /// @param ttl normalised text
  /// @return empty for rules that aren't `expression + toIntervalX(n)`
  public static Optional<Long> seconds(String ttl) {
    var matcher = SIMPLE.matcher(ttl.strip());
    return matcher.matches()
        ? Optional.ofNullable(SECONDS.get(matcher.group(2)))
            .map(s -> s * Long.parseLong(matcher.group(3)))
        : Optional.empty();
  }

  /// Whether no row that one rule keeps is deleted by another, whatever the month: `1 month` may be
  /// 28 days. What the intervals are added to isn't compared.
  ///
  /// @return false too for rules that aren't `expression + toIntervalX(n)`
  public static boolean keepsAtLeast(String ttl, String other) {
    var a = interval(ttl);
    var b = interval(other);
    if (a.isEmpty() || b.isEmpty()) {
      return false;
    }
    if (a.get().months() > 0 && b.get().months() > 0) {
      return a.get().months() >= b.get().months();
    }
    return a.get().shortest() >= b.get().longest();
  }

  /// @param months 0 for an interval of a fixed length
  private record Interval(long months, long seconds) {
    long shortest() {
      return seconds + DAY * ((months / 12) * 365 + (months % 12) * 28);
    }

    long longest() {
      return seconds + DAY * ((months / 12) * 366 + (months % 12) * 31);
    }
  }

  private static Optional<Interval> interval(String ttl) {
    var matcher = SIMPLE.matcher(ttl.strip());
    if (!matcher.matches()) {
      return Optional.empty();
    }
    var count = Long.parseLong(matcher.group(3));
    return switch (matcher.group(2)) {
      case "Month" -> Optional.of(new Interval(count, 0));
      case "Quarter" -> Optional.of(new Interval(count * 3, 0));
      case "Year" -> Optional.of(new Interval(count * 12, 0));
      default -> seconds(ttl).map(s -> new Interval(0, s));
    };
  }

  /// What the interval is added to; the whole rule when it isn't a simple one.
  public static String column(String ttl) {
    var matcher = SIMPLE.matcher(ttl.strip());
    return matcher.matches() ? matcher.group(1) : ttl;
  }
}
