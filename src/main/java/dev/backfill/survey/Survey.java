package dev.backfill.survey;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// What a workspace shows of a source that is to get a new version.
///
/// @param source its name
/// @param there whether the workspace has it
/// @param branch whether that is a branch, which may hold a part of the rows only
/// @param rows how many; empty when that couldn't be read
/// @param quarantined rows that its old type rejected
/// @param times what its timestamps are like
/// @param lateness how long after their timestamps rows arrived
/// @param feeds who wrote to it lately, most rows first; empty when the log can't be read
/// @param replaced how often it was replaced as a whole or in part
/// @param unknownPipes live Pipes on it that the project doesn't know
/// @param conversions what the mapping makes of its values, where it changes a type
/// @param ties newest rows that can't be told apart, where the new version keeps the newest of a
///   key
/// @param unread what couldn't be read, one sentence each
public record Survey(
    String source,
    boolean there,
    boolean branch,
    Optional<Long> rows,
    long quarantined,
    Optional<Times> times,
    Optional<Lateness> lateness,
    Optional<List<Feeder>> feeds,
    Optional<Replaced> replaced,
    List<String> unknownPipes,
    List<Converted> conversions,
    Optional<Ties> ties,
    List<String> unread) {
  static final String LATENESS = "how late its rows arrive";

  public Survey {
    feeds = feeds.map(List::copyOf);
    unknownPipes = List.copyOf(unknownPipes);
    conversions = List.copyOf(conversions);
    unread = List.copyOf(unread);
  }

  /// What the timestamps are like.
  ///
  /// @param column which
  /// @param part which rows the span is of; empty for all
  /// @param first the lowest; empty when there is none
  /// @param last the highest
  /// @param odd those that no range of time finds; empty when they couldn't be counted
  public record Times(
      String column,
      String part,
      Optional<Instant> first,
      Optional<Instant> last,
      Optional<Odd> odd) {}

  /// Timestamps that no range of time finds.
  ///
  /// @param rows that were looked at
  /// @param missing NULL
  /// @param epoch in 1970's first day or before, which nobody meant
  /// @param future more than a day ahead
  public record Odd(long rows, long missing, long epoch, long future) {
    double share() {
      return rows == 0 ? 0 : (missing + epoch + future) / (double) rows;
    }
  }

  /// How long after their timestamps rows arrived, by a column that says when they did.
  ///
  /// @param column that column
  /// @param rows looked at
  /// @param half of them came within this
  /// @param most 99 of 100 came within this
  /// @param worst the latest
  /// @param beyond came later than the settings' max-lateness
  public record Lateness(
      String column, long rows, Duration half, Duration most, Duration worst, long beyond) {}

  /// Who wrote.
  ///
  /// @param event `append-hfi` (the Events API), `append-kafka`, `append`, `copy`, ... as the log
  ///   says
  /// @param pipe the Pipe that did, else empty
  public record Feeder(
      String event, String pipe, long times, long rows, Instant first, Instant last) {
    boolean streams() {
      return event.equals("append-hfi") || event.equals("append-kafka");
    }
  }

  /// How often it was replaced.
  ///
  /// @param every the mean time between two replaces; empty when there was one
  public record Replaced(long times, Instant last, Optional<Duration> every) {}

  /// What becomes of a column's values whose type changes.
  ///
  /// @param changed rows whose value isn't the same afterwards, as text and back
  /// @param rows looked at
  /// @param part which rows were looked at; empty for all
  /// @param examples before and after; hostile text
  public record Converted(
      String column,
      String from,
      String to,
      long changed,
      long rows,
      String part,
      List<String> examples) {
    public Converted {
      examples = List.copyOf(examples);
    }
  }

  /// Keys whose newest row isn't one: several with the same version and other values.
  ///
  /// @param version the column that says which row is newer
  /// @param part which keys were looked at; empty for all
  public record Ties(String version, long keys, String part) {}

  /// The figures, one sentence each.
  public List<String> lines() {
    var out = new ArrayList<String>();
    if (!there) {
      out.add(
          "measured: `" + source + "` isn't in the workspace, so no figure stands behind this.");
      return out;
    }
    if (branch) {
      out.add("measured in a branch, which may hold a part of the rows only.");
    }
    rows.ifPresent(n ->
        out.add(
            "measured: %,d rows%s."
                .formatted(
                    n,
                    quarantined > 0
                        ? ", and %,d in quarantine, which no copy brings".formatted(quarantined)
                        : "")));
    times.ifPresent(t -> {
      out.add(
          "measured: `%s` spans %s to %s%s%s."
              .formatted(
                  t.column(),
                  t.first().map(Instant::toString).orElse("nothing"),
                  t.last().map(Instant::toString).orElse("nothing"),
                  t.part().isEmpty() ? "" : " (" + t.part() + ")",
                  t.odd()
                      .map(o ->
                          "; of %,d rows %,d have no timestamp, %,d lie at the epoch, %,d in the future"
                              .formatted(o.rows(), o.missing(), o.epoch(), o.future()))
                      .orElse("")));
    });
    lateness.ifPresentOrElse(
        l ->
            out.add(
                "measured: by `%s`, half of %,d rows arrived within %s of their timestamp, 99 %% within %s, the latest after %s."
                    .formatted(
                        l.column(), l.rows(), words(l.half()), words(l.most()), words(l.worst()))),
        () -> {
          if (times.isPresent() && unread.stream().noneMatch(u -> u.startsWith(LATENESS))) {
            out.add(
                "not measured: how late rows arrive; no column says when one did, so late ones are expected.");
          }
        });
    for (var feed : feeds.orElse(List.of())) {
      out.add(
          "measured: %s wrote %,d rows in %,d operation%s, the last at %s."
              .formatted(
                  kind(feed),
                  feed.rows(),
                  feed.times(),
                  feed.times() == 1 ? "" : "s",
                  feed.last()));
    }
    if (feeds.filter(List::isEmpty).isPresent()) {
      out.add(
          "measured: the workspace's log names nobody who wrote to it in its last days, which isn't"
              + " proof that nobody does.");
    }
    replaced.ifPresent(r ->
        out.add(
            "measured: it was replaced %,d times%s, the last time at %s."
                .formatted(
                    r.times(),
                    r.every().map(e -> ", every " + words(e) + " or so").orElse(""),
                    r.last())));
    for (var c : conversions) {
      out.add(
          "measured: `%s` from %s to %s changes the value of %,d of %,d rows%s%s."
              .formatted(
                  c.column(),
                  c.from(),
                  c.to(),
                  c.changed(),
                  c.rows(),
                  c.part().isEmpty() ? "" : " (" + c.part() + ")",
                  c.examples().isEmpty() ? "" : ", such as " + String.join("; ", c.examples())));
    }
    ties.ifPresent(t ->
        out.add(
            "measured: %,d keys%s have several newest rows by `%s` that differ."
                .formatted(
                    t.keys(), t.part().isEmpty() ? "" : " (" + t.part() + ")", t.version())));
    unread.forEach(u -> out.add("not measured: " + u + "."));
    return out;
  }

  /// Somebody streams into it.
  public boolean streams() {
    return feeds.orElse(List.of()).stream().anyMatch(Feeder::streams);
  }

  private static String kind(Feeder feed) {
    return switch (feed.event()) {
          case "append-hfi" -> "the Events API";
          case "append-kafka" -> "Kafka";
          case "append" -> "appends of files or URLs";
          default -> "`" + feed.event() + "`";
        }
        + (feed.pipe().isEmpty() ? "" : " of `" + feed.pipe() + "`");
  }

  static String words(Duration duration) {
    if (duration.toDays() > 0) {
      return String.format(Locale.ROOT, "%.1f d", duration.toMinutes() / 1440.0);
    }
    if (duration.toHours() > 0) {
      return String.format(Locale.ROOT, "%.1f h", duration.toSeconds() / 3600.0);
    }
    return duration.toMinutes() > 0
        ? String.format(Locale.ROOT, "%.1f min", duration.toMillis() / 60000.0)
        : String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
  }
}
