package dev.backfill.report;

import dev.backfill.plan.Feed;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Reader;
import dev.backfill.project.Lineage;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// How rows flow around the Data Sources of a plan, before it and while it is carried out.
public record Dataflow(Graph before, Graph after) {

  /// Arrows between named things.
  public record Graph(Set<Box> boxes, Set<Arrow> arrows) {
    public Graph {
      boxes = java.util.Collections.unmodifiableSet(new LinkedHashSet<>(boxes));
      arrows = java.util.Collections.unmodifiableSet(new LinkedHashSet<>(arrows));
    }
  }

  /// What a box stands for.
  public enum Shape {
    PRODUCERS,
    DATA_SOURCE,
    NEW_DATA_SOURCE,
    READER
  }

  /// A thing that rows are in, come from or go to.
  public record Box(String name, Shape shape) {}

  /// A way that rows take.
  ///
  /// @param label the Pipe and what it lets through; may be empty
  /// @param history a copy job instead of a live feed
  public record Arrow(Box from, Box to, String label, boolean history) {}

  public static Dataflow of(Project base, PlanCore core, List<Reader> readers) {
    var lineage = Lineage.of(base);
    return new Dataflow(graph(lineage, core, readers, false), graph(lineage, core, readers, true));
  }

  private static Graph graph(
      Lineage base, PlanCore core, List<Reader> readers, boolean withTargets) {
    var boxes = new LinkedHashSet<Box>();
    var arrows = new LinkedHashSet<Arrow>();
    for (var migration : core.migrations()) {
      var source = new Box(migration.source(), Shape.DATA_SOURCE);
      boxes.add(source);
      if (migration.liveFeed().kind() != Feed.Live.Kind.FORK) {
        var feeders = feeders(base, migration.source());
        if (feeders.isEmpty()) {
          arrows.add(new Arrow(new Box("producers", Shape.PRODUCERS), source, "", false));
        }
      }
      for (var feeder : feeders(base, migration.source())) {
        for (var read : feeder.reads()) {
          arrows.add(new Arrow(new Box(read, Shape.DATA_SOURCE), source, feeder.pipe(), false));
        }
      }
      if (withTargets) {
        feeds(migration, source, arrows);
      }
    }
    for (var reader : readers) {
      for (var read : reader.reads()) {
        arrows.add(
            new Arrow(
                new Box(read, Shape.DATA_SOURCE),
                new Box(reader.resource(), Shape.READER),
                "",
                false));
      }
    }
    for (var arrow : arrows) {
      boxes.add(arrow.from());
      boxes.add(arrow.to());
    }
    return new Graph(boxes, arrows);
  }

  private static void feeds(Migration migration, Box source, Set<Arrow> arrows) {
    var target = new Box(migration.target(), Shape.NEW_DATA_SOURCE);
    var trigger =
        migration.liveFeed().kind() == Feed.Live.Kind.FORK
            ? new Box(migration.trigger(), Shape.NEW_DATA_SOURCE)
            : source;
    var before = label(migration, migration.historyFeed(), "before T");
    switch (migration.liveFeed().kind()) {
      case PRODUCERS ->
          arrows.add(new Arrow(new Box("producers", Shape.PRODUCERS), target, "", false));
      case NONE -> {}
      case SYNC, FORK ->
          arrows.add(
              new Arrow(trigger, target, label(migration, migration.liveFeed(), "from T"), false));
    }
    switch (migration.historyFeed().kind()) {
      case NONE, FORK -> {}
      case SEAM -> arrows.add(new Arrow(source, target, before, true));
      case COPY, REPLAY, POPULATE -> arrows.add(new Arrow(trigger, target, before, true));
    }
  }

  private static String label(Migration migration, Feed feed, String when) {
    return migration.timestamp().isPresent() ? feed.pipe() + ", " + when : feed.pipe();
  }

  private record Feeder(String pipe, List<String> reads) {}

  private static List<Feeder> feeders(Lineage lineage, String dataSource) {
    return lineage.feeders(dataSource).stream()
        .map(Pipe::name)
        .map(pipe ->
            lineage
                .materialization(pipe)
                .map(m ->
                    new Feeder(
                        m.through().isEmpty()
                            ? pipe
                            : pipe + ", through " + String.join(", ", m.through()),
                        m.trigger().stream().toList()))
                .orElseGet(() -> new Feeder(pipe, List.copyOf(lineage.tablesOf(pipe)))))
        .toList();
  }

  /// The text of a Mermaid diagram. Two graphs are two diagrams: two subgraphs in one come out in
  /// an order of Mermaid's own.
  static String mermaid(Graph graph) {
    var out = new StringBuilder("flowchart LR\n");
    var ids = new java.util.LinkedHashMap<Box, String>();
    for (var box : graph.boxes()) {
      var id = "n" + ids.size();
      ids.put(box, id);
      var label = Escape.mermaid(box.name());
      out.append("  ")
          .append(id)
          .append(
              switch (box.shape()) {
                case PRODUCERS -> "([" + label + "])";
                case DATA_SOURCE -> "[(" + label + ")]";
                case NEW_DATA_SOURCE -> "[(" + label + ")]:::new";
                case READER -> "[" + label + "]";
              })
          .append('\n');
    }
    for (var arrow : graph.arrows()) {
      out.append("  ")
          .append(ids.get(arrow.from()))
          .append(arrow.history() ? " -.->" : " -->")
          .append(arrow.label().isEmpty() ? "" : "|" + Escape.mermaid(arrow.label()) + "|")
          .append(' ')
          .append(ids.get(arrow.to()))
          .append('\n');
    }
    return out.append("  classDef new stroke-width:3px\n").toString();
  }
}
