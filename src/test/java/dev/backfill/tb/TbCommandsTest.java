package dev.backfill.tb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.http.Pause;
import dev.backfill.local.LocalWorkspace;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TempRepository;
import dev.backfill.testing.TestEngine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The commands of the API reference's section 14 with their traps, on the embedded workspace.
@EngineTest
class TbCommandsTest {
  private static final Pause QUICK =
      new Pause() {
        @Override
        public Instant now() {
          return Instant.now();
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
          Thread.sleep(Math.min(10, duration.toMillis()));
        }
      };
  private static final String EVENTS =
      """
      SCHEMA >
          `id` UInt32 `json:$.id`,
          `word` String `json:$.word`

      ENGINE "MergeTree"
      ENGINE_PARTITION_KEY "id"
      ENGINE_SORTING_KEY "id"
      """;
  private static final String UNLIKE =
      """
      DESCRIPTION nothing like the others, so that nobody takes one for the other renamed

      SCHEMA >
          `z` UInt8 `json:$.z`
      """;
  private static final String VIEW =
      "NODE n\nSQL >\n    SELECT id, word FROM events\nTYPE materialized\nDATASOURCE twin\n";
  private static final String COPY =
      """
      NODE n
      SQL >
          %
          SELECT id, word FROM events WHERE word != {{String(other, '-')}}
      TYPE copy
      TARGET_DATASOURCE copied
      COPY_SCHEDULE 0 0 1 1 *
      """;

  private @TempDir static @Nullable Path data;
  private static @Nullable LocalWorkspace local;
  private @TempDir Path folder;
  private final Map<String, String> environment = new HashMap<>();
  private String out = "";
  private String err = "";

  @BeforeAll
  static void aProjectInTheWorkspace(@TempDir Path project) throws IOException {
    var workspace =
        LocalWorkspace.start(
            TestEngine.shared(), 0, Objects.requireNonNull(data), Optional.empty());
    local = workspace;
    var test = new TbCommandsTest();
    test.folder = project;
    test.start();
    test.file("datasources/events.datasource", EVENTS);
    test.file("datasources/twin.datasource", EVENTS);
    test.file("datasources/copied.datasource", EVENTS);
    test.file("pipes/view.pipe", VIEW);
    test.file("pipes/copy.pipe", COPY);
    test.file("pipes/top.pipe", "NODE n\nSQL >\n    SELECT max(id) AS m FROM events\n");
    test.ok("push");
  }

  @AfterAll
  static void itEnds() {
    workspace().close();
  }

  private static LocalWorkspace workspace() {
    return Objects.requireNonNull(local);
  }

  @BeforeEach
  void start() throws IOException {
    environment.put("TB_VERSION_WARNING", "0");
    ok("auth", "--token", workspace().token(), "--host", workspace().url());
    file("rows.ndjson", "{\"id\":1,\"word\":\"a\"}\n{\"id\":2,\"word\":\"b\"}\n");
  }

  @AfterEach
  void nothingGoesWrongAnyMore() {
    workspace().faults().reset();
    workspace().faults().exchanges(false);
  }

  private void file(String name, String text) throws IOException {
    var file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private int tb(String... words) {
    var stdout = new ByteArrayOutputStream();
    var stderr = new ByteArrayOutputStream();
    var status =
        Tb.run(
            List.of(words),
            folder,
            environment,
            new PrintStream(stdout, true, StandardCharsets.UTF_8),
            new PrintStream(stderr, true, StandardCharsets.UTF_8),
            QUICK);
    out = stdout.toString(StandardCharsets.UTF_8);
    err = stderr.toString(StandardCharsets.UTF_8);
    return status;
  }

  private void ok(String... words) {
    assertThat(tb(words)).as(String.join(" ", words) + "\n" + out + err).isZero();
  }

  private String value(String sql) {
    ok("sql", sql, "--format", "csv");
    return out.lines().skip(1).findFirst().orElse("");
  }

  private void threeRows() {
    for (var name : List.of("events", "twin", "copied")) {
      ok("datasource", "truncate", name, "--yes");
    }
    ok("datasource", "append", "events", "rows.ndjson");
  }

  @Nested
  class Auth {
    @Test
    void authLsListsRegionsWithoutALogin() throws IOException {
      Files.delete(folder.resolve(".tinyb"));

      ok("--host", workspace().url(), "auth", "ls");

      assertThat(out).contains("local").contains(workspace().url());
    }

    @Test
    void aRegionStandsForItsHost() throws IOException {
      ok("auth", "--region", "local", "--token", workspace().token());

      assertThat(Files.readString(folder.resolve(".tinyb"))).contains(workspace().url());
      assertThat(tb("auth", "--region", "moon", "--token", "x")).isEqualTo(1);
      assertThat(err).contains("tb auth ls");
    }
  }

  @Nested
  class Check {
    @Test
    void checkReadsFilesAndAsksNobody() throws IOException {
      file("good.pipe", "NODE n\nSQL >\n    SELECT 1\n");
      environment.put("TB_HOST", "http://localhost:1");

      ok("check", "good.pipe");
      ok("check");
      assertThat(tb("check", "rows.ndjson")).isEqualTo(1);
      file("bad.datasource", "ENGINE MergeTree\n  SCHEMA\n");
      assertThat(tb("check", "bad.datasource")).isEqualTo(1);
      assertThat(err).contains("bad.datasource");
    }
  }

  @Nested
  class PushFiles {
    @Test
    void whatIsThereNeedsForceAndAnEndpointNoCheckToo() throws IOException {
      file("datasources/fresh.datasource", EVENTS);
      file("pipes/fresh_top.pipe", "NODE n\nSQL >\n    SELECT count() AS c FROM fresh\n");

      ok("push", "--dry-run");
      assertThat(tb("datasource", "append", "fresh", "rows.ndjson")).isEqualTo(1);
      ok("push");
      assertThat(tb("push")).isEqualTo(1);
      assertThat(err).contains("--force");
      file(
          "datasources/fresh.datasource",
          EVENTS.replace("`word`", "`more` String DEFAULT '',\n    `word`"));
      assertThat(tb("push", "--force")).isEqualTo(1);
      assertThat(err).contains("--no-check");
      ok("push", "datasources/fresh.datasource", "--force");
      ok("push", "--force", "--no-check");

      assertThat(value("SELECT count() AS c FROM fresh")).isEqualTo("0");
      assertThat(tb("push", "rows.ndjson")).isEqualTo(1);
      ok("pipe", "rm", "fresh_top", "--yes");
      ok("datasource", "rm", "fresh", "--yes");
    }

    @Test
    void fixturesComeAlong() throws IOException {
      file("datasources/fixed.datasource", EVENTS);
      file("datasources/fixtures/fixed.ndjson", "{\"id\":7,\"word\":\"seven\"}\n");

      ok("push", "--fixtures");

      assertThat(value("SELECT word FROM fixed")).isEqualTo("seven");
      ok("datasource", "rm", "fixed", "--yes");
    }

    @Test
    void aTokenLineFindsOrMakesTheToken() throws IOException {
      file("pipes/one.pipe", "TOKEN \"dashboard\" READ\n\nNODE n\nSQL >\n    SELECT 1 AS a\n");
      file("pipes/two.pipe", "TOKEN \"dashboard\" READ\n\nNODE n\nSQL >\n    SELECT 2 AS a\n");

      ok("push");

      assertThat(out).contains("'dashboard' may PIPES:READ:one", "'dashboard' may PIPES:READ:two");
      ok("push", "--force", "--no-check");
      assertThat(out).doesNotContain("dashboard");
      ok("pipe", "rm", "one", "--yes");
      ok("pipe", "rm", "two", "--yes");
    }
  }

  @Nested
  class Branches {
    @Test
    void aBranchIsMadeUsedFilledAndRemoved() {
      threeRows();
      ok("branch", "create", "tmp_one");
      assertThat(out).contains("tmp_one");
      assertThat(value("SELECT count() AS c FROM events")).isEqualTo("0");

      ok("branch", "data", "--last-partition", "-i", "twin");
      assertThat(value("SELECT count() AS c FROM events")).isEqualTo("1");
      assertThat(value("SELECT count() AS c FROM twin")).isEqualTo("0");
      ok("branch", "datasource", "copy", "twin", "--sql-from-main", "--wait");
      assertThat(value("SELECT count() AS c FROM twin")).isEqualTo("2");
      ok("datasource", "copy", "copied", "--sql", "SELECT id, word FROM main.events", "--wait");
      assertThat(value("SELECT count() AS c FROM copied")).isEqualTo("2");
      ok("datasource", "copy", "copied");
      assertThat(out).contains("Give either");
      assertThat(tb("branch", "datasource", "copy", "copied")).isEqualTo(1);

      assertThat(tb("branch", "rm", "tmp_one")).isEqualTo(1);
      ok("branch", "rm", "tmp_one", "--yes");
      assertThat(tb("branch", "rm", "tmp_one", "--yes")).isEqualTo(1);
      assertThat(tb("branch", "data", "--last-partition")).isEqualTo(1);
      assertThat(err).contains("for branches");
    }

    @Test
    void tbTokenBeatsTheBranchThatWasSwitchedTo() {
      ok("branch", "create", "tmp_two");
      environment.put("TB_TOKEN", workspace().token());

      ok("branch", "current");

      assertThat(out).contains("| main");
      environment.remove("TB_TOKEN");
      ok("branch", "current");
      assertThat(out).contains("| tmp_two");
      ok("branch", "rm", "tmp_two", "--yes");
    }
  }

  @Nested
  class Pipes {
    @Test
    void aCopyIsRunPausedAndResumed() {
      threeRows();

      ok(
          "pipe", "copy", "run", "copy", "--yes", "--wait", "--param", "other=b", "--mode",
          "append");
      assertThat(value("SELECT count() AS c FROM copied")).isEqualTo("1");
      ok("pipe", "copy", "run", "copy", "--yes", "--wait", "--mode", "replace");
      assertThat(value("SELECT count() AS c FROM copied")).isEqualTo("2");
      ok("pipe", "copy", "pause", "copy");
      ok("pipe", "copy", "resume", "copy");
      assertThat(tb("pipe", "copy", "pause", "top")).isEqualTo(1);
      assertThat(tb("pipe", "copy", "run", "copy", "--yes", "--param", "other=a=b")).isEqualTo(1);
      assertThat(tb("pipe", "copy", "run", "copy")).isEqualTo(1);
    }

    @Test
    void withoutWaitSuccessOnlyMeansThatAJobWasMade() {
      threeRows();
      workspace().faults().failCopies(2, "[Error] boom");

      ok("pipe", "copy", "run", "copy", "--yes");
      assertThat(tb("pipe", "copy", "run", "copy", "--yes", "--wait")).isEqualTo(1);
      assertThat(err).contains("boom");
    }

    @Test
    void aCopyWhoseTargetIsNotFoundAgainExitsOneThoughItRuns() {
      threeRows();
      workspace().faults().answer(1, "GET", "/v0/datasources/", 404, "gone", Map.of());

      assertThat(tb("pipe", "copy", "run", "copy", "--yes")).isEqualTo(1);

      assertThat(err).contains("gone");
      var patience = Instant.now().plusSeconds(60);
      while (!value("SELECT count() AS c FROM copied").equals("2")) {
        assertThat(Instant.now()).isBefore(patience);
      }
    }

    @Test
    void aPopulateDoesNotTruncateByItself() {
      threeRows();

      ok("pipe", "populate", "view", "--wait");
      assertThat(value("SELECT count() AS c FROM twin")).isEqualTo("4");
      ok("pipe", "populate", "view", "--node", "n", "--truncate", "--wait");
      assertThat(value("SELECT count() AS c FROM twin")).isEqualTo("2");
      ok("pipe", "populate", "view", "--sql-condition", "id = 1", "--truncate", "--wait");
      assertThat(value("SELECT count() AS c FROM twin")).isEqualTo("1");
    }

    @Test
    void nodesAreAppendedPublishedAndUnlinked() throws IOException {
      file("pipes/many.pipe", "NODE n\nSQL >\n    SELECT 1 AS a\n");
      file("datasources/fed.datasource", EVENTS);
      file("pipes/fed_view.pipe", VIEW.replace("twin", "fed"));
      ok("push");
      ok("pipe", "data", "many");
      assertThat(out).contains("\"a\": 1");

      ok("pipe", "unpublish", "many");
      assertThat(tb("pipe", "data", "many")).isEqualTo(1);
      ok("pipe", "append", "many", "SELECT 5 AS a");
      ok("pipe", "publish", "many", "many_1");
      ok("pipe", "data", "many");
      assertThat(out).contains("\"a\": 5");
      ok("pipe", "unlink", "fed_view");
      assertThat(tb("pipe", "unlink", "fed_view")).isEqualTo(1);
      ok("pipe", "ls");
      assertThat(out).contains("many", "fed_view");

      assertThat(tb("pipe", "rm", "many")).isEqualTo(1);
      ok("pipe", "rm", "many", "--yes");
      ok("pipe", "rm", "fed_view", "--yes");
      ok("datasource", "rm", "fed", "--yes");
    }
  }

  @Nested
  class DataSources {
    @Test
    void rowsAreAppendedReplacedDeletedAndTruncated() throws IOException {
      threeRows();
      file("three.csv", "3,c\nx,y\n");
      ok("datasource", "append", "events", "three.csv");
      assertThat(out).contains("1 rows went to quarantine");
      file("two.ndjson", "{\"id\":2,\"word\":\"B\"}\n");
      ok("datasource", "replace", "events", "two.ndjson", "--sql-condition", "id = 2");
      assertThat(value("SELECT groupArray(word) AS w FROM (SELECT word FROM events ORDER BY id)"))
          .contains("a")
          .contains("B")
          .contains("c");

      ok("datasource", "delete", "events", "--sql-condition", "id = 3", "--dry-run");
      assertThat(out).contains("1 rows would be deleted");
      assertThat(tb("datasource", "delete", "events", "--sql-condition", "id = 3")).isEqualTo(1);
      ok("datasource", "delete", "events", "--sql-condition", "id = 3", "--yes", "--wait");
      assertThat(value("SELECT count() AS c FROM events")).isEqualTo("2");

      assertThat(tb("datasource", "truncate", "events")).isEqualTo(1);
      ok("datasource", "truncate", "events", "--yes");
      assertThat(value("SELECT count() AS c FROM twin")).isNotEqualTo("0");
      ok("datasource", "truncate", "events", "--yes", "--cascade");
      assertThat(value("SELECT count() AS c FROM twin")).isEqualTo("0");
    }

    @Test
    void aFileThatIsNotThereAndAUrlAreErrors() {
      assertThat(tb("datasource", "append", "events", "none.csv")).isEqualTo(1);
      assertThat(tb("datasource", "append", "events", "http://localhost:1/x.csv")).isEqualTo(1);
      assertThat(err).contains("URL");
    }

    @Test
    void removingIsForcedButNotUnderneathAView() throws IOException {
      assertThat(tb("datasource", "rm", "twin", "--yes")).isEqualTo(1);
      file("datasources/read.datasource", EVENTS);
      file("pipes/reader.pipe", "NODE n\nSQL >\n    SELECT count() AS c FROM read\n");
      ok("push");

      assertThat(tb("datasource", "rm", "read")).isEqualTo(1);
      ok("datasource", "rm", "read", "--yes");

      ok("pipe", "rm", "reader", "--yes");
    }

    @Test
    void anExchangeNobodyConfirmedStillPrintsSuccess() {
      threeRows();
      workspace().faults().exchanges(true);

      ok("datasource", "exchange", "events", "copied");
      assertThat(value("SELECT count() AS c FROM copied")).isEqualTo("0");
      ok("datasource", "exchange", "events", "copied", "--yes");
      assertThat(value("SELECT count() AS c FROM copied")).isEqualTo("2");
      ok("datasource", "exchange", "events", "copied", "--yes");
    }

    @Test
    void whatIsConnectedIsNotHere() {
      for (var line :
          List.of(
              "datasource scheduling state events",
              "datasource scheduling pause events",
              "datasource scheduling resume events",
              "datasource sync events --yes")) {
        assertThat(tb(line.split(" "))).as(line).isEqualTo(1);
        assertThat(err).contains("doesn't serve");
      }
    }

    @Test
    void listsThemAsATableAndAsJson() {
      threeRows();
      ok("datasource", "ls", "--match", "^ev");
      assertThat(out).contains("| events").doesNotContain("twin");
      ok("datasource", "ls", "--match", "copied", "--format", "json");
      assertThat(out).contains("\"row_count\" : \"-\"");
    }
  }

  @Nested
  class Jobs {
    @Test
    void jobsAreListedShownAndCancelled() {
      threeRows();
      workspace().faults().jobDelay(60_000);
      ok("pipe", "copy", "run", "copy", "--yes");
      var job = out.replaceAll("(?s).*created: (\\S+).*", "$1");

      ok("job", "ls", "-s", "waiting", "-s", "working");
      assertThat(out).contains(job);
      ok("job", "ls", "-s", "error");
      assertThat(out).doesNotContain(job);
      ok("job", "details", job);
      assertThat(out).contains("** kind: copy");
      ok("job", "cancel", job);
      assertThat(out).contains("cancel");
      assertThat(tb("job", "cancel", "00000000-0000-4000-8000-000000000000")).isEqualTo(1);
      assertThat(tb("job", "ls", "-s", "cancelled")).isEqualTo(2);
    }
  }

  @Nested
  class Sql {
    @Test
    void aQueryIsWrappedLimitedAndWithoutRowsNoJson() {
      ok("sql", "SELECT number AS n FROM numbers(200)", "--format", "csv");
      assertThat(out.lines()).hasSize(101);
      ok("sql", "SELECT number AS n FROM numbers(200)", "--rows_limit", "7", "--format", "csv");
      assertThat(out.lines()).hasSize(8);
      assertThat(tb("sql", "SELECT 1 AS a;")).isEqualTo(1);
      assertThat(tb("sql", "SELECT 1 AS a FORMAT JSON")).isEqualTo(1);
      ok("sql", "SELECT 1 AS a WHERE 0", "--format", "json");
      assertThat(out).isEqualTo("** No rows\n");
    }

    @Test
    void aPipelineGivesItsNameToTheUnderscore() {
      threeRows();
      ok("sql", "SELECT m FROM _", "--pipeline", "top", "--format", "csv");
      assertThat(out).isEqualTo("m\n2\n");
    }
  }

  @Nested
  class Traps {
    @ParameterizedTest
    @ValueSource(strings = {"TB_VERSION_WARNING=0", "PYTEST=1", "--no-version-warning", "--token"})
    void versionLinesSpoilTheOutputUnlessSilenced(String how) {
      environment.remove("TB_VERSION_WARNING");
      ok("branch", "current");
      assertThat(out).startsWith("** UPDATE AVAILABLE");

      switch (how) {
        case "--no-version-warning" -> ok(how, "branch", "current");
        case "--token" -> ok(how, workspace().token(), "branch", "current");
        default -> {
          environment.put(how.split("=")[0], how.split("=")[1]);
          ok("branch", "current");
        }
      }
      assertThat(out).startsWith("|");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "test run",
          "dependencies",
          "diff",
          "token ls",
          "workspace ls",
          "branch regression-tests",
          "pipe stats top",
          "deploy --fork-downstream",
          "push --push-deps",
          "sql --node n q",
          "--semver 1.0.0 deploy",
          "auth -i"
        })
    void whatOnlyTheRealClientHasIsExitTwoAndSaysSo(String line) {
      assertThat(tb(line.split(" "))).isEqualTo(2);
      assertThat(err).contains("real client");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "deploy --fixtures",
          "deploy --v3",
          "pipe copy run p --node n",
          "pipe populate view --subset 0.1",
          "branch merge",
          "datasource frobnicate"
        })
    void whatNobodyHasIsExitTwo(String line) {
      assertThat(tb(line.split(" "))).isEqualTo(2);
      assertThat(err).doesNotContain("real client");
    }

    @Test
    void aGroupSaysWhatItHas() {
      assertThat(tb("pipe", "frobnicate")).isEqualTo(2);
      assertThat(err).contains("copy run", "populate", "unlink");
      assertThat(tb("branch")).isEqualTo(2);
      assertThat(err).contains("ls, create, use");
    }

    @Test
    void helpListsTheCommandsWithTheirOptions() throws IOException {
      Files.delete(folder.resolve(".tinyb"));
      ok("--help");
      assertThat(out).contains("tb deploy [--dry-run]", "tb job ls", "TB_TOKEN beats");
      ok("pipe", "--help");
      assertThat(out).contains("tb pipe copy run PIPE").doesNotContain("tb job ls");
    }
  }

  @Nested
  class HalfDeployed {
    private TempRepository repository;

    @BeforeEach
    void aDeployedProject() throws IOException {
      repository = TempRepository.in(folder);
      repository.write(".gitignore", ".tinyb\n*.ndjson\n").commit("nothing");
      ok("init", "--override-commit", "HEAD");
      repository
          .write("datasources/a.datasource", EVENTS)
          .write("datasources/b.datasource", UNLIKE)
          .commit("two");
      ok("deploy");
    }

    private String commit() throws IOException {
      return repository.git().getRepository().resolve("HEAD").name();
    }

    /// What stands where, as the workspace says it: the files that it holds.
    private boolean there(String name) {
      return tb("datasource", "append", name, "rows.ndjson") == 0;
    }

    @Test
    void aDeploymentThatFailsAtASecondResourceLeavesTheFirstAndTheOldCommit() throws Exception {
      var before = commit();
      repository
          .write("datasources/c.datasource", EVENTS)
          .write("datasources/d.datasource", EVENTS.replace("UInt32", "Nonsense32"))
          .write("datasources/e.datasource", EVENTS)
          .write("pipes/reads_c.pipe", "NODE n\nSQL >\n    SELECT count() AS n FROM c\n")
          .delete("datasources/b.datasource")
          .commit("broken");

      assertThat(tb("deploy")).isEqualTo(1);
      assertThat(err).contains("Error:").contains("Nonsense32");

      assertThat(there("c")).isTrue();
      assertThat(there("d")).isFalse();
      assertThat(there("e")).isFalse();
      assertThat(there("b")).isTrue();
      assertThat(release()).contains(before);

      repository.write("datasources/d.datasource", EVENTS).commit("mended");
      ok("deploy");

      for (var name : List.of("c", "d", "e")) {
        assertThat(there(name)).isTrue();
      }
      assertThat(there("b")).isFalse();
      assertThat(value("SELECT count() AS c FROM c")).isEqualTo("4");
      assertThat(release()).contains(commit());
      assertThat(tb("deploy")).isEqualTo(1);
      assertThat(err).contains("already deployed");
      undo("reads_c", "c", "d", "e", "a");
    }

    /// Twice: what the server says of it is the file again.
    @Test
    void aSinkIsDeployedAndNeverRun() throws Exception {
      var sink =
          """
          NODE n
          SQL >
              SELECT count() AS n FROM a

          TYPE sink
          EXPORT_SERVICE "s3"
          EXPORT_SCHEDULE "* * * * *"
          """;
      repository.write("pipes/out.pipe", sink).commit("a sink");
      ok("deploy");
      ok("pipe", "ls");
      assertThat(out).contains("out");
      repository
          .write("pipes/out.pipe", sink.replace("    SELECT", "\n    SELECT"))
          .commit("layout");

      ok("deploy");
      assertThat(out).contains("out is only formatted differently, skipped");
      undo("out", "a", "b");
    }

    @Test
    void aDeploymentThatCannotDeleteHasPushedEverythingAndKeepsTheOldCommit() throws Exception {
      var before = commit();
      file("other.pipe", "NODE n\nSQL >\n    SELECT count() AS n FROM b\n");
      ok("push", "other.pipe");
      Files.delete(folder.resolve("other.pipe"));
      repository
          .write("datasources/c.datasource", EVENTS)
          .delete("datasources/b.datasource")
          .commit("b goes, and is still read");

      assertThat(tb("deploy")).isEqualTo(1);
      assertThat(err).contains("other");

      assertThat(there("c")).isTrue();
      assertThat(there("b")).isTrue();
      assertThat(release()).contains(before);
      ok("pipe", "rm", "other", "--yes");
      ok("deploy");
      assertThat(there("b")).isFalse();
      assertThat(release()).contains(commit());
      undo("", "a", "c");
    }

    @Test
    void aDeploymentWhoseServerFailsMidwayGoesOnWhenItIsRunAgain() throws Exception {
      repository
          .write(
              "datasources/a.datasource",
              EVENTS.replace("`word`", "`more` String `json:$.more` DEFAULT '',\n    `word`"))
          .write("pipes/p1.pipe", "NODE n\nSQL >\n    SELECT count() AS n FROM a\n")
          .write("pipes/p2.pipe", "NODE n\nSQL >\n    SELECT n FROM p1\n")
          .commit("a column and two pipes");
      for (var fails :
          List.of(
              "POST /v0/datasources/a/alter",
              "POST /v0/pipes",
              "POST /v0/workspaces/",
              "PUT /v0/workspaces/")) {
        var parts = fails.split(" ");
        workspace().faults().answer(1, parts[0], parts[1], 500, "not now", Map.of());
        assertThat(tb("deploy")).as(fails).isEqualTo(1);
        assertThat(err).contains("not now");
      }

      // the commit was told before the release's number failed
      assertThat(tb("deploy")).isEqualTo(1);
      assertThat(err).contains("already deployed");
      assertThat(release()).contains(commit());
      ok("pipe", "data", "p2");
      undo("p2 p1", "a", "b");
    }

    private String release() {
      return Api.JSON.writeValueAsString(
          Deployment.own(new Here(folder, environment, System.out, http(), QUICK).api())
              .path("release"));
    }

    private dev.backfill.http.Http http() {
      return new dev.backfill.http.Http();
    }

    private void undo(String pipes, String... sources) {
      repository.close();
      for (var pipe : pipes.isEmpty() ? new String[0] : pipes.split(" ")) {
        ok("pipe", "rm", pipe, "--yes");
      }
      for (var source : sources) {
        ok("datasource", "rm", source, "--yes");
      }
    }
  }
}
