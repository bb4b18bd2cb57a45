package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.ChunkGrid;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Ticks;
import dev.backfill.proof.Side;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Fills a target that keeps of every key the row with the greatest version. A row that is copied
/// twice, or together with the sync pipe, is there once, and one that is copied late loses against
/// its newer version: so nothing has to hold still, and a lost answer is a job to be done again.
///
/// What is there already is asked by key: of every key the row that stays in the source is copied
/// where another one, or none, stays in the target.
final class KeyedFilling implements Filler {
  /// How often a job is tried whose end nobody could see.
  private static final int TRIES = 5;

  private final Guard.Ready ready;
  private final Migration migration;
  private final Inventory inventory;
  private final Copier copier;
  private final Watch watch;
  private final long chunkRows;
  private int chunks;
  private long copied;
  private long swept;
  private int slices = 1;

  KeyedFilling(
      Guard.Ready ready, Inventory inventory, Copier copier, Watch watch, PlanCore.Limits limits) {
    this.ready = ready;
    this.migration = ready.migration();
    this.inventory = inventory;
    this.copier = copier;
    this.watch = watch;
    this.chunkRows = limits.chunkRows();
  }

  @Override
  public Outcome.Figures figures() {
    return new Outcome.Figures(
        migration.target(), chunks, copier.started(), copied, swept, copier.working());
  }

  @Override
  public void bulk() {
    var timed = migration.timestamp();
    var history = timed.isPresent() ? Chunk.below(ready.cutover()) : Chunk.everything();
    var total = inventory.reading(Side.SOURCE, history).rows();
    var grid =
        timed
            .map(cut ->
                ChunkGrid.of(
                    cut.type(),
                    ready.cutover(),
                    new ChunkGrid.Most(chunkRows, Filling.PARTITIONS_AT_ONCE),
                    inventory::histogram))
            .orElseGet(() -> slices(history, SliceFilling.slices(total, chunkRows)));
    chunks = grid.size();
    slices = SliceFilling.slices(total, chunkRows);
    var begun = inventory.reading(Side.TARGET, history).rows() > 0;
    watch.tell(new RunEvent.Chunked(migration.target(), chunks, begun ? 0 : chunks, total));
    if (begun) {
      // By an earlier run, or by the sync pipe: the difference by key says what is left.
      sweep(List.of());
      return;
    }
    grid.forEach(chunk -> copy(chunk, total));
    if (timed.filter(cut -> cut.type().nullable()).isPresent()) {
      copy(Chunk.nulls(), total);
    }
  }

  private static List<Chunk> slices(Chunk whole, int of) {
    if (of == 1) {
      return List.of(whole);
    }
    var out = new ArrayList<Chunk>();
    for (var i = 0; i < of; i++) {
      out.add(whole.slice(of, i));
    }
    return out;
  }

  private void copy(Chunk chunk, long total) {
    for (var tries = 0; tries < TRIES; tries++) {
      var since = watch.now();
      switch (copier.copy(parameters(chunk), text(chunk))) {
        case Copier.End.Said() -> {
          var rows = inventory.reading(Side.SOURCE, chunk).rows();
          copied += rows;
          watch.tell(
              new RunEvent.Copied(
                  migration.target(),
                  text(chunk),
                  rows,
                  Duration.between(since, watch.now()),
                  copied,
                  Math.max(total, copied)));
          return;
        }
        case Copier.End.TooBig(var because) -> {
          watch.tell(new RunEvent.Split(migration.target(), text(chunk), because));
          var lowest = inventory.extent(Side.SOURCE, chunk).map(Inventory.Extent::first).orElse(0L);
          var halves = chunk.halves(lowest, ready.line().map(Guard.Line::tick).orElse(0L));
          if (halves.isEmpty()) {
            throw tooBig(text(chunk), because);
          }
          halves.forEach(half -> copy(half, total));
          return;
        }
        case Copier.End.Unknown(var because) ->
            watch.tell(
                new RunEvent.Note(
                    migration.target(),
                    text(chunk) + " is copied again, which is harmless here: " + because));
        case Copier.End.Failed(var because) -> throw failed(text(chunk), because);
      }
    }
    throw new Failure.Refused(
        "nobody could see how the jobs for "
            + text(chunk)
            + " of "
            + migration.target()
            + " ended; run again");
  }

  /// By key, over the whole: a row's newer version may lie in any range.
  @Override
  public void sweep(List<Chunk> differing) {
    var before = inventory.reading(Side.TARGET, Chunk.everything()).rows();
    slices(Chunk.everything(), slices).forEach(this::delta);
    var came = inventory.reading(Side.TARGET, Chunk.everything()).rows() - before;
    if (came > 0) {
      swept += came;
      watch.tell(new RunEvent.Swept(migration.target(), "all keys", came));
    }
  }

  private void delta(Chunk slice) {
    var parameters = new LinkedHashMap<String, String>();
    parameters.put("mode", "delta");
    slice(slice, parameters);
    var what = "keys whose row is missing or older, " + slice.text();
    switch (copier.copy(parameters, what)) {
      case Copier.End.Said(), Copier.End.Unknown(var _) -> {}
      case Copier.End.TooBig(var because) -> {
        watch.tell(new RunEvent.Split(migration.target(), what, because));
        slices = Math.min(Chunk.MOST_SLICES, slices * 2);
        var halves = slice.halves(0, 0);
        if (halves.isEmpty()) {
          throw tooBig(what, because);
        }
        halves.forEach(this::delta);
      }
      case Copier.End.Failed(var because) -> throw failed(what, because);
    }
  }

  private Map<String, String> parameters(Chunk chunk) {
    var out = new LinkedHashMap<String, String>();
    out.put("mode", "bulk");
    migration
        .timestamp()
        .ifPresent(cut -> {
          out.put("part", chunk.part() == Chunk.Part.NULL ? "null" : "range");
          chunk
              .start()
              .ifPresent(t -> out.put("start_backfill_timestamp", Ticks.text(cut.type(), t)));
          chunk.end().ifPresent(t -> out.put("end_backfill_timestamp", Ticks.text(cut.type(), t)));
        });
    slice(chunk, out);
    return out;
  }

  private static void slice(Chunk chunk, Map<String, String> parameters) {
    if (!chunk.whole()) {
      parameters.put("slices", Integer.toString(chunk.slices()));
      parameters.put("slice", Integer.toString(chunk.slice()));
    }
  }

  private String text(Chunk chunk) {
    return migration.timestamp().map(cut -> chunk.text(cut.type())).orElseGet(chunk::text);
  }

  private Failure.Refused tooBig(String what, String because) {
    return new Failure.Refused(
        what
            + " of "
            + migration.source()
            + " is too big for one job and can't be cut any further: "
            + because);
  }

  private Failure.Refused failed(String what, String because) {
    return new Failure.Refused(
        "the copy of "
            + what
            + " into "
            + migration.target()
            + " failed and would fail again: "
            + because);
  }
}
