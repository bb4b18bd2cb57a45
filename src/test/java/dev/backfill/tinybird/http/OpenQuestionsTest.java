package dev.backfill.tinybird.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.backfill.failure.Failure.Kind;
import dev.backfill.failure.Failure.Remote;
import dev.backfill.http.Http;
import dev.backfill.http.Limits;
import dev.backfill.http.StillPause;
import dev.backfill.http.Waiting;
import dev.backfill.tinybird.Job;
import dev.backfill.tinybird.Tinybird;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What the API reference leaves open in its section 16 (or marks [?]) and the client depends on:
/// it means the same with every answer that is plausible.
///
/// 1 (whether a copy is all or nothing) is a fault of the protocol's simulation and of the local
/// workspace; 2 (views after a replacing copy) doesn't arise, nothing is ever replaced.
class OpenQuestionsTest {
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
    tinybird = new HttpTinybird(http, Host.parse(server.url("/").toString()), "p.token");
  }

  @AfterEach
  void stop() {
    http.close();
    server.close();
  }

  private void answer(int status, String body) {
    server.enqueue(new MockResponse.Builder().code(status).body(body.replace('\'', '"')).build());
  }

  private Remote fails(Function<Tinybird, ?> call) {
    var failure = catchThrowableOfType(Remote.class, () -> call.apply(tinybird));
    assertThat(failure).isNotNull();
    return failure;
  }

  /// 16.3: by the text, wherever it stands and whatever the status.
  @ParameterizedTest
  @CsvSource({
    "400, {'error':'[Error] Memory limit (for query) exceeded. Make sure ...'}",
    "500, {'error':'[Error] Memory limit (for query) exceeded. Make sure ...'}",
    "408, {'error':'[Error] Memory limit (total) exceeded: would use 2.00 GiB'}",
    "413, {'error':'Memory limit (for user) exceeded'}",
    "200, {'error':'[Error] Memory limit (for query) exceeded.'}",
    "400, {'error':'[Error] Code: 241. DB::Exception: MEMORY_LIMIT_EXCEEDED'}"
  })
  void howAQueryThatNeedsTooMuchMemoryIsAnswered(int status, String body) {
    for (var i = 0; i < 6; i++) {
      answer(status, body);
    }

    assertThat(fails(t -> t.query("SELECT 1")).kind()).isEqualTo(Kind.SIZE);
  }

  /// 16.4: the refusal is 403 in one production script; 429 is waited for by the client itself.
  @Test
  void whetherTooManyCopiesAreRefusedWith403Or429() {
    answer(403, "{'error':'You have reached the maximum number of copy jobs (2)'}");
    assertThat(fails(t -> t.startCopy("p", Map.of())).kind()).isEqualTo(Kind.WAIT);

    answer(429, "{'error':'You have reached the maximum number of copy jobs (2)'}");
    answer(200, "{'job':{'id':'j','kind':'copy','status':'waiting'}}");
    assertThat(tinybird.startCopy("p", Map.of()).id()).isEqualTo("j");
    assertThat(pause.slept).hasSize(1);

    answer(403, "{'error':'Forbidden: token has no PIPES:READ'}");
    assertThat(fails(t -> t.startCopy("p", Map.of())).kind()).isEqualTo(Kind.FORBIDDEN);
  }

  /// 16.5: the client says it, so the default can't matter.
  @Test
  void whatAPopulateTruncatesByDefault() throws InterruptedException {
    answer(200, "{'job':{'id':'j','status':'waiting'}}");

    tinybird.startPopulate("p", "n", Optional.empty());

    assertThat(server.takeRequest().getUrl().queryParameter("truncate")).isEqualTo("false");
  }

  /// 16.6.
  @ParameterizedTest
  @ValueSource(ints = {200, 201, 202})
  void whichStatusACancellationAndAStartHave(int status) {
    answer(status, "{'id':'j','status':'cancelling'}");
    assertThat(tinybird.cancel("j").state()).isEqualTo(Job.State.CANCELLING);
    answer(status, "{'job_id':'j','status':'cancelled'}");
    assertThat(tinybird.cancel("j").state()).isEqualTo(Job.State.CANCELLED);
    answer(status, "{'job':{'job_id':'j','status':'waiting'}}");
    assertThat(tinybird.startCopy("p", Map.of()).id()).isEqualTo("j");
    answer(status, "{'id':'j','job_id':'j','status':'working'}");
    assertThat(tinybird.startPopulate("p", "n", Optional.empty()).id()).isEqualTo("j");
  }

  /// 16.6.
  @ParameterizedTest
  @ValueSource(ints = {200, 202, 204, 205})
  void whichStatusADeletionHas(int status) {
    answer(status, "");

    tinybird.deletePipe("p");

    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  /// 16.9: a plan without branches has none, and says so or doesn't know the path.
  @ParameterizedTest
  @CsvSource({"404, NOT_FOUND", "403, FORBIDDEN"})
  void whetherAPlanHasBranches(int status, Kind kind) {
    answer(status, "{'error':'environments are not available'}");

    assertThat(fails(Tinybird::branches).kind()).isEqualTo(kind);
  }

  /// 16.12: refused at once, or by the job: an error of the copy either way, and no other one.
  @Test
  void whereACopyWithoutAParameterFails() {
    answer(400, "{'error':'[Error] Template Syntax Error: parameter end not defined'}");
    assertThat(fails(t -> t.startCopy("p", Map.of())))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.PERMANENT))
        .hasMessageContaining("parameter end not defined");

    answer(200, "{'job':{'id':'j','status':'waiting'}}");
    answer(200, "{'id':'j','status':'error','error':'parameter end not defined'}");
    var job = tinybird.job(tinybird.startCopy("p", Map.of()).id()).orElseThrow();
    assertThat(job.state()).isEqualTo(Job.State.ERROR);
    assertThat(job.error()).hasValue("parameter end not defined");
  }

  /// 1.4: the docs know 403 only, third parties have met 401.
  @ParameterizedTest
  @ValueSource(ints = {401, 403})
  void whetherABadTokenIs401Or403(int status) {
    answer(status, "{'error':'invalid token'}");

    assertThat(fails(Tinybird::workspace).kind()).isEqualTo(Kind.FORBIDDEN);
  }

  /// 4.2: an answer that is larger than the platform gives.
  @ParameterizedTest
  @ValueSource(ints = {400, 413, 500})
  void whichStatusATooLargeResultHas(int status) {
    for (var i = 0; i < 6; i++) {
      answer(status, "{'error':'The result is larger than the maximum of 100 MB'}");
    }

    // whatever it is taken for, it is no answer
    assertThat(fails(t -> t.query("SELECT 1")).getMessage()).contains("100 MB");
  }
}
