package dev.backfill.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.Grain;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Ticks;
import dev.backfill.project.TimeType;
import dev.backfill.proof.Judgement;
import dev.backfill.proof.Pair;
import dev.backfill.proof.Questions;
import dev.backfill.proof.Side;
import dev.backfill.testing.EngineTest;
import dev.backfill.tinybird.Answer;
import dev.backfill.tinybird.Branch;
import dev.backfill.tinybird.Job;
import dev.backfill.tinybird.LivePipe;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// The questions and the protocol on ClickHouse, with the files that the emitter writes.
@EngineTest
class EngineRunTest {
  private static String events(String type, String key) {
    return """
    SCHEMA >
        `at` %s `json:$.at`,
        `action` LowCardinality(String) `json:$.action`,
        `user` Nullable(String) `json:$.who.user`,
        `amount` Decimal(10, 2) `json:$.amount`,
        `ratio` Float64 `json:$.ratio`,
        `tags` Array(String) `json:$.tags[:]`

    ENGINE "MergeTree"
    ENGINE_PARTITION_KEY "toYYYYMM(at)"
    ENGINE_SORTING_KEY "%s"
    """
        .formatted(type, key);
  }

  private static final String DAILY =
      """
      SCHEMA >
          `day` Date,
          `action` LowCardinality(String),
          `hits` AggregateFunction(count),
          `users` AggregateFunction(uniq, Nullable(String))

      ENGINE "AggregatingMergeTree"
      ENGINE_SORTING_KEY "day, action"
      """;
  private static final String DAILY_PIPE =
      """
      NODE daily
      SQL >
          SELECT ifNull(toDate(at), toDate(0)) AS day, action, countState() AS hits, uniqState(user) AS users
          FROM events
          GROUP BY day, action

      TYPE materialized
      DATASOURCE daily
      """;

  private static SortedMap<String, String> files(String type, String key) {
    return new TreeMap<>(
        Map.of(
            "datasources/events.datasource", events(type, key),
            "datasources/daily.datasource", DAILY,
            "pipes/daily_pipe.pipe", DAILY_PIPE));
  }

  private static final Sleeper NONE = duration -> {};

  private static InstantSource clock() {
    return InstantSource.system();
  }

  private static PlanCore quick(Plan plan, String workspace, long chunkRows) {
    return EngineWorkspace.quick(plan.core(), workspace, chunkRows);
  }

  private static void fill(EngineWorkspace workspace, String firstRow, int rows, int every) {
    workspace.run(
        "INSERT INTO events SELECT "
            + firstRow
            + " + number * "
            + every
            + ", ['view', 'buy', 'it''s'][number % 3 + 1], if(number % 7 = 0, NULL, toString(number % 100)),"
            + " toDecimal64(number / 4, 2), number / 3, ['a', toString(number)] FROM numbers("
            + rows
            + ")");
  }

  private record Made(EngineWorkspace workspace, Plan plan, String type, long cutover)
      implements AutoCloseable {
    @Override
    public void close() {
      workspace.close();
    }
  }

  private static Made made(String name, String type, Optional<String> main, String first) {
    return made(name, type, type, main, first, workspace -> {});
  }

  /// @param before what is done before the sync pipe is there
  private static Made made(
      String name,
      String type,
      String newType,
      Optional<String> main,
      String first,
      Consumer<EngineWorkspace> before) {
    var base = files(type, "at");
    var head = files(newType, "action, at");
    var plan = EngineWorkspace.plan(base, head);
    var workspace = new EngineWorkspace(name, main);
    workspace.deploy(base, Map.of());
    fill(workspace, first, 5_000, 600);
    before.accept(workspace);
    var migration = plan.core().direct().getFirst();
    var cut = migration.timestamp().orElseThrow();
    var cutover = Ticks.ceil(cut.type(), Instant.now().minusSeconds(60));
    workspace.deploy(
        EngineWorkspace.generated(plan, base, head),
        Map.of(migration.cutoverVariable(), Ticks.text(cut.type(), cutover)));
    return new Made(workspace, plan, type, cutover);
  }

  private static Outcome run(Made made, PlanCore core, List<RunEvent> events) {
    return new Runner(made.workspace(), clock(), NONE, events::add, () -> false)
        .run(core, RunOptions.of("test"));
  }

  private static void assertSame(EngineWorkspace workspace) {
    var columns = "at, action, user, amount, ratio, tags";
    for (var order :
        List.of(
            "events EXCEPT ALL SELECT %s FROM events_1",
            "events_1 EXCEPT ALL SELECT %s FROM events")) {
      assertThat(
              workspace.number(
                  "SELECT count() FROM (SELECT "
                      + columns
                      + " FROM "
                      + order.formatted(columns)
                      + ")"))
          .as(order)
          .isZero();
    }
    for (var order : List.of("daily", "daily_1")) {
      var other = order.equals("daily") ? "daily_1" : "daily";
      var merged =
          "SELECT day, action, countMerge(hits), uniqMerge(users) FROM %s GROUP BY day, action";
      assertThat(
              workspace.number(
                  "SELECT count() FROM ("
                      + merged.formatted(order)
                      + " EXCEPT ALL "
                      + merged.formatted(other)
                      + ")"))
          .as(order)
          .isZero();
    }
  }

  @Test
  void everyKindOfTimestampIsCopiedInChunksAndProven() {
    for (var type :
        List.of(
            "DateTime",
            "DateTime64(3)",
            "DateTime('Europe/Madrid')",
            "DateTime64(6, 'America/New_York')",
            "Nullable(DateTime)",
            "DateTime64(9)")) {
      var first = "toDateTime('2024-10-20 00:00:00', 'UTC')";
      try (var made = made("run_kinds", type, Optional.empty(), first)) {
        var workspace = made.workspace();
        // at or after T through the sync, from the future too; and one row twice
        fill(workspace, "now('UTC')", 20, 1);
        workspace.run("INSERT INTO events SELECT * FROM events WHERE amount = 7");
        if (type.startsWith("Nullable")) {
          workspace.run(
              "INSERT INTO events SELECT NULL, action, user, amount, ratio, tags FROM events WHERE amount = 9");
        }
        var events = new ArrayList<RunEvent>();
        var outcome = run(made, quick(made.plan(), "run_kinds", 900), events);
        assertThat(outcome).as(type).isInstanceOf(Outcome.Done.class);
        var done = (Outcome.Done) outcome;
        assertThat(done.figures().getFirst().chunks()).as(type).isGreaterThan(4);
        assertThat(done.proofs().getFirst().judgement()).isEqualTo(Judgement.CONTAINED);
        assertThat(done.proofs().getFirst().comparisons()).hasSize(2);
        assertThat(done.proofs().getFirst().comparisons().getFirst().expectedTotal().rows())
            .isEqualTo(workspace.number("SELECT count() FROM events"));
        assertSame(workspace);
        var jobs = workspace.copies.size();
        assertThat(run(made, quick(made.plan(), "run_kinds", 900), events))
            .isInstanceOf(Outcome.Done.class);
        assertThat(workspace.copies).as("a second run copies nothing").hasSize(jobs);
      }
    }
  }

  @Test
  void lateRowsAreAddedByDifferenceAndWhatIsMissingOrSurplusIsNamed() {
    try (var made =
        made(
            "run_late",
            "DateTime64(3)",
            Optional.empty(),
            "toDateTime('2024-10-20 00:00:00', 'UTC')")) {
      var core = quick(made.plan(), "run_late", 900);
      assertThat(run(made, core, new ArrayList<>())).isInstanceOf(Outcome.Done.class);
      fill(made.workspace(), "toDateTime('2024-10-21 00:00:07', 'UTC')", 40, 60);
      var verifier = new Verifier(made.workspace(), clock(), NONE, e -> {}, () -> false);
      var before = verifier.verify(core).getFirst();
      assertThat(before.judgement()).isEqualTo(Judgement.DIFFERS);
      assertThat(before.missing()).isEqualTo(40);
      assertThat(before.comparisons().getFirst().examples()).hasSize(20);
      assertThat(before.comparisons().getFirst().examples().getFirst().row())
          .contains("2024-10-21");
      var done = (Outcome.Done) run(made, core, new ArrayList<>());
      assertThat(done.figures().getFirst().swept()).isEqualTo(40);
      assertSame(made.workspace());
      made.workspace().run("INSERT INTO events_1 SELECT * FROM events_1 WHERE amount = 5");
      var after = (Outcome.NotReady) run(made, core, new ArrayList<>());
      assertThat(after.reasons()).anyMatch(r -> r.contains("0 missing") && r.contains("surplus"));
      assertThat(after.proofs().getFirst().surplus()).isPositive();
    }
  }

  /// The tick after the last one of a type is the first one again, or the last: nothing is below
  /// it.
  @Test
  void rowsAtTheEndsOfTheirTypeAreSeenAndBrought() {
    for (var edge :
        List.of(
            List.of("DateTime", "toDateTime(0)", "toDateTime(4294967295)"),
            List.of(
                "DateTime64(3)",
                "toDateTime64('1900-01-01 00:00:00.000', 3, 'UTC')",
                "toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC')"),
            List.of(
                "DateTime64(3)",
                "toDateTime64('1969-12-31 23:59:59.500', 3, 'UTC')",
                "reinterpret(10413792000123, 'DateTime64(3)')"),
            List.of(
                "DateTime64(3)",
                "reinterpret(-4000000000123, 'DateTime64(3)')",
                "toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC')"),
            List.of(
                "DateTime64(9)",
                "toDateTime64('1900-01-01 00:00:00', 9, 'UTC')",
                "reinterpret(9223372036854775807, 'DateTime64(9)')"))) {
      var type = edge.getFirst();
      try (var made =
          made(
              "run_edges",
              type,
              type,
              Optional.empty(),
              "toDateTime('2024-10-20 00:00:00', 'UTC')",
              workspace -> {
                for (var at : edge.subList(1, 3)) {
                  fill(workspace, "materialize(" + at + ")", 3, 0);
                }
              })) {
        var core = quick(made.plan(), "run_edges", 900);
        var verifier = new Verifier(made.workspace(), clock(), NONE, e -> {}, () -> false);
        assertThat(verifier.verify(core).getFirst().missing()).as(edge.toString()).isEqualTo(5_006);
        assertThat(run(made, core, new ArrayList<>()))
            .as(edge.toString())
            .isInstanceOf(Outcome.Done.class);
        assertSame(made.workspace());
        made.workspace()
            .run(
                "INSERT INTO events_1 SELECT * FROM events_1 WHERE at = (SELECT max(at) FROM events_1) LIMIT 1");
        assertThat(verifier.verify(core).getFirst().surplus()).as(edge.toString()).isEqualTo(1);
      }
    }
  }

  /// Where a conversion moves rows out of their range, a copied range looks empty and is copied
  /// again.
  @Test
  void aTimestampThatIsNotKeptAsItIsIsNeverCutByRanges() {
    for (var types :
        List.of(
            List.of("Nullable(DateTime)", "DateTime"),
            List.of("DateTime64(3)", "DateTime64(9)"),
            List.of("DateTime64(3)", "DateTime64(0)"),
            List.of("DateTime64(0)", "DateTime"),
            List.of("Date32", "Date"),
            List.of("Date", "DateTime"),
            List.of("DateTime", "Date"))) {
      var base = files(types.get(0), "at");
      var head = files(types.get(1), "action, at");
      assertThatThrownBy(
              () -> EngineWorkspace.generated(EngineWorkspace.plan(base, head), base, head))
          .as(types.toString())
          .hasMessageContaining("cut_column");
    }
  }

  /// A column that was added with such a default has no values in older parts: each reading makes
  /// new ones, and a difference by rows finds all of them missing.
  @Test
  void rowsWhoseValuesChangeFromReadingToReadingAreNotCopiedAgain() {
    try (var made =
        made(
            "run_unstable",
            "DateTime",
            "DateTime",
            Optional.empty(),
            "toDateTime('2024-10-20 00:00:00', 'UTC')",
            workspace -> {
              workspace.run("ALTER TABLE events DROP COLUMN ratio");
              workspace.run("ALTER TABLE events ADD COLUMN ratio Float64 DEFAULT now64(6)");
            })) {
      var workspace = made.workspace();
      var events = new ArrayList<RunEvent>();
      var outcome = run(made, quick(made.plan(), "run_unstable", 900), events);
      assertThat(workspace.number("SELECT count() FROM events_1")).isEqualTo(5_000);
      assertThat(outcome).isInstanceOf(Outcome.NotReady.class);
      assertThat(events)
          .anyMatch(e -> e instanceof RunEvent.Note n && n.message().contains("another value"));
    }
  }

  /// ClickHouse never deletes a row whose TTL is zero, the usual way of saying "for ever".
  @Test
  void rowsThatNeverExpireAreProvenToo() {
    var ttl =
        "ENGINE \"MergeTree\"\nENGINE_TTL \"if(ratio < 100, toDateTime(0), toDateTime('2100-01-01 00:00:00'))\"";
    var base = files("DateTime", "at");
    var head = files("DateTime", "action, at");
    for (var side : List.of(base, head)) {
      side.remove("datasources/daily.datasource");
      side.remove("pipes/daily_pipe.pipe");
      side.compute(
          "datasources/events.datasource",
          (path, text) -> String.valueOf(text).replace("ENGINE \"MergeTree\"", ttl));
    }
    var plan = EngineWorkspace.plan(base, head);
    assertThat(plan.core().direct().getFirst().ttl()).isPresent();
    try (var workspace = new EngineWorkspace("run_ttl", Optional.empty())) {
      workspace.deploy(base, Map.of());
      workspace.run(
          "ALTER TABLE events MODIFY TTL if(ratio < 100, toDateTime(0), toDateTime('2100-01-01 00:00:00'))");
      fill(workspace, "toDateTime('2024-10-20 00:00:00', 'UTC')", 5_000, 600);
      workspace.run("OPTIMIZE TABLE events FINAL");
      assertThat(workspace.number("SELECT count() FROM events WHERE ratio < 100")).isEqualTo(300);
      var migration = plan.core().direct().getFirst();
      var type = migration.timestamp().orElseThrow().type();
      workspace.deploy(
          EngineWorkspace.generated(plan, base, head),
          Map.of(
              migration.cutoverVariable(),
              Ticks.text(type, Ticks.ceil(type, Instant.now().minusSeconds(60)))));
      var core = quick(plan, "run_ttl", 90);
      var made = new Made(workspace, plan, "DateTime", 0);
      assertThat(run(made, core, new ArrayList<>())).isInstanceOf(Outcome.Done.class);
      assertThat(workspace.number("SELECT count() FROM events_1")).isEqualTo(5_000);
      workspace.run("ALTER TABLE events_1 DELETE WHERE ratio < 10 SETTINGS mutations_sync = 1");
      var verifier = new Verifier(workspace, clock(), NONE, e -> {}, () -> false);
      assertThat(verifier.verify(core).getFirst().missing()).isEqualTo(30);
    }
  }

  @Test
  void aFinerTimestampIsCopiedByRange() {
    try (var made =
        made(
            "run_finer",
            "DateTime",
            "Nullable(DateTime64(6))",
            Optional.empty(),
            "toDateTime('2024-10-20 00:00:00', 'UTC')",
            workspace -> fill(workspace, "toDateTime(4294967295)", 3, 0))) {
      assertThat(run(made, quick(made.plan(), "run_finer", 900), new ArrayList<>()))
          .isInstanceOf(Outcome.Done.class);
      assertThat(made.workspace().number("SELECT count() FROM events_1")).isEqualTo(5_003);
    }
  }

  @Test
  void jobsAndReadingsThatAreTooBigAreCut() {
    try (var made =
        made("run_big", "DateTime", Optional.empty(), "toDateTime('2024-10-20 00:00:00', 'UTC')")) {
      var workspace = made.workspace();
      var left = new int[] {25};
      workspace.tooBig =
          sql ->
              sql.contains("events")
                      && !sql.contains("count() AS backfill__n, toString(min")
                      && left[0]-- > 0
                      && left[0] % 2 == 0
                  ? Optional.of("Memory limit (for query) exceeded")
                  : Optional.empty();
      var events = new ArrayList<RunEvent>();
      assertThat(run(made, quick(made.plan(), "run_big", 900), events))
          .isInstanceOf(Outcome.Done.class);
      assertThat(events).anyMatch(e -> e instanceof RunEvent.Split);
      assertSame(workspace);
    }
  }

  @Test
  void anErrorThatWouldComeAgainStopsAtOnce() {
    try (var made =
        made(
            "run_lasting",
            "DateTime",
            Optional.empty(),
            "toDateTime('2024-10-20 00:00:00', 'UTC')")) {
      var started = new int[1];
      var failing =
          new Forwarding(made.workspace()) {
            @Override
            public Job startCopy(String pipe, Map<String, String> parameters) {
              started[0]++;
              return new Job(
                  "j",
                  "copy",
                  Job.State.ERROR,
                  Optional.of("Code: 6. DB::Exception: Cannot parse string 'x' as UInt8"),
                  false);
            }
          };

      var outcome =
          new Runner(failing, clock(), NONE, e -> {}, () -> false)
              .run(quick(made.plan(), "run_lasting", 900), RunOptions.of("test"));

      assertThat(((Outcome.NotReady) outcome).reasons())
          .singleElement()
          .asString()
          .contains("failed and would fail again", "Cannot parse string");
      assertThat(started[0]).isEqualTo(1);
    }
  }

  /// Deletions would be back after the switch, and nobody could have seen them.
  @Test
  void withoutTheLogOfOperationsSomebodyHasToVouchForDeletions() {
    try (var made =
        made(
            "run_unseen",
            "DateTime",
            Optional.empty(),
            "toDateTime('2024-10-20 00:00:00', 'UTC')")) {
      var blind =
          new Forwarding(made.workspace()) {
            @Override
            public Answer query(String select) {
              if (select.contains("tinybird.datasources_ops_log")) {
                throw new Failure.Remote(
                    Failure.Kind.FORBIDDEN, 403, Optional.empty(), "not for this token");
              }
              return super.query(select);
            }
          };
      var core = quick(made.plan(), "run_unseen", 900);
      var o = RunOptions.of("test");
      var vouched =
          new RunOptions(
              o.holder(),
              o.maxWait(),
              o.requestDeadline(),
              o.unreachable(),
              /* dryRun= */ false,
              /* directWrites= */ false,
              /* changesRepeated= */ true,
              o.resume());

      var unseen = new Runner(blind, clock(), NONE, e -> {}, () -> false).run(core, o);

      assertThat(((Outcome.NotReady) unseen).reasons())
          .singleElement()
          .asString()
          .contains("doesn't show tinybird.datasources_ops_log", "--confirm changes_repeated");
      assertThat(new Runner(blind, clock(), NONE, e -> {}, () -> false).run(core, vouched))
          .isInstanceOf(Outcome.Done.class);
    }
  }

  @Test
  void aRangeGoesInHashSlicesThatAreDisjointAndWhole() {
    try (var made =
        made(
            "run_slices",
            "DateTime",
            Optional.empty(),
            "toDateTime('2024-10-20 00:00:00', 'UTC')")) {
      var migration = made.plan().core().direct().getFirst();
      var inventory =
          new SqlInventory(
              made.workspace(),
              new Questions(Pair.of(migration, Instant.now())),
              new Watch(clock(), NONE, e -> {}, () -> false, Duration.ZERO));
      var whole = Chunk.below(made.cutover());
      for (var slice = 0; slice < 4; slice++) {
        var chunk = whole.slice(4, slice);
        made.workspace()
            .startCopy(
                migration.historyFeed().pipe(),
                Map.of(
                    "end_backfill_timestamp",
                    Ticks.text(migration.timestamp().orElseThrow().type(), made.cutover()),
                    "slices",
                    "4",
                    "slice",
                    Integer.toString(slice),
                    "expect_target",
                    "0"));
        assertThat(inventory.reading(Side.TARGET, chunk))
            .isEqualTo(inventory.reading(Side.SOURCE, chunk));
      }
      assertSame(made.workspace());
    }
  }

  @Test
  void theCalendarOfTheHistogramIsTheOneOfTheGrid() {
    for (var type :
        List.of("DateTime('Europe/Madrid')", "DateTime64(3)", "Nullable(DateTime64(6))")) {
      try (var made =
          made(
              "run_calendar", type, Optional.empty(), "toDateTime('2023-12-31 21:00:00', 'UTC')")) {
        var migration = made.plan().core().direct().getFirst();
        TimeType time = migration.timestamp().orElseThrow().type();
        var inventory =
            new SqlInventory(
                made.workspace(),
                new Questions(Pair.of(migration, Instant.now())),
                new Watch(clock(), NONE, e -> {}, () -> false, Duration.ZERO));
        for (var grain : Grain.values()) {
          var rows = 0L;
          for (var step : inventory.histogram(grain, Chunk.below(made.cutover())).entrySet()) {
            rows += step.getValue().rows();
            assertThat(step.getValue().partitions()).isBetween(1L, 12L);
          }
          assertThat(rows).as(grain + " " + time).isEqualTo(5_000);
        }
      }
    }
  }

  @Test
  void aRehearsalCopiesInABranchShowsTheSyncAndForecasts() {
    try (var main =
            made(
                "run_main",
                "DateTime64(3)",
                Optional.empty(),
                "toDateTime('2024-10-20 00:00:00', 'UTC')");
        var branch =
            made(
                "run_branch",
                "DateTime64(3)",
                Optional.of("run_main"),
                "toDateTime('2024-10-20 00:00:00', 'UTC')")) {
      var info = new Branch("run_branch", "tmp_ci_1", Optional.of("secret"), Instant.now());
      var known =
          new Forwarding(main.workspace()) {
            @Override
            public Optional<Branch> branch(String name) {
              return Optional.of(info);
            }
          };
      var rehearsed =
          new Rehearsal(clock(), NONE, e -> {}, () -> false)
              .rehearse(
                  quick(branch.plan(), "run_main", 1_000_000),
                  known,
                  branch.workspace(),
                  info,
                  RunOptions.of("test"));
      assertThat(rehearsed.reasons()).isEmpty();
      assertThat(rehearsed.counts()).isTrue();
      var target = rehearsed.targets().getFirst();
      assertThat(target.injected()).isEqualTo(3);
      assertThat(target.arrived()).isEqualTo(3);
      assertThat(target.figures().copied()).isEqualTo(5_000);
      assertThat(target.figures().chunks()).isGreaterThanOrEqualTo(2);
      assertThat(target.forecast().rows()).isEqualTo(5_000);
      assertThat(target.forecast().duration()).isPresent();
      assertSame(branch.workspace());
      assertThat(main.workspace().copies).as("production is only read").isEmpty();

      var half =
          new Forwarding(branch.workspace()) {
            @Override
            public Optional<LivePipe> pipe(String name) {
              return name.startsWith("backfill_") ? Optional.empty() : super.pipe(name);
            }
          };
      assertThatThrownBy(() ->
              new Rehearsal(clock(), NONE, e -> {}, () -> false)
                  .rehearse(
                      quick(branch.plan(), "run_main", 1_000_000),
                      known,
                      half,
                      info,
                      RunOptions.of("test")))
          .hasMessageContaining("only a part of the plan is in the branch tmp_ci_1. There: ")
          .hasMessageContaining(
              "Not there: backfill_events_1. Its deployment didn't come to its end");
    }
  }
}
