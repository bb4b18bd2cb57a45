package dev.backfill.emit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.plan.Projects;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The files of targets that are cut at a bucket.
class SeamTextsTest {
  private static final String LOOKUP =
      Projects.text(Projects.with(), "pipes/pages.pipe")
          .replace("FROM hits", "FROM hits WHERE pathname != (SELECT max(pathname) FROM hits)");
  private static final String RESORTED =
      Projects.EVENTS.replace("_KEY \"timestamp\"", "_KEY \"action, timestamp\"");

  /// A base and what the author makes of it.
  private record Change(Project base, Project head) {}

  private static Change change(String kind) {
    return switch (kind) {
      case "seam" ->
          new Change(
              Projects.with("pipes/pages.pipe", LOOKUP),
              Projects.with("pipes/pages.pipe", LOOKUP, "datasources/events.datasource", RESORTED));
      case "replay" ->
          new Change(
              Projects.with(),
              Projects.edited("pipes/pages.pipe", "FROM hits", "FROM hits WHERE pathname != ''"));
      case "several" -> {
        var app =
            Projects.text(Projects.with(), "pipes/pages.pipe").replace("FROM hits", "FROM app");
        yield new Change(
            Projects.with("pipes/app_pages.pipe", app, "datasources/app.datasource", APP),
            Projects.with(
                "pipes/app_pages.pipe",
                app,
                "datasources/app.datasource",
                APP,
                "datasources/events.datasource",
                RESORTED));
      }
      case "qualified" -> {
        var view = LOOKUP.replace("toDate(timestamp)", "toDate(hits.timestamp)");
        yield new Change(
            Projects.with("pipes/pages.pipe", view),
            Projects.with(
                "pipes/pages.pipe",
                view.replace("max(pathname)", "min(pathname)"),
                "datasources/pages_mv.datasource",
                Projects.text(Projects.with(), "datasources/pages_mv.datasource")
                    .replace("\"date, pathname\"", "\"pathname, date\"")));
      }
      default -> throw new IllegalArgumentException(kind);
    };
  }

  private static final String APP =
      """
      SCHEMA >
          `timestamp` DateTime64(3) `json:$.timestamp`,
          `session_id` String `json:$.session_id`,
          `pathname` String `json:$.pathname`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "timestamp"
      """;

  private static Plan plan(Change change, Optional<dev.backfill.plan.PlanCore> committed) {
    var request = PlanRequest.of(change.base(), change.head());
    var plan =
        Planner.plan(
            new PlanRequest(
                change.base(),
                change.head(),
                request.renames(),
                request.settings(),
                Optional.empty(),
                Optional.empty(),
                committed,
                Set.of(),
                Optional.empty(),
                Set.of()));
    assertThat(plan.obstacles()).isEmpty();
    assertThat(Emitter.obstacles(plan, change.base(), change.head())).isEmpty();
    return plan;
  }

  @ParameterizedTest
  @ValueSource(strings = {"seam", "replay", "several", "qualified"})
  void generatingAgainChangesNothingAndUndoingGivesTheAuthorsFilesBack(String kind) {
    var change = change(kind);
    var plan = plan(change, Optional.empty());
    var changes = Emitter.emit(plan, change.base(), change.head());
    var committed = Example.committed(plan.core(), changes);
    var head = Example.applied(new TreeMap<>(change.head().files()), changes);

    var undone = Undo.of(head, committed);

    assertThat(undone).isEqualTo(new TreeMap<>(change.head().files()));
    var author = new Change(change.base(), ProjectReader.read(undone));
    var again = plan(author, Optional.of(committed));
    assertThat(Example.applied(undone, Emitter.emit(again, author.base(), author.head())))
        .isEqualTo(head);
    assertThat(ProjectReader.read(head).problems()).isEmpty();
  }

  @Test
  void aForkReadsSomethingElseOnlyWhereItsQueryBegins() {
    var change = change("seam");
    var plan = plan(change, Optional.empty());

    var fork =
        Emitter.emit(plan, change.base(), change.head()).stream()
            .filter(f -> f.path().equals("pipes/pages_1.pipe"))
            .flatMap(f -> f.text().stream())
            .findFirst()
            .orElseThrow();

    assertThat(fork)
        .isEqualTo(
            """
            NODE backfill_cut
            SQL >
                SELECT *
                FROM `hits_1`
                WHERE CAST(toDate(timestamp), 'Date') > CAST(toDate(CAST(subtractSeconds((toDateTime('${BACKFILL_T_PAGES_MV_1}', 'UTC') AS backfill_cutover), 1), 'DateTime')), 'Date')

            NODE by_page
            SQL >
                SELECT toDate(timestamp) AS date, pathname, uniqState(session_id) AS visits,
                  countState() AS hits
                FROM backfill_cut AS `hits` WHERE pathname != (SELECT max(pathname) FROM hits) GROUP BY date, pathname

            TYPE materialized
            DATASOURCE pages_mv_1
            """);
  }
}
