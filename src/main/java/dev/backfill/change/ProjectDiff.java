package dev.backfill.change;

import dev.backfill.change.Change.EngineOption;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import dev.backfill.project.Engine;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import dev.backfill.project.TokenGrant;
import dev.backfill.sql.SqlText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Finds what differs in meaning between two revisions: parsed values are compared, never text.
public final class ProjectDiff {
  private static final Pattern TOKEN_FILE = Pattern.compile("(tokens/)?[^/]+\\.token");

  private final Project base;
  private final Project head;
  private final Map<String, Problem> errors;
  private final List<Change> out = new ArrayList<>();

  private ProjectDiff(Project base, Project head) {
    this.base = base;
    this.head = head;
    this.errors =
        base.problems().stream()
            .filter(p -> p.severity() == Severity.ERROR)
            .collect(Collectors.toMap(p -> p.place().file(), p -> p, (first, _) -> first));
  }

  /// @param renames path before to path after of the files that git reports as renamed; other files
  ///   than datafiles are left out
  /// @return Data Sources first, then Pipes, then token files, each by name
  public static List<Change> of(Project base, Project head, Map<String, String> renames) {
    var diff = new ProjectDiff(base, head);
    new TreeMap<>(renames).forEach(diff::renamed);
    union(base.dataSources().keySet(), head.dataSources().keySet()).forEach(diff::dataSource);
    union(base.pipes().keySet(), head.pipes().keySet()).forEach(diff::pipe);
    union(base.files().keySet(), head.files().keySet()).forEach(diff::tokenFile);
    return List.copyOf(diff.out);
  }

  private static Iterable<String> union(Iterable<String> a, Iterable<String> b) {
    var names = new TreeSet<String>();
    a.forEach(names::add);
    b.forEach(names::add);
    return names;
  }

  private void renamed(String from, String to) {
    if (isDatafile(from) || isDatafile(to)) {
      var file = to.substring(to.lastIndexOf('/') + 1);
      var dot = file.lastIndexOf('.');
      out.add(
          new Change.FileRenamed(
              dot < 0 ? file : file.substring(0, dot), Place.of(to, 1), from, to));
    }
  }

  private static boolean isDatafile(String path) {
    return path.endsWith(".datasource")
        || path.endsWith(".pipe")
        || path.endsWith(".incl")
        || path.endsWith(".token");
  }

  private void tokenFile(String path) {
    if (!TOKEN_FILE.matcher(path).matches()) {
      return;
    }
    var was = lines(base.files().getOrDefault(path, ""));
    var is = lines(head.files().getOrDefault(path, ""));
    if (!was.equals(is)) {
      var file = path.substring(path.lastIndexOf('/') + 1);
      var name = file.substring(0, file.length() - ".token".length());
      out.add(new Change.TokenFileChanged(name, Place.of(path, 1), was, is));
    }
  }

  private static String lines(String text) {
    return text.lines()
        .map(String::strip)
        .filter(l -> !l.isEmpty())
        .collect(Collectors.joining("\n"));
  }

  /// The errors of base that head doesn't repair: with one of them nothing can be compared.
  /// Repaired is the datafile that head still has, with another text; that head can be read is
  /// taken for granted.
  public static List<Problem> unrepaired(Project base, Project head) {
    return base.problems().stream()
        .filter(p -> p.severity() == Severity.ERROR)
        .filter(p -> {
          var file = p.place().file();
          var text = head.files().get(file);
          return !(file.endsWith(".datasource") || file.endsWith(".pipe"))
              || text == null
              || text.equals(base.files().get(file));
        })
        .toList();
  }

  /// The first error of base in the file of a resource of head.
  private Optional<Problem> unreadable(Optional<Place> place) {
    return place.flatMap(p -> Optional.ofNullable(errors.get(p.file())));
  }

  private void dataSource(String name) {
    var before = base.dataSource(name);
    var after = head.dataSource(name);
    var error = unreadable(after.map(DataSource::place));
    if (error.isPresent()) {
      out.add(
          new Change.NotComparable(
              name, after.orElseThrow().place(), Optional.empty(), error.get()));
    } else if (before.isEmpty()) {
      after.ifPresent(a -> out.add(new Change.DataSourceAdded(a)));
    } else if (after.isEmpty()) {
      out.add(new Change.DataSourceRemoved(before.get()));
    } else {
      engine(after.get(), before.get().engine(), after.get().engine());
      columns(before.get(), after.get());
      rest(before.get(), after.get());
    }
  }

  private void engine(DataSource d, Engine a, Engine b) {
    var name = d.name();
    var place = d.place();
    if (!a.family().equals(b.family())) {
      out.add(new Change.EngineChanged(name, place, a.family(), b.family()));
    }
    key(name, place, Change.Key.SORTING, a.sortingKey(), b.sortingKey());
    key(name, place, Change.Key.PARTITION, a.partitionKey(), b.partitionKey());
    key(name, place, Change.Key.PRIMARY, a.primaryKey(), b.primaryKey());
    key(name, place, Change.Key.SAMPLING, list(a.samplingKey()), list(b.samplingKey()));
    option(name, place, EngineOption.VER, a.ver(), b.ver());
    option(name, place, EngineOption.IS_DELETED, a.isDeleted(), b.isDeleted());
    option(name, place, EngineOption.SIGN, a.sign(), b.sign());
    option(name, place, EngineOption.VERSION, a.version(), b.version());
    option(name, place, EngineOption.COLUMNS, text(a.columns()), text(b.columns()));
    if (!a.settings().equals(b.settings())) {
      out.add(new Change.EngineSettingsChanged(name, place, a.settings(), b.settings()));
    }
    if (!a.ttl().equals(b.ttl())) {
      out.add(new Change.TtlChanged(name, place, a.ttl(), b.ttl()));
    }
  }

  private static List<String> list(Optional<String> value) {
    return value.map(List::of).orElse(List.of());
  }

  private static Optional<String> text(List<String> values) {
    return values.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", values));
  }

  private void key(String name, Place place, Change.Key key, List<String> a, List<String> b) {
    if (!a.equals(b)) {
      out.add(new Change.KeyChanged(name, place, key, a, b));
    }
  }

  private void option(
      String name, Place place, EngineOption option, Optional<String> a, Optional<String> b) {
    if (!a.equals(b)) {
      out.add(new Change.EngineOptionChanged(name, place, option, a, b));
    }
  }

  private void columns(DataSource before, DataSource after) {
    var name = after.name();
    var dropped = Renames.gone(before, after);
    var added = Set.copyOf(Renames.gone(after, before));
    var renamed = Renames.of(before, after).old();
    for (var a : after.columns()) {
      var was = before.column(a.name());
      var old = renamed.get(a.name());
      if (was.isPresent()) {
        column(name, was.get(), a);
      } else if (old != null) {
        out.add(new Change.ColumnRenamed(name, old, a));
      } else if (added.contains(a)) {
        var following =
            after.columns().stream()
                .dropWhile(c -> !c.equals(a))
                .anyMatch(c -> before.column(c.name()).isPresent());
        out.add(new Change.ColumnAdded(name, a, !following));
      }
    }
    for (var d : dropped) {
      if (!renamed.containsValue(d)) {
        out.add(new Change.ColumnDropped(name, after.place(), d));
      }
    }
    var orderBefore = kept(before, after);
    var orderAfter = kept(after, before);
    if (!orderBefore.equals(orderAfter)) {
      out.add(new Change.ColumnsReordered(name, after.place(), orderBefore, orderAfter));
    }
  }

  private static List<String> kept(DataSource of, DataSource other) {
    return of.columns().stream()
        .map(Column::name)
        .filter(c -> other.column(c).isPresent())
        .toList();
  }

  private void column(String name, Column a, Column b) {
    if (!a.type().equals(b.type())) {
      out.add(new Change.ColumnTypeChanged(name, a, b));
    }
    if (a.defaultKind() != b.defaultKind()
        || !a.defaultExpression().equals(b.defaultExpression())) {
      out.add(new Change.DefaultChanged(name, a, b));
    }
    if (!a.jsonPath().equals(b.jsonPath())) {
      out.add(new Change.JsonPathChanged(name, a, b));
    }
    if (!a.codec().equals(b.codec())) {
      out.add(new Change.CodecChanged(name, a, b));
    }
  }

  private void rest(DataSource a, DataSource b) {
    var name = b.name();
    var place = b.place();
    if (!new java.util.HashSet<>(a.indexes()).equals(new java.util.HashSet<>(b.indexes()))) {
      out.add(new Change.IndexesChanged(name, place, indexes(a), indexes(b)));
    }
    if (!a.description().equals(b.description())) {
      out.add(new Change.DescriptionChanged(name, place, true, a.description(), b.description()));
    }
    if (!a.tags().equals(b.tags())) {
      out.add(new Change.TagsChanged(name, place, a.tags(), b.tags()));
    }
    tokens(name, place, true, a.tokens(), b.tokens());
    for (var setting : union(a.settings().keySet(), b.settings().keySet())) {
      var was = Optional.ofNullable(a.settings().get(setting));
      var is = Optional.ofNullable(b.settings().get(setting));
      if (!was.equals(is)) {
        out.add(new Change.ConnectorChanged(a, b, setting, was, is));
      }
    }
    if (!new TreeSet<>(a.sharedWith()).equals(new TreeSet<>(b.sharedWith()))) {
      out.add(new Change.SharingChanged(name, place, a.sharedWith(), b.sharedWith()));
    }
    legacyVersion(name, place, true, a.legacyVersion(), b.legacyVersion());
  }

  private void legacyVersion(
      String name, Place place, boolean ofDataSource, Optional<Integer> a, Optional<Integer> b) {
    if (!a.equals(b)) {
      out.add(new Change.LegacyVersionChanged(name, place, ofDataSource, a, b));
    }
  }

  private static String indexes(DataSource d) {
    return d.indexes().stream()
        .map(i -> i.name() + " " + i.definition())
        .sorted()
        .collect(Collectors.joining(", "));
  }

  private void tokens(
      String name, Place place, boolean ofDataSource, List<TokenGrant> a, List<TokenGrant> b) {
    var was = grants(a);
    var is = grants(b);
    if (!was.equals(is)) {
      out.add(new Change.TokensChanged(name, place, ofDataSource, was, is));
    }
  }

  private static String grants(List<TokenGrant> tokens) {
    return tokens.stream()
        .map(t -> t.token() + " " + t.permission())
        .distinct()
        .sorted()
        .collect(Collectors.joining(", "));
  }

  private void pipe(String name) {
    var before = base.pipe(name);
    var after = head.pipe(name);
    var error = unreadable(after.map(Pipe::place));
    if (error.isPresent()) {
      out.add(new Change.NotComparable(name, after.orElseThrow().place(), after, error.get()));
    } else if (before.isEmpty()) {
      after.ifPresent(a -> out.add(new Change.PipeAdded(a)));
    } else if (after.isEmpty()) {
      out.add(new Change.PipeRemoved(before.get()));
    } else {
      pipes(before.get(), after.get());
    }
  }

  private void pipes(Pipe a, Pipe b) {
    var was = kind(a);
    var is = kind(b);
    if (was != is) {
      out.add(new Change.PipeKindChanged(a, b, was, is));
    }
    var targetBefore = a.writingNode().flatMap(Node::target).orElse("");
    var targetAfter = b.writingNode().flatMap(Node::target).orElse("");
    if (!targetBefore.equals(targetAfter)) {
      out.add(new Change.TargetChanged(a, b, targetBefore, targetAfter));
    }
    var nodesBefore = nodes(a, b);
    var nodesAfter = nodes(b, a);
    if (!nodesBefore.equals(nodesAfter)) {
      var place =
          b.nodes().stream()
              .filter(n -> !sameIn(a, n))
              .findFirst()
              .map(Node::place)
              .orElse(b.place());
      out.add(new Change.QueryChanged(a, b, place, nodesBefore, nodesAfter));
    }
    run(b, "mode", copy(a, Node::copyMode), copy(b, Node::copyMode));
    run(b, "schedule", copy(a, Node::copySchedule), copy(b, Node::copySchedule));
    var settingsBefore = a.writingNode().map(Node::settings).orElse(Map.of());
    var settingsAfter = b.writingNode().map(Node::settings).orElse(Map.of());
    for (var setting : union(settingsBefore.keySet(), settingsAfter.keySet())) {
      run(
          b,
          setting,
          settingsBefore.getOrDefault(setting, ""),
          settingsAfter.getOrDefault(setting, ""));
    }
    if (!a.description().equals(b.description())) {
      out.add(
          new Change.DescriptionChanged(
              b.name(), b.place(), false, a.description(), b.description()));
    }
    tokens(b.name(), b.place(), false, a.tokens(), b.tokens());
    legacyVersion(b.name(), b.place(), false, a.legacyVersion(), b.legacyVersion());
  }

  private void run(Pipe pipe, String setting, String was, String is) {
    if (!was.equals(is)) {
      out.add(new Change.RunChanged(pipe, setting, was, is));
    }
  }

  private static String copy(Pipe pipe, java.util.function.Function<Node, Optional<String>> what) {
    return pipe.writingNode().flatMap(what).orElse("");
  }

  private static Node.Kind kind(Pipe pipe) {
    return pipe.writingNode().map(Node::kind).orElse(Node.Kind.ENDPOINT);
  }

  /// The nodes that the other side doesn't have like this.
  private static String nodes(Pipe pipe, Pipe other) {
    return pipe.nodes().stream()
        .filter(n -> !sameIn(other, n))
        .map(n -> n.name() + (n.template() ? " %" : "") + ": " + sql(n))
        .collect(Collectors.joining("\n"));
  }

  private static boolean sameIn(Pipe other, Node node) {
    return other
        .node(node.name())
        .filter(o -> o.template() == node.template())
        .filter(o -> o.sql().equals(node.sql()) || sql(o).equals(sql(node)))
        .isPresent();
  }

  private static String sql(Node node) {
    return SqlText.normalise(node.sql());
  }
}
