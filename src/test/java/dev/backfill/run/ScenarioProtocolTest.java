package dev.backfill.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.run.World.Way;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The other ways of filling a target under the faults of [ProtocolTest]: the runner is killed at
/// any call, before, around and after the cutover, and another one goes on. `World` is the judge.
class ScenarioProtocolTest {
  private static final int SEEDS = 40;
  private static final RunOptions OPTIONS = RunOptions.of("test");

  private static World faulty(long seed, Way way) {
    var world = new World(seed, way).withHistory(600, 40);
    if (way == Way.FLOWING) {
      world.populated(new int[] {0, 500, 990, 1_000}[(int) (seed % 4)]);
    }
    var faults = world.faults;
    faults.lostBefore = 60;
    faults.lostAfter = 60;
    faults.lostLate = 40;
    faults.refused = 60;
    faults.lostReads = 20;
    faults.vanishing = 40;
    faults.listLagMillis = 8_000;
    faults.tooManyRows = seed % 2 == 0 ? 90 : Long.MAX_VALUE;
    faults.failuresLeaveRows = seed % 4 == 0;
    // Sooner than the slices of the source rest, or slowly enough that they do.
    world.stream(Duration.ofSeconds(seed % 3 == 0 ? 45 : 7), 12);
    // The cutover is half an hour ahead.
    world.pass(Duration.ofMinutes(new int[] {0, 20, 28, 29, 31, 50}[(int) (seed % 6)]));
    return world;
  }

  private static Outcome run(World world, World.Client process) {
    return process.runner(new ArrayList<>()).run(world.core(150, true), OPTIONS);
  }

  private static void assertNothingDoubled(World world, String story) {
    if (world.way != Way.KEYED) {
      assertThat(world.doubled()).as("doubled, %s", story).isZero();
      assertThat(world.forkErrors()).as("fork, %s", story).isZero();
    }
  }

  private static void assertWhole(World world, String story) {
    if (world.way == Way.KEYED) {
      assertThat(world.wrongKeys()).as("keys, %s", story).isZero();
    } else {
      assertThat(world.lost()).as("lost, %s", story).isZero();
      assertNothingDoubled(world, story);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"ARRIVAL", "FLOWING", "KEYED"})
  void killedAtAnyCallAndGoneOnWithItNeitherLosesNorDoubles(Way way) {
    for (var seed = 0; seed < SEEDS; seed++) {
      var story = way + " seed " + seed;
      var world = faulty(seed, way);
      var kills = new Random(seed * 31L);
      for (var life = 0; life < 4; life++) {
        var process = world.new Client();
        process.dieAt = 1 + kills.nextInt(life == 0 ? 400 : 250);
        try {
          run(world, process);
        } catch (World.Killed killed) {
          world.pass(Duration.ofSeconds(kills.nextInt(900)));
        }
      }
      world.streaming = false;
      world.pass(Duration.ofMinutes(2));
      assertNothingDoubled(world, story);
      var last = run(world, world.new Client());
      assertThat(last).as(story).isInstanceOf(Outcome.Done.class);
      assertWhole(world, story);
    }
  }

  /// What comes after it is the sync's alone, so nothing may hang on one more run.
  @ParameterizedTest
  @EnumSource(names = {"ARRIVAL", "FLOWING"})
  void doneMeansThatNothingIsLeftToDo(Way way) {
    for (var seed = 500; seed < 520; seed++) {
      var story = way + " seed " + seed;
      var world = faulty(seed, way);
      var outcome = run(world, world.new Client());
      for (var more = 0; more < 3 && !(outcome instanceof Outcome.Done); more++) {
        outcome = run(world, world.new Client());
      }
      assertThat(outcome).as(story).isInstanceOf(Outcome.Done.class);
      world.pass(Duration.ofMinutes(40));
      world.streaming = false;
      world.pass(Duration.ofMinutes(2));
      assertWhole(world, story);
    }
  }

  @Test
  void aQuietSourceIsNotDoneBeforeItsCutover() {
    var world = new World(3, Way.ARRIVAL).withHistory(200, 20);
    // the one row after the last copy: its insert begins just before the cutover
    world.at(world.cutover.minusMillis(1_500), world::arrive);
    assertThat(run(world, world.new Client())).isInstanceOf(Outcome.Done.class);
    world.pass(Duration.ofMinutes(2));
    assertWhole(world, "a row between the last copy and the cutover");
  }

  @Test
  void rowsThatAPopulateBroughtTwiceAreSaidAndNothingIsAdded() {
    var world = new World(4, Way.FLOWING).withHistory(300, 20);
    world.populated(1_000).populated(1_000);
    assertThat(run(world, world.new Client()))
        .isInstanceOfSatisfying(
            Outcome.NotReady.class,
            n ->
                assertThat(n.reasons())
                    .singleElement()
                    .asString()
                    .contains("events_1 differs from events: 0 missing, " + world.source.size()));
    assertThat(world.started).isEmpty();
  }

  @Test
  void rowsThatAPopulateBroughtTwiceAreNotHiddenByAsManyThatItMissed() {
    var world = new World(5, Way.FLOWING).withHistory(300, 20);
    world.populated(500).populated(500);
    assertThat(world.lost()).isPositive();
    var doubled = world.doubled();
    assertThat(run(world, world.new Client())).isInstanceOf(Outcome.NotReady.class);
    assertThat(world.doubled()).isEqualTo(doubled);
  }

  @ParameterizedTest
  @EnumSource(names = {"ARRIVAL", "FLOWING", "KEYED"})
  void aSyncThatIsUnlinkedIsSaidBeforeAnythingIsCopied(Way way) {
    var world = new World(6, way).withHistory(100, 10);
    world.link(false);
    assertThat(run(world, world.new Client()))
        .isInstanceOfSatisfying(
            Outcome.NotReady.class,
            n ->
                assertThat(n.reasons())
                    .singleElement()
                    .asString()
                    .contains("doesn't feed events_1 (its node is unlinked)"));
    assertThat(world.started).isEmpty();
  }

  /// A populate that is started beside the run may fail and unlink the view.
  @ParameterizedTest
  @EnumSource(names = {"ARRIVAL", "FLOWING", "KEYED"})
  void aSyncThatIsUnlinkedMeanwhileIsNotDone(Way way) {
    var world = new World(7, way).withHistory(100, 10);
    var process = world.new Client();
    process.beforeCopy = () -> world.link(false);
    assertThat(run(world, process)).isInstanceOf(Outcome.NotReady.class);
  }
}
