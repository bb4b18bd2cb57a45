package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.Feed;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Scenario;
import dev.backfill.plan.Seam;
import dev.backfill.plan.Ticks;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.proof.Comparison;
import dev.backfill.proof.Comparison.Example;
import dev.backfill.proof.Comparison.Figure;
import dev.backfill.proof.Difference;
import dev.backfill.proof.ForkQuestions;
import dev.backfill.proof.Judgement;
import dev.backfill.proof.KeyDifference;
import dev.backfill.proof.ProofReport;
import dev.backfill.proof.Reading;
import dev.backfill.proof.Side;
import dev.backfill.status.Confirmation;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/// Compares both sides, under live writes: parts that differ are read again, and only what differs
/// in every reading is a difference ([Difference#persisting]).
final class Prover {
  /// The code under which it is explained what to do about a view.
  static final String VIEW_DIFFERS = "view_differs";

  private static final int EXAMPLES = 20;

  private final Inventory inventory;
  private final Watch watch;
  private final Duration settle;
  private final int readings;
  private final String target;
  private final boolean oneSided;
  private final boolean viewsKeepDeleted;

  Prover(Inventory inventory, Watch watch, Duration settle, int readings, String target) {
    this(
        inventory,
        watch,
        settle,
        readings,
        target,
        /* oneSided= */ false,
        /* viewsKeepDeleted= */ false);
  }

  /// @param oneSided rows that only the target has are its producers' own
  /// @param viewsKeepDeleted a fork may hold what the old view's target holds instead of what its
  ///   query gives
  Prover(
      Inventory inventory,
      Watch watch,
      Duration settle,
      int readings,
      String target,
      boolean oneSided,
      boolean viewsKeepDeleted) {
    this.oneSided = oneSided;
    this.viewsKeepDeleted = viewsKeepDeleted;
    this.inventory = inventory;
    this.watch = watch;
    this.settle = settle;
    this.readings = readings;
    this.target = target;
  }

  /// A named part of the whole.
  record Part(String name, Chunk chunk) {}

  /// `history`, `live`, `future` and `null`, as far as they make sense.
  static List<Part> parts(Migration migration, long cutover, long until) {
    var cut = migration.timestamp().orElseThrow();
    var parts = new ArrayList<Part>();
    parts.add(new Part("history", Chunk.below(cutover)));
    if (until > cutover) {
      parts.add(new Part("live", Chunk.range(cutover, until)));
    }
    parts.add(new Part("future", Chunk.from(Math.max(cutover, until))));
    if (cut.type().nullable()) {
      parts.add(new Part("null", Chunk.nulls()));
    }
    return parts;
  }

  /// W as a tick: rows before it have settled.
  static long until(Migration migration, Instant serverNow, Duration settle) {
    return Ticks.floor(migration.timestamp().orElseThrow().type(), serverNow.minus(settle));
  }

  /// Whatever the plan promises of one target and its forks.
  ///
  /// @param between what is done before parts are read again, with the ranges that differ
  ProofReport prove(Guard.Ready ready, Consumer<List<Chunk>> between) {
    var migration = ready.migration();
    var asOf = inventory.now();
    var until =
        migration.timestamp().isPresent()
            ? OptionalLong.of(until(migration, asOf, settle))
            : OptionalLong.empty();
    var comparisons = new ArrayList<Comparison>();
    if (migration.scenario() == Scenario.NOT_PRODUCTION) {
      comparisons.add(nothing(migration));
    } else if (migration.keyed()) {
      comparisons.add(
          fork(
              oneSided ? ForkQuestions.orNewer(migration) : migration,
              () -> between.accept(List.of())));
    } else {
      comparisons.add(
          rows(
              migration.source(),
              migration.target(),
              until.isPresent()
                  ? parts(migration, ready.cutover(), until.getAsLong())
                  : List.of(new Part("all", Chunk.everything())),
              between));
    }
    for (var fork : ready.forks()) {
      comparisons.add(fork(fork));
    }
    return new ProofReport(
        migration.source(),
        migration.target(),
        ready.cutoverInstant(),
        until.isPresent()
            ? migration.timestamp().map(cut -> Ticks.instant(cut.type(), until.getAsLong()))
            : Optional.empty(),
        asOf,
        comparisons);
  }

  private static Comparison nothing(Migration migration) {
    return new Comparison(
        migration.source(),
        migration.target(),
        "nothing",
        List.of(),
        0,
        0,
        List.of(),
        0,
        Judgement.CONTAINED,
        "not in production, so none of its rows has to be there");
  }

  Comparison rows(String source, String name, List<Part> parts, Consumer<List<Chunk>> between) {
    var figures = new LinkedHashMap<String, List<Figure>>();
    var open = new ArrayList<Open>();
    for (var part : parts) {
      watch.tell(new RunEvent.Proving(target, part.name()));
      var differing = new ArrayList<Chunk>();
      figures.put(part.name(), read(part, differing));
      differing.forEach(c -> open.add(new Open(part, c, Optional.empty())));
    }
    var times = 1;
    var left = differences(open);
    while (!left.isEmpty() && times < readings) {
      between.accept(left.stream().map(Open::chunk).toList());
      watch.pause(target, "reading again what differs", settle);
      times++;
      left = differences(left);
      for (var part : parts) {
        if (open.stream().anyMatch(o -> o.part().equals(part))) {
          figures.put(part.name(), read(part, new ArrayList<>()));
        }
      }
    }
    var total =
        left.stream()
            .map(o -> o.difference().orElse(Difference.NONE))
            .reduce(Difference.NONE, Difference::plus);
    var all = figures.values().stream().flatMap(List::stream).toList();
    var comparison =
        new Comparison(
            source,
            name,
            "rows by hash, with multiplicity",
            all,
            total.missingRows(),
            total.surplusRows(),
            examples(left),
            times,
            judge(total),
            because(total, left, times, name)
                + (oneSided ? "; rows that only " + name + " has count as its producers'" : ""));
    watch.tell(new RunEvent.Compared(target, comparison));
    return comparison;
  }

  /// A range that differs.
  ///
  /// @param difference what all readings so far have in common; empty before the first
  private record Open(Part part, Chunk chunk, Optional<Difference> difference) {}

  private List<Open> differences(List<Open> open) {
    var left = new ArrayList<Open>();
    for (var o : open) {
      var now = oneSided ? inventory.missing(o.chunk()) : inventory.difference(o.chunk());
      var lasting = o.difference().map(before -> before.persisting(now)).orElse(now);
      if (!lasting.isEmpty() || !lasting.complete()) {
        left.add(new Open(o.part(), o.chunk(), Optional.of(lasting)));
      }
    }
    return left;
  }

  private static Judgement judge(Difference total) {
    if (!total.isEmpty()) {
      return Judgement.DIFFERS;
    }
    return total.complete() ? Judgement.CONTAINED : Judgement.UNSETTLED;
  }

  private String because(Difference total, List<Open> left, int times, String name) {
    if (left.isEmpty()) {
      return times == 1 && oneSided
          ? "every row that is expected is in " + name
          : times == 1
              ? "counts and fingerprints of both sides are equal"
              : "no row was missing or surplus in all of "
                  + times
                  + " readings; where totals differ, rows came meanwhile";
    }
    var where = String.join(", ", new TreeSet<>(left.stream().map(o -> o.part().name()).toList()));
    return total.isEmpty()
        ? "more rows differ than can be told apart (" + where + ")"
        : "rows stayed missing or surplus over " + times + " readings (" + where + ")";
  }

  /// Figures of a part; fills in the ranges whose sides differ, merged where they overlap.
  private List<Figure> read(Part part, List<Chunk> differing) {
    var source = inventory.figures(Side.SOURCE, part.chunk());
    var actual = inventory.figures(Side.TARGET, part.chunk());
    var names = new TreeSet<>(source.keySet());
    names.addAll(actual.keySet());
    var none = new Inventory.Partition(Reading.NOTHING, OptionalLong.empty(), OptionalLong.empty());
    var out = new ArrayList<Figure>();
    var all = new ArrayList<>(source.values());
    all.addAll(actual.values());
    var bottom = all.stream().flatMapToLong(p -> p.first().stream()).min().orElse(0);
    var top = all.stream().flatMapToLong(p -> p.last().stream()).max().orElse(0);
    var ranges = new ArrayList<Chunk>();
    for (var name : names) {
      var s = source.getOrDefault(name, none);
      var t = actual.getOrDefault(name, none);
      out.add(new Figure(part.name(), name, s.reading(), t.reading()));
      if (!s.reading().equals(t.reading())) {
        ranges.add(range(part.chunk(), s, t, bottom, top));
      }
    }
    differing.addAll(merged(ranges));
    return out;
  }

  /// The range that a partition's rows lie in. The first and the last are as wide as the part: a
  /// column may hold what lies outside what its type can say, and the tick after the last row may
  /// be the first one again.
  private static Chunk range(
      Chunk whole, Inventory.Partition s, Inventory.Partition t, long bottom, long top) {
    var first =
        s.first().isPresent() && t.first().isPresent()
            ? OptionalLong.of(Math.min(s.first().getAsLong(), t.first().getAsLong()))
            : s.first().isPresent() ? s.first() : t.first();
    var last =
        s.last().isPresent() && t.last().isPresent()
            ? OptionalLong.of(Math.max(s.last().getAsLong(), t.last().getAsLong()))
            : s.last().isPresent() ? s.last() : t.last();
    return whole.part() == Chunk.Part.NULL || first.isEmpty() || last.isEmpty()
        ? whole
        : new Chunk(
            Chunk.Part.RANGE,
            first.getAsLong() <= bottom ? whole.start() : first,
            last.getAsLong() >= top ? whole.end() : OptionalLong.of(last.getAsLong() + 1),
            1,
            0);
  }

  private static List<Chunk> merged(List<Chunk> ranges) {
    var sorted = new ArrayList<>(ranges);
    sorted.sort(Comparator.comparingLong(c -> c.start().orElse(Long.MIN_VALUE)));
    var out = new ArrayList<Chunk>();
    for (var range : sorted) {
      var last = out.isEmpty() ? null : out.getLast();
      if (last == null) {
        out.add(range);
      } else if (last.end().isEmpty()
          || range.start().isEmpty()
          || range.start().getAsLong() <= last.end().getAsLong()) {
        var end =
            last.end().isEmpty() || range.end().isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(Math.max(last.end().getAsLong(), range.end().getAsLong()));
        out.set(out.size() - 1, new Chunk(last.part(), last.start(), end, 1, 0));
      } else {
        out.add(range);
      }
    }
    return out;
  }

  private List<Example> examples(List<Open> left) {
    var out = new ArrayList<Example>();
    for (var o : left) {
      var difference = o.difference().orElse(Difference.NONE);
      examples(Side.SOURCE, o.chunk(), difference.missing(), out);
      examples(Side.TARGET, o.chunk(), difference.surplus(), out);
    }
    return out;
  }

  private void examples(Side side, Chunk chunk, Map<BigInteger, Long> hashes, List<Example> out) {
    var some = new TreeSet<>(hashes.keySet()).stream().limit(EXAMPLES - out.size()).toList();
    if (some.isEmpty()) {
      return;
    }
    var rows = inventory.examples(side, chunk, some);
    for (var hash : some) {
      out.add(
          new Example(
              side == Side.SOURCE,
              hashes.getOrDefault(hash, 0L),
              rows.getOrDefault(hash, "row with hash " + hash.toString(16))));
    }
  }

  /// Equality in any reading is the proof; a key that agreed once is proven as of then.
  Comparison fork(Migration fork) {
    return fork(fork, () -> {});
  }

  /// @param between what is done before what differs is read again
  Comparison fork(Migration fork, Runnable between) {
    watch.tell(new RunEvent.Proving(target, fork.target()));
    if (fork.query().isEmpty() || fork.reduced().isEmpty()) {
      return new Comparison(
          fork.trigger(),
          fork.target(),
          "nothing",
          List.of(),
          0,
          0,
          List.of(),
          0,
          Judgement.UNSETTLED,
          "the plan doesn't say how its rows are compared");
    }
    Optional<KeyDifference> lasting = Optional.empty();
    Optional<KeyDifference> unlikeOld = Optional.empty();
    var still = false;
    for (var times = 1; ; times++) {
      var expected = inventory.fork(fork, true);
      var actual = inventory.fork(fork, false);
      if (expected.equals(actual)) {
        return told(
            fork,
            expected,
            actual,
            Set.of(),
            Set.of(),
            0,
            times,
            Judgement.CONTAINED,
            "merged rows of both sides are equal");
      }
      var now = inventory.forkDifference(fork);
      still = lasting.map(before -> before.standsStill(now)).orElse(false);
      lasting = Optional.of(lasting.map(before -> before.persisting(now)).orElse(now));
      var keys = lasting.get();
      if (keys.keys().isEmpty() && keys.complete()) {
        return told(
            fork,
            expected,
            actual,
            Set.of(),
            Set.of(),
            0,
            times,
            Judgement.CONTAINED,
            "every key agreed in at least one of " + times + " readings");
      }
      if (times == 1 || unlikeOld.isPresent()) {
        var before = unlikeOld;
        unlikeOld =
            fromOld(inventory, fork)
                .map(other -> before.map(b -> b.persisting(other)).orElse(other));
      }
      var asOld =
          unlikeOld
              .filter(other -> other.complete() && keys.complete())
              .map(other -> keys.keys().size() - keys.among(other))
              .orElse(0L);
      if (viewsKeepDeleted && asOld > 0 && asOld == keys.keys().size()) {
        return told(
            fork,
            expected,
            actual,
            Set.of(),
            Set.of(),
            asOld,
            times,
            Judgement.CONTAINED,
            "%s as %s holds %s, not as its query over %s gives %s; accepted by --confirm %s"
                .formatted(
                    asOld == 1 ? "1 key is" : asOld + " keys are",
                    fork.source(),
                    asOld == 1 ? "it" : "them",
                    fork.trigger(),
                    asOld == 1 ? "it" : "them",
                    Confirmation.VIEWS_KEEP_DELETED));
      }
      if (times >= readings) {
        var missing = new LinkedHashSet<BigInteger>();
        var surplus = new LinkedHashSet<BigInteger>();
        keys.keys().forEach((key, sides) -> (sides.missing() ? missing : surplus).add(key));
        return told(
            fork,
            expected,
            actual,
            missing,
            surplus,
            0,
            times,
            still ? Judgement.DIFFERS : Judgement.UNSETTLED,
            (still
                    ? "keys stayed different over " + times + " readings"
                    : "keys kept moving over " + times + " readings and never agreed")
                + (asOld > 0 ? "; " + keeps(fork, asOld, keys.keys().size()) : ""));
      }
      between.run();
      watch.pause(target, "reading again what differs in " + fork.target(), settle);
    }
  }

  /// How a fork differs from the old view's target; empty where that can't be told.
  static Optional<KeyDifference> fromOld(Inventory inventory, Migration fork) {
    if (fork.historyFeed().kind() != Feed.History.Kind.FORK || fork.keyed()) {
      return Optional.empty();
    }
    try {
      return Optional.of(inventory.forkDifference(ForkQuestions.asOld(fork)));
    } catch (Failure.Remote failure) {
      return switch (failure.kind()) {
        // It is gone, or has other columns.
        case PERMANENT, NOT_FOUND, SIZE -> Optional.empty();
        case WAIT, LOST, UNREACHABLE, CONFLICT, FORBIDDEN -> throw failure;
      };
    }
  }

  /// What keys mean that aren't as the query gives them and are as the old target holds them.
  static String keeps(Migration fork, long asOld, long all) {
    var problem =
        Problem.warning(
            "view_differs",
            Place.NOWHERE,
            "%s as %s holds %s: when rows are deleted from %s, no view follows"
                .formatted(
                    asOld == all ? "all of them are" : asOld + " of " + all + " are",
                    fork.source(),
                    asOld == 1 && all == 1 ? "it" : "them",
                    fork.trigger()),
            asOld == all
                ? "To go on counting them, as the old version does: --confirm %s. To count them anew without: backfill plan --explain view_differs"
                    .formatted(Confirmation.VIEWS_KEEP_DELETED)
                : "What helps: backfill plan --explain view_differs");
    return problem.message() + ". " + problem.advice();
  }

  private Comparison told(
      Migration fork,
      Reading expected,
      Reading actual,
      Set<BigInteger> missing,
      Set<BigInteger> surplus,
      long accepted,
      int times,
      Judgement judgement,
      String because) {
    var examples = new ArrayList<Example>();
    forkExamples(fork, true, missing, examples);
    forkExamples(fork, false, surplus, examples);
    var own = fork.historyFeed().kind() == Feed.History.Kind.SEAM;
    var over =
        fork.seam()
            .map(seam ->
                String.join(
                    ", ",
                    new TreeSet<>(seam.feeders().stream().map(Seam.Feeder::trigger).toList())))
            .orElse(fork.trigger());
    var comparison =
        new Comparison(
            own ? fork.source() : over,
            fork.target(),
            own
                ? "the old target's rows, both sides merged"
                : fork.keyed()
                    ? "the row that stays of each key, both sides merged"
                    : "its query over " + over + ", both sides merged",
            List.of(new Figure("all", "", expected, actual)),
            missing.size(),
            surplus.size(),
            accepted,
            examples,
            times,
            judgement,
            because);
    watch.tell(new RunEvent.Compared(target, comparison));
    return comparison;
  }

  private void forkExamples(
      Migration fork, boolean expected, Set<BigInteger> keys, List<Example> out) {
    var some = keys.stream().limit(EXAMPLES - out.size()).toList();
    if (some.isEmpty()) {
      return;
    }
    var rows = inventory.forkExamples(fork, expected, some);
    for (var key : some) {
      out.add(
          new Example(expected, 1, rows.getOrDefault(key, "key with hash " + key.toString(16))));
    }
  }
}
