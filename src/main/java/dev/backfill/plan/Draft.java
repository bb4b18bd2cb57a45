package dev.backfill.plan;

import dev.backfill.change.Change;
import dev.backfill.change.Flow;
import dev.backfill.change.Judge;
import dev.backfill.change.Judgement;
import dev.backfill.change.Pair;
import dev.backfill.change.ProjectDiff;
import dev.backfill.change.Ttl;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import dev.backfill.project.DataSource;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// A plan in the making: both sides, what is versioned under which name, and what there is to say.
final class Draft {
  final PlanRequest request;
  final Project base;
  final Project head;
  final Flow flow;
  final Judgement judgement;
  final List<Change> changes;
  final Names names;

  /// Target of each versioned Data Source, in the order rows flow.
  final Map<String, String> targets = new LinkedHashMap<>();

  /// Fork of each plain Pipe between a versioned Data Source and a view.
  final Map<String, String> pipeForks = new LinkedHashMap<>();

  final Map<String, Migration> migrations = new LinkedHashMap<>();
  final Map<String, List<String>> evidence = new TreeMap<>();
  final List<Problem> warnings = new ArrayList<>();
  final List<Problem> obstacles = new ArrayList<>();
  boolean refused;

  private final List<Pair> pairs;

  Draft(PlanRequest request) {
    this.request = request;
    base = request.base();
    head = request.head();
    flow = Flow.of(head);
    pairs = Pair.of(flow);
    changes = ProjectDiff.of(base, head, request.renames());
    judgement = Judge.judge(base, head, changes, request.settings());
    for (var said : judgement.warnings()) {
      (said.severity() == Severity.ERROR ? obstacles : warnings).add(said);
    }
    warnings.addAll(PairLint.of(flow, changes, ours()));
    names = new Names(base, head, request.takenNames(), ours());
  }

  /// The ordinary views of head that fill a Data Source.
  List<Pipe> views(String target) {
    return flow.materializing(target).stream().filter(p -> !isMigration(p)).toList();
  }

  boolean isMigration(Pipe pipe) {
    return pairs.stream().anyMatch(p -> p.pipe().equals(pipe.name()))
        || flow.recovers(pipe)
        || flow.origin(pipe).flatMap(o -> Flow.behindRelease(o.table())).isPresent();
  }

  String target(String source) {
    return targets.getOrDefault(source, "");
  }

  /// What the target will be: the author's twin, else head's definition of the source.
  DataSource definition(String source) {
    var twin = judgement.twins().get(source);
    return head.dataSource(twin == null ? source : twin).orElseThrow();
  }

  Cause cause(String source) {
    return judgement.versioned().contains(source) ? Cause.DIRECT : Cause.CASCADE;
  }

  /// A name for a feed's Pipe: the one the committed plan has, else the wanted or numbered one.
  String pipeName(String source, boolean live, String wanted, boolean numbered) {
    var bound =
        request.committed().stream()
            .flatMap(c -> c.migrations().stream())
            .filter(m -> m.source().equals(source))
            .map(m -> live ? m.liveFeed().pipe() : m.historyFeed().pipe())
            .filter(n -> !n.isEmpty() && names.take(n))
            .findFirst();
    return bound.orElseGet(() -> numbered ? names.version(wanted) : names.free(wanted));
  }

  void forkPipe(String pipe) {
    if (pipeForks.containsKey(pipe)) {
      return;
    }
    var bound =
        request.committed().stream()
            .flatMap(c -> c.forkedPipes().stream())
            .filter(f -> f.original().equals(pipe))
            .map(ForkedPipe::fork)
            .filter(names::take)
            .findFirst();
    pipeForks.put(pipe, bound.orElseGet(() -> names.version(pipe)));
  }

  void notEmitted(DataSource about, String message, String advice) {
    obstacles.add(Problem.error("not_emitted_yet", about.place(), message, advice));
  }

  /// The rule under which fewer rows stay. Rules that can't be compared: the target's, with a
  /// warning.
  Optional<String> commonTtl(DataSource before, DataSource after) {
    var a = before.engine().ttl();
    var b = after.engine().ttl();
    if (a.isEmpty() || b.isEmpty() || a.equals(b)) {
      return a.or(() -> b);
    }
    if (Ttl.column(a.get()).equals(Ttl.column(b.get()))) {
      if (Ttl.keepsAtLeast(b.get(), a.get())) {
        return a;
      }
      if (Ttl.keepsAtLeast(a.get(), b.get())) {
        return b;
      }
    }
    warnings.add(
        Problem.warning(
            "ttl_not_comparable",
            after.place(),
            "Rows of " + before.name() + " and of its new version are deleted by different rules.",
            ""));
    return b;
  }

  List<String> files(String source, Feed.Live live, Feed.History history, Optional<Seam> seam) {
    var out = new ArrayList<String>();
    var path = definition(source).path();
    out.add(folder(path) + target(source) + ".datasource");
    var pipes = new TreeSet<String>();
    for (var pipe : List.of(live.pipe(), history.pipe())) {
      if (!pipe.isEmpty()) {
        var fork = live.kind() == Feed.Live.Kind.FORK && pipe.equals(live.pipe());
        pipes.add(pipeFolder(source, fork) + pipe + ".pipe");
      }
    }
    for (var feeder : seam.stream().flatMap(f -> f.feeders().stream()).toList()) {
      var folder = head.pipe(feeder.view()).map(v -> folder(v.path())).orElse("pipes/");
      pipes.add(folder + feeder.fork() + ".pipe");
    }
    out.addAll(pipes);
    return out;
  }

  private String pipeFolder(String source, boolean fork) {
    var original =
        fork ? views(source).stream().map(Pipe::path).findFirst() : Optional.<String>empty();
    var root =
        head.pipes().values().stream().allMatch(p -> folder(p.path()).isEmpty())
            && head.dataSources().values().stream().allMatch(d -> folder(d.path()).isEmpty());
    return original.map(Draft::folder).orElse(root ? "" : "pipes/");
  }

  private static String folder(String path) {
    return path.substring(0, path.lastIndexOf('/') + 1);
  }

  private Set<String> ours() {
    var out = new HashSet<String>();
    request
        .committed()
        .ifPresent(core -> {
          for (var m : core.migrations()) {
            out.add(m.target());
            out.add(m.liveFeed().pipe());
            out.add(m.historyFeed().pipe());
            m.seam().ifPresent(seam -> seam.feeders().forEach(f -> out.add(f.fork())));
          }
          core.forkedPipes().forEach(f -> out.add(f.fork()));
        });
    return out;
  }
}
