package dev.backfill.revision;

import dev.backfill.problem.Problem;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/// The files of a data project at one revision.
///
/// @param label 40 hex digits, or `WORKTREE`
/// @param projectDir the project's folder in the repository, `.` for the root
/// @param files text by path relative to the project: datafiles and `.incl` files anywhere below
///   it, `.tinyenv`, `backfill.yml`, everything below `deploy/`, `scripts/*.sh`
/// @param executable paths whose executable bit is set
/// @param problems files that could not be read as text (invalid UTF-8, symlinks out of the
///   project, LFS pointers)
public record Snapshot(
    String label,
    String projectDir,
    SortedMap<String, String> files,
    Set<String> executable,
    List<Problem> problems) {
  public static final String WORKTREE = "WORKTREE";

  public Snapshot {
    files = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(files));
    executable = Set.copyOf(executable);
    problems = List.copyOf(problems);
  }
}
