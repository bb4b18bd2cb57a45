package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.github.Permission;
import dev.backfill.testing.github.FakeGitHub;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// `/backfill WORD` under a pull request: who is obeyed, the receipt, the answer.
class CommandsTest {
  @TempDir Path folder;
  private ActionScene scene;
  private int number;

  @BeforeEach
  void start() {
    scene = new ActionScene(folder);
    number = scene.opened();
    scene.synced("main");
    scene.fake.person("ana", Permission.WRITE);
    scene.environment.put(
        "GITHUB_WORKFLOW_REF",
        ActionScene.NAME + "/.github/workflows/backfill.yml@refs/heads/main");
    scene.fake.workflow("backfill.yml", false);
  }

  @AfterEach
  void end() {
    scene.close();
  }

  @ParameterizedTest
  @EnumSource
  void nobodyWithoutWritePermissionIsObeyed(SlashCommand command) {
    scene.fake.person("eve", Permission.TRIAGE);
    scene.fake.running("backfill.yml", "schedule", "main");
    var before = scene.fake.requests().size();

    var said = scene.fake.say(number, "eve", "/backfill " + command.word() + " x");
    var ran = scene.onComment(number, "eve", "/backfill " + command.word(), said);

    assertThat(ran.status()).as(ran.log()).isZero();
    assertThat(scene.comment(number)).isEmpty();
    assertThat(scene.fake.reactions(said)).containsExactly(FakeGitHub.ACTIONS + " -1");
    assertThat(scene.fake.requests().subList(before, scene.fake.requests().size()))
        .as("asked for the permission, and reacted")
        .hasSize(2);
    assertThat(ran.outputs()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"run", "abandon", "cancel"})
  void whatIsForAnotherJobIsHandedOn(String word) {
    scene.environment.put("INPUT_COMMENT-COMMANDS", "rehearse, refresh, help");

    var ran = say("/backfill " + word);

    assertThat(ran.status()).isZero();
    assertThat(ran.outputs()).containsEntry("requested", word).containsEntry("pr", "1");
  }

  @Test
  void cancelStopsWhatMayWorkForThePullRequestAndSaysSo() {
    scene.fake.running("backfill.yml", "schedule", "main");
    scene.fake.running("backfill.yml", "pull_request", "topic");
    scene.repository.checkout("other").write("x.md", "x").commit("other");
    scene.synced("main");
    scene.fake.running("backfill.yml", "pull_request", "other");

    var ran = say("/backfill cancel");

    assertThat(ran.status()).as(ran.log()).isZero();
    assertThat(scene.comment(number).orElseThrow())
        .contains("> `/backfill cancel`: 2 runs were asked to stop; what they have copied stays.");
    var again = say("/backfill cancel");
    assertThat(again.status()).isZero();
    assertThat(scene.comment(number).orElseThrow())
        .contains("> `/backfill cancel`: No run was under way.")
        .doesNotContain("2 runs");
  }

  @Test
  void anAnswerStandsAboveThePlanAndGoesWithTheNextOne() {
    say("/backfill refresh");
    var planned = scene.comment(number).orElseThrow();
    scene.synced("main");

    say("/backfill help");

    assertThat(scene.comment(number).orElseThrow())
        .startsWith("<!-- tinybird-backfill -->\n**Backfill: planned, not rehearsed yet.**")
        .contains("> - `/backfill rehearse`", "#### Migrations");
    say("/backfill refresh");
    assertThat(scene.comment(number).orElseThrow())
        .doesNotContain("/backfill help")
        .hasSizeBetween(planned.length() - 400, planned.length() + 400);
  }

  @Test
  void aWordThatIsNoneIsAnsweredWithThoseThatAre() {
    var said = scene.fake.say(number, "ana", "/backfill everything");

    scene.onComment(number, "ana", "/backfill everything", said);

    assertThat(scene.comment(number).orElseThrow()).contains("/backfill rehearse");
    assertThat(scene.fake.reactions(said)).contains(FakeGitHub.ACTIONS + " confused");
  }

  @ParameterizedTest
  @CsvSource({"run", "abandon analytics_events_1"})
  void whatIsNotMergedIsNeitherRunNorTakenBackAndThatIsSaid(String words) {
    scene.environment.put("INPUT_HOST", "https://localhost:1");
    scene.environment.put("INPUT_TINYBIRD-TOKEN", "p.token");
    var said = scene.fake.say(number, "ana", "/backfill " + words);

    var ran = scene.onComment(number, "ana", "/backfill " + words, said);

    assertThat(ran.status()).as(ran.log()).isEqualTo(2);
    assertThat(scene.comment(number).orElseThrow())
        .contains("not done. The default branch holds no plan of pull request 1");
    assertThat(scene.fake.reactions(said))
        .containsExactlyInAnyOrder(FakeGitHub.ACTIONS + " eyes", FakeGitHub.ACTIONS + " confused");
  }

  private ActionScene.Ran say(String command) {
    return scene.onComment(number, "ana", command, scene.fake.say(number, "ana", command));
  }
}
