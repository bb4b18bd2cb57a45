package dev.backfill.change;

import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import dev.backfill.sql.Quote;
import dev.backfill.sql.SqlText;
import dev.backfill.sql.TablesRead;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Where rows flow in a project: which Data Source starts a Pipe, through which plain Pipes, and
/// what its SQL is once everything between is written out.
public final class Flow {
  private static final int MAX_DEPTH = 40;
  private static final int MAX_LENGTH = 1_000_000;
  private static final Pattern LEGACY = Pattern.compile("(.+)__v([0-9]{1,6})");
  private static final Pattern RELEASE =
      Pattern.compile("(live|v[0-9]+_[0-9]+_[0-9]+(_[0-9]+)?)\\.(.+)");

  private final Project project;
  private final Map<String, TablesRead> read = new HashMap<>();
  // a question about one name is asked for each of thousands of resources, so answers are kept
  private final Map<String, Set<String>> named = new HashMap<>();
  private final Map<Pipe, Optional<Origin>> origins = new HashMap<>();
  private @Nullable Map<String, List<Pipe>> readers;
  private @Nullable Map<String, List<Pipe>> fed;

  private Flow(Project project) {
    this.project = project;
  }

  public static Flow of(Project project) {
    return new Flow(project);
  }

  /// What starts a Pipe.
  ///
  /// @param table the leftmost table of its query, followed through nodes and plain Pipes; a Data
  ///   Source of the project, or a name that is none
  /// @param pipes plain Pipes passed on the way, the one nearest to the table first
  public record Origin(String table, List<String> pipes) {
    public Origin {
      pipes = List.copyOf(pipes);
    }
  }

  public Project project() {
    return project;
  }

  /// What the SQL of a node reads.
  public TablesRead tables(Node node) {
    return read.computeIfAbsent(node.sql(), TablesRead::of);
  }

  /// What starts a Pipe: for one that writes, the table whose inserts it sees. Empty where a table
  /// function or a template expression stands.
  public Optional<Origin> origin(Pipe pipe) {
    return origins.computeIfAbsent(pipe, p -> origin(p, resultNode(p), new ArrayList<>(), 0));
  }

  private Optional<Origin> origin(Pipe pipe, Node node, List<String> passed, int depth) {
    var trigger = tables(node).trigger();
    if (trigger.isEmpty() || depth > MAX_DEPTH) {
      return Optional.empty();
    }
    var inner = pipe.node(trigger.get()).filter(n -> !n.name().equals(node.name()));
    if (inner.isPresent()) {
      return origin(pipe, inner.get(), passed, depth + 1);
    }
    var other = pipeRead(trigger.get());
    if (other.isPresent()) {
      passed.addFirst(other.get().name());
      return origin(other.get(), resultNode(other.get()), passed, depth + 1);
    }
    return Optional.of(new Origin(named(trigger.get()), passed));
  }

  /// The Pipe that SQL means by a name. A Data Source of the same name comes first.
  private Optional<Pipe> pipeRead(String name) {
    return project.dataSource(name).isPresent() ? Optional.empty() : project.pipe(name);
  }

  /// What SQL means by a name: the server calls a Data Source with `VERSION n` by its name and
  /// `__vn`, and that is how the files of old projects read it.
  private String named(String name) {
    var matcher = LEGACY.matcher(name);
    return matcher.matches()
            && project.dataSource(name).isEmpty()
            && project
                .dataSource(matcher.group(1))
                .flatMap(DataSource::legacyVersion)
                .filter(v -> v.toString().equals(matcher.group(2)))
                .isPresent()
        ? matcher.group(1)
        : name;
  }

  private static Node resultNode(Pipe pipe) {
    return pipe.writingNode().orElse(pipe.resultNode());
  }

  /// The Pipes that materialize into a Data Source.
  public List<Pipe> materializing(String target) {
    return writing(target, Node.Kind.MATERIALIZED);
  }

  /// The Pipes that copy into a Data Source.
  public List<Pipe> copying(String target) {
    return writing(target, Node.Kind.COPY);
  }

  private List<Pipe> writing(String target, Node.Kind kind) {
    return project.pipes().values().stream()
        .filter(p ->
            p.writingNode()
                .filter(n -> n.kind() == kind && n.target().equals(Optional.of(target)))
                .isPresent())
        .toList();
  }

  /// The Pipes that materialize what is inserted into a table.
  public List<Pipe> materializedFrom(String table) {
    var known = fed;
    if (known == null) {
      var found = new HashMap<String, List<Pipe>>();
      for (var pipe : project.pipes().values()) {
        if (pipe.is(Node.Kind.MATERIALIZED)) {
          origin(pipe)
              .ifPresent(o -> found.computeIfAbsent(o.table(), _ -> new ArrayList<>()).add(pipe));
        }
      }
      fed = found;
      known = found;
    }
    return List.copyOf(known.getOrDefault(table, List.of()));
  }

  /// Every table a Pipe reads, in whatever position, through nodes and plain Pipes.
  public Set<String> reads(Pipe pipe) {
    var out = new TreeSet<String>();
    reads(pipe, out, new HashSet<>());
    return out;
  }

  private void reads(Pipe pipe, Set<String> out, Set<String> seen) {
    if (!seen.add(pipe.name())) {
      return;
    }
    for (var node : pipe.nodes()) {
      for (var name : named(node)) {
        if (pipe.node(name).isPresent()) {
          continue;
        }
        out.add(name);
        pipeRead(name).ifPresent(p -> reads(p, out, seen));
      }
    }
  }

  /// The names in the SQL of a node that are tables or may be.
  public Set<String> named(Node node) {
    return named.computeIfAbsent(node.sql(), _ -> namesIn(node));
  }

  private Set<String> namesIn(Node node) {
    var out = new LinkedHashSet<String>();
    tables(node).names().forEach(n -> out.add(named(n)));
    out.addAll(tables(node).dynamic());
    tables(node).possible().stream()
        .filter(n -> project.dataSource(n).isPresent() || project.pipe(n).isPresent())
        .forEach(out::add);
    return Collections.unmodifiableSet(out);
  }

  /// The Pipes that name a resource themselves.
  public List<Pipe> readers(String resource) {
    var known = readers;
    if (known == null) {
      var found = new HashMap<String, List<Pipe>>();
      for (var pipe : project.pipes().values()) {
        var names = new TreeSet<String>();
        pipe.nodes().forEach(n -> names.addAll(named(n)));
        names.removeIf(n -> pipe.node(n).isPresent());
        names.forEach(n -> found.computeIfAbsent(n, _ -> new ArrayList<>()).add(pipe));
      }
      readers = found;
      known = found;
    }
    return List.copyOf(known.getOrDefault(resource, List.of()));
  }

  /// The names of the columns of a Pipe's result, in order; empty where only the engine would know.
  public Optional<List<String>> outputs(Pipe pipe) {
    return Outputs.of(this, pipe);
  }

  /// The SQL of a Pipe's result with nodes and plain Pipes written out as subqueries.
  ///
  /// @param renames tables to name differently
  /// @return empty when it would grow beyond reason or can't be renamed
  public Optional<String> inlined(Pipe pipe, Map<String, String> renames) {
    return inlined(pipe, resultNode(pipe), renames, Optional.empty(), true, 0)
        .filter(sql -> sql.length() <= MAX_LENGTH);
  }

  /// The same as one normalised text in which names of nodes and plain Pipes don't show, nor the
  /// order of columns, nor those that are selected on the way and used by nobody.
  public Optional<String> meaning(Pipe pipe) {
    return meaning(pipe, Map.of());
  }

  /// @param renames tables to name differently
  public Optional<String> meaning(Pipe pipe, Map<String, String> renames) {
    return inlined(pipe, resultNode(pipe), renames, Optional.empty(), false, 0)
        .map(SqlText::normalise);
  }

  /// @param needed for the meaning: the names that whoever reads the node uses, empty when all are
  ///   wanted
  /// @param aliases whether it shall run, else be compared
  private Optional<String> inlined(
      Pipe pipe,
      Node node,
      Map<String, String> renames,
      Optional<Set<String>> needed,
      boolean aliases,
      int depth) {
    var sql = aliases ? node.sql() : SelectList.only(SqlText.normalise(node.sql()), needed);
    var used = aliases ? Optional.<Set<String>>empty() : SelectList.names(sql);
    var out = new StringBuilder();
    var copied = 0;
    var mine = new HashMap<String, String>();
    for (var reference : read.computeIfAbsent(sql, TablesRead::of).references()) {
      var name = reference.name();
      var inner = pipe.node(name).filter(n -> !n.name().equals(node.name()));
      var other = inner.isPresent() ? Optional.<Pipe>empty() : pipeRead(name);
      if (inner.isEmpty() && other.isEmpty()) {
        if (renames.containsKey(named(name))) {
          mine.put(name, renames.get(named(name)));
        }
        continue;
      }
      if (depth > MAX_DEPTH) {
        return Optional.empty();
      }
      var body =
          inner.isPresent()
              ? inlined(pipe, inner.get(), renames, used, aliases, depth + 1)
              : inlined(
                  other.orElseThrow(),
                  resultNode(other.orElseThrow()),
                  renames,
                  used,
                  aliases,
                  depth + 1);
      if (body.isEmpty() || out.length() + body.get().length() > MAX_LENGTH) {
        return Optional.empty();
      }
      out.append(sql, copied, reference.start()).append('(').append(body.get()).append("\n)");
      if (aliases && !reference.aliased()) {
        out.append(" AS ").append(Quote.identifier(name.substring(name.lastIndexOf('.') + 1)));
      }
      copied = reference.end();
    }
    out.append(sql, copied, sql.length());
    var text = out.toString().strip();
    while (text.endsWith(";")) {
      text = text.substring(0, text.length() - 1).strip();
    }
    try {
      return Optional.of(mine.isEmpty() ? text : TablesRead.rename(text, mine));
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  /// Whether a Pipe brings back rows that were quarantined: its target isn't made of them.
  public boolean recovers(Pipe pipe) {
    return origin(pipe)
        .map(Origin::table)
        .map(t -> behindRelease(t).orElse(t))
        .filter(t -> t.endsWith("_quarantine"))
        .isPresent();
  }

  /// The name behind `live.` or `v1_0_1.`, as the platform's Releases (gone since 2024) wrote it.
  public static Optional<String> behindRelease(String table) {
    var matcher = RELEASE.matcher(table);
    return matcher.matches() ? Optional.of(matcher.group(3)) : Optional.empty();
  }
}
