package dev.backfill.change;

import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// How Materialized Views share their targets: which brings the rows before an instant, which are
/// versions of each other, which bring the same rows twice.
final class Feeds {
  private final Flow flow;
  private final Map<String, String> twins;

  /// View to the one beside it that brings the rows from the instant on.
  private final Map<String, String> history = new TreeMap<>();

  /// Target of a view to the older target that it is a version of.
  private final Map<String, String> older = new TreeMap<>();

  private final Map<String, Optional<Cuts>> cuts = new TreeMap<>();

  /// @param pairs of the same project
  Feeds(Flow flow, Iterable<Pair> pairs) {
    this.flow = flow;
    twins = new TreeMap<>();
    for (var pair : pairs) {
      if (pair.live() && !pair.release()) {
        twins.put(pair.target(), pair.source());
      }
    }
    var targets =
        flow.project().pipes().values().stream()
            .filter(p -> p.is(Node.Kind.MATERIALIZED))
            .collect(Collectors.groupingBy(Feeds::target, TreeMap::new, Collectors.toList()));
    for (var views : targets.values()) {
      for (var view : views) {
        for (var other : views) {
          if (!view.equals(other) && splits(view, other)) {
            history.put(view.name(), other.name());
          }
        }
      }
    }
    for (var name : targets.keySet()) {
      for (var shorter : targets.keySet()) {
        if (shorter.length() < name.length() && versions(shorter, name)) {
          older.put(name, shorter);
        }
      }
    }
  }

  private static String target(Pipe view) {
    return view.writingNode().flatMap(Node::target).orElse("");
  }

  private boolean versions(String old, String name) {
    var a = flow.project().dataSource(old);
    var b = flow.project().dataSource(name);
    return a.isPresent() && b.isPresent() && versions(a.get(), b.get());
  }

  static boolean versions(DataSource a, DataSource b) {
    return Pair.related(a.name(), b.name()) && Pair.alike(a, b);
  }

  private boolean splits(Pipe view, Pipe other) {
    var a = cuts(view);
    var b = cuts(other);
    return a.isPresent()
        && b.isPresent()
        && a.get().rest().equals(b.get().rest())
        && a.get().upTo()
        && a.get().apart(b.get());
  }

  /// What a view selects, of the old half where it reads the new one.
  private Optional<Cuts> cuts(Pipe view) {
    return cuts.computeIfAbsent(view.name(), _ -> flow.meaning(view, twins).map(Cuts::of));
  }

  /// Whether the view only brings the rows before an instant, beside one that brings the others.
  boolean isHistory(String view) {
    return history.containsKey(view);
  }

  /// Whether the view is one of two that share a target's rows by an instant.
  boolean isSplit(String view) {
    return history.containsKey(view) || history.containsValue(view);
  }

  /// Whether the view fills a newer version of another view's target.
  boolean isVersion(Pipe view) {
    return older.containsKey(target(view));
  }

  /// A view that brings the same rows into the same target, with nothing to keep them apart.
  Optional<Pipe> doubling(Pipe view) {
    return flow.materializing(target(view)).stream()
        .filter(o -> !o.name().equals(view.name()))
        .filter(o -> doubles(view, o))
        .findFirst();
  }

  private boolean doubles(Pipe view, Pipe other) {
    var a = cuts(view);
    var b = cuts(other);
    return a.isPresent()
        && b.isPresent()
        && a.get().rest().equals(b.get().rest())
        && !a.get().apart(b.get());
  }
}
