package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.change.Flow;
import dev.backfill.problem.Problem;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// What would bring a row into a new version twice or not at all is named.
class FeedGraphTest {
  private static final String TABLE =
      """
      SCHEMA >
          `at` DateTime,
          `id` UInt64

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "at"
      """;
  private static final String VIEW =
      """
      NODE v
      SQL >
          SELECT toStartOfHour(at) AS at, id FROM source

      TYPE materialized
      DATASOURCE target
      """;

  private static SortedMap<String, String> files(String... more) {
    var out = new TreeMap<String, String>();
    for (var name : List.of("source", "second", "target")) {
      out.put("datasources/" + name + ".datasource", TABLE);
    }
    out.put("pipes/view.pipe", VIEW);
    for (var i = 0; i < more.length; i += 2) {
      out.put(more[i], more[i + 1]);
    }
    return out;
  }

  private static Project project(String... more) {
    return ProjectReader.read(files(more));
  }

  private static final String RESORTED = TABLE.replace("KEY \"at\"", "KEY \"id, at\"");

  private static List<Migration> versioned(String dataSource, String... more) {
    var head = files(more);
    head.put("datasources/" + dataSource + ".datasource", RESORTED);
    return Planned.plan(project(more), ProjectReader.read(head)).core().migrations();
  }

  private static List<String> said(List<Migration> migrations, String... more) {
    return FeedProof.of(Flow.of(project(more)), migrations).stream().map(Problem::message).toList();
  }

  @Test
  void aPlanFeedsEverythingOnceWithItsOwnPipesInPlace() {
    var forks = VIEW.replace("source", "source_1").replace("E target", "E target_1");
    var copy =
        "NODE n\nSQL >\n    SELECT at, id FROM source\n\nTYPE copy\nTARGET_DATASOURCE source_1\n";
    var sync = copy.replace("TYPE copy\nTARGET_", "TYPE materialized\n");
    var deployed =
        new String[] {
          "datasources/source_1.datasource", RESORTED,
          "datasources/target_1.datasource", TABLE,
          "pipes/view_1.pipe", forks,
          "pipes/sync_source_1.pipe", sync,
          "pipes/backfill_source_1.pipe", copy
        };

    assertThat(said(versioned("source"))).isEmpty();
    assertThat(said(versioned("source"), deployed)).isEmpty();
  }

  @Test
  void theForksOfASeamAreItsOwn() {
    var second = new String[] {"pipes/second_view.pipe", VIEW.replace("source", "second")};
    var migrations = versioned("target", second);

    assertThat(migrations).singleElement().matches(m -> m.seam().isPresent());
    assertThat(said(migrations, second)).isEmpty();
    assertThat(
            said(
                migrations,
                second[0],
                second[1],
                "datasources/target_1.datasource",
                RESORTED,
                "pipes/view_1.pipe",
                VIEW.replace("E target", "E target_1"),
                "pipes/second_view_1.pipe",
                VIEW.replace("source", "second").replace("E target", "E target_1")))
        .isEmpty();
  }

  @Test
  void aCopyOfTheAuthorIsNamedWithTheRowsItWouldDouble() {
    var mine =
        "NODE n\nSQL >\n    SELECT at, id FROM second\n\nTYPE copy\nTARGET_DATASOURCE target_1\n";

    assertThat(
            said(
                versioned("source"),
                "datasources/target_1.datasource",
                TABLE,
                "pipes/mine.pipe",
                mine))
        .containsExactly(
            "target_1 would get rows of view that are older than the cut by view_1 and by mine.",
            "target_1 would get rows of view that are newer than the cut by view_1 and by mine.");
  }

  @Test
  void aForkThatStandsWhereTheViewsRowsDontArriveFeedsNothing() {
    assertThat(said(versioned("source"), "pipes/view.pipe", VIEW.replace("source", "second")))
        .containsExactly(
            "Nothing would bring rows of view that are older than the cut into target_1.",
            "Nothing would bring rows of view that are newer than the cut into target_1.");
  }
}
