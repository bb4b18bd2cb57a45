package dev.backfill.change;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.Projects;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// When two queries select the same, as far as their text tells.
class MeaningTest {
  private static Optional<String> meaning(String cleaned, String outer) {
    return meaning(cleaned, outer, Map.of());
  }

  private static Optional<String> meaning(
      String cleaned, String outer, Map<String, String> renames) {
    var project =
        Projects.with(
            "pipes/cleaned.pipe", node(cleaned),
            "pipes/outer.pipe", node(outer));
    return Flow.of(project).meaning(project.pipe("outer").orElseThrow(), renames);
  }

  private static String node(String sql) {
    return "NODE n\nSQL >\n    " + sql + "\n";
  }

  @ParameterizedTest(name = "{0} and {1} in {2}: {3}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "SELECT action, version FROM events | SELECT version, action FROM events | SELECT action, version FROM cleaned | true",
        "SELECT action, version FROM events | SELECT action FROM events | SELECT action FROM cleaned | true",
        "SELECT action, version FROM events | SELECT action FROM events | SELECT action FROM cleaned WHERE version = 'a' | false",
        "SELECT action, version FROM events | SELECT action FROM events | SELECT * FROM cleaned | false",
        "SELECT action, version FROM events | SELECT action FROM events | SELECT DISTINCT * FROM cleaned | false",
        "SELECT action, version FROM events | SELECT action FROM events | SELECT i.* FROM cleaned AS i | false",
        "SELECT action, version FROM events | SELECT action FROM events | SELECT action, * FROM cleaned | false",
        "SELECT action, version FROM events | SELECT action FROM events | SELECT tuple(*) AS t FROM cleaned | false",
        "SELECT action, version FROM events | SELECT action FROM events | SELECT COLUMNS('a') FROM cleaned | false",
        "SELECT action, version FROM events | SELECT action FROM events | SELECT count(*) AS c, 2 * 3 AS d FROM cleaned WHERE action != '' | true",
        "SELECT action, lower(version) AS v, upper(v) AS w FROM events | SELECT action FROM events | SELECT action FROM cleaned | true",
        "SELECT action, lower(version) AS v, upper(v) AS w FROM events | SELECT action, upper(lower(version)) AS w FROM events | SELECT action, w FROM cleaned | false",
        "SELECT lower(version) AS v, upper(v) AS w FROM events | SELECT upper(version) AS v, upper(v) AS w FROM events | SELECT w FROM cleaned | false",
        "SELECT action, version FROM events WHERE version = '' | SELECT action FROM events WHERE version = '' | SELECT action FROM cleaned | false",
        "SELECT action, arrayJoin([1, 2]) AS n FROM events | SELECT action FROM events | SELECT action FROM cleaned | false",
        "SELECT DISTINCT action, version FROM events | SELECT DISTINCT action FROM events | SELECT action FROM cleaned | false",
        "SELECT action, count() AS n, max(version) AS m FROM events GROUP BY action | SELECT action, count() AS n FROM events GROUP BY action | SELECT n FROM cleaned | true",
        "SELECT count() AS n, max(version) AS m FROM events | SELECT count() AS n FROM events | SELECT n FROM cleaned | false",
        "SELECT lower(action) AS a, max(version) AS m FROM events GROUP BY action | SELECT lower(action) AS a FROM events GROUP BY action | SELECT a FROM cleaned | true",
        "SELECT action, version FROM events GROUP BY 1, 2 | SELECT version, action FROM events GROUP BY 1, 2 | SELECT action, version FROM cleaned | false",
        "SELECT action, version FROM events GROUP BY action, 2 | SELECT version, action FROM events GROUP BY action, 2 | SELECT action, version FROM cleaned | false",
        "SELECT action, version FROM events ORDER BY ALL | SELECT version, action FROM events ORDER BY ALL | SELECT action, version FROM cleaned | false",
        "SELECT action, version FROM events ORDER BY action LIMIT 1 | SELECT version, action FROM events ORDER BY action LIMIT 1 | SELECT action, version FROM cleaned | true",
        "SELECT action, version FROM events GROUP BY action, version HAVING max(1, 2) > 1 | SELECT version, action FROM events GROUP BY action, version HAVING max(1, 2) > 1 | SELECT action, version FROM cleaned | true",
        "SELECT action, version FROM events UNION ALL SELECT action, version FROM events | SELECT version, action FROM events UNION ALL SELECT action, version FROM events | SELECT action FROM cleaned | false",
        "SELECT action, version FROM events EXCEPT SELECT action, version FROM events | SELECT version, action FROM events EXCEPT SELECT action, version FROM events | SELECT action FROM cleaned | false",
        "SELECT action, version FROM events INTERSECT SELECT action, version FROM events | SELECT version, action FROM events INTERSECT SELECT action, version FROM events | SELECT action FROM cleaned | false",
        "SELECT action, version FROM events WHERE action IN (SELECT version FROM events) | SELECT version, action FROM events WHERE action IN (SELECT version FROM events) | SELECT action FROM cleaned | true",
        "SELECT [action, version] AS a FROM events | SELECT [version, action] AS a FROM events | SELECT a FROM cleaned | false",
        "SELECT action FROM events | SELECT action FROM events; | SELECT action FROM cleaned | true",
        "SELECT action FROM events -- first | SELECT action FROM events | SELECT action FROM cleaned | true",
      })
  void whatNobodyReadsAndTheOrderOfColumnsDontCount(
      String one, String other, String outer, boolean same) {
    assertThat(meaning(one, outer).equals(meaning(other, outer))).isEqualTo(same);
    assertThat(meaning(one, outer)).isPresent();
  }

  @Test
  void aTableMayGoByAnotherName() {
    var by = Map.of("events", "pages_mv");

    assertThat(meaning("SELECT action FROM events", "SELECT action FROM cleaned", by))
        .isEqualTo(meaning("SELECT action FROM pages_mv", "SELECT action FROM cleaned"))
        .isNotEqualTo(meaning("SELECT action FROM events", "SELECT action FROM cleaned"));
  }

  @Test
  void whatIsWrittenOutKeepsTheNamesThatAreUsed() {
    var project =
        Projects.with(
            "pipes/cleaned.pipe",
            node("SELECT action FROM events -- all"),
            "pipes/outer.pipe",
            """
            NODE first
            SQL >
                SELECT cleaned.action, i.action AS b FROM cleaned JOIN cleaned AS i USING (action)

            NODE second
            SQL >
                SELECT action FROM first;
            """);
    var flow = Flow.of(project);

    assertThat(flow.inlined(project.pipe("outer").orElseThrow(), Map.of("events", "events_1")))
        .contains(
            "SELECT action FROM (SELECT cleaned.action, i.action AS b FROM (SELECT action FROM"
                + " events_1 -- all\n) AS `cleaned` JOIN (SELECT action FROM events_1 -- all\n) AS i"
                + " USING (action)\n) AS `first`");
  }

  @Test
  void whatGrowsBeyondReasonHasNoMeaning() {
    var files = new ArrayList<String>();
    for (var i = 1; i <= 30; i++) {
      files.add("pipes/p" + i + ".pipe");
      files.add(
          node(
              "SELECT a.action AS action FROM p%1$d AS a JOIN p%1$d AS b USING (action)"
                  .formatted(i - 1)));
    }
    files.add("pipes/p0.pipe");
    files.add(node("SELECT action FROM events"));
    var project = Projects.with(files.toArray(String[]::new));
    var flow = Flow.of(project);

    assertThat(flow.meaning(project.pipe("p3").orElseThrow())).isPresent();
    assertThat(flow.meaning(project.pipe("p30").orElseThrow())).isEmpty();
    assertThat(flow.inlined(project.pipe("p30").orElseThrow(), Map.of())).isEmpty();
  }
}
