package dev.backfill.plan;

import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.Map;
import java.util.TreeMap;

/// A small web analytics project, and changes to it.
public final class Projects {
  private Projects() {}

  public static final String EVENTS =
      """
      SCHEMA >
          `timestamp` DateTime `json:$.timestamp`,
          `session_id` String `json:$.session_id`,
          `action` LowCardinality(String) `json:$.action`,
          `version` LowCardinality(String) `json:$.version`,
          `payload` String `json:$.payload`

      ENGINE "MergeTree"
      ENGINE_PARTITION_KEY "toYYYYMM(timestamp)"
      ENGINE_SORTING_KEY "timestamp"
      """;

  private static final Map<String, String> FILES =
      Map.of(
          "datasources/events.datasource",
          EVENTS,
          "pipes/hits.pipe",
          """
          NODE parsed
          SQL >
              SELECT timestamp, coalesce(session_id, '0') AS session_id,
                JSONExtractString(payload, 'pathname') AS pathname
              FROM events WHERE action = 'page_hit'

          NODE endpoint
          SQL >
              SELECT timestamp, session_id, pathname FROM parsed
          """,
          "datasources/pages_mv.datasource",
          """
          SCHEMA >
              `date` Date,
              `pathname` String,
              `visits` AggregateFunction(uniq, String),
              `hits` AggregateFunction(count)

          ENGINE "AggregatingMergeTree"
          ENGINE_PARTITION_KEY "toYYYYMM(date)"
          ENGINE_SORTING_KEY "date, pathname"
          """,
          "pipes/pages.pipe",
          """
          NODE by_page
          SQL >
              SELECT toDate(timestamp) AS date, pathname, uniqState(session_id) AS visits,
                countState() AS hits
              FROM hits GROUP BY date, pathname

          TYPE materialized
          DATASOURCE pages_mv
          """,
          "pipes/top_pages.pipe",
          """
          NODE endpoint
          SQL >
              SELECT pathname, countMerge(hits) AS hits FROM pages_mv GROUP BY pathname
          """,
          ".tinyenv",
          "VERSION=1.0.0\n");

  /// The project with some files replaced; path and text in turn, an empty text removes the file.
  public static Project with(String... files) {
    var all = new TreeMap<>(FILES);
    for (var i = 0; i < files.length; i += 2) {
      if (files[i + 1].isEmpty()) {
        all.remove(files[i]);
      } else {
        all.put(files[i], files[i + 1]);
      }
    }
    var project = ProjectReader.read(all);
    if (project.problems().stream()
        .anyMatch(p -> p.severity() == dev.backfill.problem.Severity.ERROR)) {
      throw new IllegalArgumentException(project.problems().toString());
    }
    return project;
  }

  /// The project with `events` edited by replacing text.
  public static Project events(String from, String to) {
    return edited("datasources/events.datasource", from, to);
  }

  /// The project with one file edited by replacing text.
  public static Project edited(String path, String from, String to) {
    var text = FILES.getOrDefault(path, "");
    if (!text.contains(from)) {
      throw new IllegalArgumentException(from + " isn't in " + path);
    }
    return with(path, text.replace(from, to));
  }

  /// The text of a file of a project.
  public static String text(Project project, String path) {
    return java.util.Objects.requireNonNull(project.files().get(path), path);
  }
}
