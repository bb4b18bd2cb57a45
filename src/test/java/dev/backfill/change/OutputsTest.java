package dev.backfill.change;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.Projects;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which columns a query gives.
class OutputsTest {
  private static String outputs(String sql, String... files) {
    var all = new ArrayList<>(List.of("pipes/asked.pipe", "NODE n\nSQL >\n    " + sql + "\n"));
    all.addAll(List.of(files));
    var project = Projects.with(all.toArray(String[]::new));
    return Flow.of(project)
        .outputs(project.pipe("asked").orElseThrow())
        .map(o -> String.join(" ", o))
        .orElse("?");
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "SELECT action, lower(version) AS v FROM events | action v",
        "SELECT e.action FROM events AS e | action",
        "SELECT DISTINCT action FROM events | action",
        "SELECT if(1, (SELECT 1 AS x), [1, 2][1]) AS y FROM events | y",
        "WITH 1 AS one SELECT one AS two FROM events | two",
        "SELECT * FROM events | timestamp session_id action version payload",
        "SELECT *, 1 AS one FROM events | timestamp session_id action version payload one",
        "SELECT * FROM hits | timestamp session_id pathname",
        "SELECT * FROM events JOIN hits USING (session_id) | ?",
        "SELECT * FROM events UNION ALL SELECT * FROM events | ?",
        "SELECT * EXCEPT (action) FROM events | ?",
        "SELECT e.* FROM events AS e | ?",
        "SELECT * FROM elsewhere | ?",
        "SELECT lower(action) FROM events | ?",
        "SELECT COLUMNS('a') FROM events | ?",
        "SELECT action APPLY(lower) FROM events | ?",
        "SELECT 1 AS one | ?",
      })
  void columnsAreNamedOrNothingIsSaid(String sql, String outputs) {
    assertThat(outputs(sql)).isEqualTo(outputs);
  }

  @Test
  void computedColumnsAreNotInAStar() {
    assertThat(
            outputs(
                "SELECT * FROM days",
                "datasources/days.datasource",
                "SCHEMA >\n    `a` Date, `b` Date MATERIALIZED a\n\nENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"a\"\n"))
        .isEqualTo("a");
  }

  @Test
  void tagsAmongTheColumnsAreNotGuessed() {
    assertThat(outputs("%\n    SELECT action, {% if defined(x) %} 1 AS one {% end %} FROM events"))
        .isEqualTo("?");
    assertThat(outputs("%\n    SELECT action, {{Int8(x)}} AS one FROM events"))
        .isEqualTo("action one");
  }

  @Test
  void aStarIsFollowedThroughNodes() {
    assertThat(
            outputs(
                "SELECT * FROM last",
                "pipes/last.pipe",
                "NODE first\nSQL >\n    SELECT action AS a FROM events\n\nNODE second\nSQL >\n    SELECT *, 1 AS b FROM first\n"))
        .isEqualTo("a b");
  }
}
