package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.problem.Problem;
import dev.backfill.project.Project;
import org.junit.jupiter.api.Test;

/// How many Copy Pipes an account takes is met one by one, in the middle of a deployment.
class CopyPipesTest {
  private static final String SNAPSHOT =
      """
      NODE all
      SQL >
          SELECT timestamp FROM events

      TYPE COPY
      TARGET_DATASOURCE snapshots
      COPY_SCHEDULE @on-demand
      """;
  private static final String SNAPSHOTS =
      "SCHEMA >\n    `timestamp` DateTime\n\nENGINE MergeTree\nENGINE_SORTING_KEY timestamp\n";
  private static final Project BASE =
      Projects.with("pipes/snapshot.pipe", SNAPSHOT, "datasources/snapshots.datasource", SNAPSHOTS);

  private static Project head(String... filesAndTexts) {
    var all = new java.util.ArrayList<>(java.util.List.of(filesAndTexts));
    all.add("datasources/events.datasource");
    all.add(
        Projects.EVENTS.replace("SORTING_KEY \"timestamp\"", "SORTING_KEY \"action, timestamp\""));
    return Projects.with(all.toArray(String[]::new));
  }

  private static Project sorted() {
    return head("pipes/snapshot.pipe", SNAPSHOT, "datasources/snapshots.datasource", SNAPSHOTS);
  }

  @Test
  void onesTooManyAreRefusedBeforeTheMerge() {
    var plan = Planned.plan(BASE, sorted(), "copy-pipes: 1\n");

    assertThat(plan.obstacles())
        .singleElement()
        .satisfies(o -> {
          assertThat(o.code()).isEqualTo("copy_pipes_exceeded");
          assertThat(o.message()).contains("to 2 Copy Pipes, 1 of them for this plan");
        });
    assertThat(Planned.plan(BASE, sorted(), "copy-pipes: 2\n").obstacles()).isEmpty();
  }

  /// The client deletes last.
  @Test
  void whatTheSamePullRequestDeletesStillCounts() {
    var plan = Planned.plan(BASE, head(), "copy-pipes: 1\n");

    assertThat(plan.obstacles()).extracting(Problem::code).contains("copy_pipes_exceeded");
  }

  @Test
  void whereNobodySaidHowManyThereMayBeTheirNumberIsTold() {
    var told = Planned.plan(BASE, sorted());
    var alone = Planned.plan(Projects.with(), head());

    assertThat(told.evidence().get("events")).anyMatch(e -> e.contains("2 Copy Pipes"));
    assertThat(alone.evidence().get("events")).noneMatch(e -> e.contains("Copy Pipes"));
    assertThat(Planned.plan(BASE, sorted(), "copy-pipes: 9\n").evidence().get("events"))
        .noneMatch(e -> e.contains("Copy Pipes"));
  }
}
