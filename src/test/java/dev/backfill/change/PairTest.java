package dev.backfill.change;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.Projects;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which two Data Sources are versions of each other.
class PairTest {
  @ParameterizedTest(name = "{0} and {1}: {2}")
  @CsvSource({
    "events, events_1, true",
    "events, events1, true",
    "events, events_v2, true",
    "events, events_new, true",
    "events, events_backup, true",
    "events, new_events, true",
    "events, old_events, true",
    "events, my_events, false",
    "events, events_daily, false",
    "events, events_1_daily, false",
    "events, event, false",
    "events, events, false",
    "events_1, events_2, false",
    "events_1, events_12, true",
  })
  void aVersionIsTheNameWithAVersionBehindOrBeforeIt(String a, String b, boolean related) {
    assertThat(Pair.related(a, b)).isEqualTo(related);
    assertThat(Pair.related(b, a)).isEqualTo(related);
  }

  @ParameterizedTest(name = "{0} of {1} and {2}: {3}")
  @CsvSource({
    "2, 4, 4, true",
    "1, 4, 4, false",
    "2, 2, 4, true",
    "2, 4, 2, true",
    "2, 2, 5, false"
  })
  void halfOfTheColumnsAreAlike(int common, int first, int second, boolean alike) {
    var project =
        Projects.with(
            "datasources/one.datasource", columns("a", common, first),
            "datasources/two.datasource", columns("b", common, second));

    assertThat(
            Pair.alike(
                project.dataSource("one").orElseThrow(), project.dataSource("two").orElseThrow()))
        .isEqualTo(alike);
  }

  private static String columns(String own, int common, int all) {
    var out = new StringBuilder("SCHEMA >\n");
    for (var i = 0; i < all; i++) {
      out.append("    `").append(i < common ? "c" : own).append(i).append("` UInt8");
      out.append(i + 1 < all ? ",\n" : "\n\nENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"c0\"\n");
    }
    return out.toString();
  }

  private static final String ALL = "timestamp, session_id, action, version, payload";

  private static List<Pair> pairs(String target, String sql, String type) {
    var directive = type.equals("copy") ? "TARGET_DATASOURCE" : "DATASOURCE";
    var project =
        Projects.with(
            "datasources/" + target + ".datasource",
            Projects.EVENTS,
            "pipes/sync.pipe",
            "NODE n\nSQL >\n    %s\n\nTYPE %s\n%s %s\n".formatted(sql, type, directive, target));
    return Pair.of(Flow.of(project));
  }

  @ParameterizedTest(name = "{0} {1}: {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "events_1 | FROM events | true",
        "events_1 | FROM events GROUP BY ALL | false",
        "events_new | FROM events GROUP BY ALL | true",
        "events_1 | FROM events UNION ALL SELECT * FROM events | false",
        "events_1 | FROM events JOIN pages_mv ON pathname = action | false",
        "kept | FROM events | false",
        "kept | FROM events WHERE timestamp > '2031-05-01 12:00:00' | true",
        "kept | FROM events WHERE timestamp > '2031-05-01T12:00:00' | true",
        "kept | FROM events WHERE timestamp > '${T}' | true",
        "kept | FROM events WHERE timestamp > '2031-05-01' | false",
        "kept | FROM events WHERE action = 'x' | false",
        "kept | FROM events WHERE timestamp > '2031-05-01 12:00:00' GROUP BY ALL | false",
      })
  void aViewThatBringsRowsOverOneByOneMakesAPair(String target, String from, boolean pair) {
    assertThat(pairs(target, "SELECT " + ALL + " " + from, "materialized"))
        .isEqualTo(pair ? List.of(new Pair("events", target, "sync", true, false)) : List.of());
  }

  @Test
  void aCopyMakesAPairByItsNamesOnly() {
    var cut = "SELECT " + ALL + " FROM events WHERE timestamp < '2031-05-01 12:00:00'";

    assertThat(pairs("events_1", cut, "copy"))
        .containsExactly(new Pair("events", "events_1", "sync", false, false));
    assertThat(pairs("kept", cut, "copy")).isEmpty();
    assertThat(pairs("events_1", "SELECT DISTINCT " + ALL + " FROM events", "copy")).isEmpty();
    assertThat(pairs("events_1", "SELECT " + ALL + " FROM events_1", "copy")).isEmpty();
    assertThat(pairs("events_1", "SELECT " + ALL + " FROM elsewhere", "copy")).isEmpty();
  }

  @Test
  void aReleaseIsKnownByItsNameOnly() {
    assertThat(pairs("events_1", "SELECT " + ALL + " FROM live.events", "materialized"))
        .containsExactly(new Pair("events", "events_1", "sync", true, true));
    assertThat(pairs("events_1", "SELECT " + ALL + " FROM v1_0_1.events_1", "materialized"))
        .containsExactly(new Pair("events_1", "events_1", "sync", true, true));
    assertThat(pairs("events_1", "SELECT " + ALL + " FROM live.hits", "materialized")).isEmpty();
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "FROM events | true",
        "FROM events WHERE timestamp > '2031-05-01 12:00:00' | true",
        "FROM events WHERE action = 'x' | false",
        "FROM events PREWHERE action = 'x' | false",
        "FROM events LIMIT 5 | false",
        "FROM events GROUP BY ALL | false",
        "FROM elsewhere | false",
      })
  void aViewWithoutAConditionCarriesEverything(String from, boolean all) {
    var project =
        Projects.with(
            "datasources/kept.datasource",
            Projects.EVENTS,
            "pipes/sync.pipe",
            "NODE n\nSQL >\n    SELECT %s %s\n\nTYPE materialized\nDATASOURCE kept\n"
                .formatted(ALL, from));

    assertThat(Pair.carriesAll(Flow.of(project), project.pipe("sync").orElseThrow()))
        .isEqualTo(all);
  }

  @Test
  void aTargetThatLacksAColumnOrATemplateDoesntHoldEverything() {
    var sync = "NODE n\nSQL >\n    SELECT * FROM events\n\nTYPE materialized\nDATASOURCE kept\n";
    var less =
        Projects.with(
            "datasources/kept.datasource",
            Projects.EVENTS.replace("    `version` LowCardinality(String) `json:$.version`,\n", ""),
            "pipes/sync.pipe",
            sync);
    var template =
        Projects.with(
            "datasources/kept.datasource",
            Projects.EVENTS,
            "pipes/sync.pipe",
            sync.replace("SQL >\n", "SQL >\n    %\n"));

    for (var project : List.of(less, template)) {
      assertThat(Pair.carriesAll(Flow.of(project), project.pipe("sync").orElseThrow())).isFalse();
    }
  }
}
