package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.testing.EngineTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@EngineTest
class LocalCopiesTest {
  private static final String SCHEMA = "`id` UInt32 `json:$.id`, `at` DateTime `json:$.at`";
  private static final String GUARDED =
      """
      %
      SELECT id, at FROM events
      WHERE at < toDateTime({{String(end_backfill_timestamp, required=True)}}, 'UTC')
        AND (SELECT count() FROM twin WHERE at < toDateTime({{String(end_backfill_timestamp)}}, 'UTC')) = 0
      """;
  private static final String UNTIL = "&end_backfill_timestamp=2026-02-01%2000:00:00";
  private @TempDir Path data;
  private LocalApi api;

  @BeforeEach
  void aWorkspaceWithATwinThatFeedsCounts() {
    api = LocalApi.start(data);
    for (var name : new String[] {"events", "twin"}) {
      api.form(
          "POST",
          "/v0/datasources",
          Map.of(
              "name", name,
              "schema", SCHEMA,
              "format", "ndjson",
              "engine_sorting_key", "id",
              "engine_partition_key", "toYYYYMM(at)"));
    }
    api.dataSource("counts", "`day` Date, `n` UInt64", "day");
    api.dataSource("totals", "`n` UInt64", "n");
    api.pipe(
        "counting",
        "materialized",
        "counts",
        "SELECT toDate(at) AS day, count() AS n FROM twin GROUP BY day",
        false);
    api.pipe("totalling", "materialized", "totals", "SELECT sum(n) AS n FROM counts", false);
    var pushed = api.pipe("backfill_twin", "copy", "twin", GUARDED, false);
    assertThat(pushed.status()).as(pushed.text()).isEqualTo(200);
    api.events(
        "events",
        IntStream.range(0, 300)
            .mapToObj(i -> "{\"id\":" + i + ",\"at\":" + (1_764_547_200L + i * 21_600L) + "}")
            .toArray(String[]::new));
  }

  @AfterEach
  void itEnds() {
    api.close();
  }

  private String counts() {
    return api.value("SELECT count() FROM twin")
        + " "
        + api.value("SELECT sum(n) FROM counts")
        + " "
        + api.value("SELECT sum(n) FROM totals");
  }

  @Test
  void aCopyFillsTheTargetAndAllThatItsViewsReach() {
    var answer = api.post("/v0/pipes/backfill_twin/copy?_mode=append" + UNTIL);
    var job = api.ended(answer.json().path("job").path("job_id").asString());

    assertThat(answer.json().path("job").path("status").asString()).isEqualTo("waiting");
    assertThat(answer.json().path("job").path("job_url").asString()).startsWith(api.url());
    assertThat(answer.json().path("tags").path("copy_target_datasource").asString())
        .isEqualTo(api.get("/v0/datasources/twin").json().path("id").asString());
    assertThat(job.path("status").asString()).as(job.toString()).isEqualTo("done");
    assertThat(job.path("statistics").path("row_count").asInt()).isEqualTo(248);
    assertThat(counts()).isEqualTo("248 248 248");
    assertThat(
            api.value(
                "SELECT JSONExtractString(job_metadata, 'parameters', 'end_backfill_timestamp'),"
                    + " status, job_type FROM tinybird.jobs_log WHERE job_id = '"
                    + job.path("id").asString()
                    + "'"))
        .isEqualTo("2026-02-01 00:00:00\tdone\tcopy");
    assertThat(
            api.value(
                "SELECT rows, pipe_name FROM tinybird.datasources_ops_log WHERE event_type ="
                    + " 'copy'"))
        .isEqualTo("248\tbackfill_twin");
  }

  @Test
  void aGuardMakesARepeatWriteNothing() {
    api.copy("backfill_twin", UNTIL);

    var again = api.copy("backfill_twin", UNTIL);

    assertThat(again.path("status").asString()).isEqualTo("done");
    assertThat(again.path("statistics").path("row_count").asInt()).isZero();
    assertThat(counts()).isEqualTo("248 248 248");
  }

  @Test
  void aViewThatFailsMidCopyLeavesNothingAnywhere() {
    api.dataSource("late", "`id` UInt32", "id");
    api.pipe(
        "failing", "materialized", "late", "SELECT id + throwIf(id = 200) AS id FROM twin", false);

    var job = api.copy("backfill_twin", UNTIL);

    assertThat(job.path("status").asString()).isEqualTo("error");
    assertThat(job.path("error").asString()).startsWith("There was a problem while copying data:");
    assertThat(counts()).isEqualTo("0 0 0");
    assertThat(api.value("SELECT count() FROM late")).isEqualTo("0");
  }

  @Test
  void inThePlainModelTheSameFailureLeavesAPart() {
    api.dataSource("late", "`id` UInt32", "id");
    api.pipe(
        "failing", "materialized", "late", "SELECT id + throwIf(id = 200) AS id FROM twin", false);
    api.workspace().faults().plainCopies(true);

    var job = api.copy("backfill_twin", UNTIL);

    assertThat(job.path("status").asString()).isEqualTo("error");
    assertThat(counts()).isNotEqualTo("0 0 0");
  }

  @Test
  void aMissingParameterIsRefused() {
    var answer = api.post("/v0/pipes/backfill_twin/copy?_mode=append");

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.error()).contains("end_backfill_timestamp");
    assertThat(api.post("/v0/pipes/counting/copy").status()).isEqualTo(400);
    assertThat(api.post("/v0/pipes/none/copy").status()).isEqualTo(404);
    assertThat(api.post("/v0/pipes/backfill_twin/copy?_mode=upsert" + UNTIL).status())
        .isEqualTo(400);
  }

  @Test
  void aReplacingCopySwapsTheTargetAndAddsBehindIt() {
    api.copy("backfill_twin", UNTIL);
    api.pipe("fewer", "copy", "twin", "SELECT id, at FROM events WHERE id < 10", false);

    var answer = api.post("/v0/pipes/fewer/copy?_mode=replace").json();
    var job = api.ended(answer.path("job").path("id").asString());

    assertThat(job.path("status").asString()).as(job.toString()).isEqualTo("done");
    assertThat(counts()).as("what the views hold then is open [?]").isEqualTo("10 258 258");
    api.copy("fewer", "");
    assertThat(counts()).as("the views still fire").isEqualTo("20 268 268");
  }

  @Test
  void aScheduledCopyRunsOnceForEveryTimeItWasDueAndNotWhilePaused() {
    api.pipe("often", "copy", "twin", "SELECT id, at FROM events WHERE id < 10", false);
    var node = "/v0/pipes/often/nodes/often_node/copy";
    api.form("PUT", node, Map.of("schedule_cron", "30 4 * * *"));
    var schedules = api.workspace().schedules();
    var due = LocalDateTime.of(2100, 1, 1, 4, 30, 12);
    schedules.tick(due.minusDays(1).plusMinutes(1));
    var before = jobs();

    schedules.tick(due.minusMinutes(1));
    assertThat(jobs()).isEqualTo(before);
    schedules.tick(due);
    schedules.tick(due.plusSeconds(20));
    assertThat(jobs()).isEqualTo(before + 1);
    api.post("/v0/pipes/often/copy/pause");
    schedules.tick(due.plusDays(1));
    assertThat(jobs()).isEqualTo(before + 1);
    api.post("/v0/pipes/often/copy/resume");
    schedules.tick(due.plusDays(2));
    assertThat(jobs()).isEqualTo(before + 2);
  }

  private int jobs() {
    return api.get("/v0/jobs?pipe_name=often").json().path("jobs").size();
  }

  @Test
  void aCopyThatIsTooLargeSaysMemoryAndLeavesNothing() {
    api.workspace().faults().copyRowLimit(200);

    var large = api.copy("backfill_twin", UNTIL);
    var small = api.copy("backfill_twin", "&end_backfill_timestamp=2026-01-01%2000:00:00");

    assertThat(large.path("error").asString())
        .startsWith(
            "There was a problem while copying data: [Error] Memory limit (for query) exceeded.");
    assertThat(small.path("statistics").path("row_count").asInt()).isEqualTo(124);
    assertThat(counts()).isEqualTo("124 124 124");
  }

  @Test
  void theRealMemoryLimitSaysTheSame() {
    api.pipe(
        "hungry",
        "copy",
        "twin",
        "SELECT arrayJoin(groupArray(toUInt32(number))) AS id, now() AS at FROM numbers(10000000)",
        false);
    api.json("/local/faults", "{\"copyMemory\": 20000000}");

    var job = api.copy("hungry", "");

    assertThat(job.path("error").asString()).contains("Memory limit (for query) exceeded.");
    assertThat(counts()).isEqualTo("0 0 0");
  }

  @Test
  void tooManyCopiesAreRefusedWith403() {
    api.workspace().faults().copyJobLimit(1);
    api.workspace().faults().jobDelay(60_000);

    var first = api.post("/v0/pipes/backfill_twin/copy?_mode=append" + UNTIL);
    var second = api.post("/v0/pipes/backfill_twin/copy?_mode=append" + UNTIL);

    assertThat(first.status()).isEqualTo(200);
    assertThat(second.status()).isEqualTo(403);
    assertThat(second.error()).contains("maximum number of copy jobs");
  }

  @Test
  void aCopyIsCancelledAndLeavesNothing() {
    api.workspace().faults().jobDelay(60_000);
    var id =
        api.post("/v0/pipes/backfill_twin/copy?_mode=append" + UNTIL)
            .json()
            .path("job")
            .path("id")
            .asString();

    var cancelling = api.post("/v0/jobs/" + id + "/cancel");

    assertThat(cancelling.json().path("status").asString()).isIn("cancelling", "cancelled");
    assertThat(api.ended(id).path("status").asString()).isEqualTo("cancelled");
    assertThat(counts()).isEqualTo("0 0 0");
    assertThat(api.post("/v0/jobs/" + id + "/cancel").status()).isEqualTo(400);
    assertThat(api.post("/v0/jobs/none/cancel").status()).isEqualTo(404);
  }

  @Test
  void aRunningStatementIsCancelled() {
    api.pipe(
        "slow",
        "copy",
        "twin",
        "SELECT id, at FROM events WHERE NOT ignore(sleepEachRow(0.05))",
        false);
    var id = api.post("/v0/pipes/slow/copy").json().path("job").path("id").asString();
    while (!api.get("/v0/jobs/" + id).json().path("status").asString().equals("working")) {
      Thread.onSpinWait();
    }

    api.post("/v0/jobs/" + id + "/cancel");

    assertThat(api.ended(id).path("status").asString()).isEqualTo("cancelled");
    assertThat(counts()).isEqualTo("0 0 0");
  }

  @Test
  void aLostAnswerMayMeanEitherThing() {
    api.workspace().faults().loseCopyAnswers(1, Faults.Lost.BEFORE);
    assertThatThrownBy(() -> api.post("/v0/pipes/backfill_twin/copy?_mode=append" + UNTIL))
        .isInstanceOf(UncheckedIOException.class)
        .hasCauseInstanceOf(IOException.class);
    assertThat(api.get("/v0/jobs?kind=copy").json().path("jobs")).isEmpty();

    api.workspace().faults().loseCopyAnswers(1, Faults.Lost.AFTER);
    assertThatThrownBy(() -> api.post("/v0/pipes/backfill_twin/copy?_mode=append" + UNTIL))
        .isInstanceOf(UncheckedIOException.class);
    var jobs = api.get("/v0/jobs?kind=copy&pipe_name=backfill_twin").json().path("jobs");

    assertThat(jobs).hasSize(1);
    api.ended(jobs.get(0).path("id").asString());
    assertThat(counts()).isEqualTo("248 248 248");
  }

  @Test
  void cannedAnswersComeInTurn() {
    api.json(
        "/local/faults",
        """
        {"answer": [{"method": "POST", "path": "/v0/pipes", "count": 1, "status": 429, "retryAfter": 2},
                    {"method": "POST", "path": "/v0/pipes", "count": 1, "status": 403,
                     "error": "You have reached the maximum number of copy jobs"},
                    {"path": "/v0/sql", "count": 1, "status": 503, "error": "later"}]}
        """);

    var first = api.post("/v0/pipes/backfill_twin/copy?_mode=append" + UNTIL);
    var second = api.post("/v0/pipes/backfill_twin/copy?_mode=append" + UNTIL);

    assertThat(first.status()).isEqualTo(429);
    assertThat(first.raw().headers().firstValue("Retry-After")).hasValue("2");
    assertThat(second.status()).isEqualTo(403);
    assertThat(api.get("/v0/sql?q=SELECT%201").status()).isEqualTo(503);
    assertThat(api.get("/v0/sql?q=SELECT%201").status()).isEqualTo(200);
    assertThat(api.json("/local/faults", "{\"unknown\": 1}").status()).isEqualTo(400);
  }

  @Test
  void listsLagAndFinishedJobsVanishWhenToldTo() {
    api.workspace().faults().jobListLag(3_600_000);
    var id = api.copy("backfill_twin", UNTIL).path("id").asString();

    assertThat(api.get("/v0/jobs").json().path("jobs")).isEmpty();
    assertThat(api.value("SELECT count() FROM tinybird.jobs_log")).isEqualTo("0");
    assertThat(api.get("/v0/jobs/" + id).status()).isEqualTo(200);
    api.json("/local/faults", "{\"reset\": true, \"vanishingJobs\": true}");
    assertThat(api.get("/v0/jobs/" + id).status()).isEqualTo(404);
    assertThat(api.value("SELECT count() FROM tinybird.jobs_log")).isEqualTo("1");
  }

  @Test
  void liveRowsAndCopiesDontLoseOrDoubleEachOther() throws Exception {
    api.pipe(
        "sync",
        "materialized",
        "twin",
        "SELECT id, at FROM events WHERE at >= toDateTime('2026-06-01 00:00:00', 'UTC')",
        false);
    api.pipe(
        "slices",
        "copy",
        "twin",
        """
        %
        SELECT id, at FROM events
        WHERE at < toDateTime('2026-06-01 00:00:00', 'UTC') AND id % 6 = {{UInt64(slice)}}
        """,
        false);
    var stop = new AtomicBoolean();
    try (var threads = Executors.newFixedThreadPool(4)) {
      var clients = new ArrayList<Future<Integer>>();
      for (var client = 0; client < 3; client++) {
        clients.add(
            threads.submit(() -> {
              var sent = 0;
              while (!stop.get()) {
                var body =
                    IntStream.range(0, 20)
                        .mapToObj(i -> "{\"id\":" + i + ",\"at\":1780315200}")
                        .collect(Collectors.joining("\n"));
                sent += api.events("events", body).status() == 200 ? 20 : 0;
              }
              return sent;
            }));
      }
      for (var slice = 0; slice < 6; slice++) {
        assertThat(api.copy("slices", "&slice=" + slice).path("status").asString())
            .isEqualTo("done");
      }
      stop.set(true);
      var live = 0;
      for (var client : clients) {
        live += client.get();
      }

      assertThat(counts()).isEqualTo((300 + live) + " " + (300 + live) + " " + (300 + live));
      assertThat(api.value("SELECT count() FROM events")).isEqualTo("" + (300 + live));
    }
  }
}
