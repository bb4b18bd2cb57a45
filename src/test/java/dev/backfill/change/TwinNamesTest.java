package dev.backfill.change;

import static dev.backfill.change.Judged.BASE;
import static dev.backfill.change.Judged.SYNC;
import static dev.backfill.change.Judged.TWIN;
import static dev.backfill.change.Judged.codes;
import static dev.backfill.change.Judged.judge;
import static dev.backfill.change.Judged.with;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.Projects;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Which new Data Source is taken for a new version of an old one.
class TwinNamesTest {
  private static final String COPY =
      SYNC.replace("TYPE materialized\nDATASOURCE", "TYPE COPY\nTARGET_DATASOURCE");

  @ParameterizedTest
  @ValueSource(strings = {"events_1", "events1", "events_v2", "events_new"})
  void aVersionHasItsNumberBehindTheName(String name) {
    assertThat(judge(BASE, Projects.with("datasources/" + name + ".datasource", TWIN)).twins())
        .containsEntry("events", name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"events_archive", "eventsource", "events_1_archive", "old_events"})
  void anotherWordMakesAnotherDataSource(String name) {
    assertThat(judge(BASE, Projects.with("datasources/" + name + ".datasource", TWIN)).verdict())
        .isEqualTo(Verdict.NONE);
  }

  @ParameterizedTest(name = "{0} beside log1: {1}")
  @CsvSource({"log12, none", "log1_2, version", "log1_v2, version"})
  void aNameThatEndsInADigitIsCountedOnOnlyBehindAnUnderscore(String name, String verdict) {
    var log = List.of("datasources/log1.datasource", Projects.EVENTS);

    assertThat(judge(with(log), with(log, "datasources/" + name + ".datasource", TWIN)).verdict())
        .hasToString(verdict);
  }

  @Test
  void earlierVersionsAreNoSiblings() {
    var copied = List.of("datasources/events_1.datasource", TWIN, "pipes/copy.pipe", COPY);
    var head = with(copied, "datasources/events_2.datasource", TWIN);

    assertThat(judge(with(copied), head).twins()).containsEntry("events", "events_2");
    assertThat(codes(judge(with(copied), head))).isEmpty();
  }

  @Test
  void aTwinWhoseOriginalGoesIsNone() {
    var base = Projects.with("datasources/extra.datasource", Projects.EVENTS);

    assertThat(judge(base, Projects.with("datasources/extra_1.datasource", TWIN)).twins())
        .isEmpty();
  }

  @Test
  void aTwinThatAPipeFillsFromElsewhereIsNone() {
    var head =
        Projects.with(
            "datasources/events_1.datasource",
            TWIN,
            "pipes/fill.pipe",
            """
            NODE n
            SQL >
                SELECT now() AS timestamp, pathname AS session_id, '' AS action, '' AS version,
                  '' AS payload FROM pages_mv

            TYPE copy
            TARGET_DATASOURCE events_1
            """);

    assertThat(judge(BASE, head).verdict()).isEqualTo(Verdict.NONE);
    assertThat(codes(judge(BASE, head))).doesNotContain("pair_reads_its_target");
  }

  @Test
  void aViewForAnotherKeyIsNoVersionWhenItsReadersAreNew() {
    var files =
        List.of(
            "datasources/by_session.datasource",
            Projects.EVENTS.replace("KEY \"timestamp\"", "KEY \"session_id\""),
            "pipes/all.pipe",
            SYNC.replace("events_1", "by_session")
                .replace("    WHERE timestamp > '2030-01-01 00:00:00'\n", ""));
    var reader = "NODE n\nSQL >\n    SELECT count() AS c FROM ";
    var base = Projects.with("pipes/reader.pipe", reader + "pages_mv\n");

    assertThat(judge(base, with(files, "pipes/reader.pipe", reader + "by_session\n")).verdict())
        .isEqualTo(Verdict.NONE);
  }

  @Test
  void whatGoesIsOnlyReplacedByWhatIsLikeIt() {
    var base = Projects.with("datasources/extra.datasource", Projects.EVENTS);
    var unlike =
        "SCHEMA >\n    `a` String `json:$.a`\n\nENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"a\"\n";

    assertThat(judge(base, Projects.with("datasources/cities.datasource", unlike)).verdict())
        .isEqualTo(Verdict.CLEANUP);
    assertThat(judge(base, Projects.with("datasources/extra_new.datasource", unlike)).verdict())
        .isEqualTo(Verdict.REFUSE);
    assertThat(judge(base, Projects.with("datasources/cities.datasource", TWIN)).verdict())
        .isEqualTo(Verdict.REFUSE);
  }
}
