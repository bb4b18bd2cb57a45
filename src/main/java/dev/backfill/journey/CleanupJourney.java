package dev.backfill.journey;

import dev.backfill.emit.CleanUp;
import dev.backfill.emit.FileChange;
import dev.backfill.failure.Failure;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Scenario;
import dev.backfill.proof.Judgement;
import dev.backfill.proof.ProofReport;
import dev.backfill.revision.Snapshot;
import dev.backfill.revision.jgit.JGitRevisions;
import dev.backfill.run.Observer;
import dev.backfill.run.RunEvent;
import dev.backfill.run.Sleeper;
import dev.backfill.run.Verifier;
import dev.backfill.status.Confirmation;
import dev.backfill.status.Facts;
import dev.backfill.status.Handover;
import dev.backfill.status.Next;
import dev.backfill.status.Status;
import dev.backfill.status.Wanted;
import dev.backfill.tinybird.Tinybird;
import dev.backfill.worktree.Worktree;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// Makes the next change that ends a migration, when the evidence for it is there. Readers first,
/// then the feeds, then the old version: each is a pull request of its own.
public final class CleanupJourney {
  private final Tinybird tinybird;
  private final InstantSource clock;
  private final Sleeper sleeper;
  private final Consumer<RunEvent> events;
  private final BooleanSupplier cancelled;
  private final Verifier verifier;

  public CleanupJourney(
      Tinybird tinybird,
      InstantSource clock,
      Sleeper sleeper,
      Consumer<RunEvent> events,
      BooleanSupplier cancelled) {
    this.tinybird = tinybird;
    this.clock = clock;
    this.sleeper = sleeper;
    this.events = events;
    this.cancelled = cancelled;
    this.verifier = new Verifier(tinybird, clock, sleeper, events, cancelled);
  }

  /// A change, ready to be written.
  ///
  /// @param status what was seen
  /// @param next which change it is; what is missing for it, if anything is
  /// @param proofs that were made for it
  /// @param changes files as they should be; empty when it may not be made, or head holds it
  ///   already
  /// @param byHand what has to change and only a person can, one sentence each
  /// @param lookAt what is changed and may need a person's eye, one sentence each
  /// @param removedClaims Pipes of runs that [#remove] takes out of the workspace: claims, when
  ///   nothing is left that a run could do, and views for stragglers, before their Data Source goes
  /// @param folder the project's folder on disk
  public record Prepared(
      Status status,
      Next next,
      List<ProofReport> proofs,
      List<FileChange> changes,
      List<String> byHand,
      List<String> lookAt,
      List<String> removedClaims,
      Path folder) {
    public Prepared {
      proofs = List.copyOf(proofs);
      changes = List.copyOf(changes);
      byHand = List.copyOf(byHand);
      lookAt = List.copyOf(lookAt);
      removedClaims = List.copyOf(removedClaims);
    }

    /// Paths of files that go.
    public Set<String> removed() {
      return changes.stream()
          .filter(c -> c.text().isEmpty())
          .map(FileChange::path)
          .collect(Collectors.toSet());
    }

    /// The answer is yes: there is something to merge, or nothing left to do.
    public boolean allowed() {
      return next.missing().isEmpty();
    }

    /// It may be made, and nothing that has to change was left to a person.
    public boolean whole() {
      return allowed() && byHand.isEmpty();
    }
  }

  /// @param where the repository, whose work tree is read
  /// @throws Failure.Refused when the token is for a branch
  public Prepared next(PlanCore core, Location where, Wanted wanted) {
    var facts = look(core, /* compare= */ true);
    var status = Handover.status(facts, wanted);
    var next = status.next();
    List<ProofReport> proofs = List.of();
    if (next.allowed()) {
      proofs =
          switch (next.change()) {
            case SWITCH_READERS, REMOVE_FEEDS -> moved(compared(core, facts, wanted), wanted);
            case REMOVE_OLD ->
                verifier.verifyKept(compared(stillThere(core, facts), facts, wanted));
            case FINISHED, ABANDON -> List.of();
          };
      next = new Next(next.change(), unproven(proofs));
    }
    var claims =
        !next.missing().isEmpty()
            ? List.<String>of()
            : switch (next.change()) {
              case FINISHED -> claims(facts);
              // Made by a run, so no deployment takes it away, and nothing below it could go.
              case REMOVE_OLD, ABANDON -> stragglers(core);
              case SWITCH_READERS, REMOVE_FEEDS -> List.<String>of();
            };
    try (var revisions = JGitRevisions.open(where.repository())) {
      var dir = Sources.projectDir(revisions, where, List.of(Optional.empty()));
      var snapshot = Sources.snapshot(revisions, Optional.empty(), dir);
      var made =
          next.allowed()
              ? switch (next.change()) {
                case SWITCH_READERS -> CleanUp.switchReaders(snapshot.files(), core);
                case REMOVE_FEEDS -> CleanUp.removeFeeds(snapshot.files(), core);
                case REMOVE_OLD -> CleanUp.removeOld(snapshot.files(), core);
                case FINISHED, ABANDON -> new CleanUp.Made(List.of(), List.of(), List.of());
              }
              : new CleanUp.Made(List.of(), List.of(), List.of());
      return new Prepared(
          status,
          next,
          proofs,
          made.changes(),
          made.byHand(),
          made.lookAt(),
          claims,
          dir.equals(".") ? revisions.root() : revisions.root().resolve(dir));
    }
  }

  /// Takes the whole plan back. The new versions go with their rows, so their names have to be
  /// typed, and nobody may read or write them.
  ///
  /// @param typed names of the targets
  public Prepared abandon(PlanCore core, Location where, Wanted wanted, Set<String> typed) {
    var targets = new TreeSet<String>();
    core.direct().forEach(m -> targets.add(m.target()));
    if (!targets.equals(new TreeSet<>(typed))) {
      throw new Failure.Usage(
          "taking the migration back removes "
              + String.join(", ", targets)
              + " with every row in it; type "
              + (targets.size() == 1 ? "that name" : "those names")
              + ": backfill cleanup --abandon "
              + String.join(" --abandon ", targets)
              + ", or in a comment /backfill abandon "
              + String.join(" ", targets));
    }
    var facts = look(core, /* compare= */ false);
    var missing = new ArrayList<String>();
    for (var target : facts.targets()) {
      target
          .writes()
          .firstToTarget()
          .ifPresent(at ->
              missing.add(
                  "producers write to `%s` since %s, and those rows are nowhere else"
                      .formatted(target.target(), at)));
      if (!target.sourceThere() && target.targetRows().isPresent()) {
        missing.add("`" + target.source() + "` is gone, so its rows are nowhere else");
      }
      target.leases().stream()
          .filter(l -> l.until().filter(facts.asOf()::isBefore).isPresent())
          .forEach(l ->
              missing.add(
                  "%s works on `%s`; stop it first".formatted(l.holder(), target.target())));
    }
    for (var reader : facts.newReaders()) {
      missing.add(
          "%s `%s` reads the new version; switch it back first"
              .formatted(reader.kind(), reader.pipe()));
    }
    try (var revisions = JGitRevisions.open(where.repository())) {
      var dir = Sources.projectDir(revisions, where, List.of(Optional.empty()));
      Snapshot snapshot = Sources.snapshot(revisions, Optional.empty(), dir);
      return new Prepared(
          Handover.status(facts, wanted),
          new Next(Next.Change.ABANDON, missing),
          List.of(),
          missing.isEmpty() ? CleanUp.abandon(snapshot.files(), core).changes() : List.of(),
          List.of(),
          List.of(),
          missing.isEmpty() ? stragglers(core) : List.of(),
          dir.equals(".") ? revisions.root() : revisions.root().resolve(dir));
    }
  }

  /// Takes out of the workspace what no deployment does.
  public void remove(Prepared prepared) {
    prepared.removedClaims().forEach(tinybird::deletePipe);
  }

  /// Writes what was prepared, all of it or nothing.
  ///
  /// @return paths, relative to the project
  public static List<String> write(Prepared prepared) {
    return prepared.changes().isEmpty()
        ? List.of()
        : new Worktree(prepared.folder())
            .apply(prepared.changes(), Map.of(), /* force= */ false)
            .written();
  }

  private Facts look(PlanCore core, boolean compare) {
    var workspace = tinybird.workspace();
    if (workspace.main().isPresent()) {
      throw new Failure.Usage(
          "the token is for "
              + workspace.name()
              + ", a branch; the evidence for a clean-up is in the main workspace. Use its token.");
    }
    return new Observer(
            tinybird, clock, sleeper, events, cancelled, new LiveTexts(core, tinybird)::edited)
        .observe(core, compare);
  }

  private static PlanCore stillThere(PlanCore core, Facts facts) {
    return core.without(m ->
        facts.targets().stream().anyMatch(t -> t.target().equals(m.target()) && !t.sourceThere()));
  }

  private List<ProofReport> moved(PlanCore core, Wanted wanted) {
    return core.migrations().isEmpty()
        ? List.of()
        : verifier.verifyMoved(
            core, wanted.directWrites(), wanted.says(Confirmation.VIEWS_KEEP_DELETED));
  }

  /// Without what holds another load by now, or none of the rows by intention.
  private static PlanCore compared(PlanCore core, Facts facts, Wanted wanted) {
    var out = new TreeSet<String>();
    for (var t : facts.targets()) {
      if (t.supply() == Facts.Supply.NOT_NEEDED || (wanted.directWrites() && t.reloaded())) {
        out.add(t.target());
        core.forksOf(t.target()).forEach(f -> out.add(f.target()));
      }
    }
    return core.without(m -> out.contains(m.target()));
  }

  private static List<String> unproven(List<ProofReport> proofs) {
    return proofs.stream()
        .filter(p -> p.judgement() != Judgement.CONTAINED)
        .map(p ->
            "`%s` isn't proven to hold `%s`: %d missing, %d too many; look at it with backfill verify"
                .formatted(p.target(), p.source(), p.missing(), p.surplus()))
        .toList();
  }

  private List<String> stragglers(PlanCore core) {
    var out = new ArrayList<String>();
    for (var m : core.direct()) {
      if (m.scenario() == Scenario.MOVE_INGESTION && tinybird.pipe(m.stragglers()).isPresent()) {
        out.add(m.stragglers());
      }
    }
    return out;
  }

  /// Without a copy pipe no run can start any more, so its claims are over.
  private static List<String> claims(Facts facts) {
    var out = new ArrayList<String>();
    for (var target : facts.targets()) {
      for (var lease : target.leases()) {
        out.add(lease.pipe());
      }
    }
    return out;
  }
}
