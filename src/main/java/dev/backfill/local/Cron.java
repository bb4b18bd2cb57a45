package dev.backfill.local;

import java.time.LocalDateTime;
import java.util.BitSet;
import java.util.List;

/// When a copy runs by itself: five fields, minutes first, in UTC.
record Cron(BitSet minutes, BitSet hours, BitSet days, BitSet months, BitSet weekdays) {
  private static final int SUNDAY = 7;

  /// @throws Refusal 400 when it is none
  static Cron parse(String text) {
    var fields = List.of(text.strip().split("\\s+"));
    if (fields.size() != 5) {
      throw new Refusal(400, "Invalid cron expression: " + text);
    }
    try {
      return new Cron(
          field(fields.get(0), 0, 59),
          field(fields.get(1), 0, 23),
          field(fields.get(2), 1, 31),
          field(fields.get(3), 1, 12),
          field(fields.get(4), 0, SUNDAY));
    } catch (IllegalArgumentException e) {
      throw new Refusal(400, "Invalid cron expression: " + text);
    }
  }

  /// `*`, `5`, `1-5`, `*/10`, `1-20/5`, and lists of them.
  private static BitSet field(String text, int least, int most) {
    var set = new BitSet();
    for (var part : text.split(",", -1)) {
      var step = part.split("/", -1);
      var range = step[0].equals("*") ? new String[] {least + "", most + ""} : step[0].split("-");
      var from = Integer.parseInt(range[0]);
      var to = range.length > 1 ? Integer.parseInt(range[1]) : step.length > 1 ? most : from;
      var by = step.length > 1 ? Integer.parseInt(step[1]) : 1;
      if (step.length > 2 || range.length > 2 || from < least || to > most || from > to || by < 1) {
        throw new IllegalArgumentException(text);
      }
      for (var i = from; i <= to; i += by) {
        set.set(i);
      }
    }
    return set;
  }

  boolean meets(LocalDateTime minute) {
    var weekday = minute.getDayOfWeek().getValue();
    var onWeekday = weekdays.get(weekday) || (weekday == SUNDAY && weekdays.get(0));
    // as cron does it: of the two kinds of days, either is enough when both are given
    var everyDay = days.cardinality() == 31;
    var everyWeekday = weekdays.cardinality() >= SUNDAY;
    var onDay = days.get(minute.getDayOfMonth());
    var day = (everyDay || everyWeekday) ? (onDay && onWeekday) : (onDay || onWeekday);
    return minutes.get(minute.getMinute())
        && hours.get(minute.getHour())
        && months.get(minute.getMonthValue())
        && day;
  }
}
