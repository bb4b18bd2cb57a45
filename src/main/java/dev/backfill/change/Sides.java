package dev.backfill.change;

import dev.backfill.config.Settings;
import dev.backfill.problem.Problem;
import dev.backfill.project.Column;
import dev.backfill.project.Project;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Both sides of a diff as the rules look at them, and what they have found so far.
final class Sides {
  final Flow base;
  final Flow head;
  final Settings settings;
  final List<Pair> pairsBefore;
  final List<Pair> pairsAfter;
  final Feeds feedsBefore;
  final Feeds feedsAfter;

  /// Data Sources whose changes no ALTER of the platform does.
  final Set<String> restructured = new HashSet<>();

  /// Data Sources whose VERSION is raised: the edited file means a new, empty one.
  final Set<String> anew = new HashSet<>();

  /// The author's own twin of each source.
  final Map<String, String> twins = new TreeMap<>();

  final List<Problem> warnings = new ArrayList<>();

  Sides(Project base, Project head, Settings settings) {
    this.base = Flow.of(base);
    this.head = Flow.of(head);
    this.settings = settings;
    pairsBefore = Pair.of(this.base);
    pairsAfter = Pair.of(this.head);
    feedsBefore = new Feeds(this.base, pairsBefore);
    feedsAfter = new Feeds(this.head, pairsAfter);
  }

  /// Whether keys, TTL, engine options or indexes of base name the column.
  boolean inKey(String dataSource, Column column) {
    return base.project()
        .dataSource(dataSource)
        .filter(d -> Usage.inEngine(d, column.name()))
        .isPresent();
  }

  /// Whether an ordinary Materialized View, not a migration's sync, fills it.
  boolean isViewTarget(String dataSource) {
    return viewTarget(base, pairsBefore, dataSource) || viewTarget(head, pairsAfter, dataSource);
  }

  private static boolean viewTarget(Flow flow, List<Pair> pairs, String dataSource) {
    return flow.materializing(dataSource).stream()
        .anyMatch(p ->
            pairs.stream().noneMatch(pair -> pair.pipe().equals(p.name()))
                && !flow.recovers(p)
                && flow.origin(p).flatMap(o -> Flow.behindRelease(o.table())).isEmpty());
  }

  boolean isMigrationPipe(String pipe) {
    return pairsBefore.stream().anyMatch(p -> p.pipe().equals(pipe))
        && pairsAfter.stream().anyMatch(p -> p.pipe().equals(pipe));
  }

  /// Whether both sides have a file of it.
  boolean defined(String dataSource) {
    return base.project().dataSource(dataSource).isPresent()
        && head.project().dataSource(dataSource).isPresent();
  }

  void warn(Problem problem) {
    warnings.add(problem);
  }
}
