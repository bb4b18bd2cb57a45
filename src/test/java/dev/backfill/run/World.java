package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.failure.Failure.Kind;
import dev.backfill.plan.Cause;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.ChunkGrid.Bucket;
import dev.backfill.plan.Cutover;
import dev.backfill.plan.Feed;
import dev.backfill.plan.Grain;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Scenario;
import dev.backfill.plan.Ticks;
import dev.backfill.project.TimeType;
import dev.backfill.proof.Difference;
import dev.backfill.proof.KeyDifference;
import dev.backfill.proof.Reading;
import dev.backfill.proof.Side;
import dev.backfill.tinybird.Answer;
import dev.backfill.tinybird.Branch;
import dev.backfill.tinybird.Job;
import dev.backfill.tinybird.LiveDataSource;
import dev.backfill.tinybird.LivePipe;
import dev.backfill.tinybird.Tinybird;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A workspace in memory with its own clock: one source, its target fed by a sync from T, one fork
/// that counts rows by day. Copy parameters are interpreted, SQL is not. Jobs read when they start
/// and write when they end, so two at once really double. Everything that goes wrong is drawn from
/// the seed.
///
/// Other [Way]s of the same: a sync from a moment of insertion, one without a filter, and a target
/// that keeps of every key the row with the greatest version.
final class World {
  static final TimeType TYPE =
      new TimeType(TimeType.Kind.DATETIME64, 3, Optional.of("Europe/Madrid"), true);
  static final String SOURCE = "events";
  static final String TARGET = "events_1";
  static final String FORK = "daily_1";

  /// What tells the rows of the sync from those of the copies, and what a target does with them.
  enum Way {
    TIMED,
    /// The sync lets through what is inserted from the cutover on.
    ARRIVAL,
    /// The sync lets everything through from its creation on; history was populated.
    FLOWING,
    /// As TIMED; of the rows with one key the last numbered one stays.
    KEYED
  }

  /// A row; `at` is null when it has no timestamp.
  record Row(@Nullable Long at, int id) {
    BigInteger hash() {
      return new BigInteger(Long.toUnsignedString(mixed()));
    }

    private long mixed() {
      var mixed = (at == null ? 77 : at) * 0x9E3779B97F4A7C15L + id * 0xC2B2AE3D27D4EB4FL;
      mixed ^= mixed >>> 31;
      mixed *= 0xBF58476D1CE4E5B9L;
      mixed ^= mixed >>> 29;
      return mixed;
    }

    /// Its key, where the target keeps one row of each; its number is the version.
    int key() {
      return id % 97;
    }

    long day() {
      return at == null ? -1 : Math.floorDiv(at, 86_400_000L);
    }
  }

  private record Event(Instant at, long order, Runnable act) {}

  private final class RunningJob {
    final String id = "job" + jobs.size();
    final Map<String, String> parameters;
    final Instant listedFrom;
    final Instant knownFrom;
    Job.State state = Job.State.WAITING;
    @Nullable String error;

    RunningJob(Map<String, String> parameters) {
      this.parameters = parameters;
      this.listedFrom = now.plusMillis(random.nextInt(faults.listLagMillis + 1));
      this.knownFrom = now.plusMillis(faults.hiddenMillis);
    }

    Job seen() {
      return new Job(id, "copy", state, Optional.ofNullable(error), true);
    }
  }

  /// What may go wrong, as chances in a thousand of calls.
  static final class Faults {
    int lostBefore;
    int lostAfter;
    int lostLate;
    int refused;
    int lostReads;
    int vanishing;
    int listLagMillis;
    long tooManyRows = Long.MAX_VALUE;
    boolean failuresLeaveRows;
    boolean interruptedAfter;
    int hiddenMillis;
    int slowMillis;
  }

  final Way way;
  final Random random;
  final Faults faults = new Faults();
  final List<Row> source = new ArrayList<>();
  final Map<Row, Integer> target = new HashMap<>();
  final Map<Long, Integer> fork = new TreeMap<>();
  final Map<String, LivePipe> pipes = new TreeMap<>();
  final List<String> started = new ArrayList<>();
  private final Map<String, RunningJob> jobs = new LinkedHashMap<>();
  private final PriorityQueue<Event> queue =
      new PriorityQueue<>(Comparator.comparing(Event::at).thenComparingLong(Event::order));
  private long order;
  private int ids;
  Instant now = Instant.parse("2026-03-28T22:30:00Z");
  final Instant cutover = Instant.parse("2026-03-28T23:00:00Z");
  final long cutoverTick = Ticks.floor(TYPE, cutover);
  boolean streaming = true;

  World(long seed) {
    this(seed, Way.TIMED);
  }

  World(long seed, Way way) {
    this.way = way;
    random = new Random(seed);
    link(true);
    pipes.put("backfill_events_1", pipe("backfill_events_1", "%", Optional.empty()));
    pipes.put("daily_pipe_1", pipe("daily_pipe_1", "SELECT 1", Optional.of("id_" + FORK)));
  }

  /// The sync, feeding its target or not any more.
  void link(boolean feeds) {
    var filter =
        switch (way) {
          case TIMED, KEYED -> " WHERE `at` >= " + Ticks.literal(TYPE, cutoverTick);
          case ARRIVAL -> " WHERE now() >= toDateTime('2026-03-28 23:00:00', 'UTC')";
          case FLOWING -> "";
        };
    pipes.put(
        "sync_events_1",
        pipe(
            "sync_events_1",
            "SELECT at FROM events" + filter,
            feeds ? Optional.of("id_" + TARGET) : Optional.empty()));
  }

  private LivePipe pipe(String name, String sql, Optional<String> feeds) {
    return new LivePipe(
        "id_" + name,
        name,
        "",
        now.minusSeconds(60),
        now.minusSeconds(60),
        List.of(new LivePipe.LiveNode("n", "node", sql, "materialized", feeds)));
  }

  /// Rows that were there before the sync pipe; some of them in the future or without a timestamp.
  World withHistory(int rows, int days) {
    var first = Ticks.floor(TYPE, now) - days * 86_400_000L;
    for (var i = 0; i < rows; i++) {
      var at = first + (long) (random.nextDouble() * (Ticks.floor(TYPE, now) - first));
      var none = random.nextInt(50) == 0 && way == Way.TIMED;
      var same = random.nextInt(20) == 0 && way != Way.KEYED;
      source.add(new Row(none ? null : at, same ? 0 : ++ids));
    }
    source.add(new Row(Ticks.floor(TYPE, Instant.parse("2099-01-01T00:00:00Z")), ++ids));
    source.add(new Row(0L, ++ids));
    // equal rows are rows
    source.add(new Row(first, 0));
    source.add(new Row(first, 0));
    return this;
  }

  /// From now on a row arrives every so often, one in `late` below T or without a timestamp.
  void stream(Duration every, int late) {
    at(
        now.plus(every),
        () -> {
          if (streaming) {
            insert(late);
            stream(every, late);
          }
        });
  }

  private void insert(int late) {
    if (way == Way.ARRIVAL || way == Way.FLOWING) {
      arrive();
      return;
    }
    var tick = Ticks.floor(TYPE, now);
    var row =
        random.nextInt(late) != 0
            ? new Row(tick - random.nextInt(2_000), ++ids)
            : random.nextInt(5) == 0 && way == Way.TIMED
                ? new Row(null, ++ids)
                : new Row(tick - 1_000L * random.nextInt(86_400 * 20), ++ids);
    source.add(row);
    // The source has it before the target does; an insert takes less than `settle`.
    if (row.at() != null && row.at() >= cutoverTick) {
      at(now.plusMillis(random.nextInt(20_000)), () -> write(row, 1));
    }
  }

  /// `now()` is the moment an insert begins; the row is seen later, and later still in the target.
  void arrive() {
    var through = way == Way.FLOWING || !now.isBefore(cutover);
    var row =
        random.nextInt(6) == 0 && !source.isEmpty()
            ? source.get(random.nextInt(source.size()))
            : new Row(Ticks.floor(TYPE, now), ++ids);
    at(
        now.plusMillis(random.nextInt(10_000)),
        () -> {
          source.add(row);
          if (through) {
            at(now.plusMillis(random.nextInt(15_000)), () -> write(row, 1));
          }
        });
  }

  /// What a populate has brought, in part.
  World populated(int ofAThousand) {
    source.stream().filter(r -> chance(ofAThousand)).forEach(r -> write(r, 1));
    return this;
  }

  /// Of every key the row that stays.
  static Map<Integer, Row> merged(Collection<Row> rows) {
    var out = new TreeMap<Integer, Row>();
    rows.forEach(r -> out.merge(r.key(), r, (a, b) -> a.id() >= b.id() ? a : b));
    return out;
  }

  /// Keys of which the target would keep another row than the source, or none.
  long wrongKeys() {
    var there = merged(target.keySet());
    return merged(source).entrySet().stream()
        .filter(e -> !e.getValue().equals(there.get(e.getKey())))
        .count();
  }

  private void write(Row row, int times) {
    target.merge(row, times, Integer::sum);
    fork.merge(row.day(), times, Integer::sum);
  }

  void at(Instant when, Runnable act) {
    queue.add(new Event(when, order++, act));
  }

  void pass(Duration duration) {
    var until = now.plus(duration);
    while (!queue.isEmpty() && !queue.peek().at().isAfter(until)) {
      var event = queue.remove();
      now = event.at().isAfter(now) ? event.at() : now;
      event.act().run();
    }
    now = until.isAfter(now) ? until : now;
  }

  Map<Row, Integer> sourceCounts(Predicate<Row> filter) {
    var out = new HashMap<Row, Integer>();
    source.stream().filter(filter).forEach(r -> out.merge(r, 1, Integer::sum));
    return out;
  }

  long lost() {
    return sourceCounts(r -> true).entrySet().stream()
        .mapToLong(e -> Math.max(0, e.getValue() - target.getOrDefault(e.getKey(), 0)))
        .sum();
  }

  long doubled() {
    var counts = sourceCounts(r -> true);
    return target.entrySet().stream()
        .mapToLong(e -> Math.max(0, e.getValue() - counts.getOrDefault(e.getKey(), 0)))
        .sum();
  }

  /// Days on which the fork doesn't hold what the target holds.
  long forkErrors() {
    var expected = new TreeMap<Long, Integer>();
    target.forEach((row, times) -> expected.merge(row.day(), times, Integer::sum));
    var days = new java.util.TreeSet<>(expected.keySet());
    days.addAll(fork.keySet());
    return days.stream()
        .filter(d -> !expected.getOrDefault(d, 0).equals(fork.getOrDefault(d, 0)))
        .count();
  }

  static Predicate<Row> in(Chunk chunk) {
    return row -> {
      var inside =
          chunk.part() == Chunk.Part.NULL
              ? row.at() == null
              : row.at() != null
                  && row.at() >= chunk.start().orElse(Long.MIN_VALUE)
                  && row.at() < chunk.end().orElse(Long.MAX_VALUE);
      return inside
          && (chunk.whole()
              || Long.remainderUnsigned(row.mixed(), chunk.slices()) == chunk.slice());
    };
  }

  private static Chunk chunk(Map<String, String> p) {
    var slices = Integer.parseInt(p.getOrDefault("slices", "1"));
    var slice = Integer.parseInt(p.getOrDefault("slice", "0"));
    if (!p.containsKey("part")) {
      return Chunk.everything().slice(slices, slice);
    }
    if (p.getOrDefault("part", "range").equals("null")) {
      return new Chunk(Chunk.Part.NULL, OptionalLong.empty(), OptionalLong.empty(), slices, slice);
    }
    var start = p.get("start_backfill_timestamp");
    var end = p.get("end_backfill_timestamp");
    if ((end == null) != p.getOrDefault("part", "range").equals("from")) {
      throw new IllegalStateException("a range copy without an end: " + p);
    }
    return new Chunk(
        Chunk.Part.RANGE,
        start == null ? OptionalLong.empty() : OptionalLong.of(Ticks.parse(TYPE, start)),
        end == null ? OptionalLong.empty() : OptionalLong.of(Ticks.parse(TYPE, end)),
        slices,
        slice);
  }

  private static long count(Map<Row, Integer> rows, Predicate<Row> filter) {
    return rows.entrySet().stream()
        .filter(e -> filter.test(e.getKey()))
        .mapToLong(Map.Entry::getValue)
        .sum();
  }

  private Predicate<Row> rows(Map<String, String> p) {
    var hashes = Optional.ofNullable(p.get("hashes")).map(h -> List.of(h.split(",")));
    return in(chunk(p)).and(row -> hashes.map(h -> h.contains(row.hash().toString())).orElse(true));
  }

  private Map<Row, Integer> select(Map<String, String> p) {
    var rows = rows(p);
    var before = p.get("before");
    if (before != null && !now.isBefore(Instant.parse(before.replace(' ', 'T') + "Z"))) {
      return Map.of();
    }
    if (way == Way.KEYED && p.getOrDefault("mode", "bulk").equals("delta")) {
      return keyed(chunk(p));
    }
    var from = sourceCounts(rows);
    for (var side : List.of("expect_source", "expect_target")) {
      var expected = p.get(side);
      var counted = side.equals("expect_source") ? count(from, r -> true) : count(target, rows);
      if (expected != null && Long.parseLong(expected) != counted) {
        return Map.of();
      }
    }
    if (p.getOrDefault("mode", "bulk").equals("delta")) {
      var missing = new HashMap<Row, Integer>();
      from.forEach((row, times) -> {
        var lacking = times - target.getOrDefault(row, 0);
        if (lacking > 0) {
          missing.put(row, lacking);
        }
      });
      return missing;
    }
    return from;
  }

  private Map<Row, Integer> keyed(Chunk slice) {
    var there = merged(target.keySet());
    var out = new HashMap<Row, Integer>();
    merged(source)
        .forEach((key, row) -> {
          if (Math.floorMod(key, slice.slices()) == slice.slice() && !row.equals(there.get(key))) {
            out.put(row, 1);
          }
        });
    return out;
  }

  private RunningJob start(Map<String, String> parameters) {
    var job = new RunningJob(Map.copyOf(parameters));
    jobs.put(job.id, job);
    started.add(new TreeMap<>(parameters).toString());
    at(now.plusMillis(200 + random.nextInt(3_000)), () -> work(job));
    return job;
  }

  private void work(RunningJob job) {
    if (job.state.terminal()) {
      return;
    }
    job.state = Job.State.WORKING;
    var rows = select(job.parameters);
    var tooMany =
        !job.parameters.containsKey("hashes")
            && count(sourceCounts(rows(job.parameters)), r -> true) > faults.tooManyRows
            && !(way == Way.KEYED && rows.size() <= faults.tooManyRows);
    at(
        now.plusMillis(faults.slowMillis + 100 + random.nextInt(8_000)),
        () -> {
          if (job.state == Job.State.CANCELLING) {
            job.state = Job.State.CANCELLED;
            return;
          }
          if (tooMany && !rows.isEmpty()) {
            if (faults.failuresLeaveRows) {
              rows.forEach((row, times) -> {
                if (random.nextBoolean()) {
                  write(row, times);
                }
              });
            }
            job.error =
                "There was a problem while copying data: [Error] Memory limit (for query) exceeded.";
            job.state = Job.State.ERROR;
          } else {
            rows.forEach(this::write);
            job.state = Job.State.DONE;
          }
          if (chance(faults.vanishing)) {
            jobs.remove(job.id);
          }
        });
  }

  private boolean chance(int inAThousand) {
    return random.nextInt(1_000) < inAThousand;
  }

  /// The process was killed.
  static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private Scenario scenario() {
    return switch (way) {
      case TIMED, KEYED -> Scenario.STREAMING_TIMESTAMP;
      case ARRIVAL -> Scenario.DELTA;
      case FLOWING -> Scenario.POPULATE;
    };
  }

  PlanCore core(long chunkRows, boolean withFork) {
    var timed = way == Way.TIMED || way == Way.KEYED;
    var cut = new Migration.CutColumn("at", "at", TYPE, TYPE);
    var direct =
        new Migration(
            SOURCE,
            TARGET,
            Cause.DIRECT,
            scenario(),
            new Feed.Live(Feed.Live.Kind.SYNC, "sync_events_1"),
            new Feed.History(
                way == Way.FLOWING ? Feed.History.Kind.POPULATE : Feed.History.Kind.COPY,
                "backfill_events_1"),
            SOURCE,
            timed ? Optional.of(cut) : Optional.empty(),
            List.of(new Migration.Projected("at", "at", "DateTime64(3)")),
            way == Way.KEYED ? "ReplacingMergeTree" : "MergeTree",
            List.of("at"),
            List.of("toYYYYMM(at)"),
            Optional.empty(),
            way == Way.KEYED ? Optional.of("SELECT at, id FROM events") : Optional.empty(),
            way == Way.KEYED
                ? List.of(
                    new Migration.Reduced("key", "key", true),
                    new Migration.Reduced("at", "argMax(at, id)", false))
                : List.of(),
            List.of());
    var cascade =
        new Migration(
            "daily",
            FORK,
            Cause.CASCADE,
            Scenario.STREAMING_TIMESTAMP,
            new Feed.Live(Feed.Live.Kind.FORK, "daily_pipe_1"),
            new Feed.History(Feed.History.Kind.FORK, "daily_pipe_1"),
            TARGET,
            Optional.empty(),
            List.of(),
            "SummingMergeTree",
            List.of("day"),
            List.of(),
            Optional.empty(),
            Optional.of("SELECT toDate(at) AS day, count() AS n FROM events_1 GROUP BY day"),
            List.of(
                new Migration.Reduced("day", "day", true),
                new Migration.Reduced("n", "sum(n)", false)),
            List.of());
    return new PlanCore(
        1,
        "1",
        "classic",
        "1.0.1",
        Optional.of("shop"),
        List.of(),
        withFork ? List.of(direct, cascade) : List.of(direct),
        new Cutover(Duration.ofMinutes(30), Optional.empty()),
        new PlanCore.Limits(
            Duration.ofMinutes(5),
            Duration.ofSeconds(30),
            Duration.ofHours(24),
            1_000,
            1,
            chunkRows,
            Duration.ofMinutes(10),
            Duration.ofSeconds(2)),
        List.of());
  }

  /// One process's view of the world: dies at a call, and may let another process go first.
  final class Client implements Tinybird {
    int dieAt = Integer.MAX_VALUE;
    int calls;
    Runnable before = () -> {};
    Runnable beforeCopy = () -> {};

    private <T> T call(Supplier<T> act) {
      if (++calls >= dieAt) {
        throw new Killed();
      }
      before.run();
      pass(Duration.ofMillis(5 + random.nextInt(60)));
      return act.get();
    }

    private <T> T read(Supplier<T> act) {
      return call(() -> {
        if (chance(faults.lostReads)) {
          throw new Failure.Remote(Kind.LOST, 0, Optional.empty(), "read timed out");
        }
        return act.get();
      });
    }

    Sleeper sleeper() {
      return duration -> {
        if (calls >= dieAt) {
          throw new Killed();
        }
        pass(duration);
      };
    }

    Runner runner(List<RunEvent> events) {
      return new Runner(this, () -> now, sleeper(), events::add, () -> false, this::inventory);
    }

    Inventory inventory(Migration migration, Instant expiringAfter, Watch watch) {
      return new Readings(this, watch);
    }

    @Override
    public Workspace workspace() {
      return read(() -> new Workspace("w", "shop", Optional.empty()));
    }

    @Override
    public List<Branch> branches() {
      return List.of();
    }

    @Override
    public Optional<Branch> branch(String name) {
      return Optional.empty();
    }

    @Override
    public Answer query(String select) {
      if (select.contains("tinybird.datasources_ops_log")) {
        return Forwarding.emptyLog(select);
      }
      throw new UnsupportedOperationException(select);
    }

    @Override
    public Optional<LiveDataSource> dataSource(String name) {
      return read(() ->
          Optional.of(
              new LiveDataSource(
                  "id_" + name,
                  name,
                  List.of(new LiveDataSource.LiveColumn("at", "DateTime64(3)", "")),
                  "at",
                  "MergeTree")));
    }

    @Override
    public List<String> dataSourceNames() {
      return List.of(SOURCE, TARGET, FORK);
    }

    @Override
    public Optional<LivePipe> pipe(String name) {
      return read(() -> Optional.ofNullable(pipes.get(name)));
    }

    @Override
    public List<LivePipe> pipes() {
      return read(() -> List.copyOf(pipes.values()));
    }

    @Override
    public Job startPopulate(String pipe, String node, Optional<String> condition) {
      throw new UnsupportedOperationException(pipe);
    }

    @Override
    public Job startCopy(String pipe, Map<String, String> parameters) {
      beforeCopy.run();
      return call(() -> {
        if (chance(faults.refused)) {
          throw new Failure.Remote(
              Kind.WAIT, random.nextBoolean() ? 429 : 403, Optional.empty(), "not now");
        }
        if (chance(faults.lostBefore)) {
          throw new Failure.Remote(Kind.LOST, 0, Optional.empty(), "lost, not done");
        }
        if (chance(faults.lostLate)) {
          at(now.plusSeconds(random.nextInt(85)), () -> start(parameters));
          throw new Failure.Remote(Kind.LOST, 0, Optional.empty(), "lost, done later");
        }
        var job = start(parameters);
        if (faults.interruptedAfter) {
          throw new Failure.Interrupted("interrupted during POST, which may have been done");
        }
        if (chance(faults.lostAfter)) {
          throw new Failure.Remote(Kind.LOST, 0, Optional.empty(), "lost, done");
        }
        return job.seen();
      });
    }

    @Override
    public Optional<Job> job(String id) {
      return read(() ->
          Optional.ofNullable(jobs.get(id))
              .filter(j -> !j.knownFrom.isAfter(now))
              .map(RunningJob::seen));
    }

    @Override
    public List<Job> copyJobs(String pipe) {
      return read(() ->
          jobs.values().stream()
              .filter(j -> !j.listedFrom.isAfter(now))
              .map(RunningJob::seen)
              .toList()
              .reversed());
    }

    @Override
    public List<String> jobsTagged(String pipe, String tag) {
      return read(() ->
          jobs.values().stream()
              .filter(j -> !j.listedFrom.isAfter(now))
              .filter(j -> tag.equals(j.parameters.get("tag")))
              .map(j -> j.id)
              .toList());
    }

    @Override
    public Job cancel(String id) {
      return call(() -> {
        var job = Optional.ofNullable(jobs.get(id)).orElseThrow();
        if (!job.state.terminal()) {
          job.state = job.state == Job.State.WAITING ? Job.State.CANCELLED : Job.State.CANCELLING;
        }
        return job.seen();
      });
    }

    @Override
    public boolean createPipe(String name, String description, String sql) {
      return call(() -> {
        if (chance(faults.lostBefore)) {
          throw new Failure.Remote(Kind.LOST, 0, Optional.empty(), "lost, not created");
        }
        if (pipes.containsKey(name)) {
          return false;
        }
        put(name, description);
        if (chance(faults.lostAfter)) {
          throw new Failure.Remote(Kind.LOST, 0, Optional.empty(), "lost, created");
        }
        return true;
      });
    }

    private void put(String name, String description) {
      pipes.put(name, new LivePipe("id_" + name, name, description, now, now, List.of()));
    }

    @Override
    public void replacePipe(String name, String description, String sql) {
      call(() -> {
        put(name, description);
        return true;
      });
    }

    @Override
    public void deletePipe(String name) {
      throw new UnsupportedOperationException(name);
    }

    @Override
    public Appended append(String dataSource, String ndjson) {
      throw new UnsupportedOperationException(dataSource);
    }
  }

  /// The answers that SQL would give.
  private final class Readings implements Inventory {
    private final Client process;
    private final Watch watch;

    Readings(Client process, Watch watch) {
      this.process = process;
      this.watch = watch;
    }

    private <T> T read(Supplier<T> act) {
      watch.check();
      return watch.read(TARGET, () -> process.read(act));
    }

    private Map<Row, Integer> side(Side side, Chunk chunk) {
      var rows = side == Side.SOURCE ? sourceCounts(r -> true) : new HashMap<>(target);
      rows.keySet().removeIf(in(chunk).negate());
      return rows;
    }

    private static Reading sum(Map<Row, Integer> rows) {
      return rows.entrySet().stream()
          .map(e ->
              new Reading(
                  e.getValue(), e.getKey().hash().multiply(BigInteger.valueOf(e.getValue()))))
          .reduce(Reading.NOTHING, Reading::plus);
    }

    @Override
    public long rows(Side side, java.util.Collection<java.math.BigInteger> hashes) {
      var wanted = Set.copyOf(hashes);
      return read(() -> count(side(side, Chunk.everything()), row -> wanted.contains(row.hash())));
    }

    @Override
    public Instant now() {
      return read(() -> now);
    }

    @Override
    public Optional<Extent> extent(Side side, Chunk chunk) {
      return read(() -> {
        var rows = side(side, chunk);
        var ticks =
            rows.keySet().stream().mapToLong(r -> r.at() == null ? 0 : r.at()).summaryStatistics();
        return rows.isEmpty()
            ? Optional.empty()
            : Optional.of(new Extent(count(rows, r -> true), ticks.getMin(), ticks.getMax()));
      });
    }

    @Override
    public SortedMap<Long, Bucket> histogram(Grain grain, Chunk range) {
      return read(() -> {
        var out = new TreeMap<Long, Bucket>();
        side(Side.SOURCE, range)
            .forEach((row, times) -> {
              var step = grain.floor(TYPE, java.util.Objects.requireNonNull(row.at()));
              var had = out.getOrDefault(step, new Bucket(0, 1));
              out.put(step, new Bucket(had.rows() + times, 1));
            });
        return out;
      });
    }

    @Override
    public List<Reading> readings(Side side, List<Chunk> chunks) {
      return read(() -> chunks.stream().map(c -> sum(side(side, c))).toList());
    }

    @Override
    public List<Reading> slices(Side side, int slices) {
      return read(() -> {
        var parts = new ArrayList<Map<Row, Integer>>();
        for (var i = 0; i < slices; i++) {
          parts.add(new HashMap<>());
        }
        side(side, Chunk.everything())
            .forEach((row, times) ->
                parts.get((int) Long.remainderUnsigned(row.mixed(), slices)).put(row, times));
        return parts.stream().map(Readings::sum).toList();
      });
    }

    @Override
    public Map<String, Partition> figures(Side side, Chunk chunk) {
      return read(() -> {
        var months = new TreeMap<String, Map<Row, Integer>>();
        side(side, chunk)
            .forEach((row, times) ->
                months
                    .computeIfAbsent(
                        row.at() == null ? "" : "" + Grain.MONTH.floor(TYPE, row.at()),
                        m -> new HashMap<>())
                    .put(row, times));
        var out = new TreeMap<String, Partition>();
        months.forEach((month, rows) -> {
          var ticks =
              rows.keySet().stream()
                  .filter(r -> r.at() != null)
                  .mapToLong(r -> java.util.Objects.requireNonNull(r.at()))
                  .summaryStatistics();
          out.put(
              month,
              new Partition(
                  sum(rows),
                  ticks.getCount() == 0 ? OptionalLong.empty() : OptionalLong.of(ticks.getMin()),
                  ticks.getCount() == 0 ? OptionalLong.empty() : OptionalLong.of(ticks.getMax())));
        });
        return out;
      });
    }

    @Override
    public Difference difference(Chunk chunk) {
      return read(() -> {
        var from = side(Side.SOURCE, chunk);
        var to = side(Side.TARGET, chunk);
        var missing = new HashMap<BigInteger, Long>();
        var surplus = new HashMap<BigInteger, Long>();
        var rows = new java.util.HashSet<>(from.keySet());
        rows.addAll(to.keySet());
        for (var row : rows) {
          long more = (long) from.getOrDefault(row, 0) - to.getOrDefault(row, 0);
          if (more != 0) {
            (more > 0 ? missing : surplus).put(row.hash(), Math.abs(more));
          }
        }
        return new Difference(missing, surplus, true);
      });
    }

    @Override
    public Map<BigInteger, String> examples(Side side, Chunk chunk, Collection<BigInteger> hashes) {
      return Map.of();
    }

    private Map<Long, Integer> days(boolean expected) {
      var out = new TreeMap<Long, Integer>();
      if (expected) {
        target.forEach((row, times) -> out.merge(row.day(), times, Integer::sum));
      } else {
        out.putAll(fork);
      }
      return out;
    }

    @Override
    public Reading fork(Migration migration, boolean expected) {
      if (migration.keyed()) {
        return read(() ->
            merged(expected ? source : target.keySet()).values().stream()
                .map(r -> new Reading(1, r.hash()))
                .reduce(Reading.NOTHING, Reading::plus));
      }
      return read(() ->
          days(expected).entrySet().stream()
              .map(e -> new Reading(1, new Row(e.getKey(), e.getValue()).hash()))
              .reduce(Reading.NOTHING, Reading::plus));
    }

    @Override
    public KeyDifference forkDifference(Migration migration) {
      if (migration.keyed()) {
        return read(() -> {
          var there = merged(target.keySet());
          var keys = new HashMap<BigInteger, KeyDifference.Sides>();
          merged(source)
              .forEach((key, row) -> {
                var other = Optional.ofNullable(there.get(key));
                if (!other.equals(Optional.of(row))) {
                  keys.put(
                      BigInteger.valueOf(key),
                      new KeyDifference.Sides(
                          row.hash(),
                          other.map(Row::hash).orElse(BigInteger.ZERO),
                          1,
                          other.isPresent() ? 1 : 0));
                }
              });
          return new KeyDifference(keys, true);
        });
      }
      return read(() -> {
        var expected = days(true);
        var actual = days(false);
        var keys = new HashMap<BigInteger, KeyDifference.Sides>();
        expected.forEach((day, n) -> {
          var there = actual.getOrDefault(day, 0);
          if (!n.equals(there)) {
            keys.put(
                BigInteger.valueOf(day),
                new KeyDifference.Sides(
                    BigInteger.valueOf(n), BigInteger.valueOf(there), 1, there == 0 ? 0 : 1));
          }
        });
        return new KeyDifference(keys, true);
      });
    }

    @Override
    public Map<BigInteger, String> forkExamples(
        Migration migration, boolean expected, Collection<BigInteger> keys) {
      return Map.of();
    }
  }
}
