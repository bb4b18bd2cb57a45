package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.Migration.CutColumn;
import dev.backfill.plan.Migration.Projected;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Ticks;
import dev.backfill.proof.ForkQuestions;
import dev.backfill.proof.Pair;
import dev.backfill.proof.ProofReport;
import dev.backfill.proof.Questions;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/// Proves without changing anything.
public final class Verifier {
  private static final int READINGS = 4;

  private final Tinybird tinybird;
  private final InstantSource clock;
  private final Consumer<RunEvent> events;
  private final Sleeper sleeper;
  private final BooleanSupplier cancelled;
  private final Runner.Inventories inventories;

  public Verifier(
      Tinybird tinybird,
      InstantSource clock,
      Sleeper sleeper,
      Consumer<RunEvent> events,
      BooleanSupplier cancelled) {
    this(tinybird, clock, sleeper, events, cancelled, Runner.Inventories.asking(tinybird));
  }

  Verifier(
      Tinybird tinybird,
      InstantSource clock,
      Sleeper sleeper,
      Consumer<RunEvent> events,
      BooleanSupplier cancelled,
      Runner.Inventories inventories) {
    this.tinybird = tinybird;
    this.clock = clock;
    this.sleeper = sleeper;
    this.events = events;
    this.cancelled = cancelled;
    this.inventories = inventories;
  }

  /// Compares every target of the plan with its source, and every fork with its query.
  ///
  /// @throws Failure.Refused when a target isn't there or isn't the plan's
  public List<ProofReport> verify(PlanCore core) {
    return verify(core, false, false, false);
  }

  /// @param branch whether a branch is looked at
  List<ProofReport> verify(PlanCore core, boolean branch) {
    return verify(core, branch, false, false);
  }

  /// Compares as [#verify(PlanCore)] does.
  ///
  /// @param directWrites producers write to the targets too, so rows that only a target has are
  ///   theirs
  public List<ProofReport> verifyMoved(PlanCore core, boolean directWrites) {
    return verifyMoved(core, directWrites, /* viewsKeepDeleted= */ false);
  }

  /// @param viewsKeepDeleted targets of views may hold what the old ones hold instead of what their
  ///   queries give
  public List<ProofReport> verifyMoved(
      PlanCore core, boolean directWrites, boolean viewsKeepDeleted) {
    return verify(core, false, directWrites, viewsKeepDeleted);
  }

  /// Whether the targets hold every row that their sources still have, without asking for the feeds
  /// between them: before the sources go.
  public List<ProofReport> verifyKept(PlanCore core) {
    var watch = watch();
    var out = new ArrayList<ProofReport>();
    for (var migration : core.direct()) {
      if (!migration.keyed()
          && (migration.projection().isEmpty() || !migration.engine().equals("MergeTree"))) {
        throw new Failure.Refused(
            migration.target()
                + " merges rows, so it can't be told row by row that it holds "
                + migration.source());
      }
      var inventory = inventories.of(migration, clock.instant().plus(Duration.ofHours(1)), watch);
      var parts = new ArrayList<Prover.Part>();
      parts.add(
          new Prover.Part(
              "all",
              new Chunk(Chunk.Part.RANGE, OptionalLong.empty(), OptionalLong.empty(), 1, 0)));
      if (migration.timestamp().filter(t -> t.type().nullable()).isPresent()) {
        parts.add(new Prover.Part("null", Chunk.nulls()));
      }
      var asOf = inventory.now();
      var prover =
          new Prover(
              inventory,
              watch,
              core.limits().settle(),
              READINGS,
              migration.target(),
              /* oneSided= */ true,
              /* viewsKeepDeleted= */ false);
      var comparison =
          migration.keyed()
              ? prover.fork(ForkQuestions.orNewer(migration))
              : prover.rows(migration.source(), migration.target(), parts, differing -> {});
      out.add(
          new ProofReport(
              migration.source(),
              migration.target(),
              Optional.empty(),
              Optional.empty(),
              asOf,
              List.of(comparison)));
    }
    return out;
  }

  private List<ProofReport> verify(
      PlanCore core, boolean branch, boolean directWrites, boolean viewsKeepDeleted) {
    var watch = watch();
    var findings = new Guard(tinybird, watch).look(core, branch);
    if (!findings.reasons().isEmpty()) {
      throw new Failure.Refused(
          !branch && new Guard(tinybird, watch).past(core)
              ? "the feeds of this plan have been taken away again, so there is nothing left to prove by it: backfill status says what is left of the migration"
              : String.join("; ", findings.reasons()));
    }
    var out = new ArrayList<ProofReport>();
    for (var ready : findings.ready()) {
      var migration = ready.migration();
      var inventory = inventories.of(migration, clock.instant().plus(Duration.ofHours(1)), watch);
      var settle = core.limits().settle();
      out.add(
          new Prover(
                  inventory,
                  watch,
                  settle,
                  READINGS,
                  migration.target(),
                  directWrites || Runner.writtenByOthers(migration),
                  viewsKeepDeleted)
              .prove(ready, differing -> {}));
    }
    var seams = new Seams(tinybird, watch);
    findings
        .seams()
        .forEach(s ->
            out.add(
                seams.prove(s, core.limits().settle(), READINGS, directWrites, viewsKeepDeleted)));
    return out;
  }

  /// Compares any two Data Sources.
  ///
  /// @param columns that both have, with their type in the target
  /// @param timestamp to compare a range only; its name and type on both sides
  /// @param from first instant; empty is open
  /// @param until first instant after the range; empty is open. With a timestamp and no bounds,
  ///   rows without a timestamp are compared too
  /// @param settle how long to wait before what differs is read again
  public ProofReport verifyTables(
      String source,
      String target,
      List<Projected> columns,
      Optional<CutColumn> timestamp,
      Optional<Instant> from,
      Optional<Instant> until,
      Duration settle) {
    var watch = watch();
    timestamp
        .flatMap(CutColumn::incomparable)
        .ifPresent(why -> {
          throw new Failure.Refused(why);
        });
    var pair =
        new Pair(
            source,
            target,
            timestamp,
            columns,
            List.of(),
            Optional.empty(),
            Instant.EPOCH,
            /* once= */ false);
    var inventory = new SqlInventory(tinybird, new Questions(pair), watch);
    var parts = new ArrayList<Prover.Part>();
    parts.add(
        new Prover.Part(
            "all",
            new Chunk(Chunk.Part.RANGE, bound(timestamp, from), bound(timestamp, until), 1, 0)));
    if (timestamp.filter(t -> t.type().nullable()).isPresent()
        && from.isEmpty()
        && until.isEmpty()) {
      parts.add(new Prover.Part("null", Chunk.nulls()));
    }
    var asOf = inventory.now();
    var comparison =
        new Prover(inventory, watch, settle, READINGS, target)
            .rows(source, target, parts, differing -> {});
    return new ProofReport(
        source, target, Optional.empty(), Optional.empty(), asOf, List.of(comparison));
  }

  private static OptionalLong bound(Optional<CutColumn> timestamp, Optional<Instant> at) {
    return timestamp.isPresent() && at.isPresent()
        ? OptionalLong.of(Ticks.ceil(timestamp.get().type(), at.get()))
        : OptionalLong.empty();
  }

  private Watch watch() {
    return new Watch(clock, sleeper, events, cancelled, Duration.ofMinutes(2));
  }
}
