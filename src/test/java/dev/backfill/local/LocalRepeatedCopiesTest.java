package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Copy after copy into one target: what is prepared for the next one is used when it fits.
@EngineTest
class LocalRepeatedCopiesTest {
  private @TempDir Path folder;
  private LocalApi api;

  @BeforeEach
  void aTargetThatFeedsAnother() {
    api = LocalApi.start(folder);
    for (var name : new String[] {"events", "twin", "fed"}) {
      api.dataSource(name, "`id` UInt32 `json:$.id`", "id");
    }
    api.pipe("mv", "materialized", "fed", "SELECT id FROM twin", false);
    api.pipe("copy", "copy", "twin", "SELECT id FROM events", false);
    api.events("events", "{\"id\":1}", "{\"id\":2}");
  }

  @AfterEach
  void close() {
    api.close();
  }

  private void copies(int times) {
    for (var i = 0; i < times; i++) {
      var job = api.copy("copy", "");
      assertThat(job.path("status").asString()).as(job.toString()).isEqualTo("done");
      assertThat(job.path("statistics").path("row_count").asInt()).isEqualTo(2);
    }
  }

  private String counts() {
    return api.value("SELECT count() FROM twin") + " " + api.value("SELECT count() FROM fed");
  }

  private static String scratchDatabases(String database) {
    try (var session = TestEngine.shared().session()) {
      return session
          .run(
              "SELECT count() FROM system.databases WHERE startsWith(name, '"
                  + database
                  + "_copy_')")
          .text()
          .strip();
    }
  }

  @Test
  void everyCopyCountsOnceInTheTargetAndBehindIt() {
    copies(6);

    assertThat(counts()).isEqualTo("12 12");
  }

  @Test
  void theTargetsNewColumnIsFilledByTheNextCopy() {
    copies(3);
    var altered =
        api.form(
            "POST",
            "/v0/datasources/twin/alter",
            Map.of("schema", "`id` UInt32 `json:$.id`, `note` Nullable(String) `json:$.note`"));
    assertThat(altered.status()).as(altered.text()).isEqualTo(200);
    api.pipe("copy", "copy", "twin", "SELECT id, 'new' AS note FROM events", true);

    copies(3);

    assertThat(counts()).isEqualTo("12 12");
    assertThat(api.value("SELECT countIf(note = 'new') FROM twin")).isEqualTo("6");
  }

  @Test
  void aNewViewBehindTheTargetIsFedByTheNextCopy() {
    copies(3);
    api.dataSource("more", "`id` UInt32", "id");
    api.pipe("mv_more", "materialized", "more", "SELECT id FROM fed", false);

    copies(2);

    assertThat(counts()).isEqualTo("10 10");
    assertThat(api.value("SELECT count() FROM more")).isEqualTo("4");
  }

  @Test
  void replacingTakesNothingThatIsPreparedAndLeavesItUsable() {
    copies(3);
    api.copy("copy", "&_mode=replace");
    copies(2);

    assertThat(api.value("SELECT count() FROM twin")).isEqualTo("6");
  }

  @Test
  void aTargetThatIsMadeAnewGetsItsRows() {
    copies(3);
    api.delete("/v0/pipes/mv");
    assertThat(api.delete("/v0/datasources/twin?force=true").status()).isEqualTo(204);
    api.dataSource("twin", "`id` UInt32 `json:$.id`", "id");

    copies(2);

    assertThat(api.value("SELECT count() FROM twin")).isEqualTo("4");
  }

  @Test
  void nothingOfItIsLeftWhenTheWorkspaceCloses() {
    copies(3);
    var database = api.workspace().database();
    assertThat(scratchDatabases(database)).isNotEqualTo("0");

    api.close();

    assertThat(scratchDatabases(database)).isEqualTo("0");
  }
}
