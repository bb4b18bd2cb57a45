package dev.backfill.change;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The bucket of a view's target, found in its query.
class DerivationTest {
  private static final String EVENTS =
      """
      SCHEMA >
          `ts` DateTime64(3),
          `day` Date,
          `id` String

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "ts"
      """;

  private static Project project(String view, String... between) {
    var files = new TreeMap<String, String>();
    files.put("datasources/events.datasource", EVENTS);
    files.put("datasources/names.datasource", EVENTS.replace("`ts`", "`since`"));
    files.put(
        "pipes/view.pipe", view.contains("NODE") ? view : "NODE view\nSQL >\n    " + view + "\n\n");
    for (var i = 0; i < between.length; i++) {
      files.put("pipes/between" + i + ".pipe", "NODE n\nSQL >\n    " + between[i] + "\n");
    }
    return ProjectReader.read(files);
  }

  private static String derived(Project project) {
    return Derivation.of(Flow.of(project), project.pipe("view").orElseThrow(), "bucket")
        .map(d -> d.entry() + ": " + d.overEntry() + " / " + d.column() + ": " + d.overTable())
        .orElse("nothing");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "SELECT toDate(ts) AS bucket FROM events | toDate(ts)",
        "SELECT toStartOfInterval(ts, INTERVAL 15 minute) bucket, id FROM events GROUP BY 1 | toStartOfInterval(ts, INTERVAL 15 minute)",
        "SELECT id, toStartOfMonth(e.day) AS bucket FROM events AS e | toStartOfMonth(day)",
        "SELECT *, date_trunc('hour', `ts`) AS bucket FROM events | date_trunc('hour', `ts`)",
        "SELECT toDate(ts) AS d, toStartOfMonth(d) AS bucket FROM events | toStartOfMonth(toDate(ts))",
        "SELECT ts::Date AS bucket FROM events | ((ts::Date))",
        "SELECT toDate(x) AS bucket FROM (SELECT ts - INTERVAL 6 HOUR AS x FROM events) | toDate(((ts - INTERVAL 6 HOUR)))",
        "SELECT ifNull(toDate(ts), toDate(0)) AS bucket FROM events JOIN names USING id | ifNull(toDate(ts), toDate(0))",
      })
  void isFollowedToTheColumnOfTheTable(String sql, String bucket) {
    var found = derived(project(sql));

    assertThat(found).startsWith("events: " + bucket + " / ").endsWith(": " + bucket);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "SELECT max(ts) AS bucket FROM events",
        "SELECT now() AS bucket FROM events",
        "SELECT toDate(ts) AS other FROM events",
        "SELECT toDate('2024-01-01') AS bucket FROM events",
        "SELECT toDate(since) AS bucket FROM events JOIN names USING id",
        "SELECT if(id = '', toDate(ts), day) AS bucket FROM events",
        "SELECT toDate(ts) AS bucket FROM events UNION ALL SELECT toDate(since) FROM names",
        "WITH e AS (SELECT * FROM events) SELECT toDate(ts) AS bucket FROM e",
        "SELECT toDate(ts) AS bucket FROM numbers(3)",
        "SELECT dateDiff('day', ts, day) AS bucket FROM events",
      })
  void whatOnlyTheEngineKnowsIsNotGuessed(String sql) {
    assertThat(derived(project(sql))).isEqualTo("nothing");
  }

  @Test
  void nodesAndPlainPipesBetweenAreWalkedThrough() {
    var view =
        """
        NODE first
        SQL >
            SELECT at, id FROM between0

        NODE second
        SQL >
            SELECT toStartOfHour(at) AS bucket, count() AS n FROM first GROUP BY bucket
        """;

    assertThat(derived(project(view, "SELECT toDateTime(ts) AS at, id FROM events")))
        .isEqualTo("between0: toStartOfHour(at) / ts: toStartOfHour(toDateTime(ts))");
    assertThat(
            derived(
                project(
                    view, "SELECT toDateTime(ts) AS at, id FROM between1", "SELECT * FROM events")))
        .isEqualTo("between0: toStartOfHour(at) / ts: toStartOfHour(toDateTime(`ts`))");
  }

  @Test
  void aNeighboursAliasIsPreferredToTheColumnAsTheEngineDoes() {
    assertThat(derived(project("SELECT toStartOfDay(ts) AS ts, toDate(ts) AS bucket FROM events")))
        .endsWith("ts: toDate(toStartOfDay(ts))");
  }
}
