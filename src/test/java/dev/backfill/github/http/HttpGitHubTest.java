package dev.backfill.github.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.backfill.failure.Failure.Kind;
import dev.backfill.failure.Failure.Remote;
import dev.backfill.github.Annotation;
import dev.backfill.github.Attempt;
import dev.backfill.github.Attempt.Denied;
import dev.backfill.github.Attempt.Done;
import dev.backfill.github.Check;
import dev.backfill.github.Committed;
import dev.backfill.github.FileEdit;
import dev.backfill.github.GitHub;
import dev.backfill.github.NewCommit;
import dev.backfill.github.NewPullRequest;
import dev.backfill.github.Permission;
import dev.backfill.github.PullRequest;
import dev.backfill.github.Reaction;
import dev.backfill.github.RepositoryName;
import dev.backfill.http.Limits;
import dev.backfill.revision.CommitId;
import dev.backfill.testing.github.Dispatched;
import dev.backfill.testing.github.FakeGitHub;
import dev.backfill.testing.github.Fault;
import dev.backfill.testing.github.GitHubScene;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpGitHubTest {
  @TempDir Path folder;
  private GitHubScene scene;
  private FakeGitHub fake;
  private GitHub github;

  @BeforeEach
  void start() {
    scene = new GitHubScene(folder);
    fake = scene.fake;
    github = scene.github;
  }

  @AfterEach
  void stop() {
    scene.close();
  }

  // reading

  @Test
  void aPullRequestIsReadWhole() {
    var pull = github.pullRequest(scene.pull);

    assertThat(pull.head()).isEqualTo(scene.head);
    assertThat(pull.base()).isEqualTo(scene.base);
    assertThat(pull.headBranch()).isEqualTo("feature");
    assertThat(pull.baseBranch()).isEqualTo("main");
    assertThat(pull.author()).isEqualTo("ana");
    assertThat(pull.state()).isEqualTo(PullRequest.State.OPEN);
    assertThat(pull.fork()).isFalse();
    assertThat(pull.draft()).isFalse();
    assertThat(pull.mergeCommit()).isEmpty();
  }

  @Test
  void aForkIsAForkAlsoWhenItIsGoneOrDiffersByCaseOnly() {
    var fork = fake.openFromFork("eve", "feature", scene.head, "main");
    assertThat(github.pullRequest(fork).fork()).isTrue();
    assertThat(github.pullRequest(fork).headRepository())
        .contains(new RepositoryName("eve", "analytics"));

    var shouting = scene.client(fake.actionsToken());
    assertThat(shouting.pullRequest(scene.pull).fork()).isFalse();
  }

  @Test
  void mergedAndClosedAreTwoThings() {
    fake.draft(scene.pull);
    assertThat(github.pullRequest(scene.pull).draft()).isTrue();

    fake.close(scene.pull);
    assertThat(github.pullRequest(scene.pull).state()).isEqualTo(PullRequest.State.CLOSED);

    fake.merged(scene.pull, scene.head);
    assertThat(github.pullRequest(scene.pull).merged()).isTrue();
    assertThat(github.pullRequest(scene.pull).mergeCommit()).contains(scene.head);
    assertThat(github.pullRequestsWith(scene.head))
        .extracting(PullRequest::number)
        .containsExactly(scene.pull);
    assertThat(github.openPullRequests()).isEmpty();
  }

  @Test
  void openPullRequestsComeOldestFirstOverAllPages() {
    for (var i = 0; i < 120; i++) {
      fake.openFromFork("eve" + i, "feature", scene.head, "main");
    }

    assertThat(github.openPullRequests())
        .extracting(PullRequest::number)
        .containsExactlyElementsOf(IntStream.rangeClosed(1, 121).boxed().toList());
  }

  @Test
  void aThousandCommentsAreReadOverAllPages() {
    for (var i = 0; i < 1000; i++) {
      fake.say(scene.pull, "ana", "number " + i);
    }
    fake.say(scene.pull, Optional.empty(), "from a deleted account");

    var comments = github.comments(scene.pull);

    assertThat(comments).hasSize(1001);
    assertThat(comments.getFirst().body()).isEqualTo("number 0");
    assertThat(comments.getLast().author()).isEqualTo("ghost");
    assertThat(fake.requests()).hasSize(11);
  }

  @Test
  void onlyTheQueryOfALinkIsFollowedSoTheTokenStaysAtHome() {
    fake.once(
        call -> call.is("GET", "issues"),
        new Fault.Answer(
            200,
            "[]",
            Map.of("Link", "<https://evil.example/steal?page=2&per_page=100>; rel=\"next\"")));
    fake.say(scene.pull, "ana", "on the first page of the second answer, so not seen");

    assertThat(github.comments(scene.pull)).isEmpty();
    assertThat(fake.requests()).containsOnly("GET /issues/1/comments").hasSize(2);
  }

  @Test
  void anEnterpriseServerHasItsApiBelowAPath() {
    var there = scene.client(fake.actionsToken(), fake.enterpriseUrl(), GitHubScene.LIMITS);
    for (var i = 0; i < 101; i++) {
      fake.say(scene.pull, "ana", "number " + i);
    }

    assertThat(there.pullRequest(scene.pull).head()).isEqualTo(scene.head);
    assertThat(there.comments(scene.pull)).hasSize(101);
  }

  @ParameterizedTest
  @EnumSource(Permission.class)
  void aPersonMayWhatGitHubSays(Permission permission) {
    fake.person("ana", permission);

    assertThat(github.permission("ana")).isEqualTo(permission);
    assertThat(github.permission("ana").mayWrite())
        .isEqualTo(List.of("WRITE", "MAINTAIN", "ADMIN").contains(permission.name()));
  }

  @Test
  void somebodyUnknownMayNothing() {
    assertThat(github.permission("eve")).isEqualTo(Permission.NONE);
    assertThat(github.permission("dependabot[bot]")).isEqualTo(Permission.NONE);
  }

  @Test
  void whenTheTokenMayNotAskNobodyHasAPermission() {
    fake.once(call -> call.is("GET", "collaborators"), Fault.notPermitted("metadata=read"));

    assertThat(fails(() -> github.permission("ana")).kind()).isEqualTo(Kind.FORBIDDEN);
  }

  @Test
  void filesAreReadAtACommit() {
    assertThat(github.file(scene.base, "datasources/events.datasource"))
        .contains("SCHEMA >\n    `id` Int64\n");
    assertThat(github.file(scene.head, "datasources/events.datasource"))
        .contains("SCHEMA >\n    `id` UInt64\n");
    assertThat(github.file(scene.head, "datasources")).isEmpty();
    assertThat(github.file(scene.head, "nowhere/x")).isEmpty();
  }

  @Test
  void aFileTooLargeForTheContentsApiIsReadAsABlob() {
    var large = "0123456789".repeat(150_000);
    scene.repository.write("large.txt", large).link("link", "large.txt");
    var at = new CommitId(scene.repository.commit("large"));

    assertThat(github.file(at, "large.txt")).contains(large);
    assertThat(github.file(at, "link")).isEmpty();
  }

  @Test
  void theMergeBaseIsWhereTwoLinesParted() {
    scene.repository.checkout("main").write("other", "x");
    var main = new CommitId(scene.repository.commit("third"));

    assertThat(github.mergeBase(main, scene.head)).contains(scene.base);
  }

  @Test
  void theRepositorySaysItsDefaultBranch() {
    assertThat(github.repository().defaultBranch()).isEqualTo("main");
    assertThat(github.branch("feature")).contains(scene.head);
    assertThat(github.branch("no/such")).isEmpty();
  }

  // checks

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 50, 51, 100, 1001})
  void annotationsGoInFiftiesAndTheRunIsCompletedWithTheLast(int count) {
    fake.always(
        call -> {
          var runs = fake.checks(scene.head);
          assertThat(runs.stream().filter(run -> run.conclusion().isPresent())).isEmpty();
          return false;
        },
        Fault.status(500));

    var made = done(github.createCheck(scene.head, check("a", count)));

    var shown = fake.checks(scene.head).getFirst();
    assertThat(shown.annotations()).hasSize(count).doesNotHaveDuplicates();
    assertThat(shown.conclusion()).contains(Check.Conclusion.SUCCESS);
    assertThat(made.id()).isEqualTo(shown.id());
    assertThat(fake.requests().stream().filter(request -> !request.startsWith("GET")))
        .hasSize(Math.max(1, (count + 49) / 50));
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "2", "3"})
  void aLostAnswerNeitherDoublesNorLosesAnnotations(int lostAt) {
    var writes = new int[1];
    fake.always(
        call -> !call.method().equals("GET") && writes[0]++ == lostAt, new Fault.LostAfter());
    done(github.createCheck(scene.head, check("a", 160)));
    writes[0] = -1000;

    assertThat(fake.checks(scene.head)).hasSize(1);
    assertThat(fake.checks(scene.head).getFirst().annotations())
        .hasSize(160)
        .doesNotHaveDuplicates();
    assertThat(fake.checks(scene.head).getFirst().conclusion()).contains(Check.Conclusion.SUCCESS);
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "2", "3"})
  void aRequestThatNeverArrivedIsSentAgain(int lostAt) {
    var writes = new int[1];
    fake.always(
        call -> !call.method().equals("GET") && writes[0]++ == lostAt, new Fault.LostBefore());
    done(github.createCheck(scene.head, check("a", 160)));

    assertThat(fake.checks(scene.head)).hasSize(1);
    assertThat(fake.checks(scene.head).getFirst().annotations())
        .hasSize(160)
        .doesNotHaveDuplicates();
  }

  @Test
  void aCheckThatStoppedHalfWayIsNotGreenAndTheNextRunFinishesIt() {
    fake.always(call -> call.method().equals("PATCH"), Fault.status(500));
    assertThatThrownBy(() -> github.createCheck(scene.head, check("a", 120)))
        .isInstanceOf(Remote.class);
    assertThat(fake.checks(scene.head).getFirst().conclusion()).isEmpty();

    fake.heal();
    done(github.createCheck(scene.head, check("a", 120)));

    assertThat(fake.checks(scene.head)).hasSize(1);
    assertThat(fake.checks(scene.head).getFirst().annotations())
        .hasSize(120)
        .doesNotHaveDuplicates();
    assertThat(fake.checks(scene.head).getFirst().conclusion()).contains(Check.Conclusion.SUCCESS);
  }

  @Test
  void theSameCheckTwiceIsOneRunAndAnotherTextIsAnother() {
    done(github.createCheck(scene.head, check("a", 1)));
    done(github.createCheck(scene.head, check("a", 1)));
    assertThat(fake.checks(scene.head)).hasSize(1);

    done(github.createCheck(scene.head, check("b", 1)));
    done(github.createCheck(scene.head, check("a", 1)));
    assertThat(fake.checks(scene.head)).hasSize(3);
    assertThat(github.checkRuns(scene.head)).hasSize(1);
  }

  @Test
  void aRunGoesOnAndEnds() {
    var going = new Check.InProgress();
    var first = check("a", 0, going);
    var run = done(github.createCheck(scene.head, first));
    assertThat(run.conclusion()).isEmpty();

    done(github.updateCheck(run, check("a", 60, going)));
    var ended = new Check.Completed(Check.Conclusion.FAILURE);
    done(github.updateCheck(run, check("a", 60, ended)));

    var shown = fake.checks(scene.head).getFirst();
    assertThat(shown.annotations()).hasSize(120);
    assertThat(shown.conclusion()).contains(Check.Conclusion.FAILURE);
    assertThat(github.checkRuns(scene.head).getFirst().conclusion())
        .contains(Check.Conclusion.FAILURE);
  }

  @Test
  void aTokenThatIsNotAnAppsMayNotCheck() {
    var person = scene.client(fake.token("ana", Optional.empty(), "checks=write"));

    assertThat(denied(person.createCheck(scene.head, check("a", 0))))
        .contains("You must authenticate via a GitHub App");
    assertThat(fake.checks(scene.head)).isEmpty();
  }

  // commits

  @Test
  void aCommitKeepsModesAndLeavesTheRestAlone() {
    var made =
        made(
            github.commit(
                new NewCommit(
                    "feature",
                    scene.head,
                    "Add the migration",
                    List.of(
                        new FileEdit.Write("deploy/1.0.0/deploy.sh", "#!/bin/bash\n", true),
                        new FileEdit.Write("pipes/sync.pipe", "NODE ünïcode\n", false),
                        new FileEdit.Delete("scripts/old.sh")))));

    assertThat(scene.tip("feature")).isEqualTo(made.commit());
    assertThat(made.parent()).isEqualTo(scene.head);
    assertThat(modes(made.commit()))
        .containsExactlyInAnyOrder(
            "100755 deploy/1.0.0/deploy.sh",
            "100644 pipes/sync.pipe",
            "100644 datasources/events.datasource");
    assertThat(github.file(made.commit(), "pipes/sync.pipe")).contains("NODE ünïcode\n");
  }

  @Test
  void theSameFilesAgainAreNoCommit() {
    made(github.commit(writing("deploy.sh", scene.head)));
    var head = scene.tip("feature");

    var again = done(github.commit(writing("deploy.sh", head)));

    assertThat(again).isEqualTo(new Committed.Nothing(head));
    assertThat(scene.tip("feature")).isEqualTo(head);
  }

  @Test
  void whatIsGoneAlreadyNeedNotBeRemoved() {
    var gone = new FileEdit.Delete("scripts/gone.sh");
    var both =
        new NewCommit(
            "feature", scene.head, "message", List.of(gone, new FileEdit.Delete("scripts/old.sh")));
    var made = made(github.commit(both));
    assertThat(modes(made.commit())).containsExactly("100644 datasources/events.datasource");

    var again = new NewCommit("feature", made.commit(), "message", both.edits());
    assertThat(done(github.commit(again))).isEqualTo(new Committed.Nothing(made.commit()));
  }

  @Test
  void onABranchThatMovedItIsTriedOnceMoreOnTheNewHead() {
    var pushed = new CommitId[1];
    fake.before(
        call -> call.is("PATCH", "git", "refs"),
        () -> {
          scene.repository.write("README.md", "pushed meanwhile");
          pushed[0] = new CommitId(scene.repository.commit("pushed"));
        });

    var made = made(github.commit(writing("deploy.sh", scene.head)));

    assertThat(made.parent()).isEqualTo(pushed[0]);
    assertThat(github.file(made.commit(), "README.md")).contains("pushed meanwhile");
    assertThat(github.file(made.commit(), "deploy.sh")).isPresent();
  }

  @Test
  void aBranchThatMovedBeforeIsSeenToo() {
    scene.repository.write("README.md", "pushed before");
    var pushed = new CommitId(scene.repository.commit("pushed"));

    assertThat(made(github.commit(writing("deploy.sh", scene.head))).parent()).isEqualTo(pushed);
  }

  @Test
  void aHeadThatWasResetIsNotBroughtBack() {
    var dropped = scene.head;
    scene.repository.checkout("feature");
    reset("feature", scene.base);

    var made = made(github.commit(writing("deploy.sh", dropped)));

    assertThat(made.parent()).isEqualTo(scene.base);
    assertThat(github.file(made.commit(), "datasources/events.datasource"))
        .contains("SCHEMA >\n    `id` Int64\n");
  }

  @Test
  void aFileSomebodyElseChangedMeanwhileIsNotOverwritten() {
    scene.repository.write("deploy.sh", "by hand");
    var pushed = new CommitId(scene.repository.commit("pushed"));

    assertThat(done(github.commit(writing("deploy.sh", scene.head))))
        .isEqualTo(new Committed.Moved(pushed, List.of("deploy.sh")));
    assertThat(scene.tip("feature")).isEqualTo(pushed);
  }

  @Test
  void aBranchThatKeepsMovingIsLeftAlone() {
    for (var i = 0; i < 2; i++) {
      var text = "push " + i;
      fake.before(
          call -> call.is("PATCH", "git", "refs"),
          () -> {
            scene.repository.write("README.md", text);
            scene.repository.commit(text);
          });
    }

    assertThat(done(github.commit(writing("deploy.sh", scene.head))))
        .isEqualTo(new Committed.Moved(scene.tip("feature"), List.of()));
    assertThat(fake.requests().stream().filter(request -> request.startsWith("PATCH"))).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"trees", "commits", "refs"})
  void aLostAnswerMakesNoSecondCommit(String where) {
    for (var fault :
        List.of(new Fault.LostAfter(), new Fault.LostBefore(), new Fault.BadGatewayAfter())) {
      var head = scene.tip("feature");
      fake.once(call -> !call.method().equals("GET") && call.path().contains(where), fault);

      var made = made(github.commit(writing(fault.getClass().getSimpleName() + where, head)));

      assertThat(made.parent()).isEqualTo(head);
      assertThat(scene.tip("feature")).isEqualTo(made.commit());
    }
  }

  @Test
  void aLostAnswerIsUnderstoodAlsoWhenSomebodyPushedOnTop() {
    fake.once(call -> call.is("PATCH", "git", "refs"), new Fault.LostAfter());
    // the look after the lost answer
    var looks = new int[1];
    fake.before(
        call -> call.is("GET", "git", "ref") && looks[0]++ == 1,
        () -> {
          scene.repository.write("README.md", "on top");
          scene.repository.commit("on top");
        });

    var made = made(github.commit(writing("deploy.sh", scene.head)));

    assertThat(made.parent()).isEqualTo(scene.head);
    assertThat(scene.tip("feature")).isNotEqualTo(made.commit());
  }

  @Test
  void aProtectedBranchIsAMissingPermission() {
    fake.protect("feature");

    assertThat(denied(github.commit(writing("deploy.sh", scene.head))))
        .contains("Changes must be made through a pull request");
    assertThat(scene.tip("feature")).isEqualTo(scene.head);
  }

  // branches, pull requests, reactions, workflows

  @ParameterizedTest
  @ValueSource(strings = {"none", "LostAfter", "LostBefore"})
  void aBranchAndAPullRequestAreMadeOnce(String fault) {
    fault(fault, "refs");
    fault(fault, "pulls");

    assertThat(done(github.createBranch("backfill/clean-up", scene.head))).isEqualTo(scene.head);
    assertThat(done(github.createBranch("backfill/clean-up", scene.base))).isEqualTo(scene.head);
    var wanted = new NewPullRequest("backfill/clean-up", "main", "Clean up", "body");
    var opened = done(github.openPullRequest(wanted));
    var again = done(github.openPullRequest(wanted));

    assertThat(opened.author()).isEqualTo(FakeGitHub.ACTIONS);
    assertThat(again.number()).isEqualTo(opened.number());
    assertThat(fake.states()).hasSize(2);
  }

  @Test
  void aForksBranchOfTheSameNameIsNotOurPullRequest() {
    done(github.createBranch("clean-up", scene.head));
    fake.openFromFork("acme", "clean-up", scene.head, "main");

    assertThat(
            done(github.openPullRequest(new NewPullRequest("clean-up", "main", "t", "b"))).fork())
        .isFalse();
  }

  @ParameterizedTest
  @EnumSource(Reaction.class)
  void aReactionIsAReceiptGivenOnce(Reaction reaction) {
    var comment = fake.say(scene.pull, "ana", "/backfill rehearse");

    assertThat(done(github.react(comment, reaction))).isTrue();
    assertThat(done(github.react(comment, reaction))).isFalse();
    assertThat(fake.reactions(comment)).hasSize(1);
  }

  @Test
  void aReactionWhoseAnswerWasLostIsStillOurs() {
    var comment = fake.say(scene.pull, "ana", "/backfill rehearse");
    fake.once(call -> call.is("POST", "issues"), new Fault.LostAfter());

    assertThat(done(github.react(comment, Reaction.EYES))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "LostAfter", "LostBefore"})
  void aWorkflowIsDispatchedOnce(String fault) {
    fake.workflow("ci.yml", true);
    done(github.dispatch("ci.yml", "feature", Map.of("pr", "1")));
    fault(fault, "dispatches");

    assertThat(done(github.dispatch("ci.yml", "feature", Map.of("pr", "2")))).isTrue();

    assertThat(fake.dispatched())
        .containsExactly(
            new Dispatched("ci.yml", "feature", Map.of("pr", "1")),
            new Dispatched("ci.yml", "feature", Map.of("pr", "2")));
  }

  @Test
  void aWorkflowThatCantBeDispatchedIsToldApart() {
    fake.workflow("ci.yml", false);

    assertThat(done(github.dispatch("ci.yml", "feature", Map.of()))).isFalse();
    assertThat(done(github.dispatch("none.yml", "feature", Map.of()))).isFalse();
    fake.workflow("cd.yml", true);
    assertThat(fails(() -> github.dispatch("cd.yml", "gone", Map.of())))
        .hasMessageContaining("No ref found");
  }

  @Test
  void aRunThatGoesOnIsCancelledOnce() {
    fake.workflow("backfill.yml", true);
    var id = fake.running("backfill.yml", "push", "main");

    var runs = github.unfinishedRuns("backfill.yml");
    assertThat(runs).hasSize(1);
    assertThat(runs.getFirst().id()).isEqualTo(id);
    assertThat(done(github.cancel(runs.getFirst().id()))).isTrue();
    assertThat(done(github.cancel(runs.getFirst().id()))).isFalse();
    assertThat(github.unfinishedRuns("backfill.yml")).isEmpty();
    assertThat(github.unfinishedRuns("none.yml")).isEmpty();
  }

  // permissions

  @Test
  void aMissingPermissionIsAnAnswerOfItsOwnThatNamesWhatIsMissing() {
    var comment = fake.say(scene.pull, FakeGitHub.ACTIONS, "ours");
    fake.workflow("ci.yml", true);
    var run = done(github.createCheck(scene.head, check("a", 0)));
    var job = fake.running("ci.yml", "push", "main");
    var before = fake.requests().size();
    var poor = scene.client(fake.token(FakeGitHub.ACTIONS, Optional.of("github-actions")));

    List<Attempt<?>> attempts =
        List.of(
            poor.createComment(scene.pull, "text"),
            poor.updateComment(comment, "text"),
            poor.deleteComment(comment),
            poor.react(comment, Reaction.EYES),
            poor.createCheck(scene.head, check("b", 0)),
            poor.updateCheck(run, check("b", 0)),
            poor.createBranch("new", scene.head),
            poor.commit(writing("deploy.sh", scene.head)),
            poor.openPullRequest(new NewPullRequest("feature", "main", "t", "b")),
            poor.dispatch("ci.yml", "feature", Map.of()),
            poor.cancel(poor.unfinishedRuns("ci.yml").getFirst().id()));

    assertThat(attempts)
        .allSatisfy(attempt ->
            assertThat(denied(attempt))
                .contains("Resource not accessible by integration", "=write", "`permissions`"));
    assertThat(fake.requests().size()).isGreaterThan(before);
    assertThat(fake.comments(scene.pull)).hasSize(1);
    assertThat(fake.checks(scene.head)).hasSize(1);
    assertThat(scene.tip("feature")).isEqualTo(scene.head);
    assertThat(github.unfinishedRuns("ci.yml").getFirst().id()).isEqualTo(job);
  }

  @Test
  void aLockedConversationIsOneToo() {
    fake.lock(scene.pull);

    assertThat(denied(github.createComment(scene.pull, "text"))).contains("locked");
  }

  @Test
  void aWrongTokenIsAFailureAndInNoMessage() {
    var wrong = scene.client("ghs_wrong0123456789abcdefghij");

    var failure = fails(() -> wrong.createComment(scene.pull, "text"));

    assertThat(failure.kind()).isEqualTo(Kind.FORBIDDEN);
    assertThat(failure).hasMessageContaining("Bad credentials").hasMessageContaining("`token`");
    assertThat(failure.getMessage()).doesNotContain("ghs_");
  }

  @Test
  void whatIsNotThereIsNotFound() {
    assertThat(fails(() -> github.pullRequest(99)).kind()).isEqualTo(Kind.NOT_FOUND);
    assertThat(fails(() -> github.createComment(99, "text")).kind()).isEqualTo(Kind.NOT_FOUND);
    assertThat(done(github.updateComment(99, "text"))).isEmpty();
    assertThat(done(github.deleteComment(99))).isFalse();
  }

  @Test
  void aCommentThatIsTooLongIsRefusedWithGitHubsWords() {
    assertThat(fails(() -> github.createComment(scene.pull, "x".repeat(65_537))))
        .hasMessageContaining("body is too long (maximum is 65536 characters)");
    done(github.createComment(scene.pull, "😀".repeat(65_536)));
  }

  // patience

  @ParameterizedTest
  @ValueSource(ints = {403, 429})
  void aSecondaryLimitIsWaitedForAndNothingIsDoneTwice(int status) {
    fake.once(call -> call.is("POST", "issues"), Fault.secondaryLimit(status, 7));
    fake.once(call -> call.is("POST", "issues"), Fault.secondaryLimit(status));

    done(github.createComment(scene.pull, "text"));

    assertThat(scene.pause.slept).containsExactly(Duration.ofSeconds(7), Duration.ofMinutes(2));
    assertThat(scene.waits).allSatisfy(wait -> assertThat(wait).contains("secondary rate limit"));
    assertThat(fake.comments(scene.pull)).hasSize(1);
  }

  @Test
  void theHourlyLimitIsWaitedForByGitHubsOwnClock() {
    fake.remaining(0);
    var patient =
        scene.client(
            fake.actionsToken(),
            fake.url(),
            new Limits(
                Duration.ofSeconds(5), Duration.ofSeconds(20), 3, Duration.ofHours(2), 1 << 20));

    done(patient.createComment(scene.pull, "text"));

    assertThat(scene.pause.slept).containsExactly(Duration.ofHours(1));
  }

  @Test
  void aLimitThatLastsTooLongIsAFailureAndNeverAMissingPermission() {
    fake.remaining(0);

    var failure = fails(() -> github.createComment(scene.pull, "text"));

    assertThat(failure.kind()).isEqualTo(Kind.WAIT);
    assertThat(failure.retryAfter()).contains(Duration.ofHours(1));
    assertThat(scene.pause.slept).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {500, 502, 503, 504})
  void aReadIsRepeatedOnServerErrorsButNotForEver(int status) {
    fake.once(call -> true, Fault.status(status));
    assertThat(github.pullRequest(scene.pull).number()).isEqualTo(scene.pull);

    fake.always(call -> true, Fault.status(status));
    assertThat(fails(() -> github.pullRequest(scene.pull)).kind()).isEqualTo(Kind.WAIT);
    assertThat(fake.requests()).hasSize(2 + 5);
  }

  @ParameterizedTest
  @CsvSource({"LostAfter,1", "LostBefore,0", "BadGatewayAfter,1", "500,0"})
  void aWriteThatOnlyItsWriterCanLookAfterIsSentOnce(String fault, int there) {
    fault(fault, "comments");

    assertThat(fails(() -> github.createComment(scene.pull, "text")).kind()).isEqualTo(Kind.LOST);
    assertThat(fake.comments(scene.pull)).hasSize(there);
  }

  @Test
  void noAnswerInTimeIsALostOne() {
    var hasty =
        scene.client(
            fake.actionsToken(),
            fake.url(),
            new Limits(
                Duration.ofSeconds(5), Duration.ofMillis(700), 2, Duration.ofMinutes(1), 1 << 20));
    fake.once(call -> call.is("POST", "issues"), new Fault.Silence());

    assertThat(fails(() -> hasty.createComment(scene.pull, "text")).kind()).isEqualTo(Kind.LOST);
  }

  @Test
  void anAnswerThatIsNotGitHubsIsNoSuccess() {
    fake.once(
        call -> call.is("GET", "pulls"), new Fault.Answer(200, "<html>login</html>", Map.of()));
    assertThat(fails(() -> github.pullRequest(scene.pull)).kind()).isEqualTo(Kind.PERMANENT);

    fake.once(call -> call.is("POST", "issues"), new Fault.Answer(201, "{}", Map.of()));
    assertThat(fails(() -> github.createComment(scene.pull, "text")).kind()).isEqualTo(Kind.LOST);
  }

  @Test
  void aRedirectIsNotFollowed() {
    fake.once(
        call -> call.is("GET", "pulls"),
        new Fault.Answer(
            301,
            "{\"message\":\"Moved Permanently\"}",
            Map.of("Location", "https://evil.example/repositories/1/pulls/1")));

    assertThat(fails(() -> github.pullRequest(scene.pull)))
        .hasMessageContaining("moved or renamed");
  }

  private void fault(String name, String where) {
    Fault fault =
        switch (name) {
          case "LostAfter" -> new Fault.LostAfter();
          case "LostBefore" -> new Fault.LostBefore();
          case "BadGatewayAfter" -> new Fault.BadGatewayAfter();
          case "500" -> Fault.status(500);
          default -> null;
        };
    if (fault != null) {
      fake.once(call -> !call.method().equals("GET") && call.path().contains(where), fault);
    }
  }

  private static Check check(String externalId, int annotations) {
    return check(externalId, annotations, new Check.Completed(Check.Conclusion.SUCCESS));
  }

  private static Check check(String externalId, int annotations, Check.State state) {
    return new Check(
        "backfill / plan",
        state,
        externalId,
        "1 migration",
        "**summary**",
        "",
        Optional.empty(),
        IntStream.range(0, annotations)
            .mapToObj(i ->
                new Annotation(
                    "datasources/events.datasource",
                    i + 1,
                    i + 1,
                    Annotation.Level.WARNING,
                    "sorting_key_changed",
                    "message " + i))
            .toList());
  }

  private static NewCommit writing(String path, CommitId head) {
    return new NewCommit(
        "feature", head, "message", List.of(new FileEdit.Write(path, "#!/bin/bash\n", true)));
  }

  private List<String> modes(CommitId commit) {
    try (var walk =
        new org.eclipse.jgit.treewalk.TreeWalk(scene.repository.git().getRepository())) {
      walk.setRecursive(true);
      walk.addTree(
          scene
              .repository
              .git()
              .getRepository()
              .parseCommit(org.eclipse.jgit.lib.ObjectId.fromString(commit.hex()))
              .getTree());
      var list = new java.util.ArrayList<String>();
      while (walk.next()) {
        list.add(walk.getFileMode(0) + " " + walk.getPathString());
      }
      return list;
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private void reset(String branch, CommitId to) {
    try {
      var update = scene.repository.git().getRepository().updateRef("refs/heads/" + branch);
      update.setNewObjectId(org.eclipse.jgit.lib.ObjectId.fromString(to.hex()));
      update.setForceUpdate(true);
      update.update();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static <T> T done(Attempt<T> attempt) {
    return switch (attempt) {
      case Done<T>(var value) -> value;
      case Denied<T>(var because) -> throw new AssertionError("denied: " + because);
    };
  }

  private static Committed.Made made(Attempt<Committed> attempt) {
    assertThat(done(attempt)).isInstanceOf(Committed.Made.class);
    return (Committed.Made) done(attempt);
  }

  private static <T> String denied(Attempt<T> attempt) {
    return switch (attempt) {
      case Done<T>(var value) -> throw new AssertionError("done: " + value);
      case Denied<T>(var because) -> because;
    };
  }

  private static Remote fails(Runnable action) {
    var failure = catchThrowableOfType(Remote.class, action::run);
    assertThat(failure).isNotNull();
    return failure;
  }
}
