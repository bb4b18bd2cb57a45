package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.backfill.failure.Failure.Kind;
import dev.backfill.failure.Failure.Remote;
import dev.backfill.http.Http;
import dev.backfill.http.Limits;
import dev.backfill.http.Pause;
import dev.backfill.http.Waiting;
import dev.backfill.testing.EngineTest;
import dev.backfill.tinybird.Job;
import dev.backfill.tinybird.Tinybird;
import dev.backfill.tinybird.http.Host;
import dev.backfill.tinybird.http.HttpTinybird;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every fault, met by the real client: what the platform leaves open must not change what it does.
@EngineTest
class LocalClientTest {
  private final List<Duration> slept = new CopyOnWriteArrayList<>();
  private final Http http =
      new Http(
          new Limits(
              Duration.ofSeconds(5), Duration.ofSeconds(20), 3, Duration.ofMinutes(1), 1 << 20),
          new Noted(),
          Waiting.SILENT);
  private @TempDir static @Nullable Path data;
  private static @Nullable LocalApi workspace;
  private LocalApi api;
  private Tinybird tinybird;

  /// Notes a pause and doesn't make it.
  private final class Noted implements Pause {
    private final Pause system = Pause.SYSTEM;

    @Override
    public java.time.Instant now() {
      return system.now();
    }

    @Override
    public void sleep(Duration duration) {
      slept.add(duration);
    }
  }

  @BeforeAll
  static void aWorkspaceWithACopy() {
    var api = LocalApi.start(Objects.requireNonNull(data));
    workspace = api;
    for (var name : List.of("events", "twin")) {
      api.dataSource(name, "`id` UInt32 `json:$.id`", "id");
    }
    var copy =
        api.pipe(
            "backfill",
            "copy",
            "twin",
            "%\nSELECT id FROM events WHERE {{String(tag, '')}} != 'x'",
            false);
    assertThat(copy.status()).as(copy.text()).isEqualTo(200);
  }

  @BeforeEach
  void threeRowsToCopyAndNothingWrong() {
    api = Objects.requireNonNull(workspace);
    tinybird = new HttpTinybird(http, Host.parse(api.url()), api.workspace().token());
    for (var name : List.of("events", "twin")) {
      api.post("/v0/datasources/" + name + "/truncate");
    }
    api.events("events", "{\"id\":1}", "{\"id\":2}", "{\"id\":3}");
  }

  @AfterEach
  void nothingGoesWrongAnyMore() {
    api.workspace().faults().reset();
    http.close();
  }

  @AfterAll
  static void itEnds() {
    Objects.requireNonNull(workspace).close();
  }

  private void faults(String json) {
    assertThat(api.json("/local/faults", json).status()).isEqualTo(200);
  }

  private Remote fails(Function<Tinybird, Object> call) {
    var failure = catchThrowableOfType(Remote.class, () -> call.apply(tinybird));
    assertThat(failure).isNotNull();
    return failure;
  }

  private Job ended(Job job) {
    for (var now = job; ; now = tinybird.job(job.id()).orElseThrow()) {
      if (now.state().terminal()) {
        return now;
      }
      LockSupport.parkNanos(2_000_000);
    }
  }

  private String twin() {
    return api.value("SELECT count() FROM twin");
  }

  @Test
  void aRateLimitIsWaitedForWithAndWithoutRetryAfter() {
    faults(
        """
        {"answer": [{"method": "POST", "path": "/v0/pipes/backfill/copy", "status": 429, "retryAfter": 7},
                    {"method": "POST", "path": "/v0/pipes/backfill/copy", "status": 429}]}
        """);

    ended(tinybird.startCopy("backfill", Map.of()));

    assertThat(slept).hasSize(2).contains(Duration.ofSeconds(7));
    assertThat(twin()).isEqualTo("3");
  }

  @Test
  void theQuotaOfCopyJobsIsTheCallersToWaitFor() {
    faults("{\"copyJobLimit\": 0}");

    var failure = fails(t -> t.startCopy("backfill", Map.of()));

    assertThat(failure.kind()).isEqualTo(Kind.WAIT);
    assertThat(failure.status()).isEqualTo(403);
    assertThat(failure).hasMessageContaining("maximum number of copy jobs");
  }

  @ParameterizedTest
  @ValueSource(ints = {500, 502, 503, 504})
  void aServerErrorIsReadAgainButNothingIsStartedTwice(int status) {
    faults(
        "{\"answer\": [{\"path\": \"/v0/sql\", \"status\": "
            + status
            + "}, {\"path\": \"/v0/pipes/backfill/copy\", \"status\": "
            + status
            + "}]}");

    assertThat(tinybird.query("SELECT 1 AS a").only().number("a")).isEqualTo(1);
    assertThat(fails(t -> t.startCopy("backfill", Map.of())).kind()).isEqualTo(Kind.LOST);
    assertThat(twin()).isEqualTo("0");
  }

  @Test
  void aSlowAnswerIsAnAnswer() {
    faults("{\"slow\": {\"path\": \"/v0/sql\", \"millis\": 100}}");

    assertThat(tinybird.query("SELECT 1 AS a").only().number("a")).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"before", "after"})
  void aLostAnswerIsLostWhetherItWasServedOrNot(String when) {
    faults("{\"lose\": {\"path\": \"/v0/pipes/backfill/copy\", \"when\": \"" + when + "\"}}");

    assertThat(fails(t -> t.startCopy("backfill", Map.of("tag", "a"))).kind()).isEqualTo(Kind.LOST);

    var found = tinybird.jobsTagged("backfill", "a");
    assertThat(found).hasSize(when.equals("after") ? 1 : 0);
    found.forEach(id -> ended(tinybird.job(id).orElseThrow()));
    assertThat(twin()).isEqualTo(when.equals("after") ? "3" : "0");
  }

  @Test
  void aRequestThatIsServedLateIsLostFirst() {
    faults("{\"loseCopyAnswers\": {\"when\": \"late\"}, \"lateMillis\": 50}");

    assertThat(fails(t -> t.startCopy("backfill", Map.of("tag", "b"))).kind()).isEqualTo(Kind.LOST);

    while (tinybird.jobsTagged("backfill", "b").isEmpty()) {
      LockSupport.parkNanos(5_000_000);
    }
    ended(tinybird.copyJobs("backfill").getFirst());
    assertThat(twin()).isEqualTo("3");
  }

  @Test
  void anAppendWhoseAnswerIsLostIsNotRepeated() {
    faults("{\"lose\": {\"path\": \"/v0/events\", \"when\": \"after\"}}");

    assertThat(fails(t -> t.append("events", "{\"id\":4}")).kind()).isEqualTo(Kind.LOST);

    assertThat(api.value("SELECT countIf(id = 4) FROM events")).isEqualTo("1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"<html>Bad gateway</html>", "", "{\"job\":", "null", "[]"})
  void anAnswerThatIsNotWhatWasExpectedIsNeverSuccess(String body) {
    var text = Json.text(body);
    faults(
        "{\"answer\": {\"path\": \"/v0/pipes/backfill/copy\", \"status\": 200, \"body\": "
            + text
            + "}}");

    assertThat(fails(t -> t.startCopy("backfill", Map.of())).kind()).isEqualTo(Kind.LOST);
  }

  @Test
  void aListThatLagsHidesAJobThatItsIdStillFinds() {
    faults("{\"jobListLagMillis\": 3600000}");

    var job = ended(tinybird.startCopy("backfill", Map.of("tag", "c")));

    assertThat(tinybird.copyJobs("backfill")).isEmpty();
    assertThat(tinybird.jobsTagged("backfill", "c")).isEmpty();
    assertThat(tinybird.job(job.id())).isPresent();
  }

  @Test
  void aJobThatVanishedIsInTheLog() {
    var job = ended(tinybird.startCopy("backfill", Map.of("tag", "d")));
    faults("{\"vanishingJobs\": true}");

    assertThat(tinybird.job(job.id())).isEmpty();
    assertThat(tinybird.jobsTagged("backfill", "d")).containsExactly(job.id());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theReasonOfAFailureIsFoundWhereverItIs(boolean asBoolean) {
    faults("{\"errorAsBoolean\": " + asBoolean + ", \"failCopies\": {\"error\": \"boom\"}}");

    assertThat(ended(tinybird.startCopy("backfill", Map.of())).error().orElseThrow())
        .contains("boom");
  }

  @ParameterizedTest
  @ValueSource(strings = {"obey", "delay", "ignore"})
  void aCancelledJobIsOverWhenItSaysSo(String how) {
    faults("{\"jobDelayMillis\": 300, \"cancel\": {\"how\": \"" + how + "\", \"millis\": 50}}");
    var job = tinybird.startCopy("backfill", Map.of());

    assertThat(tinybird.cancel(job.id()).state()).isIn(Job.State.CANCELLING, Job.State.CANCELLED);

    var state = ended(job).state();
    assertThat(state).isEqualTo(how.equals("ignore") ? Job.State.DONE : Job.State.CANCELLED);
    assertThat(twin()).isEqualTo(how.equals("ignore") ? "3" : "0");
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 408, 413, 500, 503})
  void tooMuchMemoryIsAQuestionOfSizeWhateverTheStatus(int status) {
    faults("{\"queryMemory\": 20000000, \"memoryStatus\": " + status + "}");

    var failure =
        fails(t -> t.query("SELECT length(groupArray(number)) AS n FROM numbers(30000000)"));

    assertThat(failure.kind()).isEqualTo(Kind.SIZE);
  }

  @Test
  void aQueryThatTakesTooLongIsAQuestionOfSize() {
    faults("{\"querySeconds\": 0.1}");

    assertThat(fails(t -> t.query("SELECT count() AS n FROM numbers(1000000000000)")).kind())
        .isEqualTo(Kind.SIZE);
  }

  @Test
  void limitsChangeWhileItRuns() {
    faults("{\"copyRowLimit\": 2}");
    assertThat(ended(tinybird.startCopy("backfill", Map.of())).error().orElseThrow())
        .contains("Memory limit");

    faults("{\"copyRowLimit\": 3}");
    assertThat(ended(tinybird.startCopy("backfill", Map.of())).state()).isEqualTo(Job.State.DONE);
  }

  @Test
  void numbersAreExactQuotedOrNot() {
    for (var quoted : List.of("true", "false")) {
      faults("{\"quotedNumbers\": " + quoted + "}");
      assertThat(tinybird.query("SELECT toUInt64(18446744073709551615) AS a").only().big("a"))
          .isEqualTo("18446744073709551615");
    }
  }

  @Test
  void aDataSourceWithoutStatisticsIsStillOne() {
    faults("{\"nullStatistics\": true}");

    assertThat(tinybird.dataSource("events")).isPresent();
  }

  @Test
  void aPopulateThatFailedHasUnlinkedItsNode() {
    faults("{\"failPopulates\": {\"afterSteps\": 1, \"error\": \"boom\"}}");
    api.form(
        "POST",
        "/v0/datasources",
        Map.of(
            "name", "parted",
            "schema", "`id` UInt32 `json:$.id`",
            "format", "ndjson",
            "engine_sorting_key", "id",
            "engine_partition_key", "id"));
    api.events("parted", "{\"id\":1}", "{\"id\":2}");
    api.pipe("late", "materialized", "twin", "SELECT id FROM parted", false);

    var job = ended(tinybird.startPopulate("late", "late_node", Optional.empty()));

    assertThat(job.state()).isEqualTo(Job.State.ERROR);
    assertThat(twin()).isEqualTo("1");
    assertThat(tinybird.pipe("late").orElseThrow().nodes().getFirst().materialized()).isEmpty();
  }

  @Test
  void aFaultNobodyKnowsIsRefused() {
    assertThat(api.json("/local/faults", "{\"rain\": true}").status()).isEqualTo(400);
  }
}
