package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.testing.EngineTest;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The process dies at the worst moments; what was acknowledged is there, and no copy is half.
@EngineTest
class LocalKillTest {
  private static final int ROWS = 400;
  private @TempDir Path data;

  private static void project(LocalApi api) {
    for (var name : new String[] {"events", "twin"}) {
      api.form(
          "POST",
          "/v0/datasources",
          Map.of(
              "name", name,
              "schema", "`id` UInt32 `json:$.id`, `at` DateTime `json:$.at`",
              "format", "ndjson",
              "engine_sorting_key", "id",
              "engine_partition_key", "toYYYYMM(at)"));
    }
    api.dataSource("counts", "`slice` UInt32, `n` UInt64", "slice");
    api.dataSource("totals", "`slice` UInt32, `n` UInt64", "slice");
    api.pipe(
        "counting",
        "materialized",
        "counts",
        "SELECT toUInt32(id % 100) AS slice, count() AS n FROM twin GROUP BY slice",
        false);
    api.pipe(
        "totalling",
        "materialized",
        "totals",
        "SELECT slice, sum(n) AS n FROM counts GROUP BY slice",
        false);
    var copy =
        api.pipe(
            "backfill_twin",
            "copy",
            "twin",
            """
            %
            SELECT id, at FROM events
            WHERE id < 1000000 AND id % 100 = {{UInt64(slice)}}
              AND (SELECT count() FROM twin WHERE id % 100 = {{UInt64(slice)}}) = 0
            """,
            false);
    assertThat(copy.status()).as(copy.text()).isEqualTo(200);
    var rows =
        IntStream.range(0, ROWS)
            .mapToObj(i -> "{\"id\":" + i + ",\"at\":" + (1_764_547_200L + i * 100_000L) + "}")
            .toArray(String[]::new);
    assertThat(api.events("events", rows).status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void aCopyThatWasDecidedIsFinishedAtTheNextStart(int attached) throws Exception {
    String job;
    try (var child = LocalChild.start(data)) {
      project(child.api());
      job = diesWhileCopying(child, attached);
    }

    try (var child = LocalChild.start(data)) {
      var api = child.api();
      assertThat(api.get("/v0/jobs/" + job).json().path("status").asString()).isEqualTo("done");
      assertThat(counts(api)).isEqualTo("4 4 4");
      assertThat(api.copy("backfill_twin", "&slice=7").path("statistics").path("row_count").asInt())
          .isZero();
    }
    try (var child = LocalChild.start(data)) {
      assertThat(counts(child.api())).isEqualTo("4 4 4");
    }
  }

  @Test
  void aCopyThatWasNotDecidedIsGone() throws Exception {
    String job;
    try (var child = LocalChild.start(data)) {
      project(child.api());
      job = diesWhileCopying(child, -1);
    }

    try (var child = LocalChild.start(data)) {
      var api = child.api();
      var state = api.get("/v0/jobs/" + job).json();
      assertThat(state.path("status").asString()).isEqualTo("error");
      assertThat(state.path("error").asString()).contains("interrupted");
      assertThat(counts(api)).isEqualTo("0 0 0");
      assertThat(api.copy("backfill_twin", "&slice=7").path("status").asString()).isEqualTo("done");
      assertThat(counts(api)).isEqualTo("4 4 4");
    }
  }

  @Test
  void aPopulateThatDiesKeepsItsFinishedPartitions() throws Exception {
    String job;
    try (var child = LocalChild.start(data)) {
      var api = child.api();
      LocalPopulatesTest.project(api);
      api.json("/local/faults", "{\"jobDelayMillis\": 300, \"dieAfterPopulating\": 2}");
      job =
          api.post("/v0/pipes/sync/nodes/sync_node/population?truncate=false")
              .json()
              .path("job")
              .path("id")
              .asString();
      child.awaitDeath();
    }

    try (var child = LocalChild.start(data)) {
      var api = child.api();
      assertThat(api.get("/v0/jobs/" + job).json().path("error").asString())
          .contains("interrupted");
      assertThat(api.value("SELECT count() FROM twin")).isEqualTo("248");
      assertThat(api.value("SELECT sum(n) FROM totals")).isEqualTo("248");
    }
  }

  @ParameterizedTest
  @CsvSource({"before, 0", "after, 1"})
  void aProcessThatDiesAtARequestHasServedItOrNot(String when, String rows) throws Exception {
    try (var child = LocalChild.start(data)) {
      var api = child.api();
      api.dataSource("events", "`id` UInt32 `json:$.id`", "id");
      api.json(
          "/local/faults", "{\"die\": {\"path\": \"/v0/events\", \"when\": \"" + when + "\"}}");
      assertThatThrownBy(() -> api.events("events", "{\"id\":1}"))
          .isInstanceOf(UncheckedIOException.class);
      child.awaitDeath();
    }

    try (var child = LocalChild.start(data)) {
      assertThat(child.api().value("SELECT count() FROM events")).isEqualTo(rows);
    }
  }

  private static String diesWhileCopying(LocalChild child, int attached)
      throws InterruptedException {
    var api = child.api();
    api.json("/local/faults", "{\"jobDelayMillis\": 300, \"dieAfterAttaching\": " + attached + "}");
    var job =
        api.post("/v0/pipes/backfill_twin/copy?slice=7").json().path("job").path("id").asString();
    child.awaitDeath();
    return job;
  }

  private static String counts(LocalApi api) {
    return api.value("SELECT count() FROM twin")
        + " "
        + api.value("SELECT sum(n) FROM counts")
        + " "
        + api.value("SELECT sum(n) FROM totals");
  }
}
