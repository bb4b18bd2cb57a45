package dev.backfill.plan;

import dev.backfill.project.TimeType;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/// Instants as the integers a time column really holds: days for dates, seconds for DateTime,
/// fractions of a second for DateTime64. Half-open ranges of ticks have no gap and no overlap,
/// whatever zone a column shows.
///
/// Literals are written in UTC with the zone named, so neither the column's zone, nor the server's,
/// nor a repeated hour changes what they mean. A date column's days are taken as UTC days.
public final class Ticks {
  private static final DateTimeFormatter SECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");

  private Ticks() {}

  /// Ticks in one second; 0 for columns that only know days.
  private static long perSecond(TimeType type) {
    return type.daily() ? 0 : pow10(type.precision());
  }

  /// The last tick not after the instant.
  public static long floor(TimeType type, Instant instant) {
    if (type.daily()) {
      return LocalDate.ofInstant(instant, ZoneOffset.UTC).toEpochDay();
    }
    var per = perSecond(type);
    return Math.addExact(
        Math.multiplyExact(instant.getEpochSecond(), per),
        Math.floorDiv(instant.getNano() * per, 1_000_000_000L));
  }

  /// The first tick not before the instant.
  public static long ceil(TimeType type, Instant instant) {
    var floor = floor(type, instant);
    return instant(type, floor).equals(instant) ? floor : floor + 1;
  }

  /// The instant at which a tick begins.
  public static Instant instant(TimeType type, long tick) {
    if (type.daily()) {
      return LocalDate.ofEpochDay(tick).atStartOfDay(ZoneOffset.UTC).toInstant();
    }
    var per = perSecond(type);
    return Instant.ofEpochSecond(
        Math.floorDiv(tick, per), Math.floorMod(tick, per) * (1_000_000_000L / per));
  }

  /// `2026-01-31 13:30:00`, with as many fraction digits as the column has; `2026-01-31` for dates.
  /// UTC.
  public static String text(TimeType type, long tick) {
    if (type.daily()) {
      return LocalDate.ofEpochDay(tick).toString();
    }
    var seconds = SECONDS.format(LocalDateTime.ofInstant(instant(type, tick), ZoneOffset.UTC));
    return type.precision() == 0
        ? seconds
        : seconds
            + "."
            + ("%0" + type.precision() + "d").formatted(Math.floorMod(tick, perSecond(type)));
  }

  /// What [#text] wrote, read back.
  ///
  /// @throws java.time.DateTimeException when it isn't such a text
  public static long parse(TimeType type, String text) {
    if (type.daily()) {
      return LocalDate.parse(text).toEpochDay();
    }
    var dot = text.indexOf('.');
    var seconds = LocalDateTime.parse(dot < 0 ? text : text.substring(0, dot), SECONDS);
    var nanos =
        dot < 0 ? 0 : Long.parseLong((text.substring(dot + 1) + "000000000").substring(0, 9));
    return floor(type, seconds.toInstant(ZoneOffset.UTC).plusNanos(nanos));
  }

  /// SQL for a value of the column's family made from a SQL string expression that holds [#text].
  public static String sql(TimeType type, String stringExpression) {
    return switch (type.kind()) {
      case DATE -> "toDate(" + stringExpression + ")";
      case DATE32 -> "toDate32(" + stringExpression + ")";
      case DATETIME -> "toDateTime(" + stringExpression + ", 'UTC')";
      case DATETIME64 -> "toDateTime64(" + stringExpression + ", " + type.precision() + ", 'UTC')";
    };
  }

  /// SQL literal of a tick.
  public static String literal(TimeType type, long tick) {
    return sql(type, "'" + text(type, tick) + "'");
  }

  private static long pow10(int exponent) {
    var value = 1L;
    for (var i = 0; i < exponent; i++) {
      value *= 10;
    }
    return value;
  }
}
