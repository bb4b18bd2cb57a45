package dev.backfill.survey;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Migration;
import dev.backfill.project.Column;
import dev.backfill.project.ColumnType;
import dev.backfill.project.DataSource;
import dev.backfill.project.Project;
import dev.backfill.sql.Quote;
import dev.backfill.sql.TablesRead;
import dev.backfill.survey.Survey.Converted;
import dev.backfill.survey.Survey.Feeder;
import dev.backfill.survey.Survey.Lateness;
import dev.backfill.survey.Survey.Odd;
import dev.backfill.survey.Survey.Replaced;
import dev.backfill.survey.Survey.Ties;
import dev.backfill.survey.Survey.Times;
import dev.backfill.tinybird.Answer;
import dev.backfill.tinybird.LivePipe;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Asks a workspace about the sources of a plan. Every question reads a few columns of one Data
/// Source, or a service log; what is too big is asked again of the last days alone.
public final class Surveyor {
  private static final int DAYS = 7;
  private static final int LOG_DAYS = 30;
  private static final int SLICES = 64;
  private static final Pattern NOW = Pattern.compile("now(64)?\\(.*\\)");

  private final Tinybird tinybird;
  private final Duration maxLateness;

  /// @param maxLateness later rows are counted
  public Surveyor(Tinybird tinybird, Duration maxLateness) {
    this.tinybird = tinybird;
    this.maxLateness = maxLateness;
  }

  /// @param base the project that is deployed
  /// @param cut the column that tells when a row happened, if there is one
  public Survey survey(Migration migration, Project base, Optional<Column> cut) {
    var source = migration.source();
    var unread = new ArrayList<String>();
    var branch = tinybird.workspace().main().isPresent();
    var live = tinybird.dataSource(source);
    var definition = base.dataSource(source);
    if (live.isEmpty() || definition.isEmpty()) {
      return new Survey(
          source,
          live.isPresent(),
          branch,
          Optional.empty(),
          0,
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          List.of(),
          List.of(),
          Optional.empty(),
          unread);
    }
    var table = Quote.identifier(source);
    var rows = number("SELECT count() AS n FROM " + table, "its rows", unread);
    var quarantined =
        number("SELECT count() AS n FROM " + Quote.identifier(source + "_quarantine"), "", unread)
            .orElse(0L);
    var feeds = feeds(source, unread);
    return new Survey(
        source,
        true,
        branch,
        rows,
        quarantined,
        cut.flatMap(c -> times(table, c, rows, unread)),
        cut.flatMap(c -> arrival(definition.get()).flatMap(a -> lateness(table, c, a, unread))),
        feeds,
        feeds.flatMap(Surveyor::replaced),
        unknown(source, live.get().id(), base),
        conversions(migration, definition.get(), table, cut, unread),
        ties(migration, unread),
        unread);
  }

  private Optional<Times> times(
      String table, Column column, Optional<Long> rows, List<String> unread) {
    var ts = Quote.identifier(column.name());
    var zoned = column.type().time().filter(t -> !t.daily()).isPresent();
    var question =
        """
        SELECT count() AS n, countIf(%1$s) AS missing, countIf(%2$s) AS epoch, countIf(%3$s) AS future,
          toString(toUnixTimestamp64Milli(toDateTime64(minIf(%4$s, isNotNull(%4$s)), 3%5$s))) AS first,
          toString(toUnixTimestamp64Milli(toDateTime64(maxIf(%4$s, isNotNull(%4$s)), 3%5$s))) AS last
        FROM %6$s\
        """
            .formatted(missing(ts), epoch(ts), future(ts), ts, zoned ? "" : ", 'UTC'", table);
    return bounded(question, ts, "its timestamps", unread)
        .map(a -> {
          var row = a.answer().only();
          var n = row.number("n");
          return new Times(
              column.name(),
              a.part(),
              n == 0 ? Optional.empty() : millis(row, "first"),
              n == 0 ? Optional.empty() : millis(row, "last"),
              // The last days alone hold none that have no timestamp, and none at the epoch.
              a.part().isEmpty()
                  ? Optional.of(
                      new Odd(n, row.number("missing"), row.number("epoch"), row.number("future")))
                  : rows.flatMap(all -> odd(table, ts, all, unread)));
        });
  }

  private static String missing(String ts) {
    return "isNull(" + ts + ")";
  }

  private static String epoch(String ts) {
    return "toDate32(" + ts + ") <= toDate32('1970-01-01')";
  }

  private static String future(String ts) {
    return "toDate32(" + ts + ") > toDate32(now('UTC')) + 1";
  }

  /// Each kind on its own: as conditions they are answered by the key, where the column is in it.
  private Optional<Odd> odd(String table, String ts, long rows, List<String> unread) {
    var what = "how many rows have no timestamp, or one at the epoch or in the future";
    var counts = new ArrayList<Long>();
    for (var condition : List.of(missing(ts), epoch(ts), future(ts))) {
      var n = number("SELECT count() AS n FROM " + table + " WHERE " + condition, what, unread);
      if (n.isEmpty()) {
        return Optional.empty();
      }
      counts.add(n.get());
    }
    return Optional.of(new Odd(rows, counts.get(0), counts.get(1), counts.get(2)));
  }

  private static Optional<Instant> millis(Answer.Row row, String column) {
    return row.find(column).map(t -> Instant.ofEpochMilli(Long.parseLong(t)));
  }

  /// A column that says when a row arrived.
  private static Optional<Column> arrival(DataSource source) {
    return source.columns().stream()
        .filter(c -> c.type().time().filter(t -> !t.daily()).isPresent())
        .filter(c -> NOW.matcher(c.defaultExpression()).matches())
        .findFirst();
  }

  private Optional<Lateness> lateness(
      String table, Column happened, Column arrived, List<String> unread) {
    if (happened.name().equals(arrived.name())) {
      return Optional.empty();
    }
    var ts = Quote.identifier(happened.name());
    var at = Quote.identifier(arrived.name());
    var late = "greatest(0, dateDiff('second', " + ts + ", " + at + "))";
    return ask(
            Stream.of(DAYS + " DAY", "1 DAY", "1 HOUR")
                .map(since ->
                    """
                    SELECT count() AS n, toUInt64(quantile(0.5)(%1$s)) AS half,
                      toUInt64(quantile(0.99)(%1$s)) AS most, toUInt64(max(%1$s)) AS worst,
                      countIf(%1$s > %2$d) AS beyond
                    FROM %3$s WHERE %4$s > now() - INTERVAL %5$s AND isNotNull(%6$s)\
                    """
                        .formatted(late, maxLateness.toSeconds(), table, at, since, ts))
                .toList(),
            Survey.LATENESS,
            unread)
        .map(Answer::only)
        .filter(r -> r.number("n") > 0)
        .map(r ->
            new Lateness(
                arrived.name(),
                r.number("n"),
                Duration.ofSeconds(r.number("half")),
                Duration.ofSeconds(r.number("most")),
                Duration.ofSeconds(r.number("worst")),
                r.number("beyond")));
  }

  private Optional<List<Feeder>> feeds(String source, List<String> unread) {
    return ask(
            """
            SELECT event_type AS event, ifNull(pipe_name, '') AS pipe, count() AS times,
              sum(rows) AS n, toUnixTimestamp(min(timestamp)) AS first,
              toUnixTimestamp(max(timestamp)) AS last
            FROM tinybird.datasources_ops_log
            WHERE datasource_name = %s AND timestamp > now() - INTERVAL %d DAY
              AND event_type NOT IN ('create', 'alter', 'rename', 'delete', 'delete_data', 'truncate')
              AND result != 'error'
            GROUP BY event, pipe ORDER BY n DESC, event, pipe LIMIT 20\
            """
                .formatted(Quote.literal(source), LOG_DAYS),
            "who writes to it",
            unread)
        .map(answer ->
            answer.rows().stream()
                .map(r ->
                    new Feeder(
                        r.text("event"),
                        r.text("pipe"),
                        r.number("times"),
                        r.number("n"),
                        Instant.ofEpochSecond(r.number("first")),
                        Instant.ofEpochSecond(r.number("last"))))
                .toList());
  }

  private static Optional<Replaced> replaced(List<Feeder> feeds) {
    var replaces = feeds.stream().filter(f -> f.event().equals("replace")).toList();
    var times = replaces.stream().mapToLong(Feeder::times).sum();
    if (times == 0) {
      return Optional.empty();
    }
    var first = replaces.stream().map(Feeder::first).min(Instant::compareTo).orElseThrow();
    var last = replaces.stream().map(Feeder::last).max(Instant::compareTo).orElseThrow();
    return Optional.of(
        new Replaced(
            times,
            last,
            times < 2
                ? Optional.empty()
                : Optional.of(Duration.between(first, last).dividedBy(times - 1))));
  }

  /// Pipes on it, or into it, that only the workspace knows.
  private List<String> unknown(String source, String id, Project base) {
    var out = new TreeSet<String>();
    for (var pipe : tinybird.pipes()) {
      if (base.pipe(pipe.name()).isEmpty()
          && !pipe.name().startsWith("backfill_lease_")
          && uses(pipe, source, id)) {
        out.add(pipe.name());
      }
    }
    return List.copyOf(out);
  }

  private static boolean uses(LivePipe pipe, String source, String id) {
    for (var node : pipe.nodes()) {
      if (node.materialized().filter(Set.of(source, id)::contains).isPresent()) {
        return true;
      }
      try {
        if (TablesRead.of(node.sql()).names().contains(source)) {
          return true;
        }
      } catch (IllegalArgumentException _) {
        // Nobody can tell what it reads.
      }
    }
    return false;
  }

  /// Values whose type changes, there and back: what comes back as something else was changed.
  private List<Converted> conversions(
      Migration migration,
      DataSource source,
      String table,
      Optional<Column> cut,
      List<String> unread) {
    var out = new ArrayList<Converted>();
    for (var projected : migration.projection()) {
      var before = source.column(projected.column());
      if (before.isEmpty() || before.get().type().text().equals(projected.type())) {
        continue;
      }
      var from = before.get().type();
      var name = Quote.identifier(projected.column());
      var back =
          "accurateCastOrNull(" + projected.expression() + ", " + Quote.literal(bare(from)) + ")";
      // An inner query, so that no alias is read instead of the column.
      var question =
          """
          SELECT count() AS n, countIf(backfill__changed) AS changed,
            arrayStringConcat(groupUniqArrayIf(3)(concat('\\'', substring(ifNull(toString(backfill__a), 'NULL'), 1, 40), '\\' -> \\'', substring(ifNull(toString(backfill__b), 'NULL'), 1, 40), '\\''), backfill__changed), '\\n') AS examples
          FROM (SELECT %1$s AS backfill__a, %2$s AS backfill__b, %3$s AS backfill__c,
              NOT (isNull(backfill__a) AND isNull(backfill__b))
                AND (isNull(backfill__a) OR isNull(backfill__c) OR backfill__c != backfill__a) AS backfill__changed
            FROM %4$s)\
          """
              .formatted(name, projected.expression(), back, table);
      var ts = cut.map(c -> Quote.identifier(c.name())).orElse("");
      bounded(question, ts, "what the mapping makes of " + projected.column(), unread)
          .ifPresent(a -> {
            var row = a.answer().only();
            var examples = row.text("examples");
            out.add(
                new Converted(
                    projected.column(),
                    from.text(),
                    projected.type(),
                    row.number("changed"),
                    row.number("n"),
                    a.part(),
                    examples.isEmpty() ? List.of() : List.of(examples.split("\n"))));
          });
    }
    return out;
  }

  /// Where the new version keeps the newest row of a key: whether there is one.
  private Optional<Ties> ties(Migration migration, List<String> unread) {
    var keys =
        migration.reduced().stream().filter(Migration.Reduced::key).map(Surveyor::name).toList();
    var values = migration.reduced().stream().filter(r -> !r.key()).map(Surveyor::name).toList();
    // The version is the column that is newest by itself.
    var version =
        migration.reduced().stream()
            .filter(r ->
                !r.key()
                    && r.expression().contains("argMax(tuple(" + name(r) + "), " + name(r) + ")"))
            .findFirst();
    if (keys.isEmpty() || version.isEmpty() || migration.query().isEmpty()) {
      return Optional.empty();
    }
    var ver = name(version.get());
    var what = "whether several rows are the newest of their key";
    for (var part : List.of("", "one in " + SLICES)) {
      var key = String.join(", ", keys);
      var question =
          """
          SELECT countIf(backfill__n > 1) AS n FROM (
            SELECT argMax(backfill__n, %2$s) AS backfill__n FROM (
              SELECT %1$s, %2$s, uniqExact(tuple(%3$s)) AS backfill__n FROM (%4$s) %5$s GROUP BY %1$s, %2$s)
            GROUP BY %1$s)\
          """
              .formatted(
                  key,
                  ver,
                  String.join(", ", values),
                  migration.query().get(),
                  part.isEmpty()
                      ? ""
                      : "WHERE cityHash64(tuple(" + key + ")) % " + SLICES + " = 0");
      try {
        var n = tinybird.query(question).only().number("n");
        return Optional.of(new Ties(version.get().column(), n, part));
      } catch (Failure.Remote failure) {
        if (failure.kind() != Failure.Kind.SIZE || !part.isEmpty()) {
          return refused(failure, what, unread);
        }
      }
    }
    return Optional.empty();
  }

  private static String name(Migration.Reduced reduced) {
    return Quote.identifier(reduced.column());
  }

  /// Without the wrappers that a cast back doesn't take.
  private static String bare(ColumnType type) {
    var inner = type;
    while (inner.name().equals("Nullable") || inner.name().equals("LowCardinality")) {
      inner = inner.arguments().getFirst();
    }
    return inner.text();
  }

  /// An answer, and which rows it speaks of.
  private record Bounded(Answer answer, String part) {}

  /// The whole, or, when that is too much, the last days.
  private Optional<Bounded> bounded(
      String question, String timestamp, String what, List<String> unread) {
    try {
      return Optional.of(new Bounded(tinybird.query(question), ""));
    } catch (Failure.Remote failure) {
      if (failure.kind() != Failure.Kind.SIZE || timestamp.isEmpty()) {
        return refused(failure, what, unread);
      }
    }
    var end = question.endsWith(")") ? question.length() - 1 : question.length();
    var recent =
        question.substring(0, end)
            + " WHERE "
            + timestamp
            + " > now() - INTERVAL "
            + DAYS
            + " DAY"
            + question.substring(end);
    return ask(recent, what, unread)
        .map(a -> new Bounded(a, "those of the last " + DAYS + " days"));
  }

  private Optional<Long> number(String question, String what, List<String> unread) {
    return ask(question, what, unread).map(a -> a.only().number("n"));
  }

  /// The first of several questions, each about less than the one before, that isn't too much.
  private Optional<Answer> ask(List<String> questions, String what, List<String> unread) {
    for (var question : questions.subList(0, questions.size() - 1)) {
      try {
        return Optional.of(tinybird.query(question));
      } catch (Failure.Remote failure) {
        if (failure.kind() != Failure.Kind.SIZE) {
          return refused(failure, what, unread);
        }
      }
    }
    return ask(questions.getLast(), what, unread);
  }

  private Optional<Answer> ask(String question, String what, List<String> unread) {
    try {
      return Optional.of(tinybird.query(question));
    } catch (Failure.Remote failure) {
      return refused(failure, what, unread);
    }
  }

  private static <T> Optional<T> refused(Failure.Remote failure, String what, List<String> unread) {
    switch (failure.kind()) {
      case SIZE, PERMANENT, NOT_FOUND, FORBIDDEN -> {
        if (!what.isEmpty()) {
          unread.add(what + " (" + failure.getMessage() + ")");
        }
      }
      case WAIT, LOST, UNREACHABLE, CONFLICT -> throw failure;
    }
    return Optional.empty();
  }
}
