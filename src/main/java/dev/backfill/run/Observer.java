package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Border;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.Feed;
import dev.backfill.plan.ForkedPipe;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Scenario;
import dev.backfill.plan.Ticks;
import dev.backfill.proof.ForkQuestions;
import dev.backfill.proof.Questions;
import dev.backfill.proof.Reading;
import dev.backfill.proof.Side;
import dev.backfill.sql.Quote;
import dev.backfill.sql.TablesRead;
import dev.backfill.status.Facts;
import dev.backfill.status.Facts.LiveReader;
import dev.backfill.status.Facts.Sync;
import dev.backfill.status.Facts.Target;
import dev.backfill.status.Facts.Writes;
import dev.backfill.status.Standing;
import dev.backfill.tinybird.LiveDataSource;
import dev.backfill.tinybird.LivePipe;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/// Looks at a plan's workspace and changes nothing.
public final class Observer {
  private final Tinybird tinybird;
  private final InstantSource clock;
  private final Watch watch;
  private final BiFunction<Migration, LivePipe, Optional<String>> edited;

  /// @param clock of this machine, for deadlines only
  /// @param edited why a live sync Pipe isn't the plan's
  public Observer(
      Tinybird tinybird,
      InstantSource clock,
      Sleeper sleeper,
      Consumer<RunEvent> events,
      BooleanSupplier cancelled,
      BiFunction<Migration, LivePipe, Optional<String>> edited) {
    this.edited = edited;
    this.tinybird = tinybird;
    this.clock = clock;
    this.watch = new Watch(clock, sleeper, events, cancelled, Duration.ofMinutes(2));
  }

  /// @param compare read both sides whole, once
  public Facts observe(PlanCore core, boolean compare) {
    return new Look(core, compare).facts();
  }

  /// One look.
  private final class Look {
    private final PlanCore core;
    private final boolean compare;
    private final Instant asOf;
    private final Map<String, LivePipe> pipes = new TreeMap<>();
    private final Map<String, LiveDataSource> dataSources = new HashMap<>();
    private final Set<String> unseen = new LinkedHashSet<>();

    Look(PlanCore core, boolean compare) {
      this.core = core;
      this.compare = compare;
      this.asOf = serverNow();
      watch.read("", tinybird::pipes).forEach(p -> pipes.put(p.name(), p));
      for (var migration : core.migrations()) {
        for (var name : List.of(migration.source(), migration.target())) {
          watch.read("", () -> tinybird.dataSource(name)).ifPresent(d -> dataSources.put(name, d));
        }
      }
    }

    Facts facts() {
      var workspace = watch.read("", tinybird::workspace);
      var cuts = core.seamed().stream().map(this::cut).toList();
      var loaders = loaders();
      var targets = core.direct().stream().map(this::target).toList();
      var old = old();
      return new Facts(
          workspace.name(),
          workspace.main().isPresent(),
          asOf,
          targets,
          readers(oldNames()),
          readers(newNames()),
          old.stream().filter(dataSources::containsKey).sorted().toList(),
          pipes.values().stream().filter(this::fillsOld).map(LivePipe::name).toList(),
          loaders,
          core.forkedPipes().stream()
              .map(ForkedPipe::original)
              .filter(pipes::containsKey)
              .filter(p -> !loaders.contains(p))
              .toList(),
          cuts,
          List.copyOf(unseen));
    }

    private Facts.Cut cut(Migration seamed) {
      var older = compare ? older(seamed) : Optional.<Facts.Older>empty();
      if (older.isEmpty() && dataSources.containsKey(seamed.source())) {
        unseen.add(
            "whether %s holds the older buckets of %s; backfill verify tells"
                .formatted(seamed.target(), seamed.source()));
      }
      return new Facts.Cut(
          seamed.source(),
          seamed.target(),
          dataSources.containsKey(seamed.target()),
          pipes.containsKey(seamed.historyFeed().pipe()),
          older);
    }

    private List<String> loaders() {
      return core.forkedPipes().stream()
          .filter(f -> copies(f.original()) && copies(f.fork()))
          .map(ForkedPipe::original)
          .toList();
    }

    private boolean copies(String pipe) {
      return Optional.ofNullable(pipes.get(pipe)).stream()
          .flatMap(p -> p.nodes().stream())
          .anyMatch(n -> n.kind().equals("copy"));
    }

    private static Facts.Supply supply(Migration migration) {
      return switch (migration.scenario()) {
        case NOT_PRODUCTION -> Facts.Supply.NOT_NEEDED;
        case FULL_REPLACEMENT, RELOAD -> Facts.Supply.LOADER;
        case KAFKA_TWIN -> Facts.Supply.TOPIC;
        case MOVE_INGESTION -> Facts.Supply.MOVE_FIRST;
        case STREAMING_TIMESTAMP, POPULATE, DELTA -> Facts.Supply.PRODUCERS;
      };
    }

    private Optional<Facts.Older> older(Migration seamed) {
      if (!dataSources.containsKey(seamed.source()) || !dataSources.containsKey(seamed.target())) {
        return Optional.empty();
      }
      watch.tell(new RunEvent.Proving(seamed.target(), "older buckets"));
      try {
        return new Seams(tinybird, watch)
            .older(core, seamed, asOf)
            .map(o -> new Facts.Older(o.holds(), o.late(), o.passedBy()));
      } catch (Failure.Remote failure) {
        return switch (failure.kind()) {
          case PERMANENT, NOT_FOUND, SIZE -> Optional.empty();
          case WAIT, LOST, UNREACHABLE, CONFLICT, FORBIDDEN -> throw failure;
        };
      }
    }

    private Set<String> old() {
      var names = new TreeSet<String>();
      core.migrations().forEach(m -> names.add(m.source()));
      // A name that is another one's new version isn't old, whatever it was before.
      core.migrations().forEach(m -> names.remove(m.target()));
      return names;
    }

    private Target target(Migration migration) {
      var name = migration.target();
      var sync = sync(migration);
      var forks = core.forksOf(name);
      var missing =
          forks.stream()
              .filter(f -> !feeds(Optional.ofNullable(pipes.get(f.liveFeed().pipe())), f.target()))
              .map(f -> f.liveFeed().pipe())
              .toList();
      var rows =
          dataSources.containsKey(name)
              ? Optional.of(count("SELECT count() AS n FROM " + Quote.identifier(name)))
              : Optional.<Long>empty();
      var since = since(migration, sync);
      var history = since.flatMap(s -> new OperationsLog(tinybird, watch).of(migration, s, ours()));
      if (since.isPresent() && history.isEmpty()) {
        unseen.add(
            "the workspace doesn't show tinybird.datasources_ops_log, so nobody can tell who"
                + " writes to or deletes from "
                + migration.source());
      }
      var writes = history.map(OperationsLog.History::writes).orElse(Writes.UNKNOWN);
      if (fedByView(migration.source())) {
        unseen.add(
            migration.source()
                + " is filled by a Materialized View, whose writes the workspace's log may not"
                + " hold");
        writes =
            new Writes(
                writes.lastToSource(),
                Optional.empty(),
                writes.firstToTarget(),
                writes.rowsToTarget());
      }
      return new Target(
          migration.source(),
          name,
          supply(migration),
          dataSources.containsKey(migration.source()),
          rows,
          sync,
          migration.liveFeed().pipe(),
          migration.historyFeed().pipe(),
          pipes.containsKey(migration.historyFeed().pipe()),
          missing,
          compare ? standing(migration, forks, sync) : Optional.empty(),
          history.map(OperationsLog.History::upheavals).orElse(List.of()),
          writes,
          leases(name));
    }

    /// Since when rows follow; when the sync is gone, since the target was there, as far as that is
    /// known.
    private Optional<Instant> since(Migration migration, Sync sync) {
      if (!dataSources.containsKey(migration.target())) {
        return Optional.empty();
      }
      var live = Optional.ofNullable(pipes.get(migration.liveFeed().pipe()));
      return Optional.of(
          sync instanceof Sync.Live && live.isPresent() ? live.get().createdAt() : asOf);
    }

    private Sync sync(Migration migration) {
      if (migration.liveFeed().kind() != Feed.Live.Kind.SYNC) {
        return new Sync.None();
      }
      var live = Optional.ofNullable(pipes.get(migration.liveFeed().pipe()));
      if (live.isEmpty()) {
        return new Sync.Absent();
      }
      if (!feeds(live, migration.target())) {
        return new Sync.Unlinked();
      }
      var cutover = Guard.cutover(live.get(), migration);
      return new Sync.Live(
          live.get().updatedAt().isAfter(live.get().createdAt())
              ? live.get().updatedAt()
              : live.get().createdAt(),
          cutover,
          edited.apply(migration, live.get()),
          migration.border() == Border.ARRIVAL);
    }

    private boolean feeds(Optional<LivePipe> pipe, String target) {
      return pipe.stream()
          .flatMap(p -> p.nodes().stream())
          .flatMap(n -> n.materialized().stream())
          .anyMatch(m -> isA(m, target));
    }

    private boolean isA(String idOrName, String dataSource) {
      var live = dataSources.get(dataSource);
      return idOrName.equals(dataSource) || (live != null && idOrName.equals(live.id()));
    }

    private boolean fillsOld(LivePipe pipe) {
      return old().stream().anyMatch(o -> feeds(Optional.of(pipe), o));
    }

    private boolean fedByView(String source) {
      return pipes.values().stream().anyMatch(p -> feeds(Optional.of(p), source));
    }

    private Set<String> ours() {
      return OperationsLog.ours(core);
    }

    private Set<String> oldNames() {
      var names = new TreeSet<>(old());
      core.forkedPipes().forEach(f -> names.add(f.original()));
      return names;
    }

    private Set<String> newNames() {
      var names = new TreeSet<String>();
      core.migrations().forEach(m -> names.add(m.target()));
      core.forkedPipes().forEach(f -> names.add(f.fork()));
      return names;
    }

    private List<LiveReader> readers(Set<String> of) {
      var ours = ours();
      var out = new ArrayList<LiveReader>();
      for (var pipe : pipes.values()) {
        if (ours.contains(pipe.name())
            || of.contains(pipe.name())
            || fillsOld(pipe)
            || pipe.name().startsWith(Lease.PREFIX)) {
          continue;
        }
        var reads = new TreeSet<String>();
        for (var node : pipe.nodes()) {
          names(pipe, node.sql()).stream().filter(of::contains).forEach(reads::add);
        }
        if (!reads.isEmpty()) {
          out.add(new LiveReader(pipe.name(), kind(pipe), List.copyOf(reads)));
        }
      }
      return out;
    }

    private Set<String> names(LivePipe pipe, String sql) {
      try {
        var read = TablesRead.of(sql);
        var names = new HashSet<String>(read.names());
        names.addAll(read.dynamic());
        names.addAll(read.possible());
        return names;
      } catch (IllegalArgumentException _) {
        unseen.add("what " + pipe.name() + " reads can't be told from its SQL");
        return Set.of();
      }
    }

    private static String kind(LivePipe pipe) {
      return pipe.nodes().stream()
          .map(LivePipe.LiveNode::kind)
          .filter(k -> !k.isEmpty() && !k.equals("standard"))
          .findFirst()
          .orElse("pipe");
    }

    private List<Facts.Lease> leases(String target) {
      return pipes.values().stream()
          .flatMap(p -> Lease.claim(p, target, core.limits().lease()).stream())
          .map(c ->
              new Facts.Lease(
                  Lease.name(target, c.generation()),
                  c.holder(),
                  c.live(asOf) ? Optional.of(c.expires()) : Optional.empty()))
          .toList();
    }

    /// Where both sides can be told apart row by row: without waiting, each question once.
    private Optional<Standing> standing(Migration migration, List<Migration> forks, Sync sync) {
      if (!dataSources.containsKey(migration.source())
          || !dataSources.containsKey(migration.target())
          || migration.projection().isEmpty()
          || migration.scenario() == Scenario.NOT_PRODUCTION) {
        return Optional.empty();
      }
      if (!migration.engine().equals("MergeTree") && !migration.keyed()) {
        unseen.add(
            migration.target() + " merges rows, so one look can't compare it; backfill verify can");
        return Optional.empty();
      }
      var cutover = sync instanceof Sync.Live live ? live.cutover() : Optional.<Instant>empty();
      if (cutover.filter(asOf::isBefore).isPresent()) {
        return Optional.empty();
      }
      var expiring = clock.instant().plus(Duration.ofHours(1));
      try {
        var inventory = Runner.Inventories.asking(tinybird).of(migration, expiring, watch);
        var out = new ArrayList<Standing.Part>();
        if (migration.keyed()) {
          out.add(keyed(inventory, migration));
        } else {
          for (var part : parts(migration, cutover)) {
            watch.tell(new RunEvent.Proving(migration.target(), part.name()));
            out.add(part(inventory, part));
          }
        }
        var views = new ArrayList<Standing.View>();
        for (var fork : forks) {
          watch.tell(new RunEvent.Proving(migration.target(), fork.target()));
          views.add(new Standing.View(fork.target(), agreement(inventory, fork)));
        }
        return Optional.of(new Standing(asOf, out, views));
      } catch (Failure.Remote failure) {
        return switch (failure.kind()) {
          case PERMANENT, NOT_FOUND, SIZE -> {
            unseen.add(
                "%s can't be compared with %s: %s"
                    .formatted(migration.target(), migration.source(), failure.getMessage()));
            yield Optional.empty();
          }
          case WAIT, LOST, UNREACHABLE, CONFLICT, FORBIDDEN -> throw failure;
        };
      }
    }

    private Standing.Agreement agreement(Inventory inventory, Migration fork) {
      if (fork.query().isEmpty()
          || fork.reduced().isEmpty()
          || !dataSources.containsKey(fork.target())) {
        return Standing.Agreement.NOT_COMPARED;
      }
      if (inventory.fork(fork, true).equals(inventory.fork(fork, false))) {
        return Standing.Agreement.EQUAL;
      }
      // Rows may have come between the two readings; this one asks for both sides at once.
      var difference = inventory.forkDifference(fork);
      if (difference.keys().isEmpty() && difference.complete()) {
        return Standing.Agreement.EQUAL;
      }
      return Prover.fromOld(inventory, fork)
              .filter(o -> o.complete() && difference.complete() && difference.among(o) == 0)
              .isPresent()
          ? Standing.Agreement.AS_OLD
          : Standing.Agreement.DIFFERENT;
    }

    private List<Prover.Part> parts(Migration migration, Optional<Instant> cutover) {
      if (migration.timestamp().isPresent() && cutover.isPresent()) {
        var type = migration.timestamp().get().type();
        return Prover.parts(
            migration,
            Ticks.ceil(type, cutover.get()),
            Prover.until(migration, asOf, core.limits().settle()));
      }
      var all = new Chunk(Chunk.Part.RANGE, OptionalLong.empty(), OptionalLong.empty(), 1, 0);
      var nulls = migration.timestamp().filter(t -> t.type().nullable()).isPresent();
      return nulls
          ? List.of(new Prover.Part("all", all), new Prover.Part("null", Chunk.nulls()))
          : List.of(new Prover.Part("all", all));
    }

    /// Both sides as they are merged: keys, not rows.
    private Standing.Part keyed(Inventory inventory, Migration migration) {
      watch.tell(new RunEvent.Proving(migration.target(), "keys"));
      var expected = inventory.fork(migration, true);
      var actual = inventory.fork(migration, false);
      var kept =
          expected.equals(actual)
              || inventory.fork(ForkQuestions.orNewer(migration), true).equals(actual);
      return new Standing.Part(
          "all",
          expected.rows(),
          actual.rows(),
          kept ? 0 : Math.max(1, expected.rows() - actual.rows()),
          Math.max(0, actual.rows() - expected.rows()),
          expected.equals(actual));
    }

    private static Standing.Part part(Inventory inventory, Prover.Part part) {
      var source = inventory.figures(Side.SOURCE, part.chunk());
      var target = inventory.figures(Side.TARGET, part.chunk());
      var names = new TreeSet<>(source.keySet());
      names.addAll(target.keySet());
      var none =
          new Inventory.Partition(Reading.NOTHING, OptionalLong.empty(), OptionalLong.empty());
      var expected = 0L;
      var actual = 0L;
      var missing = 0L;
      var surplus = 0L;
      var equal = true;
      for (var name : names) {
        var s = source.getOrDefault(name, none).reading();
        var t = target.getOrDefault(name, none).reading();
        expected += s.rows();
        actual += t.rows();
        missing += Math.max(0, s.rows() - t.rows());
        surplus += Math.max(0, t.rows() - s.rows());
        equal = equal && s.equals(t);
      }
      // Where the target has more in places, counts hide what it lacks.
      if (!equal && (missing == 0 || surplus > 0)) {
        missing = inventory.missing(part.chunk()).missingRows();
      }
      return new Standing.Part(part.name(), expected, actual, missing, surplus, equal);
    }
  }

  private long count(String sql) {
    return watch.read("", () -> tinybird.query(sql)).only().number("n");
  }

  private Instant serverNow() {
    var text =
        watch.read("", () -> tinybird.query(Questions.now())).only().text(Questions.MARK + "now");
    return SqlInventory.instant(text);
  }
}
