package dev.backfill.journey;

import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import dev.backfill.project.ProjectReader;
import dev.backfill.revision.CommitId;
import dev.backfill.revision.jgit.JGitRevisions;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Reads a whole data project and says everything that is wrong with it.
public final class CheckJourney {
  private CheckJourney() {}

  /// What was found in one project.
  ///
  /// @param revision 40 hex digits, or `WORKTREE`
  /// @param problems by file and line
  public record Checked(
      String revision, String projectDir, int dataSources, int pipes, List<Problem> problems) {
    public Checked {
      problems = List.copyOf(problems);
    }

    /// Something is an error.
    public boolean broken() {
      return problems.stream().anyMatch(p -> p.severity() == Severity.ERROR);
    }
  }

  /// @param head revision; empty for the work tree
  public static List<Checked> check(Location where, Optional<String> head) {
    try (var revisions = JGitRevisions.open(where.repository(), where.fetching())) {
      Optional<CommitId> commit = head.map(revisions::resolve);
      return Sources.projectDirs(revisions, where, List.of(commit)).stream()
          .map(dir -> {
            var snapshot = Sources.snapshot(revisions, commit, dir);
            var project = ProjectReader.read(snapshot.files());
            var settings = Sources.settings(where, snapshot);
            return new Checked(
                snapshot.label(),
                dir,
                project.dataSources().size(),
                project.pipes().size(),
                Stream.concat(
                        Sources.problems(snapshot, project).stream(), settings.problems().stream())
                    .distinct()
                    .sorted(
                        Comparator.comparing((Problem p) -> p.place().file())
                            .thenComparingInt(p -> p.place().line())
                            .thenComparingInt(p -> p.place().column()))
                    .toList());
          })
          .toList();
    }
  }
}
