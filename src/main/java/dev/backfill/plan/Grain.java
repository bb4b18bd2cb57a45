package dev.backfill.plan;

import dev.backfill.project.TimeType;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;

/// The calendar steps along which a history is cut, from coarse to fine. UTC.
public enum Grain {
  YEAR,
  MONTH,
  DAY,
  SIX_HOURS,
  HOUR,
  TEN_MINUTES,
  MINUTE,
  TEN_SECONDS,
  SECOND;

  /// Whether a column of this type can be cut so finely.
  public boolean fits(TimeType type) {
    return !type.daily() || this == YEAR || this == MONTH || this == DAY;
  }

  /// The first tick of the step that holds a tick.
  public long floor(TimeType type, long tick) {
    var at = LocalDateTime.ofInstant(Ticks.instant(type, tick), ZoneOffset.UTC);
    var floored =
        switch (this) {
          case YEAR -> at.truncatedTo(ChronoUnit.DAYS).withDayOfYear(1);
          case MONTH -> at.truncatedTo(ChronoUnit.DAYS).withDayOfMonth(1);
          case DAY -> at.truncatedTo(ChronoUnit.DAYS);
          case SIX_HOURS -> at.truncatedTo(ChronoUnit.HOURS).withHour(at.getHour() / 6 * 6);
          case HOUR -> at.truncatedTo(ChronoUnit.HOURS);
          case TEN_MINUTES ->
              at.truncatedTo(ChronoUnit.MINUTES).withMinute(at.getMinute() / 10 * 10);
          case MINUTE -> at.truncatedTo(ChronoUnit.MINUTES);
          case TEN_SECONDS ->
              at.truncatedTo(ChronoUnit.SECONDS).withSecond(at.getSecond() / 10 * 10);
          case SECOND -> at.truncatedTo(ChronoUnit.SECONDS);
        };
    Instant instant = floored.toInstant(ZoneOffset.UTC);
    return Ticks.floor(type, instant);
  }
}
