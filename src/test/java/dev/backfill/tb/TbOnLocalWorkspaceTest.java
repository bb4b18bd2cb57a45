package dev.backfill.tb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.failure.Failure;
import dev.backfill.http.Http;
import dev.backfill.local.LocalWorkspace;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TempRepository;
import dev.backfill.testing.TestEngine;
import dev.backfill.tinybird.Job;
import dev.backfill.tinybird.Tinybird;
import dev.backfill.tinybird.http.Host;
import dev.backfill.tinybird.http.HttpTinybird;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The stand-in and the client against the embedded workspace: both are written after the same
/// reference, and here they meet.
@EngineTest
class TbOnLocalWorkspaceTest {
  private static final String EVENTS =
      """
      SCHEMA >
          `timestamp` DateTime `json:$.timestamp`,
          `action` LowCardinality(String) `json:$.action`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "timestamp"
      """;

  @TempDir Path folder;
  @TempDir Path data;
  private String out = "";
  private final Map<String, String> environment = new HashMap<>();

  @Test
  void aMigrationIsDeployedFedAndCopied() throws Exception {
    environment.put("TB_VERSION_WARNING", "0");
    environment.put("BACKFILL_T_EVENTS_1", "2026-06-01 00:00:00");
    try (var workspace = LocalWorkspace.start(TestEngine.shared(), 0, data, Optional.empty());
        var repository = TempRepository.in(folder);
        var http = new Http()) {
      Tinybird tinybird = new HttpTinybird(http, Host.parse(workspace.url()), workspace.token());
      tb("auth", "--host", workspace.url(), "--token", workspace.token());
      repository.write(".gitignore", ".tinyb\n").commit("nothing yet");
      tb("init", "--override-commit", "HEAD");
      repository.write("datasources/events.datasource", EVENTS).commit("base");
      tb("deploy");
      assertThat(
              tinybird.append(
                  "events",
                  """
                  {"timestamp":"2026-01-01 00:00:00","action":"a"}
                  {"timestamp":"2026-02-01 00:00:00","action":"b"}
                  """))
          .isEqualTo(new Tinybird.Appended(2, 0));
      repository
          .write(
              "datasources/events_1.datasource",
              EVENTS.replace("SORTING_KEY \"timestamp\"", "SORTING_KEY \"action, timestamp\""))
          .write(
              "pipes/sync_events_1.pipe",
              """
              NODE sync
              SQL >
                  SELECT timestamp, action FROM events
                  WHERE timestamp >= toDateTime('${BACKFILL_T_EVENTS_1}', 'UTC')
              TYPE materialized
              DATASOURCE events_1
              """)
          .write(
              "pipes/backfill_events_1.pipe",
              """
              NODE backfill
              SQL >
                  %
                  SELECT timestamp, action FROM events
                  WHERE timestamp < toDateTime({{String(end_backfill_timestamp)}}, 'UTC')
              TYPE COPY
              TARGET_DATASOURCE events_1
              COPY_MODE append
              """)
          .commit("migration");

      tb("deploy");
      tinybird.append("events", "{\"timestamp\":\"2026-07-01 00:00:00\",\"action\":\"c\"}\n");
      tb(
          "pipe",
          "copy",
          "run",
          "backfill_events_1",
          "--yes",
          "--wait",
          "--param",
          "end_backfill_timestamp=2026-06-01 00:00:00");

      assertThat(
              tinybird
                  .query(
                      "SELECT groupArray(action) AS a FROM (SELECT action FROM events_1 ORDER BY timestamp)")
                  .only()
                  .text("a"))
          .isEqualTo("[\"a\",\"b\",\"c\"]");
      assertThat(tinybird.pipe("sync_events_1").orElseThrow().nodes().getFirst())
          .satisfies(node -> {
            assertThat(node.sql()).contains("'2026-06-01 00:00:00'");
            assertThat(node.materialized())
                .contains(tinybird.dataSource("events_1").orElseThrow().id());
          });
      assertThat(tinybird.dataSource("events_1").orElseThrow().sortingKey())
          .isEqualTo("action, timestamp");
      assertThat(tinybird.copyJobs("backfill_events_1"))
          .singleElement()
          .extracting(Job::state)
          .isEqualTo(Job.State.DONE);
      assertThat(status("deploy")).isEqualTo(1);
      assertThat(out).contains("already deployed");
    }
  }

  @Test
  void theClientAndTheWorkspaceMeanTheSame() {
    try (var workspace = LocalWorkspace.start(TestEngine.shared(), 0, data, Optional.empty());
        var http = new Http()) {
      Tinybird tinybird = new HttpTinybird(http, Host.parse(workspace.url()), workspace.token());

      assertThat(tinybird.workspace().main()).isEmpty();
      assertThat(tinybird.branches()).isEmpty();
      assertThat(tinybird.branch("none")).isEmpty();
      assertThat(tinybird.pipe("none")).isEmpty();
      assertThat(tinybird.dataSource("none")).isEmpty();
      assertThat(tinybird.job("00000000-0000-0000-0000-000000000000")).isEmpty();
      assertThat(tinybird.query("SELECT toUInt64(18446744073709551615) AS n").only().text("n"))
          .isEqualTo("18446744073709551615");
      assertThat(tinybird.createPipe("backfill_lease_x_1", "{\"holder\":\"me\"}", "SELECT 1"))
          .isTrue();
      assertThat(tinybird.createPipe("backfill_lease_x_1", "", "SELECT 1")).isFalse();
      tinybird.replacePipe("backfill_lease_x_1", "{\"holder\":\"you\"}", "SELECT 1");
      assertThat(tinybird.pipe("backfill_lease_x_1").orElseThrow().description())
          .isEqualTo("{\"holder\":\"you\"}");
      tinybird.deletePipe("backfill_lease_x_1");
      assertThat(tinybird.pipes()).isEmpty();
      assertThat(tinybird.jobsTagged("p", "t")).isEmpty();
      var failure =
          org.assertj.core.api.Assertions.catchThrowableOfType(
              Failure.Remote.class, () -> tinybird.query("SELECT * FROM nowhere"));
      assertThat(failure.kind()).isEqualTo(Failure.Kind.PERMANENT);
    }
  }

  private void tb(String... words) {
    var status = status(words);
    assertThat(status).describedAs(String.join(" ", words) + "\n" + out).isZero();
  }

  private int status(String... words) {
    var bytes = new ByteArrayOutputStream();
    var stream = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    var status = Tb.run(List.of(words), folder, environment, stream, stream);
    out = bytes.toString(StandardCharsets.UTF_8);
    return status;
  }
}
