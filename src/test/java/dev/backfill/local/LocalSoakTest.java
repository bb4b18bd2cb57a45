package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.EngineTest;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `kill -9` under ingestion, copies, populates and branches, again and again; after each start
/// everything that was acknowledged is there, and nothing is half there.
///
/// `-Dsoak.kills=100` or `-Dsoak=PT10M` for a long run: it ends when both are reached. The process
/// lives up to `-Dsoak.window` milliseconds between two kills.
@EngineTest
class LocalSoakTest {
  private static final int KILLS = Integer.getInteger("soak.kills", 4);
  private static final Duration LASTS = Duration.parse(System.getProperty("soak", "PT0S"));
  private static final int WINDOW = Integer.getInteger("soak.window", 2000);
  private static final int BATCH = 5;
  private static final int FIXED = 300;
  private static final int PARTITIONS = 6;
  private static final int SLICE = 4;

  private @TempDir Path data;
  private final Random random = new Random(20261122);
  private final Set<Integer> acknowledged = new ConcurrentSkipListSet<>();
  private final Set<Integer> copied = new ConcurrentSkipListSet<>();
  private final AtomicInteger batches = new AtomicInteger();
  private final AtomicInteger slices = new AtomicInteger();
  private final AtomicInteger populated = new AtomicInteger();
  private final AtomicInteger replaced = new AtomicInteger();
  private final AtomicInteger branches = new AtomicInteger();
  private final ConcurrentLinkedQueue<String> unexpected = new ConcurrentLinkedQueue<>();

  @Test
  void killedAtRandomMomentsNothingAcknowledgedIsLostAndNothingIsHalf() throws Exception {
    try (var child = LocalChild.start(data)) {
      project(child.api());
    }
    var end = Instant.now().plus(LASTS);
    var kills = 0;
    for (; kills < KILLS || Instant.now().isBefore(end); kills++) {
      try (var child = LocalChild.start(data);
          var threads = Executors.newFixedThreadPool(4)) {
        var api = child.api();
        check(api);
        var work = new ArrayList<Future<?>>();
        work.add(threads.submit(untilKilled(() -> ingest(api))));
        work.add(threads.submit(untilKilled(() -> copy(api))));
        work.add(threads.submit(untilKilled(() -> populate(api))));
        work.add(threads.submit(untilKilled(() -> branch(api))));
        TimeUnit.MILLISECONDS.sleep(500 + random.nextInt(WINDOW));
        child.kill();
        for (var one : work) {
          one.get();
        }
        assertThat(unexpected).isEmpty();
      }
    }
    try (var child = LocalChild.start(data)) {
      check(child.api());
    }
    System.out.printf(
        "%d kills: %d of %d batches acknowledged, %d of %d copies, %d populates, %d replacing"
            + " copies, %d branches; all there, none half%n",
        kills,
        acknowledged.size(),
        batches.get(),
        copied.size(),
        slices.get(),
        populated.get(),
        replaced.get(),
        branches.get());
    assertThat(acknowledged).isNotEmpty();
    assertThat(slices.get()).isPositive();
  }

  private static void project(LocalApi api) {
    for (var name : new String[] {"events", "seen", "twin", "fixed", "shadow", "snapshot"}) {
      api.form(
          "POST",
          "/v0/datasources",
          Map.of(
              "name", name,
              "schema", "`id` UInt32 `json:$.id`, `at` DateTime `json:$.at`",
              "format", "ndjson",
              "engine_sorting_key", "id",
              "engine_partition_key", "toYYYYMM(at)"));
    }
    api.dataSource("counts", "`slice` UInt32, `n` UInt64", "slice");
    api.dataSource("totals", "`slice` UInt32, `n` UInt64", "slice");
    api.dataSource("shadow_totals", "`n` UInt64", "n");
    var rows =
        IntStream.range(0, FIXED)
            .mapToObj(i ->
                "{\"id\":%d,\"at\":\"2026-%02d-01 00:00:00\"}".formatted(i, 1 + i % PARTITIONS))
            .toArray(String[]::new);
    assertThat(api.events("fixed", rows).status()).isEqualTo(200);
    view(api, "seeing", "seen", "SELECT id, at FROM events");
    view(
        api,
        "counting",
        "counts",
        "SELECT toUInt32(intDiv(id, 10)) AS slice, count() AS n FROM twin GROUP BY slice");
    view(api, "totalling", "totals", "SELECT slice, sum(n) AS n FROM counts GROUP BY slice");
    view(api, "shadowing", "shadow", "SELECT id, at FROM fixed");
    view(api, "shadow_counting", "shadow_totals", "SELECT count() AS n FROM shadow");
    var made =
        List.of(
            api.pipe(
                "backfill_twin",
                "copy",
                "twin",
                """
                %
                SELECT toUInt32({{UInt64(slice)}} * 10 + number) AS id, toDateTime('2026-01-01') AS at
                FROM numbers(4)
                WHERE (SELECT count() FROM twin WHERE intDiv(id, 10) = {{UInt64(slice)}}) = 0
                """,
                false),
            api.pipe("snapshot_fixed", "copy", "snapshot", "SELECT id, at FROM fixed", false));
    assertThat(made).allSatisfy(pipe -> assertThat(pipe.status()).as(pipe.text()).isEqualTo(200));
  }

  private static void view(LocalApi api, String name, String target, String sql) {
    var made = api.pipe(name, "materialized", target, sql, false);
    assertThat(made.status()).as(made.text()).isEqualTo(200);
  }

  private static Runnable untilKilled(Runnable work) {
    return () -> {
      try {
        while (true) {
          work.run();
        }
      } catch (UncheckedIOException _) {
        // killed
      }
    };
  }

  private boolean well(LocalApi.Answer answer) {
    if (answer.status() / 100 != 2) {
      unexpected.add(answer.status() + " " + answer.text());
    }
    return answer.status() / 100 == 2;
  }

  /// Batch b is the ids from 10 b; by events, and every fifth by a CSV file with a record that is
  /// put aside.
  private void ingest(LocalApi api) {
    var b = batches.getAndIncrement();
    LocalApi.Answer answer;
    if (b % 5 == 0) {
      answer =
          api.post(
              "/v0/datasources?mode=append&name=events&format=csv",
              "nonsense,2026-01-01 00:00:00\n"
                  + IntStream.range(0, BATCH)
                      .mapToObj(i -> (b * 10 + i) + ",2026-01-01 00:00:00")
                      .collect(Collectors.joining("\n")));
    } else {
      answer =
          api.events(
              "events",
              IntStream.range(0, BATCH)
                  .mapToObj(i -> "{\"id\":" + (b * 10 + i) + ",\"at\":\"2026-01-01 00:00:00\"}")
                  .toArray(String[]::new));
    }
    if (well(answer)) {
      acknowledged.add(b);
    }
  }

  /// A new slice, or one that was asked for before: its guard knows whether it is there.
  private void copy(LocalApi api) {
    int known = slices.get();
    var again = known > 0 && random.nextInt(3) == 0;
    var slice = again ? random.nextInt(known) : slices.getAndIncrement();
    if (ended(api, api.post("/v0/pipes/backfill_twin/copy?_mode=append&slice=" + slice))) {
      copied.add(slice);
    }
  }

  private void populate(LocalApi api) {
    if (ended(
        api, api.post("/v0/pipes/shadowing/nodes/shadowing_node/population?truncate=false"))) {
      populated.incrementAndGet();
    }
    if (ended(api, api.post("/v0/pipes/snapshot_fixed/copy?_mode=replace"))) {
      replaced.incrementAndGet();
    }
  }

  private void branch(LocalApi api) {
    var name = "b" + branches.getAndIncrement();
    if (ended(api, api.post("/v0/environments?data=last_partition&name=" + name))) {
      wholeBranch(api, name);
      dropBranch(api, name);
    }
  }

  private boolean ended(LocalApi api, LocalApi.Answer asked) {
    if (!well(asked)) {
      return false;
    }
    var job = api.ended(asked.json().path("job").path("job_id").asString());
    if (!job.path("status").asString().equals("done")) {
      unexpected.add(job.toString());
      return false;
    }
    return true;
  }

  private static void wholeBranch(LocalApi api, String name) {
    var branch = api.get("/v0/environments/" + name + "?with_token=true").json();
    assertThat(api.as(branch.path("token").asString()).value("SELECT count() FROM fixed"))
        .isEqualTo(Integer.toString(FIXED / PARTITIONS));
  }

  private void dropBranch(LocalApi api, String name) {
    var id = api.get("/v0/environments/" + name).json().path("id").asString();
    well(api.delete("/v0/environments/" + id));
  }

  private void check(LocalApi api) {
    assertThat(unexpected).isEmpty();
    for (var source : new String[] {"events", "seen"}) {
      var whole =
          Set.copyOf(
              api.value(
                      "SELECT intDiv(id, 10) AS b FROM "
                          + source
                          + " GROUP BY b HAVING count() = 5 AND uniqExact(id) = 5")
                  .lines()
                  .toList());
      assertThat(acknowledged.stream().map(String::valueOf).filter(b -> !whole.contains(b)))
          .as("acknowledged, and not in " + source)
          .isEmpty();
      assertThat(Integer.toString(whole.size()))
          .as("batches that are half or twice in " + source)
          .isEqualTo(api.value("SELECT uniqExact(intDiv(id, 10)) FROM " + source));
    }
    var slice = "SELECT slice AS s, sum(n) AS n FROM ";
    var twin = "SELECT toUInt32(intDiv(id, 10)) AS s, count() AS n FROM twin GROUP BY s";
    var whole = Set.copyOf(api.value("SELECT s FROM (" + twin + ")").lines().toList());
    assertThat(copied.stream().map(String::valueOf).filter(s -> !whole.contains(s)))
        .as("copied, and not there")
        .isEmpty();
    assertThat(api.value("SELECT count() FROM (" + twin + ") WHERE n != " + SLICE))
        .as("slices that are half or twice there")
        .isEqualTo("0");
    for (var behind : new String[] {"counts", "totals"}) {
      assertThat(
              api.value(
                  "SELECT count() FROM ("
                      + twin
                      + ") AS a FULL JOIN ("
                      + slice
                      + behind
                      + " GROUP BY s) AS b ON a.s = b.s WHERE a.n != b.n"))
          .as("slices that differ in " + behind)
          .isEqualTo("0");
    }
    assertThat(
            api.value(
                "SELECT countIf(n % 50 != 0), min(n) >= 50 * "
                    + populated.get()
                    + " OR "
                    + populated.get()
                    + " = 0 FROM (SELECT toYYYYMM(at) AS p, count() AS n FROM shadow GROUP BY p)"))
        .as("partitions that are half populated; those done all there")
        .isEqualTo("0\t1");
    assertThat(api.value("SELECT sum(n) FROM shadow_totals"))
        .isEqualTo(api.value("SELECT count() FROM shadow"));
    assertThat(api.value("SELECT count() FROM snapshot"))
        .isIn(replaced.get() == 0 ? List.of("0", "300") : List.of("300"));
    for (var branch : api.get("/v0/environments").json().path("environments")) {
      wholeBranch(api, branch.path("name").asString());
      dropBranch(api, branch.path("name").asString());
    }
    for (var job : api.get("/v0/jobs").json().path("jobs")) {
      assertThat(job.path("status").asString()).isIn("done", "error");
    }
  }
}
