package dev.backfill.journey;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Migration.CutColumn;
import dev.backfill.plan.Migration.Projected;
import dev.backfill.plan.PlanCore;
import dev.backfill.project.ColumnType;
import dev.backfill.project.TimeType;
import dev.backfill.proof.ProofReport;
import dev.backfill.run.RunEvent;
import dev.backfill.run.Sleeper;
import dev.backfill.run.Verifier;
import dev.backfill.sql.Quote;
import dev.backfill.tinybird.LiveDataSource;
import dev.backfill.tinybird.LiveDataSource.LiveColumn;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Proves that targets hold their sources; changes nothing.
public final class VerifyJourney {
  private static final Duration SETTLE = Duration.ofSeconds(30);

  private final Tinybird tinybird;
  private final Verifier verifier;

  public VerifyJourney(
      Tinybird tinybird,
      InstantSource clock,
      Sleeper sleeper,
      Consumer<RunEvent> events,
      BooleanSupplier cancelled) {
    this.tinybird = tinybird;
    this.verifier = new Verifier(tinybird, clock, sleeper, events, cancelled);
  }

  /// Every target of a plan, with its forks.
  public List<ProofReport> verify(PlanCore core) {
    return verify(core, /* directWrites= */ false, /* viewsKeepDeleted= */ false);
  }

  /// Every target of a plan, with its forks.
  ///
  /// @param directWrites producers write to the targets too, so rows that only a target has are
  ///   theirs
  /// @param viewsKeepDeleted targets of views may hold what the old ones hold instead of what their
  ///   queries give
  public List<ProofReport> verify(PlanCore core, boolean directWrites, boolean viewsKeepDeleted) {
    // A host that isn't there is told at once; later ones are waited for.
    tinybird.workspace();
    return verifier.verifyMoved(core, directWrites, viewsKeepDeleted);
  }

  /// Any two Data Sources, by the columns that both have.
  ///
  /// @param timestamp a column of both, needed for bounds
  /// @param from first instant
  /// @param until first instant after the range
  /// @throws Failure.Usage when they can't be compared that way
  public ProofReport verify(
      String source,
      String target,
      Optional<String> timestamp,
      Optional<Instant> from,
      Optional<Instant> until) {
    if (timestamp.isEmpty() && (from.isPresent() || until.isPresent())) {
      throw new Failure.Usage("--from and --until need --timestamp, the column they are about.");
    }
    var left = columns(source);
    var right = columns(target);
    var common =
        right.values().stream()
            .filter(c -> left.containsKey(c.name()))
            .map(c -> new Projected(c.name(), Quote.identifier(c.name()), c.type()))
            .toList();
    if (common.isEmpty()) {
      throw new Failure.Usage(source + " and " + target + " have no column in common.");
    }
    var cut =
        timestamp.map(column ->
            new CutColumn(column, column, time(source, column, left), time(target, column, right)));
    return verifier.verifyTables(source, target, common, cut, from, until, SETTLE);
  }

  private java.util.Map<String, LiveColumn> columns(String name) {
    return tinybird
        .dataSource(name)
        .map(LiveDataSource::columns)
        .orElseThrow(() -> new Failure.Usage("the workspace has no Data Source " + name + "."))
        .stream()
        .collect(
            Collectors.toMap(
                LiveColumn::name, Function.identity(), (a, b) -> a, java.util.LinkedHashMap::new));
  }

  private static TimeType time(
      String dataSource, String column, java.util.Map<String, LiveColumn> columns) {
    return Optional.ofNullable(columns.get(column))
        .flatMap(c -> ColumnType.parse(c.type()))
        .flatMap(ColumnType::time)
        .orElseThrow(() ->
            new Failure.Usage(column + " isn't a date or time column of " + dataSource + "."));
  }
}
