package dev.backfill.plan;

import dev.backfill.project.Project;
import java.util.Collection;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/// Free names. Data Sources and Pipes share one namespace; upper and lower case count as equal, so
/// that neither files nor variables of two targets can be the same.
final class Names {
  private final Set<String> taken = new HashSet<>();

  /// @param ours names that a committed plan already holds; they stay free for it
  Names(Project base, Project head, Collection<String> workspace, Collection<String> ours) {
    workspace.forEach(this::take);
    ours.forEach(n -> taken.remove(n.toLowerCase(Locale.ROOT)));
    base.dataSources().keySet().forEach(this::take);
    base.pipes().keySet().forEach(this::take);
    head.dataSources().keySet().forEach(this::take);
    head.pipes().keySet().forEach(this::take);
  }

  /// `<name>_<n>` with the first free n.
  String version(String name) {
    for (var n = 1; ; n++) {
      var candidate = name + "_" + n;
      if (take(candidate)) {
        return candidate;
      }
    }
  }

  /// The name itself, or with the first free number behind it.
  String free(String name) {
    return take(name) ? name : version(name);
  }

  /// Marks a name as taken.
  ///
  /// @return whether it was free
  boolean take(String name) {
    return taken.add(name.toLowerCase(Locale.ROOT));
  }
}
