package dev.backfill.proof;

import dev.backfill.plan.Migration;
import dev.backfill.plan.Migration.CutColumn;
import dev.backfill.plan.Migration.Projected;
import dev.backfill.plan.Scenario;
import dev.backfill.plan.Ticks;
import dev.backfill.project.TimeType;
import dev.backfill.sql.Quote;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Two Data Sources and the mapping through which the target must hold the source's rows.
///
/// @param source the old Data Source
/// @param target its new version
/// @param timestamp the column that ranges speak of; empty when the whole is compared at once
/// @param projection the target's columns as expressions over the source's
/// @param partitionKey of the target, expressions over its columns
/// @param ttl after which instant a row goes away by itself, SQL over the target's columns; empty
///   when rows stay
/// @param expiringAfter rows that go away before this are left out on both sides
/// @param once equal rows of the source are one, delivered twice, and the target needs one of them
public record Pair(
    String source,
    String target,
    Optional<CutColumn> timestamp,
    List<Projected> projection,
    List<String> partitionKey,
    Optional<String> ttl,
    Instant expiringAfter,
    boolean once) {

  public Pair {
    projection = List.copyOf(projection);
    partitionKey = List.copyOf(partitionKey);
    if (projection.isEmpty()) {
      throw new IllegalArgumentException("nothing to compare between " + source + " and " + target);
    }
  }

  public static Pair of(Migration migration, Instant expiringAfter) {
    return new Pair(
        migration.source(),
        migration.target(),
        migration.timestamp(),
        migration.projection(),
        migration.partitionKey(),
        migration.ttl(),
        expiringAfter,
        migration.scenario() == Scenario.KAFKA_TWIN);
  }

  /// The column that ranges speak of, where the caller knows there is one.
  public CutColumn cut() {
    return timestamp.orElseThrow(
        () -> new IllegalStateException(target + " has no timestamp column"));
  }

  String name(Side side) {
    return Quote.identifier(side == Side.SOURCE ? source : target);
  }

  String time(Side side) {
    return Quote.identifier(side == Side.SOURCE ? cut().column() : cut().targetColumn());
  }

  TimeType type(Side side) {
    return side == Side.SOURCE ? cut().type() : cut().targetType();
  }

  /// The values of a row in the target's order and types, as INSERT would make them.
  List<String> values(Side side) {
    return projection.stream()
        .map(p ->
            side == Side.SOURCE
                ? "CAST(" + p.expression() + ", " + Quote.literal(p.type()) + ")"
                : Quote.identifier(p.column()))
        .toList();
  }

  /// A tick of the source's column as a literal for either side.
  String literal(Side side, long tick) {
    var type = type(side);
    return Ticks.literal(
        type,
        side == Side.SOURCE ? tick : Ticks.ceil(type, Ticks.instant(type(Side.SOURCE), tick)));
  }
}
