package dev.backfill.change;

import dev.backfill.config.Settings;
import dev.backfill.plan.Projects;
import dev.backfill.problem.Problem;
import dev.backfill.project.Project;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Judgements of the small web analytics project, and what is asked of them.
final class Judged {
  static final Project BASE = Projects.with();

  /// `events` in another order: what a new version of it looks like.
  static final String TWIN =
      Projects.EVENTS.replace("KEY \"timestamp\"", "KEY \"action, timestamp\"");

  /// A view that brings every new row of `events` to `events_1`.
  static final String SYNC =
      """
      NODE sync
      SQL >
          SELECT timestamp, session_id, action, version, payload FROM events
          WHERE timestamp > '2030-01-01 00:00:00'

      TYPE materialized
      DATASOURCE events_1
      """;

  private Judged() {}

  static Judgement judge(Project base, Project head) {
    return Judge.judge(base, head, ProjectDiff.of(base, head, Map.of()), Settings.DEFAULTS);
  }

  /// The project with files replaced, then with more files replaced.
  static Project with(List<String> files, String... more) {
    var all = new ArrayList<>(files);
    all.addAll(List.of(more));
    return Projects.with(all.toArray(String[]::new));
  }

  static String text(String path) {
    return Projects.text(BASE, path);
  }

  static List<String> codes(Judgement judgement) {
    return judgement.warnings().stream().map(Problem::code).toList();
  }

  /// What one change asks for.
  static JudgedChange change(Judgement judgement, String kind) {
    return judgement.changes().stream()
        .filter(c -> c.kind().equals(kind))
        .findFirst()
        .orElseThrow(() -> new AssertionError(kind + " isn't in " + judgement.changes()));
  }
}
