package dev.backfill.project;

import dev.backfill.sql.TablesRead;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.TreeMap;

/// Who feeds whom: what each Pipe reads, what triggers each materialized one, who writes into a
/// Data Source. Circles among Pipes are followed once.
public final class Lineage {

  /// A materialized Pipe's way from its trigger to its target.
  ///
  /// @param pipe name of the Pipe
  /// @param node name of its materialized node
  /// @param trigger leftmost table of the node's query, followed through the Pipe's own nodes and
  ///   through other Pipes: inserts into it start the view. A Data Source, if the project knows the
  ///   name; empty when a template or a table function stands there, or Pipes read in a circle
  /// @param through Pipes that the way leads through, nearest to the view first
  /// @param target Data Source it writes to
  public record Materialization(
      String pipe, String node, Optional<String> trigger, List<String> through, String target) {
    public Materialization {
      through = List.copyOf(through);
    }
  }

  private final Project project;
  private final Map<String, Materialization> materializations = new TreeMap<>();
  private final Map<String, SequencedSet<String>> tables = new HashMap<>();

  private Lineage(Project project) {
    this.project = project;
  }

  public static Lineage of(Project project) {
    var lineage = new Lineage(project);
    for (var pipe : project.pipes().values()) {
      lineage.tables.put(pipe.name(), lineage.leaves(pipe));
      pipe.writingNode()
          .filter(n -> n.kind() == Node.Kind.MATERIALIZED && n.target().isPresent())
          .ifPresent(n -> lineage.materializations.put(pipe.name(), lineage.follow(pipe, n)));
    }
    return lineage;
  }

  /// Every materialized Pipe with a target, by Pipe name.
  public List<Materialization> materializations() {
    return List.copyOf(materializations.values());
  }

  /// How a Pipe materializes, if it does.
  public Optional<Materialization> materialization(String pipe) {
    return Optional.ofNullable(materializations.get(pipe));
  }

  /// Materialized Pipes that an insert into this Data Source starts.
  public List<Pipe> triggeredBy(String dataSource) {
    return materializations.values().stream()
        .filter(m -> m.trigger().equals(Optional.of(dataSource)))
        .flatMap(m -> project.pipe(m.pipe()).stream())
        .toList();
  }

  /// Pipes that write into this Data Source, by materializing or copying.
  public List<Pipe> feeders(String dataSource) {
    return project.pipes().values().stream()
        .filter(p -> p.nodes().stream().anyMatch(n -> n.target().equals(Optional.of(dataSource))))
        .toList();
  }

  /// Pipes of any kind that read this Data Source in any node, directly or through other Pipes:
  /// endpoints, copies, sinks, plain Pipes, materialized ones that join it. Those it triggers
  /// aren't among them, even if they read it a second time.
  public List<Pipe> readers(String dataSource) {
    var triggered = new HashSet<>(triggeredBy(dataSource));
    return project.pipes().values().stream()
        .filter(p -> tablesOf(p.name()).contains(dataSource) && !triggered.contains(p))
        .toList();
  }

  /// Names of all tables that a Pipe's nodes read, other Pipes followed to the tables they read.
  /// Names the project doesn't know are among them.
  public SequencedSet<String> tablesOf(String pipe) {
    return tables.getOrDefault(pipe, Collections.emptyNavigableSet());
  }

  /// Pipes that read this Pipe by name.
  public List<Pipe> pipesOn(String pipe) {
    return project.pipes().values().stream()
        .filter(p -> p.nodes().stream().anyMatch(n -> n.reads().contains(pipe)))
        .toList();
  }

  /// The query of a Pipe's writing node (else of its result node) with the Pipe's other nodes put
  /// in as subqueries, so that it names only tables and other Pipes. A materialized view on it has
  /// the same trigger.
  ///
  /// @return empty when nodes read each other in a circle, are reached through a template
  ///   expression or `IN name`, a name would change its meaning, or the text grows out of bounds
  public Optional<String> selfContainedSql(Pipe pipe) {
    return new Inliner(project, false).inline(pipe);
  }

  /// Like [#selfContainedSql(Pipe)], with other Pipes put in too: the query names only tables.
  public Optional<String> standaloneSql(Pipe pipe) {
    return new Inliner(project, true).inline(pipe);
  }

  private SequencedSet<String> leaves(Pipe start) {
    var leaves = new LinkedHashSet<String>();
    var seen = new HashSet<String>();
    var open = new ArrayList<Pipe>(List.of(start));
    while (!open.isEmpty()) {
      var pipe = open.removeFirst();
      if (!seen.add(pipe.name())) {
        continue;
      }
      for (var node : pipe.nodes()) {
        for (var name : node.reads()) {
          project.pipe(name).ifPresentOrElse(open::add, () -> leaves.add(name));
        }
      }
    }
    return leaves;
  }

  private Materialization follow(Pipe pipe, Node writing) {
    var through = new ArrayList<String>();
    Set<String> seen = new HashSet<>();
    Optional<String> trigger = Optional.empty();
    var inPipe = pipe;
    var node = writing;
    boolean more = true;
    while (more && seen.add(inPipe.name() + "." + node.name())) {
      var table = trigger(node);
      var sibling = table.flatMap(sibling(inPipe, node));
      var other = table.flatMap(project::pipe);
      if (sibling.isPresent()) {
        node = sibling.get();
      } else if (other.isPresent()) {
        inPipe = other.get();
        through.add(inPipe.name());
        node = inPipe.resultNode();
      } else {
        trigger = table;
        more = false;
      }
    }
    return new Materialization(
        pipe.name(), writing.name(), trigger, through, writing.target().orElse(""));
  }

  private static java.util.function.Function<String, Optional<Node>> sibling(Pipe pipe, Node self) {
    return name -> pipe.node(name).filter(n -> !n.name().equals(self.name()));
  }

  private static Optional<String> trigger(Node node) {
    try {
      return TablesRead.of(node.sql()).trigger();
    } catch (IllegalArgumentException tooDeep) {
      return Optional.empty();
    }
  }
}
