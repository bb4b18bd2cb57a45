package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.github.Check;
import dev.backfill.github.RepositoryName;
import dev.backfill.github.http.GitHubManners;
import dev.backfill.github.http.HttpGitHub;
import dev.backfill.http.Http;
import dev.backfill.http.StillPause;
import dev.backfill.revision.CommitId;
import dev.backfill.testing.github.Fault;
import dev.backfill.testing.github.GitHubScene;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Readiness that was true once, and plans that nobody has merged.
class StaleAndUnmergedTest {
  private static final String READER = "pipes/top_actions.pipe";
  private static final String READS = "NODE e\nSQL >\n    SELECT %s FROM analytics_events\n";
  private static final String READINESS = "backfill / readiness";

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
  void anOldJobThatRunsAgainSeesTheBaseOfToday() {
    var number = ready("topic");
    var base = scene.head("main");
    var head = scene.head("topic");
    scene.pushed("main", READER, READS.formatted("action"));

    var old =
        scene.run(
            "pull_request",
            """
            {"action":"synchronize","pull_request":{"number":%d,"merged":false,
              "base":{"sha":"%s","repo":{"id":1}},"head":{"sha":"%s","ref":"topic","repo":{"id":1}}}}
            """
                .formatted(number, base.hex(), head.hex()));

    assertThat(old.outputs()).containsEntry("ready", "false");
    assertThat(scene.conclusion(head, READINESS)).isEqualTo("FAILURE");
  }

  @Test
  void anOldHeadIsNotReadyInTheOutputsEither() {
    var number = ready("topic");
    var old = scene.head("topic");
    scene.pushed("topic", "README.md", "words\n");

    var late = scene.onPullRequest(number, old, "topic", 1);

    assertThat(late.outputs()).containsEntry("ready", "false");
    assertThat(scene.conclusion(old, READINESS)).isNotEqualTo("SUCCESS");
  }

  @Test
  void whatTheMainLineTakesBackIsReadyAgainWithoutAnotherRehearsal() throws IOException {
    ready("topic");
    var head = scene.head("topic");
    scene.synced("main");
    var before = Files.readString(scene.repository.root().resolve(READER));
    push(READER, READS.formatted("action"));
    assertThat(scene.conclusion(head, READINESS)).isEqualTo("FAILURE");

    push(READER, before);

    assertThat(scene.conclusion(head, READINESS)).isEqualTo("SUCCESS");
  }

  @Test
  void theClockLooksAgainToo() {
    ready("topic");
    var head = scene.head("topic");
    scene.pushed("main", READER, READS.formatted("action"));

    var ran =
        scene.run(
            "schedule",
            "{}",
            Map.of("INPUT_HOST", "https://localhost:1", "INPUT_TINYBIRD-TOKEN", "p.token"));

    assertThat(ran.status()).as(ran.log()).isZero();
    assertThat(scene.conclusion(head, READINESS)).isEqualTo("FAILURE");
  }

  @Test
  void onePullRequestThatFailsKeepsNoOtherGreen() {
    ready("topic");
    var first = scene.head("topic");
    scene.synced("main");
    ready("other");
    scene.fake.always(
        c -> c.method().equals("GET") && c.path().contains(first.hex()), Fault.status(422));

    var ran = push(READER, READS.formatted("action"));

    assertThat(ran.status()).as(ran.log()).isNotZero();
    assertThat(scene.conclusion(scene.head("other"), READINESS)).isEqualTo("FAILURE");
  }

  @Test
  void aFailureOfAnOlderHeadLeavesTheCommentAlone() {
    var number = scene.opened("topic", "SCHEMA >\n    `a` \n\nNONSENSE x\n");
    var broken = scene.head("topic");
    scene.pushed("topic", ActionScene.FILE, ActionScene.CHANGED);
    scene.onPullRequest(number, "topic");
    var newest = scene.comment(number);

    var late = scene.onPullRequest(number, broken, "topic", 1);

    assertThat(late.status()).isEqualTo(4);
    assertThat(scene.comment(number)).isEqualTo(newest);
    assertThat(scene.conclusion(broken, READINESS)).isEqualTo("FAILURE");
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "status", "cleanup"})
  void whatNobodyMergedIsNotCarriedOut(String command) {
    ready("topic");
    scene.synced("topic");

    var ran =
        scene.run(
            "workflow_dispatch",
            "{}",
            Map.of(
                "INPUT_COMMAND",
                command,
                "INPUT_HOST",
                "https://localhost:1",
                "INPUT_TINYBIRD-TOKEN",
                "p.token",
                "GITHUB_SHA",
                scene.head("topic").hex()));

    assertThat(ran.status()).as(ran.log()).isEqualTo(2);
    assertThat(ran.log()).contains("only merged plans are carried out");
  }

  private ActionScene.Ran push(String file, String text) {
    var before = scene.head("main");
    var after = scene.pushed("main", file, text);
    return scene.run(
        "push",
        """
        {"ref":"refs/heads/main","before":"%s","after":"%s","repository":{"default_branch":"main"}}
        """
            .formatted(before.hex(), after.hex()));
  }

  /// A pull request as a rehearsal leaves it.
  private int ready(String branch) {
    var number = scene.opened(branch, ActionScene.CHANGED);
    scene.onPullRequest(number, branch);
    var seal = scene.onPullRequest(number, branch).outputs().get("seal");
    rehearsed(scene.head(branch), String.valueOf(seal));
    assertThat(scene.onPullRequest(number, branch).outputs()).containsEntry("ready", "true");
    assertThat(scene.conclusion(scene.head(branch), READINESS)).isEqualTo("SUCCESS");
    return number;
  }

  private void rehearsed(CommitId head, String seal) {
    try (var http =
        new Http(GitHubScene.LIMITS, new StillPause(), (_, _, _) -> {}, new GitHubManners())) {
      new HttpGitHub(
              http,
              scene.fake.url(),
              RepositoryName.parse(ActionScene.NAME),
              scene.fake.actionsToken())
          .createCheck(
              head,
              new Check(
                  READINESS,
                  new Check.Completed(Check.Conclusion.SUCCESS),
                  "rehearsed " + seal + " x",
                  "ready",
                  "ready",
                  "",
                  Optional.empty(),
                  List.of()));
    }
  }
}
