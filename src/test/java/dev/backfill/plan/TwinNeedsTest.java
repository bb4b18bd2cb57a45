package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.problem.Problem;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// What is said about an edit that has to wait for the new version: where it stands.
class TwinNeedsTest {
  private static final String SOURCE =
      "SCHEMA >\n    `ts` DateTime,\n    `shop` String\n\nENGINE MergeTree\nENGINE_SORTING_KEY ts\n";
  private static final String READER =
      "NODE n\nSQL >\n    SELECT\n        shop,\n        count() AS c\n    FROM orders\n    GROUP BY shop\nTYPE endpoint\n";

  private static String advice(String before, String after) {
    var base =
        before.isEmpty()
            ? project("datasources/orders.datasource", SOURCE)
            : project("datasources/orders.datasource", SOURCE, "pipes/top.pipe", before);
    var head =
        project(
            "datasources/orders.datasource",
            SOURCE.replace("shop", "store"),
            "pipes/top.pipe",
            after);
    return Planner.plan(PlanRequest.of(base, head)).obstacles().stream()
        .filter(o -> o.code().equals("reader_needs_new_version"))
        .map(Problem::advice)
        .findFirst()
        .orElse("");
  }

  private static Project project(String... pathsAndTexts) {
    var files = new TreeMap<String, String>();
    for (var i = 0; i < pathsAndTexts.length; i += 2) {
      files.put(pathsAndTexts[i], pathsAndTexts[i + 1]);
    }
    return ProjectReader.read(files);
  }

  @Test
  void theLinesOfTheEditAreNamed() {
    assertThat(advice(READER, READER.replace("shop", "store")))
        .isEqualTo(
            "Take the edit of lines 4 to 7 of pipes/top.pipe out of this pull request, and keep it for"
                + " the one that switches the readers to orders_1, after `backfill run`.");
    assertThat(advice(READER, READER.replace("        shop,", "        store,")))
        .contains("the edit of line 4 of pipes/top.pipe");
    assertThat(advice(READER, READER.replace("        shop,", "        shop,\n        store,")))
        .contains("the edit of line 5 of pipes/top.pipe");
  }

  @Test
  void aNewReaderWaitsAsAWhole() {
    assertThat(advice("", READER.replace("shop", "store")))
        .startsWith("Take pipes/top.pipe out of");
  }
}
