package dev.backfill.run;

import static dev.backfill.proof.Questions.MARK;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.ChunkGrid;
import dev.backfill.plan.ChunkGrid.Bucket;
import dev.backfill.plan.Feed;
import dev.backfill.plan.Grain;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Seam;
import dev.backfill.plan.Ticks;
import dev.backfill.proof.Comparison;
import dev.backfill.proof.ForkQuestions;
import dev.backfill.proof.Pair;
import dev.backfill.proof.ProofReport;
import dev.backfill.proof.Questions;
import dev.backfill.proof.Reading;
import dev.backfill.proof.SeamQuestions;
import dev.backfill.tinybird.LivePipe;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Fills targets of views that are cut at a bucket ([Seam]): older buckets by copies of the old
/// target's rows or by the query over its origin, later ones come by themselves.
///
/// Up to the last old bucket nobody but these copies writes to the target. So the difference that
/// one statement finds is the difference, whatever else goes on; rows that arrive late are found by
/// the next one.
final class Seams {
  private static final int ROUNDS = 2;
  private static final int READINGS = 6;
  private static final int EMPTY_SUCCESSES = 3;

  private static final Pattern CUTOVER =
      Pattern.compile(
          "toDateTime\\s*\\(\\s*'(\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d)'[^()]*\\)\\s+AS\\s+`?"
              + Seam.CUTOVER
              + "\\b");

  private final Tinybird tinybird;
  private final Watch watch;

  Seams(Tinybird tinybird, Watch watch) {
    this.tinybird = tinybird;
    this.watch = watch;
  }

  /// A target that may be worked on.
  ///
  /// @param cutover T, as the live forks say it
  /// @param end first tick of the bucket's type behind the last old bucket
  /// @param over when the last old bucket is over
  record Ready(
      Migration migration, List<Migration> forks, Instant cutover, long end, Instant over) {

    /// What its forks take their rows from.
    Set<String> origins() {
      return migration.seam().orElseThrow().feeders().stream()
          .map(Seam.Feeder::trigger)
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  /// Why a target is left for another run.
  static String skipped(Ready ready, String origin) {
    return "nothing is copied into %s, because %s, which feeds it, isn't proven; both go on in the next run"
        .formatted(ready.migration().target(), origin);
  }

  /// The cut targets of the plan that are live as planned; for the others a reason is added.
  List<Ready> look(PlanCore core, List<String> reasons) {
    var out = new ArrayList<Ready>();
    for (var m : core.seamed()) {
      var before = reasons.size();
      var cutovers = new TreeSet<String>();
      for (var feeder : m.seam().orElseThrow().feeders()) {
        cutovers.addAll(live(m, feeder, reasons));
      }
      for (var name : List.of(m.source(), m.target())) {
        if (watch.read(m.target(), () -> tinybird.dataSource(name)).isEmpty()) {
          reasons.add("the Data Source " + name + " isn't in the workspace; deploy first");
        }
      }
      if (watch.read(m.target(), () -> tinybird.pipe(m.historyFeed().pipe())).isEmpty()) {
        reasons.add(
            "the copy pipe " + m.historyFeed().pipe() + " isn't in the workspace; deploy first");
      }
      for (var fork : core.forksOf(m.target())) {
        linked(fork.liveFeed().pipe(), fork.target(), reasons);
      }
      if (cutovers.size() > 1) {
        reasons.add(m.target() + " is fed by pipes with different cutovers: " + cutovers);
      }
      if (reasons.size() == before && cutovers.size() == 1) {
        out.add(ready(m, core.forksOf(m.target()), cutovers.getFirst()));
      }
    }
    return out;
  }

  /// What one reading says of a target's older buckets, also when nothing feeds them any more.
  ///
  /// @param late until when rows may come late that nothing but the backfill Pipe takes
  /// @param passedBy rows of older buckets that producers sent to what the forks hang from
  record Older(boolean holds, Instant late, long passedBy) {}

  /// Empty when the forks don't say where older buckets end, or that is yet to come.
  Optional<Older> older(PlanCore core, Migration m, Instant asOf) {
    var cutovers = new TreeSet<String>();
    for (var feeder : m.seam().orElseThrow().feeders()) {
      cutovers.addAll(live(m, feeder, new ArrayList<>()));
    }
    if (cutovers.size() != 1) {
      return Optional.empty();
    }
    var ready = ready(m, core.forksOf(m.target()), cutovers.getFirst());
    if (ready.over().isAfter(asOf)) {
      return Optional.empty();
    }
    var below = Chunk.below(ready.end());
    var passedBy = 0L;
    if (m.historyFeed().kind() == Feed.History.Kind.SEAM) {
      for (var feeder : m.seam().orElseThrow().feeders()) {
        for (var origin : core.direct()) {
          if (origin.target().equals(feeder.trigger()) && !origin.projection().isEmpty()) {
            passedBy +=
                ask(m, new SeamQuestions(m).passedBy(feeder, origin, below)).number(MARK + "n");
          }
        }
      }
    }
    return Optional.of(
        new Older(
            new Buckets(ready, core.limits()).read(below).same(),
            ready.over().plus(core.limits().maxLateness()),
            passedBy));
  }

  private List<String> live(Migration m, Seam.Feeder feeder, List<String> reasons) {
    var pipe = linked(feeder.fork(), m.target(), reasons);
    if (pipe.isEmpty()) {
      return List.of();
    }
    var found = new TreeSet<String>();
    for (var node : pipe.get().nodes()) {
      CUTOVER.matcher(node.sql()).results().forEach(r -> found.add(r.group(1)));
    }
    if (found.size() != 1) {
      reasons.add("the live pipe " + feeder.fork() + " doesn't say where the cutover lies");
    }
    return List.copyOf(found);
  }

  private Optional<LivePipe> linked(String name, String target, List<String> reasons) {
    var pipe = watch.read(target, () -> tinybird.pipe(name));
    if (pipe.isEmpty()) {
      reasons.add("the pipe " + name + " isn't in the workspace; deploy first");
      return pipe;
    }
    var id = watch.read(target, () -> tinybird.dataSource(target)).map(d -> d.id()).orElse(target);
    if (pipe.get().nodes().stream()
        .noneMatch(
            n -> n.materialized().filter(x -> x.equals(id) || x.equals(target)).isPresent())) {
      reasons.add(Guard.unlinked(name, target));
      return Optional.empty();
    }
    return pipe;
  }

  private Ready ready(Migration m, List<Migration> forks, String cutover) {
    var questions = new SeamQuestions(m);
    var type = m.seam().orElseThrow().type();
    var last = Ticks.parse(type, ask(m, questions.lastOld(cutover)).text(MARK + "b"));
    var hour = firstNew(m, questions, cutover, cutover, 3_600).orElse(cutover);
    var before = Ticks.parse(Seam.CUTOVER_TYPE, hour) - 3_600;
    var from = Math.max(before, Ticks.parse(Seam.CUTOVER_TYPE, cutover));
    var over =
        firstNew(m, questions, cutover, Ticks.text(Seam.CUTOVER_TYPE, from), 1).orElse(cutover);
    return new Ready(m, forks, instant(cutover), last + 1, instant(over));
  }

  private Optional<String> firstNew(
      Migration m, SeamQuestions questions, String cutover, String from, int seconds) {
    return Optional.of(ask(m, questions.firstNew(cutover, from, seconds)).text(MARK + "t"))
        .filter(t -> !t.isEmpty());
  }

  private static Instant instant(String text) {
    return Ticks.instant(Seam.CUTOVER_TYPE, Ticks.parse(Seam.CUTOVER_TYPE, text));
  }

  private dev.backfill.tinybird.Answer.Row ask(Migration m, String sql) {
    watch.check();
    return watch.read(m.target(), () -> tinybird.query(sql)).only();
  }

  /// When the copies may begin: every row of an old bucket that comes in time is there then.
  static Instant start(Ready ready, PlanCore core) {
    var over = ready.over().plus(core.limits().settle());
    return ready.migration().seam().orElseThrow().repairable()
        ? over
        : over.plus(core.limits().maxLateness());
  }

  /// Brings one target to the end, under the lease.
  void fill(
      Ready ready,
      PlanCore core,
      RunOptions options,
      Instant start,
      List<Outcome.Figures> figures,
      List<ProofReport> proofs,
      List<String> reasons) {
    var target = ready.migration().target();
    var limits = core.limits();
    watch.tell(
        new RunEvent.Started(target, ready.migration().source(), Optional.of(ready.cutover())));
    var inventory = inventory(ready.migration());
    var proof =
        Turn.take(
            tinybird,
            watch,
            inventory::now,
            ready.migration(),
            limits,
            options,
            figures,
            copier -> new Bringing(new Buckets(ready, limits), copier),
            filling -> {
              watch.await(
                  target,
                  "rows of the last bucket before the cutover are still arriving",
                  inventory::now,
                  start);
              filling.bulk();
              return prove(
                  ready,
                  inventory,
                  limits.settle(),
                  READINGS,
                  options.directWrites(),
                  options.viewsKeepDeleted(),
                  filling::bulk);
            });
    proofs.add(proof);
    Runner.verdict(proof, /* changed= */ false, reasons);
  }

  /// What a run would do.
  Outcome.Intent intend(Ready ready, PlanCore core) {
    var buckets = new Buckets(ready, core.limits());
    var states = buckets.grid().stream().map(buckets::read).toList();
    var open = states.stream().filter(s -> !s.same() && s.expected().rows() > 0).toList();
    return new Outcome.Intent(
        ready.migration().target(),
        Optional.of(ready.cutover()),
        states.size(),
        open.stream().map(s -> buckets.text(s.chunk())).toList(),
        open.stream().mapToLong(s -> s.expected().rows() - s.actual().rows()).sum());
  }

  Instant now(Ready ready) {
    return inventory(ready.migration()).now();
  }

  private SqlInventory inventory(Migration m) {
    return new SqlInventory(tinybird, new Questions(Pair.of(m, Instant.EPOCH)), watch);
  }

  /// The proof: what the target has to hold against what it holds, all buckets, and the forks that
  /// hang from it.
  ///
  /// @param directWrites producers write to what the forks hang from, so later buckets are theirs
  /// @param between what is done before what differs is read again
  private ProofReport prove(
      Ready ready,
      Inventory inventory,
      Duration settle,
      int readings,
      boolean directWrites,
      boolean viewsKeepDeleted,
      Runnable between) {
    var m = compared(ready, directWrites);
    var prover =
        new Prover(
            inventory,
            watch,
            settle,
            readings,
            m.target(),
            /* oneSided= */ false,
            viewsKeepDeleted);
    var asOf = inventory.now();
    var comparisons = new ArrayList<Comparison>();
    comparisons.add(prover.fork(m, between));
    ready.forks().forEach(f -> comparisons.add(prover.fork(f)));
    return new ProofReport(
        m.source(), m.target(), Optional.of(ready.cutover()), Optional.empty(), asOf, comparisons);
  }

  ProofReport prove(
      Ready ready, Duration settle, int readings, boolean directWrites, boolean viewsKeepDeleted) {
    return prove(
        ready,
        inventory(ready.migration()),
        settle,
        readings,
        directWrites,
        viewsKeepDeleted,
        () -> {});
  }

  /// The old target gets no rows of producers that write to the new version; a query over the new
  /// version does.
  private static Migration compared(Ready ready, boolean directWrites) {
    var m = ready.migration();
    return directWrites && m.historyFeed().kind() == Feed.History.Kind.SEAM
        ? new SeamQuestions(m).olderOnly(Chunk.below(ready.end()))
        : m;
  }

  /// What both sides hold of a range of buckets.
  private record State(Chunk chunk, Reading expected, Reading actual) {
    boolean same() {
      return expected.equals(actual);
    }
  }

  /// The buckets of one target that are copied.
  private final class Buckets {
    private final Ready ready;
    private final Migration migration;
    private final Seam seam;
    private final SeamQuestions questions;
    private final PlanCore.Limits limits;

    Buckets(Ready ready, PlanCore.Limits limits) {
      this.ready = ready;
      this.migration = ready.migration();
      this.seam = migration.seam().orElseThrow();
      this.questions = new SeamQuestions(migration);
      this.limits = limits;
    }

    List<Chunk> grid() {
      return ChunkGrid.of(
          seam.type(),
          ready.end(),
          new ChunkGrid.Most(limits.chunkRows(), Filling.PARTITIONS_AT_ONCE),
          this::counts);
    }

    SortedMap<Long, Bucket> counts(Grain grain, Chunk range) {
      var out = new TreeMap<Long, Bucket>();
      for (var row :
          watch
              .read(migration.target(), () -> tinybird.query(questions.histogram(grain, range)))
              .rows()) {
        out.put(
            Ticks.parse(seam.type(), row.text(MARK + "at_text")),
            new Bucket(row.number(MARK + "n"), row.number(MARK + "partitions")));
      }
      return out;
    }

    State read(Chunk chunk) {
      var about = questions.in(chunk);
      return new State(chunk, read(about, true), read(about, false));
    }

    private Reading read(ForkQuestions about, boolean expected) {
      var row = ask(migration, about.reading(expected));
      return new Reading(row.number(MARK + "n"), row.big(MARK + "s"));
    }

    Map<String, String> parameters(Chunk chunk, String mode) {
      var out = new LinkedHashMap<String, String>();
      chunk.start().ifPresent(t -> out.put("start_backfill_timestamp", Ticks.text(seam.type(), t)));
      out.put("end_backfill_timestamp", Ticks.text(seam.type(), chunk.end().orElse(ready.end())));
      out.put("mode", mode);
      return out;
    }

    String text(Chunk chunk) {
      return "buckets " + chunk.text(seam.type());
    }
  }

  /// The copies into one target.
  private final class Bringing implements Filler {
    private final Buckets buckets;
    private final Migration migration;
    private final Seam seam;
    private final Copier copier;
    private int chunks;
    private long copied;

    Bringing(Buckets buckets, Copier copier) {
      this.buckets = buckets;
      this.migration = buckets.ready.migration();
      this.seam = buckets.seam;
      this.copier = copier;
    }

    @Override
    public Outcome.Figures figures() {
      return new Outcome.Figures(
          migration.target(), chunks, copier.started(), copied, 0, copier.working());
    }

    /// What differs shows anew in every round.
    @Override
    public void sweep(List<Chunk> differing) {
      bulk();
    }

    @Override
    public void bulk() {
      for (var round = 0; round < ROUNDS; round++) {
        var states = buckets.grid().stream().map(buckets::read).toList();
        var open = states.stream().filter(s -> !s.same() && s.expected().rows() > 0).toList();
        if (round == 0 && chunks == 0) {
          chunks = states.size();
          watch.tell(
              new RunEvent.Chunked(
                  migration.target(),
                  chunks,
                  Math.toIntExact(open.stream().filter(s -> s.actual().rows() == 0).count()),
                  states.stream().mapToLong(s -> s.expected().rows()).sum()));
        }
        if (open.isEmpty()) {
          return;
        }
        open.forEach(this::bring);
      }
    }

    private void bring(State state) {
      if (state.same() || state.expected().rows() == 0) {
        return;
      }
      if (state.actual().rows() == 0) {
        absent(state);
      } else if (seam.repairable()) {
        difference(state);
      }
    }

    private void absent(State state) {
      for (var empty = 0; empty < EMPTY_SUCCESSES; empty++) {
        var since = watch.now();
        var parameters = buckets.parameters(state.chunk(), "bulk");
        parameters.put("expect_target", "0");
        var end = copier.copy(parameters, buckets.text(state.chunk()));
        if (cut(end, state.chunk())) {
          return;
        }
        var now = buckets.read(state.chunk());
        if (now.actual().rows() > 0 || now.expected().rows() == 0) {
          copied += now.actual().rows();
          watch.tell(
              new RunEvent.Copied(
                  migration.target(),
                  buckets.text(state.chunk()),
                  now.actual().rows(),
                  Duration.between(since, watch.now()),
                  copied,
                  copied));
          return;
        }
        watch.pause(
            migration.target(),
            "the job for " + buckets.text(state.chunk()) + " is done and wrote nothing",
            buckets.limits.settle());
      }
      throw new Failure.Refused(
          "jobs for %s of %s say they are done and write nothing"
              .formatted(buckets.text(state.chunk()), migration.target()));
    }

    private void difference(State state) {
      var end =
          copier.copy(
              buckets.parameters(state.chunk(), "delta"),
              "what is missing in " + buckets.text(state.chunk()));
      if (cut(end, state.chunk())) {
        return;
      }
      var now = buckets.read(state.chunk());
      if (!now.actual().equals(state.actual())) {
        watch.tell(
            new RunEvent.Note(
                migration.target(), "brought what was missing in " + buckets.text(state.chunk())));
      }
    }

    /// Whether the range was too big and its halves were brought instead.
    private boolean cut(Copier.End end, Chunk chunk) {
      switch (end) {
        case Copier.End.Said() -> {
          return false;
        }
        case Copier.End.Unknown(var because) -> {
          watch.tell(
              new RunEvent.Note(
                  migration.target(), buckets.text(chunk) + " is looked at again: " + because));
          return false;
        }
        case Copier.End.Failed(var because) ->
            throw new Failure.Refused(
                buckets.text(chunk) + " of " + migration.target() + " can't be copied: " + because);
        case Copier.End.TooBig(var because) -> {
          watch.tell(new RunEvent.Split(migration.target(), buckets.text(chunk), because));
          var counts = buckets.counts(Grain.DAY, chunk);
          var lowest = counts.isEmpty() ? buckets.ready.end() - 1 : counts.firstKey();
          var halves = chunk.halves(lowest, buckets.ready.end());
          // A bucket is whole or it is wrong, so it isn't cut by hash.
          if (halves.isEmpty() || !halves.getFirst().whole()) {
            throw new Failure.Refused(
                buckets.text(chunk)
                    + " of "
                    + migration.target()
                    + " is too big for one job: "
                    + because);
          }
          halves.forEach(half -> bring(buckets.read(half)));
          return true;
        }
      }
    }
  }
}
