package dev.backfill.emit;

import dev.backfill.datafile.Datafile.PipeFile;
import dev.backfill.plan.Feed;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.project.Lineage;
import dev.backfill.project.Node;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import dev.backfill.sql.TablesRead;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/// The changes that end a migration, each as files of its own pull request, and the one that takes
/// it back.
public final class CleanUp {
  private final SortedMap<String, String> files;
  private final PlanCore core;
  private final Project project;
  private final Map<String, String> names = new HashMap<>();
  private final TreeMap<String, FileChange> changes = new TreeMap<>();
  private final List<String> byHand = new ArrayList<>();
  private final List<String> lookAt = new ArrayList<>();

  private CleanUp(SortedMap<String, String> files, PlanCore core) {
    this.files = files;
    this.core = core;
    this.project = ProjectReader.read(files);
    core.migrations().forEach(m -> names.put(m.source(), m.target()));
    core.forkedPipes().forEach(f -> names.put(f.original(), f.fork()));
  }

  /// @param changes files as they should be; empty when the project is that way already
  /// @param byHand what has to change and only a person can, one sentence each
  /// @param lookAt what is changed as it should be and may need a person's eye, one sentence each
  public record Made(List<FileChange> changes, List<String> byHand, List<String> lookAt) {
    public Made {
      changes = List.copyOf(changes);
      byHand = List.copyOf(byHand);
      lookAt = List.copyOf(lookAt);
    }
  }

  /// Every reader names the new version; the author's formatting stays.
  public static Made switchReaders(SortedMap<String, String> files, PlanCore core) {
    var clean = new CleanUp(files, core);
    for (var pipe : clean.project.pipes().values()) {
      if (!clean.belongs(pipe.name())) {
        clean.point(pipe.path(), clean.names);
      }
    }
    return clean.made();
  }

  /// The sync and the backfill Pipes go; forks stay, they are the new version's views.
  public static Made removeFeeds(SortedMap<String, String> files, PlanCore core) {
    var clean = new CleanUp(files, core);
    clean.removeOwn();
    clean.loaders().forEach(clean::removePipe);
    return clean.made();
  }

  /// The old Data Sources and the views between them go, and the plan with its script. A plain Pipe
  /// that the old views read through stays for its callers and reads the new version.
  ///
  /// Nothing goes while a Pipe that stays reads what would go.
  public static Made removeOld(SortedMap<String, String> files, PlanCore core) {
    var clean = new CleanUp(files, core);
    clean.removeOwn();
    var loaders = clean.loaders();
    loaders.forEach(clean::removePipe);
    clean.oldViews().forEach(clean::removePipe);
    clean.old().forEach(clean::removeDataSource);
    var sources = new HashMap<>(clean.names);
    for (var forked : core.forkedPipes()) {
      sources.remove(forked.original());
    }
    for (var forked : core.forkedPipes()) {
      if (!loaders.contains(forked.original())) {
        clean.project.pipe(forked.original()).ifPresent(pipe -> clean.point(pipe.path(), sources));
      }
    }
    clean.removeFolder();
    clean.stillRead();
    return clean.byHand.isEmpty() ? clean.made() : new Made(List.of(), clean.byHand, List.of());
  }

  /// Everything of the plan goes, as if it had never been: before readers or producers have moved.
  public static Made abandon(SortedMap<String, String> files, PlanCore core) {
    var clean = new CleanUp(files, core);
    for (var migration : core.migrations()) {
      clean.removePipe(migration.liveFeed().pipe());
      clean.removePipe(migration.historyFeed().pipe());
      clean.removeDataSource(migration.target());
    }
    core.forkedPipes().forEach(f -> clean.removePipe(f.fork()));
    clean.removeFolder();
    return clean.made();
  }

  private Made made() {
    return new Made(List.copyOf(changes.values()), byHand, lookAt);
  }

  private Set<String> old() {
    var out = new TreeSet<String>();
    core.migrations().forEach(m -> out.add(m.source()));
    core.migrations().forEach(m -> out.remove(m.target()));
    return out;
  }

  /// Views that fill an old Data Source.
  private Set<String> oldViews() {
    var lineage = Lineage.of(project);
    var out = new TreeSet<String>();
    for (var old : old()) {
      lineage.feeders(old).stream()
          .filter(p -> p.is(Node.Kind.MATERIALIZED))
          .forEach(p -> out.add(p.name()));
    }
    return out;
  }

  /// A Pipe of the migration itself, or of what it replaces.
  private boolean belongs(String pipe) {
    return core.migrations().stream()
            .anyMatch(m -> m.liveFeed().pipe().equals(pipe) || m.historyFeed().pipe().equals(pipe))
        || core.forkedPipes().stream()
            .anyMatch(f -> f.original().equals(pipe) || f.fork().equals(pipe))
        || oldViews().contains(pipe);
  }

  private void removeOwn() {
    for (var migration : core.migrations()) {
      if (migration.liveFeed().kind() != Feed.Live.Kind.FORK) {
        removePipe(migration.liveFeed().pipe());
      }
      if (migration.historyFeed().kind() != Feed.History.Kind.FORK) {
        removePipe(migration.historyFeed().pipe());
      }
    }
  }

  /// Copy Pipes of the project that fill an old Data Source, and whose counterpart fills the new
  /// one.
  private Set<String> loaders() {
    var out = new TreeSet<String>();
    for (var forked : core.forkedPipes()) {
      if (copies(forked.original()) && copies(forked.fork())) {
        out.add(forked.original());
      }
    }
    return out;
  }

  private boolean copies(String pipe) {
    return project.pipe(pipe).filter(p -> p.is(Node.Kind.COPY)).isPresent();
  }

  /// Pipes that stay and read a Data Source that goes: their next insert or call would fail.
  private void stillRead() {
    var gone = old();
    gone.removeIf(name -> project.dataSource(name).isEmpty());
    for (var pipe : project.pipes().values()) {
      var change = Optional.ofNullable(changes.get(pipe.path()));
      var text = change.map(FileChange::text).orElse(Optional.ofNullable(files.get(pipe.path())));
      if (text.isEmpty()) {
        continue;
      }
      var reads = new TreeSet<String>();
      for (var directive : ((PipeFile) Texts.parse(pipe.path(), text.get(), files)).directives()) {
        if (directive.name().equals("SQL")) {
          directive
              .block()
              .map(b -> TablesRead.of(sql(b.lines().stream().map(l -> l.text()).toList())))
              .ifPresent(read -> {
                reads.addAll(read.names());
                reads.addAll(read.dynamic());
              });
        }
      }
      reads.retainAll(gone);
      reads.forEach(name ->
          byHand.add(
              "%s still reads %s, which would go; point it at %s, deploy that, then come back"
                  .formatted(pipe.path(), name, names.getOrDefault(name, "the new version"))));
    }
  }

  private void point(String path, Map<String, String> other) {
    var text = files.get(path);
    if (text == null) {
      return;
    }
    var pipe = (PipeFile) Texts.parse(path, text, files);
    var named = new TreeSet<String>();
    var hidden = new TreeSet<String>();
    for (var directive : pipe.directives()) {
      if (directive.name().equals("SQL")) {
        var read =
            TablesRead.of(
                directive
                    .block()
                    .map(b -> sql(b.lines().stream().map(l -> l.text()).toList()))
                    .orElse(""));
        named.addAll(read.names());
        hidden.addAll(read.dynamic());
        hidden.addAll(read.possible());
      }
    }
    named.retainAll(other.keySet());
    hidden.retainAll(other.keySet());
    hidden.removeAll(named);
    hidden.forEach(name ->
        byHand.add(
            path
                + " reaches "
                + name
                + " by a template or an expression; point it at "
                + other.get(name)
                + " by hand"));
    if (named.isEmpty()) {
      return;
    }
    var lost = lost(named);
    lost.forEach((column, source) -> {
      if (mentions(text, column)) {
        lookAt.add(
            "%s may use %s, which %s has and %s hasn't, or has with another type; look at what it selects"
                .formatted(path, column, source, names.getOrDefault(source, "")));
      }
    });
    try {
      // A reader's own target is none of ours.
      var renamed = ForkText.renamed(pipe, other);
      changes.put(path, new FileChange(path, Optional.of(renamed), /* executable= */ false, false));
    } catch (IllegalArgumentException e) {
      byHand.add(path + ": " + e.getMessage() + "; point it at the new version by hand");
    }
  }

  private static String sql(List<String> lines) {
    return String.join("\n", lines);
  }

  /// Columns whose name or type isn't the same on the other side, with the Data Source that has
  /// them.
  private Map<String, String> lost(Set<String> sources) {
    var out = new LinkedHashMap<String, String>();
    for (Migration m : core.migrations()) {
      if (!sources.contains(m.source())) {
        continue;
      }
      var before = project.dataSource(m.source());
      var after = project.dataSource(m.target());
      if (before.isEmpty() || after.isEmpty()) {
        continue;
      }
      for (var column : before.get().columns()) {
        var same =
            after
                .get()
                .column(column.name())
                .filter(c -> c.type().text().equals(column.type().text()));
        if (same.isEmpty()) {
          out.put(column.name(), m.source());
        }
      }
    }
    return out;
  }

  private static boolean mentions(String text, String column) {
    return java.util.regex.Pattern.compile(
            "(?<![A-Za-z0-9_])" + java.util.regex.Pattern.quote(column) + "(?![A-Za-z0-9_])")
        .matcher(text)
        .find();
  }

  private void removePipe(String name) {
    project.pipe(name).ifPresent(p -> remove(p.path()));
  }

  private void removeDataSource(String name) {
    project.dataSource(name).ifPresent(d -> remove(d.path()));
  }

  private void removeFolder() {
    var folder = "deploy/" + core.version() + "/";
    files.keySet().stream().filter(path -> path.startsWith(folder)).forEach(this::remove);
  }

  private void remove(String path) {
    changes.put(path, new FileChange(path, Optional.empty(), /* executable= */ false, false));
  }
}
