package dev.backfill.status;

import dev.backfill.status.Facts.Sync;
import dev.backfill.status.Facts.Target;
import dev.backfill.status.Step.State;
import dev.backfill.status.Step.Who;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Turns what was seen into what is done and what is next, in the order in which nothing is lost
/// (`design.md` 7, rule 10): deployed, copied and proven, readers switched, producers moved, the
/// rest removed.
public final class Handover {
  private final Facts facts;
  private final Wanted wanted;

  /// What a person has yet to say for the next change.
  private final Set<Confirmation> words = EnumSet.noneOf(Confirmation.class);

  private Handover(Facts facts, Wanted wanted) {
    this.facts = wanted.says(Confirmation.VIEWS_KEEP_DELETED) ? facts.keepingDeleted() : facts;
    this.wanted = wanted;
  }

  public static Status status(Facts facts, Wanted wanted) {
    var handover = new Handover(facts, wanted);
    var deploy = handover.deploy();
    var run = handover.run(deploy.state() == State.DONE);
    var first = handover.producersFirst();
    if (first) {
      run = handover.behindProducers(run);
    }
    var readers = handover.readers(run.state() == State.DONE);
    var producers = handover.producers((first ? deploy : readers).state() == State.DONE);
    var next = handover.next(deploy, run);
    var cleanup = handover.cleanup(next, producers.state() == State.DONE);
    return new Status(
        facts.workspace(),
        facts.branch(),
        facts.asOf(),
        first
            ? List.of(deploy, producers, run, readers, cleanup)
            : List.of(deploy, run, readers, producers, cleanup),
        next,
        facts.unseen());
  }

  /// Nothing is copied before the producers have moved.
  private boolean producersFirst() {
    return !facts.targets().isEmpty()
        && facts.targets().stream().allMatch(t -> t.supply() == Facts.Supply.MOVE_FIRST);
  }

  private Step behindProducers(Step run) {
    var waits =
        run.state() == State.NOW
            && !wanted.says(Confirmation.PRODUCERS_MOVED)
            && facts.targets().stream().allMatch(t -> t.writes().firstToTarget().isEmpty());
    if (!waits) {
      return run;
    }
    var because = new ArrayList<>(run.because());
    because.addFirst("begins when the producers write to the new version");
    return new Step(
        run.id(), run.who(), State.WAITS, run.title(), because, run.command(), run.until());
  }

  /// Every feed of the plan has been taken away, and the rows are in the targets.
  private boolean feedsGone() {
    return !facts.targets().isEmpty() && facts.targets().stream().allMatch(Handover::feedsGone);
  }

  private static boolean feedsGone(Target t) {
    return !(t.sync() instanceof Sync.Live)
        && !(t.sync() instanceof Sync.Unlinked)
        && !t.backfillThere()
        && t.targetRows().filter(rows -> rows > 0).isPresent();
  }

  private Step deploy() {
    var because = new ArrayList<String>();
    var absent = 0;
    var stuck = false;
    for (var t : facts.targets()) {
      if (feedsGone(t)) {
        because.add(
            "`%s` holds %s and its feeds are gone".formatted(t.target(), rows(t.targetRows())));
        continue;
      }
      if (t.targetRows().isEmpty()) {
        absent++;
        because.add("`" + t.target() + "` isn't in the workspace yet");
        continue;
      }
      switch (t.sync()) {
        case Sync.None() -> because.add("`" + t.target() + "` is there");
        case Sync.Live(var since, var cutover, var edited, var _) -> {
          because.add(
              "`%s` feeds `%s` since %s%s"
                  .formatted(
                      t.syncPipe(),
                      t.target(),
                      second(since),
                      cutover.map(at -> ", cutover T = " + at).orElse("")));
          if (edited.isPresent()) {
            stuck = true;
            because.add("`" + t.syncPipe() + "` isn't what the plan wrote: " + edited.get());
          }
          if (cutover.filter(since::isAfter).isPresent()) {
            because.add(
                "it went live after T; `backfill run` brings the rows that arrived in between");
          }
        }
        case Sync.Absent() -> {
          stuck = true;
          because.add(
              t.targetRows().get() == 0
                  ? "`%s` is there and empty, `%s` isn't: half of a deployment, as `tb deploy` leaves it when it is run by hand without the cutover; run deploy.sh, it goes on from here"
                      .formatted(t.target(), t.syncPipe())
                  : "`%s` is gone while `%s` holds %s: rows that reach `%s` don't follow"
                      .formatted(t.syncPipe(), t.target(), rows(t.targetRows()), t.source()));
        }
        case Sync.Unlinked() -> {
          stuck = true;
          because.add(
              "`%s` is there and feeds nothing (its node is unlinked): rows that reach `%s` don't follow"
                  .formatted(t.syncPipe(), t.source()));
        }
      }
      if (!t.backfillPipe().isEmpty() && !t.backfillThere()) {
        stuck = true;
        because.add("`" + t.backfillPipe() + "` isn't in the workspace, so nothing can be copied");
      }
      for (var fork : t.forksMissing()) {
        stuck = true;
        because.add("the view `" + fork + "` doesn't feed its target");
      }
    }
    var state =
        stuck && !removing()
            ? State.STUCK
            : absent == facts.targets().size() && !viewsThere()
                ? State.NOW
                : absent > 0 ? State.STUCK : State.DONE;
    return new Step(
        "deploy",
        Who.YOU,
        state,
        "merge, and let CD run `deploy.sh`",
        because,
        Optional.empty(),
        Optional.empty());
  }

  /// The plan has cut views alone, and they are deployed.
  private boolean viewsThere() {
    return facts.targets().isEmpty()
        && !facts.cuts().isEmpty()
        && facts.cuts().stream().allMatch(Facts.Cut::there);
  }

  /// Feeds that go one after the other, once the producers are said to have moved, aren't a broken
  /// deployment.
  private boolean removing() {
    return wanted.says(Confirmation.PRODUCERS_MOVED)
        && facts.targets().stream()
            .allMatch(t ->
                t.targetRows().filter(r -> r > 0).isPresent()
                    && !(t.sync() instanceof Sync.Unlinked)
                    && t.forksMissing().isEmpty()
                    && !(t.sync() instanceof Sync.Live live && live.edited().isPresent()));
  }

  /// Whether what the old version holds still says anything of the new one.
  private boolean compared(Target t) {
    return switch (t.supply()) {
      case NOT_NEEDED -> false;
      case LOADER -> !otherLoad(t);
      case PRODUCERS, MOVE_FIRST, TOPIC -> true;
    };
  }

  /// Whether rows that only the new version has are its producers' own.
  private boolean ownRows(Target t) {
    return wanted.directWrites()
        || switch (t.supply()) {
          case MOVE_FIRST, TOPIC -> true;
          case PRODUCERS, LOADER, NOT_NEEDED -> false;
        };
  }

  private boolean otherLoad(Target t) {
    return wanted.directWrites() && t.reloaded();
  }

  /// What the new versions are seen to lack when nothing of the plan can bring it any more.
  private List<String> lostWithFeeds() {
    var out = new ArrayList<String>();
    for (var t : facts.targets()) {
      if (t.sourceThere() && compared(t) && t.standing().filter(Standing::lacking).isPresent()) {
        out.add(
            "the feeds of `%s` are gone and it lacks rows of `%s`: put the feeds back and run it. In a checkout of the plan's commit, without deploy.sh, which fills empty targets only: %s, then %s"
                .formatted(t.target(), t.source(), feedsBack(t.target()), runCommand()));
      }
    }
    for (var cut : facts.cuts()) {
      if (cut.older().filter(o -> !o.holds()).isPresent()) {
        out.add(
            "the feeds of `%s` are gone and its older buckets aren't those of `%s`: put the feeds back and run it. In a checkout of the plan's commit, without deploy.sh, which fills empty targets only: %s, then %s"
                .formatted(cut.target(), cut.source(), feedsBack(cut.target()), runCommand()));
      }
    }
    return out;
  }

  /// Binds T of whatever the plan makes, a little ahead.
  private String feedsBack(String target) {
    return "`export BACKFILL_T_%s=\"$(date -u -d '+2 minutes' '+%%F %%T')\" && tb deploy`"
        .formatted(target.toUpperCase(Locale.ROOT));
  }

  private Step run(boolean deployed) {
    var because = new ArrayList<String>();
    var command = Optional.of(runCommand());
    if (feedsGone()) {
      because.addAll(lostWithFeeds());
      return new Step(
          "run",
          Who.WE,
          because.isEmpty() ? State.DONE : State.STUCK,
          "copy and prove",
          because,
          Optional.empty(),
          Optional.empty());
    }
    var until = Optional.<Instant>empty();
    var state = State.DONE;
    for (var t : facts.targets()) {
      for (var upheaval : t.upheavals()) {
        because.add(upheaval.told(t.target()));
      }
      if (!t.upheavals().isEmpty() && !wanted.says(Confirmation.CHANGES_REPEATED)) {
        state = worse(state, State.STUCK);
        because.add("when that is done, say so with --confirm " + Confirmation.CHANGES_REPEATED);
      }
      for (var lease : t.leases()) {
        lease
            .until()
            .filter(facts.asOf()::isBefore)
            .ifPresent(at ->
                because.add(
                    "`%s` is being worked on by %s (claim until %s; if that was killed, the next run goes on then)"
                        .formatted(t.target(), lease.holder(), second(at))));
      }
      var cutover = t.sync() instanceof Sync.Live live ? live.cutover() : Optional.<Instant>empty();
      if (cutover.filter(facts.asOf()::isBefore).isPresent()) {
        if (t.sync() instanceof Sync.Live live && live.byArrival()) {
          state = worse(state, deployed ? State.NOW : State.WAITS);
          because.add(
              "`%s` is best filled before T = %s: start it now; it waits for T itself, and adds what came until then"
                  .formatted(t.target(), cutover.get()));
          continue;
        }
        state = worse(state, State.WAITS);
        until = Optional.of(latest(until, cutover.get()));
        because.add("`%s` waits for T = %s".formatted(t.target(), cutover.get()));
        continue;
      }
      if (t.sync() instanceof Sync.None && t.backfillPipe().isEmpty() && t.standing().isEmpty()) {
        because.add("nothing is copied into `" + t.target() + "`, as the plan says");
        continue;
      }
      if (otherLoad(t)) {
        because.add(
            "`%s` is loaded by its own loader since %s, so it isn't compared with the older load in `%s`"
                .formatted(
                    t.target(), second(t.writes().firstToTarget().orElseThrow()), t.source()));
        continue;
      }
      if (t.standing().isEmpty()) {
        state = worse(state, deployed ? State.NOW : State.WAITS);
        continue;
      }
      var standing = t.standing().get();
      var behind = standing.views().stream().filter(v -> !v.equal()).toList();
      for (var view : behind) {
        // With every row at rest, another look won't tell anything else.
        state = worse(state, standing.rowsEqual() ? State.STUCK : State.NOW);
        because.add(behind(view, t));
      }
      if (standing.rowsEqual() || (ownRows(t) && standing.rowsContained())) {
        because.add(
            "`%s` holds what `%s` holds%s, as of %s"
                .formatted(
                    t.target(),
                    t.source(),
                    standing.rowsEqual()
                        ? behind.isEmpty() && !standing.views().isEmpty() ? ", views too" : ""
                        : ", and rows of its own producers",
                    second(standing.asOf())));
        continue;
      }
      if (standing.historyEqual()
          && standing.parts().size() > 1
          && standing.missingSettled() == 0) {
        because.add(
            "`%s` holds every row below T; newer ones are under way or differ, which `backfill verify` tells apart"
                .formatted(t.target()));
        continue;
      }
      var tooMany = standing.surplusBelow() > 0 && !ownRows(t);
      if (!tooMany && standing.missingBelow() == 0 && standing.missingSettled() > 0) {
        state = worse(state, State.NOW);
        because.add(
            "`%s` lacks at least %s from T on that `%s` has had for a while"
                .formatted(t.target(), rows(Optional.of(standing.missingSettled())), t.source()));
        continue;
      }
      state = worse(state, standing.missingBelow() > 0 && !tooMany ? State.NOW : State.STUCK);
      if (standing.missingBelow() > 0) {
        because.add(
            "`%s` lacks at least %s of %s%s: not copied yet, or arrived late"
                .formatted(
                    t.target(),
                    number(standing.missingBelow()),
                    rows(Optional.of(standing.expectedBelow())),
                    cutover.isPresent() ? " below T" : ""));
      }
      if (tooMany) {
        because.add(
            "`%s` holds at least %s that `%s` doesn't hold; if they are its producers' own, say so with --confirm %s; else `backfill run` says what they may be"
                .formatted(
                    t.target(),
                    rows(Optional.of(standing.surplusBelow())),
                    t.source(),
                    Confirmation.PRODUCERS_MOVING));
      }
      if (standing.missingBelow() == 0 && !tooMany) {
        because.add(
            "`%s` and `%s` hold different rows; `backfill verify` shows them"
                .formatted(t.target(), t.source()));
      }
    }
    for (var cut : facts.cuts()) {
      if (!cut.backfillThere() && !facts.old().contains(cut.source())) {
        because.add("`%s` is all there is of `%s`".formatted(cut.target(), cut.source()));
        continue;
      }
      if (cut.holds()) {
        because.add("`%s` holds its older buckets".formatted(cut.target()));
        continue;
      }
      state = worse(state, State.NOW);
      because.add(
          cut.older().isPresent()
              ? "`%s` doesn't hold its older buckets: not copied yet, or rows arrived late"
                  .formatted(cut.target())
              : "`%s` isn't seen to hold its older buckets".formatted(cut.target()));
    }
    if (!deployed && state == State.DONE) {
      state = State.WAITS;
    }
    return new Step(
        "run",
        Who.WE,
        deployed ? state : worse(State.WAITS, state == State.STUCK ? State.STUCK : State.WAITS),
        facts.targets().stream()
                .anyMatch(t -> t.sync() instanceof Sync.Live live && live.cutover().isPresent())
            ? "copy the rows before T and prove both sides equal"
            : "copy the rows so far and prove that none is missing",
        because,
        state == State.DONE ? Optional.empty() : command,
        until);
  }

  private static String behind(Standing.View view, Target t) {
    return switch (view.agreement()) {
      case NOT_COMPARED ->
          "the view's target `%s` can't be compared with `%s`, so it isn't proven"
              .formatted(view.name(), t.target());
      case AS_OLD ->
          "the view's target `%s` counts rows that were deleted from `%s`, as the old one does, since no view follows that: to leave it so, say so with --confirm %s; `backfill plan --explain view_differs` tells what else can be done"
              .formatted(view.name(), t.target(), Confirmation.VIEWS_KEEP_DELETED);
      case DIFFERENT, EQUAL ->
          "the view's target `%s` differs from what its query gives over `%s`; `backfill verify` shows where, and `backfill plan --explain view_differs` what can be done"
              .formatted(view.name(), t.target());
    };
  }

  private Step readers(boolean proven) {
    var because =
        facts.readers().stream()
            .map(r ->
                "%s `%s` reads %s"
                    .formatted(
                        r.kind(),
                        r.pipe(),
                        r.reads().stream()
                            .map(n -> "`" + n + "`")
                            .collect(Collectors.joining(", "))))
            .collect(Collectors.toCollection(ArrayList::new));
    if (facts.readers().isEmpty()) {
      because.add("no live Pipe reads an old Data Source of the plan");
    }
    for (var plain : facts.calledPlain()) {
      because.add(
          "`%s` stays on the old version as long as the old views hang from it; who calls its URL reads the old one until then"
              .formatted(plain));
    }
    var done = facts.readers().isEmpty() && (proven || deployed());
    return new Step(
        "readers",
        Who.YOU,
        done ? State.DONE : proven ? State.NOW : State.WAITS,
        "merge the switch of the readers that `cleanup` writes",
        because,
        done ? Optional.empty() : Optional.of(cleanupCommand(Set.of())),
        Optional.empty());
  }

  private boolean deployed() {
    return facts.targets().stream().allMatch(t -> t.targetRows().isPresent());
  }

  private Step producers(boolean switched) {
    var because = new ArrayList<String>();
    for (var t : facts.targets()) {
      t.writes()
          .firstToTarget()
          .ifPresent(at ->
              because.add(
                  "%s `%s` since %s (%s so far)"
                      .formatted(
                          switch (t.supply()) {
                            case PRODUCERS, MOVE_FIRST, NOT_NEEDED -> "producers write to";
                            case LOADER -> "a loader fills";
                            case TOPIC -> "its own consumer fills";
                          },
                          t.target(),
                          second(at),
                          rows(Optional.of(t.writes().rowsToTarget())))));
      if (t.sourceThere()) {
        t.writes()
            .lastToSource()
            .ifPresent(at ->
                because.add("the last write to `%s` was at %s".formatted(t.source(), second(at))));
      }
    }
    var late = lateUntil();
    late.ifPresent(at ->
        because.add(
            "until %s rows of buckets before the cutover may come late; sent to the new version they would miss %s, whose views take later ones only"
                .formatted(second(at), cutTargets())));
    var moving = moving();
    var said = wanted.says(Confirmation.PRODUCERS_MOVED) || feedsGone() || !moving;
    if (!said) {
      because.add(
          "not to be seen from here: "
              + Confirmation.PRODUCERS_MOVED.question()
              + "? Say so with --confirm "
              + Confirmation.PRODUCERS_MOVED);
    }
    return new Step(
        "producers",
        Who.YOU,
        said && switched ? State.DONE : switched && late.isEmpty() ? State.NOW : State.WAITS,
        moving
            ? "point every producer at "
                + facts.targets().stream()
                    .filter(t -> t.supply() != Facts.Supply.TOPIC)
                    .map(t -> "`" + t.target() + "`")
                    .collect(Collectors.joining(", "))
                + ", none at both"
            : "nobody has to move",
        because,
        Optional.empty(),
        said ? Optional.empty() : late);
  }

  /// Until when rows may come late for buckets that only the old views take; empty when that is
  /// over.
  private Optional<Instant> lateUntil() {
    return facts.cuts().stream()
        .flatMap(c -> c.older().stream())
        .map(Facts.Older::late)
        .filter(facts.asOf()::isBefore)
        .max(Instant::compareTo);
  }

  private String cutTargets() {
    return facts.cuts().stream().map(c -> "`" + c.target() + "`").collect(Collectors.joining(", "));
  }

  private static Optional<Instant> quietSince(Target t) {
    return t.writes().sourceQuietSince();
  }

  /// The instant at which every source has been quiet for long enough; empty when that isn't known.
  private Optional<Instant> quietEnough() {
    Optional<Instant> at = Optional.of(Instant.MIN);
    for (var t : facts.targets()) {
      // A consumer reads on until its Data Source goes.
      if (t.sourceThere() && t.supply() != Facts.Supply.TOPIC) {
        var since = quietSince(t).map(s -> s.plus(wanted.quiet()));
        at = at.flatMap(a -> since.map(s -> s.isAfter(a) ? s : a));
      }
    }
    return at;
  }

  private Next next(Step deploy, Step run) {
    var missing = new ArrayList<String>();
    if (deploy.state() != State.DONE) {
      if (facts.targets().stream().allMatch(t -> t.targetRows().isEmpty())
          && facts.cuts().stream().noneMatch(Facts.Cut::there)) {
        // What comes after it is nobody's question yet.
        missing.add("the plan isn't deployed yet: " + String.join("; ", deploy.because()));
        return new Next(Next.Change.SWITCH_READERS, missing);
      }
      missing.add("the plan isn't deployed as a whole: " + String.join("; ", deploy.because()));
    }
    if (!facts.readers().isEmpty()) {
      notDone(run, missing);
      return new Next(Next.Change.SWITCH_READERS, missing);
    }
    if (facts.targets().isEmpty() && !facts.oldViews().isEmpty()) {
      // Their sources go on being fed: the copies, the old views and their targets go together.
      notDone(run, missing);
      lateUntil()
          .ifPresent(at ->
              missing.add(
                  "rows of buckets before the cutover may come late until %s, and only the old views take them"
                      .formatted(second(at))));
      confirmed(Confirmation.NO_OTHER_READERS, missing);
      return new Next(Next.Change.REMOVE_OLD, missing);
    }
    var loaded = !facts.oldLoaders().isEmpty();
    var feeds =
        loaded
            || facts.targets().stream()
                .anyMatch(t ->
                    t.backfillThere()
                        || t.sync() instanceof Sync.Live
                        || t.sync() instanceof Sync.Unlinked);
    if (feeds || deploy.state() != State.DONE) {
      notDone(run, missing);
      if (moving()) {
        confirmed(Confirmation.PRODUCERS_MOVED, missing);
      }
      if (!loaded) {
        quiet(missing);
      }
      for (var t : facts.targets()) {
        // The source is quiet, so nothing can be under way any more.
        if (run.state() == State.DONE
            && compared(t)
            && t.standing().filter(Standing::contained).isEmpty()) {
          missing.add(
              "`%s` isn't seen to hold all of `%s`, views too".formatted(t.target(), t.source()));
        }
        t.leases().stream()
            .filter(l -> l.until().filter(facts.asOf()::isBefore).isPresent())
            .forEach(l ->
                missing.add(
                    "%s works on `%s` (claim until %s)"
                        .formatted(l.holder(), t.target(), second(l.until().orElseThrow()))));
      }
      passedBy(missing);
      return new Next(Next.Change.REMOVE_FEEDS, missing);
    }
    if (!facts.old().isEmpty() || !facts.oldViews().isEmpty()) {
      missing.addAll(lostWithFeeds());
      for (var cut : facts.cuts()) {
        if (cut.older().isEmpty()) {
          missing.add("`%s` isn't seen to hold its older buckets".formatted(cut.target()));
        }
      }
      passedBy(missing);
      confirmed(Confirmation.NO_OTHER_READERS, missing);
      quiet(missing);
      return new Next(Next.Change.REMOVE_OLD, missing);
    }
    return new Next(Next.Change.FINISHED, List.of());
  }

  /// Rows that a view takes neither by its old version nor by its new one.
  private void passedBy(List<String> missing) {
    for (var cut : facts.cuts()) {
      var rows = cut.older().map(Facts.Older::passedBy).orElse(0L);
      if (rows > 0 && !wanted.says(Confirmation.OLDER_BUCKETS_DONE)) {
        words.add(Confirmation.OLDER_BUCKETS_DONE);
        missing.add(
            "%s of buckets before the cutover came straight to the new version, and the view of `%s` takes later ones only: add them there, or leave them out, and say so with --confirm %s"
                .formatted(rows(Optional.of(rows)), cut.target(), Confirmation.OLDER_BUCKETS_DONE));
      }
    }
  }

  private static void notDone(Step run, List<String> missing) {
    if (run.state() != State.DONE) {
      missing.add(
          run.because().isEmpty()
              ? "nothing is proven yet"
              : "not proven: " + String.join("; ", run.because()));
    }
  }

  private void confirmed(Confirmation what, List<String> missing) {
    if (!wanted.says(what)) {
      words.add(what);
      missing.add("a person's word: " + what.question() + "? Say so with --confirm " + what);
    }
  }

  private void quiet(List<String> missing) {
    var enough = quietEnough();
    if (enough.isEmpty()) {
      missing.add(
          "the workspace's log doesn't say since when the old version gets no rows; it can't be"
              + " told that it is quiet");
    } else if (enough.get().isAfter(facts.asOf())) {
      missing.add(
          "the old version must get no rows for %s, which is the case at %s at the earliest"
              .formatted(days(wanted.quiet()), second(enough.get())));
    }
  }

  private Step cleanup(Next next, boolean moved) {
    var because = new ArrayList<>(next.missing());
    if (next.change() == Next.Change.FINISHED) {
      because.add("nothing of the old version is left");
    } else if (next.change() == Next.Change.REMOVE_OLD) {
      because.addFirst(
          "still there: "
              + Stream.concat(facts.oldViews().stream(), facts.old().stream())
                  .map(n -> "`" + n + "`")
                  .collect(Collectors.joining(", ")));
    }
    var turn = next.change() != Next.Change.SWITCH_READERS && moved;
    var until =
        next.change() == Next.Change.FINISHED
            ? Optional.<Instant>empty()
            : quietEnough().filter(facts.asOf()::isBefore);
    // A word can be given with the command.
    var state =
        next.change() == Next.Change.FINISHED
            ? State.DONE
            : turn && next.missing().size() <= words.size() ? State.NOW : State.WAITS;
    return new Step(
        "cleanup",
        Who.YOU,
        state,
        switch (next.change()) {
          case SWITCH_READERS, REMOVE_FEEDS -> "merge the removal of the sync and backfill Pipes";
          case REMOVE_OLD -> "merge the removal of the old version";
          case FINISHED, ABANDON -> "clean up";
        },
        turn || state == State.DONE ? because : List.of(),
        state == State.DONE ? Optional.empty() : Optional.of(cleanupCommand(removal(next))),
        turn ? until : Optional.empty());
  }

  /// With what was said so far that a run asks for.
  private String runCommand() {
    return "backfill run --plan "
        + wanted.plan()
        + Stream.of(
                Confirmation.PRODUCERS_MOVING,
                Confirmation.PRODUCERS_MOVED,
                Confirmation.CHANGES_REPEATED,
                Confirmation.VIEWS_KEEP_DELETED)
            .filter(wanted::says)
            .map(c -> " --confirm " + c)
            .collect(Collectors.joining());
  }

  /// What has to be said for the removal that comes next.
  private Set<Confirmation> removal(Next next) {
    var out = EnumSet.noneOf(Confirmation.class);
    switch (next.change()) {
      case SWITCH_READERS -> {
        if (moving()) {
          out.add(Confirmation.PRODUCERS_MOVED);
        }
      }
      case REMOVE_FEEDS, REMOVE_OLD -> out.addAll(words);
      case FINISHED, ABANDON -> {}
    }
    return out;
  }

  /// Producers have to move, one by one.
  private boolean moving() {
    return facts.targets().stream().anyMatch(t -> t.supply() != Facts.Supply.TOPIC);
  }

  /// With what was said so far, and what has to be said besides.
  private String cleanupCommand(Set<Confirmation> besides) {
    var said = EnumSet.noneOf(Confirmation.class);
    said.addAll(besides);
    for (var known : Confirmation.values()) {
      if (wanted.says(known)) {
        said.add(known);
      }
    }
    return "backfill cleanup --plan "
        + wanted.plan()
        + said.stream().map(c -> " --confirm " + c).collect(Collectors.joining());
  }

  private static State worse(State a, State b) {
    return rank(a) >= rank(b) ? a : b;
  }

  private static int rank(State state) {
    return switch (state) {
      case DONE -> 0;
      case NOW -> 1;
      case WAITS -> 2;
      case STUCK -> 3;
    };
  }

  private static Instant latest(Optional<Instant> a, Instant b) {
    return a.filter(x -> x.isAfter(b)).orElse(b);
  }

  private static String rows(Optional<Long> rows) {
    var n = rows.orElse(0L);
    return number(n) + (n == 1 ? " row" : " rows");
  }

  private static String number(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static String days(Duration duration) {
    return duration.toDays() > 0 && duration.equals(Duration.ofDays(duration.toDays()))
        ? duration.toDays() + (duration.toDays() == 1 ? " day" : " days")
        : duration.toString();
  }

  private static Instant second(Instant instant) {
    return instant.truncatedTo(java.time.temporal.ChronoUnit.SECONDS);
  }
}
