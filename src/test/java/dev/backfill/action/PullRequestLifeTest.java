package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.github.Permission;
import dev.backfill.http.Http;
import dev.backfill.http.Pause;
import dev.backfill.local.LocalWorkspace;
import dev.backfill.revision.CommitId;
import dev.backfill.tb.Tb;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import dev.backfill.tinybird.Tinybird;
import dev.backfill.tinybird.http.Host;
import dev.backfill.tinybird.http.HttpTinybird;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A pull request's whole life through the action: opened, rehearsed, pushed, queued, merged,
/// deployed, run, looked after by the clock, cleaned up. GitHub is the validated fake, the
/// workspace the embedded one.
@EngineTest
class PullRequestLifeTest {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");
  private static final int ROWS = 3000;

  @TempDir Path folder;
  @TempDir Path data;
  private LocalWorkspace workspace;
  private Http http;
  private Tinybird tinybird;
  private ActionScene scene;

  @BeforeEach
  void start() {
    workspace = LocalWorkspace.start(TestEngine.shared(), 0, data, Optional.empty());
    http = new Http();
    tinybird = new HttpTinybird(http, Host.parse(workspace.url()), workspace.token());
    scene =
        new ActionScene(
            folder,
            (environment, place, log) -> ActionScene.start(environment, place, log, Pause.SYSTEM),
            repository -> {
              in(
                  repository.root(),
                  "auth",
                  "--host",
                  workspace.url(),
                  "--token",
                  workspace.token());
              in(repository.root(), "init", "--git");
            });
    scene.environment.put("INPUT_HOST", workspace.url());
    scene.environment.put("INPUT_TINYBIRD-TOKEN", workspace.token());
    scene
        .repository
        .write(
            "backfill.yml", "lead: 2s\nmargin: 1s\nsettle: 300ms\npoll: 50ms\nchunk-rows: 1000\n")
        .commit("settings");
  }

  @AfterEach
  void end() {
    scene.close();
    http.close();
    workspace.close();
  }

  @Test
  void fromTheFirstPushToTheLastCleanUp() throws Exception {
    deployedAndFilled();
    var number = scene.opened();

    // opened: planned, files committed, not ready
    scene.onPullRequest(number, "topic");
    var planned = scene.head("topic");
    assertThat(scene.conclusion(planned, "backfill / readiness")).isEqualTo("ACTION_REQUIRED");

    // no branch yet: the rehearsal says so and nothing is green
    var early = rehearse(number);
    assertThat(early.status()).isEqualTo(2);
    assertThat(early.log()).contains("no tmp_ci branch of the pull request 1");
    assertThat(scene.conclusion(planned, "backfill / readiness")).isNotEqualTo("SUCCESS");
    assertThat(scene.comment(number).orElseThrow())
        .contains("not rehearsed yet", "The rehearsal stopped");

    // the CI builds its branch; rehearsed: ready
    ci(number);
    var rehearsed = rehearse(number);
    assertThat(rehearsed.status()).as(rehearsed.log()).isZero();
    assertThat(rehearsed.outputs()).containsEntry("ready", "true");
    assertThat(scene.conclusion(planned, "backfill / readiness")).isEqualTo("SUCCESS");
    assertThat(scene.comment(number).orElseThrow())
        .contains("**Backfill: ready to merge.**", "#### Rehearsal and forecast", "3,000")
        .contains("- [x] we: rehearsed, and proven");

    // planned again on the same head: still ready, and the proof is still shown
    scene.onPullRequest(number, "topic");
    assertThat(scene.comment(number).orElseThrow())
        .contains("ready to merge", "#### Rehearsal and forecast");

    // a push turns it back
    var pushed = scene.pushed("topic", "README.md", "words\n");
    scene.onPullRequest(number, "topic");
    assertThat(scene.conclusion(pushed, "backfill / readiness")).isEqualTo("ACTION_REQUIRED");
    assertThat(scene.comment(number).orElseThrow()).contains("not rehearsed yet");

    // by a comment: rehearsed again, ready again
    scene.fake.person("ana", Permission.WRITE);
    tb("branch", "rm", "tmp_ci__" + number, "--yes");
    ci(number);
    var said = scene.fake.say(number, "ana", "/backfill rehearse");
    assertThat(scene.onComment(number, "ana", "/backfill rehearse", said).status()).isZero();
    assertThat(scene.conclusion(pushed, "backfill / readiness")).isEqualTo("SUCCESS");

    // the main line changes something else: still ready; something the plan rests on: not any more
    push("docs.md", "other words\n", "main");
    assertThat(scene.conclusion(pushed, "backfill / readiness")).isEqualTo("SUCCESS");
    push(
        "pipes/top_actions.pipe",
        "NODE endpoint\nSQL >\n    SELECT action, count() AS n FROM analytics_events GROUP BY action\n\nTYPE endpoint\n",
        "main");
    assertThat(scene.conclusion(pushed, "backfill / readiness")).isEqualTo("FAILURE");
    assertThat(scene.comment(number).orElseThrow())
        .contains("**Backfill: not ready.**", "`pipe top_actions`");

    // brought into the branch and rehearsed once more
    scene.synced("topic");
    var updated = new CommitId(merge("topic", "main"));
    scene.onPullRequest(number, "topic");
    tb("branch", "rm", "tmp_ci__" + number, "--yes");
    cd();
    ci(number);
    assertThat(rehearse(number).status()).isZero();
    assertThat(scene.conclusion(updated, "backfill / readiness")).isEqualTo("SUCCESS");

    // queued: the queue's tree has the same plan, so readiness is carried over
    scene.synced("main");
    var base = scene.head("main");
    var queued = merge("queue", "topic");
    var group =
        scene.run(
            "merge_group",
            """
            {"action":"checks_requested","merge_group":{"base_sha":"%s","head_sha":"%s",
              "head_ref":"refs/heads/gh-readonly-queue/main/pr-%d-%s"}}
            """
                .formatted(base.hex(), queued, number, base.hex()));
    assertThat(group.status()).as(group.log()).isZero();
    assertThat(scene.conclusion(new CommitId(queued), "backfill / readiness")).isEqualTo("SUCCESS");

    // merged, deployed by CD, run
    scene.synced("main");
    var merged = merge("main", "topic");
    scene.fake.merged(number, new CommitId(merged));
    var before = run(Map.of("INPUT_COMMAND", "run"), "workflow_dispatch");
    assertThat(before.status()).as("before the deploy").isEqualTo(1);
    cd();
    var late = run(Map.of("INPUT_COMMAND", "run", "INPUT_TIME-LIMIT", "0s"), "workflow_dispatch");
    assertThat(late.status()).as(late.log()).isZero();
    assertThat(late.outputs()).containsEntry("ready", "false").containsKey("come-back-at");
    var run = run(Map.of("INPUT_COMMAND", "run"), "workflow_dispatch");
    assertThat(run.status()).as(run.log()).isZero();
    assertThat(rows("analytics_events_1")).isEqualTo(ROWS);
    assertThat(scene.comment(number).orElseThrow())
        .contains("copied and proven", "#### What is next");

    // late rows: the clock's run sweeps them
    append(10, "2026-01-05 00:00:00");
    var swept = run(Map.of(), "schedule");
    assertThat(swept.status()).as(swept.log()).isZero();
    assertThat(rows("analytics_events_1")).isEqualTo(ROWS + 10);

    // the readers' switch is opened as a pull request, once
    var cleanup = run(Map.of("INPUT_COMMAND", "cleanup"), "workflow_dispatch");
    assertThat(cleanup.status()).as(cleanup.log()).isZero();
    assertThat(cleanup.outputs()).containsEntry("pr", "2");
    run(Map.of("INPUT_COMMAND", "cleanup"), "workflow_dispatch");
    assertThat(scene.fake.states()).hasSize(2);
    assertThat(scene.fake.comments(number).stream().filter(c -> c.by("github-actions[bot]")))
        .hasSize(1);
  }

  private ActionScene.Ran rehearse(int number) {
    scene.synced("topic");
    return scene.run(
        "workflow_dispatch",
        "{}",
        Map.of("INPUT_COMMAND", "rehearse", "INPUT_PR", String.valueOf(number)));
  }

  private ActionScene.Ran run(Map<String, String> inputs, String event) {
    return scene.run(event, "{}", inputs);
  }

  private void push(String file, String text, String branch) {
    var before = scene.head(branch);
    var after = scene.pushed(branch, file, text);
    var ran =
        scene.run(
            "push",
            """
            {"ref":"refs/heads/%s","before":"%s","after":"%s","repository":{"default_branch":"main"}}
            """
                .formatted(branch, before.hex(), after.hex()));
    assertThat(ran.status()).as(ran.log()).isZero();
  }

  private String merge(String branch, String topic) throws Exception {
    scene.repository.checkout(branch);
    return scene
        .repository
        .git()
        .merge()
        .include(scene.repository.git().getRepository().resolve(topic))
        .setFastForward(org.eclipse.jgit.api.MergeCommand.FastForwardMode.NO_FF)
        .setMessage("merge")
        .call()
        .getNewHead()
        .name();
  }

  private void deployedAndFilled() {
    tb("deploy");
    append(ROWS, "2026-01-01 00:00:00");
  }

  private void append(int rows, String from) {
    var at = LocalDateTime.parse(from, TIME).toInstant(ZoneOffset.UTC);
    var body = new StringBuilder();
    for (var i = 0; i < rows; i++) {
      body.append("{\"timestamp\":\"")
          .append(TIME.format(LocalDateTime.ofInstant(at.plusSeconds(i * 60L), ZoneOffset.UTC)))
          .append("\",\"action\":\"a")
          .append(i % 7)
          .append("\",\"payload\":\"{}\"}\n");
    }
    assertThat(tinybird.append("analytics_events", body.toString()).rows()).isEqualTo(rows);
  }

  private long rows(String table) {
    return tinybird.query("SELECT count() AS n FROM " + table).only().number("n");
  }

  /// What `tinybirdco/ci` does on a pull request, in a clone of its own.
  private void ci(int number) throws Exception {
    scene.synced("topic");
    var clone = clone("topic");
    in(clone, "auth", "--host", workspace.url(), "--token", workspace.token());
    in(clone, "branch", "create", "tmp_ci__" + number, "--last-partition", "--wait");
    deploy(clone);
  }

  private void cd() throws Exception {
    var clone = clone("main");
    in(clone, "auth", "--host", workspace.url(), "--token", workspace.token());
    deploy(clone);
  }

  private Path clone(String branch) throws Exception {
    var clone = folder.resolve("clone-" + System.nanoTime());
    execute(
        folder,
        Map.of(),
        "git",
        "clone",
        "-q",
        "-b",
        branch,
        scene.repository.root().toString(),
        clone.toString());
    return clone;
  }

  /// The deployment that `deploy.sh` makes; the script itself is run by its own tests. A cutover
  /// between the rows and now leaves nobody waiting.
  private void deploy(Path clone) {
    in(clone, Map.of("BACKFILL_T_ANALYTICS_EVENTS_1", "2026-03-01 00:00:00"), "deploy");
  }

  private static void execute(Path place, Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    var builder = new ProcessBuilder(command).directory(place.toFile()).redirectErrorStream(true);
    builder.environment().remove("TB_TOKEN");
    builder.environment().putAll(environment);
    var process = builder.start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }

  private void tb(String... arguments) {
    in(scene.repository.root(), arguments);
  }

  private void in(Path place, String... arguments) {
    in(place, Map.of(), arguments);
  }

  private void in(Path place, Map<String, String> environment, String... arguments) {
    var said = new ByteArrayOutputStream();
    var out = new PrintStream(said, true, StandardCharsets.UTF_8);
    assertThat(Tb.run(List.of(arguments), place, environment, out, out))
        .as(() -> said.toString(StandardCharsets.UTF_8))
        .isZero();
  }
}
