package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.ChunkGrid;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Ticks;
import dev.backfill.project.TimeType;
import dev.backfill.proof.Reading;
import dev.backfill.proof.Side;
import dev.backfill.run.Inventory.Extent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Brings one source's rows into its target: absent ranges by guarded bulk copies, the rest by
/// difference. Only ever appends. To be used while the lease is held.
final class Filling implements Filler {
  /// A target block that spans many partitions is refused: 100 by ClickHouse, 12 to 30 by Tinybird.
  static final int PARTITIONS_AT_ONCE = 12;

  /// How often a job may say it is done without a row having come.
  private static final int EMPTY_SUCCESSES = 3;

  /// How often the rest is read and brought.
  private static final int ROUNDS = 6;

  /// Into so many parts a range is cut whose rows keep moving, so that some of them settle.
  private static final int PARTS = 8;

  private final Migration migration;
  private final long cutover;
  private final TimeType type;
  private final Inventory inventory;
  private final Copier copier;
  private final Watch watch;
  private final Duration settle;
  private final Pace pace;
  private final long chunkRows;
  private final boolean directWrites;
  private int chunks;
  private long copied;
  private long swept;
  private long done;
  private long total;
  private long lowest;

  Filling(
      Guard.Ready ready,
      Inventory inventory,
      Copier copier,
      Watch watch,
      Duration settle,
      long chunkRows,
      boolean directWrites) {
    this.directWrites = directWrites;
    this.migration = ready.migration();
    this.cutover = ready.cutover();
    this.type = ready.migration().timestamp().orElseThrow().type();
    this.inventory = inventory;
    this.copier = copier;
    this.watch = watch;
    this.settle = settle;
    this.chunkRows = chunkRows;
    this.pace = new Pace(chunkRows);
  }

  /// A chunk and what both sides hold of it.
  record State(Chunk chunk, Reading source, Reading target) {
    boolean same() {
      return source.equals(target);
    }

    boolean absent() {
      return target.rows() == 0 && source.rows() > 0;
    }
  }

  @Override
  public Outcome.Figures figures() {
    return new Outcome.Figures(
        migration.target(), chunks, copier.started(), copied, swept, copier.working());
  }

  /// The chunks of the history with their state, NULLs last.
  static List<State> states(
      Migration migration, long cutover, Inventory inventory, long chunkRows) {
    var type = migration.timestamp().orElseThrow().type();
    var grid =
        new ArrayList<>(
            ChunkGrid.of(
                type,
                cutover,
                new ChunkGrid.Most(chunkRows, PARTITIONS_AT_ONCE),
                inventory::histogram));
    var states = new ArrayList<>(read(inventory, grid));
    if (type.nullable()) {
      states.addAll(read(inventory, List.of(Chunk.nulls())));
    }
    return states;
  }

  private static List<State> read(Inventory inventory, List<Chunk> chunks) {
    var source = inventory.readings(Side.SOURCE, chunks);
    var target = inventory.readings(Side.TARGET, chunks);
    var out = new ArrayList<State>();
    for (var i = 0; i < chunks.size(); i++) {
      out.add(new State(chunks.get(i), source.get(i), target.get(i)));
    }
    return out;
  }

  private State read(Chunk chunk) {
    return read(inventory, List.of(chunk)).getFirst();
  }

  /// Copies every absent range of the history.
  @Override
  public void bulk() {
    lowest =
        inventory.extent(Side.SOURCE, Chunk.below(cutover)).map(Extent::first).orElse(cutover - 1);
    var states = states(migration, cutover, inventory, chunkRows);
    chunks = states.size();
    total = states.stream().mapToLong(s -> s.source().rows()).sum();
    done = states.stream().mapToLong(s -> Math.min(s.source().rows(), s.target().rows())).sum();
    watch.tell(
        new RunEvent.Chunked(
            migration.target(),
            chunks,
            Math.toIntExact(states.stream().filter(State::absent).count()),
            total));
    states.forEach(this::bring);
  }

  /// Leaves alone what is there, copies what is absent, cuts what is there in part. What is there
  /// for the greater part is left for [#sweep]: rows that came late.
  private void bring(State state) {
    if (state.same() || state.source().rows() == 0) {
      return;
    }
    if (state.absent()) {
      bulk(state);
    } else if (state.target().rows() < state.source().rows() / 2) {
      var halves = halves(state.chunk());
      if (!halves.isEmpty()) {
        halves.forEach(half -> bring(read(half)));
      }
    }
  }

  private List<Chunk> halves(Chunk chunk) {
    return chunk.halves(lowest, cutover);
  }

  private void bulk(State state) {
    var chunk = state.chunk();
    var rows = state.source().rows();
    if (rows > pace.rows()) {
      var halves = halves(chunk);
      if (!halves.isEmpty()) {
        halves.forEach(half -> bring(read(half)));
        return;
      }
    }
    for (var empty = 0; empty < EMPTY_SUCCESSES; empty++) {
      var since = watch.now();
      var parameters = parameters(chunk, "bulk");
      parameters.put("expect_target", "0");
      var end = copier.copy(parameters, chunk.text(type));
      var there = inventory.extent(Side.TARGET, chunk).map(Extent::rows).orElse(0L);
      switch (end) {
        case Copier.End.Said() when there > 0 -> {
          pace.went();
          copied += there;
          done += there;
          watch.tell(
              new RunEvent.Copied(
                  migration.target(),
                  chunk.text(type),
                  there,
                  Duration.between(since, watch.now()),
                  done,
                  total));
          return;
        }
        case Copier.End.Said() -> {
          if (inventory.extent(Side.SOURCE, chunk).isEmpty()) {
            return;
          }
          watch.pause(
              migration.target(),
              "the job for " + chunk.text(type) + " is done and wrote nothing",
              settle);
          // A precondition that was false then has left its reason in the target by now.
          var again = read(chunk);
          if (!again.absent()) {
            bring(again);
            return;
          }
        }
        case Copier.End.TooBig(var because) -> {
          pace.tooBig(rows);
          watch.tell(new RunEvent.Split(migration.target(), chunk.text(type), because));
          var halves = halves(chunk);
          if (halves.isEmpty()) {
            throw new Failure.Refused(
                chunk.text(type)
                    + " of "
                    + migration.source()
                    + " is too big for one job and can't be cut any further: "
                    + because);
          }
          halves.forEach(half -> bring(read(half)));
          return;
        }
        case Copier.End.Unknown(var because) -> {
          watch.tell(
              new RunEvent.Note(
                  migration.target(), chunk.text(type) + " is looked at again: " + because));
          var again = read(chunk);
          if (!again.absent()) {
            copied += again.target().rows();
            done += again.target().rows();
            bring(again);
            return;
          }
          // Not counted: the attempt is known not to have written.
          empty--;
        }
        case Copier.End.Failed(var because) -> throw failed(chunk, because);
      }
    }
    throw new Failure.Refused(
        "jobs for "
            + chunk.text(type)
            + " of "
            + migration.target()
            + " say they are done, "
            + EMPTY_SUCCESSES
            + " times, and no row has come; is the copy pipe the one of this plan?");
  }

  private Failure.Refused failed(Chunk chunk, String because) {
    return new Failure.Refused(
        "the copy of "
            + chunk.text(type)
            + " into "
            + migration.target()
            + " failed and would fail again: "
            + because);
  }

  private Map<String, String> parameters(Chunk chunk, String mode) {
    var out = new LinkedHashMap<String, String>();
    out.put("mode", mode);
    out.put(
        "part",
        chunk.part() == Chunk.Part.NULL ? "null" : chunk.end().isEmpty() ? "from" : "range");
    chunk.start().ifPresent(tick -> out.put("start_backfill_timestamp", Ticks.text(type, tick)));
    chunk.end().ifPresent(tick -> out.put("end_backfill_timestamp", Ticks.text(type, tick)));
    if (!chunk.whole()) {
      out.put("slices", Integer.toString(chunk.slices()));
      out.put("slice", Integer.toString(chunk.slice()));
    }
    return out;
  }

  /// Adds the rows that the target lacks in these ranges, where both sides have settled and the
  /// target holds nothing else. Ranges that keep moving are cut finer. What still moves in the end
  /// is left; the proof sees it.
  ///
  /// Below T nobody but us writes to the target (the sync pipe's filter starts there), so from the
  /// second round on it is enough that the target has settled: rows that come late to the source in
  /// the meantime can't be under way to the target.
  @Override
  public void sweep(List<Chunk> ranges) {
    var open = ranges.stream().flatMap(c -> closed(c).stream()).toList();
    for (var round = 1; round <= ROUNDS && !open.isEmpty(); round++) {
      var first = open.stream().map(this::read).filter(s -> !s.same()).toList();
      if (first.isEmpty()) {
        return;
      }
      watch.pause(migration.target(), "rows that differ have to settle", settle);
      var next = new ArrayList<Chunk>();
      for (var before : first) {
        var now = read(before.chunk());
        if (now.same() || now.source().rows() == 0) {
          continue;
        }
        var below = below(now.chunk());
        var settled =
            now.target().equals(before.target())
                && (now.source().equals(before.source()) || (below && round > 1));
        if (!settled) {
          next.addAll(now.chunk().parts(PARTS, lowest, cutover));
        } else {
          var difference =
              directWrites ? inventory.missing(now.chunk()) : inventory.difference(now.chunk());
          if (difference.surplusRows() > 0) {
            unlike(now.chunk());
          } else if (difference.missingRows() > 0) {
            next.addAll(delta(now, below && round > 1));
          }
        }
      }
      open = next;
    }
  }

  private boolean below(Chunk chunk) {
    return chunk.part() == Chunk.Part.NULL
        || (chunk.end().isPresent() && chunk.end().getAsLong() <= cutover);
  }

  /// What is open above, cut at the last row, so that it can be cut along the calendar. The last
  /// row's own part stays open: the tick after it may be more than the type can say.
  private List<Chunk> closed(Chunk chunk) {
    if (chunk.part() == Chunk.Part.NULL || chunk.end().isPresent()) {
      return List.of(chunk);
    }
    var extent = inventory.extent(Side.SOURCE, chunk);
    if (extent.isEmpty()) {
      return List.of();
    }
    var start = chunk.start().orElse(extent.get().first());
    var last = extent.get().last();
    return start < last
        ? List.of(Chunk.range(start, last), Chunk.from(last))
        : List.of(Chunk.from(start));
  }

  /// What the target has and the source hasn't may be the very rows that seem to be missing, as
  /// they were when they were copied: a column whose DEFAULT is `now()` and that is younger than
  /// its rows has another value at every reading. To copy them again would double them.
  private void unlike(Chunk chunk) {
    watch.tell(
        new RunEvent.Note(
            migration.target(),
            "nothing is added to "
                + chunk.text(type)
                + ": "
                + migration.target()
                + " holds rows there that "
                + migration.source()
                + " doesn't hold, or holds with another value by now"));
  }

  /// @return what is to be looked at again
  private List<Chunk> delta(State state, boolean sourceMayMove) {
    var chunk = state.chunk();
    if (state.source().rows() > pace.rows()) {
      var finer = finer(state, sourceMayMove);
      if (finer.isPresent()) {
        return finer.get();
      }
    }
    var parameters = parameters(chunk, "delta");
    parameters.put("expect_target", Long.toString(state.target().rows()));
    if (!sourceMayMove) {
      parameters.put("expect_source", Long.toString(state.source().rows()));
    }
    return switch (copier.copy(parameters, "what is missing in " + chunk.text(type))) {
      case Copier.End.Said() -> {
        pace.went();
        yield look(state);
      }
      case Copier.End.TooBig(var because) -> {
        pace.tooBig(state.source().rows());
        watch.tell(new RunEvent.Split(migration.target(), chunk.text(type), because));
        var now = read(chunk);
        if (!now.target().equals(state.target())) {
          yield List.of(chunk);
        }
        yield finer(now, sourceMayMove)
            .orElseThrow(() ->
                new Failure.Refused(
                    "what is missing in "
                        + chunk.text(type)
                        + " is too big for one job: "
                        + because));
      }
      case Copier.End.Unknown _ -> look(state);
      case Copier.End.Failed(var because) -> throw failed(chunk, because);
    };
  }

  /// What came of a job, and what is left.
  private List<Chunk> look(State before) {
    var chunk = before.chunk();
    var now = read(chunk);
    var came = now.target().rows() - before.target().rows();
    if (came > 0 && below(chunk)) {
      swept += came;
      watch.tell(new RunEvent.Swept(migration.target(), chunk.text(type), came));
    } else if (came > 0) {
      watch.tell(
          new RunEvent.Note(migration.target(), "brought what was missing in " + chunk.text(type)));
    }
    return now.same() ? List.of() : List.of(chunk);
  }

  /// Goes on with the halves. They have settled if the whole has and they still add up to it.
  ///
  /// @return empty when it can't be cut
  private Optional<List<Chunk>> finer(State state, boolean sourceMayMove) {
    var halves = halves(state.chunk());
    if (halves.isEmpty()) {
      return Optional.empty();
    }
    var states = halves.stream().map(this::read).toList();
    var source = states.stream().map(State::source).reduce(Reading.NOTHING, Reading::plus);
    var target = states.stream().map(State::target).reduce(Reading.NOTHING, Reading::plus);
    if (!target.equals(state.target()) || (!sourceMayMove && !source.equals(state.source()))) {
      return Optional.of(halves);
    }
    var again = new ArrayList<Chunk>();
    for (var half : states) {
      if (!half.same() && half.source().rows() > 0) {
        again.addAll(delta(half, sourceMayMove));
      }
    }
    return Optional.of(again);
  }
}
