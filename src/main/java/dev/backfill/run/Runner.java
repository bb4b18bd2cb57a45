package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Scenario;
import dev.backfill.proof.Comparison;
import dev.backfill.proof.Judgement;
import dev.backfill.proof.Pair;
import dev.backfill.proof.ProofReport;
import dev.backfill.proof.Questions;
import dev.backfill.proof.Side;
import dev.backfill.status.Facts.Writes;
import dev.backfill.tinybird.LivePipe;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// The production backfill: guard, lease, wait for T, guarded copies, sweep, proof. State lives in
/// the workspace alone, so a run that was killed at any moment is continued by the next one.
public final class Runner {
  /// How often what differs is read again before it is called a difference.
  private static final int READINGS = 6;

  private final Tinybird tinybird;
  private final InstantSource clock;
  private final Sleeper sleeper;
  private final Consumer<RunEvent> events;
  private final BooleanSupplier cancelled;
  private final Inventories inventories;

  /// @param clock of this machine, for deadlines only: T is awaited by the server's clock
  /// @param cancelled asked often; once true the run stops in order
  public Runner(
      Tinybird tinybird,
      InstantSource clock,
      Sleeper sleeper,
      Consumer<RunEvent> events,
      BooleanSupplier cancelled) {
    this(tinybird, clock, sleeper, events, cancelled, Inventories.asking(tinybird));
  }

  Runner(
      Tinybird tinybird,
      InstantSource clock,
      Sleeper sleeper,
      Consumer<RunEvent> events,
      BooleanSupplier cancelled,
      Inventories inventories) {
    this.tinybird = tinybird;
    this.clock = clock;
    this.sleeper = sleeper;
    this.events = events;
    this.cancelled = cancelled;
    this.inventories = inventories;
  }

  /// Where readings come from.
  @FunctionalInterface
  interface Inventories {
    Inventory of(Migration migration, Instant expiringAfter, Watch watch);

    static Inventories asking(Tinybird tinybird) {
      return (migration, expiringAfter, watch) ->
          new SqlInventory(tinybird, new Questions(Pair.of(migration, expiringAfter)), watch);
    }
  }

  /// Whether the feeds have been taken away again, so that no run can do anything any more.
  public boolean past(PlanCore core, RunOptions options) {
    return new Guard(tinybird, new Watch(clock, sleeper, events, cancelled, options.unreachable()))
        .past(core);
  }

  /// Runs, or goes on with, the backfill of every target of the plan.
  ///
  /// @throws Failure.Interrupted when cancelled; nothing of ours runs any more
  /// @throws Failure.Remote when the workspace can't be reached or refuses
  public Outcome run(PlanCore core, RunOptions options) {
    var watch = new Watch(clock, sleeper, events, cancelled, options.unreachable());
    var findings = new Guard(tinybird, watch).look(core, false);
    if (!findings.reasons().isEmpty()) {
      return new Outcome.NotReady(findings.reasons(), List.of(), List.of());
    }
    var figures = new ArrayList<Outcome.Figures>();
    var proofs = new ArrayList<ProofReport>();
    var reasons = new ArrayList<String>();
    var intents = new ArrayList<Outcome.Intent>();
    var unproven = new TreeSet<String>();
    Optional<Outcome.ComeBackAt> later = Optional.empty();
    for (var ready : findings.ready()) {
      var target = ready.migration().target();
      watch.tell(new RunEvent.Started(target, ready.migration().source(), ready.cutoverInstant()));
      var inventory = inventory(ready.migration(), watch);
      if (options.dryRun()) {
        intents.add(intend(ready, inventory, core));
        continue;
      }
      if (options.directWrites() && isLoaded(ready.migration())) {
        watch.tell(
            new RunEvent.Note(
                target,
                "its loader fills it, as you say, so nothing of %s is copied into it or compared with it any more"
                    .formatted(ready.migration().source())));
        continue;
      }
      var start = start(ready, core.limits().settle());
      if (start.isAfter(inventory.now().plus(options.maxWait()))) {
        later =
            Optional.of(
                earlier(
                    later,
                    new Outcome.ComeBackAt(start, "rows before the cutover are still arriving")));
        continue;
      }
      var before = reasons.size();
      try {
        switch (ready.migration().historyFeed().kind()) {
          case COPY, POPULATE -> {
            var open =
                fill(ready, core, options, watch, inventory, start, figures, proofs, reasons);
            if (open.isPresent()) {
              later = Optional.of(earlier(later, open.get()));
            }
          }
          case NONE -> loaded(ready, core, inventory, watch, options, proofs, reasons);
          case FORK, SEAM, REPLAY ->
              throw new IllegalStateException(target + " can't be run, and the guard let it pass");
        }
        switch (ready.migration().scenario()) {
          // To be replaced is what these are for; the proof says whether it was the same load.
          case NOT_PRODUCTION, FULL_REPLACEMENT, RELOAD -> {}
          case STREAMING_TIMESTAMP, POPULATE, DELTA, MOVE_INGESTION, KAFKA_TWIN ->
              upheavals(ready.migration(), core, options, watch, reasons);
        }
      } catch (Failure.Refused refused) {
        reasons.add(String.valueOf(refused.getMessage()));
      }
      if (reasons.size() > before) {
        unproven.add(target);
      }
    }
    var seams = new Seams(tinybird, watch);
    for (var ready : findings.seams()) {
      var start = Seams.start(ready, core);
      var origin = ready.origins().stream().filter(unproven::contains).findFirst();
      if (options.dryRun()) {
        intents.add(seams.intend(ready, core));
      } else if (origin.isPresent()) {
        unproven.add(ready.migration().target());
        reasons.add(Seams.skipped(ready, origin.get()));
      } else if (later.isPresent() || start.isAfter(seams.now(ready).plus(options.maxWait()))) {
        var at = later.map(Outcome.ComeBackAt::at).filter(a -> a.isAfter(start)).orElse(start);
        later =
            Optional.of(
                new Outcome.ComeBackAt(
                    at, "rows of the last bucket before the cutover are still arriving"));
      } else {
        var before = reasons.size();
        try {
          seams.fill(ready, core, options, start, figures, proofs, reasons);
        } catch (Failure.Refused refused) {
          reasons.add(String.valueOf(refused.getMessage()));
        }
        if (reasons.size() > before) {
          unproven.add(ready.migration().target());
        }
      }
    }
    if (options.dryRun()) {
      return new Outcome.Planned(intents);
    }
    if (reasons.isEmpty() && later.isEmpty()) {
      // What was proven stays true only while everything is still fed.
      reasons.addAll(new Guard(tinybird, watch).look(core, false).reasons());
    }
    if (!reasons.isEmpty()) {
      return new Outcome.NotReady(reasons, figures, proofs);
    }
    return later.isPresent() ? later.get() : new Outcome.Done(figures, proofs);
  }

  private static Outcome.ComeBackAt earlier(
      Optional<Outcome.ComeBackAt> first, Outcome.ComeBackAt second) {
    return first.filter(f -> f.at().isBefore(second.at())).orElse(second);
  }

  /// Whether each load replaces the one before it: the next one goes to the target, and the
  /// source's would come back among its rows.
  private static boolean isLoaded(Migration migration) {
    return switch (migration.scenario()) {
      case FULL_REPLACEMENT, RELOAD -> true;
      case NOT_PRODUCTION, STREAMING_TIMESTAMP, POPULATE, DELTA, MOVE_INGESTION, KAFKA_TWIN ->
          false;
    };
  }

  /// What the workspace's log says of a target since its feed is live; empty when it doesn't show
  /// it.
  private Optional<OperationsLog.History> history(Migration migration, PlanCore core, Watch watch) {
    return since(migration, watch)
        .flatMap(since ->
            new OperationsLog(tinybird, watch).of(migration, since, OperationsLog.ours(core)));
  }

  // Where producers write to the target, the copy Pipe is what came with it.
  private static String since(Migration migration) {
    return migration.liveFeed().pipe().isEmpty()
        ? migration.historyFeed().pipe()
        : migration.liveFeed().pipe();
  }

  private Optional<Instant> since(Migration migration, Watch watch) {
    return watch
        .read(migration.target(), () -> tinybird.pipe(since(migration)))
        .map(LivePipe::createdAt);
  }

  /// What else than appends happened to the source since its sync is live: copies don't repeat it,
  /// and a proof may not see it.
  private void upheavals(
      Migration migration, PlanCore core, RunOptions options, Watch watch, List<String> reasons) {
    var target = migration.target();
    if (since(migration, watch).isEmpty()) {
      return;
    }
    var history = history(migration, core, watch);
    if (history.isEmpty()) {
      var unseen =
          "the workspace doesn't show tinybird.datasources_ops_log, so nobody can tell whether rows of %s were deleted or changed since %s feeds %s"
              .formatted(migration.source(), since(migration), target);
      watch.tell(new RunEvent.Note(target, unseen));
      if (!options.changesRepeated()) {
        reasons.add(
            unseen
                + ". Use a token that may read it; or look yourself, repeat what was deleted, and say"
                + " so with --confirm changes_repeated");
      }
      return;
    }
    for (var upheaval : history.get().upheavals()) {
      var told = upheaval.told(target).replace("`", "");
      watch.tell(new RunEvent.Note(target, told));
      if (!options.changesRepeated()) {
        reasons.add(told + ". When that is done: --confirm changes_repeated");
      }
    }
  }

  /// Adds what a proof says against a target. Where rows are too many, the workspace's log may know
  /// why; producers' own are no difference, only a person has to say that they are.
  ///
  /// @param oneSided makes the proof again, with rows that only the target has as its producers'
  private void verdict(
      ProofReport proof,
      Migration migration,
      PlanCore core,
      RunOptions options,
      Watch watch,
      Supplier<ProofReport> oneSided,
      List<ProofReport> proofs,
      List<String> reasons) {
    var history =
        proof.judgement() == Judgement.CONTAINED
            ? Optional.<OperationsLog.History>empty()
            : history(migration, core, watch);
    var changed =
        !options.changesRepeated() && history.filter(h -> !h.upheavals().isEmpty()).isPresent();
    var direct = history.map(OperationsLog.History::writes).flatMap(Writes::firstToTarget);
    if (direct.isPresent()
        && proof.comparisons().getFirst().surplus() > 0
        && !changed
        && history.get().writes().rowsToTarget() > 0) {
      var again = oneSided.get();
      proofs.add(again);
      reasons.add(
          "%s were written straight to %s since %s, by the workspace's log: if its producers did that, say so with --confirm producers_moving, or producers_moved when all of them have moved; if nobody did, rows may be there twice"
              .formatted(
                  history.get().writes().rowsToTarget() == 1
                      ? "1 row"
                      : "%,d rows".formatted(history.get().writes().rowsToTarget()),
                  migration.target(),
                  direct.get().truncatedTo(ChronoUnit.SECONDS)));
      verdict(again, /* changed= */ false, reasons);
      return;
    }
    proofs.add(proof);
    verdict(proof, changed, reasons);
    if (migration.scenario() == Scenario.FULL_REPLACEMENT
        && proof.judgement() != Judgement.CONTAINED) {
      reasons.add(
          "%s is replaced as a whole, so the difference may be a load that came meanwhile. Point the loader at %s: its next load replaces whatever is there; say so with --confirm producers_moved"
              .formatted(migration.source(), migration.target()));
    }
  }

  private Inventory inventory(Migration migration, Watch watch) {
    // Rows that expire while we work would look like differences.
    return inventories.of(migration, clock.instant().plus(Duration.ofHours(1)), watch);
  }

  /// Rows at a cutover in a column are waited for; before a moment of insertion there is the most
  /// to do.
  private static Instant start(Guard.Ready ready, Duration settle) {
    return switch (ready.migration().border()) {
      case TIMESTAMP -> ready.cutoverInstant().orElseThrow().plus(settle);
      case ARRIVAL, NONE -> Instant.MIN;
    };
  }

  private static Outcome.Intent intend(Guard.Ready ready, Inventory inventory, PlanCore core) {
    var migration = ready.migration();
    var chunkRows = core.limits().chunkRows();
    var states =
        migration.timestamp().isPresent()
            ? Filling.states(migration, ready.cutover(), inventory, chunkRows)
            : switch (migration.historyFeed().kind()) {
              case COPY, POPULATE -> List.of(SliceFilling.whole(inventory));
              case FORK, SEAM, REPLAY, NONE -> List.<Filling.State>of();
            };
    var absent = states.stream().filter(s -> !s.same() && s.source().rows() > 0).toList();
    return new Outcome.Intent(
        migration.target(),
        ready.cutoverInstant(),
        states.size(),
        absent.stream()
            .map(s ->
                migration.timestamp().map(c -> s.chunk().text(c.type())).orElseGet(s.chunk()::text))
            .toList(),
        absent.stream().mapToLong(s -> s.source().rows() - s.target().rows()).sum());
  }

  /// A target that nothing of ours fills: whoever loads it has to have done so.
  private static void loaded(
      Guard.Ready ready,
      PlanCore core,
      Inventory inventory,
      Watch watch,
      RunOptions options,
      List<ProofReport> proofs,
      List<String> reasons) {
    var target = ready.migration().target();
    var proof =
        prove(ready, core, inventory, watch, options, options.directWrites(), differing -> {});
    proofs.add(proof);
    if (proof.judgement() != Judgement.CONTAINED
        && inventory.reading(Side.TARGET, Chunk.everything()).rows() == 0) {
      reasons.add(
          target
              + " hasn't been loaded yet: let its loader run (point it at "
              + target
              + " if it isn't), then run again");
      return;
    }
    verdict(proof, /* changed= */ false, reasons);
  }

  /// Brings one target to the end, under the lease.
  ///
  /// @param start when the copies may begin, by the server's clock
  /// @return when to go on, where the end is later than anybody wants to wait
  Optional<Outcome.ComeBackAt> fill(
      Guard.Ready ready,
      PlanCore core,
      RunOptions options,
      Watch watch,
      Inventory inventory,
      Instant start,
      List<Outcome.Figures> figures,
      List<ProofReport> proofs,
      List<String> reasons) {
    return Turn.take(
        tinybird,
        watch,
        inventory::now,
        ready.migration(),
        core.limits(),
        options,
        figures,
        copier -> filler(ready, inventory, copier, watch, core.limits(), options),
        filling -> {
          var target = ready.migration().target();
          watch.await(target, "rows before the cutover are still arriving", inventory::now, start);
          ready
              .line()
              .filter(line -> line.syncSince().isAfter(line.instant()))
              .ifPresent(line ->
                  watch.tell(
                      new RunEvent.Note(
                          target,
                          "the sync pipe is younger than the cutover: rows from "
                              + line.instant()
                              + " on are brought by difference")));
          filling.bulk();
          if (filling.open().isPresent()) {
            return filling.open();
          }
          var others = options.directWrites() || writtenByOthers(ready.migration());
          var proof = prove(ready, core, inventory, watch, options, others, filling::sweep);
          verdict(
              proof,
              ready.migration(),
              core,
              options,
              watch,
              () -> prove(ready, core, inventory, watch, options, true, differing -> {}),
              proofs,
              reasons);
          if (ready.migration().scenario() == Scenario.KAFKA_TWIN
              && proof.judgement() != Judgement.CONTAINED) {
            KafkaFilling.behind(tinybird, watch, ready.migration()).ifPresent(reasons::add);
          }
          if (ready.migration().scenario() == Scenario.KAFKA_TWIN && !options.directWrites()) {
            KafkaFilling.doubled(tinybird, watch, ready.migration()).ifPresent(reasons::add);
          }
          return Optional.empty();
        });
  }

  /// Whether the target has rows of its own from the beginning.
  static boolean writtenByOthers(Migration migration) {
    return switch (migration.scenario()) {
      case MOVE_INGESTION, KAFKA_TWIN -> true;
      case NOT_PRODUCTION, FULL_REPLACEMENT, STREAMING_TIMESTAMP, POPULATE, DELTA, RELOAD -> false;
    };
  }

  private Filler filler(
      Guard.Ready ready,
      Inventory inventory,
      Copier copier,
      Watch watch,
      PlanCore.Limits limits,
      RunOptions options) {
    var migration = ready.migration();
    switch (migration.scenario()) {
      case MOVE_INGESTION -> {
        return new MovedFilling(
            migration,
            tinybird,
            inventory,
            inventories.of(migration.withoutTtl(), clock.instant(), watch),
            copier,
            watch,
            limits,
            options.directWrites());
      }
      case KAFKA_TWIN -> {
        return new KafkaFilling(migration, tinybird, copier, watch, limits);
      }
      case NOT_PRODUCTION, FULL_REPLACEMENT, STREAMING_TIMESTAMP, POPULATE, DELTA, RELOAD -> {}
    }
    if (migration.keyed()) {
      return new KeyedFilling(ready, inventory, copier, watch, limits);
    }
    return migration.timestamp().isPresent()
        ? new Filling(
            ready,
            inventory,
            copier,
            watch,
            limits.settle(),
            limits.chunkRows(),
            options.directWrites())
        : new SliceFilling(
            ready,
            inventory,
            inventories.of(migration.withoutTtl(), clock.instant(), watch),
            copier,
            watch,
            limits,
            options);
  }

  private static ProofReport prove(
      Guard.Ready ready,
      PlanCore core,
      Inventory inventory,
      Watch watch,
      RunOptions options,
      boolean directWrites,
      Consumer<List<Chunk>> between) {
    return new Prover(
            inventory,
            watch,
            core.limits().settle(),
            READINGS,
            ready.migration().target(),
            directWrites,
            options.viewsKeepDeleted())
        .prove(ready, between);
  }

  /// @param changed something else than appends happened to the source
  static void verdict(ProofReport proof, boolean changed, List<String> reasons) {
    for (var comparison : proof.comparisons()) {
      if (comparison.judgement() != Judgement.CONTAINED) {
        reasons.add(
            "%s %s %s: %,d missing, %,d surplus; %s%s"
                .formatted(
                    comparison.actual(),
                    comparison.judgement() == Judgement.DIFFERS
                        ? "differs from"
                        : "couldn't be compared to the end with",
                    comparison.expected(),
                    comparison.missing(),
                    comparison.surplus(),
                    comparison.because(),
                    help(proof, comparison, changed)));
      }
    }
  }

  private static String help(ProofReport proof, Comparison comparison, boolean changed) {
    if (!comparison.actual().equals(proof.target())) {
      return comparison.judgement() != Judgement.DIFFERS
              || comparison.because().contains(Prover.VIEW_DIFFERS)
          ? ""
          : ". What helps: backfill plan --explain " + Prover.VIEW_DIFFERS;
    }
    if (comparison.surplus() == 0) {
      return "";
    }
    return changed
        ? ". Rows that were deleted from %s or replaced there are among them as long as that isn't repeated on %s: see below"
            .formatted(proof.source(), proof.target())
        : ". If producers write to it by now, say so with --confirm producers_moving. If rows were deleted from %s, repeat that on %s. Else rows are there twice, and the program never deletes any: take the migration back (backfill cleanup --abandon %s) and start over"
            .formatted(proof.source(), proof.target(), proof.target());
  }
}
