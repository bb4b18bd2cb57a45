package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Border;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.Feed;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Ticks;
import dev.backfill.proof.Difference;
import dev.backfill.proof.Reading;
import dev.backfill.proof.Side;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Fills a target whose rows no timestamp tells apart: the source's rows are cut by their hash.
///
/// Where the sync pipe begins at the moment of insertion S, nothing but the jobs of this class
/// writes to the target before S, so the difference of both sides is exactly what is missing, also
/// under live writes; every such job carries `now() < S` in its SQL. What was inserted between the
/// last of them and S is missing afterwards, and by then rows are under way through the sync pipe,
/// too. So from S on only rows are added whose counts on both sides have held still for `settle`,
/// and the job checks those counts once more: by slices where whole slices rest, else by the hashes
/// that are missing, which rest unless the very same row is written again.
final class SliceFilling implements Filler {
  /// How often a job may say it is done without a row having come.
  private static final int EMPTY_SUCCESSES = 3;

  /// How often the rest is read and brought.
  private static final int ROUNDS = 8;

  /// Hashes in one job: they travel in the URL.
  private static final int HASHES_AT_ONCE = 200;

  /// More missing rows than this aren't brought one by one.
  private static final long MOST_BY_HASH = 50_000;

  /// No job of ours reads the source later than this before S.
  private static final Duration MARGIN = Duration.ofSeconds(1);

  private final Migration migration;
  private final Optional<Instant> cutover;

  /// The sync pipe brings rows from its creation on, whenever they come.
  private final boolean flowing;

  private final Inventory inventory;
  private final Inventory raw;
  private final Copier copier;
  private final Watch watch;
  private final Duration settle;
  private final long chunkRows;
  private final boolean directWrites;
  private final Duration maxWait;
  private Optional<Outcome.ComeBackAt> open = Optional.empty();
  private int slices = 1;
  private long copied;
  private long swept;
  private long done;
  private long total;

  /// @param inventory without the rows that go away by themselves
  /// @param raw with them, as the preconditions of the jobs count
  SliceFilling(
      Guard.Ready ready,
      Inventory inventory,
      Inventory raw,
      Copier copier,
      Watch watch,
      PlanCore.Limits limits,
      RunOptions options) {
    this.directWrites = options.directWrites();
    this.maxWait = options.maxWait();
    this.migration = ready.migration();
    this.cutover = migration.border() == Border.ARRIVAL ? ready.cutoverInstant() : Optional.empty();
    this.flowing =
        migration.liveFeed().kind() == Feed.Live.Kind.SYNC && migration.border() == Border.NONE;
    this.inventory = inventory;
    this.raw = raw;
    this.copier = copier;
    this.watch = watch;
    this.settle = limits.settle();
    this.chunkRows = limits.chunkRows();
  }

  @Override
  public Outcome.Figures figures() {
    return new Outcome.Figures(
        migration.target(), slices, copier.started(), copied, swept, copier.working());
  }

  /// Into how many slices so many rows are cut: a power of two.
  static int slices(long rows, long chunkRows) {
    var slices = 1;
    while (slices < Chunk.MOST_SLICES && rows / slices > chunkRows) {
      slices *= 2;
    }
    return slices;
  }

  @Override
  public void bulk() {
    beforeTheCutover();
    if (open.isEmpty()) {
      // Equal before it isn't done: what is inserted until then the sync pipe lets pass.
      cutover.ifPresent(this::awaitArrivals);
    }
  }

  @Override
  public Optional<Outcome.ComeBackAt> open() {
    return open;
  }

  private void beforeTheCutover() {
    total = inventory.reading(Side.SOURCE, Chunk.everything()).rows();
    slices = slices(total, chunkRows);
    var states = states(slices);
    done = states.stream().mapToLong(s -> Math.min(s.source().rows(), s.target().rows())).sum();
    var absent = states.stream().filter(Filling.State::absent).toList();
    watch.tell(new RunEvent.Chunked(migration.target(), slices, absent.size(), total));
    if (cutover.isPresent() && !early()) {
      if (!absent.isEmpty()) {
        watch.tell(
            new RunEvent.Note(
                migration.target(),
                "the cutover is past and %,d of %,d slices aren't there: they are copied as soon as they rest"
                    .formatted(absent.size(), slices)));
      }
      return;
    }
    if (flowing) {
      // What isn't there may be on its way through the sync pipe: only what rests is copied.
      return;
    }
    absent.forEach(s -> copy(s.chunk()));
    cutover.ifPresent(this::approach);
  }

  private List<Filling.State> states(int of) {
    var source = inventory.slices(Side.SOURCE, of);
    var target = inventory.slices(Side.TARGET, of);
    var out = new ArrayList<Filling.State>();
    for (var i = 0; i < of; i++) {
      out.add(
          new Filling.State(
              of == 1 ? Chunk.everything() : Chunk.everything().slice(of, i),
              source.get(i),
              target.get(i)));
    }
    return out;
  }

  /// What both sides hold.
  static Filling.State whole(Inventory of) {
    return read(of, Chunk.everything());
  }

  private Difference difference(Chunk chunk) {
    return directWrites ? inventory.missing(chunk) : inventory.difference(chunk);
  }

  private Filling.State read(Chunk chunk) {
    return read(inventory, chunk);
  }

  private static Filling.State read(Inventory of, Chunk chunk) {
    var source = of.reading(Side.SOURCE, chunk);
    return new Filling.State(chunk, source, of.reading(Side.TARGET, chunk));
  }

  private boolean early() {
    return cutover
        .filter(at -> inventory.now().isBefore(at.minus(MARGIN).minus(MARGIN)))
        .isPresent();
  }

  /// A slice that the target has no row of.
  private void copy(Chunk chunk) {
    for (var empty = 0; empty < EMPTY_SUCCESSES; empty++) {
      var since = watch.now();
      var parameters = parameters(chunk, "bulk");
      parameters.put("expect_target", "0");
      switch (copier.copy(parameters, text(chunk))) {
        case Copier.End.Said() -> {
          if (came(chunk, since)) {
            return;
          }
          if (cutover.isPresent() && !early()) {
            // Its own precondition: too late to be told from what the sync pipe brings.
            return;
          }
          if (inventory.reading(Side.SOURCE, chunk).rows() == 0) {
            return;
          }
          watch.pause(
              migration.target(),
              "the job for " + text(chunk) + " is done and wrote nothing",
              settle);
          if (came(chunk, since)) {
            return;
          }
        }
        case Copier.End.TooBig(var because) -> {
          watch.tell(new RunEvent.Split(migration.target(), text(chunk), because));
          for (var half : halves(chunk, because)) {
            if (read(half).absent()) {
              copy(half);
            }
          }
          return;
        }
        case Copier.End.Unknown(var because) -> {
          watch.tell(
              new RunEvent.Note(
                  migration.target(), text(chunk) + " is looked at again: " + because));
          if (came(chunk, since)) {
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
            + text(chunk)
            + " of "
            + migration.target()
            + " say they are done, "
            + EMPTY_SUCCESSES
            + " times, and no row has come; is the copy pipe the one of this plan?");
  }

  private boolean came(Chunk chunk, Instant since) {
    var there = inventory.reading(Side.TARGET, chunk).rows();
    if (there == 0) {
      return false;
    }
    copied += there;
    done += there;
    watch.tell(
        new RunEvent.Copied(
            migration.target(),
            text(chunk),
            there,
            Duration.between(since, watch.now()),
            done,
            Math.max(total, done)));
    return true;
  }

  private List<Chunk> halves(Chunk chunk, String because) {
    var halves = chunk.halves(0, 0);
    if (halves.isEmpty()) {
      throw new Failure.Refused(
          text(chunk)
              + " of "
              + migration.source()
              + " is too big for one job and can't be cut any further: "
              + because);
    }
    return halves;
  }

  /// Brings what was inserted meanwhile, the last time as short before S as a job takes.
  private void approach(Instant at) {
    var took = Duration.ofSeconds(1);
    while (early()) {
      var began = watch.now();
      var differing = states(slices).stream().filter(s -> !s.same()).toList();
      for (var state : differing) {
        if (early()) {
          beforehand(state);
        }
      }
      took = Duration.between(began, watch.now());
      var left = Duration.between(inventory.now(), at);
      if (left.compareTo(maxWait) > 0) {
        // From then on the same patience lasts to the end.
        open =
            Optional.of(
                new Outcome.ComeBackAt(
                    at.minus(maxWait),
                    "what is there is copied; what is inserted until the cutover at %s is copied then"
                        .formatted(at)));
        return;
      }
      var spare = left.minus(took.multipliedBy(3)).minus(MARGIN.multipliedBy(4));
      if (spare.isNegative()) {
        return;
      }
      watch.pause(
          migration.target(),
          "what is inserted before the cutover is copied last shortly before it",
          spare.compareTo(Duration.ofMinutes(1)) < 0 ? spare : Duration.ofMinutes(1));
    }
  }

  private void beforehand(Filling.State state) {
    var chunk = state.chunk();
    if (state.source().rows() == 0 || difference(chunk).surplusRows() > 0) {
      if (state.source().rows() > 0) {
        unlike(chunk);
      }
      return;
    }
    var parameters = parameters(chunk, "delta");
    parameters.put("expect_target", Long.toString(raw.reading(Side.TARGET, chunk).rows()));
    switch (copier.copy(parameters, "what is missing in " + text(chunk))) {
      case Copier.End.Said(), Copier.End.Unknown(var _) -> swept(state);
      case Copier.End.TooBig(var because) -> {
        watch.tell(new RunEvent.Split(migration.target(), text(chunk), because));
        for (var half : halves(chunk, because)) {
          if (early()) {
            beforehand(read(half));
          }
        }
      }
      case Copier.End.Failed(var because) -> throw failed(chunk, because);
    }
  }

  private void swept(Filling.State before) {
    var came = inventory.reading(Side.TARGET, before.chunk()).rows() - before.target().rows();
    if (came > 0) {
      swept += came;
      watch.tell(new RunEvent.Swept(migration.target(), text(before.chunk()), came));
    }
  }

  /// Inserts that began before S have ended by then.
  private void awaitArrivals(Instant at) {
    watch.await(
        migration.target(),
        "rows inserted before the cutover are still arriving",
        inventory::now,
        at.plus(settle));
  }

  /// From S on, or where nothing but copies fills the target.
  @Override
  public void sweep(List<Chunk> differing) {
    for (var round = 1; round <= ROUNDS; round++) {
      var first =
          states(slices).stream()
              .filter(s -> !s.same() && s.source().rows() > 0)
              .map(s -> read(raw, s.chunk()))
              .toList();
      if (first.isEmpty()) {
        return;
      }
      watch.pause(migration.target(), "rows that differ have to settle", settle);
      var moving = new ArrayList<Chunk>();
      var again = false;
      for (var before : first) {
        var now = read(raw, before.chunk());
        if (now.same() || now.source().rows() == 0) {
          continue;
        }
        var rests = now.target().equals(before.target()) && now.source().equals(before.source());
        if (!rests) {
          moving.add(now.chunk());
        } else if (difference(now.chunk()).surplusRows() > 0) {
          unlike(now.chunk());
        } else {
          again |= rested(now);
        }
      }
      var missing = missing(moving);
      if (missing.isEmpty() && !again) {
        // What differs was only under way, or is surplus.
        return;
      }
      byHash(missing);
    }
  }

  /// A slice that holds still.
  ///
  /// @return whether something may be left of it although it rests
  private boolean rested(Filling.State state) {
    var chunk = state.chunk();
    var parameters = parameters(chunk, "delta");
    parameters.remove("before");
    parameters.put("expect_target", Long.toString(state.target().rows()));
    parameters.put("expect_source", Long.toString(state.source().rows()));
    switch (copier.copy(parameters, "what is missing in " + text(chunk))) {
      case Copier.End.Said() -> {
        swept(state);
        return false;
      }
      case Copier.End.Unknown(var _) -> {
        swept(state);
        return true;
      }
      case Copier.End.TooBig(var because) -> {
        watch.tell(new RunEvent.Split(migration.target(), text(chunk), because));
        var halves = halves(chunk, because).stream().map(h -> read(raw, h)).toList();
        var source =
            halves.stream().map(Filling.State::source).reduce(Reading.NOTHING, Reading::plus);
        var target =
            halves.stream().map(Filling.State::target).reduce(Reading.NOTHING, Reading::plus);
        // They rest if the whole has and they still add up to it.
        if (!source.equals(state.source()) || !target.equals(state.target())) {
          // The job that failed left rows, perhaps: smaller slices have to settle anew.
          slices = Math.min(Chunk.MOST_SLICES, Math.max(slices, chunk.slices() * 2));
          return true;
        }
        var again = false;
        for (var half : halves) {
          if (!half.same() && half.source().rows() > 0) {
            again |= rested(half);
          }
        }
        return again;
      }
      case Copier.End.Failed(var because) -> throw failed(chunk, because);
    }
  }

  /// Hashes of the rows that are missing at two readings, `settle` apart.
  private List<BigInteger> missing(List<Chunk> chunks) {
    var first = new LinkedHashMap<Chunk, Difference>();
    for (var chunk : chunks) {
      first.put(chunk, difference(chunk));
    }
    if (first.values().stream().allMatch(Difference::isEmpty)) {
      return List.of();
    }
    watch.pause(migration.target(), "rows that are missing may be under way", settle);
    var out = new ArrayList<BigInteger>();
    // A difference is cut off long before that many.
    var many =
        first.values().stream().anyMatch(d -> !d.complete())
            && chunks.stream().mapToLong(inventory::shortfall).sum() > MOST_BY_HASH;
    for (var entry : first.entrySet()) {
      var lasting = entry.getValue().persisting(difference(entry.getKey()));
      if (lasting.surplusRows() > 0) {
        unlike(entry.getKey());
      } else {
        out.addAll(lasting.missing().keySet());
      }
    }
    if (many || out.size() > MOST_BY_HASH) {
      throw new Failure.Refused(
          "more than %,d rows of %s were inserted before the sync pipe began and aren't in %s, and rows never rest: pause the producers for a minute and run again, or deploy under a new name with a longer lead"
              .formatted(MOST_BY_HASH, migration.source(), migration.target()));
    }
    return out;
  }

  private void byHash(List<BigInteger> hashes) {
    var batches = new ArrayList<List<BigInteger>>();
    for (var at = 0; at < hashes.size(); at += HASHES_AT_ONCE) {
      batches.add(hashes.subList(at, Math.min(hashes.size(), at + HASHES_AT_ONCE)));
    }
    var before = batches.stream().map(this::counts).toList();
    watch.pause(migration.target(), "missing rows have to settle", settle);
    for (var i = 0; i < batches.size(); i++) {
      var batch = batches.get(i);
      var now = counts(batch);
      if (!now.equals(before.get(i)) || now.source() == now.target()) {
        continue;
      }
      var parameters = new LinkedHashMap<String, String>();
      parameters.put("mode", "delta");
      parameters.put("hashes", String.join(",", batch.stream().map(BigInteger::toString).toList()));
      parameters.put("expect_source", Long.toString(now.source()));
      parameters.put("expect_target", Long.toString(now.target()));
      var what = "%,d rows that came before the cutover".formatted(now.source() - now.target());
      switch (copier.copy(parameters, what)) {
        case Copier.End.Said(), Copier.End.Unknown(var _) -> {
          var came = counts(batch).target() - now.target();
          if (came > 0) {
            swept += came;
            watch.tell(new RunEvent.Swept(migration.target(), what, came));
          }
        }
        case Copier.End.TooBig(var because) ->
            throw new Failure.Refused(
                "rows of "
                    + migration.source()
                    + " can't be looked up by their hash, it is too much for one job: "
                    + because);
        case Copier.End.Failed(var because) ->
            throw new Failure.Refused(
                "the copy of "
                    + what
                    + " into "
                    + migration.target()
                    + " failed and would fail again: "
                    + because);
      }
    }
  }

  /// Rows of both sides with certain hashes.
  private record Counts(long source, long target) {}

  private Counts counts(Collection<BigInteger> hashes) {
    var source = raw.rows(Side.SOURCE, hashes);
    return new Counts(source, raw.rows(Side.TARGET, hashes));
  }

  private void unlike(Chunk chunk) {
    watch.tell(
        new RunEvent.Note(
            migration.target(),
            "nothing is added to "
                + text(chunk)
                + ": "
                + migration.target()
                + " holds rows there that "
                + migration.source()
                + " doesn't hold any more, or holds with another value by now"));
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

  private Map<String, String> parameters(Chunk chunk, String mode) {
    var out = new LinkedHashMap<String, String>();
    out.put("mode", mode);
    if (!chunk.whole()) {
      out.put("slices", Integer.toString(chunk.slices()));
      out.put("slice", Integer.toString(chunk.slice()));
    }
    cutover.ifPresent(at ->
        out.put(
            "before",
            Ticks.text(
                migration.cutType().orElseThrow(),
                Ticks.floor(migration.cutType().orElseThrow(), at.minus(MARGIN)))));
    return out;
  }

  private static String text(Chunk chunk) {
    return chunk.text();
  }
}
