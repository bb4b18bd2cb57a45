package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.change.Flow;
import dev.backfill.problem.Problem;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// No target is fed twice for any interval: by the graph, and by playing rows through random
/// projects, plans and clocks.
class FeedProofTest {
  private static String table(String time, String key, String ttl) {
    return """
    SCHEMA >
        `%1$s` DateTime,
        `id` UInt64,
        `n` UInt64

    ENGINE "MergeTree"
    ENGINE_PARTITION_KEY "toYYYYMM(%1$s)"
    ENGINE_SORTING_KEY "%2$s"
    %3$s\
    """
        .formatted(time, key, ttl);
  }

  private static String view(
      String from, String time, String target, int minutes, boolean replayable) {
    return """
    NODE v
    SQL >
        SELECT toStartOfInterval(%s, INTERVAL %d minute) AS b, id, n FROM %s%s

    TYPE materialized
    DATASOURCE %s
    """
        .formatted(time, minutes, from, replayable ? "" : " WHERE now() > '2000-01-01'", target);
  }

  /// A view as the simulation knows it.
  private record View(String name, String from, String target, int minutes) {}

  private record World(Project base, Project head, List<View> views) {}

  private static World random(Random random) {
    var base = new TreeMap<String, String>();
    var views = new ArrayList<View>();
    var tables = new ArrayList<String>();
    var minutes = new HashMap<String, Integer>();
    var landings = 1 + random.nextInt(3);
    for (var i = 0; i < landings; i++) {
      var ttl = random.nextInt(3) == 0 ? "ENGINE_TTL \"at + toIntervalDay(30)\"\n" : "";
      base.put("datasources/s" + i + ".datasource", table("at", "at", ttl));
      tables.add("s" + i);
      minutes.put("s" + i, 1);
    }
    var targets = 1 + random.nextInt(4);
    for (var t = 0; t < targets; t++) {
      var name = "t" + t;
      var grain = 10 * (1 + random.nextInt(6));
      base.put("datasources/" + name + ".datasource", table("b", "b, id", ""));
      var feeders = 1 + random.nextInt(3);
      for (var f = 0; f < feeders; f++) {
        var from = tables.get(random.nextInt(tables.size()));
        if (from.startsWith("t") && grain % minutes.getOrDefault(from, 1) != 0) {
          from = "s0";
        }
        var pipe = "v" + t + "_" + f;
        var time = from.startsWith("s") ? "at" : "b";
        base.put("pipes/" + pipe + ".pipe", view(from, time, name, grain, random.nextInt(4) > 0));
        views.add(new View(pipe, from, name, grain));
      }
      tables.add(name);
      minutes.put(name, grain);
    }
    var head = new TreeMap<>(base);
    var changed = tables.get(random.nextInt(tables.size()));
    for (var table : tables) {
      if (table.equals(changed) || random.nextInt(4) == 0) {
        head.computeIfPresent(
            "datasources/" + table + ".datasource",
            (p, text) -> text.replaceFirst("SORTING_KEY \"", "SORTING_KEY \"n, "));
      }
    }
    return new World(ProjectReader.read(base), ProjectReader.read(head), views);
  }

  @Test
  void everyRowReachesEveryNewVersionAsOftenAsTheOldOne() {
    var planned = 0;
    var kinds = new TreeMap<Feed.History.Kind, Integer>();
    for (var seed = 0; seed < 120; seed++) {
      var random = new Random(seed);
      var world = random(random);
      var plan = Planner.plan(PlanRequest.of(world.base(), world.head()));
      assertThat(FeedProof.of(Flow.of(world.head()), plan.core().migrations())).isEmpty();
      if (!plan.obstacles().isEmpty() || plan.core().migrations().isEmpty()) {
        continue;
      }
      planned++;
      plan.core().migrations().forEach(m -> kinds.merge(m.historyFeed().kind(), 1, Integer::sum));
      new Simulation(world, plan.core(), random).play("seed " + seed);
    }
    assertThat(planned).isGreaterThan(60);
    assertThat(kinds.keySet())
        .contains(Feed.History.Kind.COPY, Feed.History.Kind.FORK, Feed.History.Kind.SEAM);
  }

  /// A row in a table: which one, and its time there.
  private record Row(int id, long at) {}

  /// Tables as multisets, views as triggers, the plan's feeds as they are defined; minutes as
  /// ticks.
  private static final class Simulation {
    private static final long CUTOVER = 1_003;
    private final World world;
    private final PlanCore core;
    private final Random random;
    private final Map<String, Map<Row, Integer>> tables = new LinkedHashMap<>();
    private boolean deployed;
    private int next;

    Simulation(World world, PlanCore core, Random random) {
      this.world = world;
      this.core = core;
      this.random = random;
    }

    void play(String seed) {
      arrivals(200, 0, 1_000);
      deployed = true;
      // rows go on arriving, a third of them late
      arrivals(60, 1_000, 1_100);
      arrivals(30, 0, 1_000);
      run();
      arrivals(20, 1_000, 1_200);
      arrivals(20, 0, 1_000);
      run();
      for (var m : core.migrations()) {
        assertThat(tables.get(m.target())).as(seed + " " + m).isEqualTo(tables.get(m.source()));
      }
    }

    private void arrivals(int rows, long from, long until) {
      var landings = world.base().dataSources().keySet().stream().filter(n -> n.startsWith("s"));
      landings.forEach(source -> {
        for (var i = 0; i < rows; i++) {
          insert(source, new Row(next++, from + random.nextLong(until - from)));
        }
      });
    }

    /// What an insert sets off: the row itself, the old views, and what the plan has put there.
    private void insert(String table, Row row) {
      tables.computeIfAbsent(table, t -> new HashMap<>()).merge(row, 1, Integer::sum);
      for (var view : world.views()) {
        if (view.from().equals(table)) {
          insert(view.target(), bucket(row, view.minutes()));
        }
      }
      if (!deployed) {
        return;
      }
      for (var m : core.migrations()) {
        switch (m.liveFeed().kind()) {
          case SYNC -> {
            if (m.source().equals(table) && row.at() >= CUTOVER) {
              insert(m.target(), row);
            }
          }
          case FORK -> fork(m, table, row);
          case PRODUCERS, NONE -> throw new AssertionError(m);
        }
      }
    }

    private void fork(Migration m, String table, Row row) {
      if (m.seam().isEmpty()) {
        if (m.trigger().equals(table)) {
          insert(m.target(), bucket(row, minutes(view(m))));
        }
        return;
      }
      for (var feeder : m.seam().get().feeders()) {
        var there = bucket(row, minutes(feeder.view()));
        if (feeder.trigger().equals(table) && there.at() > last(feeder)) {
          insert(m.target(), there);
        }
      }
    }

    /// Copies by difference, in the order of the plan.
    private void run() {
      for (var m : core.migrations()) {
        switch (m.historyFeed().kind()) {
          case COPY -> missing(m, tables.getOrDefault(m.source(), Map.of()), r -> r.at() < CUTOVER);
          case SEAM -> {
            var last = m.seam().orElseThrow().feeders().stream().mapToLong(this::last).max();
            missing(
                m, tables.getOrDefault(m.source(), Map.of()), r -> r.at() <= last.orElseThrow());
          }
          case REPLAY -> {
            var expected = new HashMap<Row, Integer>();
            for (var f : m.seam().orElseThrow().feeders()) {
              tables
                  .getOrDefault(f.trigger(), Map.of())
                  .forEach((row, n) -> {
                    var there = bucket(row, minutes(f.view()));
                    if (there.at() <= last(f)) {
                      expected.merge(there, n, Integer::sum);
                    }
                  });
            }
            missing(m, expected, r -> true);
          }
          case FORK -> {}
          case POPULATE, NONE -> throw new AssertionError(m);
        }
      }
    }

    private void missing(
        Migration m, Map<Row, Integer> expected, java.util.function.Predicate<Row> which) {
      var there = tables.computeIfAbsent(m.target(), t -> new HashMap<>());
      var rows = new ArrayList<Row>();
      expected.forEach((row, n) -> {
        for (var i = there.getOrDefault(row, 0); which.test(row) && i < n; i++) {
          rows.add(row);
        }
      });
      rows.forEach(row -> insert(m.target(), row));
    }

    private long last(Seam.Feeder feeder) {
      return bucket(new Row(0, CUTOVER - 1), minutes(feeder.view())).at();
    }

    private String view(Migration m) {
      return world.views().stream()
          .filter(v -> v.target().equals(m.source()))
          .map(View::name)
          .findFirst()
          .orElseThrow();
    }

    private int minutes(String view) {
      return world.views().stream()
          .filter(v -> v.name().equals(view))
          .mapToInt(View::minutes)
          .findFirst()
          .orElseThrow();
    }

    private static Row bucket(Row row, int minutes) {
      return new Row(row.id(), row.at() / minutes * minutes);
    }
  }

  @Test
  void aPipeOfTheAuthorIntoTheNewVersionIsASecondFeed() {
    var base = new TreeMap<String, String>();
    base.put("datasources/s0.datasource", table("at", "at", ""));
    base.put("datasources/t0.datasource", table("b", "b, id", ""));
    base.put("pipes/v0.pipe", view("s0", "at", "t0", 10, true));
    var head = new TreeMap<>(base);
    head.put("datasources/s0.datasource", table("at", "n, at", ""));
    var planned = Planner.plan(PlanRequest.of(ProjectReader.read(base), ProjectReader.read(head)));
    var more = new TreeMap<>(head);
    more.put("datasources/t0_1.datasource", table("b", "b, id", ""));
    more.put("pipes/mine.pipe", view("s0", "at", "t0_1", 10, true));

    var found =
        FeedProof.of(Flow.of(ProjectReader.read(more)), planned.core().migrations()).stream()
            .map(Problem::code)
            .distinct()
            .toList();

    assertThat(found).containsExactly("fed_twice");
    assertThat(Optional.of(planned.obstacles())).contains(List.of());
  }
}
