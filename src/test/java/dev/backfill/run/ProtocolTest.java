package dev.backfill.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.failure.Failure;
import dev.backfill.tinybird.Job;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The protocol under seeded faults, in memory. `World` is the judge: it counts what was lost and
/// what was doubled, and no question of ours.
class ProtocolTest {

  private static final RunOptions OPTIONS = RunOptions.of("test");

  private static World faulty(long seed) {
    var world = new World(seed).withHistory(600, 40);
    var faults = world.faults;
    faults.lostBefore = 60;
    faults.lostAfter = 60;
    faults.lostLate = 40;
    faults.refused = 60;
    faults.lostReads = 20;
    faults.vanishing = 40;
    faults.listLagMillis = 8_000;
    faults.tooManyRows = 90;
    world.stream(Duration.ofSeconds(7), 12);
    return world;
  }

  private static Outcome run(World world, World.Client process, boolean fork) {
    return process.runner(new ArrayList<>()).run(world.core(150, fork), OPTIONS);
  }

  private static void assertWhole(World world, String story) {
    assertThat(world.lost()).as("lost, %s", story).isZero();
    assertThat(world.doubled()).as("doubled, %s", story).isZero();
    assertThat(world.forkErrors()).as("fork, %s", story).isZero();
  }

  /// The stream has ended; one more run is the last sweep.
  private static void finish(World world, String story) {
    world.streaming = false;
    world.pass(Duration.ofMinutes(2));
    var last = run(world, world.new Client(), true);
    assertThat(last).as(story).isInstanceOf(Outcome.Done.class);
    assertWhole(world, story);
  }

  @Test
  void killedAtAnyCallAndStartedAgainItNeitherLosesNorDoubles() {
    for (var seed = 0; seed < 200; seed++) {
      var world = faulty(seed);
      var kills = new Random(seed * 31L);
      for (var life = 0; life < 4; life++) {
        var process = world.new Client();
        process.dieAt = 1 + kills.nextInt(life == 0 ? 400 : 250);
        try {
          run(world, process, true);
        } catch (World.Killed killed) {
          world.pass(Duration.ofSeconds(kills.nextInt(900)));
        }
      }
      finish(world, "seed " + seed);
    }
  }

  @Test
  void rowsThatArriveAtAnyPointAreSweptWhileTheStreamGoesOn() {
    for (var seed = 1_000; seed < 1_040; seed++) {
      var world = faulty(seed);
      var outcome = run(world, world.new Client(), true);
      assertThat(outcome).as("seed " + seed).isInstanceOf(Outcome.Done.class);
      assertThat(world.doubled()).isZero();
      finish(world, "seed " + seed);
    }
  }

  @Test
  void hazard1ALateRowInACopiedRangeIsAddedAloneAndNothingIsCopiedTwice() {
    var world = new World(1).withHistory(400, 20);
    assertThat(run(world, world.new Client(), true)).isInstanceOf(Outcome.Done.class);
    var bulk = world.started.stream().filter(s -> s.contains("mode=bulk")).count();
    var late = new World.Row(world.cutoverTick - 86_400_000L * 3, 900_001);
    world.source.add(late);
    world.source.add(late);
    assertThat(run(world, world.new Client(), true)).isInstanceOf(Outcome.Done.class);
    assertThat(world.target.get(late)).isEqualTo(2);
    assertThat(world.started.stream().filter(s -> s.contains("mode=bulk")).count()).isEqualTo(bulk);
    assertWhole(world, "late rows");
  }

  @Test
  void hazard2OneInstantWithMoreRowsThanAJobTakesIsCutByHash() {
    var world = new World(2);
    for (var id = 1; id <= 500; id++) {
      world.source.add(new World.Row(world.cutoverTick - 5_000, id));
      world.source.add(new World.Row(null, id));
    }
    world.faults.tooManyRows = 60;
    assertThat(run(world, world.new Client(), true)).isInstanceOf(Outcome.Done.class);
    assertThat(world.started)
        .anyMatch(s -> s.contains("slices="))
        .anyMatch(s -> s.contains("part=null"));
    assertWhole(world, "slices");
  }

  @Test
  void hazard3AForkThatLacksWhatItsTargetHoldsIsToldAndNotCopiedAgain() {
    var world = new World(3).withHistory(300, 20);
    assertThat(run(world, world.new Client(), true)).isInstanceOf(Outcome.Done.class);
    var day = world.fork.keySet().iterator().next();
    world.fork.remove(day);
    var jobs = world.started.size();
    var outcome = run(world, world.new Client(), true);
    assertThat(outcome).isInstanceOf(Outcome.NotReady.class);
    assertThat(((Outcome.NotReady) outcome).reasons())
        .singleElement()
        .asString()
        .contains("daily_1 differs from events_1: 1 missing");
    assertThat(world.started).hasSize(jobs);
  }

  @Test
  void hazard3ARangeCopiedInPartIsCompletedByWhatIsMissing() {
    for (var seed = 2_000; seed < 2_040; seed++) {
      var world = faulty(seed);
      world.faults.failuresLeaveRows = true;
      world.faults.tooManyRows = 60;
      assertThat(run(world, world.new Client(), true)).isInstanceOf(Outcome.Done.class);
      finish(world, "seed " + seed);
    }
  }

  @Test
  void hazard4ARunnerThatWasPausedWhileAnotherFinishedWritesNothing() {
    for (var seed = 3_000; seed < 3_030; seed++) {
      var world = faulty(seed);
      var first = world.new Client();
      var at = 20 + new Random(seed).nextInt(150);
      first.before =
          () -> {
            if (first.calls == at) {
              world.pass(Duration.ofMinutes(11));
              run(world, world.new Client(), true);
            }
          };
      run(world, first, true);
      assertThat(world.doubled()).as("seed " + seed).isZero();
      finish(world, "seed " + seed);
    }
  }

  @Test
  void hazard4ACopyRequestThatIsServedAfterAnotherRunnerHasFinishedWritesNothing() {
    for (var nth = 1; nth <= 4; nth++) {
      var world = new World(nth).withHistory(500, 30);
      var first = world.new Client();
      var left = new int[] {nth};
      first.beforeCopy =
          () -> {
            if (--left[0] == 0) {
              world.pass(Duration.ofMinutes(11));
              assertThat(run(world, world.new Client(), true)).isInstanceOf(Outcome.Done.class);
              // The request still goes out; then the process is gone, and can't cancel its job.
              first.dieAt = first.calls + 2;
            }
          };
      assertThatThrownBy(() -> run(world, first, true)).isInstanceOf(World.Killed.class);
      var jobs = world.started.size();
      world.pass(Duration.ofMinutes(2));
      assertThat(world.started).hasSize(jobs);
      assertWhole(world, "request " + nth);
    }
  }

  @Test
  void hazard4AnotherRunnersLiveLeaseIsWaitedForAndThenRefused() {
    var world = new World(4).withHistory(50, 5);
    var first = world.new Client();
    first.dieAt = 60;
    try {
      run(world, first, false);
    } catch (World.Killed killed) {
      assertThat(killed).isNotNull();
    }
    assertThat(world.pipes).containsKey("backfill_lease_events_1_1");
    var impatient =
        new RunOptions(
            "second",
            Duration.ofMinutes(31),
            Duration.ofSeconds(90),
            Duration.ofMinutes(2),
            false,
            "run");
    var events = new ArrayList<RunEvent>();
    assertThat(world.new Client().runner(events).run(world.core(150, false), impatient))
        .isInstanceOf(Outcome.Done.class);
    assertThat(events)
        .anyMatch(e ->
            e instanceof RunEvent.Waiting w && w.because().startsWith("test works on it since "));
    assertThat(world.pipes).containsKey("backfill_lease_events_1_2");
  }

  @Test
  void hazard9RowsFromTheCutoverOnThatTheSyncMissedAreBroughtByDifference() {
    var world = new World(9).withHistory(200, 20);
    world.pass(Duration.ofMinutes(40));
    for (var id = 0; id < 30; id++) {
      world.source.add(new World.Row(world.cutoverTick + id * 1_000L, 500_000 + id));
    }
    assertThat(run(world, world.new Client(), true)).isInstanceOf(Outcome.Done.class);
    assertWhole(world, "rows above T, a row of 2099 among them");
  }

  @Test
  void hazard19ARowUnderWayIsNotCopiedFromUnderTheSync() {
    for (var seed = 4_000; seed < 4_012; seed++) {
      var world = new World(seed).withHistory(80, 5);
      world.stream(Duration.ofMillis(700), 40);
      assertThat(run(world, world.new Client(), true)).isNotNull();
      world.streaming = false;
      world.pass(Duration.ofMinutes(2));
      assertThat(world.doubled()).as("seed " + seed).isZero();
      finish(world, "seed " + seed);
    }
  }

  @Test
  void aRunBeforeTheCutoverComesBackWhenTheWaitWouldBeTooLong() {
    var world = new World(5).withHistory(10, 5);
    var options =
        new RunOptions(
            "test",
            Duration.ofMinutes(5),
            Duration.ofSeconds(90),
            Duration.ofMinutes(2),
            false,
            "run");
    assertThat(world.new Client().runner(new ArrayList<>()).run(world.core(100, false), options))
        .isEqualTo(
            new Outcome.ComeBackAt(
                world.cutover.plusSeconds(30), "rows before the cutover are still arriving"));
    assertThat(world.started).isEmpty();
  }

  @Test
  void whileItWaitsItSaysSomethingAtLeastEveryTwoSeconds() {
    var world = faulty(6);
    var process = world.new Client();
    var times = new ArrayList<java.time.Instant>();
    var runner =
        new Runner(
            process,
            () -> world.now,
            process.sleeper(),
            e -> times.add(world.now),
            () -> false,
            process::inventory);
    runner.run(world.core(150, true), OPTIONS);
    for (var i = 1; i < times.size(); i++) {
      assertThat(Duration.between(times.get(i - 1), times.get(i)))
          .as("silence before event " + i)
          .isLessThan(Duration.ofSeconds(4));
    }
  }

  @Test
  void cancelledItStopsItsJobReleasesTheLeaseAndSaysHowToGoOn() {
    var world = new World(7).withHistory(400, 30);
    var process = world.new Client();
    var running = new boolean[1];
    var runner =
        new Runner(
            process,
            () -> world.now,
            process.sleeper(),
            e -> running[0] |= e instanceof RunEvent.JobRunning,
            () -> running[0],
            process::inventory);
    assertThat(
            org.assertj.core.api.Assertions.catchThrowableOfType(
                Failure.Interrupted.class, () -> runner.run(world.core(100, true), OPTIONS)))
        .hasMessageContaining("Go on with: backfill run");
    assertThat(process.copyJobs("backfill_events_1")).allMatch(j -> j.state().terminal());
    assertThat(world.pipes.values())
        .anyMatch(p ->
            p.name().equals("backfill_lease_events_1_1")
                && p.description().contains("\"released\":true"));
    finish(world, "cancelled");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aJobThatCannotBeCancelledKeepsTheLeaseOnlyWhileItIsAtWork(boolean ended) {
    var world = new World(7).withHistory(400, 30);
    var process = world.new Client();
    var refusing =
        new Forwarding(process) {
          @Override
          public Job cancel(String id) {
            while (ended && !process.job(id).orElseThrow().state().terminal()) {
              world.pass(Duration.ofSeconds(1));
            }
            throw new Failure.Remote(
                Failure.Kind.PERMANENT, 400, Optional.empty(), "can't be cancelled in its status");
          }
        };
    var events = new ArrayList<RunEvent>();
    var runner =
        new Runner(
            refusing,
            () -> world.now,
            process.sleeper(),
            events::add,
            () -> events.stream().anyMatch(RunEvent.JobRunning.class::isInstance),
            process::inventory);

    assertThatThrownBy(() -> runner.run(world.core(100, true), OPTIONS))
        .isInstanceOf(Failure.Interrupted.class)
        .hasMessageContaining(
            ended
                ? "nothing of ours runs any more"
                : "a job may still be under way, and the lease runs out by itself");

    assertThat(events)
        .filteredOn(e ->
            e instanceof RunEvent.Note note && note.message().contains("couldn't be cancelled"))
        .hasSize(ended ? 0 : 1);
    assertThat(world.pipes.values())
        .anyMatch(p ->
            p.name().equals("backfill_lease_events_1_1")
                && p.description().contains("\"released\":" + ended));
    finish(world, "not cancelled, ended " + ended);
  }

  @Test
  void interruptedWhileAJobIsBeingStartedItKeepsTheLease() {
    var world = new World(11).withHistory(200, 20);
    world.faults.interruptedAfter = true;
    world.faults.slowMillis = 60_000;
    var process = world.new Client();
    assertThat(
            org.assertj.core.api.Assertions.catchThrowableOfType(
                Failure.Interrupted.class,
                () -> process.runner(new ArrayList<>()).run(world.core(100, true), OPTIONS)))
        .hasMessageNotContaining("nothing of ours runs any more");
    assertThat(world.pipes.values())
        .anyMatch(p ->
            p.name().equals("backfill_lease_events_1_1")
                && p.description().contains("\"released\":false"));
    world.faults.interruptedAfter = false;
    finish(world, "interrupted");
  }

  @Test
  void aJobThatTheServerDoesNotKnowYetIsNotStartedTwice() {
    for (var seed = 5_000; seed < 5_010; seed++) {
      var world = new World(seed).withHistory(200, 20);
      world.faults.hiddenMillis = 20_000;
      world.faults.listLagMillis = 20_000;
      world.faults.slowMillis = 50_000;
      world.faults.lostAfter = 300;
      assertThat(run(world, world.new Client(), true)).isInstanceOf(Outcome.Done.class);
      finish(world, "seed " + seed);
    }
  }

  @Test
  void aSyncThatIsUnlinkedOrMissingIsSaidBeforeAnythingIsDone() {
    var world = new World(8).withHistory(10, 5);
    world.pipes.remove("sync_events_1");
    assertThat(run(world, world.new Client(), true))
        .isInstanceOfSatisfying(
            Outcome.NotReady.class,
            n ->
                assertThat(n.reasons())
                    .containsExactly(
                        "the pipe sync_events_1 isn't in the workspace; deploy first"));
    assertThat(world.started).isEmpty();
    assertThat(world.pipes.keySet()).noneMatch(n -> n.contains("lease"));
  }

  @Test
  void aDryRunStartsNothingAndTakesNoLease() {
    var world = new World(10).withHistory(300, 30);
    var options =
        new RunOptions(
            "test",
            Duration.ofHours(1),
            Duration.ofSeconds(90),
            Duration.ofMinutes(2),
            true,
            "run");
    var outcome = world.new Client().runner(new ArrayList<>()).run(world.core(100, false), options);
    assertThat(outcome).isInstanceOf(Outcome.Planned.class);
    assertThat(((Outcome.Planned) outcome).intents().getFirst().rows()).isGreaterThan(290);
    assertThat(world.started).isEmpty();
    assertThat(world.pipes.keySet())
        .isEqualTo(
            new java.util.TreeSet<>(List.of("backfill_events_1", "daily_pipe_1", "sync_events_1")));
  }
}
