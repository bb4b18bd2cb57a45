package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.proof.Reading;
import dev.backfill.proof.Side;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/// Fills a target whose producers have moved already: they write to it while the old source rests.
///
/// Nothing begins before the source is quiet. Then a view is made that carries whatever still
/// arrives there, and the rows are copied by difference, slice by slice: each job checks that its
/// slice of the source is what it was, so a row that the view is about to bring isn't copied too.
/// Rows that only the target has are the producers' own. One that equals an old row would pass for
/// its copy, so the first copy of a slice also checks how many rows it brings.
final class MovedFilling implements Filler {
  private static final int ROUNDS = 4;
  private static final int TRIES = 3;

  private final Migration migration;
  private final Tinybird tinybird;
  private final Inventory inventory;
  private final Inventory raw;
  private final Copier copier;
  private final Watch watch;
  private final PlanCore.Limits limits;
  private final boolean directWrites;
  private int slices = 1;
  private long copied;
  private long total;

  /// Rows of the source when the view was made in this life; empty when an earlier one made it.
  private OptionalLong before = OptionalLong.empty();

  /// @param inventory without the rows that go away by themselves
  /// @param raw with them, as the preconditions of the jobs count
  MovedFilling(
      Migration migration,
      Tinybird tinybird,
      Inventory inventory,
      Inventory raw,
      Copier copier,
      Watch watch,
      PlanCore.Limits limits,
      boolean directWrites) {
    this.directWrites = directWrites;
    this.migration = migration;
    this.tinybird = tinybird;
    this.inventory = inventory;
    this.raw = raw;
    this.copier = copier;
    this.watch = watch;
    this.limits = limits;
  }

  @Override
  public Outcome.Figures figures() {
    return new Outcome.Figures(
        migration.target(), slices, copier.started(), copied, 0, copier.working());
  }

  @Override
  public void bulk() {
    quiet();
    likeOldOnes();
    stragglers();
    total = raw.reading(Side.SOURCE, Chunk.everything()).rows();
    slices = SliceFilling.slices(total, limits.chunkRows());
    watch.tell(new RunEvent.Chunked(migration.target(), slices, slices, total));
    chunks().forEach(this::start);
  }

  @Override
  public void sweep(List<Chunk> differing) {
    for (var round = 0; round < ROUNDS; round++) {
      var open =
          chunks().stream()
              .filter(c -> {
                var missing = inventory.missing(c);
                return missing.missingRows() > 0 || !missing.complete();
              })
              .toList();
      if (open.isEmpty()) {
        return;
      }
      open.forEach(this::bring);
    }
  }

  private List<Chunk> chunks() {
    var out = new ArrayList<Chunk>();
    for (var i = 0; i < slices; i++) {
      out.add(slices == 1 ? Chunk.everything() : Chunk.everything().slice(slices, i));
    }
    return out;
  }

  /// The first quiet reading.
  private void quiet() {
    if (linked()) {
      return;
    }
    var before = raw.reading(Side.SOURCE, Chunk.everything());
    for (var i = 0; i < TRIES; i++) {
      watch.pause(
          migration.target(),
          "the producers of " + migration.source() + " have to write to it by now",
          limits.settle());
      var now = raw.reading(Side.SOURCE, Chunk.everything());
      if (now.equals(before)) {
        return;
      }
      before = now;
    }
    throw stillArriving();
  }

  private Failure.Refused stillArriving() {
    return new Failure.Refused(
        "rows still arrive at %s: let its producers write to %s, never to both, then run again"
            .formatted(migration.source(), migration.target()));
  }

  /// Before the first copy every row of the target is its producers': one that equals an old row
  /// would pass for its copy, and the old one would be left out.
  private void likeOldOnes() {
    if (linked() || raw.reading(Side.TARGET, Chunk.everything()).rows() == 0) {
      return;
    }
    alike(Chunk.everything(), 0);
  }

  /// Stops at rows of the target that equal rows of the source before these are copied.
  ///
  /// @param carried how many the view may have brought
  /// @return how many rows the target lacks
  private long alike(Chunk chunk, long carried) {
    var lacking = inventory.shortfall(chunk);
    var alike = inventory.reading(Side.SOURCE, chunk).rows() - lacking;
    if (alike <= carried) {
      return lacking;
    }
    var told =
        (alike == 1
                ? "%,d row of %s equals a row that its producers sent to %s"
                : "%,d rows of %s equal rows that its producers sent to %s")
            .formatted(alike, migration.source(), migration.target());
    if (!directWrites) {
      throw new Failure.Refused(
          told
              + (linked() ? ", or that %s carried there".formatted(migration.stragglers()) : "")
              + ", and nothing tells a copy from such a row. If they are the same events, sent to both, say so with --confirm producers_moving and each counts once; if rows may be equal, choose the scenario delta in backfill.yml and start over under a new name");
    }
    watch.tell(new RunEvent.Note(migration.target(), told + " and count once, as you say"));
    return lacking;
  }

  private boolean linked() {
    var id =
        watch
            .read(migration.target(), () -> tinybird.dataSource(migration.target()))
            .map(d -> d.id())
            .orElse(migration.target());
    return watch
        .read(migration.target(), () -> tinybird.pipe(migration.stragglers()))
        .filter(p ->
            p.nodes().stream()
                .anyMatch(n ->
                    n.materialized()
                        .filter(m -> m.equals(id) || m.equals(migration.target()))
                        .isPresent()))
        .isPresent();
  }

  /// The view for what still arrives at the old source.
  private void stragglers() {
    if (linked()) {
      watch.tell(
          new RunEvent.Note(
              migration.target(),
              "goes on where an earlier run stopped: where most rows of a slice are in the target, it was copied, and a row that producers sent since then counts for an old one that equals it and isn't there"));
      return;
    }
    var rows = raw.reading(Side.SOURCE, Chunk.everything()).rows();
    var made =
        tinybird.createView(
            migration.stragglers(),
            "Carries what still arrives at %s into %s. Made by backfill run; goes with the old Data Source."
                .formatted(migration.source(), migration.target()),
            migration.selected(),
            migration.target());
    if (!made || !linked()) {
      throw new Failure.Refused(
          "%s is in the workspace and doesn't feed %s: remove it with tb pipe rm %s --yes, then run again"
              .formatted(migration.stragglers(), migration.target(), migration.stragglers()));
    }
    before = OptionalLong.of(rows);
    watch.tell(
        new RunEvent.Note(
            migration.target(),
            migration.stragglers() + " carries what still arrives at " + migration.source()));
    // What came while it was being made has settled by then.
    watch.pause(migration.target(), "rows that came meanwhile have to settle", limits.settle());
  }

  /// Copies a slice, or completes what an earlier run copied of it.
  private void start(Chunk chunk) {
    var copied =
        before.isEmpty()
            && inventory.shortfall(chunk) * 2 < inventory.reading(Side.SOURCE, chunk).rows();
    if (copied) {
      bring(chunk);
    } else {
      first(chunk);
    }
  }

  /// Copies a slice that nothing was copied of yet.
  private void first(Chunk chunk) {
    var source = settled(chunk);
    for (var i = 0; i < TRIES; i++) {
      if (source.rows() == 0) {
        return;
      }
      // Before it is asked what is alike: what comes in between is seen there, or by the job.
      var missing = raw.shortfall(chunk);
      var now = raw.reading(Side.SOURCE, Chunk.everything()).rows();
      var lacking = alike(chunk, Math.max(0, now - before.orElse(now)));
      if (lacking == 0) {
        return;
      }
      var since = watch.now();
      var parameters = delta(chunk, source);
      parameters.put("expect_missing", Long.toString(missing));
      switch (copier.copy(parameters, text(chunk))) {
        case Copier.End.Said(), Copier.End.Unknown(var _) -> {
          // All of it is there, or nothing: some may have come otherwise meanwhile.
          if (inventory.shortfall(chunk) * 2 < lacking) {
            told(chunk, source.rows(), since);
            return;
          }
          if (!raw.reading(Side.SOURCE, chunk).equals(source)) {
            source = settled(chunk);
          }
        }
        case Copier.End.TooBig(var because) -> {
          cut(chunk, because).forEach(this::first);
          return;
        }
        case Copier.End.Failed(var because) -> throw failed(chunk, because);
      }
    }
    var halves = chunk.halves(0, 0);
    if (halves.isEmpty()) {
      throw new Failure.Refused(
          "%s of %s can't be copied while the same rows come to %s"
              .formatted(text(chunk), migration.source(), migration.target()));
    }
    watch.tell(
        new RunEvent.Split(migration.target(), text(chunk), "rows come between its readings"));
    halves.forEach(this::first);
  }

  /// What the source holds and has held for a while.
  private Reading settled(Chunk chunk) {
    var source = raw.reading(Side.SOURCE, chunk);
    for (var i = 0; i < TRIES; i++) {
      if (source.rows() == 0) {
        return source;
      }
      watch.pause(migration.target(), "rows that are missing may be under way", limits.settle());
      var now = raw.reading(Side.SOURCE, chunk);
      if (now.equals(source)) {
        return source;
      }
      source = now;
    }
    throw stillArriving();
  }

  private static Map<String, String> delta(Chunk chunk, Reading source) {
    var parameters = new LinkedHashMap<String, String>();
    parameters.put("mode", "delta");
    if (!chunk.whole()) {
      parameters.put("slices", Integer.toString(chunk.slices()));
      parameters.put("slice", Integer.toString(chunk.slice()));
    }
    parameters.put("expect_source", Long.toString(source.rows()));
    return parameters;
  }

  private List<Chunk> cut(Chunk chunk, String because) {
    watch.tell(new RunEvent.Split(migration.target(), text(chunk), because));
    var halves = chunk.halves(0, 0);
    if (halves.isEmpty()) {
      throw new Failure.Refused(
          text(chunk) + " of " + migration.source() + " is too big for one job: " + because);
    }
    return halves;
  }

  private Failure.Refused failed(Chunk chunk, String because) {
    return new Failure.Refused(
        "the copy of "
            + text(chunk)
            + " into "
            + migration.target()
            + " failed and would fail again: "
            + because);
  }

  private void bring(Chunk chunk) {
    for (var i = 0; i < TRIES; i++) {
      var source = raw.reading(Side.SOURCE, chunk);
      var missing = inventory.missing(chunk);
      if (source.rows() == 0 || (missing.isEmpty() && missing.complete())) {
        return;
      }
      watch.pause(migration.target(), "rows that are missing may be under way", limits.settle());
      if (!raw.reading(Side.SOURCE, chunk).equals(source)) {
        continue;
      }
      var since = watch.now();
      switch (copier.copy(delta(chunk, source), text(chunk))) {
        case Copier.End.Said(), Copier.End.Unknown(var _) -> {
          var left = inventory.missing(chunk);
          if (left.complete() && left.missingRows() < Math.max(1, source.rows())) {
            told(chunk, source.rows(), since);
          }
          if (left.isEmpty() && left.complete()) {
            return;
          }
        }
        case Copier.End.TooBig(var because) -> {
          cut(chunk, because).forEach(this::bring);
          return;
        }
        case Copier.End.Failed(var because) -> throw failed(chunk, because);
      }
    }
  }

  private void told(Chunk chunk, long rows, Instant since) {
    copied = Math.min(total, copied + rows);
    watch.tell(
        new RunEvent.Copied(
            migration.target(),
            text(chunk),
            rows,
            Duration.between(since, watch.now()),
            copied,
            Math.max(total, copied)));
  }

  private static String text(Chunk chunk) {
    return chunk.text();
  }
}
