package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.local.engine.EngineException;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Attacks on the workspace through its own API. SECRET stands for a file, OTHER for a table of
/// another workspace on the same engine.
@EngineTest
class LocalSafetyTest {
  private static final String MARK = "swordfish";
  private @TempDir static @Nullable Path folder;
  private static @Nullable LocalApi mine;
  private static @Nullable LocalApi theirs;

  @BeforeAll
  static void twoWorkspacesOnOneEngine() throws IOException {
    var data = Objects.requireNonNull(folder);
    Files.writeString(data.resolve("secret"), MARK);
    mine = LocalApi.start(data.resolve("mine"));
    theirs = LocalApi.start(data.resolve("theirs"));
    for (var api : new LocalApi[] {api(), Objects.requireNonNull(theirs)}) {
      api.dataSource("t", "`id` UInt32 `json:$.id`, `word` String `json:$.word`", "id");
      api.events("t", "{\"id\":1,\"word\":\"" + MARK + "\"}");
    }
    api().post("/v0/datasources/t/truncate");
    api().events("t", "{\"id\":1,\"word\":\"mine\"}");
    api().dataSource("target", "`word` String", "word");
  }

  @AfterAll
  static void theyEnd() {
    api().close();
    Objects.requireNonNull(theirs).close();
  }

  private static LocalApi api() {
    return Objects.requireNonNull(mine);
  }

  private static String with(String attack) {
    var other = Objects.requireNonNull(theirs).workspace().database();
    return attack
        .replace("SECRET", Objects.requireNonNull(folder).resolve("secret").toString())
        .replace("OUTFILE_", Objects.requireNonNull(folder).resolve("stolen").toString())
        .replace("OTHER", other);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT file('SECRET') AS word",
        "SELECT `fi\\x6ce`('SECRET') AS word",
        "SELECT/**/FILE/**/('SECRET') AS word",
        "SELECT word FROM (SELECT file('SECRET') AS word)",
        "WITH file('SECRET') AS x SELECT x AS word",
        "SELECT arrayMap(x -> file(x), ['SECRET'])[1] AS word",
        "SELECT * FROM file('SECRET', 'LineAsString', 'word String')",
        "SELECT * FROM fileCluster('default', 'SECRET', 'LineAsString', 'word String')",
        "SELECT word FROM url('http://localhost:1/', 'LineAsString', 'word String')",
        "SELECT word FROM s3('http://bucket.localhost:1/x', 'LineAsString', 'word String')",
        "SELECT word FROM s3Cluster('default', 'http://bucket.localhost:1/x')",
        "SELECT word FROM gcs('http://bucket.localhost:1/x', 'LineAsString', 'word String')",
        "SELECT word FROM hdfs('hdfs://localhost:1/x', 'LineAsString', 'word String')",
        "SELECT word FROM remote('127.0.0.1:1', 'OTHER', 't')",
        "SELECT word FROM remoteSecure('127.0.0.1:1', 'OTHER', 't')",
        "SELECT word FROM cluster('default', OTHER.t)",
        "SELECT word FROM mysql('localhost:1', 'a', 'b', 'c', 'd')",
        "SELECT word FROM postgresql('localhost:1', 'a', 'b', 'c', 'd')",
        "SELECT word FROM mongodb('localhost:1', 'a', 'b', 'c', 'd', 'word String')",
        "SELECT word FROM redis('localhost:1', 'word', 'word String')",
        "SELECT word FROM sqlite('SECRET', 't')",
        "SELECT word FROM executable('cat SECRET', 'LineAsString', 'word String')",
        "SELECT word FROM filesystem('/')",
        "SELECT word FROM deltaLakeLocal('SECRET')",
        "SELECT word FROM icebergLocal('SECRET')",
        "SELECT word FROM dictionary('x')",
        "SELECT dictGet('x', 'word', 1) AS word",
        "SELECT joinGet('OTHER.t', 'word', 1) AS word",
        "SELECT catboostEvaluate('SECRET', 1) AS word",
        "SELECT aiGenerate('x', 'hello') AS word",
        "SELECT hasColumnInTable('OTHER', 't', 'word') AS word",
        "SELECT getServerSetting('max_server_memory_usage') AS word",
        "SELECT word FROM OTHER.t",
        "SELECT word FROM `OTHER`.`t`",
        "SELECT word FROM \"OTHER\"/**/./**/\"t\"",
        "SELECT word FROM t WHERE (id, word) IN OTHER.t",
        "SELECT word FROM t WHERE NOT in((id, word), OTHER.t)",
        "SELECT word FROM t WHERE (id, word) GLOBAL NOT IN (OTHER.t)",
        "SELECT word FROM t PASTE JOIN OTHER.t AS x",
        "SELECT t.word FROM t, OTHER.t AS x",
        "SELECT (SELECT any(word) FROM OTHER.t) AS word",
        "SELECT word FROM view(SELECT word FROM OTHER.t)",
        "SELECT word FROM viewIfPermitted(SELECT word FROM OTHER.t ELSE null('word String'))",
        "SELECT word FROM viewExplain('EXPLAIN', '', (SELECT word FROM OTHER.t))",
        "SELECT word FROM merge('OTHER', '^t$')",
        "SELECT word FROM loop('OTHER', 't') LIMIT 1",
        "SELECT part_name AS word FROM mergeTreeIndex('OTHER', 't')",
        "FROM OTHER.t SELECT word",
        "SELECT word FROM t UNION ALL SELECT word FROM OTHER.t",
        "SELECT name AS word FROM system.databases",
        "SELECT word FROM t WHERE word IN system.databases",
        "SELECT table_name AS word FROM INFORMATION_SCHEMA.tables",
        "SHOW DATABASES",
        "SHOW TABLES FROM OTHER",
        "DESCRIBE OTHER.t",
        "EXISTS TABLE OTHER.t",
        "EXPLAIN SELECT 1",
        "SELECT word FROM t INTO OUTFILE 'OUTFILE_'",
        "SELECT word FROM t SETTINGS readonly = 0",
        "SELECT word FROM t SETTINGS max_execution_time = 1000",
        "SET readonly = 0",
        "SELECT 1 AS word; SELECT word FROM OTHER.t",
        "INSERT INTO t SELECT 1, 'x'",
        "INSERT INTO FUNCTION file('OUTFILE_', 'CSV', 'a String') SELECT 'x'",
        "DROP TABLE t",
        "SYSTEM SHUTDOWN",
        "KILL QUERY WHERE 1",
        "CREATE TABLE x (a UInt8) ENGINE = Memory",
        "ATTACH DATABASE x",
        "BACKUP TABLE t TO File('OUTFILE_')",
        "SELECT * APPLY(file) FROM (SELECT 'SECRET' AS word)",
        "SELECT * APPLY `fi\\x6ce` FROM (SELECT 'SECRET' AS word)",
        "SELECT '{{' AS a, * APPLY(file) FROM (SELECT 'SECRET' AS word), '}}'",
        "SELECT COLUMNS('w') APPLY(x -> file(x)) FROM (SELECT 'SECRET' AS word)",
        "SELECT * APPLY(x -> (1, x) IN OTHER.t) FROM (SELECT 'x' AS word)",
        "SELECT word FROM view(SELECT * APPLY(file) FROM (SELECT 'SECRET' AS word))",
        "SELECT arrayMap(file, ['SECRET'])[1] AS word",
        "SELECT arrayMap((`file` AS f), ['SECRET'])[1] AS word",
        "SELECT arrayMin(file, ['SECRET']) AS word",
        "SELECT word FROM (SELECT 'x' AS word) WINDOW w AS (ORDER BY file('SECRET'))",
        "SELECT word FROM t ORDER BY word WITH FILL INTERPOLATE (id AS length(file('SECRET')))",
        "SELECT any(word) AS word FROM t GROUP BY GROUPING SETS ((file('SECRET')))",
        "SELECT quantile(length(file('SECRET')) / 100)(id)::String AS word FROM t",
        "SELECT DISTINCT ON (file('SECRET')) word FROM t",
        "SELECT word FROM t LIMIT 1 BY file('SECRET')",
        "SELECT word FROM t LIMIT length(file('SECRET'))",
        "SELECT word FROM t QUALIFY file('SECRET') != ''",
        "SELECT word FROM t PREWHERE (id, word) IN OTHER.t",
        "SELECT * REPLACE (file('SECRET') AS word) FROM t",
        "SELECT word FROM values('word String', file('SECRET'))",
        "SELECT word FROM format(LineAsString, 'word String', file('SECRET'))",
        "SELECT c1 AS word FROM numbers((SELECT length(file('SECRET'))))",
        "SELECT word FROM input('word String')",
        "SELECT word FROM (EXPLAIN SELECT word FROM OTHER.t)",
        "SELECT word FROM t FORMAT CSV SETTINGS format_csv_delimiter = ';'",
        "SELECT word FROM t FORMAT Template SETTINGS format_template_resultset = 'SECRET'",
        "SELECT word FROM t INTO OUTFILE 'OUTFILE_' AND STDOUT",
        "SELECT word FROM t PARALLEL WITH DROP TABLE t",
        "WITH OTHER.t AS x SELECT word FROM t WHERE (id, word) IN x",
        "SELECT word FROM mergeTreeAnalyzeIndexes('OTHER', 't')",
        "SELECT word FROM timeSeriesData('OTHER', 't')",
        "SELECT generateSerialID('OTHER')::String AS word",
        "SELECT getMaxTableNameLengthForDatabase('OTHER')::String AS word",
        "SELECT addressToLine(toUInt64(1)) AS word",
        "SELECT word FROM urlCluster('default', 'http://localhost:1/', 'LineAsString')",
        "SELECT word FROM clusterAllReplicas('default', OTHER.t)",
        "SELECT word FROM merge(REGEXP('.*'), '^t$')",
        "SELECT word FROM mergeTreeProjection('OTHER', 't', 'p')",
        "SELECT word FROM fuzzQuery('SELECT 1') LIMIT 1",
        "SELECT word FROM paimonLocal('SECRET')",
        "SELECT word FROM ytsaurus('http://localhost:1', 'a', 'b', 'word String')",
        "SELECT word FROM prometheusQuery('OTHER', 't', 'x', 1)",
        "SELECT word FROM azureBlobStorage('http://localhost:1', 'a', 'b', 'c', 'd')",
        "SELECT word FROM \"sys\\x74em\".\"tables\"",
        "SELECT word FROM $x$system$x$.tables",
        "SELECT word FROM {x:Identifier}",
        "SELECT word FROM information_schema.columns",
        "SELECT word FROM t WHERE word IN (SELECT database FROM system.tables)",
        "SELECT count() IN system.databases AS word FROM t",
        "WITH x AS (SELECT name AS word FROM system.disks) SELECT word FROM x",
        "SELECT word FROM values('word String', OTHER.t)",
        "SELECT initializeAggregation('any', file('SECRET')) AS word",
        "SELECT word FROM t SETTINGS max_memory_usage = 1",
        "SELECT word FROM t SETTINGS additional_table_filters = {'t': '1'}",
        "SELECT word FROM t FORMAT Protobuf SETTINGS format_schema = 'SECRET:x'",
        "SELECT word FROM format(Protobuf, 'x') SETTINGS format_schema = 'SECRET:x'",
        "SELECT word FROM t INTO/**/OUTFILE 'OUTFILE_' TRUNCATE",
        "(SELECT word FROM t) INTO OUTFILE 'OUTFILE_'",
        "SELECT word FROM t; garbage",
        "SELECT word FROM t INTO OUTFILE 'OUTFILE_'; garbage",
        "CREATE FUNCTION f AS (x) -> file(x)",
        "USE system",
        "SELECT filesystemAvailable()::String AS word",
        "SELECT getMacro('x') AS word"
      })
  void noStatementReachesBeyondTheWorkspace(String attack) {
    var sql = with(attack);
    for (var answer :
        new LocalApi.Answer[] {
          api().get("/v0/sql?q=" + LocalApi.encode(sql)),
          api().pipe("endpoint", "standard", "", sql, true),
          api().pipe("copy", "copy", "target", sql, true),
          api().pipe("view", "materialized", "target", sql, true)
        }) {
      assertThat(answer.status()).as(answer.text()).isIn(400, 403, 501);
      assertThat(answer.text()).doesNotContain(MARK);
    }
    assertThat(Objects.requireNonNull(folder).resolve("stolen")).doesNotExist();
    assertThat(api().value("SELECT count() FROM t")).isEqualTo("1");
  }

  /// Checked when it is pushed, a template can still become something else when it is run.
  @Test
  void aParameterDoesNotReachBeyondTheWorkspaceEither() {
    var attack = with("SELECT {{columns(what, 'word', word)}} AS word FROM t");
    api().pipe("late", "standard", "", "%\n" + attack, true);
    api().post("/v0/pipes/late/nodes/late_node/endpoint");

    var answer = api().get("/v0/pipes/late.json?what=" + LocalApi.encode(with("file('SECRET')")));

    assertThat(answer.text()).doesNotContain(MARK);
    assertThat(answer.status()).isNotEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "`id` UInt32, `word` String DEFAULT file('SECRET')",
        "`id` UInt32, `word` String MATERIALIZED `fi\\x6ce`('SECRET')",
        "`id` UInt32, `word` String DEFAULT joinGet('OTHER.t', 'word', id)",
        "`id` UInt32, `word` Array(String) DEFAULT arrayMap(file, ['SECRET'])",
        "`id` UInt32, `word` UInt8 DEFAULT (1, 'x') IN OTHER.t",
        "`id` UInt32, `word` String TTL toDate(file('SECRET')) + 1",
        "`id` UInt32, `word` String CODEC(file('SECRET'))",
        "`id` UInt32, `word` String STATISTICS(file('SECRET'))"
      })
  void noColumnReadsFiles(String schema) {
    var answer = api().dataSource("made", with(schema), "id");

    assertThat(answer.status()).as(answer.text()).isIn(400, 403);
    assertThat(api().get("/v0/datasources/made").status()).isEqualTo(404);
    var altered =
        api()
            .form(
                "POST",
                "/v0/datasources/t/alter?dry=false",
                Map.of(
                    "schema",
                    "`id` UInt32 `json:$.id`, `word` String `json:$.word`, "
                        + with(schema).replace("`id` UInt32, `word`", "`more`")));
    assertThat(altered.status()).as(altered.text()).isIn(400, 403);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "engine_sorting_key=file('SECRET')",
        "engine_partition_key=file('SECRET')",
        "engine_ttl=toDate(file('SECRET')) + 1",
        "engine_primary_key=file('SECRET')",
        "engine_sampling_key=cityHash64(file('SECRET'))",
        "engine_sorting_key=arrayMin(file, ['SECRET'])",
        "engine_partition_key=(id, 'x') IN OTHER.t",
        "indexes=i file('SECRET') TYPE minmax GRANULARITY 1",
        "engine_settings=disk = disk(type = local, path = 'OUTFILE_/')",
        "engine_settings=storage_policy = 'default'",
        "engine=File('CSV')",
        "engine=URL('http://localhost:1', CSV)",
        "engine=Distributed('default', 'OTHER', 't')",
        "engine=Merge('OTHER', 't')",
        "engine=MergeTree() ORDER BY id SETTINGS storage_policy = 'x' --"
      })
  void noEngineReachesBeyondTheWorkspace(String option) {
    var form = new java.util.HashMap<>(Map.of("name", "made", "schema", "`id` UInt32"));
    form.put("engine", "MergeTree");
    form.put("engine_sorting_key", "id");
    var pair = with(option).split("=", 2);
    form.put(pair[0], pair[1]);

    var answer = api().form("POST", "/v0/datasources", form);

    if (answer.status() == 200) {
      api().delete("/v0/datasources/made?force=true&dry_run=false");
      // what stands behind a MergeTree's name is thrown away
      assertThat(option).startsWith("engine=MergeTree()");
    } else {
      assertThat(answer.status()).as(answer.text()).isIn(400, 403, 501);
    }
    assertThat(Objects.requireNonNull(folder).resolve("stolen")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "word = file('SECRET')",
        "(id, word) IN OTHER.t",
        "id IN (SELECT id FROM OTHER.t)",
        "1) OR (1",
        "1; DROP TABLE t",
        "1 -- x"
      })
  void noConditionReachesBeyondTheWorkspace(String condition) {
    var text = with(condition);
    var path = "/v0/datasources/t/delete";
    var delete = api().form("POST", path + "?dry_run=true", Map.of("delete_condition", text));
    var replace =
        api()
            .post(
                "/v0/datasources?mode=replace&format=ndjson&name=t&replace_condition="
                    + LocalApi.encode(text),
                "{\"id\":2,\"word\":\"x\"}");

    assertThat(delete.status()).as(delete.text()).isIn(400, 403);
    assertThat(replace.status()).as(replace.text()).isIn(400, 403);
    assertThat(api().value("SELECT groupArray(id) FROM t")).isEqualTo("[1]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", "../x", "a/b", "a%2Fb", "%2e%2e", "a.b", "", "a b", "a\u0000"})
  void noNameBecomesAPath(String name) {
    var answer = api().dataSource(name, "`id` UInt32", "id");
    var encoded = LocalApi.encode(name);

    assertThat(answer.status()).as(answer.text()).isEqualTo(400);
    assertThat(api().pipe(name, "standard", "", "SELECT 1", true).status()).isEqualTo(400);
    assertThat(api().post("/v0/environments?data=&name=" + encoded).status()).isEqualTo(400);
    assertThat(api().delete("/v0/tokens/" + encoded).status()).isBetween(400, 405);
    assertThat(api().get("/v0/jobs/" + encoded).status()).isIn(200, 404);
  }

  /// The engine itself says which of its functions take another one by name.
  @Test
  void noFunctionTakesOneThatIsForbiddenByItsName() {
    var sql = new ArrayList<String>();
    for (var function : functions()) {
      for (var arguments :
          List.of("file, ['SECRET']", "file, map('SECRET', 'SECRET')", "file, 'SECRET'")) {
        sql.add(with("SELECT `" + function + "`(" + arguments + ")"));
      }
    }
    assertThat(sql).hasSizeGreaterThan(1000);
    try (var session = TestEngine.shared().session()) {
      for (var one : sql) {
        String told;
        try {
          told = session.run(one).text();
        } catch (EngineException e) {
          continue;
        }
        if (told.contains(MARK)) {
          assertThat(api().get("/v0/sql?q=" + LocalApi.encode(one)).status())
              .as(one)
              .isEqualTo(403);
        }
      }
    }
  }

  private static List<String> functions() {
    try (var session = TestEngine.shared().session()) {
      return session
          .run("SELECT name FROM system.functions WHERE name NOT ILIKE 'sleep%' AND name != 'file'")
          .text()
          .lines()
          .toList();
    }
  }

  /// Only a name that the engine would take for a table of ours.
  @ParameterizedTest
  @ValueSource(strings = {"t_quarantine", "_tinybird_storage", "_view"})
  void noNameIsThatOfATableOfOurs(String name) {
    assertThat(api().dataSource(name, "`id` UInt32", "id").status()).isEqualTo(400);
    assertThat(api().pipe(name, "standard", "", "SELECT 1", true).status()).isEqualTo(400);
    assertThat(api().get("/v0/datasources/t").status()).isEqualTo(200);
    assertThat(api().value("SELECT count() FROM t_quarantine")).isEqualTo("0");
  }

  /// The engine guesses what was meant, among all that it holds.
  @Test
  void anErrorNamesNothingOfAnotherWorkspace() {
    Objects.requireNonNull(theirs).dataSource("sword_of_theirs", "`fishy` UInt32", "fishy");
    for (var sql :
        List.of("SELECT 1 FROM sword_of_their", "SELECT 1 FROM onee", "SELECT wrd FROM t")) {
      var told = api().get("/v0/sql?q=" + LocalApi.encode(sql));

      assertThat(told.status()).isEqualTo(400);
      assertThat(told.error())
          .startsWith("[Error] Unknown")
          .doesNotContain("Maybe you meant", "sword_of_theirs", "system.", "ws_");
    }
    api().pipe("guessing", "standard", "", "SELECT 1 FROM sword_of_their", true);
    assertThat(api().pipe("guessing", "standard", "", "SELECT 1 FROM sword_of_their", true).error())
        .doesNotContain("sword_of_theirs", "ws_");
  }

  @Test
  void aLimitedTokenSeesNothingOfOurOwnTables() {
    var token =
        api()
            .post("/v0/tokens?name=limited&scope=DATASOURCES:READ:target")
            .json()
            .path("token")
            .asString();
    var limited = api().as(token);
    for (var sql :
        List.of(
            "SELECT * FROM _tinybird_storage",
            "SELECT ('t', 1, 1) IN _tinybird_storage",
            "SELECT * FROM tinybird.jobs_log",
            "SELECT * APPLY(x -> x IN (SELECT word FROM t)) FROM target",
            "SELECT * APPLY(x -> (1, x) IN t) FROM target")) {
      var answer = limited.get("/v0/sql?q=" + LocalApi.encode(sql));
      assertThat(answer.status()).as(sql + " " + answer.text()).isEqualTo(403);
    }
    assertThat(limited.get("/v0/dependencies").text()).doesNotContain("\"t\"");
  }

  @Test
  void aBodyThatUnpacksToTooMuchIsRefused() throws Exception {
    var packed = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(packed)) {
      var zeros = new byte[1_000_000];
      for (var i = 0; i < 101; i++) {
        gzip.write(zeros);
      }
    }
    var request =
        HttpRequest.newBuilder(URI.create(api().url() + "/v0/events?name=t"))
            .header("Authorization", "Bearer " + api().workspace().token())
            .header("Content-Encoding", "gzip")
            .POST(HttpRequest.BodyPublishers.ofByteArray(packed.toByteArray()))
            .build();
    try (var client = HttpClient.newHttpClient()) {
      assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(413);
    }
  }

  private static String raw(String request) throws IOException {
    return raw(request, Integer.MAX_VALUE);
  }

  /// @param bytes of the answer to wait for, at most
  private static String raw(String request, int bytes) throws IOException {
    try (var socket =
        new Socket(InetAddress.getLoopbackAddress(), URI.create(api().url()).getPort())) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.ISO_8859_1);
    }
  }

  /// A page from elsewhere that makes its own name mean this machine sends that name.
  @Test
  void onlyNamesOfThisMachineAreAnsweredTo() throws IOException {
    for (var host : List.of("evil.example", "localhost.evil.example", "10.0.0.1:80", "x@[::1]")) {
      assertThat(raw("GET /v0/regions HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"))
          .as(host)
          .startsWith("HTTP/1.1 403 ");
    }
    for (var host : List.of("LOCALHOST:1", "127.0.0.1", "[::1]:80", "tb.localhost")) {
      assertThat(raw("GET /v0/regions HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"))
          .as(host)
          .startsWith("HTTP/1.1 200 ");
    }
  }

  /// Neither is a body read that nobody may send, nor one that is said to be larger than any.
  @Test
  void whoMayNotComeInIsAnsweredWithoutBeingListenedTo() throws IOException {
    var rest = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ";
    assertThat(raw("POST /v0/sql?token=none" + rest + "3\r\n\r\nabc")).startsWith("HTTP/1.1 403 ");
    var token = api().workspace().token();
    assertThat(raw("POST /v0/events?name=t&token=" + token + rest + "99999999999\r\n\r\n", 12))
        .isEqualTo("HTTP/1.1 413");
  }

  @Test
  void aBodyThatIsNotWhatItSaysIsRefused() throws Exception {
    var token = api().workspace().token();
    var answer =
        raw(
            "POST /v0/events?name=t&token="
                + token
                + " HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
                + "Connection: close\r\nContent-Length: 3\r\n\r\nabc");

    assertThat(answer).startsWith("HTTP/1.1 400 ").contains("not gzip");
    assertThat(api().send("HEAD", "/v0/workspace", "", new byte[0]).status()).isEqualTo(405);
    assertThat(api().post("/v0/sql", "SELECT '" + "x".repeat(300_000) + "'").error())
        .contains("longer than");
  }

  /// What the engine says of a name that is no file name holds the path of its data.
  @Test
  void aNameThatIsTooLongTellsNoPath() {
    for (var length : List.of(129, 300, 5000)) {
      var name = "a".repeat(length);
      assertThat(api().dataSource(name, "`id` UInt32", "id").error()).contains("longer than");
      assertThat(api().pipe(name, "standard", "", "SELECT 1", true).error())
          .contains("longer than");
      api().post("/v0/tokens?scope=ADMIN&name=" + name);
    }
    assertThat(api().dataSource("a".repeat(128), "`id` UInt32", "id").status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "n\nTYPE endpoint", "n`x", "n\"x", " n", "n;", "n\u0000"})
  void noNodeNameLeavesItsLine(String name) {
    var pipe = Json.MAPPER.createObjectNode().put("name", "named");
    pipe.putArray("nodes").addObject().put("name", name).put("sql", "SELECT 1 AS word FROM t");

    assertThat(api().json("/v0/pipes?force=true", pipe.toString()).status()).isEqualTo(400);
  }

  @Test
  void onlyTheLoopbackInterfaceIsListenedOn() throws IOException {
    var port = URI.create(api().url()).getPort();
    for (var network : java.util.Collections.list(NetworkInterface.getNetworkInterfaces())) {
      for (InetAddress address : java.util.Collections.list(network.getInetAddresses())) {
        if (!address.isLoopbackAddress() && !address.isLinkLocalAddress()) {
          try (var socket = new Socket()) {
            socket.connect(new java.net.InetSocketAddress(address, port), 1000);
            throw new AssertionError("it listens on " + address);
          } catch (IOException expected) {
            assertThat(expected).isNotNull();
          }
        }
      }
    }
  }

  @Test
  void withoutATokenNothingIsToldButTheRegion() {
    for (var route : api().workspace().routes()) {
      var path = route.pattern().replaceAll("\\{\\w+}", "t");
      assertThat(api().as("none").send(route.method(), path, "", new byte[0]).status())
          .as(route.title())
          .isEqualTo(403);
    }
    assertThat(api().as("none").json("/local/faults", "{}").status()).isEqualTo(403);
  }
}
