package dev.backfill.change;

import static dev.backfill.change.Judged.BASE;
import static dev.backfill.change.Judged.change;
import static dev.backfill.change.Judged.judge;
import static dev.backfill.change.Judged.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.config.Settings;
import dev.backfill.plan.Projects;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// One edit that needs a new table takes the others of its Data Source along, so that nothing is
/// altered or dropped in the old one.
class NewTableTest {
  private static final String VERSION = "    `version` LowCardinality(String) `json:$.version`,\n";

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "KEY \"timestamp\" | KEY \"action, timestamp\"",
        "ENGINE \"MergeTree\" | ENGINE \"ReplacingMergeTree\"",
        "`payload` String | `payload` LowCardinality(String)",
        "`timestamp` DateTime | `timestamp` Nullable(DateTime)",
        "`payload` String | `hour` DateTime MATERIALIZED toStartOfHour(timestamp), `payload` String",
        "`payload` String `json:$.payload` | `payload` String MATERIALIZED ''",
        "ENGINE \"MergeTree\" | ENGINE \"ReplacingMergeTree\"\\nENGINE_VER \"timestamp\"",
      })
  void aDroppedColumnIsLeftOutOfTheNewTableInsteadOfDropped(String from, String to) {
    var head =
        Projects.with(
            "datasources/events.datasource",
            Projects.EVENTS.replace(VERSION, "").replace(from, to.replace("\\n", "\n")));

    var dropped = change(judge(BASE, head), "column_dropped");

    assertThat(dropped.impact()).isEqualTo(Impact.VERSION);
    assertThat(dropped.destructive()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"`payload` Nullable(String)", "`payload` String DEFAULT '-'"})
  void anAlterableEditLeavesTheDropWhereItIs(String to) {
    var head =
        Projects.with(
            "datasources/events.datasource",
            Projects.EVENTS.replace(VERSION, "").replace("`payload` String", to));

    assertThat(change(judge(BASE, head), "column_dropped").destructive()).isTrue();
  }

  @ParameterizedTest(name = "{0} -> {1}: {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "`pathname` String, | `pathname` Nullable(String), | version",
        "`pathname` String, | `pathname` String, `n` Nullable(UInt8), | version",
        "date, pathname | pathname, date | version",
        "ENGINE \"Aggregating | DESCRIPTION d\\n\\nENGINE \"Aggregating | refuse",
      })
  void aColumnThatAViewCarriesMayBecomeNullableWhenTheTargetIsMadeAnew(
      String from, String to, String verdict) {
    var hits =
        text("pipes/hits.pipe").replace("coalesce(session_id, '0') AS session_id", "session_id");
    var base = Projects.with("pipes/hits.pipe", hits);
    var head =
        Projects.with(
            "pipes/hits.pipe",
            hits,
            "datasources/events.datasource",
            Projects.EVENTS.replace("`session_id` String", "`session_id` Nullable(String)"),
            "datasources/pages_mv.datasource",
            text("datasources/pages_mv.datasource").replace(from, to.replace("\\n", "\n")));

    assertThat(judge(base, head).verdict()).hasToString(verdict);
  }

  private static Project broken(String path) {
    var files = new TreeMap<>(BASE.files());
    files.put(path, "NODE n\nSQL >\n    SELECT 1\n\nTYPE nonsense\n");
    return ProjectReader.read(files);
  }

  private static Verdict repaired(String path) {
    var base = broken(path);
    return Judge.judge(base, BASE, ProjectDiff.of(base, BASE, Map.of()), Settings.DEFAULTS)
        .verdict();
  }

  @Test
  void aPipeThatBaseSpoiledIsRefusedIfAnythingPassesThroughIt() {
    assertThat(repaired("pipes/top_pages.pipe")).isEqualTo(Verdict.NONE);
    assertThat(repaired("pipes/hits.pipe")).isEqualTo(Verdict.REFUSE);
    assertThat(repaired("pipes/pages.pipe")).isEqualTo(Verdict.REFUSE);
  }
}
