package dev.backfill.change;

import static dev.backfill.change.Judged.BASE;
import static dev.backfill.change.Judged.SYNC;
import static dev.backfill.change.Judged.TWIN;
import static dev.backfill.change.Judged.change;
import static dev.backfill.change.Judged.codes;
import static dev.backfill.change.Judged.judge;
import static dev.backfill.change.Judged.text;
import static dev.backfill.change.Judged.with;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.Projects;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What may be done to a Data Source while a migration of it is under way.
class LivePairTest {
  private static final List<String> PAIR =
      List.of("datasources/events_1.datasource", TWIN, "pipes/sync.pipe", SYNC);
  private static final String COPY =
      SYNC.replace("TYPE materialized\nDATASOURCE", "TYPE COPY\nTARGET_DATASOURCE");

  @Test
  void aSecondVersionOfItWaits() {
    assertThat(judge(with(PAIR), with(PAIR, "datasources/events_2.datasource", TWIN)).verdict())
        .isEqualTo(Verdict.REFUSE);
  }

  @Test
  void anotherConnectorWaits() {
    var s3 =
        "\nIMPORT_SERVICE s3\nIMPORT_CONNECTION_NAME c\nIMPORT_BUCKET_URI s3://a/*.csv\nIMPORT_SCHEDULE @auto\n";
    var base = with(PAIR, "datasources/events.datasource", Projects.EVENTS + s3);
    var head =
        with(PAIR, "datasources/events.datasource", Projects.EVENTS + s3.replace("//a", "//b"));

    assertThat(judge(base, head).verdict()).isEqualTo(Verdict.REFUSE);
  }

  @Test
  void anotherQueryOfTheViewThatFillsItWaits() {
    var pair =
        List.of(
            "datasources/pages_mv_1.datasource",
            text("datasources/pages_mv.datasource").replace("date, pathname", "pathname, date"),
            "pipes/sync_pages.pipe",
            """
            NODE sync
            SQL >
                SELECT date, pathname, visits, hits FROM pages_mv WHERE date > '2030-01-01'

            TYPE materialized
            DATASOURCE pages_mv_1
            """);
    var head =
        with(
            pair,
            "pipes/pages.pipe",
            text("pipes/pages.pipe").replace("FROM hits", "FROM hits WHERE 1"));

    assertThat(judge(with(pair), head).verdict()).isEqualTo(Verdict.REFUSE);
  }

  @Test
  void aColumnBecomesNullableInBothHalvesOrNotAtAll() {
    var from = "`version` LowCardinality(String)";
    var to = "`version` LowCardinality(Nullable(String))";
    var sync = SYNC.replace(" version,", " ifNull(version, '') AS version,");
    var base = with(PAIR, "pipes/sync.pipe", sync);
    var source =
        List.of(
            "datasources/events_1.datasource",
            TWIN,
            "pipes/sync.pipe",
            sync,
            "datasources/events.datasource",
            Projects.EVENTS.replace(from, to));
    var both = with(source, "datasources/events_1.datasource", TWIN.replace(from, to));

    assertThat(judge(base, both).verdict()).isEqualTo(Verdict.IN_PLACE);
    assertThat(judge(base, with(source)).verdict()).isEqualTo(Verdict.REFUSE);
  }

  @Test
  void aColumnOfOneNameAndTwoTypesIsntTheSameInBothHalves() {
    var at = "`payload` String";
    var head =
        with(
            PAIR,
            "datasources/events.datasource",
            Projects.EVENTS.replace(at, "`n` Nullable(String) `json:$.n`, " + at),
            "datasources/events_1.datasource",
            TWIN.replace(at, "`n` Nullable(UInt8) `json:$.n`, " + at),
            "pipes/sync.pipe",
            SYNC.replace("payload FROM", "payload, n FROM"));

    assertThat(judge(with(PAIR), head).verdict()).isEqualTo(Verdict.REFUSE);
  }

  @Test
  void aViewBesideItIsStillAView() {
    var head =
        with(
            PAIR,
            "datasources/pages_mv.datasource",
            text("datasources/pages_mv.datasource")
                .replace("`pathname` String,", "`pathname` String, `n` Nullable(String),"));

    assertThat(judge(with(PAIR), head).verdict()).isEqualTo(Verdict.VERSION);
  }

  @Test
  void theScheduleOfItsCopyIsItsOwn() {
    var scheduled = COPY + "COPY_SCHEDULE @on-demand\n";
    var base = with(PAIR, "pipes/copy.pipe", scheduled);
    var head = with(PAIR, "pipes/copy.pipe", scheduled.replace("@on-demand", "0 * * * *"));

    assertThat(judge(base, head).verdict()).isEqualTo(Verdict.ALREADY_VERSIONED);
  }

  @Test
  void aPipeThatBecomesOrStopsBeingPartOfItIsNamed() {
    var read = COPY.substring(0, COPY.indexOf("TYPE"));
    var reader = with(PAIR, "pipes/copy.pipe", read);
    var copy = with(PAIR, "pipes/copy.pipe", COPY);

    assertThat(codes(judge(reader, copy))).contains("pipe_role_changed");
    assertThat(codes(judge(copy, reader))).contains("pipe_role_changed");
  }

  @Test
  void itsSyncMayBePointedAtAThirdVersionOnlyByHand() {
    var files =
        List.of("datasources/events_1.datasource", TWIN, "datasources/events_2.datasource", TWIN);
    var head = with(files, "pipes/sync.pipe", SYNC.replace("events_1", "events_2"));

    assertThat(change(judge(with(files, "pipes/sync.pipe", SYNC), head), "target").reason())
        .contains("belongs to a migration");
  }

  @Test
  void theRowsOfAnotherDataSourceThatGoesAreNotInIt() {
    var extra = List.of("datasources/extra.datasource", Projects.EVENTS);
    var judgement = judge(with(PAIR, extra.get(0), extra.get(1)), with(PAIR));

    assertThat(codes(judgement)).containsExactly("data_removed");
  }

  @Test
  void aDataSourceOfAnyNameHoldsTheRowsThatAViewBroughtFromAnInstantOn() {
    var base =
        Projects.with(
            "datasources/landing.datasource",
            Projects.EVENTS,
            "datasources/kept.datasource",
            TWIN,
            "pipes/sync.pipe",
            SYNC.replace("FROM events", "FROM landing").replace("events_1", "kept"));

    var head = Projects.with("datasources/kept.datasource", TWIN);

    assertThat(codes(judge(base, head))).isEmpty();
    assertThat(judge(base, head).verdict()).isEqualTo(Verdict.CLEANUP);
    assertThat(judge(base, BASE).verdict()).isEqualTo(Verdict.CLEANUP);
    assertThat(codes(judge(base, BASE))).containsExactly("data_removed", "data_removed");
  }
}
