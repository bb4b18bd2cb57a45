package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.EngineTest;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@EngineTest
class LocalResourcesTest {
  private static final String SCHEMA =
      "`id` UInt32 `json:$.id`, `at` DateTime `json:$.meta.at`, `tags` Array(String)"
          + " `json:$.tags[:].name`, `note` Nullable(String) `json:$.note`, `kind` String"
          + " `json:$.kind` DEFAULT 'none'";
  private @TempDir Path data;
  private LocalApi api;

  @BeforeEach
  void aWorkspace() {
    api = LocalApi.start(data);
  }

  @AfterEach
  void itEnds() {
    api.close();
  }

  @Test
  void aDataSourceIsMadeFromItsDefinition() {
    var made = api.dataSource("events", SCHEMA, "at, id");

    assertThat(made.status()).as(made.text()).isEqualTo(200);
    assertThat(made.json().path("datasource").path("name").asString()).isEqualTo("events");
    var read = api.get("/v0/datasources/events").json();
    assertThat(read.path("schema").path("sql_schema").asString()).isEqualTo(SCHEMA);
    assertThat(read.path("engine").path("sorting_key").asString()).isEqualTo("at, id");
    assertThat(read.path("statistics").path("row_count").asLong()).isZero();
    assertThat(api.get("/v0/datasources").json().path("datasources")).hasSize(1);
    assertThat(api.dataSource("events", SCHEMA, "id").status()).isEqualTo(409);
    assertThat(api.get("/v0/datasources/none").status()).isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "`a` UInt8) ENGINE = Memory --",
        "`a` UInt8; DROP TABLE x",
        "`a` Nowhere",
        "`a` UInt8 DEFAULT (1"
      })
  void aDefinitionThatMeansSomethingElseIsRefused(String schema) {
    assertThat(api.dataSource("events", schema, "a").status()).isEqualTo(400);
    assertThat(api.get("/v0/datasources").json().path("datasources")).isEmpty();
  }

  @Test
  void recordsAreReadByTheirPathsAndBadOnesArePutAside() {
    api.dataSource("events", SCHEMA, "id");

    var answer =
        api.events(
            "events",
            "{\"id\":1,\"meta\":{\"at\":\"2026-01-01T10:00:00Z\"},\"tags\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
            "{\"id\":2,\"meta\":{\"at\":\"2026-01-01 11:00:00\"},\"note\":\"n\",\"kind\":\"k\"}",
            "{\"id\":4294967296,\"meta\":{\"at\":\"2026-01-01 11:00:00\"}}",
            "{\"id\":3}",
            "{\"id\":4,\"meta\":{\"at\":\"yesterday\"}}",
            "nonsense");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().path("successful_rows").asInt()).isEqualTo(2);
    assertThat(answer.json().path("quarantined_rows").asInt()).isEqualTo(4);
    assertThat(api.value("SELECT id, at, tags, note, kind FROM events ORDER BY id"))
        .isEqualTo(
            """
            1\t2026-01-01 10:00:00\t['a','b']\t\\N\tnone
            2\t2026-01-01 11:00:00\t[]\tn\tk\
            """);
    assertThat(api.value("SELECT count(), countIf(id = '3') FROM events_quarantine"))
        .isEqualTo("4\t1");
    assertThat(api.get("/v0/datasources/events").json().path("quarantine_rows").asInt())
        .isEqualTo(4);
    assertThat(api.events("none", "{}").status()).isEqualTo(404);
  }

  @Test
  void filesAreAppendedAsCsvAndNdjson() {
    api.dataSource("events", "`id` UInt32 `json:$.id`, `name` String `json:$.name`", "id");

    var csv =
        api.send(
            "POST",
            "/v0/datasources?mode=append&name=events&format=csv",
            "multipart/form-data; boundary=xyz",
            ("--xyz\r\nContent-Disposition: form-data; name=\"csv\"; filename=\"f.csv\"\r\n\r\n"
                    + "id,name\n1,\"a,\"\"b\"\"\"\nx,bad\n\r\n--xyz--\r\n")
                .getBytes(StandardCharsets.UTF_8));
    var ndjson =
        api.post(
            "/v0/datasources?mode=append&name=events&format=ndjson", "{\"id\":2,\"name\":\"c\"}");

    assertThat(csv.status()).as(csv.text()).isEqualTo(200);
    assertThat(csv.json().path("quarantine_rows").asInt()).isEqualTo(1);
    assertThat(ndjson.status()).isEqualTo(200);
    assertThat(api.value("SELECT id, name FROM events ORDER BY id")).isEqualTo("1\ta,\"b\"\n2\tc");
    assertThat(api.post("/v0/datasources?mode=merge&name=events", "1,a").status()).isEqualTo(400);
  }

  @Test
  void aDataSourceIsAlteredAsFarAsThePlatformDoes() {
    api.dataSource("events", "`id` UInt32 `json:$.id`", "id");
    api.events("events", "{\"id\":1}");
    var form =
        Map.of(
            "schema",
            "`id` UInt32 `json:$.id`, `country` String `json:$.country` DEFAULT 'es'",
            "description",
            "new");

    var dry = api.form("POST", "/v0/datasources/events/alter?dry=true", form);
    var none = api.get("/v0/datasources/events").json().path("columns");
    var real = api.form("POST", "/v0/datasources/events/alter?dry=false", form);
    var again = api.form("POST", "/v0/datasources/events/alter?dry=true", form);

    assertThat(dry.json().path("operations").get(0).asString()).startsWith("ADD COLUMN `country`");
    assertThat(none).hasSize(1);
    assertThat(real.status()).as(real.text()).isEqualTo(200);
    assertThat(api.value("SELECT country FROM events")).isEqualTo("es");
    assertThat(again.status()).isEqualTo(400);
    assertThat(again.error()).contains("There were no operations to perform");
    assertThat(
            api.form("POST", "/v0/datasources/events/alter", Map.of("schema", "`id` String"))
                .status())
        .isEqualTo(400);
    assertThat(
            api.form("POST", "/v0/datasources/events/alter", Map.of("ttl", "toDate(0) + 1"))
                .status())
        .isEqualTo(400);
  }

  @Test
  void indexesAreMadeAndChanged() {
    api.form(
        "POST",
        "/v0/datasources",
        Map.of(
            "name", "events",
            "schema", "`id` UInt32, `word` String",
            "engine_sorting_key", "id",
            "indexes", "by_word word TYPE bloom_filter(0.01) GRANULARITY 4"));

    var made = api.get("/v0/datasources/events").json().path("indexes").get(0);
    var change = Map.of("indexes", "by_id id TYPE minmax GRANULARITY 1");
    var changed = api.form("POST", "/v0/datasources/events/alter?dry=false", change);
    var again = api.form("POST", "/v0/datasources/events/alter?dry=false", change);

    assertThat(made.path("name").asString()).isEqualTo("by_word");
    assertThat(made.path("type_full").asString()).isEqualTo("bloom_filter(0.01)");
    assertThat(made.path("granularity").asInt()).isEqualTo(4);
    assertThat(changed.json().path("operations")).hasSize(2);
    assertThat(again.status()).isEqualTo(400);
    assertThat(
            api.get("/v0/datasources/events").json().path("indexes").get(0).path("expr").asString())
        .isEqualTo("id");
  }

  @Test
  void aDataSourceInUseIsNotDeleted() {
    api.dataSource("events", "`id` UInt32 `json:$.id`", "id");
    api.dataSource("target", "`id` UInt32", "id");
    api.pipe("mv", "materialized", "target", "SELECT id FROM events", false);

    var refused = api.delete("/v0/datasources/events?force=false&dry_run=false");

    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.error()).contains("mv");
    assertThat(api.delete("/v0/pipes/mv").status()).isEqualTo(204);
    assertThat(api.delete("/v0/datasources/events?force=false&dry_run=false").status())
        .isEqualTo(204);
    assertThat(api.get("/v0/datasources/events").status()).isEqualTo(404);
  }

  @Test
  void truncateEmptiesOneDataSourceOnly() {
    api.dataSource("events", "`id` UInt32 `json:$.id`", "id");
    api.dataSource("target", "`id` UInt32", "id");
    api.pipe("mv", "materialized", "target", "SELECT id FROM events", false);
    api.events("events", "{\"id\":1}");

    assertThat(api.post("/v0/datasources/events/truncate").status()).isEqualTo(205);

    assertThat(api.value("SELECT count() FROM events")).isEqualTo("0");
    assertThat(api.value("SELECT count() FROM target")).isEqualTo("1");
    assertThat(
            api.value(
                "SELECT groupArray(event_type) FROM (SELECT event_type FROM"
                    + " tinybird.datasources_ops_log WHERE datasource_name = 'events' ORDER BY"
                    + " event_type)"))
        .isEqualTo("['append-hfi','create','truncate']");
  }

  @Test
  void viewsFireInAChainWhenEventsArrive() {
    api.dataSource("events", "`id` UInt32 `json:$.id`", "id");
    api.dataSource("twin", "`id` UInt32", "id");
    api.dataSource("counts", "`n` UInt64", "n");
    api.pipe("sync", "materialized", "twin", "SELECT id FROM events WHERE id > 1", false);
    api.pipe("count_pipe", "materialized", "counts", "SELECT count() AS n FROM twin", false);

    api.events("events", "{\"id\":1}", "{\"id\":2}", "{\"id\":3}");

    assertThat(api.value("SELECT count() FROM twin")).isEqualTo("2");
    assertThat(api.value("SELECT sum(n) FROM counts")).isEqualTo("2");
    var pipe = api.get("/v0/pipes/sync").json();
    assertThat(pipe.path("nodes").get(0).path("materialized").asString())
        .isEqualTo(api.get("/v0/datasources/twin").json().path("id").asString());
    assertThat(pipe.path("created_at").asString()).hasSize(26);
    assertThat(pipe.path("nodes").get(0).path("sql").asString())
        .isEqualTo("SELECT id FROM events WHERE id > 1");
  }

  @Test
  void aFailingViewAnswers422AndLeavesTheRowsInTheSource() {
    api.dataSource("events", "`id` UInt32 `json:$.id`", "id");
    api.dataSource("twin", "`id` UInt32", "id");
    api.pipe(
        "sync", "materialized", "twin", "SELECT id + throwIf(id = 7) AS id FROM events", false);

    var answer = api.events("events", "{\"id\":7}");

    assertThat(answer.status()).isEqualTo(422);
    assertThat(api.value("SELECT count() FROM events")).isEqualTo("1");
    assertThat(api.value("SELECT count() FROM twin")).isEqualTo("0");
  }

  @Test
  void aPipeNeedsForceToBeReplaced() {
    assertThat(api.pipe("lease", "standard", "", "SELECT 1 AS x", false).status()).isEqualTo(200);
    var id = api.get("/v0/pipes/lease").json().path("id").asString();

    assertThat(api.pipe("lease", "standard", "", "SELECT 2 AS x", false).status()).isEqualTo(409);
    assertThat(api.pipe("lease", "standard", "", "SELECT 3 AS x", true).status()).isEqualTo(200);

    var pipe = api.get("/v0/pipes/lease").json();
    assertThat(pipe.path("id").asString()).isEqualTo(id);
    assertThat(pipe.path("nodes").get(0).path("sql").asString()).isEqualTo("SELECT 3 AS x");
    assertThat(api.delete("/v0/pipes/lease").status()).isEqualTo(204);
    assertThat(api.get("/v0/pipes/lease").status()).isEqualTo(404);
    assertThat(api.pipe("wrong", "standard", "", "SELECT * FROM nothing", false).status())
        .isEqualTo(400);
    assertThat(api.pipe("outside", "standard", "", "SELECT * FROM url('http://x')", false).status())
        .isEqualTo(403);
  }

  @Test
  void endpointsAndPipesAreReadable() {
    api.dataSource("events", "`id` UInt32 `json:$.id`", "id");
    api.events("events", "{\"id\":1}", "{\"id\":2}");
    var nodes =
        """
        {"name": "top", "nodes": [
          {"name": "first", "sql": "SELECT id + 1 AS id FROM events", "type": "standard"},
          {"name": "last", "sql": "SELECT max(id) AS m FROM first f WHERE f.id > 0", "type": "standard"}]}
        """;
    var pushed = api.json("/v0/pipes", nodes).json();

    assertThat(api.get("/v0/pipes/top.json").status()).isEqualTo(404);
    var published =
        api.post(
            "/v0/pipes/top/nodes/"
                + pushed.path("nodes").get(1).path("id").asString()
                + "/endpoint");

    assertThat(published.json().path("type").asString()).isEqualTo("endpoint");
    assertThat(api.get("/v0/pipes/top.json").json().path("data").get(0).path("m").asInt())
        .isEqualTo(3);
    assertThat(api.value("SELECT t.m FROM events JOIN top t ON 1 LIMIT 1")).isEqualTo("3");
    assertThat(api.value("WITH x AS (SELECT m FROM top) SELECT m, top.m FROM x, top"))
        .isEqualTo("3\t3");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT 1 INTO OUTFILE '/tmp/backfill-api-outfile'",
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a UInt8')",
        "SELECT * FROM file('/etc/hostname', 'LineAsString', 'a String')",
        "SELECT 1; SELECT 2",
        "INSERT INTO events VALUES (1)",
        "SET readonly = 0",
        "DROP TABLE events",
        "SHOW TABLES",
        "SELECT * FROM system.tables",
        "SELECT * FROM merge('.*', '.*')",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT * FROM nothing",
        "SELEC 1"
      })
  void onlyOneSelectOfOurTablesIsRun(String sql) {
    api.dataSource("events", "`id` UInt32 `json:$.id`", "id");

    var answer = api.get("/v0/sql?q=" + LocalApi.encode(sql));

    assertThat(answer.status()).isIn(400, 403);
    assertThat(answer.error()).startsWith("[Error]");
    assertThat(api.value("SELECT count() FROM events")).isEqualTo("0");
  }

  @Test
  void aQueryIsAnsweredInTheFormatItAsksFor() {
    var json = api.post("/v0/sql", "SELECT toUInt64(18446744073709551615) AS n FORMAT JSON");
    var form = api.form("POST", "/v0/sql", Map.of("q", "SELECT 1 AS a FORMAT CSVWithNames"));
    var unknown = api.get("/v0/sql?q=" + LocalApi.encode("SELECT nope FORMAT JSON"));

    assertThat(json.text()).contains("18446744073709551615").contains("rows_read");
    assertThat(json.json().path("meta").get(0).path("type").asString()).isEqualTo("UInt64");
    assertThat(form.text()).isEqualTo("\"a\"\n1\n");
    assertThat(form.raw().headers().firstValue("Content-Type").orElse("")).contains("text/csv");
    assertThat(unknown.status()).isEqualTo(400);
    assertThat(unknown.raw().headers().firstValue("X-DB-Exception-Code")).hasValue("47");
  }

  @Test
  void aSlowQueryIs408() {
    api.workspace().faults().queryLimit(0.2);

    var answer =
        api.get("/v0/sql?q=" + LocalApi.encode("SELECT count() FROM numbers(1e12) FORMAT JSON"));

    assertThat(answer.status()).isEqualTo(408);
    assertThat(answer.raw().headers().firstValue("X-DB-Exception-Code")).hasValue("159");
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /v0/sinks, 404",
    "GET, /v2/workspace, 404",
    "PATCH, /v0/pipes/x, 405",
    "GET, /v0/pipes/x/nodes/y/analysis, 501",
  })
  void whatIsNotServedSaysSo(String method, String path, int status) {
    var answer = api.send(method, path, "", new byte[0]);

    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.error()).contains(path);
  }

  /// What is missing is named.
  @Test
  void aRequestThatForgetsSomethingIsToldWhat() {
    assertThat(api.post("/v0/events", "{}").error()).contains("parameter name is missing");
    assertThat(api.post("/v0/datasources?mode=append", "{}").error())
        .contains("parameter name is missing");
    assertThat(api.post("/v0/datasources?name=x").error()).contains("parameter schema is missing");
    assertThat(api.json("/v0/pipes", "{}").error()).contains("name is missing");
    assertThat(
            api.json(
                    "/v0/pipes",
                    "{\"name\":\"p\",\"nodes\":[{\"name\":\"n\",\"type\":\"copy\",\"sql\":\"SELECT 1\"}]}")
                .error())
        .contains("'n'", "target_datasource");
    assertThat(api.get("/v0/datasource").error()).contains("/v0/datasource", "local-api");
    assertThat(api.get("/local/faults").error()).contains("POST");
    assertThat(LocalApi.at(api.url(), "").get("/v0/workspace").status()).isEqualTo(403);
  }

  @Test
  void withoutTheRightTokenNothingIsServed() throws Exception {
    assertThat(api.as("wrong").get("/v0/workspace").status()).isEqualTo(403);
    assertThat(api.as("wrong").post("/local/faults", "{}").status()).isEqualTo(403);
    var url = URI.create(api.url() + "/v0/workspace?token=" + api.workspace().token()).toURL();
    var byQuery = (HttpURLConnection) url.openConnection();
    assertThat(byQuery.getResponseCode()).isEqualTo(200);
  }

  @Test
  void nobodyOutsideThisMachineCanAsk() throws Exception {
    var port = URI.create(api.url()).getPort();
    for (var network : NetworkInterface.networkInterfaces().toList()) {
      for (var address : network.inetAddresses().filter(a -> !a.isLoopbackAddress()).toList()) {
        assertThat(reachable(address, port)).as(address.toString()).isFalse();
      }
    }
    assertThat(reachable(InetAddress.getLoopbackAddress(), port)).isTrue();
  }

  private static boolean reachable(InetAddress address, int port) {
    try (var socket = new Socket()) {
      socket.connect(new java.net.InetSocketAddress(address, port), 300);
      return true;
    } catch (java.io.IOException e) {
      return false;
    }
  }

  @Test
  void aReleaseRemembersTheCommit() {
    var id = api.workspace().id();
    var none = api.get("/v0/user/workspaces/?with_environments=true").json();

    var made = api.post("/v0/workspaces/" + id + "/releases/?commit=abcdef1234&force=true");
    var bumped =
        api.send(
            "PUT", "/v0/workspaces/" + id + "/releases/0.0.0?new_semver=0.0.0-1", "", new byte[0]);

    assertThat(none.path("workspaces").get(0).path("release").isNull()).isTrue();
    assertThat(made.json().path("commit").asString()).isEqualTo("abcdef1234");
    assertThat(bumped.status()).isEqualTo(200);
    var release =
        api.get("/v0/user/workspaces/?with_environments=false")
            .json()
            .path("workspaces")
            .get(0)
            .path("release");
    assertThat(release.path("commit").asString()).isEqualTo("abcdef1234");
    assertThat(release.path("semver").asString()).isEqualTo("0.0.0-1");
    assertThat(api.post("/v0/workspaces/nobody/releases/?commit=abcdef1").status()).isEqualTo(404);
    assertThat(api.get("/v0/regions").status()).isEqualTo(200);
    assertThat(api.get("/v0/workspace").json().path("main").isNull()).isTrue();
  }

  @Test
  void aBranchHoldsTheLastPartitionAndLivesItsOwnLife() {
    api.form(
        "POST",
        "/v0/datasources",
        Map.of(
            "name", "events",
            "schema", "`id` UInt32 `json:$.id`, `at` DateTime `json:$.at`",
            "format", "ndjson",
            "engine_sorting_key", "id",
            "engine_partition_key", "toYYYYMM(at)"));
    api.dataSource("twin", "`id` UInt32", "id");
    api.pipe("sync", "materialized", "twin", "SELECT id FROM events", false);
    api.events(
        "events",
        "{\"id\":1,\"at\":\"2025-12-31 00:00:00\"}",
        "{\"id\":2,\"at\":\"2026-01-01 00:00:00\"}");

    var created = api.post("/v0/environments?name=tmp_ci_x&data=last_partition");
    api.ended(created.json().path("job").path("job_id").asString());
    var branch = api.get("/v0/environments/tmp_ci_x?with_token=true").json();
    var inside = api.as(branch.path("token").asString());

    assertThat(inside.value("SELECT id FROM events")).isEqualTo("2");
    assertThat(inside.value("SELECT count() FROM twin")).isEqualTo("2");
    inside.events("events", "{\"id\":3,\"at\":\"2026-01-02 00:00:00\"}");
    assertThat(inside.value("SELECT count() FROM twin")).isEqualTo("3");
    assertThat(api.value("SELECT count() FROM events")).isEqualTo("2");
    assertThat(inside.get("/v0/workspace").json().path("main").asString())
        .isEqualTo(api.workspace().id());
    assertThat(api.post("/v0/environments?name=tmp_ci_x&data=").status()).isEqualTo(409);
    assertThat(inside.post("/v0/environments?name=other&data=").status()).isEqualTo(403);
    assertThat(api.get("/v0/environments").json().path("environments")).hasSize(1);
    assertThat(List.of(api.delete("/v0/environments/" + branch.path("id").asString()).status()))
        .containsExactly(204);
    assertThat(api.get("/v0/environments/tmp_ci_x").status()).isEqualTo(404);
    assertThat(inside.get("/v0/workspace").status()).isEqualTo(403);
  }

  @Test
  void everythingIsThereAfterARestart() {
    api.dataSource("events", "`id` UInt32 `json:$.id`", "id");
    api.dataSource("twin", "`id` UInt32", "id");
    api.pipe("sync", "materialized", "twin", "SELECT id FROM events", false);
    api.pipe("backfill", "copy", "twin", "SELECT id FROM events", false);
    api.events("events", "{\"id\":1}");
    var job = api.copy("backfill", "").path("id").asString();
    api.post("/v0/workspaces/" + api.workspace().id() + "/releases/?commit=abcdef1234&force=true");
    api.ended(
        api.post("/v0/environments?name=br&data=all_partitions")
            .json()
            .path("job")
            .path("job_id")
            .asString());
    var token = api.workspace().token();
    var pipes = api.get("/v0/pipes").text();

    api.close();
    api = LocalApi.start(data);

    assertThat(api.workspace().token()).isEqualTo(token);
    assertThat(api.get("/v0/pipes").text()).isEqualTo(pipes);
    assertThat(api.value("SELECT count() FROM twin")).isEqualTo("2");
    api.events("events", "{\"id\":2}");
    assertThat(api.value("SELECT count() FROM twin")).isEqualTo("3");
    assertThat(api.get("/v0/jobs/" + job).json().path("status").asString()).isEqualTo("done");
    assertThat(api.value("SELECT status FROM tinybird.jobs_log WHERE job_id = '" + job + "'"))
        .isEqualTo("done");
    var branch = api.get("/v0/environments/br?with_token=true").json();
    assertThat(api.as(branch.path("token").asString()).value("SELECT count() FROM twin"))
        .isEqualTo("2");
    assertThat(
            api.get("/v0/user/workspaces/?with_environments=false")
                .json()
                .path("workspaces")
                .get(0)
                .path("release")
                .path("commit")
                .asString())
        .isEqualTo("abcdef1234");
  }
}
