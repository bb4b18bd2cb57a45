package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.ChunkGrid;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Scenario;
import dev.backfill.plan.Ticks;
import dev.backfill.proof.Judgement;
import dev.backfill.proof.ProofReport;
import dev.backfill.proof.Questions;
import dev.backfill.proof.Side;
import dev.backfill.sql.Quote;
import dev.backfill.tinybird.Branch;
import dev.backfill.tinybird.LiveDataSource.LiveColumn;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/// Does in the pull request's branch what the run will do in production: rows past T through the
/// sync pipe, history through the backfill pipe, proof of both, and a forecast.
///
/// A branch is quiet, so nothing waits for T: the sync pipe's T is the upper bound of the copies
/// although it may not have passed.
public final class Rehearsal {
  /// Rows that are appended past T.
  private static final int INJECTED = 3;

  private final InstantSource clock;
  private final Sleeper sleeper;
  private final Consumer<RunEvent> events;
  private final BooleanSupplier cancelled;

  public Rehearsal(
      InstantSource clock, Sleeper sleeper, Consumer<RunEvent> events, BooleanSupplier cancelled) {
    this.clock = clock;
    this.sleeper = sleeper;
    this.events = events;
    this.cancelled = cancelled;
  }

  /// @param main the main workspace, which is only read
  /// @param branch the branch, by its own token
  /// @param info the branch as it was looked up
  /// @throws Failure.Refused when the branch doesn't hold the plan's resources
  public Rehearsed rehearse(
      PlanCore core, Tinybird main, Tinybird branch, Branch info, RunOptions options) {
    var watch = new Watch(clock, sleeper, events, cancelled, options.unreachable());
    var findings = new Guard(branch, watch).look(core, true);
    if (!findings.reasons().isEmpty()) {
      throw new Failure.Refused(
          parts(core, branch, info.name(), watch)
              .orElseGet(() -> String.join("; ", findings.reasons())));
    }
    var before = watch.read("", branch::workspace);
    if (!before.id().equals(info.id())) {
      throw new Failure.Refused(
          "the token is for the branch " + before.name() + ", not for " + info.name());
    }
    var targets = new ArrayList<Rehearsed.Target>();
    var reasons = new ArrayList<String>();
    for (var ready : findings.ready()) {
      targets.add(
          switch (ready.migration().border()) {
            case TIMESTAMP -> target(ready, core, main, branch, options, watch, reasons);
            case ARRIVAL, NONE -> untimed(ready, core, main, branch, options, watch, reasons);
          });
    }
    var seams = new Seams(branch, watch);
    for (var ready : findings.seams()) {
      var origin =
          targets.stream()
              .filter(t ->
                  t.proof()
                      .map(p -> p.judgement() != Judgement.CONTAINED)
                      .orElse(t.figures().jobs() > 0))
              .map(Rehearsed.Target::target)
              .filter(ready.origins()::contains)
              .findFirst();
      if (origin.isPresent()) {
        reasons.add(Seams.skipped(ready, origin.get()));
        continue;
      }
      // A branch is quiet: every bucket before the cutover is what it will be.
      var faults = new ArrayList<String>();
      seams.fill(ready, core, options, Instant.MIN, new ArrayList<>(), new ArrayList<>(), faults);
      reasons.addAll(faults);
    }
    var after = watch.read("", () -> main.branch(info.name())).map(Branch::id);
    if (!after.equals(Optional.of(info.id()))) {
      reasons.add("the branch " + info.name() + " was rebuilt or deleted meanwhile");
    }
    return new Rehearsed(info.name(), info.id(), targets, reasons.isEmpty(), reasons);
  }

  /// What of the plan is in the branch and what isn't; empty when all of it is.
  private static Optional<String> parts(PlanCore core, Tinybird branch, String name, Watch watch) {
    var there = new TreeSet<String>();
    var missing = new TreeSet<String>();
    var pipes = new TreeSet<String>();
    for (var m : core.migrations()) {
      (watch.read("", () -> branch.dataSource(m.target())).isPresent() ? there : missing)
          .add(m.target());
      pipes.add(m.liveFeed().pipe());
      pipes.add(m.historyFeed().pipe());
      m.seam().ifPresent(s -> s.feeders().forEach(f -> pipes.add(f.fork())));
    }
    pipes.remove("");
    for (var pipe : pipes) {
      (watch.read("", () -> branch.pipe(pipe)).isPresent() ? there : missing).add(pipe);
    }
    if (missing.isEmpty()) {
      return Optional.empty();
    }
    var script = "deploy/" + core.version() + "/deploy.sh";
    return Optional.of(
        there.isEmpty()
            ? "nothing of the plan is in the branch %s: let the pull request's CI deploy into it (%s), then rehearse again"
                .formatted(name, script)
            : "only a part of the plan is in the branch %s. There: %s. Not there: %s. Its deployment didn't come to its end: mend what stopped it, run %s in the branch once more, or let the CI make the branch anew, then rehearse again"
                .formatted(name, String.join(", ", there), String.join(", ", missing), script));
  }

  private Rehearsed.Target target(
      Guard.Ready ready,
      PlanCore core,
      Tinybird main,
      Tinybird branch,
      RunOptions options,
      Watch watch,
      List<String> reasons) {
    var migration = ready.migration();
    var target = migration.target();
    var expiring = clock.instant().plus(Duration.ofHours(1));
    var inventory = Runner.Inventories.asking(branch).of(migration, expiring, watch);
    watch.tell(new RunEvent.Started(target, migration.source(), ready.cutoverInstant()));
    var below = Chunk.below(ready.cutover());
    var history = inventory.extent(Side.SOURCE, below);
    var rows = history.map(Inventory.Extent::rows).orElse(0L);
    var injection = inject(ready, branch, inventory, options, watch, reasons);
    var limits = core.limits();
    var copied = copied(ready, core, branch, options, watch, inventory, rows, reasons);
    var done = copied.figures();
    var oneInstant = history.filter(e -> e.first() == e.last()).isPresent();
    if (rows == 0) {
      reasons.add(migration.source() + " holds no rows below the cutover in the branch");
    } else if (done.chunks() < 2 && !oneInstant) {
      reasons.add(target + " was filled in one chunk");
    }
    var inMain = Runner.Inventories.asking(main).of(migration, expiring, watch);
    var whole = inMain.extent(Side.SOURCE, below).map(Inventory.Extent::rows).orElse(0L);
    enough(copied, rows, whole, migration, limits, reasons);
    return new Rehearsed.Target(
        target,
        done,
        injection.rows(),
        injection.mark(),
        injection.arrived(),
        copied.proof(),
        forecast(migration, inMain, below, whole, done, limits));
  }

  /// Without a column that tells old rows from new ones: the copy and its proof first, then rows
  /// that show what an insert does from now on. A branch has no connectors: nothing there reads the
  /// topic.
  private static boolean connected(Migration migration, Watch watch) {
    if (migration.scenario() != Scenario.KAFKA_TWIN) {
      return false;
    }
    watch.tell(
        new RunEvent.Note(
            migration.target(),
            "a branch reads no Kafka topic, so only the deployment of this one is rehearsed"));
    return true;
  }

  private Rehearsed.Target untimed(
      Guard.Ready ready,
      PlanCore core,
      Tinybird main,
      Tinybird branch,
      RunOptions options,
      Watch watch,
      List<String> reasons) {
    var migration = ready.migration();
    var target = migration.target();
    var expiring = clock.instant().plus(Duration.ofHours(1));
    var inventory = Runner.Inventories.asking(branch).of(migration, expiring, watch);
    watch.tell(new RunEvent.Started(target, migration.source(), ready.cutoverInstant()));
    var limits = core.limits();
    var rows = rows(inventory, Side.SOURCE, Chunk.everything());
    var copies =
        switch (migration.historyFeed().kind()) {
          case COPY, POPULATE -> !connected(migration, watch);
          case FORK, SEAM, REPLAY, NONE -> false;
        };
    var copied =
        copies
            ? copied(ready, core, branch, options, watch, inventory, rows, reasons)
            : new Copied(new Outcome.Figures(target, 0, 0, 0, 0, Duration.ZERO), Optional.empty());
    var injection = inject(ready, branch, inventory, options, limits, watch, reasons);
    var whole =
        rows(
            Runner.Inventories.asking(main).of(migration, expiring, watch),
            Side.SOURCE,
            Chunk.everything());
    if (copies && rows == 0) {
      reasons.add(migration.source() + " holds no rows in the branch");
    } else {
      enough(copied, rows, whole, migration, limits, reasons);
    }
    var chunks = copies && whole > 0 ? SliceFilling.slices(whole, limits.chunkRows()) : 0;
    return new Rehearsed.Target(
        target,
        copied.figures(),
        injection.rows(),
        injection.mark(),
        injection.arrived(),
        copied.proof(),
        forecast(copies ? whole : 0, chunks, copied.figures(), limits));
  }

  /// What a copy in the branch came to.
  private record Copied(Outcome.Figures figures, Optional<ProofReport> proof) {}

  /// Fills the branch's target as a run does, in at least two chunks, however little there is.
  private Copied copied(
      Guard.Ready ready,
      PlanCore core,
      Tinybird branch,
      RunOptions options,
      Watch watch,
      Inventory inventory,
      long rows,
      List<String> reasons) {
    var figures = new ArrayList<Outcome.Figures>();
    var proofs = new ArrayList<ProofReport>();
    var chunkRows = Math.max(1, Math.min(core.limits().chunkRows(), (rows + 1) / 2));
    new Runner(branch, clock, sleeper, events, cancelled)
        .fill(
            ready,
            withChunkRows(core, chunkRows),
            options,
            watch,
            inventory,
            Instant.MIN,
            figures,
            proofs,
            reasons)
        .ifPresent(later ->
            reasons.add(
                "%s isn't proven, because its cutover in the branch is later than a rehearsal waits: rehearse again from %s on"
                    .formatted(ready.migration().target(), later.at())));
    return new Copied(figures.getLast(), proofs.stream().findFirst());
  }

  private static void enough(
      Copied copied,
      long rows,
      long whole,
      Migration migration,
      PlanCore.Limits limits,
      List<String> reasons) {
    var proven = copied.proof().filter(p -> p.judgement() == Judgement.CONTAINED).isPresent();
    if (proven && rows < limits.rehearsalRows() && rows < whole) {
      reasons.add(
          "only %,d rows of %s were there to be copied, %,d are asked for"
              .formatted(rows, migration.source(), Math.min(limits.rehearsalRows(), whole)));
    }
  }

  /// Appends copies of a row where producers write from now on, and looks whether they come to the
  /// target, or, where nothing may flow on its own, stay out of it.
  private Injection inject(
      Guard.Ready ready,
      Tinybird branch,
      Inventory inventory,
      RunOptions options,
      PlanCore.Limits limits,
      Watch watch,
      List<String> reasons) {
    var migration = ready.migration();
    var target = migration.target();
    var loads =
        switch (migration.scenario()) {
          case FULL_REPLACEMENT -> true;
          case NOT_PRODUCTION,
              STREAMING_TIMESTAMP,
              POPULATE,
              DELTA,
              MOVE_INGESTION,
              RELOAD,
              KAFKA_TWIN ->
              false;
        };
    var sync =
        switch (migration.liveFeed().kind()) {
          case SYNC -> true;
          case FORK, PRODUCERS, NONE -> false;
        };
    var into = sync || loads ? migration.source() : target;
    var mark = "copies of a row of %s, appended to %s".formatted(migration.source(), into);
    ready
        .cutoverInstant()
        .ifPresent(at -> watch.await(target, "the sync pipe begins at " + at, inventory::now, at));
    var columns =
        branch.dataSource(into).orElseThrow().columns().stream()
            .filter(c -> !c.jsonPath().isEmpty())
            .filter(c ->
                branch.dataSource(migration.source()).orElseThrow().columns().stream()
                    .anyMatch(s -> s.name().equals(c.name())))
            .toList();
    var record =
        columns.isEmpty()
            ? Optional.<String>empty()
            : record(branch, migration, columns, Map.of(), watch);
    if (record.isEmpty()) {
      watch.tell(
          new RunEvent.Note(
              target,
              into + " takes no JSON or holds no row, so none was appended to see where it goes"));
      return new Injection(0, mark, 0);
    }
    var had = rows(inventory, Side.TARGET, Chunk.everything());
    var sent = branch.append(into, (record.get() + "\n").repeat(INJECTED)).rows();
    if (loads) {
      watch.pause(
          target, "rows of a next load of " + into + " must not arrive here", limits.settle());
      var arrived = rows(inventory, Side.TARGET, Chunk.everything()) - had;
      if (arrived != 0) {
        reasons.add(
            "%d rows of %s reached %s by themselves, so a second load would be there twice"
                .formatted(arrived, into, target));
      }
      return new Injection(sent, mark, arrived);
    }
    var since = watch.now();
    var arrived = rows(inventory, Side.TARGET, Chunk.everything()) - had;
    // Rows of equal key may be merged to one.
    var wanted = migration.keyed() ? Math.min(sent, 1) : sent;
    while (arrived < wanted && watch.now().isBefore(since.plus(options.requestDeadline()))) {
      watch.pause(target, "appended rows are to arrive", Duration.ofSeconds(1));
      arrived = rows(inventory, Side.TARGET, Chunk.everything()) - had;
    }
    if (arrived < wanted) {
      reasons.add("of %d rows appended to %s %d reached %s".formatted(sent, into, arrived, target));
    }
    return new Injection(sent, mark, arrived);
  }

  private static Rehearsed.Forecast forecast(
      Migration migration,
      Inventory main,
      Chunk below,
      long rows,
      Outcome.Figures figures,
      PlanCore.Limits limits) {
    var chunks =
        rows == 0
            ? 0
            : ChunkGrid.of(
                    migration.timestamp().orElseThrow().type(),
                    below.end().orElseThrow(),
                    new ChunkGrid.Most(limits.chunkRows(), Filling.PARTITIONS_AT_ONCE),
                    main::histogram)
                .size();
    return forecast(rows, chunks, figures, limits);
  }

  private static Rehearsed.Forecast forecast(
      long rows, int chunks, Outcome.Figures figures, PlanCore.Limits limits) {
    var rate = figures.rowsPerSecond();
    return new Rehearsed.Forecast(
        rows,
        chunks,
        rate <= 0
            ? Optional.empty()
            : Optional.of(
                Duration.ofMillis((long) (rows * 1000.0 / rate))
                    .plus(limits.poll().multipliedBy(chunks))));
  }

  /// @param mark which rows they are, in words
  private record Injection(long rows, String mark, long arrived) {}

  /// Appends copies of a row of the source with timestamps from T on, and waits until the sync pipe
  /// has brought them.
  private Injection inject(
      Guard.Ready ready,
      Tinybird branch,
      Inventory inventory,
      RunOptions options,
      Watch watch,
      List<String> reasons) {
    var migration = ready.migration();
    var target = migration.target();
    var type = migration.timestamp().orElseThrow().type();
    var source = branch.dataSource(migration.source()).orElseThrow();
    var columns = source.columns().stream().filter(c -> !c.jsonPath().isEmpty()).toList();
    var first = ready.cutover();
    var range = Chunk.range(first, first + INJECTED);
    var mark = "rows of %s with timestamps in %s".formatted(source.name(), range.text(type));
    if (columns.stream()
        .noneMatch(c -> c.name().equals(migration.timestamp().orElseThrow().column()))) {
      reasons.add(source.name() + " takes no JSON, so no row past the cutover could be appended");
      return new Injection(0, mark, 0);
    }
    var records = new StringBuilder();
    for (var i = 0; i < INJECTED; i++) {
      var cut = migration.timestamp().orElseThrow();
      var record =
          record(
              branch,
              migration,
              columns,
              Map.of(cut.column(), Ticks.literal(cut.type(), first + i)),
              watch);
      if (record.isEmpty()) {
        reasons.add(source.name() + " has no row to copy past the cutover");
        return new Injection(0, mark, 0);
      }
      records.append(record.get()).append('\n');
    }
    var had = rows(inventory, Side.TARGET, range);
    // Appended once: when the answer is lost, the rows themselves say whether they came.
    long sent = INJECTED;
    try {
      var appended = branch.append(source.name(), records.toString());
      sent = appended.rows();
      if (appended.quarantined() > 0) {
        reasons.add(
            appended.quarantined()
                + " rows appended past the cutover went to the quarantine of "
                + source.name());
      }
    } catch (Failure.Remote failure) {
      if (failure.kind() != Failure.Kind.LOST) {
        throw failure;
      }
      watch.tell(new RunEvent.Note(target, "the answer to the append was lost"));
    }
    var since = watch.now();
    var arrived = rows(inventory, Side.TARGET, range) - had;
    while (arrived < sent && watch.now().isBefore(since.plus(options.requestDeadline()))) {
      watch.pause(target, "rows past the cutover are to arrive", Duration.ofSeconds(1));
      arrived = rows(inventory, Side.TARGET, range) - had;
    }
    if (arrived < sent) {
      reasons.add(
          "of %d rows appended past the cutover %d reached %s".formatted(sent, arrived, target));
    }
    return new Injection(sent, mark, arrived);
  }

  private static long rows(Inventory inventory, Side side, Chunk chunk) {
    return inventory.extent(side, chunk).map(Inventory.Extent::rows).orElse(0L);
  }

  /// A row of the source as the JSON that would have made it.
  ///
  /// @param others SQL for columns that are to have another value, by name
  private static Optional<String> record(
      Tinybird branch,
      Migration migration,
      List<LiveColumn> columns,
      Map<String, String> others,
      Watch watch) {
    var selected = new ArrayList<String>();
    for (var i = 0; i < columns.size(); i++) {
      var column = columns.get(i);
      var other = others.get(column.name());
      var value =
          other == null
              ? Quote.identifier(column.name())
              : "CAST(%s, %s)".formatted(other, Quote.literal(column.type()));
      selected.add("toJSONString(" + value + ") AS " + Questions.MARK + i);
    }
    var sql =
        "SELECT "
            + String.join(", ", selected)
            + " FROM "
            + Quote.identifier(migration.source())
            + " LIMIT 1";
    var rows = watch.read(migration.target(), () -> branch.query(sql)).rows();
    if (rows.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Object> root = new LinkedHashMap<>();
    for (var i = 0; i < columns.size(); i++) {
      var path = columns.get(i).jsonPath();
      rows.getFirst()
          .find(Questions.MARK + i)
          .filter(json -> !json.equals("null"))
          .ifPresent(json -> put(root, path, json));
    }
    return Optional.of(json(root));
  }

  /// `$.a.b` and `$.a[:]`; whatever else a path may say stays out of the record.
  @SuppressWarnings("unchecked")
  private static void put(Map<String, Object> root, String path, String json) {
    var plain = path.replaceFirst("^\\$\\.?", "").replaceFirst("\\[:\\]$", "");
    if (plain.isEmpty() || plain.contains("[")) {
      return;
    }
    var keys = plain.split("\\.");
    var at = root;
    for (var i = 0; i < keys.length - 1; i++) {
      var below = at.computeIfAbsent(keys[i], k -> new LinkedHashMap<String, Object>());
      if (!(below instanceof Map)) {
        return;
      }
      at = (Map<String, Object>) below;
    }
    at.putIfAbsent(keys[keys.length - 1], json);
  }

  /// The leaves are JSON already.
  private static String json(Map<?, ?> object) {
    var fields = new ArrayList<String>();
    object.forEach((key, value) ->
        fields.add(
            "\""
                + String.valueOf(key).replace("\\", "\\\\").replace("\"", "\\\"")
                + "\":"
                + (value instanceof Map<?, ?> below ? json(below) : String.valueOf(value))));
    return "{" + String.join(",", fields) + "}";
  }

  private static PlanCore withChunkRows(PlanCore core, long chunkRows) {
    var l = core.limits();
    return new PlanCore(
        core.schemaVersion(),
        core.rules(),
        core.flavour(),
        core.version(),
        core.workspace(),
        core.changes(),
        core.migrations(),
        core.forkedPipes(),
        core.cutover(),
        new PlanCore.Limits(
            l.margin(),
            l.settle(),
            l.maxLateness(),
            l.rehearsalRows(),
            l.jobsAtOnce(),
            chunkRows,
            l.lease(),
            l.poll()),
        core.files());
  }
}
