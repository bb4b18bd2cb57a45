package dev.backfill.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.status.Facts.Cut;
import dev.backfill.status.Facts.Lease;
import dev.backfill.status.Facts.LiveReader;
import dev.backfill.status.Facts.Sync;
import dev.backfill.status.Facts.Target;
import dev.backfill.status.Facts.Upheaval;
import dev.backfill.status.Facts.Writes;
import dev.backfill.status.Standing.Part;
import dev.backfill.status.Standing.View;
import dev.backfill.status.Step.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// From what is seen to whose turn it is. [Seen] is a migration whose readers and producers have
/// moved and whose old version is quiet; each test takes something away.
class HandoverTest {
  private static final Instant NOW = Instant.parse("2026-06-20T12:00:00Z");
  private static final Instant T = Instant.parse("2026-06-01T00:00:00Z");

  @Test
  void beforeTheMergeItIsYourTurnToMerge() {
    var seen = new Seen();
    seen.targetRows = Optional.empty();
    seen.sync = new Sync.Absent();
    seen.backfill = false;
    seen.standing = Optional.empty();
    seen.readers = true;

    assertThat(states(seen)).startsWith("deploy NOW", "run WAITS", "readers WAITS");
    assertThat(status(seen).next().missing().getFirst()).contains("isn't in the workspace yet");
  }

  @Test
  void beforeTheCutoverEverybodyWaitsForIt() {
    var seen = new Seen();
    seen.sync = live(NOW.plusSeconds(600));
    seen.standing = Optional.empty();
    seen.readers = true;

    var run = step(seen, "run");
    assertThat(run.state()).isEqualTo(State.WAITS);
    assertThat(run.until()).contains(NOW.plusSeconds(600));
    assertThat(status(seen).next().allowed()).isFalse();
  }

  @Test
  void whatIsMissingBelowTheCutoverIsOurTurn() {
    var seen = new Seen();
    seen.standing = standing(new Part("history", 100, 40, 60, 0, false));

    assertThat(step(seen, "run").state()).isEqualTo(State.NOW);
    assertThat(step(seen, "run").because().toString()).contains("lacks at least 60 of 100 rows");
    assertThat(step(seen, "run").command())
        .contains("backfill run --plan plan.json --confirm producers_moved");
  }

  @Test
  void theCommandOfARemovalHoldsTheWordsThatItNeeds() {
    var seen = new Seen();
    seen.confirmed = Set.of();
    assertThat(step(seen, "cleanup").state()).as("producers first").isEqualTo(State.WAITS);
    assertThat(step(seen, "cleanup").command())
        .contains("backfill cleanup --plan plan.json --confirm producers_moved");

    seen.sync = new Sync.Absent();
    seen.backfill = false;
    assertThat(step(seen, "cleanup").state()).isEqualTo(State.NOW);
    assertThat(step(seen, "cleanup").command())
        .contains("backfill cleanup --plan plan.json --confirm no_other_readers");

    seen.quietSince = Optional.of(NOW.minusSeconds(60));
    assertThat(step(seen, "cleanup").state()).as("a word isn't enough").isEqualTo(State.WAITS);
  }

  @Test
  void aViewThatCountsDeletedRowsAsTheOldOneDoesIsAskedFor() {
    var seen = new Seen();
    seen.standing =
        Optional.of(
            new Standing(
                NOW,
                List.of(new Part("history", 100, 100, 0, 0, true)),
                List.of(new View("daily_1", Standing.Agreement.AS_OLD))));
    assertThat(step(seen, "run").state()).isEqualTo(State.STUCK);
    assertThat(step(seen, "run").because().toString()).contains("--confirm views_keep_deleted");

    seen.confirmed = Set.of("views_keep_deleted");
    assertThat(step(seen, "run").state()).isEqualTo(State.DONE);
    assertThat(step(seen, "run").because().toString()).contains("views too");
  }

  @Test
  void whereProducersMoveFirstTheirTurnIsBeforeTheCopy() {
    var seen = new Seen();
    seen.supply = Facts.Supply.MOVE_FIRST;
    seen.sync = new Sync.None();
    seen.confirmed = Set.of();
    seen.readers = true;
    seen.standing = standing(new Part("all", 100, 0, 100, 0, false));
    seen.direct = Optional.empty();

    assertThat(states(seen))
        .containsExactly(
            "deploy DONE", "producers NOW", "run WAITS", "readers WAITS", "cleanup WAITS");

    seen.direct = Optional.of(NOW.minusSeconds(60));
    assertThat(states(seen)).contains("run NOW");

    seen.standing = standing(new Part("all", 100, 105, 0, 5, false));
    assertThat(states(seen)).contains("producers NOW", "run DONE", "readers NOW");
    seen.confirmed = Set.of("producers_moved");
    assertThat(states(seen)).contains("producers DONE", "run DONE", "readers NOW");
  }

  @Test
  void newerRowsMayBeUnderWay() {
    var seen = new Seen();
    seen.standing =
        standing(new Part("history", 100, 100, 0, 0, true), new Part("future", 10, 9, 1, 0, false));

    assertThat(step(seen, "run").state()).isEqualTo(State.DONE);
    assertThat(step(seen, "run").because().toString()).contains("backfill verify");
  }

  /// Deleted in the source and, by hand, in the target: no deletion reaches a view.
  @ParameterizedTest
  @EnumSource(Standing.Agreement.class)
  void theProofIsDoneOnlyWhenTheViewsAgreeToo(Standing.Agreement agreement) {
    var rest = new Part("history", 100, 100, 0, 0, true);
    var underWay = new Part("future", 10, 9, 1, 0, false);
    var more = new Part("live", 10, 12, 0, 2, false);
    for (var parts : List.of(List.of(rest), List.of(rest, underWay), List.of(rest, more))) {
      var seen = new Seen();
      seen.standing =
          Optional.of(new Standing(NOW, parts, List.of(new View("daily_1", agreement))));
      for (var said :
          List.of(Set.of("changes_repeated"), Set.of("changes_repeated", "producers_moved"))) {
        seen.confirmed = said;

        var run = step(seen, "run");

        if (agreement == Standing.Agreement.EQUAL) {
          assertThat(run.state()).as(parts.toString()).isEqualTo(State.DONE);
        } else {
          assertThat(run.state()).as(parts.toString()).isNotEqualTo(State.DONE);
          assertThat(run.because().toString()).contains("`daily_1`").doesNotContain("views too");
          assertThat(run.command()).isPresent();
          assertThat(status(seen).next().allowed()).isFalse();
        }
      }
    }
  }

  @Test
  void rowsThatTheSyncLeftOutSinceTheCutoverAreMissing() {
    var seen = new Seen();
    seen.standing =
        standing(new Part("history", 100, 100, 0, 0, true), new Part("live", 10, 9, 1, 0, false));
    seen.readers = true;

    assertThat(step(seen, "run").state()).isEqualTo(State.NOW);
    assertThat(step(seen, "run").because().toString()).contains("lacks at least 1 row from T on");
    assertThat(status(seen).next().allowed()).as("readers would miss it").isFalse();
  }

  @Test
  void feedsThatWentBeforeTheRowsCameAreNoEnd() {
    var seen = new Seen();
    seen.sync = new Sync.Absent();
    seen.backfill = false;
    seen.standing = standing(new Part("all", 100, 60, 40, 0, false));
    seen.confirmed = Set.of("no_other_readers", "producers_moved");

    assertThat(step(seen, "run").state()).isEqualTo(State.STUCK);
    assertThat(status(seen).next().allowed()).isFalse();
    assertThat(status(seen).next().missing().toString()).contains("lacks rows of `events`");
  }

  @Test
  void olderBucketsThatNobodyHasSeenAreNotProven() {
    var seen = new Seen();
    seen.cuts = List.of(new Cut("by_day", "by_day_1", true, true, Optional.empty()));
    assertThat(step(seen, "run").state()).isEqualTo(State.NOW);
    seen.cuts = List.of(new Cut("by_day", "by_day_1", true, true, older(false)));
    assertThat(step(seen, "run").state()).isEqualTo(State.NOW);
    assertThat(status(seen).next().allowed()).isFalse();
    seen.cuts = List.of(new Cut("by_day", "by_day_1", true, true, older(true)));
    assertThat(step(seen, "run").state()).isEqualTo(State.DONE);
    seen.cuts = List.of(new Cut("by_day", "by_day_1", true, true, older(false)));
    seen.sync = new Sync.Absent();
    seen.backfill = false;
    seen.confirmed = Set.of("no_other_readers", "producers_moved");
    assertThat(status(seen).next().allowed()).as("the old target is all there is").isFalse();
  }

  @Test
  void aPlanOfViewsAloneIsNotDoneBecauseItHasNothingToCopyItself() {
    var seen = new Seen();
    seen.views = true;
    seen.cuts = List.of(new Cut("by_day", "by_day_1", false, false, Optional.empty()));
    assertThat(states(seen)).startsWith("deploy NOW", "run WAITS");
    seen.cuts = List.of(new Cut("by_day", "by_day_1", true, true, older(false)));
    assertThat(states(seen)).startsWith("deploy DONE", "run NOW");
    seen.cuts = List.of(new Cut("by_day", "by_day_1", true, true, older(true)));
    assertThat(states(seen)).startsWith("deploy DONE", "run DONE");
    seen.confirmed = Set.of("no_other_readers");
    assertThat(status(seen).next()).isEqualTo(new Next(Next.Change.REMOVE_OLD, List.of()));
    var late = new Facts.Older(true, NOW.plusSeconds(3_600), 0);
    seen.cuts = List.of(new Cut("by_day", "by_day_1", true, true, Optional.of(late)));
    assertThat(status(seen).next().missing())
        .singleElement()
        .asString()
        .contains("may come late until", "only the old views take them");
  }

  @Test
  void producersWaitForRowsThatTheViewOfTheNewVersionWouldPassBy() {
    var seen = new Seen();
    var late = new Facts.Older(true, NOW.plusSeconds(3_600), 0);
    seen.cuts = List.of(new Cut("by_day", "by_day_1", true, true, Optional.of(late)));
    seen.confirmed = Set.of();
    var step = step(seen, "producers");
    assertThat(step.state()).isEqualTo(State.WAITS);
    assertThat(step.until()).contains(NOW.plusSeconds(3_600));
    seen.cuts = List.of(new Cut("by_day", "by_day_1", true, true, older(true)));
    assertThat(step(seen, "producers").state()).isEqualTo(State.NOW);
  }

  @Test
  void rowsThatNeitherViewTookHaveToBeAnsweredFor() {
    var seen = new Seen();
    seen.cuts =
        List.of(
            new Cut("by_day", "by_day_1", true, true, Optional.of(new Facts.Older(true, T, 3))));
    assertThat(status(seen).next().missing())
        .singleElement()
        .asString()
        .contains("3 rows of buckets before the cutover", "--confirm older_buckets_done");
    seen.confirmed = Set.of("producers_moved", "older_buckets_done");
    assertThat(status(seen).next()).isEqualTo(new Next(Next.Change.REMOVE_FEEDS, List.of()));
  }

  @Test
  void aLoadThatReachedTheNewVersionIsNotComparedWithTheOneBefore() {
    var seen = new Seen();
    seen.supply = Facts.Supply.LOADER;
    seen.standing = standing(new Part("all", 100, 90, 20, 10, false));
    assertThat(step(seen, "run").state()).isEqualTo(State.DONE);
    assertThat(status(seen).next()).isEqualTo(new Next(Next.Change.REMOVE_FEEDS, List.of()));
    seen.confirmed = Set.of();
    assertThat(step(seen, "run").state()).isNotEqualTo(State.DONE);
  }

  @Test
  void whereBothVersionsReadTheTopicNobodyMovesAndNothingIsEverQuiet() {
    var seen = new Seen();
    seen.supply = Facts.Supply.TOPIC;
    seen.sync = new Sync.None();
    seen.quietSince = Optional.of(NOW);
    seen.confirmed = Set.of();
    assertThat(states(seen))
        .startsWith("deploy DONE", "run DONE", "readers DONE", "producers DONE");
    assertThat(status(seen).next()).isEqualTo(new Next(Next.Change.REMOVE_FEEDS, List.of()));
  }

  @Test
  void beforeADeploymentNothingElseIsAsked() {
    var seen = new Seen();
    seen.targetRows = Optional.empty();
    seen.sync = new Sync.Absent();
    seen.backfill = false;
    seen.confirmed = Set.of();
    assertThat(status(seen).next().missing())
        .singleElement()
        .asString()
        .isEqualTo("the plan isn't deployed yet: `events_1` isn't in the workspace yet");
  }

  @Test
  void withoutACutoverNothingIsTakenForUnderWay() {
    var seen = new Seen();
    seen.sync = new Sync.Live(T, Optional.empty(), Optional.empty(), false);
    seen.standing = standing(new Part("all", 100, 0, 100, 0, false));

    assertThat(step(seen, "run").state()).isEqualTo(State.NOW);
    assertThat(status(seen).next().allowed()).isFalse();
  }

  @Test
  void whatIsNotInProductionIsNotCopied() {
    var seen = new Seen();
    seen.sync = new Sync.None();
    seen.syncPipe = "";
    seen.backfillPipe = "";
    seen.backfill = false;
    seen.targetRows = Optional.of(0L);
    seen.standing = Optional.empty();

    assertThat(states(seen)).startsWith("deploy DONE", "run DONE");
    assertThat(step(seen, "run").because().toString()).contains("nothing is copied");
  }

  @Test
  void rowsTooManyAreAFaultUntilTheyAreTheProducers() {
    var seen = new Seen();
    seen.confirmed = Set.of();
    seen.standing = standing(new Part("history", 100, 101, 0, 1, false));

    assertThat(step(seen, "run").state()).isEqualTo(State.STUCK);
    seen.confirmed = Set.of("producers_moving");
    assertThat(step(seen, "run").state()).isEqualTo(State.DONE);
    seen.standing = standing(new Part("history", 100, 101, 3, 4, false));
    assertThat(step(seen, "run").state()).isEqualTo(State.NOW);
  }

  @Test
  void anEmptyTargetWithoutItsSyncIsHalfADeployment() {
    var seen = new Seen();
    seen.sync = new Sync.Absent();
    seen.targetRows = Optional.of(0L);

    assertThat(step(seen, "deploy").state()).isEqualTo(State.STUCK);
    assertThat(step(seen, "deploy").because().toString()).contains("half of a deployment");
    assertThat(status(seen).next().allowed()).isFalse();
  }

  @Test
  void anUnlinkedSyncIsAFaultWhateverIsSaid() {
    var seen = new Seen();
    seen.sync = new Sync.Unlinked();

    assertThat(step(seen, "deploy").state()).isEqualTo(State.STUCK);
    assertThat(status(seen).next().allowed()).isFalse();
  }

  @Test
  void anEditedSyncIsAFault() {
    var seen = new Seen();
    seen.sync =
        new Sync.Live(T.minusSeconds(60), Optional.of(T), Optional.of("another filter"), false);

    assertThat(status(seen).stuck()).isTrue();
    assertThat(status(seen).next().allowed()).isFalse();
  }

  @Test
  void aSyncThatIsYoungerThanItsCutoverIsTold() {
    var seen = new Seen();
    seen.sync = new Sync.Live(T.plusSeconds(60), Optional.of(T), Optional.empty(), false);

    assertThat(step(seen, "deploy").because().toString()).contains("went live after T");
  }

  @Test
  void deletionsStopItUntilTheyAreRepeated() {
    var seen = new Seen();
    seen.upheavals = List.of(new Upheaval(NOW.minusSeconds(99), "delete_data", "events"));

    assertThat(step(seen, "run").state()).isEqualTo(State.STUCK);
    assertThat(step(seen, "run").because().toString())
        .contains("tb datasource delete events_1 --sql-condition");
    seen.confirmed = Set.of("producers_moved", "changes_repeated");
    assertThat(step(seen, "run").state()).isEqualTo(State.DONE);
  }

  @Test
  void theFeedsGoWhenEverythingIsThere() {
    var next = status(new Seen()).next();

    assertThat(next.change()).isEqualTo(Next.Change.REMOVE_FEEDS);
    assertThat(next.missing()).isEmpty();
    assertThat(states(new Seen()))
        .containsExactly(
            "deploy DONE", "run DONE", "readers DONE", "producers DONE", "cleanup NOW");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "readers",
        "word",
        "quiet",
        "log",
        "missing",
        "view",
        "lease",
        "deletion",
        "unread",
        "sync",
        "T"
      })
  void theFeedsStayWhenOneThingIsMissing(String what) {
    var seen = new Seen();
    switch (what) {
      case "readers" -> seen.readers = true;
      case "word" -> seen.confirmed = Set.of("producers_moving", "no_other_readers");
      case "quiet" -> seen.quietSince = Optional.of(NOW.minus(Duration.ofDays(6)));
      case "log" -> seen.quietSince = Optional.empty();
      case "missing" -> seen.standing = standing(new Part("history", 9, 8, 1, 0, false));
      case "view" ->
          seen.standing =
              Optional.of(
                  new Standing(
                      NOW,
                      List.of(new Part("history", 9, 9, 0, 0, true)),
                      List.of(new View("daily_1", Standing.Agreement.DIFFERENT))));
      case "lease" ->
          seen.leases = List.of(new Lease("l", "somebody", Optional.of(NOW.plusSeconds(5))));
      case "deletion" ->
          seen.upheavals = List.of(new Upheaval(NOW.minusSeconds(99), "truncate", "events"));
      case "unread" -> seen.standing = Optional.empty();
      case "sync" -> seen.sync = new Sync.Unlinked();
      default -> seen.sync = live(NOW.plusSeconds(5));
    }

    var next = status(seen).next();

    assertThat(next.change() == Next.Change.REMOVE_FEEDS && next.allowed())
        .as(next.toString())
        .isFalse();
    assertThat(step(seen, "cleanup").state()).isNotEqualTo(State.NOW);
  }

  @Test
  void quietIsWaitedForByTheClock() {
    var seen = new Seen();
    seen.quietSince = Optional.of(NOW.minus(Duration.ofDays(6)));

    assertThat(step(seen, "cleanup").until()).contains(NOW.plus(Duration.ofDays(1)));
    assertThat(status(seen).next().missing().toString()).contains("no rows for 7 days");
  }

  @Test
  void theOldVersionGoesLastAndOnlyOnAWord() {
    var seen = new Seen();
    seen.sync = new Sync.Absent();
    seen.backfill = false;
    seen.confirmed = Set.of();

    assertThat(status(seen).next().change()).isEqualTo(Next.Change.REMOVE_OLD);
    assertThat(status(seen).next().missing())
        .singleElement()
        .asString()
        .contains("no_other_readers");
    seen.confirmed = Set.of("no_other_readers");
    assertThat(status(seen).next().allowed()).isTrue();
    seen.quietSince = Optional.of(NOW.minusSeconds(5));
    assertThat(status(seen).next().allowed()).as("somebody writes to it again").isFalse();
  }

  @Test
  void whenNothingIsLeftItIsFinished() {
    var seen = new Seen();
    seen.sync = new Sync.Absent();
    seen.backfill = false;
    seen.old = false;
    seen.confirmed = Set.of();

    assertThat(status(seen).finished()).isTrue();
    assertThat(status(seen).next().change()).isEqualTo(Next.Change.FINISHED);
  }

  @Test
  void feedsThatGoOneAfterTheOtherAreNoFault() {
    var seen = new Seen();
    seen.sync = new Sync.Absent();

    assertThat(step(seen, "deploy").state()).isEqualTo(State.DONE);
    seen.confirmed = Set.of();
    assertThat(step(seen, "deploy").state()).isEqualTo(State.STUCK);
  }

  private static Optional<Facts.Older> older(boolean holds) {
    return Optional.of(new Facts.Older(holds, T, 0));
  }

  private static Sync live(Instant cutover) {
    return new Sync.Live(T.minusSeconds(1800), Optional.of(cutover), Optional.empty(), false);
  }

  @Test
  void historyBeforeAMomentOfInsertionIsCopiedBeforeIt() {
    var seen = new Seen();
    seen.sync =
        new Sync.Live(
            T.minusSeconds(1800), Optional.of(NOW.plusSeconds(600)), Optional.empty(), true);
    seen.standing = Optional.empty();

    var step = step(seen, "run");
    assertThat(step.state()).isEqualTo(State.NOW);
    assertThat(step.until()).isEmpty();
    assertThat(step.because().toString()).contains("is best filled before T");
  }

  private static Optional<Standing> standing(Part... parts) {
    return Optional.of(new Standing(NOW, List.of(parts), List.of()));
  }

  private static final class Seen {
    Optional<Long> targetRows = Optional.of(100L);
    Facts.Supply supply = Facts.Supply.PRODUCERS;
    Sync sync = live(T);
    String syncPipe = "sync_events_1";
    String backfillPipe = "backfill_events_1";
    boolean backfill = true;
    Optional<Standing> standing = standing(new Part("history", 100, 100, 0, 0, true));
    List<Upheaval> upheavals = List.of();
    Optional<Instant> direct = Optional.of(NOW.minusSeconds(60));
    Optional<Instant> quietSince = Optional.of(NOW.minus(Duration.ofDays(8)));
    List<Lease> leases = List.of(new Lease("released", "somebody", Optional.empty()));
    boolean readers;
    List<Cut> cuts = List.of();
    boolean views;
    boolean old = true;
    Set<String> confirmed = Set.of("producers_moved");

    Facts facts() {
      return new Facts(
          "main",
          false,
          NOW,
          views
              ? List.of()
              : List.of(
                  new Target(
                      "events",
                      "events_1",
                      supply,
                      old,
                      targetRows,
                      sync,
                      syncPipe,
                      backfillPipe,
                      backfill,
                      List.of(),
                      standing,
                      upheavals,
                      new Writes(quietSince, quietSince, direct, 5),
                      leases)),
          readers ? List.of(new LiveReader("top", "endpoint", List.of("events"))) : List.of(),
          List.of(),
          old ? List.of("events", "by_day") : List.of(),
          views ? List.of("old_view") : List.of(),
          List.of(),
          List.of(),
          cuts,
          List.of());
    }
  }

  private static Status status(Seen seen) {
    return Handover.status(
        seen.facts(), new Wanted(Duration.ofDays(7), seen.confirmed, "plan.json"));
  }

  private static List<String> states(Seen seen) {
    var out = new ArrayList<String>();
    status(seen).steps().forEach(s -> out.add(s.id() + " " + s.state()));
    return out;
  }

  private static Step step(Seen seen, String id) {
    return status(seen).steps().stream().filter(s -> s.id().equals(id)).findFirst().orElseThrow();
  }
}
