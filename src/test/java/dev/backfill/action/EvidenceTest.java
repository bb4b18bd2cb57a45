package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.http.Http;
import dev.backfill.http.Pause;
import dev.backfill.local.LocalWorkspace;
import dev.backfill.tb.Tb;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import dev.backfill.tinybird.http.Host;
import dev.backfill.tinybird.http.HttpTinybird;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a workspace's figures do to a pull request: they are shown, they block what they speak
/// against, and where they can't be had nothing is said to be ready on their account.
@EngineTest
class EvidenceTest {
  private static final String LOG = "event_type NOT IN";
  private static final String ANSWER =
      "datasources: {analytics_events: {accept: [evidence_disagrees]}}\n";

  @TempDir Path folder;
  @TempDir Path data;
  private LocalWorkspace workspace;
  private Gate gate;
  private Http http;
  private ActionScene scene;

  @BeforeEach
  void start() {
    workspace = LocalWorkspace.start(TestEngine.shared(), 0, data, Optional.empty());
    gate = new Gate(workspace.url());
    http = new Http();
    scene =
        new ActionScene(
            folder,
            // time that passes only while somebody waits, unless a copy is waited for
            (environment, root, log) ->
                environment.getOrDefault("INPUT_COMMAND", "").equals("rehearse")
                    ? ActionScene.start(environment, root, log, Pause.SYSTEM)
                    : ActionScene.HERE.start(environment, root, log),
            repository -> {
              tb(
                  repository.root(),
                  "auth",
                  "--host",
                  workspace.url(),
                  "--token",
                  workspace.token());
              tb(repository.root(), "init", "--git");
            });
    scene
        .repository
        .write(
            "backfill.yml",
            "lead: 2s\nmargin: 1s\nsettle: 200ms\npoll: 20ms\nchunk-rows: 20\nrehearsal-rows: 30\nquiet: 1s\n")
        .commit("settings");
    tb(scene.repository.root(), "deploy");
    scene.environment.put("INPUT_HOST", gate.url());
    scene.environment.put("INPUT_TINYBIRD-TOKEN", workspace.token());
  }

  @AfterEach
  void end() {
    scene.close();
    http.close();
    gate.close();
    workspace.close();
  }

  @Test
  void withoutATokenThePlanRestsOnTheFilesAndNobodyIsAsked() {
    scene.environment.remove("INPUT_TINYBIRD-TOKEN");
    gate.answers("/v0/", Integer.MAX_VALUE, 500, "");
    rows(60, 60);
    var number = scene.opened();

    var ran = scene.onPullRequest(number, "topic");

    assertThat(ran.status()).as(ran.log()).isZero();
    assertThat(gate.asked()).isZero();
    assertThat(scene.comment(number).orElseThrow())
        .contains("planned, not rehearsed yet", "is a time column of")
        .doesNotContain("measured", "gave no figures");
  }

  @Test
  void theFiguresStandBesideTheChoice() {
    rows(60, 0);
    gate.answers(LOG, 2, 429, "7");
    var number = scene.opened();

    var ran = scene.onPullRequest(number, "topic");

    assertThat(ran.status()).as(ran.log()).isZero();
    assertThat(gate.asked()).as("twice told to wait").isEqualTo(3);
    assertThat(scene.comment(number).orElseThrow())
        .contains("measured: 60 rows.", "the Events API wrote 60 rows")
        .doesNotContain("blocked");
    // our commit, planned again: the same comment
    var again = scene.onPullRequest(number, "topic");
    assertThat(again.status()).as(again.log()).isZero();
    assertThat(scene.comment(number).orElseThrow()).contains("measured: 60 rows.");
  }

  @Test
  void aWrongTokenIsToldAndThePlanRestsOnTheFiles() {
    rows(30, 30);
    scene.environment.put("INPUT_TINYBIRD-TOKEN", "p.somebody-elses");
    var number = scene.opened();

    var ran = scene.onPullRequest(number, "topic");

    assertThat(ran.status()).as(ran.log()).isZero();
    assertThat(scene.comment(number).orElseThrow())
        .contains("The workspace gave no figures, so this rests on the files alone", "403")
        .contains("planned, not rehearsed yet")
        .doesNotContain("somebody-elses");
    assertThat(ran.log().replaceAll("(?m)^::add-mask::.*$", "")).doesNotContain("somebody-elses");
  }

  @Test
  void aWorkspaceThatIsDownIsToldAndThePlanRestsOnTheFiles() {
    gate.answers("/v0/", Integer.MAX_VALUE, 500, "");
    var number = scene.opened();

    var ran = scene.onPullRequest(number, "topic");

    assertThat(ran.status()).as(ran.log()).isZero();
    assertThat(scene.comment(number).orElseThrow())
        .contains("The workspace gave no figures", "planned, not rehearsed yet");
  }

  @Test
  void aForksPullRequestAsksNobody() {
    gate.answers("/v0/", Integer.MAX_VALUE, 500, "");
    scene.opened();

    var ran = scene.onPullRequest(1, scene.head("topic"), "topic", 2);

    assertThat(gate.asked()).isZero();
    assertThat(ran.summary()).contains("comes from a fork");
    assertThat(ran.log()).contains("backfill plan").doesNotContain("measured");
  }

  @Test
  void figuresThatSpeakAgainstThePlanBlockItUntilTheSettingsAnswer() {
    rows(30, 30);
    var number = scene.opened();
    var authors = scene.head("topic");

    var blocked = scene.onPullRequest(number, "topic");

    assertThat(blocked.status()).isEqualTo(1);
    assertThat(scene.head("topic")).as("nothing is committed").isEqualTo(authors);
    assertThat(scene.conclusion(authors, "backfill / readiness")).isEqualTo("FAILURE");
    assertThat(scene.comment(number).orElseThrow())
        .contains("**Backfill: blocked.**", "evidence\\_disagrees", "**Stops `generate`**")
        .contains("50.0 % of the rows of analytics")
        .contains("`datasources: {analytics_events: {scenario: delta}}`")
        .contains("`" + ANSWER.strip() + "`");
    var early = rehearse(number);
    assertThat(early.status()).isEqualTo(1);
    assertThat(scene.comment(number).orElseThrow())
        .contains("before the findings that stop `generate` are answered");

    // the line that was named
    scene.pushed("topic", "backfill.yml", ANSWER);
    var answered = scene.onPullRequest(number, "topic");

    assertThat(answered.status()).as(answered.log()).isZero();
    assertThat(answered.outputs()).containsKey("committed");
    assertThat(scene.comment(number).orElseThrow())
        .contains("planned, not rehearsed yet", "50.0 % of the rows of analytics")
        .doesNotContain("blocked", "**Stops `generate`**");
  }

  @Test
  void nothingIsRehearsedOrReadyWithoutFigures() {
    rows(60, 0);
    var number = scene.opened();
    scene.onPullRequest(number, "topic");
    scene.synced("topic");
    tb(scene.repository.root(), "auth", "--host", workspace.url(), "--token", workspace.token());
    tb(
        scene.repository.root(),
        "branch",
        "create",
        "tmp_ci__" + number,
        "--last-partition",
        "--wait");
    tb(
        scene.repository.root(),
        Map.of("BACKFILL_T_ANALYTICS_EVENTS_1", "2026-03-01 00:00:00"),
        "deploy");
    var head = scene.head("topic");
    gate.answers(LOG, Integer.MAX_VALUE, 429, "86400");

    var blind = rehearse(number);

    assertThat(blind.status()).as(blind.log()).isEqualTo(3);
    assertThat(blind.outputs()).containsEntry("ready", "false");
    assertThat(scene.conclusion(head, "backfill / readiness")).isEqualTo("ACTION_REQUIRED");
    assertThat(scene.comment(number).orElseThrow())
        .contains("not rehearsed yet", "Nothing was rehearsed", "gave no figures");

    gate.answers(LOG, 0, 429, "");
    var seeing = rehearse(number);
    assertThat(seeing.status()).as(seeing.log()).isZero();
    assertThat(scene.conclusion(head, "backfill / readiness")).isEqualTo("SUCCESS");

    // Ready, until production turns out to be otherwise.
    rows(0, 60);
    var later = scene.onPullRequest(number, "topic");
    assertThat(later.status()).isEqualTo(1);
    assertThat(scene.conclusion(head, "backfill / readiness")).isEqualTo("FAILURE");
    assertThat(scene.comment(number).orElseThrow()).contains("blocked", "50.0 %");
  }

  private ActionScene.Ran rehearse(int number) {
    scene.synced("topic");
    return scene.run(
        "workflow_dispatch",
        "{}",
        Map.of("INPUT_COMMAND", "rehearse", "INPUT_PR", String.valueOf(number)));
  }

  private void rows(int good, int atEpoch) {
    var body = new StringBuilder();
    for (var i = 0; i < good + atEpoch; i++) {
      body.append(
          "{\"timestamp\":\"%s\",\"action\":\"a%d\",\"payload\":\"{}\"}\n"
              .formatted(
                  i < good ? "2026-01-%02d 00:00:00".formatted(1 + i % 28) : "1970-01-01 00:00:00",
                  i));
    }
    assertThat(
            new HttpTinybird(http, Host.parse(workspace.url()), workspace.token())
                .append("analytics_events", body.toString())
                .rows())
        .isEqualTo(good + atEpoch);
  }

  private static void tb(Path place, String... arguments) {
    tb(place, Map.of(), arguments);
  }

  private static void tb(Path place, Map<String, String> environment, String... arguments) {
    var said = new ByteArrayOutputStream();
    var out = new PrintStream(said, true, StandardCharsets.UTF_8);
    assertThat(Tb.run(List.of(arguments), place, environment, out, out))
        .as(() -> said.toString(StandardCharsets.UTF_8))
        .isZero();
  }
}
