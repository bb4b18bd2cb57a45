package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.local.LocalApi.Answer;
import dev.backfill.testing.EngineTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// One test per row of the API reference's tables, named after it. The page `local-api.md` is made
/// of these rows ([LocalApiPageTest]).
@EngineTest
class LocalContractTest {
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final String SCHEMA = "`id` UInt32 `json:$.id`, `at` DateTime `json:$.at`";
  private @TempDir static @Nullable Path data;
  private static @Nullable LocalApi workspace;

  @BeforeAll
  static void aWorkspace() {
    workspace = LocalApi.start(Objects.requireNonNull(data));
  }

  @AfterAll
  static void itEnds() {
    api().close();
  }

  @AfterEach
  void nothingGoesWrongAnyMore() {
    api().workspace().faults().reset();
  }

  static LocalApi api() {
    return Objects.requireNonNull(workspace);
  }

  static String fresh(String prefix) {
    return prefix + "_" + NUMBER.incrementAndGet();
  }

  /// A Data Source of 40 rows, of which 31 lie in its first month.
  static String source(String prefix) {
    var name = fresh(prefix);
    ok(
        api()
            .form(
                "POST",
                "/v0/datasources",
                Map.of(
                    "name", name,
                    "schema", SCHEMA,
                    "format", "ndjson",
                    "engine", "MergeTree",
                    "engine_sorting_key", "id",
                    "engine_partition_key", "toYYYYMM(at)")));
    ok(
        api()
            .events(
                name,
                IntStream.range(0, 40)
                    .mapToObj(
                        i -> "{\"id\":" + i + ",\"at\":" + (1_764_547_200L + i * 86_400L) + "}")
                    .toArray(String[]::new)));
    return name;
  }

  private static String head(Answer answer) {
    return answer.text().substring(0, Math.min(500, answer.text().length())).replace("%", "%%");
  }

  static Answer ok(Answer answer) {
    assertThat(answer.status()).as(head(answer)).isEqualTo(200);
    return answer;
  }

  static Answer refused(Answer answer, int status) {
    assertThat(answer.status()).as(head(answer)).isEqualTo(status);
    assertThat(answer.error()).isNotBlank();
    return answer;
  }

  static Answer sql(String select) {
    return api().get("/v0/sql?q=" + LocalApi.encode(select));
  }

  static String count(String table) {
    return api().value("SELECT count() FROM " + table);
  }

  static List<String> fields(Answer answer) {
    return List.copyOf(answer.json().propertyNames());
  }

  static String branch(String data) {
    var name = fresh("br");
    var made = ok(api().post("/v0/environments?name=" + name + "&data=" + data));
    api().ended(made.json().path("job").path("job_id").asString());
    return name;
  }

  static LocalApi in(String branch) {
    return api()
        .as(
            ok(api().get("/v0/environments/" + branch + "?with_token=true"))
                .json()
                .path("token")
                .asString());
  }

  static LocalApi as(String... scopes) {
    var query = new StringBuilder("/v0/tokens?origin=C&name=" + fresh("token"));
    for (var scope : scopes) {
      query.append("&scope=").append(scope);
    }
    return api().as(ok(api().post(query.toString())).json().path("token").asString());
  }

  @Nested
  class Transport {
    @Row(section = "1.1", name = "GET /v0/regions", marks = "[C][O]", here = "without a token")
    @Test
    void regions() {
      var region = ok(api().as("none").get("/v0/regions")).json().path("regions").get(0);

      assertThat(region.path("api_host").asString()).isEqualTo(api().url());
      assertThat(region.path("provider").isString()).isTrue();
    }

    @Row(section = "1.2", name = "token in header or query", marks = "[C][D]", here = "both")
    @Test
    void tokenInHeaderOrQuery() throws Exception {
      var token = api().workspace().token();
      var plain = HttpClient.newHttpClient();
      var byQuery =
          plain.send(
              HttpRequest.newBuilder(
                      URI.create(api().url() + "/v0/workspace?cli_version=5&token=" + token))
                  .build(),
              HttpResponse.BodyHandlers.ofString());

      assertThat(byQuery.statusCode()).isEqualTo(200);
      assertThat(ok(api().get("/v0/workspace")).json().path("id").asString())
          .isEqualTo(api().workspace().id());
    }

    @Row(
        section = "1.3",
        name = "every error has the key `error`",
        marks = "[C]",
        here = "always JSON")
    @Test
    void everyErrorHasTheKeyError() {
      for (var status : List.of(400, 403, 404, 409)) {
        api().workspace().faults().answer(1, "GET", "/v0/auth", status, "no", Map.of());
        refused(api().get("/v0/auth"), status);
      }
    }

    @Row(section = "1.4", name = "403 bad token", marks = "[C][D]", here = "403, never 401")
    @Test
    void aBadTokenIs403() {
      refused(api().as("p.nonsense").get("/v0/workspace"), 403);
    }

    @Row(section = "1.4", name = "405 method", marks = "[D]", here = "405")
    @Test
    void aWrongMethodIs405() {
      refused(api().send("PATCH", "/v0/sql", "", new byte[0]), 405);
    }

    @Row(
        section = "1.4",
        name = "413 body too big",
        marks = "[D]",
        here = "413 for events over 10 MB")
    @Test
    void tooMuchIs413() {
      var name = source("big");

      refused(api().post("/v0/events?name=" + name, "x".repeat(10_000_001)), 413);
    }

    @Row(
        section = "1.4",
        name = "no such path",
        marks = "[?]",
        here = "404 for an unknown path, 501 for a known one that isn't served; both name it")
    @Test
    void whatIsNotThereIsNamed() {
      assertThat(refused(api().get("/v0/nowhere"), 404).error()).contains("/v0/nowhere");
      for (var route : api().workspace().routes()) {
        if (route.handler().isEmpty()) {
          var path = route.pattern().replaceAll("\\{\\w+}", "x");
          assertThat(refused(api().send(route.method(), path, "", new byte[0]), 501).error())
              .contains(path);
        }
      }
    }

    @Row(
        section = "1.6",
        name = "429 with X-RateLimit headers",
        marks = "[D]",
        here = "when the fault `importsPerMinute` or `createsPerMinute` is set")
    @Test
    void rateLimitsTellWhenToComeBack() {
      var name = source("limited");
      api().workspace().faults().rateLimits(1, 0);
      var path = "/v0/datasources?mode=append&format=ndjson&name=" + name;
      api().post(path, "{\"id\":1,\"at\":0}");

      var limited = refused(api().post(path, "{\"id\":1,\"at\":0}"), 429).raw().headers();

      assertThat(limited.firstValue("X-RateLimit-Limit")).hasValue("1");
      assertThat(limited.firstValue("X-RateLimit-Remaining")).hasValue("0");
      assertThat(limited.firstValueAsLong("X-RateLimit-Reset").orElse(0)).isBetween(1L, 60L);
      assertThat(limited.firstValueAsLong("Retry-After").orElse(0)).isBetween(1L, 60L);
      assertThat(count(name)).isEqualTo("41");
    }

    @Row(
        section = "1.7",
        name = "datafiles are exactly text/plain, CSV text/csv",
        marks = "[C]",
        here = "byte for byte")
    @Test
    void contentTypes() {
      var name = source("typed");

      assertThat(
              ok(api().get("/v0/datasources/" + name + ".datasource"))
                  .raw()
                  .headers()
                  .firstValue("Content-Type"))
          .hasValue("text/plain");
      assertThat(ok(sql("SELECT 1 FORMAT CSV")).raw().headers().firstValue("Content-Type"))
          .hasValueSatisfying(type -> assertThat(type).startsWith("text/csv"));
    }

    @Row(
        section = "1.8",
        name = "times have microseconds, ids their shapes",
        marks = "[C][D]",
        here = "as written")
    @Test
    void values() {
      var made = ok(api().get("/v0/datasources/" + source("shaped"))).json();

      assertThat(made.path("created_at").asString())
          .matches("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6}");
      assertThat(made.path("id").asString()).matches("t_[0-9a-f]{32}");
      assertThat(api().workspace().id()).matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
      assertThat(api().workspace().token()).startsWith("p.");
    }
  }

  @Nested
  class WorkspaceUserTokens {
    @Row(
        section = "2",
        name = "GET /v0/user/workspaces/ (three forms)",
        routes = "GET /v0/user/workspaces",
        here = "served")
    @Test
    void userWorkspaces() {
      branch("");
      var main = ok(api().get("/v0/user/workspaces/?with_environments=false")).json();
      var both = ok(api().get("/v0/user/workspaces/?with_environments=true")).json();
      var only =
          ok(api().get("/v0/user/workspaces/?with_environments=true&only_environments=true"))
              .json();

      assertThat(main.path("workspaces")).hasSize(1);
      assertThat(both.path("workspaces").size()).isEqualTo(1 + only.path("workspaces").size());
      assertThat(List.copyOf(main.path("workspaces").get(0).propertyNames()))
          .contains("id", "name", "token", "role", "plan", "owner", "created_at", "members")
          .contains("is_branch", "main", "release", "rate_limits");
      for (var one : only.path("workspaces")) {
        assertThat(one.path("main").asString()).isEqualTo(api().workspace().id());
      }
    }

    @Row(
        section = "2",
        name = "GET /v0/workspace",
        routes = {"GET /v0/workspace", "GET /v1/workspace"},
        here = "served")
    @Test
    void workspace() {
      var main = ok(api().get("/v0/workspace"));

      assertThat(fields(main)).contains("id", "name", "user_email", "user_id", "scope", "main");
      assertThat(main.json().path("main").isNull()).isTrue();
      assertThat(ok(api().get("/v1/workspace")).text()).isEqualTo(main.text());
    }

    @Row(
        section = "2",
        name = "GET /v0/workspaces/{id}",
        routes = "GET /v0/workspaces/{id}",
        here = "served")
    @Test
    void oneWorkspace() {
      var path = "/v0/workspaces/" + api().workspace().id();

      assertThat(ok(api().get(path + "?with_token=true")).json().path("token").isString()).isTrue();
      assertThat(ok(api().get(path + "?with_token=false")).json().has("token")).isFalse();
      refused(api().get("/v0/workspaces/other"), 404);
    }

    @Row(section = "2", name = "GET /v0/auth", routes = "GET /v0/auth", here = "served")
    @Test
    void auth() {
      assertThat(ok(api().get("/v0/auth")).json().toString())
          .contains("\"is_valid\":true")
          .contains("\"is_user\":true");
    }

    @Row(
        section = "2",
        name = "GET, POST, PUT, DELETE /v0/tokens, refresh",
        routes = {
          "GET /v0/tokens",
          "POST /v0/tokens",
          "GET /v0/tokens/{token}",
          "PUT /v0/tokens/{token}",
          "DELETE /v0/tokens/{token}",
          "POST /v0/tokens/{token}/refresh"
        },
        here = "served; scopes that filter rows are 501: how they are written is not known")
    @Test
    void tokens() {
      var name = fresh("reader");
      var made =
          ok(api()
                  .post(
                      "/v0/tokens?origin=C&name="
                          + name
                          + "&scope=DATASOURCES:READ:a&scope=TOKENS"))
              .json();
      var read = ok(api().get("/v0/tokens/" + name)).json();
      var listed = ok(api().get("/v0/tokens")).json().path("tokens");
      ok(api().send("PUT", "/v0/tokens/" + name + "?scope=PIPES:READ", "", new byte[0]));
      var refreshed = ok(api().post("/v0/tokens/" + name + "/refresh")).json();

      assertThat(read.path("scopes").toString())
          .isEqualTo("[{\"type\":\"DATASOURCES:READ\",\"resource\":\"a\"},{\"type\":\"TOKENS\"}]");
      assertThat(listed.toString()).contains(made.path("id").asString());
      assertThat(refreshed.path("token").asString()).isNotEqualTo(made.path("token").asString());
      refused(api().as(made.path("token").asString()).get("/v0/tokens"), 403);
      refused(api().post("/v0/tokens?name=" + name + "&scope=TOKENS"), 409);
      refused(api().post("/v0/tokens?name=x&scope=DATASOURCES:READ:a:id%3E1"), 501);
      refused(api().post("/v0/tokens?name=x&scope=EVERYTHING"), 400);
      assertThat(api().delete("/v0/tokens/" + read.path("id").asString()).status()).isEqualTo(204);
      refused(api().get("/v0/tokens/" + name), 404);
    }

    @Row(
        section = "2",
        name = "scopes",
        marks = "[C][O]",
        here = "ADMIN, TOKENS, DATASOURCES:*, PIPES:*; 403 without")
    @Test
    void scopes() {
      var mine = source("mine");
      var other = source("other");
      var endpoint = fresh("endpoint");
      api().pipe(endpoint, "standard", "", "SELECT count() AS n FROM " + other, false);
      api().post("/v0/pipes/" + endpoint + "/nodes/" + endpoint + "_node/endpoint");
      var reader = as("DATASOURCES:READ:" + mine, "PIPES:READ:" + endpoint);
      var writer = as("DATASOURCES:APPEND:" + mine);

      assertThat(reader.value("SELECT count() FROM " + mine)).isEqualTo("40");
      ok(reader.get("/v0/pipes/" + endpoint + ".json"));
      assertThat(reader.value("SELECT n FROM " + endpoint)).isEqualTo("40");
      for (var forbidden :
          List.of(
              "SELECT count() FROM " + other,
              "SELECT count() FROM " + other + "_quarantine",
              "SELECT 1 FROM " + mine + " WHERE id IN " + other,
              "SELECT 1 FROM " + mine + " WHERE id IN (SELECT id FROM " + other + ")",
              "SELECT 1 FROM " + mine + " WHERE in(id, " + other + ")",
              "SELECT 1 FROM "
                  + mine
                  + " WHERE id IN "
                  + api().workspace().database()
                  + "."
                  + other,
              "SELECT count() FROM tinybird.jobs_log",
              "SELECT count() FROM _tinybird_jobs_log_raw")) {
        refused(reader.get("/v0/sql?q=" + LocalApi.encode(forbidden)), 403);
      }
      refused(reader.events(mine, "{\"id\":1,\"at\":0}"), 403);
      refused(reader.post("/v0/datasources/" + mine + "/truncate"), 403);
      refused(reader.delete("/v0/pipes/" + endpoint), 403);
      refused(reader.json("/local/faults", "{}"), 403);
      ok(writer.events(mine, "{\"id\":1,\"at\":0}"));
      refused(writer.events(other, "{\"id\":1,\"at\":0}"), 403);
      refused(writer.get("/v0/datasources/" + mine), 403);
      refused(writer.dataSource(fresh("made"), "`id` UInt8", "id"), 403);
      refused(writer.post("/v0/environments?name=" + fresh("br") + "&data="), 403);
      refused(writer.get("/v0/jobs"), 403);
    }
  }

  @Nested
  class Environments {
    @Row(
        section = "3.1",
        name = "POST /v0/environments",
        routes = "POST /v0/environments",
        here = "served; no limit of 50 GB or of their number")
    @Test
    void create() {
      var kept = source("kept");
      var ignored = source("ignored");
      var name = fresh("br");
      var made =
          ok(api()
                  .post(
                      "/v0/environments?name="
                          + name
                          + "&data=last_partition&ignore_datasources="
                          + ignored))
              .json();
      var job = api().ended(made.path("job").path("job_id").asString());

      assertThat(made.path("job").path("id").asString())
          .isEqualTo(made.path("job").path("job_id").asString());
      assertThat(made.path("workspace").path("id").isString()).isTrue();
      assertThat(job.path("result").path("partitions").findValuesAsString("partition"))
          .contains("202601");
      assertThat(in(name).value("SELECT count() FROM " + kept)).isEqualTo("9");
      assertThat(in(name).value("SELECT count() FROM " + ignored)).isEqualTo("0");
      assertThat(in(branch("all_partitions")).value("SELECT count() FROM " + kept)).isEqualTo("40");
      assertThat(in(branch("")).value("SELECT count() FROM " + kept)).isEqualTo("0");
      refused(api().post("/v0/environments?data=&name=" + name), 409);
      refused(api().post("/v0/environments?data=&name=a-b"), 400);
      refused(api().post("/v0/environments?data=some&name=ab"), 400);
      refused(in(name).post("/v0/environments?data=&name=" + fresh("br")), 403);
    }

    @Row(
        section = "3.2",
        name = "GET /v0/environments",
        routes = "GET /v0/environments",
        here = "served")
    @Test
    void list() {
      var name = branch("");

      assertThat(ok(api().get("/v0/environments")).json().path("environments").toString())
          .contains(name);
    }

    @Row(
        section = "3.2",
        name = "GET /v0/environments/{name_or_id}",
        routes = "GET /v0/environments/{branch}",
        here = "served")
    @Test
    void get() {
      var name = branch("");
      var read = ok(api().get("/v0/environments/" + name + "?with_token=true"));

      assertThat(fields(read)).contains("id", "name", "token", "created_at");
      ok(api().get("/v0/environments/" + read.json().path("id").asString()));
      refused(api().get("/v0/environments/none"), 404);
    }

    @Row(
        section = "3.2",
        name = "DELETE /v0/environments/{id}",
        routes = "DELETE /v0/environments/{branch}",
        here = "204; 403 from inside a branch")
    @Test
    void delete() {
      var name = branch("");
      var token = in(name);
      var id = ok(api().get("/v0/environments/" + name)).json().path("id").asString();

      refused(token.delete("/v0/environments/" + id), 403);
      assertThat(api().delete("/v0/environments/" + id).status()).isEqualTo(204);
      refused(api().get("/v0/environments/" + id), 404);
      refused(token.get("/v0/workspace"), 403);
    }

    @Row(
        section = "3.3",
        name = "POST /v0/environments/{id}/data",
        routes = "POST /v0/environments/{branch}/data",
        here = "served; asked twice, the rows are there twice")
    @Test
    void dataLater() {
      var source = source("later");
      var ignored = source("ignored");
      var name = branch("");
      var path = "/v0/environments/" + name + "/data?ignore_datasources=" + ignored + "&mode=";

      api().ended(ok(api().post(path + "last_partition")).json().path("job").path("id").asString());
      assertThat(in(name).value("SELECT count() FROM " + source)).isEqualTo("9");
      api().ended(ok(api().post(path + "all_partitions")).json().path("job").path("id").asString());

      assertThat(in(name).value("SELECT count() FROM " + source)).isEqualTo("49");
      assertThat(in(name).value("SELECT count() FROM " + ignored)).isEqualTo("0");
      refused(api().post(path + "some"), 400);
    }

    @Row(
        section = "3.3",
        name = "POST /v0/sql_copy",
        routes = "POST /v0/sql_copy",
        here = "in branches; `main.<name>` is production")
    @Test
    void sqlCopy() {
      var source = source("copied");
      var inside = in(branch(""));
      var made =
          ok(
              inside.post(
                  "/v0/sql_copy?copy_to=" + source,
                  "SELECT * FROM main." + source + " WHERE id < 5"));

      var job = inside.ended(made.json().path("job").path("job_id").asString());

      assertThat(job.path("status").asString()).as(job.toString()).isEqualTo("done");
      assertThat(inside.value("SELECT count() FROM " + source)).isEqualTo("5");
      assertThat(inside.value("SELECT job_type FROM tinybird.jobs_log"))
          .isEqualTo("copy_from_branch");
      refused(api().post("/v0/sql_copy?copy_to=" + source, "SELECT * FROM " + source), 403);
    }

    @Row(
        section = "3.5",
        name = "POST /v0/environments/{id}/regression",
        routes = {
          "POST /v0/environments/{branch}/regression",
          "POST /v0/environments/{branch}/regression/main"
        },
        here = "501: needs the traffic of a real workspace")
    @Test
    void regression() {
      refused(api().json("/v0/environments/x/regression", "[]"), 501);
    }
  }

  @Nested
  class Sql {
    @Row(
        section = "4.1",
        name = "GET|POST /v0/sql",
        routes = {"GET /v0/sql", "POST /v0/sql"},
        here = "raw, form and JSON bodies; `pipeline` makes `_` a Pipe")
    @Test
    void query() {
      var got = ok(sql("SELECT 1 AS a, 'x' AS b FORMAT JSON"));
      var raw = ok(api().post("/v0/sql", "SELECT toUInt64(2) AS a FORMAT JSON"));
      var form = ok(api().form("POST", "/v0/sql", Map.of("q", "SELECT 3 AS a FORMAT JSON")));
      var json = ok(api().json("/v0/sql", "{\"q\": \"SELECT 4 AS a FORMAT JSON\"}"));

      assertThat(fields(got)).contains("meta", "data", "rows", "statistics");
      assertThat(got.json().path("statistics").propertyNames())
          .contains("elapsed", "rows_read", "bytes_read");
      assertThat(raw.json().path("data").get(0).path("a").isNumber()).isTrue();
      assertThat(form.json().path("data").get(0).path("a").asInt()).isEqualTo(3);
      assertThat(json.json().path("data").get(0).path("a").asInt()).isEqualTo(4);
      var filled =
          ok(api().json("/v0/sql", "{\"q\": \"%\\nSELECT {{Int32(x, 1)}} FORMAT TSV\", \"x\": 5}"));
      assertThat(filled.text()).isEqualTo("5\n");
      var pipe = fresh("pipeline");
      api().pipe(pipe, "standard", "", "SELECT 5 AS a", false);
      assertThat(
              ok(api().get("/v0/sql?pipeline=" + pipe + "&q=" + LocalApi.encode("SELECT a FROM _")))
                  .text())
          .isEqualTo("5\n");
      refused(api().get("/v0/sql?pipeline=none&q=SELECT+1"), 404);
      api().workspace().faults().quotedNumbers(true);
      assertThat(
              ok(sql("SELECT toUInt64(2) AS a FORMAT JSON"))
                  .json()
                  .path("data")
                  .get(0)
                  .path("a")
                  .isString())
          .isTrue();
    }

    @Row(
        section = "4.2",
        name = "syntax, unknown table or column",
        marks = "[D][3]",
        here = "400 with `[Error] ...`")
    @Test
    void nonsense() {
      for (var wrong : List.of("SELEC 1", "SELECT * FROM nowhere", "SELECT nothing")) {
        assertThat(refused(sql(wrong), 400).error()).startsWith("[Error] ");
      }
      for (var broken :
          List.of("SELEC 1", "SELECT FROM WHERE", "SELECT (1", "SELECT 1; SELECT 2")) {
        assertThat(refused(sql(broken), 400).error())
            .startsWith("[Error] Syntax error")
            .doesNotContain("formatQuery");
      }
    }

    @Row(section = "4.2", name = "token cannot read a table", marks = "[D]", here = "403")
    @Test
    void notReadable() {
      refused(as("PIPES:READ").get("/v0/sql?q=SELECT+1+FROM+" + source("secret")), 403);
    }

    @Row(
        section = "4.2",
        name = "execution time over limit",
        marks = "[D]",
        here = "408 after 10 s; the fault `querySeconds` changes it")
    @Test
    void tooSlow() {
      api().workspace().faults().queryLimit(0.2);

      var slow = refused(sql("SELECT count() FROM numbers(1e12)"), 408);

      assertThat(slow.raw().headers().firstValue("X-DB-Exception-Code")).hasValue("159");
    }

    @Row(
        section = "4.2",
        name = "memory",
        marks = "[O][?]",
        here = "the platform's text; its status is open, so the fault `memoryStatus` sets it")
    @Test
    void tooMuchMemory() {
      for (var status : List.of(400, 500)) {
        api().workspace().faults().queryMemory(20_000_000, status);

        assertThat(
                refused(sql("SELECT length(groupArray(number)) FROM numbers(30000000)"), status)
                    .error())
            .startsWith("[Error] Memory limit (for query) exceeded.");
      }
    }

    @Row(
        section = "4.2",
        name = "result over 100 MB",
        marks = "[D][?]",
        here = "400; the status is open")
    @Test
    void tooMuchOfAnAnswer() {
      refused(sql("SELECT repeat('x', 1000000) AS x FROM numbers(120) FORMAT JSON"), 400);
    }

    @Row(
        section = "4.3",
        name = "POST /v0/sql_tables",
        routes = "POST /v0/sql_tables",
        here = "served; the database is empty unless the text names one")
    @Test
    void sqlTables() {
      var tables =
          ok(
              api()
                  .form(
                      "POST", "/v0/sql_tables", Map.of("q", "SELECT 1 FROM a JOIN b.c USING (x)")));

      assertThat(tables.json().path("tables").toString()).isEqualTo("[[\"\",\"a\"],[\"b\",\"c\"]]");
    }

    @Row(
        section = "4.3",
        name = "GET /v0/sql_format",
        routes = "GET /v0/sql_format",
        here = "served")
    @Test
    void sqlFormat() {
      assertThat(ok(api().get("/v0/sql_format?q=select+1")).json().path("q").asString())
          .isEqualTo("SELECT 1");
    }

    @Row(
        section = "4.3",
        name = "POST /v0/sql_replace",
        routes = "POST /v0/sql_replace",
        here = "501: how `replacements` are written is not known")
    @Test
    void sqlReplace() {
      refused(api().form("POST", "/v0/sql_replace", Map.of("q", "SELECT 1")), 501);
    }

    @Row(
        section = "4.4",
        name = "GET|POST /v0/pipes/{name}.{json|csv|ndjson|parquet}",
        routes = {
          "GET /v0/pipes/{pipe}.json", "POST /v0/pipes/{pipe}.json",
          "GET /v0/pipes/{pipe}.csv", "POST /v0/pipes/{pipe}.csv",
          "GET /v0/pipes/{pipe}.ndjson", "POST /v0/pipes/{pipe}.ndjson",
          "GET /v0/pipes/{pipe}.parquet", "POST /v0/pipes/{pipe}.parquet"
        },
        here = "served; `q` makes `_` the Pipe")
    @Test
    void endpoints() {
      var name = fresh("endpoint");
      api().pipe(name, "standard", "", "%\nSELECT {{Int32(n, 7)}} AS n", false);
      refused(api().get("/v0/pipes/" + name + ".json"), 404);
      ok(api().post("/v0/pipes/" + name + "/nodes/" + name + "_node/endpoint"));

      assertThat(
              ok(api().get("/v0/pipes/" + name + ".json?n=9"))
                  .json()
                  .path("data")
                  .get(0)
                  .path("n")
                  .asInt())
          .isEqualTo(9);
      assertThat(ok(api().get("/v0/pipes/" + name + ".csv")).text()).isEqualTo("\"n\"\n7\n");
      assertThat(ok(api().post("/v0/pipes/" + name + ".ndjson")).text()).isEqualTo("{\"n\":7}\n");
      assertThat(ok(api().get("/v0/pipes/" + name + ".parquet")).text()).startsWith("PAR1");
      var doubled = "?n=4&q=" + LocalApi.encode("SELECT 2 * n AS m FROM _");
      assertThat(ok(api().get("/v0/pipes/" + name + ".ndjson" + doubled)).text())
          .isEqualTo("{\"m\":8}\n");
      var limited = as("PIPES:READ:" + name);
      ok(limited.get("/v0/pipes/" + name + ".ndjson" + doubled));
      var other = source("secret");
      refused(
          limited.get(
              "/v0/pipes/" + name + ".json?q=" + LocalApi.encode("SELECT id FROM " + other)),
          403);
    }
  }

  @Nested
  class DataSources {
    @Row(
        section = "5.1",
        name = "GET /v0/datasources, /v0/datasources/{name_or_id}",
        routes = {"GET /v0/datasources", "GET /v0/datasources/{source}"},
        here = "both spellings of the engine's keys; `statistics` null by a fault")
    @Test
    void read() {
      var name = source("read");
      var one = ok(api().get("/v0/datasources/" + name + "?attrs=used_by"));
      var json = one.json();

      assertThat(fields(one))
          .contains("id", "name", "description", "type", "service", "connector", "created_at")
          .contains("updated_at", "statistics", "engine", "columns", "schema", "indexes", "tags")
          .contains("shared_with", "used_by", "quarantine_rows");
      assertThat(json.path("engine").path("sorting_key").asString())
          .isEqualTo(json.path("engine").path("engine_sorting_key").asString())
          .isEqualTo("id");
      assertThat(json.path("statistics").path("row_count").asInt()).isEqualTo(40);
      assertThat(json.path("schema").path("sql_schema").asString()).isEqualTo(SCHEMA);
      ok(api().get("/v0/datasources/" + json.path("id").asString()));
      assertThat(ok(api().get("/v0/datasources")).json().path("datasources").toString())
          .contains(name);
      refused(api().get("/v0/datasources/none"), 404);
      api().workspace().faults().nullStatistics(true);
      assertThat(ok(api().get("/v0/datasources/" + name)).json().path("statistics").isNull())
          .isTrue();
    }

    @Row(
        section = "5.1",
        name = "<name>_quarantine",
        marks = "[O][R]",
        here = "nullable texts, `c__error`, `c__error_column`, `c__import_id`, `insertion_date`")
    @Test
    void quarantine() {
      var name = source("bad");
      api().events(name, "{\"id\":\"x\",\"at\":0}");

      assertThat(
              api()
                  .value(
                      "SELECT id, length(c__error), c__import_id != '', insertion_date > 0 FROM "
                          + name
                          + "_quarantine"))
          .isEqualTo("x\t1\t1\t1");
    }

    @Row(
        section = "5.1",
        name = "GET {name}.datasource, {name}.pipe",
        routes = {"GET /v0/datasources/{source}.datasource", "GET /v0/pipes/{pipe}.pipe"},
        here = "written anew from what is deployed")
    @Test
    void datafiles() {
      var name = source("filed");
      var pipe = fresh("filed_pipe");
      api().pipe(pipe, "standard", "", "SELECT 1 AS a\nFROM " + name, false);

      assertThat(ok(api().get("/v0/datasources/" + name + ".datasource")).text())
          .contains("SCHEMA >\n    `id` UInt32 `json:$.id`,")
          .contains("ENGINE \"MergeTree\"\n")
          .contains("ENGINE_SORTING_KEY \"id\"\n");
      assertThat(ok(api().get("/v0/pipes/" + pipe + ".pipe")).text())
          .isEqualTo("NODE " + pipe + "_node\nSQL >\n    SELECT 1 AS a\n    FROM " + name + "\n\n");
    }

    @Row(
        section = "5.1",
        name = "GET /v0/dependencies",
        routes = "GET /v0/dependencies",
        here = "Data Sources and the Pipes that name them; nothing is ever incompatible")
    @Test
    void dependencies() {
      var name = source("read");
      var pipe = fresh("reading");
      api().pipe(pipe, "standard", "", "SELECT 1 FROM " + name, false);

      assertThat(
              ok(api().get("/v0/dependencies?recursive=true&datasource=" + name))
                  .json()
                  .path("dependencies")
                  .toString())
          .isEqualTo("{\"" + name + "\":[\"" + pipe + "\"]}");
    }

    @Row(
        section = "5.2",
        name = "POST /v0/datasources, a definition",
        routes = "POST /v0/datasources",
        here = "served; connected ones are 501")
    @Test
    void create() {
      var name = fresh("made");
      var made = ok(api().dataSource(name, "`id` UInt32 `json:$.id`", "id")).json();

      assertThat(made.path("datasource").path("name").asString()).isEqualTo(name);
      assertThat(made.path("import_id").isString()).isTrue();
      refused(api().dataSource(name, "`id` UInt32", "id"), 409);
      refused(
          api()
              .form(
                  "POST",
                  "/v0/datasources",
                  Map.of("name", "k", "schema", "`id` UInt8", "kafka_topic", "t")),
          501);
      refused(api().dataSource("../etc", "`id` UInt32", "id"), 400);
    }

    @Row(
        section = "5.3",
        name = "append by file or body",
        marks = "[C][D][O]",
        here =
            "CSV and NDJSON; 501 for Parquet (no migration needs it) and for URLs (nothing is"
                + " fetched); an absent Data Source is 404, none is made from rows")
    @Test
    void append() {
      var name = source("appended");
      var file =
          api()
              .send(
                  "POST",
                  "/v0/datasources?mode=append&format=ndjson&name=" + name,
                  "multipart/form-data; boundary=b",
                  """
                  --b
                  Content-Disposition: form-data; name="ndjson"; filename="f"

                  {"id":1,"at":0}
                  --b--
                  """
                      .replace("\n", "\r\n")
                      .getBytes(StandardCharsets.UTF_8));

      assertThat(fields(ok(file)))
          .contains("datasource", "import_id", "error", "quarantine_rows", "invalid_lines");
      assertThat(file.json().path("blocks").get(0).path("process_return"))
          .isEqualTo(Json.MAPPER.readTree("[{\"lines\":1,\"quarantine\":0}]"));
      ok(
          api()
              .post(
                  "/v0/datasources?mode=append&format=csv&name=" + name,
                  "2,2026-01-01 00:00:00\n"));
      assertThat(count(name)).isEqualTo("42");
      refused(api().post("/v0/datasources?mode=append&format=parquet&name=" + name, "x"), 501);
      refused(api().post("/v0/datasources?mode=append&url=http://x/&name=" + name), 501);
      refused(api().post("/v0/datasources?mode=append&format=csv&name=none", "1"), 404);
    }

    @Row(
        section = "5.3",
        name = "dialect of CSV",
        marks = "[D]",
        here = "delimiter and escape character; lines end with `\\n` or `\\r\\n`, others are 501")
    @Test
    void csvDialects() {
      var name = fresh("csv");
      api().dataSource(name, "`a` String, `b` String", "a");
      var path = "/v0/datasources?mode=append&format=csv&name=" + name;

      ok(
          api()
              .post(
                  path + "&dialect_delimiter=%3B&dialect_escapechar=%5C&dialect_new_line=%0D%0A",
                  "\"x\\\";y\";1\r\n\\;;2\r\n"));
      ok(api().post(path, "\"x\\\",\"\"\n\"p\"\"q\",\"r\ns\"\n"));

      assertThat(
              api()
                  .value(
                      "SELECT groupArray((a, b)) FROM (SELECT * FROM " + name + " ORDER BY a, b)"))
          .isEqualTo("[(';','2'),('p\"q','r\\ns'),('x\";y','1'),('x\\\\','')]");
      refused(api().post(path + "&dialect_new_line=%7C", "a,b"), 501);
      refused(api().post(path + "&dialect_delimiter=ab", "a,b"), 400);
      var single = fresh("csv");
      api().dataSource(single, "`a` String", "a");
      ok(api().post("/v0/datasources?mode=append&format=csv&name=" + single, "\"\"\nx\n\"\"\n"));
      assertThat(count(single)).as("an empty text in quotes is a row").isEqualTo("3");
    }

    @Row(
        section = "5.3",
        name = "replace the whole table",
        marks = "[D][?]",
        here =
            "swapped; rows behind the views are added or, by the fault `replaceCascades`, replaced")
    @Test
    void replace() {
      var name = source("replaced");
      var totals = fresh("totals");
      api().dataSource(totals, "`n` UInt64", "n");
      ok(
          api()
              .pipe(
                  fresh("mv"), "materialized", totals, "SELECT count() AS n FROM " + name, false));
      var path = "/v0/datasources?mode=replace&format=ndjson&name=" + name;

      ok(api().post(path, "{\"id\":1,\"at\":0}\n{\"id\":\"x\",\"at\":0}"));
      assertThat(count(name)).isEqualTo("1");
      assertThat(api().value("SELECT sum(n) FROM " + totals)).isEqualTo("1");
      ok(api().post(path, "{\"id\":1,\"at\":0}"));
      assertThat(api().value("SELECT sum(n) FROM " + totals)).as("twice").isEqualTo("2");
      api().workspace().faults().replaceCascades(true);
      ok(api().post(path, "{\"id\":1,\"at\":0}\n{\"id\":2,\"at\":0}"));

      assertThat(api().value("SELECT sum(n) FROM " + totals)).isEqualTo("2");
      api().events(name, "{\"id\":3,\"at\":0}");
      assertThat(api().value("SELECT sum(n) FROM " + totals)).as("still fed").isEqualTo("3");
      assertThat(count(name + "_quarantine")).isEqualTo("1");
    }

    @Row(
        section = "5.3",
        name = "replace_condition",
        marks = "[D][O]",
        here = "whole partitions, behind the views too; must name the partition key")
    @Test
    void conditionalReplace() {
      var name = source("replaced");
      var behind = source("behind");
      var other = fresh("other");
      api().post("/v0/datasources/" + behind + "/truncate");
      api().dataSource(other, "`id` UInt32", "id");
      ok(api().pipe(fresh("mv"), "materialized", behind, "SELECT id, at FROM " + name, false));
      var january = "{\"id\":900,\"at\":\"2026-01-03 00:00:00\"}";
      var path =
          "/v0/datasources?mode=replace&format=ndjson&name="
              + name
              + "&replace_condition="
              + LocalApi.encode("toYYYYMM(at) = 202601 AND id > 35");

      ok(api().post(path, january + "\n{\"id\":1,\"at\":\"2025-12-01 00:00:00\"}"));

      assertThat(api().value("SELECT count(), countIf(id > 35), countIf(id = 900) FROM " + name))
          .isEqualTo("37\t1\t1");
      assertThat(api().value("SELECT count(), max(id) FROM " + behind))
          .as("the partition, made anew")
          .isEqualTo("6\t900");
      refused(
          api().post(path.replace("toYYYYMM%28at%29", "toYYYYMM%28now%28%29%29"), january), 400);
      ok(api().pipe(fresh("mv"), "materialized", other, "SELECT id FROM " + name, false));
      refused(api().post(path, january), 400);
      ok(api().post(path + "&skip_incompatible_partition_key=true", january));
      assertThat(count(other)).isEqualTo("0");
    }

    @Row(
        section = "5.4",
        name = "POST /v0/datasources/{n}/truncate",
        routes = "POST /v0/datasources/{source}/truncate",
        here = "205; views keep what they have")
    @Test
    void truncate() {
      var name = source("emptied");

      assertThat(api().post("/v0/datasources/" + name + "/truncate").status())
          .isEqualTo(HttpURLConnection.HTTP_RESET);
      assertThat(count(name)).isEqualTo("0");
    }

    @Row(
        section = "5.4",
        name = "DELETE /v0/datasources/{n}",
        routes = "DELETE /v0/datasources/{source}",
        here = "204, 409 while used, `downstream` in the text when force won't help")
    @Test
    void delete() {
      var name = source("gone");
      var reader = fresh("reader");
      api().pipe(reader, "standard", "", "SELECT 1 FROM " + name, false);
      var path = "/v0/datasources/" + name + "?dry_run=false&force=";

      assertThat(
              ok(api().delete("/v0/datasources/" + name + "?force=false&dry_run=true"))
                  .json()
                  .path("dependent_pipes")
                  .get(0)
                  .path("name")
                  .asString())
          .isEqualTo(reader);
      refused(api().delete(path + "false"), 409);
      assertThat(api().delete(path + "true").status()).isEqualTo(204);
      var fed = source("fed");
      var feeding = source("feeding");
      api().pipe(fresh("mv"), "materialized", fed, "SELECT id, at FROM " + feeding, false);
      assertThat(
              refused(api().delete("/v0/datasources/" + fed + "?force=true&dry_run=false"), 409)
                  .error())
          .contains("downstream");
    }

    @Row(
        section = "5.4",
        name = "POST /v0/datasources/{n}/delete",
        routes = "POST /v0/datasources/{source}/delete",
        here = "a job; views keep what they have")
    @Test
    void deleteRows() {
      var name = source("thinned");
      var path = "/v0/datasources/" + name + "/delete";
      var condition = Map.of("delete_condition", "id < 10");

      assertThat(
              ok(api().form("POST", path + "?dry_run=true", condition))
                  .json()
                  .path("rows_to_be_deleted")
                  .asInt())
          .isEqualTo(10);
      var made = ok(api().form("POST", path, condition));
      assertThat(fields(made)).contains("id", "job_id", "delete_id", "job_url", "status", "job");
      var job = api().ended(made.json().path("job_id").asString());

      assertThat(job.path("kind").asString()).isEqualTo("delete_data");
      assertThat(count(name)).isEqualTo("30");
      refused(api().form("POST", path, Map.of("delete_condition", "nothing = 1")), 400);
      refused(api().form("POST", path, Map.of("delete_condition", "1) OR (1")), 400);
      refused(api().form("POST", path, Map.of()), 400);
      var counted = fresh("counted");
      api().dataSource(counted, "`n` UInt32 `json:$.n`", "n");
      api().events(counted, "{\"n\":1}", "{\"n\":2}");
      assertThat(
              ok(api()
                      .form(
                          "POST",
                          "/v0/datasources/" + counted + "/delete?dry_run=true",
                          Map.of("delete_condition", "n > 1")))
                  .json()
                  .path("rows_to_be_deleted")
                  .asInt())
          .isEqualTo(1);
    }

    @Row(
        section = "5.4",
        name = "POST /v0/datasources/{n}/alter",
        routes = "POST /v0/datasources/{source}/alter",
        here = "columns, TTL, description, indexes, defaults; `columnDrops` off refuses to drop")
    @Test
    void alter() {
      var name = source("altered");
      var path = "/v0/datasources/" + name + "/alter?dry=";
      var more = Map.of("schema", SCHEMA + ", `x` String `json:$.x` DEFAULT 'a'");

      var dry = ok(api().form("POST", path + "true", more)).json();
      assertThat(dry.path("operations").toString()).contains("ADD COLUMN `x`");
      assertThat(dry.path("dependencies").isArray()).isTrue();
      assertThat(ok(api().get("/v0/datasources/" + name)).json().path("columns")).hasSize(2);
      ok(api().form("POST", path + "false", more));
      assertThat(api().value("SELECT DISTINCT x FROM " + name)).isEqualTo("a");
      assertThat(refused(api().form("POST", path + "true", more), 400).error())
          .contains("There were no operations to perform");
      api().workspace().faults().columnDrops(false);
      refused(api().form("POST", path + "true", Map.of("schema", SCHEMA)), 400);
      api().workspace().faults().columnDrops(true);
      assertThat(
              ok(api().form("POST", path + "false", Map.of("schema", SCHEMA)))
                  .json()
                  .path("operations")
                  .toString())
          .contains("DROP COLUMN `x`");
      ok(api().events(name, "{\"id\":1,\"at\":0}"));
      refused(
          api().form("POST", path + "true", Map.of("schema", SCHEMA.replace("UInt32", "UInt64"))),
          400);
      ok(api().form("POST", path + "false", Map.of("ttl", "at + toIntervalYear(100)")));
      ok(api().form("POST", path + "false", Map.of("ttl", "false")));
      ok(api().form("POST", path + "false", Map.of("description", "new")));
    }

    @Row(
        section = "5.4",
        name = "PUT /v0/datasources/{n}",
        routes = "PUT /v0/datasources/{source}",
        here = "`backfill_column` only; renames and connectors are 501, no migration uses them")
    @Test
    void put() {
      var name = source("tagged");
      var path = "/v0/datasources/" + name;

      ok(api().form("PUT", path, Map.of("backfill_column", "at")));
      assertThat(ok(api().get(path)).json().path("tags").path("backfill_column").asString())
          .isEqualTo("at");
      refused(api().form("PUT", path, Map.of("name", "other")), 501);
    }

    @Row(
        section = "5.4",
        name = "POST /v0/datasources/exchange",
        routes = "POST /v0/datasources/exchange",
        here = "403 until the fault `exchanges` enables it; the definitions must be equal")
    @Test
    void exchange() {
      var one = source("one");
      var other = source("other");
      api().post("/v0/datasources/" + other + "/truncate");
      var form = Map.of("datasource_a", one, "datasource_b", other);

      refused(api().form("POST", "/v0/datasources/exchange", form), 403);
      api().workspace().faults().exchanges(true);
      ok(api().form("POST", "/v0/datasources/exchange", form));

      assertThat(count(one) + " " + count(other)).isEqualTo("0 40");
      var third = fresh("third");
      api().dataSource(third, "`id` UInt32", "id");
      refused(
          api()
              .form(
                  "POST",
                  "/v0/datasources/exchange",
                  Map.of("datasource_a", one, "datasource_b", third)),
          400);
    }

    @Row(
        section = "5.4",
        name = "share, scheduling",
        routes = {
          "POST /v0/datasources/{source}/share",
          "DELETE /v0/datasources/{source}/share",
          "POST /v0/datasources/{source}/scheduling/runs",
          "GET /v0/datasources/{source}/scheduling/state",
          "PUT /v0/datasources/{source}/scheduling/state"
        },
        here = "501: nothing is connected or shared")
    @Test
    void shareAndScheduling() {
      refused(api().post("/v0/datasources/x/share"), 501);
      refused(api().get("/v0/datasources/x/scheduling/state"), 501);
    }

    @Row(
        section = "5.5",
        name = "POST /v0/events",
        routes = "POST /v0/events",
        here = "200, 202, 400, 403, 404, 413, 422; plain and gzip; never makes a Data Source")
    @Test
    void events() throws IOException {
      var name = source("fed");
      var packed = new ByteArrayOutputStream();
      try (var gzip = new GZIPOutputStream(packed)) {
        gzip.write("{\"id\":1,\"at\":0}".getBytes(StandardCharsets.UTF_8));
      }

      var waited = ok(api().events(name, "{\"id\":1,\"at\":0}", "{\"id\":-1,\"at\":0}")).json();
      assertThat(waited.path("successful_rows").asInt()).isEqualTo(1);
      assertThat(waited.path("quarantined_rows").asInt()).isEqualTo(1);
      assertThat(api().post("/v0/events?name=" + name, "{\"id\":1,\"at\":0}").status())
          .isEqualTo(202);
      var connection =
          (HttpURLConnection)
              URI.create(
                      api().url()
                          + "/v0/events?wait=true&name="
                          + name
                          + "&token="
                          + api().workspace().token())
                  .toURL()
                  .openConnection();
      connection.setDoOutput(true);
      connection.setRequestProperty("Content-Encoding", "gzip");
      connection.getOutputStream().write(packed.toByteArray());
      assertThat(connection.getResponseCode()).isEqualTo(200);
      assertThat(count(name)).isEqualTo("43");
      refused(api().events("none", "{}"), 404);
    }

    @Row(
        section = "5.5",
        name = "422: an attached view failed",
        marks = "[D]",
        here = "the rows are in the Data Source and not behind the view")
    @Test
    void anEventThatAViewRefuses() {
      var name = source("fed");
      var target = fresh("target");
      api().dataSource(target, "`id` UInt32", "id");
      ok(
          api()
              .pipe(
                  fresh("mv"),
                  "materialized",
                  target,
                  "SELECT id + throwIf(id = 999) AS id FROM " + name,
                  false));

      refused(api().events(name, "{\"id\":999,\"at\":0}", "{\"id\":\"none\"}"), 422);

      assertThat(count(name) + " " + count(target)).isEqualTo("41 0");
      assertThat(count(name + "_quarantine")).as("what was no row is put aside").isEqualTo("1");
    }
  }

  @Nested
  class Pipes {
    @Row(
        section = "6",
        name = "GET /v0/pipes, /v0/pipes/{name_or_id}",
        routes = {"GET /v0/pipes", "GET /v0/pipes/{pipe}"},
        here = "served")
    @Test
    void read() {
      var name = fresh("plain");
      api().pipe(name, "standard", "", "SELECT 1", false);
      var one = ok(api().get("/v0/pipes/" + name));

      assertThat(fields(one))
          .contains("id", "name", "description", "type", "endpoint", "copy_node", "nodes", "tags")
          .contains("copy_target_datasource", "copy_target_workspace", "copy_mode", "sink_node")
          .contains("stream_node", "schedule", "parent", "created_at", "updated_at");
      assertThat(List.copyOf(one.json().path("nodes").get(0).propertyNames()))
          .contains("id", "name", "sql", "description", "node_type", "materialized", "tags")
          .contains("dependencies", "params", "created_at", "updated_at");
      assertThat(ok(api().get("/v0/pipes?dependencies=true")).json().path("pipes").toString())
          .contains(name);
      ok(api().get("/v0/pipes/" + one.json().path("id").asString()));
      refused(api().get("/v0/pipes/none"), 404);
    }

    @Row(
        section = "6.1",
        name = "POST /v0/pipes",
        routes = "POST /v0/pipes",
        here = "standard, endpoint, materialized, copy; 501 for other types")
    @Test
    void push() {
      var source = source("pushed");
      var made = fresh("made");
      var name = fresh("mv");
      var body =
          """
          {"name":"%s","description":"d","nodes":[
            {"name":"first","type":"standard","sql":"SELECT id, at FROM %s"},
            {"name":"last","type":"materialized","sql":"SELECT toDate(at) AS day, count() AS n FROM %s GROUP BY day",
             "datasource":"%s","engine":"SummingMergeTree","engine_sorting_key":"day"}]}
          """
              .formatted(name, source, source, made);
      var pushed = ok(api().json("/v0/pipes?populate=true&ignore_sql_errors=false", body)).json();

      assertThat(pushed.path("created_datasource").asBoolean()).isTrue();
      assertThat(pushed.path("type").asString()).isEqualTo("materialized");
      api().ended(pushed.path("job").path("job_id").asString());
      assertThat(api().value("SELECT sum(n) FROM " + made)).isEqualTo("40");
      refused(api().json("/v0/pipes", body), 409);
      ok(api().json("/v0/pipes?force=true", body));
      refused(api().json("/v0/pipes", "{\"name\":\"x\",\"nodes\":[]}"), 400);
      refused(
          api()
              .json(
                  "/v0/pipes",
                  "{\"name\":\"x\",\"nodes\":[{\"name\":\"n\",\"type\":\"other\",\"sql\":\"SELECT 1\"}]}"),
          501);
      refused(api().json("/v0/pipes", "{\"name\":\"x\",\"nodes\":[{\"name\":\"n\"}]}"), 400);
      refused(
          api()
              .json(
                  "/v0/pipes",
                  "{\"name\":\"x\",\"nodes\":[{\"name\":\"n\",\"sql\":\"SELECT 1\"},{\"name\":\"n\",\"sql\":\"SELECT 1\"}]}"),
          409);
      for (var select :
          List.of("SELECT * FROM " + source, "SELECT toUInt32(1) AS id, now() AS at")) {
        assertThat(refused(api().pipe("x", "materialized", source, select, false), 400).error())
            .contains("can't be materialized");
      }
      refused(api().pipe("x", "standard", "", "SELECT * FROM nowhere", false), 400);
    }

    @Row(
        section = "6.1",
        name = "PUT /v0/pipes/{p}/nodes/{n}/copy",
        routes = "PUT /v0/pipes/{pipe}/nodes/{node}/copy",
        here = "target, mode, schedule; the text `None` takes a schedule away")
    @Test
    void copySettings() {
      var name = copyPipe();
      var path = "/v0/pipes/" + name + "/nodes/" + name + "_node/copy";

      var scheduled = ok(api().form("PUT", path, Map.of("schedule_cron", "5 4 * * *"))).json();
      assertThat(scheduled.path("schedule").toString())
          .isEqualTo(Json.text(Json.MAPPER.readTree(scheduled.path("schedule").toString())))
          .contains("5 4 * * *", "running");
      var without =
          ok(api().form("PUT", path, Map.of("schedule_cron", "None", "mode", "replace"))).json();
      assertThat(without.path("schedule")).isEmpty();
      assertThat(without.path("copy_mode").asString()).isEqualTo("replace");
      refused(api().form("PUT", path, Map.of("schedule_cron", "whenever")), 400);
      refused(api().form("PUT", path, Map.of("target_datasource", "none")), 404);
    }

    @Row(
        section = "6.2",
        name = "DELETE /v0/pipes/{n}",
        routes = "DELETE /v0/pipes/{pipe}",
        here = "204; 409 while another Pipe reads it")
    @Test
    void delete() {
      var name = fresh("gone");
      var reader = fresh("reader");
      api().pipe(name, "standard", "", "SELECT 1 AS a", false);
      api().pipe(reader, "standard", "", "SELECT a FROM " + name, false);

      refused(api().delete("/v0/pipes/" + name), 409);
      assertThat(api().delete("/v0/pipes/" + reader).status()).isEqualTo(204);
      assertThat(api().delete("/v0/pipes/" + name).status()).isEqualTo(204);
    }

    @Row(
        section = "6.2",
        name = "POST /v0/pipes/{n}/nodes",
        routes = "POST /v0/pipes/{pipe}/nodes",
        here = "served")
    @Test
    void appendNode() {
      var name = fresh("growing");
      api().pipe(name, "standard", "", "SELECT 1 AS a", false);

      var added =
          ok(
              api()
                  .post(
                      "/v0/pipes/" + name + "/nodes?name=more",
                      "SELECT a + 1 AS a FROM " + name + "_node"));

      assertThat(fields(added)).contains("id", "name");
      assertThat(api().value("SELECT a FROM " + name)).isEqualTo("2");
    }

    @Row(
        section = "6.2",
        name = "POST|DELETE .../nodes/{id}/endpoint",
        routes = {
          "POST /v0/pipes/{pipe}/nodes/{node}/endpoint",
          "DELETE /v0/pipes/{pipe}/nodes/{node}/endpoint"
        },
        here = "served")
    @Test
    void publish() {
      var name = fresh("published");
      api().pipe(name, "standard", "", "SELECT 1 AS a", false);
      var path = "/v0/pipes/" + name + "/nodes/" + name + "_node/endpoint";

      assertThat(ok(api().post(path)).json().path("type").asString()).isEqualTo("endpoint");
      assertThat(ok(api().delete(path)).json().path("endpoint").isNull()).isTrue();
    }

    @Row(
        section = "6.2",
        name = "DELETE .../nodes/{id}/materialization",
        routes = "DELETE /v0/pipes/{pipe}/nodes/{node}/materialization",
        here = "204; nothing is fed any more, rows stay")
    @Test
    void unlink() {
      var source = source("feeding");
      var target = source("fed");
      var name = fresh("mv");
      ok(api().pipe(name, "materialized", target, "SELECT id, at FROM " + source, false));

      assertThat(
              api()
                  .delete("/v0/pipes/" + name + "/nodes/" + name + "_node/materialization")
                  .status())
          .isEqualTo(204);

      api().events(source, "{\"id\":1,\"at\":0}");
      assertThat(count(target)).isEqualTo("40");
      assertThat(
              ok(api().get("/v0/pipes/" + name))
                  .json()
                  .path("nodes")
                  .get(0)
                  .path("materialized")
                  .isNull())
          .isTrue();
    }

    @Row(
        section = "6.2",
        name = "DELETE .../copy, .../sink, .../stream",
        routes = {
          "DELETE /v0/pipes/{pipe}/nodes/{node}/copy",
          "DELETE /v0/pipes/{pipe}/nodes/{node}/sink",
          "DELETE /v0/pipes/{pipe}/nodes/{node}/stream"
        },
        here = "204; 400 for a node that is of another type")
    @Test
    void unset() {
      var name = copyPipe();
      var path = "/v0/pipes/" + name + "/nodes/" + name + "_node/";

      assertThat(api().delete(path + "copy").status()).isEqualTo(204);
      assertThat(ok(api().get("/v0/pipes/" + name)).json().path("copy_node").isNull()).isTrue();
      refused(api().delete(path + "sink"), 400);
      for (var type : List.of("sink", "stream")) {
        var outside = fresh(type);
        ok(api().pipe(outside, type, "", "SELECT 1 AS a", false));
        assertThat(
                api()
                    .delete("/v0/pipes/" + outside + "/nodes/" + outside + "_node/" + type)
                    .status())
            .isEqualTo(204);
        assertThat(ok(api().get("/v0/pipes/" + outside)).json().path("type").asString())
            .isEqualTo("default");
      }
    }

    @Row(
        section = "6.1",
        name = "sinks and streams",
        marks = "[C]",
        here = "kept and shown with their `export_...`, never run: they would write outside")
    @Test
    void outside() {
      var name = fresh("sink");
      ok(
          api()
              .json(
                  "/v0/pipes",
                  """
                  {"name":"%s","nodes":[{"name":"n","type":"sink","sql":"SELECT 1 AS a",
                    "export_params":{"export_service":"s3","export_schedule":"0 * * * *"}}]}
                  """
                      .formatted(name)));
      var pipe = ok(api().get("/v0/pipes/" + name)).json();

      assertThat(pipe.path("type").asString()).isEqualTo("sink");
      assertThat(pipe.path("sink_node").asString())
          .isEqualTo(pipe.path("nodes").get(0).path("id").asString());
      assertThat(ok(api().get("/v0/pipes/" + name + ".pipe")).text())
          .contains("TYPE sink\nEXPORT_SCHEDULE \"0 * * * *\"\nEXPORT_SERVICE \"s3\"\n");
      refused(api().post("/v0/pipes/" + name + "/copy"), 400);
      refused(
          api()
              .json(
                  "/v0/pipes?force=true",
                  """
                  {"name":"%s","nodes":[{"name":"n","type":"sink","sql":"SELECT 1 AS a",
                    "export_params":{"export_service":"s3\\nNODE x"}}]}
                  """
                      .formatted(name)),
          400);
    }

    @Row(
        section = "6.2",
        name = "GET .../nodes/{node}/analysis",
        routes = "GET /v0/pipes/{pipe}/nodes/{node}/analysis",
        here = "501: only `tb materialize` asks for it")
    @Test
    void analysis() {
      refused(api().get("/v0/pipes/x/nodes/y/analysis"), 501);
    }
  }

  static String copyPipe() {
    var source = source("from");
    var target = source("into");
    api().post("/v0/datasources/" + target + "/truncate");
    var name = fresh("copy");
    ok(
        api()
            .pipe(
                name,
                "copy",
                target,
                "%\nSELECT id, at FROM " + source + " WHERE id < {{UInt32(most, 5)}}",
                false));
    return name;
  }

  @Nested
  class CopiesAndPopulates {
    @Row(
        section = "7",
        name = "POST /v0/pipes/{p}/nodes/{node}/copy",
        routes = "POST /v0/pipes/{pipe}/nodes/{node}/copy",
        here = "served; refused for endpoints and views")
    @Test
    void makeACopyNode() {
      var target = source("into");
      var name = fresh("plain");
      api().pipe(name, "standard", "", "SELECT toUInt32(1) AS id, now() AS at", false);
      var node = "/v0/pipes/" + name + "/nodes/" + name + "_node/";
      api().post(node + "endpoint");

      refused(api().form("POST", node + "copy", Map.of("target_datasource", target)), 400);
      ok(api().delete(node + "endpoint"));
      assertThat(
              ok(api().form("POST", node + "copy", Map.of("target_datasource", target)))
                  .json()
                  .path("copy_node")
                  .isString())
          .isTrue();
    }

    @Row(
        section = "7",
        name = "POST /v0/pipes/{name_or_id}/copy",
        routes = "POST /v0/pipes/{pipe}/copy",
        here =
            "append and replace; parameters without a value are refused at once [?]; the number of jobs at once is the fault `copyJobLimit`")
    @Test
    void run() {
      var name = copyPipe();
      var answer = ok(api().post("/v0/pipes/" + name + "/copy?most=7&_mode=append")).json();
      var job = api().ended(answer.path("job").path("job_id").asString());
      var target =
          ok(api()
                  .get(
                      "/v0/datasources/"
                          + answer.path("tags").path("copy_target_datasource").asString()))
              .json()
              .path("name")
              .asString();

      assertThat(answer.propertyNames()).contains("id", "name", "sql", "job", "tags");
      assertThat(answer.path("job").propertyNames())
          .contains("kind", "id", "job_id", "status", "created_at", "updated_at")
          .contains("is_cancellable", "datasource", "pipe_id", "pipe_name", "job_url");
      assertThat(job.path("status").asString()).isEqualTo("done");
      assertThat(count(target)).isEqualTo("7");
      api().copy(name, "");
      assertThat(count(target)).as("twice started, twice done").isEqualTo("12");
      var replaced = ok(api().post("/v0/pipes/" + name + "/copy?most=2&_mode=replace")).json();
      api().ended(replaced.path("job").path("job_id").asString());
      assertThat(count(target)).isEqualTo("2");
    }

    @Row(
        section = "7",
        name = "POST .../copy/pause, .../copy/resume",
        routes = {"POST /v0/pipes/{pipe}/copy/pause", "POST /v0/pipes/{pipe}/copy/resume"},
        here = "schedules run by the minute, in branches by the fault `schedulesInBranches` [?]")
    @Test
    void schedules() {
      var name = copyPipe();
      var node = "/v0/pipes/" + name + "/nodes/" + name + "_node/copy";
      refused(api().post("/v0/pipes/" + name + "/copy/pause"), 400);
      ok(api().form("PUT", node, Map.of("schedule_cron", "*/10 * * * *")));

      assertThat(
              ok(api().post("/v0/pipes/" + name + "/copy/pause"))
                  .json()
                  .path("schedule")
                  .path("status")
                  .asString())
          .isEqualTo("shutdown");
      assertThat(
              ok(api().post("/v0/pipes/" + name + "/copy/resume"))
                  .json()
                  .path("schedule")
                  .path("status")
                  .asString())
          .isEqualTo("running");
    }

    @Row(
        section = "7",
        name = "POST /v0/pipes/{p}/copy/cancel",
        routes = "POST /v0/pipes/{pipe}/copy/cancel",
        here = "501: no client uses it")
    @Test
    void cancelByPipe() {
      refused(api().post("/v0/pipes/x/copy/cancel"), 501);
    }

    @Row(
        section = "8",
        name = "POST .../nodes/{node}/population",
        routes = "POST /v0/pipes/{pipe}/nodes/{node}/population",
        here =
            "partition by partition; without `truncate` the fault `populateTruncates` decides [?]")
    @Test
    void populate() {
      var source = source("old");
      var target = source("new");
      api().post("/v0/datasources/" + target + "/truncate");
      var name = fresh("mv");
      ok(api().pipe(name, "materialized", target, "SELECT id, at FROM " + source, false));

      var made =
          ok(api()
                  .form(
                      "POST",
                      "/v0/pipes/" + name + "/nodes/" + name + "_node/population",
                      Map.of("truncate", "false", "populate_condition", "id >= 20")))
              .json()
              .path("job");
      api().ended(made.path("job_id").asString());

      assertThat(made.path("kind").asString()).isEqualTo("populateview");
      assertThat(count(target)).isEqualTo("20");
    }
  }

  @Nested
  class JobsAndReleases {
    @Row(
        section = "9",
        name = "GET /v0/jobs",
        routes = "GET /v0/jobs",
        here =
            "the newest 100, all filters; nothing is forgotten after 48 h unless `vanishingJobs`")
    @Test
    void list() {
      var name = copyPipe();
      var id = api().copy(name, "").path("id").asString();
      var made = ok(api().get("/v0/jobs/" + id)).json().path("created_at").asString();

      assertThat(
              ok(api().get("/v0/jobs?kind=copy&status=done&pipe_name=" + name)).json().path("jobs"))
          .hasSize(1);
      assertThat(ok(api().get("/v0/jobs?kind=copy&pipe_name=other")).json().path("jobs")).isEmpty();
      assertThat(
              ok(api()
                      .get(
                          "/v0/jobs?pipe_name=" + name + "&created_after=" + LocalApi.encode(made)))
                  .json()
                  .path("jobs"))
          .isEmpty();
    }

    @Row(
        section = "9",
        name = "GET /v0/jobs/{id}",
        routes = "GET /v0/jobs/{job}",
        here = "served; `error` is `true` by a fault")
    @Test
    void one() {
      var name = copyPipe();
      api().workspace().faults().failCopies(1, "[Error] boom");
      api().workspace().faults().errorAsBoolean(true);
      var id = api().copy(name, "").path("id").asString();
      var job = ok(api().get("/v0/jobs/" + id + "?debug=blocks,block_log")).json();

      assertThat(job.path("error").isBoolean()).isTrue();
      assertThat(job.path("errors").get(0).asString())
          .isEqualTo("There was a problem while copying data: [Error] boom");
      refused(api().get("/v0/jobs/none"), 404);
    }

    @Row(
        section = "9",
        name = "POST /v0/jobs/{id}/cancel",
        routes = "POST /v0/jobs/{job}/cancel",
        here = "200 with the job; obeyed, delayed or ignored by the fault `cancel`")
    @Test
    void cancel() {
      var name = copyPipe();
      api().workspace().faults().jobDelay(60_000);
      var id =
          ok(api().post("/v0/pipes/" + name + "/copy")).json().path("job").path("id").asString();

      assertThat(ok(api().post("/v0/jobs/" + id + "/cancel")).json().path("status").asString())
          .isIn("cancelling", "cancelled");
      assertThat(api().ended(id).path("status").asString()).isEqualTo("cancelled");
      refused(api().post("/v0/jobs/" + id + "/cancel"), 400);
      refused(api().post("/v0/jobs/none/cancel"), 404);
    }

    @Row(
        section = "10.1",
        name = "POST /v0/workspaces/{ws}/releases/",
        routes = "POST /v0/workspaces/{id}/releases",
        here = "the live release only; `semver` is 501")
    @Test
    void setTheCommit() {
      var path = "/v0/workspaces/" + api().workspace().id() + "/releases/?force=true&commit=";

      assertThat(ok(api().post(path + "abcdef1")).json().path("commit").asString())
          .isEqualTo("abcdef1");
      refused(api().post(path + "nonsense"), 400);
      refused(api().post(path + "abcdef1&semver=1.0.0"), 501);
    }

    @Row(
        section = "10.2",
        name = "PUT, GET, DELETE /v0/workspaces/{ws}/releases/...",
        routes = {
          "GET /v0/workspaces/{id}/releases",
          "PUT /v0/workspaces/{id}/releases/{semver}",
          "DELETE /v0/workspaces/{id}/releases/{semver}",
          "GET /v0/workspaces/{id}/releases/oldest-rollback"
        },
        here = "PUT `new_semver` and GET; the deprecated release flow is 501")
    @Test
    void bump() {
      var path = "/v0/workspaces/" + api().workspace().id() + "/releases/";
      api().post(path + "?force=true&commit=abcdef1");
      var now = ok(api().get(path)).json().path("releases").get(0).path("semver").asString();

      ok(api().send("PUT", path + now + "?new_semver=" + now + "-1", "", new byte[0]));
      assertThat(ok(api().get(path)).json().path("releases").get(0).path("semver").asString())
          .isEqualTo(now + "-1");
      refused(api().send("PUT", path + "9.9.9?new_semver=1", "", new byte[0]), 404);
      refused(api().delete(path + "0.0.0"), 501);
    }
  }

  @Nested
  class ServiceDataSources {
    @Row(
        section = "11",
        name = "tinybird.datasources_ops_log",
        marks = "[O][3][R]",
        here = "at once, or late by the fault `logDelayMillis`")
    @Test
    void operations() {
      var name = source("noted");
      var select =
          "SELECT arraySort(groupArray(event_type)) FROM tinybird.datasources_ops_log WHERE"
              + " datasource_name = '"
              + name
              + "'";

      assertThat(api().value(select)).isEqualTo("['append-hfi','create']");
      api().workspace().faults().logDelay(3_600_000);
      api().post("/v0/datasources/" + name + "/truncate");
      assertThat(api().value(select)).isEqualTo("['append-hfi','create']");
      api().workspace().faults().logDelay(0);
      assertThat(api().value(select)).isEqualTo("['append-hfi','create','truncate']");
    }

    @Row(
        section = "11",
        name = "datasources_ops_log: what failed",
        marks = "[O][3]",
        here = "`result` is `error`, with the text; copies and ingestion")
    @Test
    void failedOperations() {
      var pipe = copyPipe();
      api().workspace().faults().failCopies(1, "[Error] boom");
      var job = api().copy(pipe, "&most=3").path("id").asString();

      assertThat(
              api()
                  .value(
                      "SELECT event_type, result, error FROM tinybird.datasources_ops_log WHERE"
                          + " job_id = '"
                          + job
                          + "'"))
          .isEqualTo("copy\terror\t[Error] boom");
    }

    @Row(
        section = "1.4",
        name = "X-Request-Id",
        marks = "[D]",
        here = "a ULID, the `request_id` of the service Data Sources")
    @Test
    void requestIds() {
      var name = source("asked");
      var append = ok(api().events(name, "{\"id\":1,\"at\":0}"));
      var id = append.raw().headers().firstValue("X-Request-Id").orElseThrow();

      assertThat(id).matches("[0-7][0-9A-HJKMNP-TV-Z]{25}");
      assertThat(
              api()
                  .value(
                      "SELECT event_type FROM tinybird.datasources_ops_log WHERE request_id = '"
                          + id
                          + "'"))
          .isEqualTo("append-hfi");
      var copy = ok(api().post("/v0/pipes/" + copyPipe() + "/copy?most=1"));
      var job = copy.json().path("job").path("id").asString();
      api().ended(job);
      assertThat(
              api().value("SELECT request_id FROM tinybird.jobs_log WHERE job_id = '" + job + "'"))
          .isEqualTo(copy.raw().headers().firstValue("X-Request-Id").orElseThrow());
    }

    @Row(section = "11", name = "tinybird.jobs_log", marks = "[3]", here = "served")
    @Test
    void jobsLog() {
      var name = copyPipe();
      var id = api().copy(name, "&most=3").path("id").asString();

      assertThat(
              api()
                  .value(
                      "SELECT job_type, status, JSONExtractString(job_metadata, 'parameters',"
                          + " 'most') FROM tinybird.jobs_log WHERE job_id = '"
                          + id
                          + "'"))
          .isEqualTo("copy\tdone\t3");
    }

    @Row(
        section = "11",
        name = "tinybird.pipe_stats_rt, tinybird.pipe_stats",
        marks = "[C][D]",
        here = "without `quantile_timing_state`")
    @Test
    void pipeStats() {
      var name = fresh("endpoint");
      api().pipe(name, "standard", "", "SELECT 1 AS a", false);
      api().post("/v0/pipes/" + name + "/nodes/" + name + "_node/endpoint");
      ok(api().get("/v0/pipes/" + name + ".json"));

      assertThat(
              api()
                  .value(
                      "SELECT count(), sum(error), any(status_code) FROM tinybird.pipe_stats_rt"
                          + " WHERE pipe_name = '"
                          + name
                          + "'"))
          .isEqualTo("1\t0\t200");
      assertThat(
              api()
                  .value(
                      "SELECT sum(view_count) FROM tinybird.pipe_stats WHERE pipe_name = '"
                          + name
                          + "'"))
          .isEqualTo("1");
    }

    @Row(section = "11", name = "tinybird.datasources_storage", marks = "[3]", here = "served")
    @Test
    void storage() {
      var name = source("stored");

      assertThat(
              api()
                  .value(
                      "SELECT rows, bytes > 0, startsWith(datasource_id, 't_') FROM"
                          + " tinybird.datasources_storage WHERE datasource_name = '"
                          + name
                          + "'"))
          .isEqualTo("40\t1\t1");
    }

    @Row(
        section = "11",
        name = "kafka_ops_log, endpoint_errors, block_log and the others",
        marks = "[C][O]",
        here = "501: their columns are not known")
    @Test
    void others() {
      refused(sql("SELECT 1 FROM tinybird.kafka_ops_log"), 501);
    }
  }

  @Nested
  class Limits {
    private void limit(String name, long most) {
      api().workspace().faults().contractLimit(name, most);
    }

    @Row(
        section = "12",
        name = "SQL text",
        marks = "[3][?]",
        here = "unlimited until the fault `contractLimits` sets `sqlBytes`")
    @Test
    void sqlText() {
      var sql = "SELECT '" + "x".repeat(8192) + "' AS a";
      ok(api().post("/v0/sql", sql));
      limit("sqlBytes", 8192);

      refused(api().post("/v0/sql", sql), 400);
      ok(api().post("/v0/sql", "SELECT 1"));
    }

    @Row(
        section = "12",
        name = "row limit of /v0/sql",
        marks = "[C]",
        here = "none; `tb sql` adds its own")
    @Test
    void noRowLimit() {
      assertThat(ok(sql("SELECT number FROM numbers(100001) FORMAT TSV")).text().lines())
          .hasSize(100_001);
    }

    @Row(
        section = "12",
        name = "Data Sources per workspace, columns",
        marks = "[D][?]",
        here = "unlimited until the fault `contractLimits` sets `dataSources` or `columns`")
    @Test
    void dataSourcesAndColumns() {
      limit("columns", 1);
      refused(api().dataSource(fresh("wide"), "`a` UInt8, `b` UInt8", "a"), 400);
      ok(api().dataSource(fresh("narrow"), "`a` UInt8", "a"));
      limit("dataSources", 1);
      refused(api().dataSource(fresh("narrow"), "`a` UInt8", "a"), 400);
    }

    @Row(
        section = "12",
        name = "delete jobs",
        marks = "[D][?]",
        here = "unlimited until the fault `contractLimits` sets `deleteJobs`")
    @Test
    void deleteJobs() {
      var name = source("deleted");
      limit("deleteJobs", 0);

      refused(
          api()
              .form(
                  "POST",
                  "/v0/datasources/" + name + "/delete",
                  Map.of("delete_condition", "id = 1")),
          400);
      assertThat(count(name)).isEqualTo("40");
    }

    @Row(
        section = "12",
        name = "branches",
        marks = "[?]",
        here = "unlimited until the fault `contractLimits` sets `branches`")
    @Test
    void branches() {
      limit("branches", 0);

      refused(api().post("/v0/environments?data=&name=" + fresh("br")), 400);
    }

    @Row(
        section = "12",
        name = "active copy jobs",
        marks = "[?]",
        here = "10 until the fault `copyJobLimit` sets it; more are 403")
    @Test
    void copyJobs() {
      var target = source("copied");
      var pipe = fresh("copying");
      ok(api().pipe(pipe, "copy", target, "SELECT id, at FROM " + target, false));
      api().workspace().faults().copyJobLimit(0);

      assertThat(refused(api().post("/v0/pipes/" + pipe + "/copy"), 403).error())
          .contains("maximum number of copy jobs");
    }
  }

  @Nested
  class Promises {
    private String totals(String source) {
      var totals = fresh("totals");
      ok(api().dataSource(totals, "`n` UInt64", "n"));
      ok(
          api()
              .pipe(
                  fresh("mv"),
                  "materialized",
                  totals,
                  "SELECT count() AS n FROM " + source,
                  false));
      return totals;
    }

    private String sum(String totals) {
      return api().value("SELECT sum(n) FROM " + totals);
    }

    @Row(
        section = "13",
        name = "a view is an insert trigger, from its creation on",
        marks = "[D][O]",
        here = "so it is; truncates and deletes don't reach it")
    @Test
    void aViewIsAnInsertTrigger() {
      var name = source("triggering");
      var totals = totals(name);
      assertThat(sum(totals)).isEqualTo("0");

      ok(api().events(name, "{\"id\":100,\"at\":0}", "{\"id\":101,\"at\":0}"));
      assertThat(sum(totals)).isEqualTo("2");
      assertThat(api().post("/v0/datasources/" + name + "/truncate").status()).isEqualTo(205);
      assertThat(sum(totals)).isEqualTo("2");
    }

    @Row(
        section = "13",
        name = "populate and live ingestion both write the target",
        marks = "[D]",
        here = "rows that came after the view are there twice")
    @Test
    void populateDoublesWhatTheViewTook() {
      var name = source("overlapping");
      var totals = totals(name);
      ok(api().events(name, "{\"id\":100,\"at\":0}"));
      var pipe =
          api()
              .get("/v0/datasources/" + name)
              .json()
              .path("used_by")
              .get(0)
              .path("name")
              .asString();

      var job =
          ok(
              api()
                  .post(
                      "/v0/pipes/" + pipe + "/nodes/" + pipe + "_node/population?truncate=false"));
      api().ended(job.json().path("job").path("job_id").asString());

      assertThat(sum(totals)).isEqualTo("42");
    }

    @Row(
        section = "13",
        name = "a copy is all or nothing",
        marks = "[?]",
        here = "so it is, until the fault `plainCopies` lets it leave a part")
    @Test
    void aCopyIsAllOrNothing() {
      var target = fresh("target");
      ok(api().dataSource(target, "`id` UInt64", "id"));
      var pipe = fresh("breaking");
      var sql = "SELECT number + throwIf(number = 2500000, 'boom') AS id FROM numbers(3000000)";
      ok(api().pipe(pipe, "copy", target, sql, false));

      assertThat(api().copy(pipe, "").path("status").asString()).isEqualTo("error");
      assertThat(count(target)).isEqualTo("0");
      api().workspace().faults().plainCopies(true);
      assertThat(api().copy(pipe, "").path("status").asString()).isEqualTo("error");
      assertThat(count(target)).isNotEqualTo("0");
    }

    @Row(
        section = "13",
        name = "a copy fires the views of its target",
        marks = "[O][?]",
        here =
            "so it does; after a replace they have the new rows beside the old ones, or, by the"
                + " fault `replaceCascades`, alone")
    @Test
    void aCopyFiresTheViews() {
      var source = source("copied_from");
      var target = source("copied_to");
      var totals = totals(target);
      var pipe = fresh("copying");
      ok(api().pipe(pipe, "copy", target, "SELECT id, at FROM " + source, false));

      api().copy(pipe, "");
      assertThat(sum(totals)).isEqualTo("40");
      for (var cascades : List.of(false, true)) {
        api().workspace().faults().replaceCascades(cascades);
        var asked = ok(api().post("/v0/pipes/" + pipe + "/copy?_mode=replace"));
        api().ended(asked.json().path("job").path("job_id").asString());
        assertThat(sum(totals)).isEqualTo(cascades ? "40" : "80");
        assertThat(count(target)).isEqualTo("40");
      }
    }

    @Row(
        section = "13",
        name = "reads right after a write are consistent",
        marks = "[C]",
        here =
            "here they are, until the fault `staleReads` lets them lag: a client has to ask again")
    @Test
    void readsSeeWhatWasWritten() {
      var name = source("written");
      for (var i = 0; i < 20; i++) {
        ok(api().events(name, "{\"id\":" + (100 + i) + ",\"at\":0}"));
        assertThat(count(name)).isEqualTo(Integer.toString(41 + i));
      }
      api().workspace().faults().staleReads(86_400_000, false);
      ok(api().events(name, "{\"id\":1,\"at\":0}"));
      assertThat(count(name)).isEqualTo("60");
    }
  }

  @Nested
  class ForTheRealClient {
    @Row(
        section = "15",
        name = "GET /v0/connectors, /v0/tags",
        routes = {"GET /v0/connectors", "GET /v0/tags"},
        here = "501: what they answer is not in the reference")
    @Test
    void connectorsAndTags() {
      refused(api().get("/v0/connectors"), 501);
      refused(api().get("/v0/tags"), 501);
    }

    @Row(
        section = "15",
        name = "GET {id}.token",
        routes = "GET /v0/tokens/{token}.token",
        here = "501: how a token's datafile is written is not in the reference")
    @Test
    void tokenDatafile() {
      refused(api().get("/v0/tokens/dashboard.token"), 501);
    }
  }
}
