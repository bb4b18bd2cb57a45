package dev.backfill.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.config.SettingsReader;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.project.ProjectReader;
import dev.backfill.testing.EngineTest;
import dev.backfill.tinybird.Job;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Targets that are written to by others from the beginning: producers that moved first, and a
/// Kafka consumer of their own. On ClickHouse, with the files that the emitter writes.
@EngineTest
class MovedRunTest {
  private static final String CLICKS =
      """
      SCHEMA >
          `id` UInt64 `json:$.id`,
          `button` String `json:$.button`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "id"
      """;
  private static final String ORDERS =
      """
      SCHEMA >
          `__partition` Int16 `json:$.p`,
          `__offset` Int64 `json:$.o`,
          `amount` UInt32 `json:$.amount`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "amount"

      KAFKA_CONNECTION_NAME broker
      KAFKA_TOPIC orders
      KAFKA_GROUP_ID "orders group"
      """;

  private record Made(EngineWorkspace workspace, PlanCore core, SortedMap<String, String> files)
      implements AutoCloseable {
    @Override
    public void close() {
      workspace.close();
    }

    Outcome run() {
      return run(new ArrayList<>(), d -> {});
    }

    Outcome run(List<RunEvent> events, Sleeper sleeper) {
      return new Runner(workspace, InstantSource.system(), sleeper, events::add, () -> false)
          .run(core, RunOptions.of("test"));
    }

    long number(String sql) {
      return workspace.number(sql);
    }
  }

  private static Made made(String name, String path, String text, String key, String settings) {
    var base = new TreeMap<>(Map.of(path, text));
    var head =
        new TreeMap<>(
            Map.of(
                path, text.replaceFirst("SORTING_KEY \"[a-z]+\"", "SORTING_KEY \"" + key + "\"")));
    var plan = plan(base, head, settings);
    assertThat(plan.obstacles()).isEmpty();
    var workspace = new EngineWorkspace(name, Optional.empty());
    workspace.deploy(base, Map.of());
    var files = EngineWorkspace.generated(plan, base, head);
    workspace.deploy(files, Map.of());
    return new Made(workspace, EngineWorkspace.quick(plan.core(), name, 900), files);
  }

  private static Plan plan(
      SortedMap<String, String> base, SortedMap<String, String> head, String settings) {
    return Planner.plan(
        new PlanRequest(
            ProjectReader.read(base),
            ProjectReader.read(head),
            Map.of(),
            SettingsReader.read("backfill.yml", settings).settings(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Set.of(),
            Optional.empty(),
            Set.of()));
  }

  private static Made clicks(String name) {
    return made(
        name,
        "datasources/clicks.datasource",
        CLICKS,
        "button, id",
        "datasources: {clicks: {scenario: move_ingestion}}");
  }

  private static void add(Made made, String table, int from, int rows) {
    made.workspace()
        .run(
            "INSERT INTO %s SELECT %d + number AS id, toString(number %% 7) FROM numbers(%d)"
                .formatted(table, from, rows));
  }

  @Test
  void nothingIsCopiedWhileRowsStillArriveAtTheSource() {
    try (var made = clicks("moved_early")) {
      add(made, "clicks", 0, 100);
      var next = new int[] {1_000};
      var outcome = made.run(new ArrayList<>(), d -> add(made, "clicks", next[0]++, 1));

      assertThat(outcome).isInstanceOf(Outcome.NotReady.class);
      assertThat(((Outcome.NotReady) outcome).reasons())
          .anyMatch(r -> r.contains("let its producers write to clicks_1"));
      assertThat(made.number("SELECT count() FROM clicks_1")).isZero();
      assertThat(made.workspace().pipe("sync_clicks_1")).isEmpty();
    }
  }

  @Test
  void historyIsCopiedBesideDirectWritesAndStragglersAreCarried() {
    try (var made = clicks("moved")) {
      add(made, "clicks", 0, 3_000);
      // the very same row twice, and rows that producers write meanwhile, one with each pause
      made.workspace().run("INSERT INTO clicks SELECT * FROM clicks WHERE id < 5");
      var next = new int[] {100_000};
      add(made, "clicks_1", 50_000, 500);

      var outcome = made.run(new ArrayList<>(), d -> add(made, "clicks_1", next[0]++, 1));

      assertThat(outcome).isInstanceOf(Outcome.Done.class);
      var direct = 500 + next[0] - 100_000;
      assertThat(made.number("SELECT count() FROM clicks_1")).isEqualTo(3_005 + direct);
      assertThat(made.number("SELECT count() FROM clicks_1 WHERE id < 5")).isEqualTo(10);

      add(made, "clicks", 200_000, 10);
      assertThat(made.number("SELECT count() FROM clicks_1 WHERE id >= 200000")).isEqualTo(10);
      var jobs = made.workspace().copies.size();
      assertThat(made.run()).isInstanceOf(Outcome.Done.class);
      assertThat(made.workspace().copies).as("nothing is copied again").hasSize(jobs);
      assertThat(made.number("SELECT count() FROM clicks_1")).isEqualTo(3_015 + direct);
    }
  }

  @Test
  void rowsThatEqualWhatProducersSentAreAskedForBeforeTheFirstCopy() {
    try (var made = clicks("moved_alike")) {
      add(made, "clicks", 0, 1_000);
      add(made, "clicks_1", 994, 20);

      var asked = made.run();

      assertThat(((Outcome.NotReady) asked).reasons())
          .singleElement()
          .asString()
          .contains("6 rows of clicks equal rows that its producers sent to clicks_1");
      assertThat(made.workspace().copies).isEmpty();
      var o = RunOptions.of("test");
      var said =
          new RunOptions(
              o.holder(),
              o.maxWait(),
              o.requestDeadline(),
              o.unreachable(),
              /* dryRun= */ false,
              /* directWrites= */ true,
              /* changesRepeated= */ false,
              o.resume());
      assertThat(
              new Runner(made.workspace(), InstantSource.system(), d -> {}, e -> {}, () -> false)
                  .run(made.core(), said))
          .isInstanceOf(Outcome.Done.class);
      assertThat(made.number("SELECT uniqExact(id) FROM clicks_1")).isEqualTo(1_014);
    }
  }

  /// Producers write a row just before a job begins.
  private static Outcome run(Made made, int id) {
    var sent = new boolean[1];
    var workspace =
        new Forwarding(made.workspace()) {
          @Override
          public Job startCopy(String pipe, Map<String, String> parameters) {
            if (!sent[0]) {
              sent[0] = true;
              add(made, "clicks_1", id, 1);
            }
            return super.startCopy(pipe, parameters);
          }
        };
    return new Runner(workspace, InstantSource.system(), d -> {}, e -> {}, () -> false)
        .run(made.core(), RunOptions.of("test"));
  }

  @Test
  void aRowThatEqualsAnOldOneAndIsSentDuringTheCopyIsNotTakenForItsCopy() {
    try (var made = clicks("moved_equal")) {
      add(made, "clicks", 0, 50_000);

      var asked = run(made, 0);

      assertThat(((Outcome.NotReady) asked).reasons())
          .singleElement()
          .asString()
          .contains("1 row of clicks equals a row that its producers sent to clicks_1");
    }
  }

  @Test
  void anyOtherRowThatIsSentDuringTheCopyIsNotInItsWay() {
    try (var made = clicks("moved_other")) {
      add(made, "clicks", 0, 3_000);

      assertThat(run(made, 70_000)).isInstanceOf(Outcome.Done.class);

      assertThat(made.workspace().copies).as("one job a slice").hasSize(4);
      assertThat(made.number("SELECT count() FROM clicks_1")).isEqualTo(3_001);
      assertThat(made.number("SELECT uniqExact(id) FROM clicks_1")).isEqualTo(3_001);
    }
  }

  @Test
  void theViewOfTheStragglersIsNoReaderThatIsToBeSwitched() {
    try (var made = clicks("moved_seen")) {
      add(made, "clicks", 0, 100);
      assertThat(made.run()).isInstanceOf(Outcome.Done.class);

      var facts =
          new Observer(
                  made.workspace(),
                  InstantSource.system(),
                  d -> {},
                  e -> {},
                  () -> false,
                  (m, p) -> Optional.empty())
              .observe(made.core(), /* compare= */ true);

      assertThat(made.workspace().pipe("sync_clicks_1")).isPresent();
      assertThat(facts.readers()).isEmpty();
      assertThat(facts.newReaders()).isEmpty();
    }
  }

  private static Made orders(String name) {
    return made(name, "datasources/orders.datasource", ORDERS, "amount, __offset", "");
  }

  /// Messages of a partition as a consumer brings them.
  private static void consume(Made made, String table, int partition, int from, int until) {
    made.workspace()
        .run(
            "INSERT INTO %s SELECT %d, %d + number, (%d + number) %% 50 FROM numbers(%d)"
                .formatted(table, partition, from, from, until - from));
  }

  @Test
  void theTwinHasAConsumerGroupOfItsOwn() {
    try (var made = orders("kafka_group")) {
      assertThat(made.files().get("datasources/orders_1.datasource"))
          .contains(
              "# (not carried over) KAFKA_GROUP_ID \"orders group\"\nKAFKA_GROUP_ID \"orders group_orders_1\"\n")
          .contains("KAFKA_TOPIC orders\n");
      assertThat(made.files().get("datasources/orders.datasource")).isEqualTo(ORDERS);
      assertThat(made.files().keySet()).noneMatch(f -> f.contains("sync_"));
    }
  }

  @Test
  void whatLiesBelowTheTwinsConsumerIsCopiedAndWhatItIsAboutToBringIsNot() {
    try (var made = orders("kafka")) {
      consume(made, "orders", 0, 10, 2_000);
      consume(made, "orders", 1, 500, 900);
      // the twin began at 1,500 and 700, and is behind by 100 and ahead by 50
      consume(made, "orders_1", 0, 1_500, 1_900);
      consume(made, "orders_1", 1, 700, 950);

      var first = made.run();

      // what its consumer will bring is missing, and stays so
      assertThat(first).isInstanceOf(Outcome.NotReady.class);
      assertThat(((Outcome.NotReady) first).reasons())
          .anyMatch(r ->
              r.contains(
                  "is behind that of orders, it has read partition 0 up to offset 1899 of 1999:"));
      assertThat(((Outcome.NotReady) first).figures().getFirst().copied()).isEqualTo(1_690);
      assertThat(
              made.number("SELECT count() FROM orders_1 WHERE __partition = 0 AND __offset < 1900"))
          .isEqualTo(1_890);
      assertThat(
              made.number(
                  "SELECT count() FROM orders_1 WHERE __partition = 0 AND __offset >= 1900"))
          .isZero();
      consume(made, "orders_1", 0, 1_900, 2_000);
      assertThat(made.run()).isInstanceOf(Outcome.Done.class);
      assertThat(made.number("SELECT count() - uniqExact(__partition, __offset) FROM orders_1"))
          .isZero();
      assertThat(made.number("SELECT count() FROM orders_1")).isEqualTo(1_990 + 450);
    }
  }

  @Test
  void aPartitionThatTheTwinHasNotReadIsWaitedFor() {
    try (var made = orders("kafka_waits")) {
      consume(made, "orders", 0, 0, 100);
      consume(made, "orders", 7, 0, 100);
      consume(made, "orders_1", 0, 90, 100);

      var outcome = made.run();

      assertThat(outcome).isInstanceOf(Outcome.NotReady.class);
      assertThat(((Outcome.NotReady) outcome).reasons())
          .anyMatch(r -> r.contains("hasn't read anything of partition 7"));
    }
  }

  @Test
  void aMessageThatIsThereTwiceIsToldAlthoughSurplusRowsAreAllowed() {
    try (var made = orders("kafka_twice")) {
      consume(made, "orders", 0, 0, 100);
      consume(made, "orders_1", 0, 90, 100);
      assertThat(made.run()).isInstanceOf(Outcome.Done.class);
      consume(made, "orders_1", 0, 5, 6);

      assertThat(((Outcome.NotReady) made.run()).reasons())
          .anyMatch(r -> r.contains("holds 1 messages more often than orders"));
    }
  }

  @Test
  void messagesThatTheOldConsumerWasGivenTwiceAreNoDifference() {
    try (var made = orders("kafka_again")) {
      consume(made, "orders", 0, 0, 100);
      consume(made, "orders", 0, 10, 12);
      consume(made, "orders", 0, 95, 96);
      consume(made, "orders_1", 0, 90, 100);

      assertThat(made.run()).isInstanceOf(Outcome.Done.class);

      assertThat(made.number("SELECT uniqExact(__offset) FROM orders_1")).isEqualTo(100);
      assertThat(made.number("SELECT count() FROM orders_1")).isEqualTo(102);
    }
  }
}
