package dev.backfill.project;

import dev.backfill.problem.Problem;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// A data project at one revision.
///
/// @param dataSources by name
/// @param pipes by name
/// @param problems what was found while reading it; a project with an ERROR isn't planned
/// @param files text of every file that was read, by path relative to the project; datafiles,
///   `.tinyenv`, scripts
public record Project(
    SortedMap<String, DataSource> dataSources,
    SortedMap<String, Pipe> pipes,
    List<Problem> problems,
    SortedMap<String, String> files) {

  public Project {
    dataSources = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(dataSources));
    pipes = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(pipes));
    problems = List.copyOf(problems);
    files = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(files));
  }

  /// A project without resources: what a revision that predates it holds.
  public static Project empty() {
    return new Project(new TreeMap<>(), new TreeMap<>(), List.of(), new TreeMap<>());
  }

  public Optional<DataSource> dataSource(String name) {
    return Optional.ofNullable(dataSources.get(name));
  }

  public Optional<Pipe> pipe(String name) {
    return Optional.ofNullable(pipes.get(name));
  }

  /// Values of `.tinyenv`, unquoted; lines that aren't plain `KEY=value` are left out.
  public Map<String, String> tinyenv() {
    return Tinyenv.parse(files.getOrDefault(".tinyenv", ""));
  }
}
