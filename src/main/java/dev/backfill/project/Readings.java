package dev.backfill.project;

import dev.backfill.problem.Problem;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// Files that were read already, so that one that is the same in two revisions is parsed once. Not
/// for several threads.
public final class Readings {
  private final Map<File, Reading> known = new HashMap<>();

  private record File(String path, String text) {}

  /// What a file gave.
  ///
  /// @param asked names after which the project was asked, with its answers: in a project that
  ///   answers otherwise the same text means something else
  record Reading(
      Optional<DataSource> dataSource,
      Optional<Pipe> pipe,
      List<Problem> problems,
      Map<String, Boolean> asked) {
    Reading {
      problems = List.copyOf(problems);
      asked = Map.copyOf(asked);
    }
  }

  Reading of(String path, String text, Predicate<String> project, Supplier<Reading> read) {
    // what is included isn't known here
    if (text.toUpperCase(java.util.Locale.ROOT).contains("INCLUDE")) {
      return read.get();
    }
    var file = new File(path, text);
    var before = known.get(file);
    if (before != null
        && before.asked().entrySet().stream()
            .allMatch(a -> project.test(a.getKey()) == a.getValue())) {
      return before;
    }
    var now = read.get();
    known.put(file, now);
    return now;
  }
}
