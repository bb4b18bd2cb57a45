package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.github.Permission;
import dev.backfill.testing.github.FakeGitHub;
import dev.backfill.testing.github.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.treewalk.TreeWalk;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The action on pull requests, from the runner's variables to GitHub's API.
class PullRequestTest {
  @TempDir Path folder;
  private ActionScene scene;

  @BeforeEach
  void start() {
    scene = new ActionScene(folder);
  }

  @AfterEach
  void end() {
    scene.close();
  }

  @Test
  void aPullRequestThatChangesNothingIsGreenAndGetsNoComment() {
    var number = scene.opened("topic", ActionScene.EVENTS + "\n");

    var ran = scene.onPullRequest(number, "topic");

    assertThat(ran.status()).as(ran.log()).isZero();
    assertThat(scene.comment(number)).isEmpty();
    assertThat(scene.conclusion(scene.head("topic"), "backfill / plan")).isEqualTo("SUCCESS");
    assertThat(scene.conclusion(scene.head("topic"), "backfill / readiness")).isEqualTo("SUCCESS");
    assertThat(ran.outputs()).containsEntry("verdict", "none").containsEntry("ready", "true");
  }

  @Test
  void aChangedKeyIsPlannedCommittedAndShown() throws IOException {
    var number = scene.opened();
    var before = scene.head("topic");

    var ran = scene.onPullRequest(number, "topic");

    assertThat(ran.status()).as(ran.log()).isZero();
    var head = scene.head("topic");
    assertThat(head).isNotEqualTo(before);
    assertThat(mode(head.hex(), "deploy/0.0.1-1/deploy.sh")).contains(FileMode.EXECUTABLE_FILE);
    assertThat(mode(head.hex(), "datasources/analytics_events_1.datasource"))
        .contains(FileMode.REGULAR_FILE);
    assertThat(parent(head.hex())).isEqualTo(before.hex());
    var comment = scene.comment(number).orElseThrow();
    assertThat(comment)
        .startsWith("<!-- tinybird-backfill -->\n**Backfill: planned, not rehearsed yet.**")
        .contains("`analytics_events` gets a new version", "push once", head.hex().substring(0, 10))
        .contains("```mermaid", "#### Migrations");
    assertThat(scene.conclusion(head, "backfill / plan")).isEqualTo("SUCCESS");
    assertThat(scene.conclusion(head, "backfill / readiness")).isEqualTo("ACTION_REQUIRED");
    assertThat(scene.check(before, "backfill / plan").orElseThrow().annotations())
        .anySatisfy(a -> assertThat(a).startsWith(ActionScene.FILE + ":8 warning"));
    assertThat(ran.outputs())
        .containsEntry("verdict", "version")
        .containsEntry("ready", "false")
        .containsEntry("committed", head.hex())
        .containsEntry("pr", String.valueOf(number));
    assertThat(ran.summary()).isEqualTo(comment + "\n");
    assertThat(scene.repository.root().resolve(ran.outputs().get("report"))).isRegularFile();
  }

  @Test
  void asecondRunOnOurOwnCommitChangesNothing() {
    var number = scene.opened();
    scene.onPullRequest(number, "topic");
    var head = scene.head("topic");
    var id = scene.fake.comments(number).getFirst().id();

    var again = scene.onPullRequest(number, "topic");
    var third = scene.onPullRequest(number, "topic");

    assertThat(again.status()).as(again.log()).isZero();
    assertThat(third.outputs()).doesNotContainKey("committed");
    assertThat(scene.head("topic")).isEqualTo(head);
    assertThat(scene.fake.comments(number))
        .hasSize(1)
        .first()
        .satisfies(c -> assertThat(c.id()).isEqualTo(id));
    assertThat(scene.comment(number).orElseThrow())
        .contains("- [x] the files of the plan are in the branch")
        .contains("- [ ] **we, now**: rehearse");
  }

  @Test
  void anAppsTokenNeedsNoPushAndADispatchedWorkflowNeither() {
    var number = scene.opened();
    scene.environment.put(
        "INPUT_COMMIT-TOKEN", scene.fake.token("bot[bot]", Optional.of("bot"), "contents=write"));

    scene.onPullRequest(number, "topic");

    assertThat(scene.comment(number).orElseThrow())
        .contains("- [x] we: committed the files")
        .doesNotContain("push once");

    scene.environment.remove("INPUT_COMMIT-TOKEN");
    scene.environment.put("INPUT_CI-WORKFLOW", "ci.yml");
    scene.fake.workflow("ci.yml", true);
    scene.synced("main");
    var other = scene.opened("other", ActionScene.CHANGED);
    scene.onPullRequest(other, "other");
    assertThat(scene.comment(other).orElseThrow()).contains("and started the CI for it");
    assertThat(scene.fake.dispatched()).hasSize(1);
  }

  @Test
  void aForkIsPlannedFromItsFilesAndGetsAPatchThatApplies() throws Exception {
    scene.opened();
    var head = scene.head("topic");
    var number = scene.fake.openFromFork("eve", "topic", head, "main");
    scene.environment.put(
        "INPUT_TOKEN", scene.fake.token(FakeGitHub.ACTIONS, Optional.of("github-actions")));

    var ran = scene.onPullRequest(number, head, "topic", 99);

    assertThat(ran.status()).as(ran.log()).isEqualTo(1);
    assertThat(scene.comment(number)).isEmpty();
    assertThat(scene.head("topic")).isEqualTo(head);
    assertThat(ran.summary()).contains("comes from a fork", "git apply --index backfill.patch");
    assertThat(ran.log()).contains("::warning title=backfill%3A missing permission::");
    assertThat(ran.outputs()).containsEntry("ready", "false").containsKey("patch");
    var patch = scene.repository.root().resolve(ran.outputs().get("patch")).toAbsolutePath();
    scene.synced("topic");
    git("update-index", "--refresh");
    assertThat(git("apply", "--index", patch.toString())).isEmpty();
    assertThat(git("diff", "--cached", "--name-only")).contains("deploy/0.0.1-2/plan.json");
    scene.repository.commit("applied");
    assertThat(mode(scene.head("topic").hex(), "deploy/0.0.1-2/deploy.sh"))
        .contains(FileMode.EXECUTABLE_FILE);
    var again = scene.onPullRequest(number, scene.head("topic"), "topic", 99);
    assertThat(again.summary()).contains("the files of the plan are in the branch");
    assertThat(again.status()).as("never green without proof").isEqualTo(1);
  }

  @Test
  void aRefusedChangeIsRedWithItsLine() {
    scene.opened();
    scene.synced("main");
    scene.repository.checkout("gone").delete(ActionScene.FILE).commit("remove it");
    var number = scene.fake.open("ana", "gone", "main");

    var ran = scene.onPullRequest(number, "gone");

    assertThat(ran.status()).isEqualTo(1);
    assertThat(scene.comment(number).orElseThrow())
        .startsWith("<!-- tinybird-backfill -->\n**Backfill: refused.**");
    assertThat(scene.conclusion(scene.head("gone"), "backfill / plan")).isEqualTo("FAILURE");
    assertThat(scene.conclusion(scene.head("gone"), "backfill / readiness")).isEqualTo("FAILURE");
  }

  @Test
  void aProjectThatCantBeReadIsSaidSoWhereItIs() {
    var number = scene.opened("topic", "SCHEMA >\n    `a` \n\nNONSENSE x\n");

    var ran = scene.onPullRequest(number, "topic");

    assertThat(ran.status()).isEqualTo(4);
    assertThat(scene.comment(number).orElseThrow())
        .contains("the project can't be read", ActionScene.FILE);
    assertThat(scene.conclusion(scene.head("topic"), "backfill / readiness")).isEqualTo("FAILURE");
    assertThat(scene.check(scene.head("topic"), "backfill / plan").orElseThrow().annotations())
        .isNotEmpty()
        .allSatisfy(a -> assertThat(a).startsWith(ActionScene.FILE));
  }

  @Test
  void whoRepairsItGetsTheSameCommentAnew() {
    var number = scene.opened("topic", "SCHEMA >\n    `a` \n");
    scene.onPullRequest(number, "topic");
    scene.pushed("topic", ActionScene.FILE, ActionScene.EVENTS);

    scene.onPullRequest(number, "topic");

    assertThat(scene.comment(number).orElseThrow()).contains("nothing to migrate");
    assertThat(scene.fake.comments(number)).hasSize(1);
  }

  @Test
  void aRunForAnOlderHeadLeavesTheCommentAlone() {
    var number = scene.opened();
    var old = scene.head("topic");
    scene.onPullRequest(number, "topic");
    var newest = scene.comment(number);

    var late = scene.onPullRequest(number, old, "topic", 1);

    assertThat(scene.comment(number)).isEqualTo(newest);
    assertThat(scene.conclusion(old, "backfill / readiness")).isNotEqualTo("SUCCESS");
    assertThat(late.log()).contains("has moved on");
  }

  @Test
  void filesAPersonChangedAreNotOverwritten() {
    var number = scene.opened();
    scene.onPullRequest(number, "topic");
    var head =
        scene.pushed(
            "topic", "pipes/sync_analytics_events_1.pipe", "NODE x\nSQL >\n    SELECT 1\n");

    scene.onPullRequest(number, "topic");

    assertThat(scene.head("topic")).isEqualTo(head);
    assertThat(scene.comment(number).orElseThrow()).contains("changed by hand");
    assertThat(scene.conclusion(head, "backfill / readiness")).isNotEqualTo("SUCCESS");
  }

  @Test
  void twoRunsAtOnceLeaveOneComment() throws Exception {
    var number = scene.opened();
    scene.onPullRequest(number, "topic");
    scene.synced("main");
    var second = scene.opened("other", ActionScene.CHANGED);
    scene.onPullRequest(second, "other");
    try (var threads = Executors.newFixedThreadPool(3)) {
      var runs =
          threads.invokeAll(
              List.<java.util.concurrent.Callable<ActionScene.Ran>>of(
                  () -> scene.onPullRequest(number, "topic"),
                  () -> scene.onPullRequest(number, "topic"),
                  () -> scene.onPullRequest(number, "topic")));
      for (var run : runs) {
        assertThat(run.get().status()).isZero();
      }
    }

    assertThat(scene.comment(number)).isPresent();
  }

  @Test
  void oursIsFoundAmongAThousandAndAForgedOneIsLeftAlone() {
    var number = scene.opened();
    var forged = scene.fake.say(number, "eve", "<!-- tinybird-backfill -->\nready to merge");
    for (var i = 0; i < 500; i++) {
      scene.fake.say(number, "ana", "comment " + i);
    }
    scene.onPullRequest(number, "topic");
    for (var i = 0; i < 500; i++) {
      scene.fake.say(number, "ana", "more " + i);
    }

    scene.onPullRequest(number, "topic");

    assertThat(scene.comment(number)).isPresent();
    assertThat(scene.fake.comments(number)).hasSize(1002);
    assertThat(scene.fake.comments(number).getFirst())
        .satisfies(c -> {
          assertThat(c.id()).isEqualTo(forged);
          assertThat(c.body()).contains("ready to merge");
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"checks", "comments"})
  void aMissingPermissionIsSaidAndNeverGreen(String what) {
    var number = scene.opened();
    scene.fake.always(
        c ->
            c.method().equals("POST")
                && c.path().contains(what.equals("checks") ? "check-runs" : "comments"),
        Fault.notPermitted(what + "=write"));

    var ran = scene.onPullRequest(number, "topic");

    assertThat(ran.log()).contains("missing permission");
    assertThat(ran.summary()).contains("can't be read or written");
    assertThat(ran.outputs()).containsEntry("ready", "false");
    if (what.equals("checks")) {
      assertThat(ran.status()).isEqualTo(1);
      assertThat(scene.comment(number).orElseThrow()).contains("can't be read or written");
    } else {
      assertThat(ran.status()).isZero();
    }
  }

  @Test
  void answersThatAreLostLeaveOneOfEach() {
    var number = scene.opened();
    scene.fake.once(
        c -> c.method().equals("POST") && c.path().contains("comments"), new Fault.LostAfter());
    scene.fake.once(
        c -> c.method().equals("POST") && c.path().contains("check-runs"), new Fault.LostAfter());
    scene.fake.once(
        c -> c.method().equals("PATCH") && c.path().contains("refs"), new Fault.LostAfter());

    var ran = scene.onPullRequest(number, "topic");

    assertThat(ran.status()).as(ran.log()).isZero();
    assertThat(scene.comment(number)).isPresent();
    assertThat(parent(parent(scene.head("topic").hex()))).isEqualTo(scene.head("main").hex());
  }

  @Test
  void aSecondaryLimitIsWaitedFor() {
    var number = scene.opened();
    scene.fake.once(c -> c.method().equals("POST"), Fault.secondaryLimit(403, 7));

    var ran = scene.onPullRequest(number, "topic");

    assertThat(ran.status()).isZero();
    assertThat(ran.log()).contains("waiting since");
  }

  @Test
  void linksInTheCheckoutAreNotFollowed() throws IOException {
    var outside = Files.writeString(folder.resolve("outside"), "precious");
    scene.opened();
    scene.repository.link("backfill-report", folder.toString());
    scene.environment.put("INPUT_COMMIT", "never");

    var ran = scene.onPullRequest(1, "topic");

    assertThat(ran.outputs()).containsEntry("patch", "backfill-report/backfill.patch");
    assertThat(scene.repository.root().resolve("backfill-report")).isDirectory();
    assertThat(Files.isSymbolicLink(scene.repository.root().resolve("backfill-report"))).isFalse();
    assertThat(folder.resolve("plan.json")).doesNotExist();
    assertThat(outside).hasContent("precious");
  }

  @Test
  void whoMayNotWriteIsNotObeyed() {
    var number = scene.opened();
    scene.fake.person("eve", Permission.READ);
    scene.fake.person("ana", Permission.WRITE);

    var refused = scene.fake.say(number, "eve", "/backfill refresh");
    assertThat(scene.onComment(number, "eve", "/backfill refresh", refused).status()).isZero();
    assertThat(scene.comment(number)).isEmpty();
    assertThat(scene.fake.reactions(refused)).containsExactly(FakeGitHub.ACTIONS + " -1");

    var obeyed = scene.fake.say(number, "ana", "/backfill refresh");
    assertThat(scene.onComment(number, "ana", "/backfill refresh", obeyed).status()).isZero();
    assertThat(scene.comment(number)).isPresent();
    assertThat(scene.fake.reactions(obeyed))
        .containsExactlyInAnyOrder(FakeGitHub.ACTIONS + " eyes", FakeGitHub.ACTIONS + " rocket");
  }

  @Test
  void aCommandForAnotherJobIsHandedOn() {
    var number = scene.opened();
    scene.fake.person("ana", Permission.ADMIN);
    scene.environment.put("INPUT_COMMENT-COMMANDS", "refresh, help");
    var said = scene.fake.say(number, "ana", "/backfill run");

    var ran = scene.onComment(number, "ana", "/backfill run", said);

    assertThat(ran.outputs()).containsEntry("requested", "run").containsEntry("pr", "1");
    assertThat(scene.fake.reactions(said)).containsExactly(FakeGitHub.ACTIONS + " eyes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "status", "cleanup"})
  void aPullRequestsOwnPlanIsNeverCarriedOut(String command) {
    var number = scene.opened();
    scene.environment.put("INPUT_COMMAND", command);
    scene.environment.put("INPUT_HOST", "https://localhost:1");
    scene.environment.put("INPUT_TINYBIRD-TOKEN", "p.token");

    var ran = scene.onPullRequest(number, "topic");

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.log()).contains("the checkout is a pull request's");
  }

  @Test
  void withoutATokenTheJobSaysEverything() {
    scene.environment.remove("INPUT_TOKEN");
    var number = scene.opened();

    var ran = scene.onPullRequest(number, "topic");

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.summary()).contains("gets a new version", "apply the patch");
    assertThat(ran.log()).contains("::warning file=" + ActionScene.FILE + ",line=8");
    assertThat(scene.fake.requests()).isEmpty();
  }

  private Optional<FileMode> mode(String commit, String path) throws IOException {
    var git = scene.repository.git().getRepository();
    try (var walk = new RevWalk(git);
        var tree = TreeWalk.forPath(git, path, walk.parseCommit(git.resolve(commit)).getTree())) {
      return tree == null ? Optional.empty() : Optional.of(tree.getFileMode());
    }
  }

  private String parent(String commit) {
    var git = scene.repository.git().getRepository();
    try (var walk = new RevWalk(git)) {
      return walk.parseCommit(git.resolve(commit)).getParent(0).name();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private String git(String... arguments) throws IOException, InterruptedException {
    var command = new java.util.ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    var process =
        new ProcessBuilder(command)
            .directory(scene.repository.root().toFile())
            .redirectErrorStream(true)
            .start();
    var said =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }
}
