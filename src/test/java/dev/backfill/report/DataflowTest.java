package dev.backfill.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class DataflowTest {
  @Test
  void aMaterializedViewBehindAPlainPipeHangsOnItsTrigger() {
    var base = project("timestamp");
    var plan = Planner.plan(PlanRequest.of(base, project("action, timestamp")));

    var flow = Dataflow.of(base, plan.core(), plan.readers());

    assertThat(Dataflow.mermaid(flow.before()))
        .contains("n0[(\"events\")]", "n1[(\"pages\")]", "n0 -->|\"by_page, through hits\"| n1");
    assertThat(Dataflow.mermaid(flow.after())).contains("[(\"pages_1\")]:::new");
  }

  private static Project project(String key) {
    return ProjectReader.read(
        new TreeMap<>(
            Map.of(
                "datasources/events.datasource",
                """
                SCHEMA >
                    `timestamp` DateTime `json:$.timestamp`,
                    `action` String `json:$.action`

                ENGINE "MergeTree"
                ENGINE_SORTING_KEY "%s"
                """
                    .formatted(key),
                "datasources/pages.datasource",
                """
                SCHEMA >
                    `timestamp` DateTime,
                    `action` String

                ENGINE "MergeTree"
                ENGINE_SORTING_KEY "timestamp"
                """,
                "pipes/hits.pipe",
                """
                NODE only
                SQL >
                    SELECT timestamp, action FROM events WHERE action = 'hit'
                """,
                "pipes/by_page.pipe",
                """
                NODE all
                SQL >
                    SELECT timestamp, action FROM hits
                TYPE materialized
                DATASOURCE pages
                """)));
  }
}
