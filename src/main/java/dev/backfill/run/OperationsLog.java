package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Scenario;
import dev.backfill.sql.Quote;
import dev.backfill.status.Facts.Upheaval;
import dev.backfill.status.Facts.Writes;
import dev.backfill.tinybird.Answer;
import dev.backfill.tinybird.Tinybird;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What `tinybird.datasources_ops_log` says of a source and its target. It is written some seconds
/// late, and not every workspace has it.
final class OperationsLog {
  private static final String TABLE = "tinybird.datasources_ops_log";
  private static final Set<String> UPHEAVALS =
      Set.of("delete_data", "truncate", "replace", "alter", "rename");

  private final Tinybird tinybird;
  private final Watch watch;

  OperationsLog(Tinybird tinybird, Watch watch) {
    this.tinybird = tinybird;
    this.watch = watch;
  }

  /// Pipes of a plan, whose writes are the migration's own.
  static Set<String> ours(PlanCore core) {
    var names = new HashSet<String>();
    for (var m : core.migrations()) {
      names.add(m.liveFeed().pipe());
      names.add(m.historyFeed().pipe());
      if (m.scenario() == Scenario.MOVE_INGESTION) {
        names.add(m.stragglers());
      }
    }
    names.remove("");
    return names;
  }

  /// What happened since a moment.
  ///
  /// @param upheavals what no copy repeats
  record History(List<Upheaval> upheavals, Writes writes) {}

  /// @param since of upheavals; the log knows seconds only: what happened in the same second counts
  ///   as before. Writes to the target count from its creation on
  /// @param ours Pipes whose writes to the target are the migration's own
  /// @return empty when the workspace has no such log, or doesn't show it
  Optional<History> of(Migration migration, Instant since, Set<String> ours) {
    try {
      return Optional.of(history(migration, since, ours));
    } catch (Failure.Remote failure) {
      var absent =
          switch (failure.kind()) {
            case PERMANENT, NOT_FOUND ->
                String.valueOf(failure.getMessage()).contains("datasources_ops_log");
            case FORBIDDEN -> true;
            case SIZE, WAIT, LOST, UNREACHABLE, CONFLICT -> false;
          };
      if (absent) {
        return Optional.empty();
      }
      throw failure;
    }
  }

  private History history(Migration migration, Instant since, Set<String> ours) {
    var upheavals = new ArrayList<Upheaval>();
    Optional<Instant> lastToSource = Optional.empty();
    Optional<Instant> firstToTarget = Optional.empty();
    var rowsToTarget = 0L;
    for (var row : ask(question(migration)).rows()) {
      var event = row.text("event");
      var toSource = row.text("name").equals(migration.source());
      var first = Instant.ofEpochSecond(row.number("first"));
      var last = Instant.ofEpochSecond(row.number("last"));
      if (toSource && upheaval(migration, event) && last.isAfter(since)) {
        upheavals.add(new Upheaval(last, event, migration.source()));
      }
      if (writes(event)) {
        if (toSource) {
          lastToSource = Optional.of(lastToSource.filter(last::isBefore).orElse(last));
        } else if (!ours.contains(row.text("pipe"))) {
          firstToTarget = Optional.of(firstToTarget.filter(first::isAfter).orElse(first));
          rowsToTarget += row.number("n");
        }
      }
    }
    upheavals.sort(Comparator.comparing(Upheaval::at));
    var begins =
        ask("SELECT toUnixTimestamp(min(timestamp)) AS t, count() AS n FROM " + TABLE).only();
    var known =
        lastToSource.or(() ->
            begins.number("n") == 0
                ? Optional.empty()
                : Optional.of(Instant.ofEpochSecond(begins.number("t"))));
    return new History(upheavals, new Writes(lastToSource, known, firstToTarget, rowsToTarget));
  }

  private static String question(Migration migration) {
    return """
    SELECT datasource_name AS name, event_type AS event, ifNull(pipe_name, '') AS pipe,
      toUnixTimestamp(min(timestamp)) AS first, toUnixTimestamp(max(timestamp)) AS last,
      sum(rows) AS n
    FROM %s
    WHERE (datasource_name = %s OR (datasource_name = %s AND timestamp >=
        (SELECT max(timestamp) FROM %s WHERE datasource_name = %s AND event_type = 'create')))
      AND result != 'error'
    GROUP BY name, event, pipe\
    """
        .formatted(
            TABLE,
            Quote.literal(migration.source()),
            Quote.literal(migration.target()),
            TABLE,
            Quote.literal(migration.target()));
  }

  private static boolean upheaval(Migration migration, String event) {
    var reloaded =
        migration.scenario() == Scenario.FULL_REPLACEMENT
            || migration.scenario() == Scenario.RELOAD;
    return UPHEAVALS.contains(event)
        && !(reloaded && (event.equals("replace") || event.equals("truncate")));
  }

  /// Everything that brings rows; an event that isn't known counts, so that silence is told only of
  /// silence.
  private static boolean writes(String event) {
    return switch (event) {
      case "create",
          "delete",
          "delete_data",
          "truncate",
          "alter",
          "rename",
          "populateview-queued" ->
          false;
      default -> true;
    };
  }

  private Answer ask(String sql) {
    return watch.read("", () -> tinybird.query(sql));
  }
}
