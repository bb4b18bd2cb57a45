package dev.backfill.plan;

import dev.backfill.change.Change;
import dev.backfill.change.Flow;
import dev.backfill.change.JudgedChange;
import dev.backfill.change.Judgement;
import dev.backfill.change.ProjectDiff;
import dev.backfill.change.Verdict;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Turns what differs between two revisions into a plan. Pure: the same request gives an equal
/// plan.
public final class Planner {
  /// Version of the change rules; a part of the seal.
  public static final String RULES = "1";

  private static final Pattern VERSION =
      Pattern.compile("([0-9]{1,6})\\.([0-9]{1,6})\\.([0-9]{1,6})(-[0-9A-Za-z]{1,20})?");

  private final Draft draft;
  private final PlanRequest request;
  private final Project base;
  private final Project head;
  private final Flow flow;
  private final Judgement judgement;
  private final List<Change> changes;
  private final Names names;
  private final Map<String, String> targets;
  private final Map<String, String> pipeForks;
  private final Map<String, Migration> migrations;
  private final Map<String, List<String>> evidence;
  private final List<Problem> warnings;
  private final List<Problem> obstacles;

  private Planner(PlanRequest request) {
    draft = new Draft(request);
    this.request = request;
    base = draft.base;
    head = draft.head;
    flow = draft.flow;
    judgement = draft.judgement;
    changes = draft.changes;
    names = draft.names;
    targets = draft.targets;
    pipeForks = draft.pipeForks;
    migrations = draft.migrations;
    evidence = draft.evidence;
    warnings = draft.warnings;
    obstacles = draft.obstacles;
  }

  /// @throws IllegalArgumentException when head has a problem of severity ERROR, or base has one
  ///   that head doesn't repair
  public static Plan plan(PlanRequest request) {
    Stream.concat(
            request.head().problems().stream().filter(p -> p.severity() == Severity.ERROR),
            ProjectDiff.unrepaired(request.base(), request.head()).stream())
        .findFirst()
        .ifPresent(p -> {
          throw new IllegalArgumentException("a project with errors isn't planned: " + p);
        });
    return new Planner(request).plan();
  }

  private Plan plan() {
    if (judgement.verdict() == Verdict.VERSION) {
      closure();
      bindNames();
      for (var source : targets.keySet()) {
        migrations.put(source, migration(source));
      }
      var fed = FeedProof.of(flow, List.copyOf(migrations.values()));
      draft.refused |= !fed.isEmpty();
      obstacles.addAll(fed);
      needs();
      notLoaded();
      copyPipes();
    }
    var settings = request.settings();
    var core =
        new PlanCore(
            1,
            RULES,
            "classic",
            version(),
            request.workspace(),
            judgement.changes().stream()
                .filter(c -> concerns(c.resource()))
                .map(Planner::withoutLine)
                .toList(),
            List.copyOf(migrations.values()),
            forkedPipes(),
            new Cutover(request.lead().orElse(settings.lead()), request.pinnedCutover()),
            new PlanCore.Limits(
                settings.margin(),
                settings.settle(),
                settings.maxLateness(),
                settings.rehearsalRows(),
                settings.jobsAtOnce(),
                settings.chunkRows(),
                settings.lease(),
                settings.poll()),
            List.of());
    return new Plan(
        draft.refused ? Verdict.REFUSE : judgement.verdict(),
        core,
        judgement.changes(),
        readers(),
        warnings,
        obstacles,
        evidence);
  }

  /// Whether a change touches what is migrated; the core holds no others, so that another pull
  /// request merged before doesn't alter it.
  private boolean concerns(String resource) {
    return migrations.values().stream()
            .anyMatch(m -> m.source().equals(resource) || m.target().equals(resource))
        || pipeForks.containsKey(resource)
        || migrations.keySet().stream()
            .flatMap(s -> draft.views(s).stream())
            .anyMatch(p -> p.name().equals(resource));
  }

  /// Lines move when somebody adds a blank one, and the core doesn't.
  private static JudgedChange withoutLine(JudgedChange c) {
    return new JudgedChange(
        c.file(),
        0,
        c.resource(),
        c.kind(),
        c.before(),
        c.after(),
        c.impact(),
        c.destructive(),
        c.reason());
  }

  /// Everything the diff versions, in the order rows flow, then whatever its rows reach.
  private void closure() {
    var open = new LinkedHashSet<String>(judgement.versioned());
    var reached = new LinkedHashSet<String>();
    // Landing Data Sources first: a view target that also changes itself comes after its source.
    for (var source : List.copyOf(open)) {
      if (draft.views(source).isEmpty()) {
        reach(source, reached);
      }
    }
    open.forEach(s -> reach(s, reached));
    reached.forEach(s -> targets.put(s, ""));
  }

  private void reach(String source, Set<String> reached) {
    if (!reached.add(source)) {
      return;
    }
    for (var view : flow.materializedFrom(source)) {
      var target = view.writingNode().flatMap(Node::target).orElse("");
      if (draft.isMigration(view)) {
        continue;
      }
      if (head.dataSource(target).isEmpty()) {
        notDefined(view, source, target);
        continue;
      }
      if (base.dataSource(target).isEmpty()) {
        newView(view, source, target);
        continue;
      }
      reach(target, reached);
    }
  }

  /// A target that only the view's ENGINE lines, or the workspace, define has a history too.
  private void notDefined(Pipe view, String source, String target) {
    obstacles.add(
        Problem.error(
            "target_not_defined",
            view.place(),
            "%s fills %s from %s, which gets a new version, and no file defines %s, so nothing can be planned for its rows."
                .formatted(view.name(), target, source, target),
            "Add its .datasource file, as `tb pull` writes it, in a pull request of its own."));
  }

  /// A new view on the old version would run dry when producers move to the new one, and has no
  /// history that could be split. On the new version it gets every row once, by the copies.
  private void newView(Pipe view, String source, String target) {
    var message =
        "%s is new and hangs from %s, which gets a new version; it would get no more rows when producers move there."
            .formatted(view.name(), source);
    var advice =
        "Take it out, generate, and then add it on the new version, before the copies run; or accept"
            + " it in backfill.yml: `datasources: {"
            + target
            + ": {accept: [new_view_on_versioned_source]}}`.";
    if (request.settings().of(target).accept().contains("new_view_on_versioned_source")) {
      warnings.add(Problem.warning("new_view_on_versioned_source", view.place(), message, advice));
    } else {
      obstacles.add(Problem.error("new_view_on_versioned_source", view.place(), message, advice));
    }
  }

  /// Pipes that need the other half of a pair than the one they read.
  private void needs() {
    var forked = new HashSet<String>(pipeForks.keySet());
    migrations.keySet().forEach(s -> draft.views(s).forEach(v -> forked.add(v.name())));
    var needs = new TwinNeeds(flow, base, forked);
    for (var source : migrations.keySet()) {
      var added = new HashSet<String>();
      for (var change : changes) {
        if (change instanceof Change.ColumnAdded(var resource, var column, _)
            && resource.equals(source)
            && column.insertable()
            && draft.views(source).isEmpty()) {
          added.add(column.name());
        }
      }
      needs.check(
          base.dataSource(source).orElseThrow(),
          draft.definition(source),
          draft.target(source),
          added,
          draft::isMigration);
    }
    obstacles.addAll(needs.obstacles());
    warnings.addAll(needs.warnings());
  }

  /// Files in folders that the client doesn't look into may be deployed some other way.
  private void notLoaded() {
    for (var problem : head.problems()) {
      if (!problem.code().equals("file_not_loaded")) {
        continue;
      }
      var text = head.files().getOrDefault(problem.place().file(), "");
      var named =
          migrations.keySet().stream()
              .filter(s -> !accepts(s, "feeds_not_loaded"))
              .filter(s -> Pattern.compile("\\b" + Pattern.quote(s) + "\\b").matcher(text).find())
              .toList();
      if (!named.isEmpty()) {
        obstacles.add(
            Problem.error(
                "feeds_not_loaded",
                problem.place(),
                "The file names %s, which gets a new version, and lies where the Classic client doesn't look; what it does with the rows isn't planned."
                    .formatted(String.join(", ", named)),
                "Move it to pipes/ or take it away; if nothing deploys it, accept feeds_not_loaded for it in backfill.yml. Projects of Tinybird Forward aren't supported yet."));
      }
    }
  }

  /// An account takes so many Copy Pipes, and the client pushes one after the other: the one too
  /// many would stop a deployment half-way. Those that the diff removes go last.
  private void copyPipes() {
    var known = new TreeSet<String>();
    for (var side : List.of(base, head)) {
      side.pipes().values().stream().filter(Planner::copies).forEach(p -> known.add(p.name()));
    }
    var all = new TreeSet<>(known);
    migrations.values().stream()
        .map(Migration::historyFeed)
        .filter(Feed.History::copies)
        .forEach(h -> all.add(h.pipe()));
    pipeForks.forEach((original, fork) -> {
      if (head.pipe(original).filter(Planner::copies).isPresent()) {
        all.add(fork);
      }
    });
    var most = request.settings().copyPipes();
    var told =
        "The deployment brings the project to %d Copy Pipes, %d of them for this plan"
            .formatted(all.size(), all.size() - known.size());
    if (all.size() == known.size() || migrations.isEmpty()) {
      return;
    }
    if (most.isPresent() && all.size() > most.getAsInt()) {
      obstacles.add(
          Problem.error(
              "copy_pipes_exceeded",
              Place.NOWHERE,
              "%s, and backfill.yml says that the account takes %d: it would stop half-way."
                  .formatted(told, most.getAsInt()),
              "Take Copy Pipes away in a pull request before, change fewer Data Sources at once, or have the limit raised."));
    } else if (most.isEmpty() && all.size() > 1) {
      evidence
          .computeIfAbsent(migrations.keySet().iterator().next(), _ -> new ArrayList<>())
          .add(
              told
                  + ". How many the account takes can't be asked (a free one takes 1); `copy-pipes` in backfill.yml says it.");
    }
  }

  private static boolean copies(Pipe pipe) {
    return pipe.nodes().stream().anyMatch(n -> n.kind() == Node.Kind.COPY);
  }

  private boolean accepts(String dataSource, String code) {
    return request.settings().of(dataSource).accept().contains(code);
  }

  private void bindNames() {
    for (var source : List.copyOf(targets.keySet())) {
      var bound =
          request.committed().stream()
              .flatMap(c -> c.migrations().stream())
              .filter(m -> m.source().equals(source))
              .map(Migration::target)
              .findFirst();
      var twin = judgement.twins().get(source);
      if (twin != null) {
        targets.put(source, twin);
      } else if (bound.isPresent() && names.take(bound.get())) {
        targets.put(source, bound.get());
      } else {
        targets.put(source, names.version(source));
      }
    }
    for (var source : targets.keySet()) {
      for (var view : draft.views(source)) {
        flow.origin(view)
            .filter(o -> targets.containsKey(o.table()))
            .ifPresent(o -> o.pipes().forEach(draft::forkPipe));
        // Joined plain Pipes that read a versioned table have to follow too.
        for (var read : flow.reads(view)) {
          if (head.pipe(read).isPresent()
              && flow.origin(view).filter(o -> targets.containsKey(o.table())).isPresent()
              && flow.reads(head.pipe(read).get()).stream().anyMatch(targets::containsKey)) {
            draft.forkPipe(read);
          }
        }
      }
    }
  }

  private List<ForkedPipe> forkedPipes() {
    return pipeForks.entrySet().stream()
        .map(e -> new ForkedPipe(e.getKey(), e.getValue()))
        .toList();
  }

  private Migration migration(String source) {
    return draft.views(source).isEmpty()
        ? new LandingPlanner(draft).landing(source)
        : new ViewPlanner(draft).view(source);
  }

  private String version() {
    var wanted = head.tinyenv().getOrDefault("VERSION", "");
    if (migrations.isEmpty()) {
      return VERSION.matcher(wanted).matches() ? wanted : "";
    }
    if (request.committed().isPresent() && !request.committed().get().version().isEmpty()) {
      return request.committed().get().version();
    }
    var matcher = VERSION.matcher(wanted);
    if (!matcher.matches()) {
      return nextFree(1, 0, 0);
    }
    // A VERSION that base has is used up, with or without a folder: earlier deployments had it.
    var used =
        request.deployVersions().contains(wanted)
            || wanted.equals(request.base().tinyenv().get("VERSION"));
    return used
        ? nextFree(
            Integer.parseInt(matcher.group(1)),
            Integer.parseInt(matcher.group(2)),
            Integer.parseInt(matcher.group(3)) + 1)
        : wanted;
  }

  private String nextFree(int major, int minor, int patch) {
    var version =
        major + "." + minor + "." + patch + request.pullRequest().map(n -> "-" + n).orElse("");
    return request.deployVersions().contains(version) ? nextFree(major, minor, patch + 1) : version;
  }

  /// What names a versioned Data Source and isn't forked or ours.
  private List<Reader> readers() {
    var out = new ArrayList<Reader>();
    for (var pipe : head.pipes().values()) {
      if (draft.isMigration(pipe)) {
        continue;
      }
      var trigger = flow.origin(pipe).map(Flow.Origin::table).orElse("");
      var view = pipe.is(Node.Kind.MATERIALIZED);
      var reads = new TreeSet<String>();
      for (var node : pipe.nodes()) {
        for (var name : flow.named(node)) {
          if (migrations.containsKey(name)
              && pipe.node(name).isEmpty()
              && !(view && name.equals(trigger))) {
            reads.add(name);
          }
        }
      }
      if (!reads.isEmpty()) {
        var kind =
            pipe.writingNode()
                .map(n -> n.kind().name().toLowerCase(Locale.ROOT))
                .orElse("endpoint");
        out.add(new Reader(pipe.name(), kind, List.copyOf(reads)));
      }
    }
    return out;
  }
}
