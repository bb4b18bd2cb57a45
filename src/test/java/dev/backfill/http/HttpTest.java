package dev.backfill.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.backfill.failure.Failure;
import dev.backfill.failure.Failure.Kind;
import dev.backfill.failure.Failure.Remote;
import dev.backfill.http.Request.Effect;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.SocketEffect;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class HttpTest {
  private static final String CANARY = "p.canary-0123456789";
  private static final Limits LIMITS =
      new Limits(
          Duration.ofSeconds(5), Duration.ofSeconds(2), 3, Duration.ofSeconds(60), 64 * 1024);

  private final StillPause pause = new StillPause();
  private final List<String> waits = new ArrayList<>();
  private final Http http =
      new Http(
          LIMITS, pause, (because, since, next) -> waits.add(since + " " + next + " " + because));
  private final MockWebServer server = new MockWebServer();

  @BeforeEach
  void start() throws IOException {
    server.start(InetAddress.getLoopbackAddress(), 0);
  }

  @AfterEach
  void stop() {
    http.close();
    server.close();
  }

  @Test
  void sendsTheTokenInAHeaderAndNowhereElse() throws Exception {
    server.enqueue(answer(200, "{}").build());

    http.send(request(Effect.REPEATABLE));

    var received = server.takeRequest();
    assertThat(received.getHeaders().get("Authorization")).isEqualTo("Bearer " + CANARY);
    assertThat(received.getRequestLine()).doesNotContain(CANARY);
  }

  @Test
  void waitsAsLongAsTheServerAsksAndSaysWhy() {
    server.enqueue(answer(429, "{\"error\":\"slow down\"}").setHeader("Retry-After", "7").build());
    server.enqueue(
        answer(429, "{\"error\":\"slow down\"}").setHeader("X-RateLimit-Reset", "3").build());
    server.enqueue(answer(200, "ok").build());

    assertThat(http.send(request(Effect.ONCE)).text()).isEqualTo("ok");

    assertThat(pause.slept).containsExactly(Duration.ofSeconds(7), Duration.ofSeconds(3));
    assertThat(waits)
        .hasSize(2)
        .allSatisfy(line -> assertThat(line).startsWith("2026-01-01T00:00:00Z PT"))
        .first()
        .asString()
        .contains("429", "slow down");
  }

  @Test
  void aServerThatSaysZeroSecondsIsStillGivenOne() {
    server.enqueue(answer(429, "").setHeader("Retry-After", "0").build());
    server.enqueue(answer(200, "ok").build());

    http.send(request(Effect.REPEATABLE));

    assertThat(pause.slept).containsExactly(Duration.ofSeconds(1));
  }

  @Test
  void aPauseLongerThanOursIsHandedToTheCaller() {
    server.enqueue(answer(429, "quota of the day").setHeader("Retry-After", "3600").build());

    var failure = fails(request(Effect.REPEATABLE));

    assertThat(failure.kind()).isEqualTo(Kind.WAIT);
    assertThat(failure.retryAfter()).contains(Duration.ofHours(1));
    assertThat(pause.slept).isEmpty();
    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  @Test
  void aReadIsRepeatedOnServerErrorsButNotForEver() {
    for (var i = 0; i < 5; i++) {
      server.enqueue(answer(502, "<html>bad gateway</html>").build());
    }

    var failure = fails(request(Effect.REPEATABLE));

    assertThat(failure.kind()).isEqualTo(Kind.WAIT);
    assertThat(server.getRequestCount()).isEqualTo(3);
    assertThat(pause.slept).hasSize(2).isSorted();
  }

  @ParameterizedTest
  @CsvSource({"500", "502", "503", "504", "599", "408"})
  void aWriteIsNeverRepeatedWhenAGatewayGaveUp(int status) {
    server.enqueue(answer(status, "").setHeader("Retry-After", "0").build());
    server.enqueue(answer(200, "").build());

    var failure = fails(request(Effect.ONCE));

    assertThat(failure.kind()).isEqualTo(Kind.LOST);
    assertThat(failure.status()).isEqualTo(status);
    assertThat(failure).hasMessageContaining("may have been done");
    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  @Test
  void aLostAnswerToAWriteIsLostAndNotSentAgain() {
    server.enqueue(answer(200, "{}").build()); // a warm connection must not be trusted for a write
    http.send(request(Effect.REPEATABLE));
    server.enqueue(answer(200, "{}").onResponseStart(new SocketEffect.CloseSocket()).build());
    server.enqueue(answer(200, "{}").build());

    var failure = fails(request(Effect.ONCE));

    assertThat(failure.kind()).isEqualTo(Kind.LOST);
    assertThat(failure.status()).isZero();
    assertThat(server.getRequestCount()).isEqualTo(2);
  }

  @Test
  void halfAnAnswerToAWriteIsLost() {
    server.enqueue(
        answer(200, "x".repeat(20_000)).onResponseBody(new SocketEffect.CloseSocket()).build());

    assertThat(fails(request(Effect.ONCE)).kind()).isEqualTo(Kind.LOST);
    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  @Test
  void aServerThatNeverAnswersAWriteIsLost() {
    server.enqueue(answer(200, "").onResponseStart(SocketEffect.Stall.INSTANCE).build());

    assertThat(fails(request(Effect.ONCE)).kind()).isEqualTo(Kind.LOST);
    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  @Test
  void aReadWhoseAnswerIsLostIsRepeated() {
    server.enqueue(answer(200, "").onResponseStart(new SocketEffect.CloseSocket()).build());
    server.enqueue(answer(200, "ok").build());

    assertThat(http.send(request(Effect.REPEATABLE)).text()).isEqualTo("ok");
    assertThat(server.getRequestCount()).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(Effect.class)
  void whatWasNeverReachedIsTriedAgainAndIsNotLost(Effect effect) throws IOException {
    int closed;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = socket.getLocalPort();
    }
    var request =
        new Request(
            "POST",
            URI.create("http://127.0.0.1:" + closed + "/v0/x"),
            effect,
            Optional.of(CANARY),
            Optional.empty());

    var failure = fails(request);

    assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE);
    assertThat(pause.slept).hasSize(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "400 | [Error] Memory limit (for query) exceeded.                    | SIZE",
        "500 | DB::Exception: ... (MEMORY_LIMIT_EXCEEDED)                    | SIZE",
        "400 | Code: 252. Too many parts (300)                               | SIZE",
        "408 | timed out                                                     | SIZE",
        "413 | body too big                                                  | SIZE",
        "403 | You have reached the maximum number of copy jobs (1).         | WAIT",
        "403 | copy job cannot start: concurrency exceeded                   | WAIT",
        "403 | invalid authentication token                                  | FORBIDDEN",
        "403 | Memory limit is a word in a forbidden answer                  | FORBIDDEN",
        "401 | who are you                                                   | FORBIDDEN",
        "404 | not here                                                      | NOT_FOUND",
        "409 | name taken                                                    | CONFLICT",
        "400 | [Error] Unknown table                                         | PERMANENT",
        "422 | partly ingested                                               | PERMANENT",
        "301 | moved                                                         | PERMANENT",
      })
  void everyRefusalHasItsKind(int status, String text, Kind kind) {
    for (var i = 0; i < 3; i++) {
      server.enqueue(
          answer(status, text).setHeader("Location", "http://elsewhere.invalid/").build());
    }

    var failure = fails(request(Effect.REPEATABLE));

    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure.status()).isEqualTo(status);
    assertThat(failure).hasMessageContaining("POST /v0/pipes/x/copy").hasMessageContaining(text);
    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"241", "159", "252"})
  void theDatabasesOwnNumberDecidesWhenTheTextDoesNot(String code) {
    server.enqueue(answer(500, "oops").setHeader("X-DB-Exception-Code", code).build());

    assertThat(fails(request(Effect.REPEATABLE)).kind()).isEqualTo(Kind.SIZE);
  }

  @Test
  void anAnswerThatIsTooLargeIsNotSwallowed() {
    server.enqueue(answer(200, "x".repeat(64 * 1024 + 1)).build());
    server.enqueue(answer(200, "x".repeat(64 * 1024)).build());

    assertThat(fails(request(Effect.REPEATABLE)).kind()).isEqualTo(Kind.SIZE);
    assertThat(http.send(request(Effect.REPEATABLE)).text()).hasSize(64 * 1024);
  }

  @Test
  void noTokenIsEverInAMessage() {
    var body =
        "{\"error\":\"bad token %s, token=abc123&x, Authorization: Bearer zzz, p.eyJ1IjogIngi.y-Z\","
            + "\"token\":\"other-secret\"}";
    server.enqueue(answer(403, body.formatted(CANARY)).build());
    server.enqueue(answer(503, body.formatted(CANARY)).build());
    server.enqueue(answer(403, body.formatted(CANARY)).build());

    var messages = new ArrayList<String>(waits);
    messages.add(fails(request(Effect.REPEATABLE)).toString());
    messages.add(fails(request(Effect.REPEATABLE)).toString());
    messages.addAll(waits);
    messages.add(request(Effect.ONCE).toString());

    assertThat(waits).isNotEmpty();
    assertThat(messages)
        .allSatisfy(message ->
            assertThat(message).doesNotContain(CANARY, "abc123", "zzz", "p.eyJ", "other-secret"));
  }

  @Test
  void aTokenThatNoHeaderCanCarryIsNotPrinted() {
    var request =
        new Request(
            "GET",
            server.url("/v0/x").uri(),
            Effect.REPEATABLE,
            Optional.of("secret\nline"),
            Optional.empty());

    var failure = catchThrowableOfType(Failure.Usage.class, () -> http.send(request));

    assertThat(failure.toString()).doesNotContain("secret");
  }

  @Test
  void anInterruptedThreadCancelsItsRequestAndKeepsTheFlag() throws Exception {
    server.enqueue(answer(200, "").onResponseStart(SocketEffect.Stall.INSTANCE).build());
    var thrown = new AtomicReference<Throwable>();
    var flag = new AtomicReference<Boolean>();
    var done = new CountDownLatch(1);
    var thread =
        Thread.ofPlatform()
            .start(() -> {
              try {
                http.send(request(Effect.ONCE));
              } catch (Failure e) {
                thrown.set(e);
              }
              flag.set(Thread.currentThread().isInterrupted());
              done.countDown();
            });
    server.takeRequest();

    thread.interrupt();

    assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(thrown.get())
        .isInstanceOf(Failure.Interrupted.class)
        .hasMessageContaining("may have been done");
    assertThat(flag.get()).isTrue();
  }

  @Test
  void manyRequestsRunAtOnce() throws Exception {
    for (var i = 0; i < 40; i++) {
      server.enqueue(answer(200, "ok").headersDelay(500, TimeUnit.MILLISECONDS).build());
    }
    var start = System.nanoTime();

    try (var threads = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
      for (var i = 0; i < 40; i++) {
        threads.execute(() -> http.send(request(Effect.REPEATABLE)));
      }
    }

    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
    assertThat(server.getRequestCount()).isEqualTo(40);
  }

  @Test
  void headersAreKnownByTheirLowerCaseNames() {
    server.enqueue(answer(200, "").setHeader("X-Request-Id", "01ABC").build());

    var reply = http.send(request(Effect.REPEATABLE));

    assertThat(reply.header("x-request-id")).contains("01ABC");
    assertThat(reply.headers()).isInstanceOf(Map.class).doesNotContainKey("X-Request-Id");
  }

  private Remote fails(Request request) {
    return catchThrowableOfType(Remote.class, () -> http.send(request));
  }

  private Request request(Effect effect) {
    return new Request(
        "POST",
        server.url("/v0/pipes/x/copy?a=b").uri(),
        effect,
        Optional.of(CANARY),
        Optional.of(new Request.Body("text/plain", "body".getBytes(StandardCharsets.UTF_8))));
  }

  private static MockResponse.Builder answer(int status, String body) {
    return new MockResponse.Builder().code(status).body(body);
  }
}
