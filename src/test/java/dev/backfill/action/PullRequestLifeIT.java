package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.github.Permission;
import dev.backfill.http.Http;
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

/// A pull request's whole life through the action's real entrypoint, a process for each event:
/// opened, rehearsed, pushed, forked, commented, queued, merged, deployed, run, stopped, looked
/// after by the clock, cleaned up to the end. GitHub is the validated fake, the workspace the
/// embedded one.
@EngineTest
class PullRequestLifeIT {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");
  private static final int ROWS = 3000;
  private static final String READER =
      """
      NODE endpoint
      SQL >
          SELECT action, %s FROM analytics_events GROUP BY action

      TYPE endpoint
      """;
  private static final String ROW =
      "{\"timestamp\":\"2026-04-01 00:00:00\",\"action\":\"new\",\"payload\":\"{}\"}\n";

  @TempDir Path folder;
  @TempDir Path data;
  private LocalWorkspace workspace;
  private Http http;
  private Tinybird tinybird;
  private final Entrypoint entrypoint = new Entrypoint();
  private ActionScene scene;

  @BeforeEach
  void start() {
    workspace = LocalWorkspace.start(TestEngine.shared(), 0, data, Optional.empty());
    http = new Http();
    tinybird = new HttpTinybird(http, Host.parse(workspace.url()), workspace.token());
    scene =
        new ActionScene(
            folder,
            entrypoint,
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
            "backfill.yml",
            "lead: 2s\nmargin: 1s\nsettle: 300ms\npoll: 50ms\nchunk-rows: 1000\nquiet: 1s\n")
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
    var authors = scene.head("topic");
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

    // forked: planned from its files without a token; the second stage comments and is never green
    var fork = scene.fake.openFromFork("eve", "topic", authors, "main");
    var nothing = scene.fake.token("github-actions[bot]", Optional.of("github-actions"));
    var forked =
        scene.run(
            "pull_request",
            ActionScene.pullRequest(fork, scene.head("main"), authors, "topic", 99),
            Map.of("INPUT_TOKEN", nothing, "INPUT_HOST", "", "INPUT_TINYBIRD-TOKEN", ""));
    assertThat(forked.status()).as(forked.log()).isEqualTo(1);
    assertThat(scene.comment(fork)).isEmpty();
    assertThat(forked.summary()).contains("comes from a fork");
    var second =
        scene.run(
            "workflow_run",
            """
            {"action":"completed","workflow_run":{"event":"pull_request","head_sha":"%s",
              "head_repository":{"id":99}},"repository":{"id":1}}
            """
                .formatted(authors.hex()),
            Map.of(
                "INPUT_COMMAND",
                "plan",
                "INPUT_COMMIT",
                "never",
                "INPUT_PR",
                String.valueOf(fork)));
    assertThat(second.status()).as(second.log()).isZero();
    assertThat(scene.comment(fork).orElseThrow()).contains("comes from a fork");
    assertThat(scene.conclusion(authors, "backfill / readiness")).isEqualTo("ACTION_REQUIRED");
    scene.fake.close(fork);

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
    push("pipes/top_actions.pipe", READER.formatted("count() AS n"), "main");
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
    var group = queue(number, base.hex(), queued);
    assertThat(group.status()).as(group.log()).isZero();
    assertThat(scene.conclusion(new CommitId(queued), "backfill / readiness")).isEqualTo("SUCCESS");

    // a group that brings in more than was rehearsed isn't green
    scene.synced("main");
    scene.repository.checkout("ahead").write("pipes/top_actions.pipe", READER.formatted("1 AS x"));
    var ahead = new CommitId(scene.repository.commit("ahead in the queue"));
    var mixed = merge("ahead", "topic");
    var unlike = queue(number, ahead.hex(), mixed);
    assertThat(unlike.outputs()).containsEntry("ready", "false");
    assertThat(scene.conclusion(new CommitId(mixed), "backfill / readiness"))
        .isNotEqualTo("SUCCESS");

    // merged; before the deploy there is nothing to run, and the comment says whose turn it is
    scene.synced("main");
    var merged = merge("main", "topic");
    scene.fake.merged(number, new CommitId(merged));
    var before = run(Map.of("INPUT_COMMAND", "run"), "workflow_dispatch");
    assertThat(before.status()).as("before the deploy").isEqualTo(1);
    cd();

    // no time left: handed over to another job
    scene.fake.workflow("production.yml", true);
    var late =
        run(
            Map.of(
                "INPUT_COMMAND",
                "run",
                "INPUT_TIME-LIMIT",
                "0s",
                "GITHUB_WORKFLOW_REF",
                ActionScene.NAME + "/.github/workflows/production.yml@refs/heads/main"),
            "schedule");
    assertThat(late.status()).as(late.log()).isZero();
    assertThat(late.outputs()).containsEntry("ready", "false").containsKey("come-back-at");
    assertThat(scene.fake.dispatched())
        .containsExactly(
            new dev.backfill.testing.github.Dispatched(
                "production.yml", "main", Map.of("command", "run")));
    assertThat(scene.comment(number).orElseThrow())
        .contains("A new run of `production.yml` goes on.");

    // stopped half-way
    workspace.faults().jobDelay(1_500);
    entrypoint.stopAt("copied [");
    var stopped = say(number, "/backfill run");
    assertThat(stopped.status()).as(stopped.log()).isEqualTo(130);
    assertThat(scene.comment(number).orElseThrow())
        .contains("**Backfill: stopped.**", "stay there", "this workflow's schedule");
    assertThat(rows("analytics_events_1")).isBetween(1L, ROWS - 1L);
    entrypoint.stopAt("");
    workspace.faults().jobDelay(0);

    // run by a comment
    var run = say(number, "/backfill run");
    assertThat(run.status()).as(run.log()).isZero();
    assertThat(rows("analytics_events_1")).isEqualTo(ROWS);
    assertThat(scene.comment(number).orElseThrow())
        .contains("copied and proven", "#### What is next");

    // late rows: the clock's run sweeps them
    append(10, "2026-01-05 00:00:00");
    var swept = run(Map.of(), "schedule");
    assertThat(swept.status()).as(swept.log()).isZero();
    assertThat(rows("analytics_events_1")).isEqualTo(ROWS + 10);

    // nothing is taken back without the names
    var back = say(number, "/backfill abandon");
    assertThat(back.status()).isEqualTo(2);
    assertThat(scene.comment(number).orElseThrow())
        .contains("> `/backfill abandon`: not done.", "/backfill abandon analytics\\_events\\_1");

    // cleaned up: readers, feeds, the old version, each a pull request of its own
    var confirm = Map.of("INPUT_COMMAND", "cleanup", "INPUT_CONFIRM", "producers_moved");
    cleanedUp(3, "switch-readers", Map.of("INPUT_COMMAND", "cleanup"));
    assertThat(tinybird.append("analytics_events_1", ROW).rows()).isEqualTo(1);
    cleanedUp(4, "remove-feeds", confirm);
    cleanedUp(
        5,
        "remove-old",
        Map.of("INPUT_COMMAND", "cleanup", "INPUT_CONFIRM", "producers_moved, no_other_readers"));
    assertThat(tinybird.dataSourceNames()).containsExactly("analytics_events_1");
    assertThat(rows("analytics_events_1")).isEqualTo(ROWS + 11);
    var last = run(Map.of(), "schedule");
    assertThat(last.status()).as(last.log()).isZero();
    assertThat(last.log()).contains("There is no committed plan.");
    assertThat(scene.fake.comments(number).stream().filter(c -> c.by("github-actions[bot]")))
        .hasSize(1);
  }

  /// The next pull request is opened once, merged and deployed.
  private void cleanedUp(int number, String change, Map<String, String> inputs) throws Exception {
    var cleanup = run(inputs, "workflow_dispatch");
    assertThat(cleanup.status()).as(cleanup.log()).isZero();
    assertThat(cleanup.outputs()).containsEntry("pr", String.valueOf(number));
    run(inputs, "workflow_dispatch");
    assertThat(scene.fake.states()).hasSize(number);
    scene.synced("main");
    var merged = merge("main", "backfill/" + change + "-0.0.1-1");
    scene.fake.merged(number, new CommitId(merged));
    cd();
  }

  private ActionScene.Ran rehearse(int number) {
    scene.synced("topic");
    return scene.run(
        "workflow_dispatch",
        "{}",
        Map.of("INPUT_COMMAND", "rehearse", "INPUT_PR", String.valueOf(number)));
  }

  private ActionScene.Ran queue(int number, String base, String head) {
    return scene.run(
        "merge_group",
        """
        {"action":"checks_requested","merge_group":{"base_sha":"%s","head_sha":"%s",
          "head_ref":"refs/heads/gh-readonly-queue/main/pr-%d-%s"}}
        """
            .formatted(base, head, number, base));
  }

  private ActionScene.Ran say(int number, String command) {
    scene.synced("main");
    return scene.onComment(number, "ana", command, scene.fake.say(number, "ana", command));
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
