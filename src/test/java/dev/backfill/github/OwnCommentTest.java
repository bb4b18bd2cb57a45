package dev.backfill.github;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.failure.Failure;
import dev.backfill.testing.github.Call;
import dev.backfill.testing.github.FakeGitHub;
import dev.backfill.testing.github.Fault;
import dev.backfill.testing.github.GitHubScene;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OwnCommentTest {
  private static final String MARKER = "<!-- backfill -->";
  @TempDir Path folder;
  private GitHubScene scene;
  private FakeGitHub fake;
  private OwnComment own;

  @BeforeEach
  void start() {
    scene = new GitHubScene(folder);
    fake = scene.fake;
    own = new OwnComment(scene.github, MARKER, FakeGitHub.ACTIONS);
  }

  @AfterEach
  void stop() {
    scene.close();
  }

  @Test
  void itIsCreatedOnceAndChangedInPlace() {
    assertThat(own.find(scene.pull)).isEmpty();
    put("one");
    put("two");

    assertThat(texts()).containsExactly(MARKER + "two");
    assertThat(own.find(scene.pull)).map(Comment::body).contains(MARKER + "two");
  }

  @Test
  void theSameTextAgainWritesNothing() {
    put("one");
    var before = fake.requests().size();
    put("one");

    assertThat(fake.requests().subList(before, fake.requests().size()))
        .containsExactly("GET /issues/1/comments");
  }

  @Test
  void itIsFoundAmongAThousandOthers() {
    for (var i = 0; i < 950; i++) {
      fake.say(scene.pull, "ana", "number " + i);
    }
    put("one");
    for (var i = 0; i < 50; i++) {
      fake.say(scene.pull, "ana", "later " + i);
    }
    put("two");

    assertThat(texts()).containsExactly(MARKER + "two");
    assertThat(fake.comments(scene.pull)).hasSize(1001);
  }

  @Test
  void aForgedMarkerIsNobodysBusiness() {
    var forged =
        List.of(
            fake.say(scene.pull, "eve", MARKER + "ready"),
            fake.say(scene.pull, "github-actions", MARKER + "ready"),
            fake.say(scene.pull, Optional.empty(), MARKER + "ready"),
            // another workflow of the repository that quotes what people write
            fake.say(scene.pull, FakeGitHub.ACTIONS, "> " + MARKER + "ready"));
    put("not ready");
    put("still not ready");

    assertThat(fake.comments(scene.pull)).hasSize(forged.size() + 1);
    assertThat(fake.comments(scene.pull).subList(0, forged.size()))
        .extracting(Comment::id, Comment::body)
        .doesNotContain(org.assertj.core.groups.Tuple.tuple(forged.getFirst(), "not ready"))
        .allSatisfy(tuple -> assertThat(tuple.toList().get(1).toString()).endsWith("ready"))
        .noneSatisfy(tuple -> assertThat(tuple.toList().get(1).toString()).contains("not ready"));
    assertThat(fake.comments(scene.pull).getLast().body()).isEqualTo(MARKER + "still not ready");
  }

  @Test
  void aPersonsOwnTokenFindsItsCommentWhateverTheCaseOfTheLogin() {
    var github = scene.client(fake.token("Ana-Bot", Optional.empty(), "issues=write"));
    var hers = new OwnComment(github, MARKER, "ana-bot");
    done(hers.put(scene.pull, MARKER + "one"));
    done(hers.put(scene.pull, MARKER + "two"));

    assertThat(fake.comments(scene.pull)).hasSize(1);
  }

  @Test
  void aWrongAuthorInTheSettingsStillLeavesOneComment() {
    var wrong = new OwnComment(scene.github, MARKER, "somebody-else");
    for (var i = 0; i < 3; i++) {
      var put = done(wrong.put(scene.pull, MARKER + i));
      assertThat(put.author()).isEqualTo(FakeGitHub.ACTIONS);
      assertThat(put.body()).isEqualTo(MARKER + i);
    }

    assertThat(texts()).containsExactly(MARKER + "2");
  }

  @ParameterizedTest
  @CsvSource({"list", "create", "look again"})
  void twoRunsAtOnceLeaveOneCommentWhereverTheyMeet(String where) {
    var other = client();
    Runnable meanwhile = () -> done(other.put(scene.pull, MARKER + "other"));
    switch (where) {
      case "list" -> fake.before(OwnCommentTest::list, meanwhile);
      case "create" -> fake.before(OwnCommentTest::create, meanwhile);
      default -> {
        var lists = new int[1];
        fake.before(call -> list(call) && lists[0]++ == 1, meanwhile);
      }
    }

    put("mine");

    assertThat(texts()).hasSize(1);
    assertThat(texts().getFirst()).isIn(MARKER + "mine", MARKER + "other");
  }

  @Test
  void theOtherRunMayFinishBetweenAnyTwoOfOurRequests() {
    // each run has at most six requests: the other one is started before the n-th of ours
    for (var n = 1; n <= 6; n++) {
      var other = client();
      var count = new int[] {n};
      var text = "other " + n;
      fake.before(_ -> --count[0] == 0, () -> done(other.put(scene.pull, MARKER + text)));

      put("mine " + n);

      assertThat(texts()).as("before request " + n).hasSize(1);
      fake.heal();
      fake.comments(scene.pull).forEach(comment -> scene.github.deleteComment(comment.id()));
    }
  }

  @Test
  void eightRunsAtOnceLeaveOneComment() throws Exception {
    var clients = IntStream.range(0, 8).mapToObj(_ -> client()).toList();
    for (var round = 0; round < 3; round++) {
      var together = new CountDownLatch(1);
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        var puts =
            IntStream.range(0, clients.size())
                .mapToObj(i ->
                    threads.submit(() -> {
                      together.await();
                      return clients.get(i).put(scene.pull, MARKER + "run " + i);
                    }))
                .toList();
        together.countDown();
        for (var put : puts) {
          done(put.get());
        }
      }

      assertThat(texts()).hasSize(1);
      fake.comments(scene.pull).forEach(comment -> scene.github.deleteComment(comment.id()));
    }
  }

  @Test
  void whatACrashLeftBehindIsCleanedUp() {
    var first = fake.say(scene.pull, FakeGitHub.ACTIONS, MARKER + "a");
    fake.say(scene.pull, FakeGitHub.ACTIONS, MARKER + "b");
    fake.say(scene.pull, FakeGitHub.ACTIONS, MARKER + "c");

    assertThat(put("d").id()).isEqualTo(first);
    assertThat(texts()).containsExactly(MARKER + "d");
  }

  @ParameterizedTest
  @ValueSource(strings = {"LostAfter", "LostBefore", "BadGatewayAfter", "500"})
  void aLostAnswerLeavesOneComment(String fault) {
    fake.once(OwnCommentTest::create, fault(fault));
    put("one");

    assertThat(texts()).containsExactly(MARKER + "one");
  }

  @Test
  void aListThatLagsBehindLeavesOneComment() {
    fake.once(OwnCommentTest::create, new Fault.LostAfter());
    // the first look is before the create, the second after the lost answer
    var lists = new int[1];
    fake.once(call -> list(call) && lists[0]++ == 1, new Fault.Answer(200, "[]", Map.of()));
    put("one");

    assertThat(texts()).containsExactly(MARKER + "one");
  }

  @Test
  void aServerThatStaysDownIsAFailureAndNeverASuccess() {
    fake.always(OwnCommentTest::create, Fault.status(502));

    assertThatThrownBy(() -> put("one")).isInstanceOf(Failure.Remote.class);
    assertThat(texts()).isEmpty();
  }

  @Test
  void aCommentSomebodyDeletesUnderUsIsMadeAgain() {
    var id = put("one").id();
    fake.before(call -> call.is("PATCH", "issues"), () -> scene.github.deleteComment(id));

    assertThat(put("two").id()).isNotEqualTo(id);
    assertThat(texts()).containsExactly(MARKER + "two");
  }

  @Test
  void aMissingPermissionIsSaidAndLeavesNothing() {
    var poor =
        new OwnComment(
            scene.client(fake.token(FakeGitHub.ACTIONS, Optional.of("github-actions"))),
            MARKER,
            FakeGitHub.ACTIONS);

    assertThat(poor.put(scene.pull, MARKER + "one")).isInstanceOf(Attempt.Denied.class);
    assertThat(texts()).isEmpty();

    put("one");
    assertThat(poor.put(scene.pull, MARKER + "two")).isInstanceOf(Attempt.Denied.class);
    assertThat(texts()).containsExactly(MARKER + "one");
  }

  @Test
  void aTextWithoutItsMarkerIsABug() {
    assertThatThrownBy(() -> own.put(scene.pull, "no marker"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /// Two runs in turn, and every sixth request goes wrong somehow. After each put that says it is
  /// done there is one comment and it says what was put.
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void underAnyFaultsThereAreNeverTwo(long seed) {
    var random = new Random(seed);
    var faults =
        List.of(
            new Fault.LostAfter(),
            new Fault.LostBefore(),
            new Fault.BadGatewayAfter(),
            Fault.status(500),
            Fault.status(503),
            Fault.status(429),
            Fault.secondaryLimit(403, 1),
            Fault.secondaryLimit(403),
            Fault.status(409),
            Fault.status(422),
            Fault.status(404));
    for (var fault : faults) {
      fake.always(_ -> random.nextInt(6 * faults.size()) == 0, fault);
    }
    var clients = List.of(own, client());
    var puts = 0;
    for (var i = 0; i < 40; i++) {
      var text = MARKER + i;
      try {
        done(clients.get(i % 2).put(scene.pull, text));
        puts++;
        assertThat(texts()).as("seed " + seed + ", put " + i).containsExactly(text);
      } catch (Failure.Remote e) {
        // said, not silent; at most one more than before is there until the next put
        assertThat(texts().size()).as("seed " + seed + ", put " + i).isLessThanOrEqualTo(2);
      }
    }
    assertThat(puts).isGreaterThan(10);

    fake.heal();
    put("last");
    assertThat(texts()).containsExactly(MARKER + "last");
  }

  private static Fault fault(String name) {
    return switch (name) {
      case "LostAfter" -> new Fault.LostAfter();
      case "LostBefore" -> new Fault.LostBefore();
      case "BadGatewayAfter" -> new Fault.BadGatewayAfter();
      default -> Fault.status(Integer.parseInt(name));
    };
  }

  private static boolean create(Call call) {
    return call.is("POST", "issues");
  }

  private static boolean list(Call call) {
    return call.is("GET", "issues") && call.path().getLast().equals("comments");
  }

  private OwnComment client() {
    return new OwnComment(scene.client(fake.actionsToken()), MARKER, FakeGitHub.ACTIONS);
  }

  private Comment put(String text) {
    return done(own.put(scene.pull, MARKER + text));
  }

  private static Comment done(Attempt<Comment> attempt) {
    return attempt.done().orElseThrow(() -> new AssertionError(attempt));
  }

  /// What our login said with our marker.
  private List<String> texts() {
    return fake.comments(scene.pull).stream()
        .filter(comment -> comment.author().equals(FakeGitHub.ACTIONS))
        .map(Comment::body)
        .filter(body -> body.startsWith(MARKER))
        .toList();
  }
}
