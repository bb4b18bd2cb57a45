package dev.backfill.tb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.http.StillPause;
import dev.backfill.testing.TempRepository;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mockwebserver3.MockWebServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TbTest {
  private static final String EVENTS =
      """
      SCHEMA >
          `timestamp` DateTime `json:$.timestamp`,
          `action` LowCardinality(String) `json:$.action`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "timestamp"
      """;
  private static final String LIVE_EVENTS =
      """
      {'id':'t_e','name':'events','description':'',
       'schema':{'sql_schema':'`timestamp` DateTime `json:$.timestamp`, `action` LowCardinality(String) `json:$.action`'},
       'engine':{'engine':'MergeTree','engine_sorting_key':'timestamp','sorting_key':'timestamp','ttl':''},
       'indexes':[]}\
      """;
  private static final String SYNC =
      """
      NODE sync
      SQL >
          SELECT timestamp, action FROM events
          WHERE timestamp >= toDateTime('${BACKFILL_T_EVENTS_1}', 'UTC') AND action != '$UNSET' AND action != '$$5'
      TYPE materialized
      DATASOURCE events_1
      """;

  @TempDir Path folder;
  private final RecordedWorkspace workspace = new RecordedWorkspace();
  private final MockWebServer server = new MockWebServer();
  private final Map<String, String> environment = new HashMap<>();
  private TempRepository repository;
  private String out = "";
  private String err = "";

  @BeforeEach
  void start() throws IOException {
    server.setDispatcher(workspace);
    server.start(InetAddress.getLoopbackAddress(), 0);
    environment.put("TB_VERSION_WARNING", "0");
    repository = TempRepository.in(folder);
    repository.write(".gitignore", ".tinyb\n").write("datasources/events.datasource", EVENTS);
    workspace.commit = repository.commit("base");
    workspace.dataSources.put("events", LIVE_EVENTS);
    assertThat(tb("auth", "--token", "main-token", "--host", host())).isZero();
    workspace.asked.clear();
    workspace.tokens.clear();
  }

  @AfterEach
  void stop() {
    repository.close();
    server.close();
  }

  @Test
  void authWritesWhereThisFolderIsLoggedIn() throws IOException {
    var tinyb = RecordedWorkspace.JSON.readTree(Files.readString(folder.resolve(".tinyb")));

    assertThat(tinyb.path("host").asString()).isEqualTo(host());
    assertThat(tinyb.path("token").asString()).isEqualTo("main-token");
    assertThat(tinyb.path("id").asString()).isEqualTo("w1");
    assertThat(tinyb.path("tokens").path(host()).asString()).isEqualTo("main-token");
  }

  @Test
  void deploysDataSourcesThenPipesThenDeletionsAndThenTellsTheCommit() {
    repository
        .write("pipes/old.pipe", "NODE n\nSQL >\n    SELECT 1\n")
        .write(
            "datasources/old_ds.datasource",
            "DESCRIPTION nothing like the others\n\nSCHEMA >\n    `z` UInt8\n");
    workspace.commit = repository.commit("with old things");
    environment.put("BACKFILL_T_EVENTS_1", "2026-01-01 00:00:00");
    repository
        .delete("pipes/old.pipe")
        .delete("datasources/old_ds.datasource")
        .write("pipes/a_reader.pipe", "NODE n\nSQL >\n    SELECT * FROM z_base\n")
        .write(
            "pipes/z_base.pipe",
            "NODE n\nSQL >\n    SELECT action, count() c FROM events GROUP BY action\n")
        .write("pipes/sync_events_1.pipe", SYNC)
        .write(
            "pipes/backfill_events_1.pipe",
            """
            NODE backfill
            SQL >
                %
                SELECT timestamp, action FROM events WHERE timestamp < {{DateTime(end_backfill_timestamp)}}
            TYPE COPY
            TARGET_DATASOURCE events_1
            COPY_MODE append
            COPY_SCHEDULE @on-demand
            """)
        .write(
            "datasources/events_1.datasource",
            EVENTS.replace("SORTING_KEY \"timestamp\"", "SORTING_KEY \"action, timestamp\""));
    var head = repository.commit("migration");

    assertThat(tb("deploy", "--yes")).describedAs(out + err).isZero();

    assertThat(workspace.writes())
        .containsExactly(
            "POST /v0/datasources",
            "POST /v0/pipes",
            "POST /v0/pipes/z_base/nodes/n_n/endpoint",
            "POST /v0/pipes",
            "POST /v0/pipes/a_reader/nodes/n_n/endpoint",
            "POST /v0/pipes",
            "PUT /v0/pipes/t_backfill_events_1/nodes/n_backfill/copy",
            "POST /v0/pipes",
            "DELETE /v0/pipes/old",
            "DELETE /v0/datasources/old_ds",
            "POST /v0/workspaces/w1/releases/",
            "PUT /v0/workspaces/w1/releases/0.0.0");
    assertThat(RecordedWorkspace.form(workspace.request("POST /v0/datasources")))
        .containsEntry("name", "events_1")
        .containsEntry("format", "ndjson")
        .containsEntry("engine", "MergeTree")
        .containsEntry("engine_sorting_key", "action, timestamp")
        .containsEntry(
            "schema",
            "`timestamp` DateTime `json:$.timestamp`, `action` LowCardinality(String)"
                + " `json:$.action`");
    assertThat(workspace.request("POST /v0/workspaces/w1/releases/"))
        .endsWith("?commit=" + head + "&force=true");
    assertThat(workspace.request("PUT /v0/workspaces/w1/releases/"))
        .endsWith("?new_semver=0.0.0-1");
    assertThat(
            RecordedWorkspace.form(
                workspace.request("PUT /v0/pipes/t_backfill_events_1/nodes/n_backfill/copy")))
        .containsEntry("target_datasource", "events_1")
        .containsEntry("mode", "append")
        .containsEntry("schedule_cron", "None");
  }

  @Test
  void environmentVariablesAreSubstitutedInSqlAndUnknownOnesStay() {
    environment.put("BACKFILL_T_EVENTS_1", "2026-01-01 00:00:00");
    repository.write("pipes/sync_events_1.pipe", SYNC);
    repository.commit("sync");

    assertThat(tb("deploy")).describedAs(err).isZero();

    var pushed = workspace.request("POST /v0/pipes?");
    assertThat(pushed)
        .contains("toDateTime('2026-01-01 00:00:00', 'UTC')", "'$UNSET'", "'$5'")
        .contains("\"type\":\"materialized\"", "\"datasource\":\"events_1\"")
        .contains("force=true");
  }

  @Test
  void aDeployedCommitIsAnError() {
    assertThat(tb("deploy")).isEqualTo(1);

    assertThat(err).contains("already deployed");
    assertThat(workspace.writes()).isEmpty();
  }

  @Test
  void aWorkspaceWithoutACommitIsAnError() {
    workspace.commit = "";

    assertThat(tb("deploy")).isEqualTo(1);
    assertThat(err).contains("tb init --git");
  }

  @Test
  void renamedFilesAreRefused() {
    repository
        .delete("datasources/events.datasource")
        .write("datasources/events_1.datasource", EVENTS);
    repository.commit("rename");

    assertThat(tb("deploy")).isEqualTo(1);
    assertThat(err).contains("Renamed");
    assertThat(workspace.writes()).isEmpty();
  }

  @Test
  void uncommittedChangesAreRefused() {
    repository.write("x.pipe", "NODE n\nSQL >\n    SELECT 1\n");

    assertThat(tb("deploy")).isEqualTo(1);
    assertThat(err).contains("uncommitted").contains("x.pipe");
  }

  @Test
  void aHistoryThatWentElsewhereIsRefusedUnlessToldOtherwise() {
    workspace.commit = repository.write("y.txt", "y").commit("elsewhere");
    try {
      repository
          .git()
          .reset()
          .setMode(org.eclipse.jgit.api.ResetCommand.ResetType.HARD)
          .setRef("HEAD~1")
          .call();
    } catch (org.eclipse.jgit.api.errors.GitAPIException e) {
      throw new IllegalStateException(e);
    }
    repository.write("z.txt", "z").commit("here");

    assertThat(tb("deploy")).isEqualTo(1);
    assertThat(err).contains("not an ancestor");
    assertThat(tb("deploy", "--skip-head-outdated")).isZero();
  }

  @Test
  void aChangedKeyOfAnExistingDataSourceIsAWarningAndSuccess() {
    repository.write(
        "datasources/events.datasource",
        EVENTS.replace("SORTING_KEY \"timestamp\"", "SORTING_KEY \"action, timestamp\""));
    repository.commit("key");

    assertThat(tb("deploy")).isZero();

    assertThat(out).contains("already exists and can't be migrated or replaced");
    assertThat(workspace.writes())
        .containsExactly(
            "POST /v0/workspaces/w1/releases/", "PUT /v0/workspaces/w1/releases/0.0.0");
  }

  @Test
  void anAddedColumnIsAlteredDryAndThenForGood() {
    repository.write(
        "datasources/events.datasource",
        EVENTS.replace("`json:$.action`", "`json:$.action`,\n    `x` Nullable(String) `json:$.x`"));
    repository.commit("column");

    assertThat(tb("deploy")).describedAs(err).isZero();

    var alters = workspace.asked.stream().filter(l -> l.contains("/alter ")).toList();
    assertThat(alters).hasSize(2);
    assertThat(RecordedWorkspace.form(alters.getFirst()))
        .containsEntry("dry", "true")
        .hasEntrySatisfying("schema", s -> assertThat(s).contains("`x` Nullable(String)"));
    assertThat(RecordedWorkspace.form(alters.getLast())).containsEntry("dry", "false");
  }

  @Test
  void aRefusedAlterStopsMidwayAndTheCommitStays() {
    workspace.answers.put(
        "POST /v0/datasources/events/alter",
        body -> RecordedWorkspace.error(400, "can't change the type"));
    repository
        .write("datasources/events.datasource", EVENTS.replace("DateTime", "DateTime64(3)"))
        .write("datasources/aaa.datasource", EVENTS)
        .write("pipes/p.pipe", "NODE n\nSQL >\n    SELECT 1\n");
    repository.commit("type");

    assertThat(tb("deploy")).isEqualTo(1);

    assertThat(err).contains("can't change the type");
    assertThat(workspace.writes())
        .containsExactly("POST /v0/datasources", "POST /v0/datasources/events/alter");
  }

  @Test
  void anAlterWithNothingToDoIsSuccess() {
    workspace.answers.put(
        "POST /v0/datasources/events/alter",
        body -> RecordedWorkspace.error(400, "There were no operations to perform"));
    repository.write("datasources/events.datasource", "DESCRIPTION new\n\n" + EVENTS);
    repository.commit("description");

    assertThat(tb("deploy")).describedAs(err).isZero();
  }

  @Test
  void aChangeOfLayoutIsSkipped() {
    repository.write("datasources/events.datasource", EVENTS.replace("    `", "  `") + "\n\n");
    repository.commit("format");

    assertThat(tb("deploy")).isZero();
    assertThat(out).contains("only formatted differently");
    assertThat(workspace.asked).noneMatch(l -> l.startsWith("GET /v0/datasources/events"));
  }

  @Test
  void aDryRunChangesNothing() {
    repository.write("datasources/events_1.datasource", EVENTS.replace("action", "verb"));
    repository.commit("new");

    assertThat(tb("deploy", "--dry-run")).isZero();

    assertThat(out).contains("events_1.datasource");
    assertThat(workspace.writes()).isEmpty();
  }

  @Test
  void populateIsAskedForOnlyWhereThereIsAView() {
    repository
        .write("pipes/p.pipe", "NODE n\nSQL >\n    SELECT 1\n")
        .write("pipes/sync_events_1.pipe", SYNC);
    repository.commit("new");

    assertThat(tb("deploy", "--populate")).isZero();

    assertThat(workspace.asked.stream().filter(l -> l.startsWith("POST /v0/pipes?")).toList())
        .satisfiesExactly(
            plain -> assertThat(plain).doesNotContain("populate"),
            view -> assertThat(view).contains("populate=true"));
  }

  @Test
  void aProjectInASubfolderIsDeployedAlone() throws IOException {
    repository
        .write("shop/datasources/a.datasource", EVENTS)
        .write("other/datasources/b.datasource", EVENTS)
        .write("shop/.tinyb", Files.readString(folder.resolve(".tinyb")));
    repository.commit("two projects");

    assertThat(tbIn(folder.resolve("shop"), "deploy")).describedAs(err).isZero();

    assertThat(RecordedWorkspace.form(workspace.request("POST /v0/datasources")))
        .containsEntry("name", "a");
  }

  @Test
  void creatingABranchSwitchesToItButTbTokenStillWins() {
    assertThat(tb("branch", "create", "tmp_ci__7", "--last-partition", "--wait"))
        .describedAs(err)
        .isZero();
    assertThat(workspace.request("POST /v0/environments?"))
        .isEqualTo("POST /v0/environments?name=tmp_ci__7&data=last_partition");
    workspace.tokens.clear();

    tb("workspace", "current");
    environment.put("TB_TOKEN", "main-token");
    tb("workspace", "current");
    tb("--token", "flag-token", "workspace", "current");

    assertThat(workspace.tokens).containsExactly("branch-token", "main-token", "flag-token");
  }

  @Test
  void useMainGoesBackAndRemovingMainIsRefused() {
    assertThat(tb("branch", "use", "tmp_ci__7")).isZero();
    tb("branch", "current");
    assertThat(out).contains("tmp_ci__7");
    assertThat(tb("branch", "use", "main")).isZero();
    tb("branch", "current");
    assertThat(out).contains("main").contains("shop");

    assertThat(tb("branch", "use", "nowhere")).isEqualTo(1);
    assertThat(tb("branch", "rm", "main", "--yes")).isEqualTo(1);
    assertThat(tb("branch", "rm", "tmp_ci__7")).isEqualTo(1);
    assertThat(tb("branch", "rm", "tmp_ci__7", "--yes")).isZero();
    assertThat(workspace.request("DELETE ")).isEqualTo("DELETE /v0/environments/b1");
    tb("branch", "ls");
    assertThat(out).contains("tmp_ci__7").contains("| main");
  }

  @Test
  void sqlWithoutRowsPrintsASentenceEvenAsJson() {
    workspace.answers.put(
        "POST /v0/sql", body -> RecordedWorkspace.ok("{'meta':[{'name':'a'}],'data':[]}"));

    assertThat(tb("sql", "SELECT 1 AS a WHERE 0", "--format", "json")).isZero();

    assertThat(out).doesNotContain("{").contains("No rows");
    assertThat(workspace.request("POST /v0/sql"))
        .endsWith(" SELECT * FROM (SELECT 1 AS a WHERE 0) LIMIT 100 FORMAT JSON");
  }

  @Test
  void sqlPrintsJsonCsvAndTables() {
    workspace.answers.put(
        "POST /v0/sql",
        body ->
            RecordedWorkspace.ok(
                "{'meta':[{'name':'a'},{'name':'b'}],'data':[{'a':1,'b':'x,y'}]}"));

    tb("sql", "q", "--format", "json");
    assertThat(RecordedWorkspace.JSON.readTree(out).path("data").path(0).path("a").asInt())
        .isEqualTo(1);
    tb("sql", "q", "--format", "csv", "--rows_limit", "5");
    assertThat(out).isEqualToNormalizingNewlines("a,b\n1,\"x,y\"\n");
    tb("sql", "q");
    assertThat(out).contains("| a | b   |");
  }

  @Test
  void theVersionLineSpoilsOutputUnlessSilenced() {
    workspace.answers.put(
        "POST /v0/sql", body -> RecordedWorkspace.ok("{'meta':[{'name':'a'}],'data':[{'a':1}]}"));
    environment.remove("TB_VERSION_WARNING");

    tb("sql", "q", "--format", "json");
    assertThat(out).startsWith("** UPDATE");
    tb("--no-version-warning", "sql", "q", "--format", "json");
    assertThat(out).startsWith("{");
  }

  @Test
  void aCopyNeedsYesAndItsParametersMayHoldNoSecondEqualsSign() {
    workspace.answers.put(
        "POST /v0/pipes/backfill/copy",
        body ->
            RecordedWorkspace.ok(
                "{'id':'n','job':{'id':'j1','job_id':'j1'},'tags':{'copy_target_datasource':'events'}}"));

    assertThat(tb("pipe", "copy", "run", "backfill")).isEqualTo(1);
    assertThat(tb("pipe", "copy", "run", "backfill", "--yes", "--param", "a=b=c")).isEqualTo(1);
    assertThat(workspace.writes()).isEmpty();
    assertThat(
            tb(
                "pipe",
                "copy",
                "run",
                "backfill",
                "--wait",
                "--yes",
                "--param",
                "end=2026-01-01 00:00:00",
                "--mode",
                "append"))
        .describedAs(err)
        .isZero();
    assertThat(workspace.request("POST /v0/pipes/backfill/copy"))
        .endsWith("/copy?end=2026-01-01%2000%3A00%3A00&_mode=append");
    assertThat(out).contains("Data copied to 'events'");
  }

  @Test
  void aCopyThatFailsIsExitOneOnlyWithWait() {
    workspace.answers.put(
        "POST /v0/pipes/backfill/copy",
        body ->
            RecordedWorkspace.ok(
                "{'job':{'job_id':'j2'},'tags':{'copy_target_datasource':'events'}}"));
    workspace.answers.put(
        "GET /v0/jobs/j2",
        body ->
            RecordedWorkspace.ok("{'id':'j2','status':'error','error':true,'errors':['broken']}"));

    assertThat(tb("pipe", "copy", "run", "backfill", "--yes")).isZero();
    assertThat(tb("pipe", "copy", "run", "backfill", "--yes", "--wait")).isEqualTo(1);
    assertThat(err).contains("There has been an error broken");
  }

  @Test
  void listsDataSourcesAndPipes() {
    workspace.answers.put(
        "GET /v0/datasources?",
        body ->
            RecordedWorkspace.ok(
                "{'datasources':[{'name':'events','statistics':{'row_count':0,'bytes':5}},{'name':'other','statistics':null}]}"));
    workspace.answers.put(
        "GET /v0/pipes?", body -> RecordedWorkspace.ok("{'pipes':[{'name':'p','nodes':[{}]}]}"));

    tb("datasource", "ls", "--format", "json", "--match", "^ev");
    var list = RecordedWorkspace.JSON.readTree(out).path("datasources");
    assertThat(list).hasSize(1);
    assertThat(list.path(0).path("row_count").asString()).isEqualTo("-");
    tb("pipe", "ls");
    assertThat(out).contains("| p ");
  }

  @Test
  void initTellsTheWorkspaceItsCommit() {
    workspace.answers.put(
        "GET /v0/datasources?",
        body -> RecordedWorkspace.ok("{'datasources':[{'name':'events'}]}"));
    workspace.answers.put("GET /v0/pipes?", body -> RecordedWorkspace.ok("{'pipes':[]}"));

    assertThat(tb("init", "--git")).describedAs(err).isZero();
    assertThat(workspace.request("POST /v0/workspaces/w1/releases/"))
        .endsWith("?commit=" + workspace.commit + "&force=true");
    repository.write("pipes/p.pipe", "NODE n\nSQL >\n    SELECT 1\n").commit("more");
    assertThat(tb("init", "--git")).isEqualTo(1);
    assertThat(tb("init", "--override-commit", "HEAD~1")).isZero();
  }

  @Test
  void initRefusesABranch() {
    tb("branch", "use", "tmp_ci__7");

    assertThat(tb("init", "--git")).isEqualTo(1);
    assertThat(err).contains("branch");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "deploy --fixtures",
        "deploy --semver 1.0.0",
        "pipe copy run p --node n",
        "branch merge",
        "sql",
        "sql a b",
        "auth login",
        "sql q --format xml",
        "branch",
        "release ls",
        "--nonsense"
      })
  void whatItDoesNotKnowIsExitTwo(String line) {
    assertThat(tb(line.split(" "))).isEqualTo(2);
    assertThat(err).contains("Usage: tb");
    assertThat(workspace.asked).isEmpty();
  }

  @Test
  void refusedTokensAreToldOnStdoutAndNeverPrinted() {
    workspace.answers.put(
        "GET /v0/workspace", body -> RecordedWorkspace.error(403, "bad token secret-token-1"));

    assertThat(tb("--token", "secret-token-1", "workspace", "current")).isEqualTo(1);

    assertThat(out).contains("403").doesNotContain("secret-token-1");
    assertThat(err).isEmpty();
  }

  @Test
  void versionNeedsNoLogin() {
    assertThat(tb("--version")).isZero();
    assertThat(out).startsWith("tb, version 5.");
  }

  private int tb(String... words) {
    return tbIn(folder, words);
  }

  private int tbIn(Path cwd, String... words) {
    var outBytes = new ByteArrayOutputStream();
    var errBytes = new ByteArrayOutputStream();
    var status =
        Tb.run(
            List.of(words),
            cwd,
            environment,
            new PrintStream(outBytes, true, StandardCharsets.UTF_8),
            new PrintStream(errBytes, true, StandardCharsets.UTF_8),
            new StillPause());
    out = outBytes.toString(StandardCharsets.UTF_8);
    err = errBytes.toString(StandardCharsets.UTF_8);
    return status;
  }

  private String host() {
    var text = server.url("/").toString();
    return text.substring(0, text.length() - 1);
  }
}
