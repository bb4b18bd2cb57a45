package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.project.ColumnType;
import dev.backfill.project.TimeType;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The algebra of ticks against ClickHouse, at every border: ends of types, changes of summer time,
/// the repeated and the left-out hour, odd zones, every precision, NULL. Columns are filled from
/// raw integers, which know nothing of texts and zones.
@EngineTest
class TicksEngineTest {
  private static final List<String> ZONES =
      List.of(
          "UTC",
          "Europe/Madrid",
          "America/New_York",
          "Asia/Kathmandu",
          "America/Havana",
          "Australia/Lord_Howe",
          "Pacific/Apia",
          "Asia/Kolkata",
          "America/St_Johns",
          "Africa/Monrovia");

  /// Before 1970, where zones had seconds in them, and around the first ticks.
  private static final List<Instant> EARLY =
      List.of(
          Instant.parse("1900-01-02T00:00:00Z"),
          Instant.parse("1935-06-30T18:44:30Z"),
          Instant.parse("1945-08-14T23:00:00Z"),
          Instant.parse("1969-12-31T23:59:59.999999999Z"));

  /// Changes of the clock in these zones, and days that some of them didn't have.
  private static final List<Instant> MOMENTS =
      List.of(
          Instant.parse("2024-03-31T01:00:00Z"),
          Instant.parse("2024-10-27T00:00:00Z"),
          Instant.parse("2024-10-27T01:00:00Z"),
          Instant.parse("2024-11-03T05:00:00Z"),
          Instant.parse("2024-11-03T06:00:00Z"),
          Instant.parse("2025-04-05T15:00:00Z"),
          Instant.parse("2011-12-30T10:00:00Z"),
          Instant.parse("2024-02-29T23:59:59.999999999Z"),
          Instant.parse("2000-01-01T00:00:00Z"));

  static Stream<String> types() {
    var out = new ArrayList<String>(List.of("Date", "Date32", "DateTime"));
    ZONES.forEach(z -> out.add("DateTime('" + z + "')"));
    for (var precision = 0; precision <= 9; precision++) {
      out.add("DateTime64(" + precision + ")");
      out.add("DateTime64(" + precision + ", '" + ZONES.get(precision % ZONES.size()) + "')");
    }
    for (var type :
        List.of("Date", "DateTime", "DateTime64(3)", "DateTime64(9, 'Europe/Madrid')")) {
      out.add("Nullable(" + type + ")");
    }
    return out.stream();
  }

  private static NavigableSet<Long> ticks(TimeType type) {
    var out = new TreeSet<Long>();
    for (var moment : MOMENTS) {
      for (var by = -1; by <= 1; by++) {
        out.add(Ticks.floor(type, moment) + by);
      }
    }
    if (type.kind() == TimeType.Kind.DATE32 || type.kind() == TimeType.Kind.DATETIME64) {
      for (var moment : EARLY) {
        for (var by = 0; by <= 1; by++) {
          out.add(Ticks.floor(type, moment) + by);
        }
      }
    }
    var random = new Random(7);
    for (var i = 0; i < 8; i++) {
      out.add(Ticks.floor(type, Instant.ofEpochSecond(random.nextLong(0, 4_200_000_000L))));
    }
    switch (type.kind()) {
      case DATE -> out.addAll(List.of(0L, 1L, 65_534L, 65_535L));
      case DATE32 ->
          out.addAll(
              List.of(
                  Ticks.floor(type, Instant.parse("1900-01-01T00:00:00Z")),
                  -1L,
                  0L,
                  Ticks.floor(type, Instant.parse("2299-12-31T00:00:00Z"))));
      case DATETIME -> out.addAll(List.of(0L, 1L, 4_294_967_294L, 4_294_967_295L));
      case DATETIME64 -> {
        out.add(0L);
        out.add(-1L);
        out.add(Ticks.floor(type, Instant.parse("1900-01-01T00:00:00Z")));
        out.add(
            Ticks.floor(
                type,
                type.precision() == 9
                    ? Instant.parse("2262-04-11T23:47:16Z")
                    : Instant.parse("2299-12-31T23:59:59.999999999Z")));
      }
    }
    return out;
  }

  private static String raw(TimeType type, String bare) {
    return switch (type.kind()) {
      case DATE -> "reinterpret(toUInt16(n), 'Date')";
      case DATE32 -> "toDate32(toInt32(n))";
      case DATETIME -> "CAST(reinterpret(toUInt32(n), 'DateTime'), '" + bare + "')";
      case DATETIME64 -> "reinterpret(toInt64(n), '" + bare + "')";
    };
  }

  @ParameterizedTest
  @MethodSource("types")
  void aRangeOfTicksIsTheRangeOfTheEngine(String text) {
    var column = ColumnType.parse(text).orElseThrow();
    var type = column.time().orElseThrow();
    var ticks = ticks(type);
    var bare = column.bare().text().replace("'", "\\'");
    var rows =
        "(SELECT CAST(%s, '%s') AS v, n FROM (SELECT arrayJoin([%s]) AS n)%s)"
            .formatted(
                raw(type, bare),
                column.text().replace("'", "\\'"),
                ticks.stream().map(t -> "toInt64('" + t + "')").collect(Collectors.joining(", ")),
                type.nullable()
                    ? " UNION ALL SELECT CAST(NULL, '%s') AS v, toInt64(0) AS n"
                        .formatted(column.text().replace("'", "\\'"))
                    : "");
    try (var session = TestEngine.shared().session()) {
      // Only a column without a zone could be read in the server's.
      var servers = type.zone().isPresent() ? List.of("Asia/Tokyo") : List.of("UTC", "Asia/Tokyo");
      for (var server : servers) {
        session.run("SET session_timezone = '" + server + "'");
        var counts = new ArrayList<String>();
        for (var tick : ticks) {
          counts.add("countIf(v < " + Ticks.literal(type, tick) + ")");
          counts.add("countIf(v >= " + Ticks.literal(type, tick) + ")");
        }
        var found =
            session.query("SELECT " + String.join(", ", counts) + " FROM " + rows, "TSV").text();
        var expected = new ArrayList<String>();
        for (var tick : ticks) {
          expected.add(Integer.toString(ticks.headSet(tick).size()));
          expected.add(Integer.toString(ticks.tailSet(tick).size()));
        }
        assertThat(List.of(found.strip().split("\t"))).as(text + " " + server).isEqualTo(expected);

        var zone = type.daily() ? "" : ", 'UTC'";
        var texts =
            session
                .query(
                    "SELECT toString(assumeNotNull(v)%s) FROM %s WHERE v IS NOT NULL ORDER BY n"
                        .formatted(zone, rows),
                    "TSV")
                .text()
                .lines()
                .toList();
        assertThat(texts)
            .as(text + " " + server)
            .isEqualTo(ticks.stream().map(t -> Ticks.text(type, t)).toList());
      }
    }
  }
}
