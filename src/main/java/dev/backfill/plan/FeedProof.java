package dev.backfill.plan;

import dev.backfill.change.Flow;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// Shows on the graph of a plan that every way by which rows came into an old Data Source leads
/// into its new version exactly once: once for what is older than the cut, once for what is newer.
final class FeedProof {
  private static final String INSERTS = "what is inserted";

  private final Flow flow;
  private final List<Migration> migrations;

  private FeedProof(Flow flow, List<Migration> migrations) {
    this.flow = flow;
    this.migrations = migrations;
  }

  /// Empty when no target is fed twice, or not at all, for any interval.
  ///
  /// @param flow of head as its author wrote it
  static List<Problem> of(Flow flow, List<Migration> migrations) {
    var proof = new FeedProof(flow, migrations);
    var out = new ArrayList<Problem>();
    migrations.forEach(m -> out.addAll(proof.of(m)));
    return List.copyOf(out);
  }

  /// Which rows of a way: those of the history feed or those of the live feed.
  private enum Side {
    OLDER,
    NEWER
  }

  private record Way(String name, Side side) {}

  private List<Problem> of(Migration m) {
    var views = ways(m);
    var fed = new LinkedHashMap<Way, List<String>>();
    for (var view : views) {
      for (var side : Side.values()) {
        fed.put(new Way(view, side), new ArrayList<>());
      }
    }
    live(m, views, fed);
    history(m, views, fed);
    for (var pipe : others(m)) {
      fed.values().forEach(by -> by.add(pipe));
    }
    var out = new ArrayList<Problem>();
    fed.forEach((way, by) -> {
      if (by.size() > 1) {
        out.add(
            problem(
                "fed_twice",
                m,
                "%s would get rows of %s that are %s than the cut by %s."
                    .formatted(
                        m.target(),
                        way.name(),
                        way.side() == Side.OLDER ? "older" : "newer",
                        String.join(" and by ", by))));
      } else if (by.isEmpty() && needed(m, way.side())) {
        out.add(
            problem(
                "not_fed",
                m,
                "Nothing would bring rows of %s that are %s than the cut into %s."
                    .formatted(
                        way.name(), way.side() == Side.OLDER ? "older" : "newer", m.target())));
      }
    });
    return out;
  }

  /// Where nobody asked for history, or the next load brings it.
  private static boolean needed(Migration m, Side side) {
    return side == Side.NEWER
        ? m.liveFeed().kind() != Feed.Live.Kind.NONE
        : m.historyFeed().kind() != Feed.History.Kind.NONE;
  }

  /// The views that fill the old Data Source; whoever inserts into it, where there is none.
  private Set<String> ways(Migration m) {
    var out = new TreeSet<String>();
    for (var pipe : flow.materializing(m.source())) {
      if (flow.origin(pipe).filter(o -> !versions().contains(o.table())).isPresent()) {
        out.add(pipe.name());
      }
    }
    return out.isEmpty() ? Set.of(INSERTS) : out;
  }

  private Set<String> versions() {
    var out = new HashSet<String>();
    migrations.forEach(m -> out.add(m.target()));
    return out;
  }

  private void live(Migration m, Set<String> ways, Map<Way, List<String>> fed) {
    switch (m.liveFeed().kind()) {
      case SYNC -> all(ways, Side.NEWER, m.liveFeed().pipe(), fed);
      case PRODUCERS -> all(ways, Side.NEWER, "its producers", fed);
      case NONE -> {}
      case FORK -> {
        if (m.seam().isPresent()) {
          for (var feeder : m.seam().get().feeders()) {
            one(feeder.view(), feeder.trigger(), Side.NEWER, feeder.fork(), fed);
          }
        } else {
          for (var way : ways) {
            one(way, m.trigger(), Side.NEWER, m.liveFeed().pipe(), fed);
          }
        }
      }
    }
  }

  private void history(Migration m, Set<String> ways, Map<Way, List<String>> fed) {
    var pipe = m.historyFeed().pipe();
    switch (m.historyFeed().kind()) {
      case COPY, POPULATE, SEAM -> all(ways, Side.OLDER, pipe, fed);
      case REPLAY -> {
        for (var feeder : m.seam().stream().flatMap(s -> s.feeders().stream()).toList()) {
          one(feeder.view(), feeder.trigger(), Side.OLDER, pipe, fed);
        }
      }
      case FORK -> {
        for (var way : ways) {
          // Only what a copy brings into the twin passes through.
          if (versions().contains(m.trigger())) {
            one(way, m.trigger(), Side.OLDER, pipe, fed);
          }
        }
      }
      case NONE -> {}
    }
  }

  private static void all(Set<String> ways, Side side, String by, Map<Way, List<String>> fed) {
    for (var way : ways) {
      fed.computeIfAbsent(new Way(way, side), w -> new ArrayList<>()).add(by);
    }
  }

  /// A fork stands for its view only where the rows of the view's origin arrive.
  private void one(String view, String trigger, Side side, String by, Map<Way, List<String>> fed) {
    var origin = flow.project().pipe(view).flatMap(flow::origin).map(Flow.Origin::table).orElse("");
    var there =
        trigger.equals(origin)
            || migrations.stream()
                .anyMatch(m -> m.source().equals(origin) && m.target().equals(trigger));
    if (there) {
      fed.computeIfAbsent(new Way(view, side), w -> new ArrayList<>()).add(by);
    }
  }

  /// Pipes of the author that write to the new version too.
  private List<String> others(Migration m) {
    var ours = new HashSet<String>();
    for (var o : migrations) {
      ours.add(o.liveFeed().pipe());
      ours.add(o.historyFeed().pipe());
      o.seam().ifPresent(s -> s.feeders().forEach(f -> ours.add(f.fork())));
    }
    return flow.project().pipes().values().stream()
        .filter(p -> p.nodes().stream().anyMatch(n -> writes(n, m.target())))
        .map(Pipe::name)
        .filter(n -> !ours.contains(n))
        .toList();
  }

  private static boolean writes(Node node, String target) {
    return node.target().filter(target::equals).isPresent()
        && (node.kind() == Node.Kind.MATERIALIZED || node.kind() == Node.Kind.COPY);
  }

  private Problem problem(String code, Migration m, String message) {
    var place =
        flow.project()
            .dataSource(m.source())
            .map(dev.backfill.project.DataSource::place)
            .orElse(Place.NOWHERE);
    return Problem.error(
        code, place, message, "Take out what feeds it besides, or do this migration by hand.");
  }
}
