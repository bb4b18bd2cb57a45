package dev.backfill.change;

import static dev.backfill.change.Judged.BASE;
import static dev.backfill.change.Judged.SYNC;
import static dev.backfill.change.Judged.TWIN;
import static dev.backfill.change.Judged.codes;
import static dev.backfill.change.Judged.judge;
import static dev.backfill.change.Judged.text;
import static dev.backfill.change.Judged.with;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.Projects;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Views that are pointed elsewhere: which bring a row twice, which leave rows behind, which can't
/// be pushed at all.
class MovedViewsTest {
  private static final String PAGES = text("pipes/pages.pipe");
  private static final List<String> OTHER_TARGET =
      List.of("datasources/other_mv.datasource", text("datasources/pages_mv.datasource"));
  private static final List<String> TWINS =
      List.of(
          "datasources/events_1.datasource",
          TWIN,
          "pipes/pages.pipe",
          PAGES
              .replace("FROM hits", "FROM events")
              .replace("date, pathname,", "date, payload AS pathname,"));

  private static String pages(String from) {
    return TWINS.get(3).replace("FROM events", "FROM " + from);
  }

  @Test
  void aViewThatIsPointedAtATargetWhichGetsTheSameRowsIsRefused() {
    var elsewhere = PAGES.replace("DATASOURCE pages_mv", "DATASOURCE other_mv");
    var base = with(OTHER_TARGET, "pipes/again.pipe", elsewhere);
    var head = with(OTHER_TARGET, "pipes/again.pipe", PAGES);

    assertThat(judge(base, head).verdict()).isEqualTo(Verdict.REFUSE);
  }

  @Test
  void aViewThatIsEditedUntilItSelectsTheRowsOfAnotherIsRefused() {
    var base =
        Projects.with(
            "pipes/again.pipe", PAGES.replace("FROM hits", "FROM hits WHERE pathname = ''"));
    var head = Projects.with("pipes/again.pipe", PAGES);

    assertThat(judge(base, head).verdict()).isEqualTo(Verdict.REFUSE);
    assertThat(judge(head, head).changes()).isEmpty();
  }

  @Test
  void aNewViewThatSelectsMoreThanItsTargetHoldsIsRefused() {
    var head =
        with(
            OTHER_TARGET,
            "pipes/other.pipe",
            PAGES
                .replace("countState() AS hits", "countState() AS hits, 1 AS extra")
                .replace("DATASOURCE pages_mv", "DATASOURCE other_mv"));

    assertThat(judge(BASE, head).verdict()).isEqualTo(Verdict.REFUSE);
  }

  @Test
  void onlyColumnsThatCantFillThemselvesAreMissedInAView() {
    var target = text("datasources/pages_mv.datasource");
    var view = PAGES.replace("DATASOURCE pages_mv", "DATASOURCE other_mv");
    var filled =
        Projects.with(
            "datasources/other_mv.datasource",
            target.replace("`pathname` String,", "`pathname` String, `n` Nullable(UInt8),"),
            "pipes/other.pipe",
            view);
    var missed =
        Projects.with(
            "datasources/other_mv.datasource",
            target.replace("`pathname` String,", "`pathname` String, `n` UInt8,"),
            "pipes/other.pipe",
            view);

    assertThat(codes(judge(BASE, filled))).doesNotContain("view_leaves_columns");
    assertThat(codes(judge(BASE, missed))).contains("view_leaves_columns");
  }

  @Test
  void aViewThatMovesToTheOtherVersionKeepsItsRows() {
    var moved = judge(with(TWINS), with(TWINS, "pipes/pages.pipe", pages("events_1")));

    assertThat(moved.verdict()).isEqualTo(Verdict.NONE);
    assertThat(codes(moved)).containsExactly("view_moved");
  }

  @Test
  void aViewThatMovesToTheOtherVersionWithAnotherQueryIsVersioned() {
    var head = with(TWINS, "pipes/pages.pipe", pages("events_1 WHERE action != ''"));

    assertThat(judge(with(TWINS), head).verdict()).isEqualTo(Verdict.VERSION);
  }

  @Test
  void aViewThatMovesToAnotherDataSourceIsVersioned() {
    var shops = List.of("datasources/shops.datasource", Projects.EVENTS);
    var unlike =
        List.of(
            "datasources/events_2.datasource",
            """
            SCHEMA >
                `timestamp` DateTime `json:$.timestamp`,
                `session_id` String `json:$.session_id`,
                `payload` String `json:$.payload`,
                `a` String `json:$.a`,
                `b` String `json:$.b`,
                `c` String `json:$.c`,
                `d` String `json:$.d`

            ENGINE "MergeTree"
            ENGINE_SORTING_KEY "timestamp"
            """);

    assertThat(
            judge(
                    with(shops, "pipes/pages.pipe", pages("events")),
                    with(shops, "pipes/pages.pipe", pages("shops")))
                .verdict())
        .isEqualTo(Verdict.VERSION);
    assertThat(
            judge(
                    with(unlike, "pipes/pages.pipe", pages("events")),
                    with(unlike, "pipes/pages.pipe", pages("events_2")))
                .verdict())
        .isEqualTo(Verdict.VERSION);
  }

  @Test
  void aViewThatMovesToAVersionAddedInTheSamePullRequestLeavesItsRowsBehind() {
    var base = Projects.with("pipes/pages.pipe", pages("events"));
    var head = with(TWINS, "pipes/pages.pipe", pages("events_1"));

    assertThat(judge(base, head).verdict()).isEqualTo(Verdict.VERSION);
  }

  private static String joining(String... tables) {
    var from = new StringBuilder("FROM hits");
    for (var table : tables) {
      from.append(" JOIN ").append(table).append(" USING (session_id)");
    }
    return PAGES.replace("FROM hits", from);
  }

  @Test
  void aViewThatJoinsATableOfAnotherNameOrKindIsVersioned() {
    var files =
        List.of(
            "datasources/cities.datasource",
            Projects.EVENTS,
            "datasources/a_shops.datasource",
            Projects.EVENTS,
            "datasources/cities_1.datasource",
            "SCHEMA >\n    `session_id` String `json:$.s`, `a` String `json:$.a`, `b` String `json:$.b`\n\nENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"a\"\n");
    var base = with(files, "pipes/pages.pipe", joining("cities"));

    assertThat(judge(base, with(files, "pipes/pages.pipe", joining("a_shops"))).verdict())
        .isEqualTo(Verdict.VERSION);
    assertThat(judge(base, with(files, "pipes/pages.pipe", joining("cities_1"))).verdict())
        .isEqualTo(Verdict.VERSION);
  }

  @Test
  void aViewThatLeavesItsTargetForAVersionOfItThatTakesItsPlaceIsToldWhatStaysBehind() {
    var target = text("datasources/pages_mv.datasource");
    var moved = PAGES.replace("DATASOURCE pages_mv", "DATASOURCE pages_mv_1");
    var top = text("pipes/top_pages.pipe").replace("pages_mv", "pages_mv_1");
    var beside =
        Projects.with("datasources/pages_mv_1.datasource", target, "pipes/pages.pipe", moved);
    var instead =
        Projects.with(
            "datasources/pages_mv.datasource",
            "",
            "datasources/pages_mv_1.datasource",
            target,
            "pipes/pages.pipe",
            moved,
            "pipes/top_pages.pipe",
            top);

    assertThat(codes(judge(BASE, beside))).contains("old_target_frozen");
    assertThat(judge(BASE, beside).verdict()).isEqualTo(Verdict.ALREADY_VERSIONED);
    assertThat(judge(BASE, instead).verdict()).isEqualTo(Verdict.REFUSE);
  }

  @Test
  void onlyAViewThatGoesTakesRowsFromItsTarget() {
    var copy =
        PAGES
            .replace("TYPE materialized", "TYPE copy")
            .replace("DATASOURCE pages_mv", "TARGET_DATASOURCE other_mv");

    assertThat(codes(judge(with(OTHER_TARGET, "pipes/copy.pipe", copy), with(OTHER_TARGET))))
        .doesNotContain("feed_removed");
    assertThat(codes(judge(BASE, Projects.with("pipes/pages.pipe", "")))).contains("feed_removed");
  }

  @Test
  void aViewThroughAReleaseMovesNoRows() {
    var head =
        Projects.with(
            "datasources/events_1.datasource",
            TWIN,
            "pipes/sync.pipe",
            SYNC.replace("FROM events", "FROM live.events"));
    var judgement = judge(BASE, head);

    assertThat(codes(judgement)).contains("release_gone");
    assertThat(judgement.verdict()).isEqualTo(Verdict.NONE);
  }
}
