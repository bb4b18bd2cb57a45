package dev.backfill.cli;

import dev.backfill.testing.TempRepository;
import java.nio.file.Path;

/// The specification's own example in a repository: base on `main`, the change in the work tree.
final class Analytics {
  static final String EVENTS =
      """
      SCHEMA >
          `timestamp` DateTime `json:$.timestamp`,
          `session_id` String `json:$.session_id`,
          `action` LowCardinality(String) `json:$.action`,
          `payload` String `json:$.payload`

      ENGINE "MergeTree"
      ENGINE_PARTITION_KEY "toYYYYMM(timestamp)"
      ENGINE_SORTING_KEY "timestamp"
      """;
  static final String CHANGED = EVENTS.replace("KEY \"timestamp\"", "KEY \"action, timestamp\"");

  private Analytics() {}

  static TempRepository base(Path folder) {
    return base(folder, "");
  }

  /// @param dir the project's folder with a slash at its end, or empty
  static TempRepository base(Path folder, String dir) {
    var repository = TempRepository.in(folder);
    repository.write(dir + "datasources/analytics_events.datasource", EVENTS);
    repository.write(
        dir + "pipes/top_actions.pipe",
        """
        NODE endpoint
        SQL >
            SELECT action, count() AS hits FROM analytics_events GROUP BY action

        TYPE endpoint
        """);
    repository.write(dir + ".tinyenv", "VERSION=0.0.0\n");
    repository.commit("base");
    return repository;
  }

  static TempRepository changed(Path folder) {
    var repository = base(folder);
    repository.write("datasources/analytics_events.datasource", CHANGED);
    return repository;
  }
}
