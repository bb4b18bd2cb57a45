package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.EngineTest;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@EngineTest
class LocalPopulatesTest {
  private static final String SCHEMA = "`id` UInt32 `json:$.id`, `at` DateTime `json:$.at`";
  private @TempDir Path data;
  private LocalApi api;

  /// 300 rows of December (124), January (124) and February (52), then a view chain behind them.
  @BeforeEach
  void aWorkspaceWithAViewThatHasSeenNothing() {
    api = LocalApi.start(data);
    project(api);
  }

  static void project(LocalApi api) {
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
    api.dataSource("totals", "`n` UInt64", "n");
    api.events(
        "events",
        IntStream.range(0, 300)
            .mapToObj(i -> "{\"id\":" + i + ",\"at\":" + (1_764_547_200L + i * 21_600L) + "}")
            .toArray(String[]::new));
    var sync = api.pipe("sync", "materialized", "twin", "SELECT id, at FROM events", false);
    assertThat(sync.status()).as(sync.text()).isEqualTo(200);
    api.pipe("totalling", "materialized", "totals", "SELECT count() AS n FROM twin", false);
  }

  @AfterEach
  void itEnds() {
    api.close();
  }

  private String counts() {
    return api.value("SELECT count() FROM twin") + " " + api.value("SELECT sum(n) FROM totals");
  }

  private JsonNode populate(String parameters) {
    var answer = api.post("/v0/pipes/sync/nodes/sync_node/population?truncate=false" + parameters);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.json().path("job").path("kind").asString()).isEqualTo("populateview");
    return api.ended(answer.json().path("job").path("job_id").asString());
  }

  private boolean linked() {
    return api.get("/v0/pipes/sync").json().path("nodes").get(0).path("materialized").isString();
  }

  @Test
  void everythingInTheSourceGoesThroughTheViewAndTheViewsBehindIt() {
    assertThat(counts()).isEqualTo("0 0");

    var job = populate("");

    assertThat(job.path("status").asString()).as(job.toString()).isEqualTo("done");
    assertThat(job.path("progress_percentage").asDouble()).isEqualTo(100);
    assertThat(counts()).isEqualTo("300 300");
    assertThat(
            api.value(
                "SELECT arraySort(groupArray((event_type, datasource_name))), uniqExact(operation_id)"
                    + " FROM tinybird.datasources_ops_log WHERE event_type = 'populateview'"))
        .isEqualTo("[('populateview','totals'),('populateview','twin')]\t1");
    assertThat(api.value("SELECT job_type, status FROM tinybird.jobs_log"))
        .isEqualTo("populateview\tdone");
  }

  @Test
  void aSecondPopulateDoublesUnlessItTruncates() {
    populate("");
    populate("");
    assertThat(counts()).isEqualTo("600 600");

    var truncating =
        api.post("/v0/pipes/sync/nodes/sync_node/population?truncate=true").json().path("job");
    api.ended(truncating.path("id").asString());

    assertThat(counts()).as("truncating doesn't reach the views behind").isEqualTo("300 900");
  }

  @Test
  void rowsThatTheViewTookAlreadyAreTakenAgain() {
    api.events("events", "{\"id\":300,\"at\":1780315200}");

    populate("");

    assertThat(counts()).isEqualTo("302 302");
  }

  @Test
  void aConditionIsOnTheRowsOfTheSource() {
    var job = populate("&populate_condition=" + LocalApi.encode("at < '2026-01-01 00:00:00'"));

    assertThat(job.path("status").asString()).as(job.toString()).isEqualTo("done");
    assertThat(counts()).isEqualTo("124 124");
  }

  @Test
  void aSubsetIsAPartOfEveryPartitionAndWinsOverTheCondition() {
    populate("&populate_subset=0.1&populate_condition=" + LocalApi.encode("id < 0"));

    assertThat(counts()).isEqualTo("32 32");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "populate_condition=nothere%20%3D%201",
        "populate_condition=1%29%20UNION%20ALL%20%28SELECT%201",
        "populate_condition=1%3B%20DROP%20TABLE%20events",
        "populate_condition=id%20IN%20%28SELECT%20*%20FROM%20file%28%27%2Fetc%2Fpasswd%27%29%29",
        "populate_subset=0.2",
        "populate_subset=0",
        "populate_subset=many"
      })
  void aParameterThatMakesNoSenseIsRefused(String parameter) {
    var answer = api.post("/v0/pipes/sync/nodes/sync_node/population?truncate=false&" + parameter);

    assertThat(answer.status()).as(answer.text()).isBetween(400, 403);
    assertThat(api.get("/v0/jobs").json().path("jobs")).isEmpty();
  }

  @Test
  void whereNothingIsMaterializedNothingIsPopulated() {
    api.pipe("plain", "standard", "", "SELECT 1", false);

    assertThat(api.post("/v0/pipes/plain/nodes/plain_node/population?truncate=false").status())
        .isEqualTo(400);
    assertThat(api.post("/v0/pipes/sync/nodes/none/population?truncate=false").status())
        .isEqualTo(404);
    assertThat(api.post("/v0/pipes/none/nodes/none/population?truncate=false").status())
        .isEqualTo(404);
  }

  @Test
  void theFirstFailureUnlinksAndLeavesTheFinishedPartitions() {
    api.workspace().faults().failPopulates(1, 1, "[Error] boom");

    var job = populate("");

    assertThat(job.path("status").asString()).isEqualTo("error");
    assertThat(job.path("error").asString()).isEqualTo("[Error] boom");
    assertThat(counts()).isEqualTo("124 124");
    assertThat(linked()).isFalse();
    api.events("events", "{\"id\":300,\"at\":1780315200}");
    assertThat(counts()).as("nothing is fed any more").isEqualTo("124 124");
    assertThat(
            api.value(
                "SELECT DISTINCT result, error FROM tinybird.datasources_ops_log WHERE event_type"
                    + " = 'populateview'"))
        .isEqualTo("error\t[Error] boom");
  }

  @Test
  void aStepThatTheEngineRefusesLeavesNothingOfIt() {
    api.dataSource("late", "`id` UInt32", "id");
    api.pipe(
        "failing", "materialized", "late", "SELECT id + throwIf(id = 200) AS id FROM twin", false);

    var job = populate("");

    assertThat(job.path("status").asString()).isEqualTo("error");
    assertThat(counts()).isEqualTo("124 124");
    assertThat(api.value("SELECT count() FROM late")).isEqualTo("124");
    assertThat(linked()).isFalse();
  }

  @Test
  void inThePlainModelAFailedStepLeavesAPart() {
    api.dataSource("late", "`id` UInt32", "id");
    api.pipe(
        "failing", "materialized", "late", "SELECT id + throwIf(id = 200) AS id FROM twin", false);
    api.workspace().faults().plainCopies(true);

    assertThat(populate("").path("status").asString()).isEqualTo("error");

    assertThat(counts()).startsWith("248 ");
    assertThat(api.value("SELECT count() FROM late")).isEqualTo("124");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aLaterFailureUnlinksOnlyWhenAskedTo(boolean asked) {
    api.workspace().faults().failPopulates(2, 0, "[Error] boom");
    populate("");
    assertThat(linked()).isFalse();
    api.pipe("sync", "materialized", "twin", "SELECT id, at FROM events", true);

    populate("&unlink_on_populate_error=" + asked);

    assertThat(linked()).isEqualTo(!asked);
  }

  @Test
  void aRunningPopulateIsCancelledBetweenItsPartitions() {
    api.workspace().faults().jobDelay(60_000);
    var id =
        api.post("/v0/pipes/sync/nodes/sync_node/population?truncate=false")
            .json()
            .path("job")
            .path("id")
            .asString();

    var cancelled = api.post("/v0/jobs/" + id + "/cancel");

    assertThat(cancelled.status()).isEqualTo(200);
    assertThat(api.ended(id).path("status").asString()).isEqualTo("cancelled");
    assertThat(linked()).isTrue();
    assertThat(counts()).isEqualTo("0 0");
  }

  @Test
  void theDefaultOfTruncateIsUnknownSoItCanBeEither() {
    populate("");
    var unsaid = "/v0/pipes/sync/nodes/sync_node/population";

    api.ended(api.post(unsaid).json().path("job").path("id").asString());
    assertThat(api.value("SELECT count() FROM twin")).isEqualTo("300");
    api.workspace().faults().populateTruncates(false);
    api.ended(api.post(unsaid).json().path("job").path("id").asString());
    assertThat(api.value("SELECT count() FROM twin")).isEqualTo("600");
  }
}
