package dev.backfill.tinybird.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.backfill.failure.Failure;
import dev.backfill.failure.Failure.Kind;
import dev.backfill.failure.Failure.Remote;
import dev.backfill.http.Http;
import dev.backfill.http.Limits;
import dev.backfill.http.StillPause;
import dev.backfill.http.Waiting;
import dev.backfill.tinybird.Job;
import dev.backfill.tinybird.LiveDataSource.LiveColumn;
import dev.backfill.tinybird.Tinybird;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Answers are written after the API reference, section numbers in comments.
class HttpTinybirdTest {
  private static final String CANARY = "p.canary-0123456789";

  private final MockWebServer server = new MockWebServer();
  private final StillPause pause = new StillPause();
  private final Http http =
      new Http(
          new Limits(
              Duration.ofSeconds(5), Duration.ofSeconds(5), 3, Duration.ofSeconds(60), 1024 * 1024),
          pause,
          Waiting.SILENT);
  private Tinybird tinybird;

  @BeforeEach
  void start() throws IOException {
    server.start(InetAddress.getLoopbackAddress(), 0);
    tinybird = new HttpTinybird(http, Host.parse(server.url("/").toString()), CANARY + "\n");
  }

  @AfterEach
  void stop() {
    http.close();
    server.close();
  }

  @Test
  void knowsWhetherItTalksToMainOrToABranch() throws Exception {
    answer(200, "{\"id\":\"w1\",\"name\":\"main_ws\",\"user_email\":\"a@b\",\"main\":null}");
    answer(200, "{\"id\":\"w2\",\"name\":\"tmp_ci__7\",\"main\":\"w1\"}");

    assertThat(tinybird.workspace().main()).isEmpty();
    assertThat(tinybird.workspace().main()).contains("w1");
    assertThat(sent().getRequestLine()).isEqualTo("GET /v0/workspace HTTP/1.1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"environments", "branches"})
  void listsBranchesUnderBothNamesTheyHaveHad(String key) {
    answer(
        200,
        "{\"%s\":[{\"id\":\"b1\",\"name\":\"tmp_ci__7\",\"created_at\":\"2026-01-02 03:04:05.678900\"}]}"
            .formatted(key));

    assertThat(tinybird.branches())
        .singleElement()
        .satisfies(branch -> {
          assertThat(branch.createdAt()).isEqualTo(Instant.parse("2026-01-02T03:04:05.6789Z"));
          assertThat(branch.token()).isEmpty();
        });
  }

  @Test
  void aBranchComesWithItsTokenWhichIsNotPrinted() throws Exception {
    answer(
        200,
        "{\"id\":\"b1\",\"name\":\"b\",\"token\":\"p.secret\",\"created_at\":\"2026-01-02T03:04:05Z\"}");
    answer(404, "{\"error\":\"not found\"}");

    var branch = tinybird.branch("b").orElseThrow();

    assertThat(branch.token()).contains("p.secret");
    assertThat(branch.toString()).doesNotContain("p.secret");
    assertThat(sent().getRequestLine())
        .isEqualTo("GET /v0/environments/b?with_token=true HTTP/1.1");
    assertThat(tinybird.branch("none")).isEmpty();
  }

  @Test
  void asksForJsonWhateverTheQueryEndsWith() throws Exception {
    for (var i = 0; i < 2; i++) {
      answer(200, "{\"meta\":[],\"data\":[],\"statistics\":null}");
    }

    tinybird.query("SELECT 1 ; \n");
    tinybird.query("SELECT 1 -- the end");

    assertThat(body(sent())).isEqualTo("SELECT 1\nFORMAT JSON");
    assertThat(body(sent())).isEqualTo("SELECT 1 -- the end\nFORMAT JSON");
  }

  @Test
  void numbersAreExactWhetherTheyComeAsNumbersOrAsText() {
    answer(
        200,
        """
        {"meta":[{"name":"n","type":"UInt64"},{"name":"s","type":"UInt64"},{"name":"f","type":"Float64"}],
         "data":[{"n":18446744073709551615,"s":"18446744073709551615","f":1.10,
                  "none":null,"yes":true,"list":[1.50,"a\\"b",{"k":9007199254740993}]}],
         "rows":1,"statistics":{"elapsed":0.25,"rows_read":7,"bytes_read":12345678901}}
        """);

    var answer = tinybird.query("SELECT 1");

    var max = new BigInteger("18446744073709551615");
    assertThat(answer.columns()).containsExactly("n", "s", "f");
    assertThat(answer.only().big("n")).isEqualTo(max);
    assertThat(answer.only().big("s")).isEqualTo(max);
    assertThat(answer.only().text("f")).isEqualTo("1.10");
    assertThat(answer.only().find("none")).isEmpty();
    assertThat(answer.only().text("yes")).isEqualTo("true");
    assertThat(answer.only().text("list")).isEqualTo("[1.50,\"a\\\"b\",{\"k\":9007199254740993}]");
    assertThat(answer.elapsed()).isEqualTo(0.25);
    assertThat(answer.rowsRead()).isEqualTo(7);
    assertThat(answer.bytesRead()).isEqualTo(12345678901L);
  }

  @Test
  void statisticsMayBeNullOrMissing() {
    answer(200, "{\"meta\":[],\"data\":[{\"a\":1}],\"statistics\":null}");
    answer(200, "{\"meta\":[],\"data\":[{\"a\":1}]}");

    assertThat(tinybird.query("SELECT 1").rowsRead()).isZero();
    assertThat(tinybird.query("SELECT 1").only().number("a")).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"error\":\"[Error] Memory limit (for query) exceeded.\"} | SIZE",
        "{\"error\":\"[Error] Unknown column\",\"data\":[]}         | PERMANENT",
        "{\"data\":[{\"a\":1}],\"error\":\"it broke midway\"}       | PERMANENT",
        "{\"data\":[{\"a\":1}                                       | PERMANENT",
        "{\"data\":[{\"a\":1}]} trailing                            | PERMANENT",
        "{\"rows\":0}                                               | PERMANENT",
        "<html>welcome</html>                                       | PERMANENT",
        "''                                                         | PERMANENT",
      })
  void anErrorWithStatus200IsAnError(String body, Kind kind) {
    answer(200, body);

    var failure = fails(t -> t.query("SELECT 1"));

    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure).hasMessageContaining("POST /v0/sql");
  }

  @Test
  void anEmptyErrorIsNone() {
    answer(200, "{\"error\":null,\"meta\":[],\"data\":[]}");
    answer(200, "{\"error\":false,\"meta\":[],\"data\":[]}");

    assertThat(tinybird.query("SELECT 1").rows()).isEmpty();
    assertThat(tinybird.query("SELECT 1").rows()).isEmpty();
  }

  @Test
  void queriesAreRepeatedOnServerErrors() {
    answer(500, "{\"error\":\"hiccup\"}");
    server.enqueue(
        new MockResponse.Builder().onResponseStart(new SocketEffect.CloseSocket()).build());
    answer(200, "{\"meta\":[],\"data\":[]}");

    assertThat(tinybird.query("SELECT 1").rows()).isEmpty();
    assertThat(pause.slept).hasSize(2);
  }

  @Test
  void readsADataSourceInBothSpellings() {
    answer(
        200,
        """
        {"id":"t_1","name":"events","engine":{"engine":"MergeTree","engine_sorting_key":"timestamp"},
         "columns":[{"name":"timestamp","type":"DateTime","jsonpath":"$.timestamp"},
                    {"name":"a","type":"String","jsonpath":null}]}
        """);
    answer(
        200,
        """
        {"id":"t_1","name":"events","engine":{"engine":"MergeTree","sorting_key":"timestamp"},
         "schema":{"sql_schema":"x","columns":[{"name":"timestamp","type":"DateTime"}]}}
        """);
    answer(404, "{\"error\":\"Data Source not found\"}");

    var listed = tinybird.dataSource("events").orElseThrow();
    var detailed = tinybird.dataSource("events").orElseThrow();

    assertThat(listed.columns())
        .containsExactly(
            new LiveColumn("timestamp", "DateTime", "$.timestamp"),
            new LiveColumn("a", "String", ""));
    assertThat(detailed.columns()).containsExactly(new LiveColumn("timestamp", "DateTime", ""));
    assertThat(listed.sortingKey()).isEqualTo("timestamp").isEqualTo(detailed.sortingKey());
    assertThat(listed.engine()).isEqualTo("MergeTree");
    assertThat(tinybird.dataSource("none")).isEmpty();
  }

  @Test
  void readsPipesWithTheirNodesAndLinks() {
    answer(
        200,
        """
        {"id":"t_p","name":"sync_events_1","description":"ours","type":"materialized",
         "created_at":"2026-01-02 03:04:05.000001","updated_at":"2026-01-02 03:04:06",
         "nodes":[{"id":"t_n","name":"sync","sql":"SELECT 1","node_type":"materialized","materialized":"t_1"},
                  {"id":"t_m","name":"b","sql":"SELECT 2","node_type":"standard","materialized":null}]}
        """);

    var pipe = tinybird.pipe("sync_events_1").orElseThrow();

    assertThat(pipe.createdAt()).isEqualTo(Instant.parse("2026-01-02T03:04:05.000001Z"));
    assertThat(pipe.nodes().getFirst().materialized()).contains("t_1");
    assertThat(pipe.nodes().getLast().materialized()).isEmpty();
    assertThat(pipe.nodes()).extracting(n -> n.kind()).containsExactly("materialized", "standard");
  }

  @Test
  void aPipeWithoutACreationTimeIsNotGivenOne() {
    answer(200, "{\"id\":\"t_p\",\"name\":\"x\",\"nodes\":[]}");

    assertThat(fails(t -> t.pipe("x")))
        .hasMessageContaining("no `created_at`")
        .extracting(Remote::kind)
        .isEqualTo(Kind.PERMANENT);
  }

  @Test
  void startsACopyWithItsParametersInTheQueryAndAnEmptyBody() throws Exception {
    // section 7
    answer(
        200,
        """
        {"id":"t_n","name":"backfill","sql":"%","job":{"kind":"copy","id":"j1","job_id":"j1",
         "status":"waiting","is_cancellable":true,"job_url":"http://x"},
         "tags":{"copy_target_datasource":"t_1"}}
        """);
    var end = "2026-01-01 00:00:00";
    var hash = "x".repeat(6000) + "&=%+ '";

    var job =
        tinybird.startCopy("backfill_e_1", Map.of("end_backfill_timestamp", end, "tag", hash));

    assertThat(job.id()).isEqualTo("j1");
    assertThat(job.state()).isEqualTo(Job.State.WAITING);
    var request = sent();
    assertThat(request.getMethod()).isEqualTo("POST");
    assertThat(request.getUrl().encodedPath()).isEqualTo("/v0/pipes/backfill_e_1/copy");
    assertThat(request.getUrl().queryParameter("end_backfill_timestamp")).isEqualTo(end);
    assertThat(request.getUrl().queryParameter("tag")).isEqualTo(hash);
    assertThat(request.getUrl().queryParameter("_mode")).isEqualTo("append");
    assertThat(request.getHeaders().get("Content-Length")).isEqualTo("0");
    assertThat(body(request)).isEmpty();
  }

  // 8
  @Test
  void aPopulateAlwaysSaysThatItDoesNotTruncate() throws InterruptedException {
    answer(200, "{\"job\":{\"id\":\"j1\",\"kind\":\"populateview\",\"status\":\"waiting\"}}");
    answer(502, "");

    var job = tinybird.startPopulate("sync_e_1", "sync", Optional.of("id < 5"));

    assertThat(job.kind()).isEqualTo("populateview");
    var request = sent();
    assertThat(request.getMethod()).isEqualTo("POST");
    assertThat(request.getUrl().encodedPath())
        .isEqualTo("/v0/pipes/sync_e_1/nodes/sync/population");
    assertThat(request.getUrl().queryParameter("truncate")).isEqualTo("false");
    assertThat(request.getUrl().queryParameter("unlink_on_populate_error")).isEqualTo("false");
    assertThat(request.getUrl().queryParameter("populate_condition")).isEqualTo("id < 5");
    assertThat(fails(t -> t.startPopulate("p", "n", Optional.empty())).kind()).isEqualTo(Kind.LOST);
    assertThat(server.getRequestCount()).isEqualTo(2);
  }

  @Test
  void noCopyEverReplaces() {
    assertThatThrownBy(() -> tinybird.startCopy("p", Map.of("_mode", "replace")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(server.getRequestCount()).isZero();
  }

  @Test
  void aCopyWhoseAnswerIsLostOrUnreadableIsLost() {
    server.enqueue(
        new MockResponse.Builder().onResponseStart(new SocketEffect.CloseSocket()).build());
    answer(200, "<html>");
    answer(200, "{\"id\":\"\"}");
    answer(502, "");

    for (var i = 1; i <= 4; i++) {
      assertThat(fails(t -> t.startCopy("p", Map.of())).kind()).isEqualTo(Kind.LOST);
      assertThat(server.getRequestCount()).isEqualTo(i);
    }
  }

  @Test
  void aCopyRefusedForQuotaIsToldToTheCaller() {
    answer(403, "{\"error\":\"You have reached the maximum number of copy jobs (1).\"}");

    assertThat(fails(t -> t.startCopy("p", Map.of())).kind()).isEqualTo(Kind.WAIT);
    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  @Test
  void aRateLimitedCopyIsStartedOnceTheLimitIsOver() {
    server.enqueue(
        new MockResponse.Builder()
            .code(429)
            .setHeader("Retry-After", "2")
            .body("{\"error\":\"too many\"}")
            .build());
    answer(200, "{\"job\":{\"id\":\"j1\",\"kind\":\"copy\",\"status\":\"waiting\"}}");

    assertThat(tinybird.startCopy("p", Map.of()).id()).isEqualTo("j1");
    assertThat(pause.slept).containsExactly(Duration.ofSeconds(2));
  }

  @ParameterizedTest
  @CsvSource({
    "waiting, WAITING",
    "working, WORKING",
    "done, DONE",
    "error, ERROR",
    "cancelling, CANCELLING",
    "cancelled, CANCELLED",
    "paused_for_reasons, WORKING"
  })
  void aStatusNobodyKnowsIsStillRunning(String status, Job.State state) {
    answer(200, "{\"id\":\"j\",\"kind\":\"copy\",\"status\":\"%s\"}".formatted(status));

    assertThat(tinybird.job("j").orElseThrow().state()).isEqualTo(state);
  }

  @Test
  void theReasonOfAFailedJobIsFoundWhereverItIs() {
    answer(200, "{\"job_id\":\"j\",\"status\":\"error\",\"error\":\"Memory limit\"}");
    answer(
        200,
        "{\"id\":\"j\",\"status\":\"error\",\"error\":true,\"errors\":[\"a\",{\"error\":\"b\"}]}");
    answer(200, "{\"id\":\"j\",\"status\":\"error\",\"error\":true}");
    answer(200, "{\"id\":\"j\",\"status\":\"error\"}");
    answer(200, "{\"id\":\"j\",\"status\":\"done\",\"error\":null}");

    assertThat(tinybird.job("j").orElseThrow().error()).contains("Memory limit");
    assertThat(tinybird.job("j").orElseThrow().error()).contains("a b");
    assertThat(tinybird.job("j").orElseThrow().error()).contains("an error without a text");
    assertThat(tinybird.job("j").orElseThrow().error()).contains("an error without a text");
    assertThat(tinybird.job("j").orElseThrow().error()).isEmpty();
  }

  @Test
  void aJobTheServerForgotIsAbsent() {
    answer(404, "{\"error\":\"job not found\"}");

    assertThat(tinybird.job("j")).isEmpty();
  }

  @Test
  void listsTheCopyJobsOfOnePipeNewestFirst() {
    answer(
        200,
        """
        {"jobs":[
         {"id":"a","kind":"copy","status":"done","pipe_name":"p","created_at":"2026-01-01 00:00:00.000000"},
         {"id":"b","kind":"copy","status":"working","pipe_name":"p","created_at":"2026-01-02 00:00:00.000000"},
         {"id":"c","kind":"copy","status":"working","pipe_name":"other","created_at":"2026-01-03 00:00:00.000000"},
         {"id":"d","kind":"import","status":"working","created_at":"2026-01-03 00:00:00.000000"}]}
        """);

    assertThat(tinybird.copyJobs("p")).extracting(Job::id).containsExactly("b", "a");
  }

  @Test
  void findsJobsByTagAndQuotesWhatItAsks() throws Exception {
    answer(200, "{\"meta\":[{\"name\":\"job_id\"}],\"data\":[{\"job_id\":\"j1\"}]}");

    assertThat(tinybird.jobsTagged("p", "it's\\")).containsExactly("j1");
    assertThat(body(sent())).contains("'it\\'s\\\\'").contains("tinybird.jobs_log");
  }

  @Test
  void aWorkspaceWithoutTheJobsLogKnowsNoTags() {
    answer(400, "{\"error\":\"[Error] Table tinybird.jobs_log doesn't exist\"}");
    answer(403, "{\"error\":\"the token may not read tinybird.jobs_log\"}");

    assertThat(tinybird.jobsTagged("p", "t")).isEmpty();
    assertThat(fails(t -> t.jobsTagged("p", "t")).kind()).isEqualTo(Kind.FORBIDDEN);
  }

  @Test
  void cancellingMayBeRepeated() {
    answer(500, "");
    answer(200, "{\"id\":\"j\",\"status\":\"cancelling\",\"kind\":\"copy\"}");

    assertThat(tinybird.cancel("j").state()).isEqualTo(Job.State.CANCELLING);
  }

  @Test
  void theSecondCreationOfAPipeIsRefused() throws Exception {
    answer(200, "{\"id\":\"t_p\",\"name\":\"lease\"}");
    answer(409, "{\"error\":\"There is already a Pipe with that name\"}");
    answer(400, "{\"error\":\"The name \\\"lease\\\" already exists\"}");
    answer(400, "{\"error\":\"[Error] Syntax error\"}");

    assertThat(tinybird.createPipe("lease", "{\"holder\":\"me\"}", "SELECT 1")).isTrue();
    var request = sent();
    assertThat(request.getUrl().queryParameter("force")).isNull();
    assertThat(body(request))
        .contains(
            "\"description\":\"{\\\"holder\\\":\\\"me\\\"}\"",
            "\"type\":\"standard\"",
            "\"sql\":\"SELECT 1\"");
    assertThat(tinybird.createPipe("lease", "", "SELECT 1")).isFalse();
    assertThat(tinybird.createPipe("lease", "", "SELECT 1")).isFalse();
    assertThat(fails(t -> t.createPipe("lease", "", "SELECT")).kind()).isEqualTo(Kind.PERMANENT);
  }

  @Test
  void replacingAPipeForcesIt() throws Exception {
    answer(200, "{\"id\":\"t_p\",\"name\":\"lease\"}");

    tinybird.replacePipe("lease", "d", "SELECT 1");

    assertThat(sent().getUrl().queryParameter("force")).isEqualTo("true");
  }

  @Test
  void deletingAPipeTakes204() throws Exception {
    server.enqueue(new MockResponse.Builder().code(204).build());
    answer(404, "{\"error\":\"not found\"}");

    tinybird.deletePipe("lease");

    assertThat(sent().getRequestLine()).isEqualTo("DELETE /v0/pipes/lease HTTP/1.1");
    assertThat(catchThrowableOfType(Remote.class, () -> tinybird.deletePipe("lease")).kind())
        .isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void appendedRowsAreWhatTheServerAcknowledged() throws Exception {
    answer(200, "{\"successful_rows\":2,\"quarantined_rows\":1}");
    answer(202, "{\"successful_rows\":2,\"quarantined_rows\":0}");
    answer(422, "{\"error\":\"a Materialized View failed\"}");

    assertThat(tinybird.append("events", "{}\n{}\n{}\n")).isEqualTo(new Tinybird.Appended(2, 1));
    assertThat(sent().getRequestLine()).isEqualTo("POST /v0/events?name=events&wait=true HTTP/1.1");
    assertThat(fails(t -> t.append("events", "{}")).kind()).isEqualTo(Kind.LOST);
    assertThat(fails(t -> t.append("events", "{}")).kind()).isEqualTo(Kind.PERMANENT);
  }

  @Test
  void hostileNamesStayInTheirPlaceInThePath() throws Exception {
    answer(404, "{\"error\":\"no\"}");

    assertThat(tinybird.pipe("../a b?x=1#y/z")).isEmpty();

    assertThat(sent().getRequestLine())
        .isEqualTo("GET /v0/pipes/..%2Fa%20b%3Fx%3D1%23y%2Fz HTTP/1.1");
  }

  @Test
  void theTextOfARefusalIsTheSentenceInItAndNeverTheToken() {
    answer(
        403,
        "{\"error\":\"token %s is not allowed\",\"documentation\":\"https://x\"}"
            .formatted(CANARY));

    var failure = fails(t -> t.dataSourceNames());

    assertThat(failure)
        .hasMessageContaining("GET /v0/datasources: 403 token *** is not allowed. Check that");
    assertThat(failure.toString()).doesNotContain(CANARY);
  }

  @Test
  void anEmptyTokenIsNoticedBeforeAnythingIsSent() {
    var none = new HttpTinybird(http, Host.parse(server.url("/").toString()), " ");

    assertThatThrownBy(none::workspace).isInstanceOf(Failure.Usage.class);
    assertThat(server.getRequestCount()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "api.tinybird.co, https://api.tinybird.co",
    "https://api.us-east.tinybird.co/, https://api.us-east.tinybird.co",
    "localhost:7181, http://localhost:7181"
  })
  void aHostIsReadAsThePlatformsOwnClientDoes(String written, String host) {
    assertThat(Host.parse(written)).hasToString(host);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "localhost",
        "localhost/",
        "ftp://x",
        "https://user:pw@x",
        "https://x?token=secret-1",
        "http://a b",
        "http://api.tinybird.co",
        "http://127.0.0.1.evil.example"
      })
  void whatIsNoHostIsRefused(String written) {
    assertThatThrownBy(() -> Host.parse(written)).isInstanceOf(Failure.Usage.class);
  }

  @Test
  void listsPipesAndDataSources() {
    answer(200, "{\"pipes\":[]}");
    answer(200, "{\"datasources\":[{\"name\":\"a\"},{\"name\":\"b\"}]}");

    assertThat(tinybird.pipes()).isEmpty();
    assertThat(tinybird.dataSourceNames()).isEqualTo(List.of("a", "b"));
  }

  private Remote fails(Function<Tinybird, ?> call) {
    return catchThrowableOfType(Remote.class, () -> call.apply(tinybird));
  }

  private void answer(int status, String body) {
    server.enqueue(new MockResponse.Builder().code(status).body(body).build());
  }

  private RecordedRequest sent() throws InterruptedException {
    return server.takeRequest();
  }

  private static String body(RecordedRequest request) {
    return request.getBody() == null ? "" : Objects.requireNonNull(request.getBody()).utf8();
  }
}
