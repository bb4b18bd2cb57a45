package dev.backfill.project;

import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import java.util.List;

/// What can only be seen with all files at hand: names that lead nowhere.
final class ProjectChecks {
  private final Project project;
  private final Names names;
  private final List<Problem> problems;

  ProjectChecks(Project project, Names names, List<Problem> problems) {
    this.project = project;
    this.names = names;
    this.problems = problems;
  }

  void check() {
    for (var pipe : project.pipes().values()) {
      for (var node : pipe.nodes()) {
        checkTarget(node);
        checkReads(pipe, node);
      }
    }
  }

  private void checkTarget(Node node) {
    if (node.target().isEmpty()) {
      return;
    }
    var target = node.target().get();
    boolean madeHere = node.kind() == Node.Kind.MATERIALIZED && !node.engine().isEmpty();
    if (project.dataSource(target).isPresent() || target.contains("$") || madeHere) {
      return;
    }
    problems.add(
        Problem.warning(
            "unknown_target",
            node.place(),
            "The node writes to `"
                + DataSourceReader.shortened(target)
                + "`, which is not a Data Source of this project.",
            "Add its file, or correct the name."));
  }

  private void checkReads(Pipe pipe, Node node) {
    for (var table : node.reads()) {
      if (table.equals(pipe.name()) && project.dataSource(table).isEmpty()) {
        problems.add(
            Problem.error(
                "reads_itself",
                node.sqlPlace(),
                "The Pipe reads from itself.",
                "Correct the name."));
      } else if (!names.known(table)
          && !legacy(table)
          && !table.contains("$")
          && !table.contains("{")) {
        problems.add(unknownTable(node.sqlPlace(), table));
      }
    }
  }

  /// `events__v3`, as the server calls `events` with `VERSION 3`.
  private boolean legacy(String table) {
    return Names.withoutVersion(table)
        .flatMap(project::dataSource)
        .filter(d -> table.equals(d.name() + "__v" + d.legacyVersion().orElse(-1)))
        .isPresent();
  }

  private static Problem unknownTable(Place place, String table) {
    return Problem.warning(
        "unknown_table",
        place,
        "`" + DataSourceReader.shortened(table) + "` is nothing this project defines.",
        "If it is in the workspace only, its history and feeds aren't known here.");
  }
}
