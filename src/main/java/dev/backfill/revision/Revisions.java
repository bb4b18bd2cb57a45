package dev.backfill.revision;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/// A git repository, read only. Never runs hooks, filters or a git binary, never follows a symlink
/// out.
public interface Revisions extends AutoCloseable {

  /// The work tree's root.
  Path root();

  /// A branch, tag, or commit id (also abbreviated, `HEAD~1`, `origin/main`).
  ///
  /// @throws dev.backfill.failure.Failure.Usage when there is no such revision; says what to fetch
  ///   in a shallow clone
  CommitId resolve(String revision);

  /// Where two lines of history parted.
  ///
  /// @throws dev.backfill.failure.Failure.Usage when they have no common commit, or a shallow clone
  ///   hides it
  CommitId mergeBase(CommitId one, CommitId other);

  /// The newest commit, down from one, that changed a file; empty when none did, or when a shallow
  /// clone hides which one.
  ///
  /// @param path from the root of the repository
  Optional<CommitId> lastChange(CommitId from, String path);

  /// The revision to compare with when nobody said: `origin/HEAD`, else `main`, else `master`.
  Optional<CommitId> mainLine();

  /// Folders that hold a data project (a `.datasource` or `.pipe` file in the places the client
  /// looks at), sorted.
  ///
  /// @param commit empty for the work tree
  List<String> projectDirs(Optional<CommitId> commit);

  /// The project's files at a commit; an absent folder gives no files.
  Snapshot at(CommitId commit, String projectDir);

  /// The project's files as they lie on disk, ignored ones (`.gitignore`) left out.
  Snapshot worktree(String projectDir);

  /// Texts of the repository's CI by path: GitHub's workflows and GitLab's file, at a commit or,
  /// when empty, in the work tree. What isn't a readable text file isn't there.
  SortedMap<String, String> workflows(Optional<CommitId> commit);

  /// Renames git sees between two revisions of a project, old path to new, relative to the project.
  ///
  /// @param head empty for the work tree
  List<Rename> renames(CommitId base, Optional<CommitId> head, String projectDir);

  /// A file that git takes for renamed.
  record Rename(String from, String to) {}

  @Override
  void close();
}
