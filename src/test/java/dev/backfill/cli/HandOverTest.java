package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.http.Http;
import dev.backfill.local.LocalWorkspace;
import dev.backfill.tb.Tb;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TempRepository;
import dev.backfill.testing.TestEngine;
import dev.backfill.tinybird.Tinybird;
import dev.backfill.tinybird.http.Host;
import dev.backfill.tinybird.http.HttpTinybird;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `status` and `cleanup` from a deployment to the last leftover, on the embedded workspace: every
/// change is judged by `plan`, committed and deployed.
@EngineTest
class HandOverTest {
  private static final String T = "2026-03-01 00:00:00";
  private static final String HITS =
      """
      NODE hits
      SQL >
          SELECT timestamp, session_id FROM analytics_events WHERE action = 'hit'
      """;
  private static final String DAILY_TARGET =
      """
      SCHEMA >
          `day` Date,
          `hits` AggregateFunction(count)

      ENGINE "AggregatingMergeTree"
      ENGINE_SORTING_KEY "day"
      """;
  private static final String DAILY =
      """
      NODE daily
      SQL >
          SELECT toDate(timestamp) AS day, countState() AS hits FROM hits GROUP BY day
      TYPE materialized
      DATASOURCE daily_mv
      """;
  private static final String READER =
      """
      TOKEN "dashboard" READ

      # what the dashboard shows
      NODE endpoint
      SQL >
          %
          SELECT e.action,   count() AS hits   -- by action
          FROM analytics_events   e
          WHERE e.action = {{String(action, 'hit')}}
          GROUP BY e.action
      """;

  @TempDir Path folder;
  @TempDir Path data;
  private final Map<String, String> environment = new HashMap<>();
  private LocalWorkspace workspace;
  private TempRepository repository;
  private Http http;
  private Tinybird tinybird;

  @BeforeEach
  void start() {
    environment.put("TB_VERSION_WARNING", "0");
    environment.put("BACKFILL_T_ANALYTICS_EVENTS_1", T);
    workspace = LocalWorkspace.start(TestEngine.shared(), 0, data, Optional.empty());
    http = new Http();
    tinybird = new HttpTinybird(http, Host.parse(workspace.url()), workspace.token());
    tb("auth", "--host", workspace.url(), "--token", workspace.token());
    repository = TempRepository.in(folder);
    repository.write(".gitignore", ".tinyb\n").commit("nothing yet");
    tb("init", "--override-commit", "HEAD");
    repository
        .write("datasources/analytics_events.datasource", Analytics.EVENTS)
        .write("datasources/daily_mv.datasource", DAILY_TARGET)
        .write("pipes/hits.pipe", HITS)
        .write("pipes/daily.pipe", DAILY)
        .write("pipes/top_actions.pipe", READER)
        .write(
            "pipes/days.pipe",
            "NODE days\nSQL >\n    SELECT day, countMerge(hits) AS n FROM daily_mv GROUP BY day\n")
        .write(".tinyenv", "VERSION=0.0.0\n")
        .commit("base");
    tb("deploy");
    append("analytics_events", 0, 20);
  }

  @AfterEach
  void stop() {
    http.close();
    workspace.close();
    repository.close();
  }

  @Test
  void everyStepIsSeenMadeJudgedAndDeployed() throws IOException {
    migrate();
    assertThat(states("--no-compare")).startsWith("deploy done", "run now");
    assertThat(states()).startsWith("deploy done", "run now", "readers waits");
    assertThat(cleanup(1).path("missing").get(0).asString()).contains("lacks at least 20");

    ok(run("run"));
    assertThat(states())
        .containsExactly(
            "deploy done", "run done", "readers now", "producers waits", "cleanup waits");

    // readers
    var switched = cleanup(0);
    assertThat(switched.path("change").asString()).isEqualTo("switch_readers");
    assertThat(strings(switched.path("written")))
        .containsExactly("pipes/days.pipe", "pipes/top_actions.pipe");
    assertThat(folder.resolve("pipes/top_actions.pipe"))
        .hasContent(READER.replace("FROM analytics_events ", "FROM analytics_events_1 "));
    assertThat(strings(cleanup(0).path("written"))).isEmpty();
    assertThat(verdict()).isEqualTo("none");
    deploy("switch");
    assertThat(states()).startsWith("deploy done", "run done", "readers done", "producers now");

    // producers, one after the other; a late row still reaches the old version
    append("analytics_events_1", 100, 5);
    append("analytics_events", 200, 1);
    assertThat(states("--confirm", "producers_moving")).startsWith("deploy done", "run now");
    assertThat(states()).as("whose rows are they?").startsWith("deploy done", "run stuck");
    var whose = run("run");
    assertThat(whose.status()).as("whose rows are they?").isEqualTo(1);
    assertThat(whose.out())
        .contains("5 rows were written straight to analytics_events_1 since", "producers_moving")
        .doesNotContain("surplus 1 x");
    ok(run("run", "--confirm", "producers_moving"));
    ok(run("verify", "--confirm", "producers_moved"));
    assertThat(number("SELECT count() AS n FROM analytics_events_1")).isEqualTo(26);
    assertThat(cleanup(1, "--confirm", "producers_moved").path("missing").get(0).asString())
        .contains("must get no rows for 7 days");
    assertThat(cleanup(1, "--quiet-for", "0s").path("missing").toString())
        .contains("producers_moved");
    var feeds = cleanup(0, "--confirm", "producers_moved", "--quiet-for", "0s");
    assertThat(feeds.path("change").asString()).isEqualTo("remove_feeds");
    assertThat(strings(feeds.path("written")))
        .containsExactly(
            "pipes/backfill_analytics_events_1.pipe", "pipes/sync_analytics_events_1.pipe");
    assertThat(verdict()).isEqualTo("cleanup");
    deploy("remove the feeds");

    // the old version
    assertThat(states("--confirm", "producers_moved", "--quiet-for", "0s"))
        .containsExactly(
            "deploy done", "run done", "readers done", "producers done", "cleanup now");
    assertThat(run("status", "--confirm", "producers_moved", "--quiet-for", "0s").out())
        .contains(
            "cleanup --plan deploy/0.0.1/plan.json --confirm producers_moved --confirm no_other_readers");
    var past = run("run");
    ok(past);
    assertThat(past.out())
        .startsWith("nothing left to run: the sync and backfill Pipes of analytics_events_1")
        .contains("backfill status");
    assertThat(run("verify").err()).contains("nothing left to prove");
    var old = cleanup(0, "--confirm", "no_other_readers", "--quiet-for", "0s");
    assertThat(old.path("change").asString()).isEqualTo("remove_old");
    assertThat(strings(old.path("written")))
        .contains(
            "datasources/analytics_events.datasource",
            "datasources/daily_mv.datasource",
            "pipes/daily.pipe",
            "pipes/hits.pipe",
            "deploy/0.0.1/deploy.sh")
        .doesNotContain("pipes/hits_1.pipe");
    var plan = Files.createTempFile("plan", ".json");
    Files.writeString(plan, show("deploy/0.0.1/plan.json"));
    assertThat(verdict()).isEqualTo("cleanup");
    deploy("remove the old version");
    assertThat(tinybird.dataSourceNames()).containsExactly("analytics_events_1", "daily_mv_1");

    // the plan went with it, and is found in the history
    var over = run("status");
    ok(over);
    assertThat(over.err()).contains("deploy/0.0.1/plan.json was removed by commit");
    assertThat(over.out()).startsWith("finished");
    var again = run("run");
    assertThat(again.status()).isEqualTo(1);
    assertThat(again.err()).contains("its migration is over").doesNotContain("generate");

    // finished, with the plan from elsewhere: it is no longer in the repository
    var looked = json(run("cleanup", "--plan", plan.toString(), "--check", "--format", "json"));
    assertThat(strings(looked.path("removedClaims"))).isNotEmpty();
    assertThat(tinybird.pipes().stream().map(p -> p.name()))
        .as("--check changes nothing")
        .containsAll(strings(looked.path("removedClaims")));
    var last = json(run("cleanup", "--plan", plan.toString(), "--format", "json"));
    assertThat(last.path("change").asString()).isEqualTo("finished");
    assertThat(strings(last.path("removedClaims")))
        .allMatch(c -> c.startsWith("backfill_lease_analytics_events_1_"))
        .isNotEmpty();
    assertThat(tinybird.pipes().stream().map(p -> p.name()))
        .containsExactlyInAnyOrder("daily_1", "days", "hits", "hits_1", "top_actions");
    var finished = run("status", "--plan", plan.toString());
    ok(finished);
    assertThat(finished.out()).startsWith("finished").doesNotContain("[now]", "[later]");
    append("analytics_events_1", 300, 3);
    assertThat(number("SELECT sum(n) AS n FROM (SELECT countMerge(hits) AS n FROM daily_mv_1)"))
        .isEqualTo(29);
    Files.delete(plan);
  }

  @Test
  void aMigrationIsTakenBackByItsTypedName() {
    migrate();
    ok(run("run"));

    var wrong = run("cleanup", "--abandon", "analytics_events");
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.err()).contains("--abandon analytics_events_1");
    var back = cleanup(0, "--abandon", "analytics_events_1");

    assertThat(strings(back.path("written")))
        .contains(
            "datasources/analytics_events_1.datasource",
            "datasources/daily_mv_1.datasource",
            "pipes/daily_1.pipe",
            "pipes/hits_1.pipe",
            "pipes/sync_analytics_events_1.pipe",
            "deploy/0.0.1/plan.json");
    assertThat(verdict()).isEqualTo("cleanup");
    deploy("abandon");
    assertThat(tinybird.dataSourceNames()).containsExactly("analytics_events", "daily_mv");
    assertThat(run("status").out()).startsWith("over in ");
    append("analytics_events", 20, 2);
    assertThat(number("SELECT countMerge(hits) AS n FROM daily_mv")).isEqualTo(22);
  }

  @Test
  void nothingIsTakenBackThatSomebodyReadsOrWrites() {
    migrate();
    ok(run("run"));
    append("analytics_events_1", 100, 5);

    assertThat(cleanup(1, "--abandon", "analytics_events_1").path("missing").toString())
        .contains("producers write to `analytics_events_1`");
    assertThat(folder.resolve("datasources/analytics_events_1.datasource")).exists();
  }

  @Test
  void halfADeploymentIsToldFromAWholeOne() {
    migrate();
    tinybird.deletePipe("sync_analytics_events_1");

    var status = run("status");

    assertThat(status.status()).isEqualTo(1);
    assertThat(status.out())
        .startsWith("stuck")
        .contains("is there and empty, sync_analytics_events_1 isn't: half of a deployment");
    assertThat(cleanup(1).path("missing").toString()).contains("half of a deployment");
  }

  @Test
  void aPlanWithATokenShowsTheFiguresAndStaysTheSame() {
    repository.write("datasources/analytics_events.datasource", Analytics.CHANGED);

    var measured = json(run("plan", "--base", "HEAD", "--format", "json"));
    var files = json(run("plan", "--base", "HEAD", "--format", "json", "--no-evidence"));
    var away =
        Cli.in(folder)
            .with("BACKFILL_HOST", "http://127.0.0.1:1")
            .with("BACKFILL_TOKEN", "t")
            .run("plan", "--base", "HEAD");

    assertThat(measured.at("/migrations/0/evidence").toString())
        .contains("measured: 20 rows.", "the Events API wrote 20 rows");
    assertThat(files.at("/migrations/0/evidence").toString()).doesNotContain("measured");
    assertThat(measured.path("seal")).isEqualTo(files.path("seal"));
    ok(away);
    assertThat(away.err()).contains("no figures from the workspace");
  }

  @Test
  void aRemarkOnAReaderIsNoRefusal() {
    repository.write(
        "pipes/sizes.pipe",
        "NODE sizes\nSQL >\n    SELECT max(length(payload)) AS longest FROM analytics_events\n");
    deploy("a reader");
    repository.write(
        "datasources/analytics_events.datasource",
        Analytics.CHANGED.replace("`payload` String", "`payload` LowCardinality(String)"));
    ok(run("generate", "--base", "HEAD"));
    deploy("another type");
    ok(run("run"));

    var checked = run("cleanup", "--check");
    var switched = cleanup(0);

    assertThat(checked.out()).contains("note: pipes/sizes.pipe may use payload");
    ok(checked);
    assertThat(strings(switched.path("lookAt"))).singleElement().asString().contains("payload");
    assertThat(strings(switched.path("byHand"))).isEmpty();
    assertThat(strings(switched.path("written"))).contains("pipes/sizes.pipe");
  }

  @Test
  void whatHasToChangeAndIsLeftToAPersonIsARefusal() {
    repository.write(
        "pipes/any.pipe",
        "NODE a\nSQL >\n    %\n    SELECT count() AS n FROM {{table('analytics_events')}}\n");
    deploy("a reader");
    migrate();
    ok(run("run"));

    var left = cleanup(1);

    assertThat(strings(left.path("byHand"))).singleElement().asString().contains("pipes/any.pipe");
    assertThat(left.path("allowed").asBoolean()).isTrue();
  }

  @Test
  void aSyncThatSomebodyEditedIsSeen() {
    migrate();
    ok(run("run"));
    var sync = folder.resolve("pipes/sync_analytics_events_1.pipe");
    repository.write(
        "pipes/sync_analytics_events_1.pipe",
        read(sync).replace("WHERE", "WHERE action != 'hit' AND"));
    deploy("by hand");

    var status = run("status");
    var run = run("run");

    assertThat(status.status()).isEqualTo(1);
    assertThat(status.out()).contains("sync_analytics_events_1 isn't what the plan wrote");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).contains("sync_analytics_events_1 isn't what the plan wrote");
  }

  @Test
  void deletionsOfTheSourceStopItUntilSomebodySaysTheyWereRepeated() throws Exception {
    migrate();
    ok(run("run"));
    nextSecond(); // the workspace's log knows no less
    truncate("analytics_events");

    var status = run("status");

    assertThat(status.status()).isEqualTo(1);
    assertThat(status.out()).contains("analytics_events was truncated at", "changes_repeated");
    var run = run("run");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).contains("analytics_events was truncated at", "changes_repeated");
    truncate("analytics_events_1");
    assertThat(states("--confirm", "changes_repeated"))
        .as("the view over it still counts the rows")
        .contains("run stuck");
    assertThat(run("status", "--confirm", "changes_repeated").out())
        .contains("daily_mv_1 counts rows that were deleted from analytics_events_1")
        .doesNotContain("views too");
    truncate("daily_mv_1");
    ok(run("status", "--confirm", "changes_repeated"));
    assertThat(states("--confirm", "changes_repeated")).contains("run done");
  }

  @Test
  void aViewMayGoOnCountingARowThatWasDeletedAsTheOldOneDoes() throws Exception {
    migrate();
    ok(run("run"));
    nextSecond(); // the workspace's log knows no less
    deleteOne("analytics_events");

    assertThat(run("run"))
        .satisfies(r -> {
          assertThat(r.status()).isEqualTo(1);
          assertThat(r.out())
              .contains("Rows that were deleted from analytics_events", "are among them")
              .contains("repeat it: tb datasource delete analytics_events_1 --sql-condition")
              .doesNotContain("start over", "producers_moving");
        });
    deleteOne("analytics_events_1");
    for (var command : List.of("run", "status")) {
      var asked = run(command, "--confirm", "changes_repeated");
      assertThat(asked.status()).as(asked.out()).isEqualTo(1);
      assertThat(asked.out())
          .contains("--confirm views_keep_deleted", "plan --explain view_differs");
    }
    assertThat(run("verify").out()).contains("--confirm views_keep_deleted");

    ok(run("run", "--confirm", "changes_repeated", "--confirm", "views_keep_deleted"));
    var proof = run("verify", "--confirm", "views_keep_deleted", "--format", "json");
    ok(proof);
    assertThat(json(proof).at("/proofs/0/comparisons/1/accepted").asLong()).isEqualTo(1);
    assertThat(json(proof).at("/proofs/0/comparisons/1/because").asString())
        .contains("1 key is as daily_mv holds it", "accepted by --confirm views_keep_deleted");
    assertThat(states("--confirm", "changes_repeated", "--confirm", "views_keep_deleted"))
        .contains("run done", "readers now");
    assertThat(
            cleanup(0, "--confirm", "changes_repeated", "--confirm", "views_keep_deleted")
                .path("change")
                .asString())
        .isEqualTo("switch_readers");
  }

  @Test
  void aViewThatCountsADeletedRowCanBeMadeAnew() throws Exception {
    migrate();
    ok(run("run"));
    nextSecond();
    deleteOne("analytics_events");
    deleteOne("analytics_events_1");

    tb("pipe", "populate", "daily_1", "--node", "daily", "--truncate", "--wait");

    ok(run("run", "--confirm", "changes_repeated"));
    assertThat(number("SELECT countMerge(hits) AS n FROM daily_mv_1")).isEqualTo(19);
  }

  @Test
  void aViewThatLostRowsIsNotAcceptedByWord() throws Exception {
    migrate();
    ok(run("run"));
    truncate("daily_mv_1");

    var lost = run("run", "--confirm", "views_keep_deleted");

    assertThat(lost.status()).isEqualTo(1);
    assertThat(lost.out()).contains("daily_mv_1 differs from", "plan --explain view_differs");
    assertThat(run("status", "--confirm", "views_keep_deleted").out())
        .contains("daily_mv_1 differs from what its query gives");
  }

  private void deleteOne(String dataSource) {
    tb(
        "datasource",
        "delete",
        dataSource,
        "--sql-condition",
        "session_id = '3'",
        "--yes",
        "--wait");
  }

  private static void nextSecond() throws InterruptedException {
    var began = System.currentTimeMillis() / 1000;
    while (System.currentTimeMillis() / 1000 == began) {
      Thread.sleep(20);
    }
  }

  /// Key changed, generated, deployed by hand with a T that is long past: no wait.
  private void migrate() {
    repository.write("datasources/analytics_events.datasource", Analytics.CHANGED);
    ok(run("generate", "--base", "HEAD"));
    deploy("another key");
  }

  private void deploy(String message) {
    repository.commit(message);
    tb("deploy");
  }

  private List<String> states(String... options) {
    var words = new java.util.ArrayList<>(List.of("status", "--format", "json"));
    words.addAll(List.of(options));
    var status = json(run(words.toArray(String[]::new)));
    return StreamSupport.stream(status.path("steps").spliterator(), false)
        .map(s -> s.path("id").asString() + " " + s.path("state").asString())
        .toList();
  }

  private JsonNode cleanup(int expected, String... options) {
    var words = new java.util.ArrayList<>(List.of("cleanup", "--format", "json"));
    words.addAll(List.of(options));
    var result = run(words.toArray(String[]::new));
    assertThat(result.status()).as(result.out() + result.err()).isEqualTo(expected);
    return json(result);
  }

  private String verdict() {
    var result = run("plan", "--base", "HEAD", "--format", "json");
    assertThat(result.status()).as(result.out() + result.err()).isZero();
    return json(result).path("verdict").asString();
  }

  private static List<String> strings(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asString).toList();
  }

  private static JsonNode json(Cli.Result result) {
    return new JsonMapper().readTree(result.out());
  }

  private Cli.Result run(String... words) {
    return Cli.in(folder)
        .with("BACKFILL_HOST", workspace.url())
        .with("BACKFILL_TOKEN", workspace.token())
        .run(words);
  }

  private static void ok(Cli.Result result) {
    assertThat(result.status()).as(result.out() + result.err()).isZero();
  }

  private void tb(String... words) {
    var out = new ByteArrayOutputStream();
    var stream = new PrintStream(out, true, StandardCharsets.UTF_8);
    var status = Tb.run(List.of(words), folder, environment, stream, stream);
    assertThat(status).as(out.toString(StandardCharsets.UTF_8)).isZero();
  }

  private void truncate(String dataSource) throws Exception {
    var request =
        HttpRequest.newBuilder(
                URI.create(workspace.url() + "/v0/datasources/" + dataSource + "/truncate"))
            .header("Authorization", "Bearer " + workspace.token())
            .POST(HttpRequest.BodyPublishers.noBody())
            .build();
    try (var client = HttpClient.newHttpClient()) {
      assertThat(client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode())
          .isEqualTo(205);
    }
  }

  /// Rows a minute apart, in January, so below T.
  private void append(String dataSource, int from, int count) {
    var rows = new StringBuilder();
    for (var i = from; i < from + count; i++) {
      rows.append(
          "{\"timestamp\":\"2026-01-01 %02d:%02d:00\",\"session_id\":\"%d\",\"action\":\"hit\",\"payload\":\"\"}\n"
              .formatted(i / 60, i % 60, i));
    }
    assertThat(tinybird.append(dataSource, rows.toString()).rows()).isEqualTo(count);
  }

  private long number(String sql) {
    return tinybird.query(sql).only().number("n");
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private String show(String path) {
    try (var revisions = dev.backfill.revision.jgit.JGitRevisions.open(folder)) {
      return revisions.at(revisions.resolve("HEAD"), ".").files().getOrDefault(path, "");
    }
  }
}
