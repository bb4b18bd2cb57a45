package dev.backfill.change;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.Projects;
import dev.backfill.project.Project;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Who uses a column: a drop that somebody notices too late stops production.
class UsageTest {
  private static Project project(String... pipes) {
    var files = new ArrayList<String>(List.of("pipes/hits.pipe", "", "pipes/pages.pipe", ""));
    for (var i = 0; i < pipes.length; i++) {
      files.add("pipes/p" + i + ".pipe");
      files.add(pipes[i].startsWith("NODE") ? pipes[i] : "NODE n\nSQL >\n    " + pipes[i] + "\n");
    }
    return Projects.with(files.toArray(String[]::new));
  }

  private static String into(String sql) {
    return "NODE n\nSQL >\n    " + sql + "\n\nTYPE materialized\nDATASOURCE pages_mv\n";
  }

  private static List<String> users(String... pipes) {
    return List.copyOf(Usage.of(Flow.of(project(pipes)), "events", "payload"));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "SELECT payload FROM events | true",
        "SELECT action FROM events WHERE payload = '' | true",
        "SELECT e.payload AS p FROM events AS e | true",
        "SELECT action FROM events | false",
        "SELECT payload FROM hits_of_others | false",
      })
  void aPipeThatNamesItUsesIt(String sql, boolean uses) {
    assertThat(users(sql)).isEqualTo(uses ? List.of("p0") : List.of());
  }

  @Test
  void aStarAloneUsesItOnlyWhereItIsStoredOrReadOn() {
    assertThat(users("SELECT * FROM events")).isEmpty();
    assertThat(users(into("SELECT * FROM events"))).containsExactly("p0");
    assertThat(users(into("SELECT e.* FROM events AS e"))).containsExactly("p0");
    assertThat(users("SELECT * FROM events", "SELECT payload FROM p0")).containsExactly("p1");
    assertThat(users("SELECT * FROM events", "SELECT action FROM p0")).isEmpty();
  }

  @Test
  void aNodeBehindAStarUsesIt() {
    assertThat(
            users(
                "NODE a\nSQL >\n    SELECT * FROM events\n\nNODE b\nSQL >\n    SELECT payload FROM a\n"))
        .containsExactly("p0");
    assertThat(
            users(
                "NODE a\nSQL >\n    SELECT * FROM events\n\nNODE b\nSQL >\n    SELECT action FROM a\n"))
        .isEmpty();
  }

  @Test
  void aNodeOfTheSameNameHidesTheDataSource() {
    assertThat(
            users(
                "NODE events\nSQL >\n    SELECT 1 AS payload\n\nNODE b\nSQL >\n    SELECT payload FROM events\n"))
        .isEmpty();
  }

  private static List<String> carried(String... pipes) {
    return List.copyOf(Usage.carriedTo(Flow.of(project(pipes)), "events", "payload"));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "SELECT payload AS pathname FROM events | true",
        "SELECT upper(payload) AS pathname FROM events | true",
        "SELECT * FROM events | true",
        "SELECT ifNull(payload, '') AS pathname FROM events | false",
        "SELECT coalesce(payload, '') AS pathname FROM events | false",
        "SELECT assumeNotNull(payload) AS pathname FROM events | false",
        "SELECT action AS pathname FROM events WHERE payload = '' | false",
      })
  void aViewThatDoesntGuardAgainstNullCarriesIt(String sql, boolean carries) {
    assertThat(carried(into(sql))).isEqualTo(carries ? List.of("pages_mv") : List.of());
    assertThat(carried(sql)).isEmpty();
  }

  @Test
  void itIsCarriedUnderTheNameItGets() {
    assertThat(carried("SELECT payload AS p FROM events", into("SELECT p AS pathname FROM p0")))
        .containsExactly("pages_mv");
    assertThat(carried("SELECT payload AS p FROM events", into("SELECT 1 AS pathname FROM p0")))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"MergeTree\"\nENGINE_SORTING_KEY \"k, lower(c)\"",
        "\"MergeTree\"\nENGINE_SORTING_KEY \"k\"\nENGINE_PARTITION_KEY \"c\"",
        "\"MergeTree\"\nENGINE_SORTING_KEY \"c, k\"\nENGINE_PRIMARY_KEY \"c\"",
        "\"MergeTree\"\nENGINE_SORTING_KEY \"k, c\"\nENGINE_SAMPLING_KEY \"c\"",
        "\"MergeTree\"\nENGINE_SORTING_KEY \"k\"\nENGINE_TTL \"k + toIntervalDay(c)\"",
        "\"ReplacingMergeTree\"\nENGINE_SORTING_KEY \"k\"\nENGINE_VER \"c\"",
        "\"ReplacingMergeTree\"\nENGINE_SORTING_KEY \"k\"\nENGINE_VER \"k\"\nENGINE_IS_DELETED \"c\"",
        "\"CollapsingMergeTree\"\nENGINE_SORTING_KEY \"k\"\nENGINE_SIGN \"c\"",
        "\"VersionedCollapsingMergeTree\"\nENGINE_SORTING_KEY \"k\"\nENGINE_SIGN \"k\"\nENGINE_VERSION \"c\"",
        "\"SummingMergeTree\"\nENGINE_SORTING_KEY \"k\"\nENGINE_COLUMNS \"c\"",
        "\"MergeTree\"\nENGINE_SORTING_KEY \"k\"\nINDEXES >\n    i c TYPE minmax GRANULARITY 1",
      })
  void theEngineUsesWhatItsOptionsName(String engine) {
    var schema = "SCHEMA >\n    `k` Date, `c` UInt8, `d` UInt8\n\nENGINE ";
    var source =
        Projects.with("datasources/things.datasource", schema + engine + "\n")
            .dataSource("things")
            .orElseThrow();

    assertThat(Usage.inEngine(source, "c")).isTrue();
    assertThat(Usage.inEngine(source, "d")).isFalse();
  }
}
