package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.testing.EngineTest;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Faults set over HTTP, and what a client then sees. Those that our own client has an answer to
/// are in [LocalClientTest], the deaths in [LocalKillTest].
@EngineTest
class LocalFaultsTest {
  private @TempDir static @Nullable Path data;
  private static @Nullable LocalApi workspace;
  private LocalApi api;

  @BeforeAll
  static void aWorkspaceWithACopyAndAView() {
    var api = LocalApi.start(Objects.requireNonNull(data));
    workspace = api;
    for (var name : new String[] {"events", "twin", "behind"}) {
      api.form(
          "POST",
          "/v0/datasources",
          Map.of(
              "name", name,
              "schema", "`id` UInt32 `json:$.id`",
              "format", "ndjson",
              "engine_sorting_key", "id",
              "engine_partition_key", "id"));
    }
    api.pipe("view", "materialized", "behind", "SELECT id FROM twin", false);
    api.pipe("copy", "copy", "twin", "SELECT id FROM events", false);
  }

  @BeforeEach
  void threeRowsToCopy() {
    api = Objects.requireNonNull(workspace);
    for (var name : new String[] {"events", "twin", "behind"}) {
      api.post("/v0/datasources/" + name + "/truncate");
    }
    api.events("events", "{\"id\":1}", "{\"id\":2}", "{\"id\":3}");
  }

  @AfterEach
  void nothingGoesWrongAnyMore() {
    fault("{\"reset\": true}");
  }

  @AfterAll
  static void itEnds() {
    Objects.requireNonNull(workspace).close();
  }

  private void fault(String json) {
    var answer = api.json("/local/faults", json);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
  }

  private String rows(String name) {
    return api.value("SELECT count() FROM " + name);
  }

  private LocalApi.Answer append() {
    return api.post("/v0/datasources?mode=append&format=ndjson&name=events", "{\"id\":4}");
  }

  @Test
  void theClockOfTheWorkspaceIsAheadInItsJobsLogsAndSql() {
    fault("{\"clockOffsetSeconds\": 864000}");

    var job = api.copy("copy", "");
    var ahead = LocalDateTime.now(ZoneOffset.UTC).plusDays(10);

    for (var time : new String[] {"created_at", "started_at", "updated_at"}) {
      assertThat(at(job.path(time).asString())).isAfter(ahead.minusHours(1)).isBefore(ahead);
    }
    assertThat(at(api.value("SELECT toString(now64(6, 'UTC'))"))).isAfter(ahead.minusHours(1));
    var sql =
        """
        SELECT abs(date_diff('minute', toDateTime('%s'), toDateTime(now()))) < 60,
          today() = toDate(now()), yesterday() = today() - 1, 'now()',
          (SELECT max(timestamp) FROM tinybird.datasources_ops_log) > now() - INTERVAL 1 HOUR\
        """
            .formatted(ahead.withNano(0).toString().replace('T', ' '));
    assertThat(api.value(sql)).isEqualTo("1\t1\t1\tnow()\t1");
  }

  @Test
  void aClockMovesTheSqlOfCopiesToo() {
    api.pipe(
        "late_copy",
        "copy",
        "twin",
        "SELECT id FROM events WHERE now() > toDateTime('2100-01-01 00:00:00')",
        true);
    assertThat(api.copy("late_copy", "").path("statistics").path("row_count").asInt()).isZero();

    fault("{\"clockOffsetSeconds\": 2400000000}");

    assertThat(api.copy("late_copy", "").path("statistics").path("row_count").asInt()).isEqualTo(3);
    api.delete("/v0/pipes/late_copy");
  }

  private static LocalDateTime at(String text) {
    return LocalDateTime.parse(text.replace(' ', 'T'));
  }

  @Test
  void aRequestIsServedLateWhenTheCallerHasGivenUp() {
    fault("{\"lose\": {\"path\": \"/v0/events\", \"when\": \"late\", \"millis\": 10}}");

    assertThatThrownBy(() -> api.events("events", "{\"id\":9}"))
        .isInstanceOf(UncheckedIOException.class);

    while (rows("events").equals("3")) {
      LockSupport.parkNanos(5_000_000);
    }
    assertThat(api.value("SELECT countIf(id = 9) FROM events")).isEqualTo("1");
  }

  @Test
  void memoryAndTimeOfCopiesChangeWhileItRuns() {
    api.pipe(
        "large",
        "copy",
        "twin",
        "SELECT toUInt32(length(groupArray(number))) AS id FROM numbers(30000000)",
        true);
    fault("{\"copyMemory\": 20000000}");
    assertThat(api.copy("large", "").path("error").asString()).contains("Memory limit");

    api.pipe("long", "copy", "twin", "SELECT toUInt32(max(number)) AS id FROM numbers(1e12)", true);
    fault("{\"copyMemory\": 0, \"copySeconds\": 0.1}");
    assertThat(api.copy("long", "").path("error").asString()).contains("TIMEOUT_EXCEEDED");

    assertThat(rows("twin")).isEqualTo("0");
    fault("{\"copySeconds\": 0}");
    assertThat(api.copy("copy", "").path("status").asString()).isEqualTo("done");
    assertThat(rows("twin")).isEqualTo("3");
  }

  @Test
  void importsAndDefinitionsAreLimitedByTheMinute() {
    fault("{\"importsPerMinute\": 1}");
    assertThat(append().status()).isEqualTo(200);
    var limited = append();
    assertThat(limited.status()).isEqualTo(429);
    assertThat(limited.raw().headers().firstValue("Retry-After")).isPresent();

    fault("{\"importsPerMinute\": 0, \"createsPerMinute\": 1}");
    assertThat(append().status()).isEqualTo(200);
    assertThat(api.dataSource("one", "`id` UInt32", "id").status()).isEqualTo(200);
    assertThat(api.dataSource("two", "`id` UInt32", "id").status()).isEqualTo(429);
  }

  @Test
  void aJobTakesLongerAndTheLogComesLater() {
    fault("{\"jobDelayMillis\": 200, \"logDelayMillis\": 3600000}");

    var job = api.copy("copy", "");

    assertThat(
            Duration.between(
                at(job.path("started_at").asString()), at(job.path("updated_at").asString())))
        .isGreaterThanOrEqualTo(Duration.ofMillis(200));
    var logged =
        "SELECT count() FROM tinybird.datasources_ops_log WHERE job_id = '"
            + job.path("id").asString()
            + "'";
    assertThat(api.value(logged)).isEqualTo("0");
    fault("{\"logDelayMillis\": 0}");
    assertThat(api.value(logged)).isNotEqualTo("0");
  }

  @ParameterizedTest
  @CsvSource({"false, 4", "true, 3"})
  void whatWasAddedIsReadLaterByCopiesTooOrNot(boolean copies, String copied) {
    fault("{\"staleReads\": {\"millis\": 86400000, \"copies\": %s}}".formatted(copies));

    assertThat(append().status()).isEqualTo(200);
    assertThat(api.copy("copy", "").path("status").asString()).isEqualTo("done");

    assertThat(rows("events")).isEqualTo("3");
    assertThat(api.value("SELECT max(id) FROM events WHERE id IN (SELECT id FROM events)"))
        .isEqualTo("3");
    assertThat(rows("twin")).isEqualTo("0");
    assertThat(rows("behind")).isEqualTo("0");
    fault("{\"staleReads\": {\"millis\": 0}}");
    assertThat(rows("events")).isEqualTo("4");
    assertThat(rows("twin")).isEqualTo(copied);
    assertThat(rows("behind")).isEqualTo(copied);
  }

  @Test
  void whatWasAddedIsReadInTheEnd() {
    fault("{\"staleReads\": {\"millis\": 100}}");
    append();

    while (!rows("events").equals("4")) {
      LockSupport.parkNanos(5_000_000);
    }
    var replacing = api.post("/v0/pipes/copy/copy?_mode=replace");
    assertThat(api.ended(replacing.json().path("job").path("job_id").asString()).path("status"))
        .hasToString("\"done\"");
    assertThat(rows("twin")).as("what was replaced is read at once").isEqualTo("4");
  }

  @Test
  void anAppendSaysWithStatus200ThatItFailed() {
    fault("{\"failAppends\": {\"count\": 1, \"error\": \"no\"}}");

    var answer = append();

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().path("error").asString()).isEqualTo("no");
    assertThat(answer.json().path("errors").get(0).asString()).isEqualTo("no");
    assertThat(rows("events")).isEqualTo("3");
    append();
    assertThat(rows("events")).isEqualTo("4");
  }

  @ParameterizedTest
  @CsvSource({"true, 1000", "false, 0"})
  void aFailedCopyLeavesAPartOrNothing(boolean plain, String left) {
    api.pipe(
        "breaking",
        "copy",
        "twin",
        "SELECT toUInt32(1 + throwIf(number = 2500000, 'boom')) AS id FROM numbers(3000000)",
        true);
    fault("{\"plainCopies\": " + plain + "}");

    assertThat(api.copy("breaking", "").path("status").asString()).isEqualTo("error");

    assertThat(Long.parseLong(rows("twin")) > 0).isEqualTo(plain);
  }

  @ParameterizedTest
  @CsvSource({"true, 3", "false, 6"})
  void aReplaceReachesBehindTheViewsOrAddsThere(boolean cascades, String behind) {
    api.copy("copy", "");
    fault("{\"replaceCascades\": " + cascades + "}");

    var asked = api.post("/v0/pipes/copy/copy?_mode=replace");
    api.ended(asked.json().path("job").path("job_id").asString());

    assertThat(rows("twin")).isEqualTo("3");
    assertThat(rows("behind")).isEqualTo(behind);
  }

  @ParameterizedTest
  @CsvSource({"true, 3", "false, 6"})
  void aPopulateThatDoesNotSayTruncatesOrNot(boolean truncates, String behind) {
    api.copy("copy", "");
    fault("{\"populateTruncates\": " + truncates + "}");

    var asked = api.post("/v0/pipes/view/nodes/view_node/population");
    api.ended(asked.json().path("job").path("job_id").asString());

    assertThat(rows("behind")).isEqualTo(behind);
  }

  @Test
  void columnsAreDroppedOrNot() {
    api.dataSource("wide", "`id` UInt32, `gone` String", "id");
    var path = "/v0/datasources/wide/alter";
    var form = Map.of("schema", "`id` UInt32", "dry", "false");

    fault("{\"columnDrops\": false}");
    assertThat(api.form("POST", path, form).status()).isEqualTo(400);
    fault("{\"columnDrops\": true}");
    assertThat(api.form("POST", path, form).status()).isEqualTo(200);
  }

  @Test
  void anInsertReachesAFewPartitionsOnly() {
    fault("{\"partitionsPerInsert\": 2}");

    assertThat(api.copy("copy", "").path("error").asString()).contains("TOO_MANY_PARTS");
    assertThat(api.events("events", "{\"id\":4}", "{\"id\":5}", "{\"id\":6}").status())
        .isEqualTo(400);
    assertThat(api.events("events", "{\"id\":4}", "{\"id\":5}").status()).isEqualTo(200);
    assertThat(rows("events") + " " + rows("twin")).isEqualTo("5 0");
  }

  @Test
  void columnsAreAddedBeforeOthersOrNot() {
    api.dataSource("narrow", "`id` UInt32", "id");
    var path = "/v0/datasources/narrow/alter";

    fault("{\"middleColumns\": false}");
    var form = Map.of("schema", "`first` String, `id` UInt32", "dry", "false");
    assertThat(api.form("POST", path, form).status()).isEqualTo(400);
    var end = Map.of("schema", "`id` UInt32, `last` String", "dry", "false");
    assertThat(api.form("POST", path, end).status()).isEqualTo(200);
    fault("{\"middleColumns\": true}");
    var middle = Map.of("schema", "`first` String, `id` UInt32, `last` String", "dry", "false");
    assertThat(api.form("POST", path, middle).status()).isEqualTo(200);
  }

  @Test
  void dataSourcesAreExchangedOnceSupportAllowsIt() {
    var form = Map.of("datasource_a", "events", "datasource_b", "twin");
    assertThat(api.form("POST", "/v0/datasources/exchange", form).status()).isEqualTo(403);

    fault("{\"exchanges\": true}");

    assertThat(api.form("POST", "/v0/datasources/exchange", form).status()).isEqualTo(200);
    assertThat(rows("twin")).isEqualTo("3");
  }

  @Test
  void topicsAreRefusedUnlessSomebodyPlaysThem() {
    var form = Map.of("name", "topic", "schema", "`id` UInt32", "kafka_topic", "t");
    assertThat(api.form("POST", "/v0/datasources", form).status()).isEqualTo(501);

    fault("{\"topicsPlayed\": true}");

    assertThat(api.form("POST", "/v0/datasources", form).status()).isEqualTo(200);
  }

  @Test
  void copiesRunByTheirScheduleInBranchesOrNot() {
    var job = job(api.post("/v0/environments?name=scheduled&data="));
    assertThat(job.path("status").asString()).isEqualTo("done");
    var branch =
        api.as(
            api.get("/v0/environments/scheduled?with_token=true").json().path("token").asString());
    branch.form("PUT", "/v0/pipes/copy/nodes/copy_node/copy", Map.of("schedule_cron", "* * * * *"));
    var minute = LocalDateTime.now(ZoneOffset.UTC).plusMinutes(2);

    api.workspace().schedules().tick(minute);
    assertThat(branch.get("/v0/jobs").json().path("jobs")).isEmpty();
    fault("{\"schedulesInBranches\": true}");
    api.workspace().schedules().tick(minute.plusMinutes(2));

    assertThat(branch.get("/v0/jobs").json().path("jobs")).hasSize(1);
  }

  private JsonNode job(LocalApi.Answer asked) {
    return api.ended(asked.json().path("job").path("job_id").asString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"querySeconds\": \"soon\"}",
        "{\"cancel\": {\"how\": \"slowly\"}}",
        "{\"lose\": {\"path\": \"/v0/sql\", \"when\": \"never\"}}",
        "{\"lose\": {\"when\": \"after\"}}",
        "{\"answer\": {\"status\": 500}}",
        "{\"rain\": true}"
      })
  void whatMakesNoSenseIsRefusedByItsName(String json) {
    var answer = api.json("/local/faults", json);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.error()).isNotEmpty();
    assertThat(rows("events")).isEqualTo("3");
  }
}
