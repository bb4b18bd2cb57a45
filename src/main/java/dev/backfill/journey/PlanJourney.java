package dev.backfill.journey;

import dev.backfill.change.ProjectDiff;
import dev.backfill.change.Verdict;
import dev.backfill.config.Settings;
import dev.backfill.emit.Emitter;
import dev.backfill.emit.FileChange;
import dev.backfill.emit.Undo;
import dev.backfill.failure.Failure;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.plan.Seal;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import dev.backfill.project.CiTemplate;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import dev.backfill.project.Readings;
import dev.backfill.report.CoreJson;
import dev.backfill.report.Dataflow;
import dev.backfill.report.PlanReport;
import dev.backfill.revision.CommitId;
import dev.backfill.revision.Revisions;
import dev.backfill.revision.Snapshot;
import dev.backfill.revision.jgit.JGitRevisions;
import dev.backfill.survey.Deployed;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Compares two revisions and plans what their difference asks for. Reads git, writes nothing,
/// knows no clock.
public final class PlanJourney {
  private static final Pattern PLAN_FILE = Pattern.compile("deploy/([^/]+)/plan\\.json");
  private static final Pattern IN_DEPLOY = Pattern.compile("deploy/([^/]+)/.+");

  private PlanJourney() {}

  /// What is asked.
  ///
  /// @param base revision to compare with; empty for where head left the main line
  /// @param head revision; empty for the work tree
  /// @param lead how long after the deploy the cutover lies, instead of the settings'
  /// @param pinned the cutover itself
  /// @param pullRequest its number, which becomes a part of the version
  public record Request(
      Location where,
      Optional<String> base,
      Optional<String> head,
      Optional<Duration> lead,
      Optional<Instant> pinned,
      Optional<Integer> pullRequest) {

    /// Two revisions without a pull request.
    public Request(
        Location where,
        Optional<String> base,
        Optional<String> head,
        Optional<Duration> lead,
        Optional<Instant> pinned) {
      this(where, base, head, lead, pinned, Optional.empty());
    }
  }

  /// A plan with what is needed to carry it into the work tree.
  ///
  /// @param report what is shown
  /// @param core the sealed core
  /// @param changes every file as it should be, `plan.json` included; empty when there is nothing
  ///   to generate or something stops it
  /// @param generatedBefore sha256 by path of what head's own plan says it generated
  /// @param edited of those, the ones that head holds otherwise: somebody has edited them
  /// @param base the project at base
  /// @param folder the project's folder on disk
  /// @param settings head's
  /// @param request what was asked for
  public record Planned(
      PlanReport report,
      PlanCore core,
      List<FileChange> changes,
      Map<String, String> generatedBefore,
      Set<String> edited,
      Project base,
      Path folder,
      Settings settings,
      Request request) {
    public Planned {
      changes = List.copyOf(changes);
      generatedBefore = Map.copyOf(generatedBefore);
      edited = Set.copyOf(edited);
    }

    /// The same with another report, such as one with a workspace's figures.
    public Planned showing(PlanReport other) {
      return new Planned(
          other, core, changes, generatedBefore, edited, base, folder, settings, request);
    }
  }

  /// What a workspace holds beside what the files define; given the names that they do.
  public interface Workspace extends Function<Set<String>, Deployed> {
    /// There is none to ask.
    Workspace NONE = _ -> Deployed.NOTHING;
  }

  /// Plans every project of the repository, or the one that was named, from its files alone.
  public static List<Planned> planAll(Request request) {
    return planAll(request, Workspace.NONE);
  }

  /// The same; names that the workspace has taken stay free, and what is being migrated there isn't
  /// planned again.
  public static List<Planned> planAll(Request request, Workspace workspace) {
    try (var revisions =
        JGitRevisions.open(request.where().repository(), request.where().fetching())) {
      var head = request.head().map(revisions::resolve);
      var base = base(revisions, request, head);
      var moved = MovedProjects.between(revisions, base, head);
      var dirs =
          Sources.projectDirs(revisions, request.where(), List.of(Optional.of(base), head)).stream()
              .filter(dir -> !moved.gone(dir))
              .toList();
      var out = new ArrayList<Planned>();
      var left = dirs.size();
      for (var dir : dirs) {
        try {
          out.add(plan(revisions, request, workspace, base, head, moved, dir));
        } catch (Failure.Unreadable e) {
          // One of several that can't be read, and that nobody touches, keeps none from a plan.
          left--;
          if (left == 0 || !untouched(revisions, base, head, dir)) {
            throw e;
          }
        }
      }
      return List.copyOf(out);
    }
  }

  private static boolean untouched(
      Revisions revisions, CommitId base, Optional<CommitId> head, String dir) {
    return revisions.at(base, dir).files().equals(Sources.snapshot(revisions, head, dir).files());
  }

  /// Plans the only project, or the one that was named.
  public static Planned plan(Request request, Workspace workspace) {
    try (var revisions =
        JGitRevisions.open(request.where().repository(), request.where().fetching())) {
      var head = request.head().map(revisions::resolve);
      var base = base(revisions, request, head);
      var moved = MovedProjects.between(revisions, base, head);
      var dir =
          Sources.projectDir(
              revisions,
              request.where(),
              moved.before().isEmpty() ? List.of(Optional.of(base), head) : List.of(head));
      return plan(revisions, request, workspace, base, head, moved, dir);
    }
  }

  private static CommitId base(Revisions revisions, Request request, Optional<CommitId> head) {
    if (request.base().isPresent()) {
      return revisions.resolve(request.base().get());
    }
    var main =
        revisions
            .mainLine()
            .orElseThrow(() ->
                new Failure.Usage(
                    "there is neither origin/HEAD nor main to compare with. Name the revision"
                        + " with --base, or add --fetch."));
    return revisions.mergeBase(main, head.orElseGet(() -> revisions.resolve("HEAD")));
  }

  private static Planned plan(
      Revisions revisions,
      Request request,
      Workspace workspace,
      CommitId baseId,
      Optional<CommitId> headId,
      MovedProjects moved,
      String dir) {
    var baseFiles = revisions.at(baseId, moved.inBase(dir));
    var headFiles = Sources.snapshot(revisions, headId, dir);
    var readings = new Readings();
    var base = ProjectReader.read(baseFiles.files(), readings);
    var committed = committed(baseFiles, headFiles);
    var written = committed.map(c -> Undo.of(headFiles.files(), c)).orElse(headFiles.files());
    var head =
        project(
            new Snapshot(
                headFiles.label(), dir, written, headFiles.executable(), headFiles.problems()),
            readings);
    // What head repairs there is judged as what can't be compared.
    Sources.stopOnErrors(
        Stream.concat(baseFiles.problems().stream(), ProjectDiff.unrepaired(base, head).stream())
            .map(p ->
                new Problem(
                    p.code(),
                    p.severity(),
                    p.place(),
                    p.message() + " in base " + baseId.abbreviated(),
                    p.advice()))
            .toList());
    var settings = Sources.settings(request.where(), headFiles);
    Sources.stopOnWrongSettings(settings.problems());
    var live = Live.of(workspace, base, head, committed);
    var renames = moved.renames(dir, baseFiles, headFiles);
    revisions.renames(baseId, headId, dir).forEach(r -> renames.putIfAbsent(r.from(), r.to()));
    var plan =
        Planner.plan(
            new PlanRequest(
                live.base(),
                live.head(),
                renames,
                settings.settings(),
                request.lead(),
                request.pinned(),
                committed,
                live.taken(),
                Optional.empty(),
                deployVersions(baseFiles, headFiles, committed),
                request.pullRequest()));
    var ci = CiTemplate.of(revisions.workflows(headId), dir);
    var said = plan.verdict() == Verdict.VERSION ? ci.problems() : List.<Problem>of();
    var obstacles = new ArrayList<>(plan.obstacles());
    said.stream().filter(p -> p.severity() == Severity.ERROR).forEach(obstacles::add);
    obstacles.addAll(live.obstacles(plan));
    committed.ifPresent(c -> obstacles.addAll(Undo.problems(headFiles.files(), c)));
    if (plan.verdict() == Verdict.VERSION) {
      obstacles.addAll(Emitter.obstacles(plan, base, head));
    }
    var changes =
        plan.verdict() == Verdict.VERSION && obstacles.isEmpty()
            ? new ArrayList<>(Emitter.emit(plan, base, head, ci.scripts()))
            : new ArrayList<FileChange>();
    var core = plan.core().withFiles(generated(changes));
    if (!changes.isEmpty()) {
      changes.add(
          new FileChange(
              "deploy/" + core.version() + "/plan.json",
              Optional.of(CoreJson.file(core)),
              false,
              true));
    }
    var files = changes.stream().flatMap(c -> status(c, headFiles).stream()).toList();
    var sealed =
        new Plan(
            plan.verdict(),
            core,
            plan.changes(),
            plan.readers(),
            Stream.concat(
                    warnings(plan, base, head, baseFiles, headFiles).stream(),
                    said.stream().filter(p -> p.severity() != Severity.ERROR))
                .toList(),
            obstacles,
            plan.evidence());
    var report =
        new PlanReport(
            baseId.hex(),
            headFiles.label(),
            dir,
            Seal.of(CoreJson.write(Seal.meaning(core)), Seal.resources(head, core), core.rules()),
            sealed,
            files,
            Dataflow.of(base, core, plan.readers()),
            Steps.of(sealed, files, request, dir));
    return new Planned(
        report,
        core,
        changes,
        committed.stream()
            .flatMap(PlanJourney::written)
            .collect(Collectors.toMap(PlanCore.Generated::path, PlanCore.Generated::sha256)),
        committed.stream()
            .flatMap(PlanJourney::written)
            .filter(f -> headFiles.files().containsKey(f.path()))
            .filter(f -> !sha256(headFiles.files().getOrDefault(f.path(), "")).equals(f.sha256()))
            .map(PlanCore.Generated::path)
            .collect(Collectors.toSet()),
        base,
        dir.equals(".") ? revisions.root() : revisions.root().resolve(dir),
        settings.settings(),
        request);
  }

  private static Project project(Snapshot snapshot, Readings readings) {
    var project = ProjectReader.read(snapshot.files(), readings);
    Sources.stopOnErrors(Sources.problems(snapshot, project));
    return project;
  }

  /// The core of the plan that head added: our own files are in head, and planning starts from what
  /// the author wrote.
  private static Optional<PlanCore> committed(Snapshot base, Snapshot head) {
    var added =
        head.files().keySet().stream()
            .filter(p -> PLAN_FILE.matcher(p).matches() && !base.files().containsKey(p))
            .toList();
    if (added.isEmpty()) {
      return Optional.empty();
    }
    if (added.size() > 1) {
      throw new Failure.Refused(
          "head adds several plans, "
              + String.join(" and ", added)
              + "; remove all but the one that is meant, with its files.");
    }
    var path = added.getFirst();
    try {
      return Optional.of(CoreJson.read(head.files().getOrDefault(path, "")));
    } catch (CoreJson.Malformed e) {
      throw new Failure.Unreadable(
          List.of(
              Problem.error(
                  "plan_unreadable",
                  Place.of(path, e.line()),
                  e.getMessage() + ".",
                  "Take it back as `backfill generate` wrote it, or remove its folder.")));
    }
  }

  private static Set<String> deployVersions(
      Snapshot base, Snapshot head, Optional<PlanCore> committed) {
    var versions = new TreeSet<String>();
    for (var path : Stream.of(base, head).flatMap(s -> s.files().keySet().stream()).toList()) {
      var matcher = IN_DEPLOY.matcher(path);
      if (matcher.matches()) {
        versions.add(matcher.group(1));
      }
    }
    committed.ifPresent(c -> versions.remove(c.version()));
    return versions;
  }

  private static List<PlanCore.Generated> generated(List<FileChange> changes) {
    var out = new TreeMap<String, PlanCore.Generated>();
    for (var change : changes) {
      if (change.generated() && change.text().isPresent()) {
        out.put(
            change.path(),
            new PlanCore.Generated(
                change.path(), mode(change), sha256(change.text().orElseThrow())));
      }
    }
    return List.copyOf(out.values());
  }

  /// What was generated with a core, its own file included: it can't hold its own hash.
  private static Stream<PlanCore.Generated> written(PlanCore core) {
    return Stream.concat(
        core.files().stream(),
        Stream.of(
            new PlanCore.Generated(
                "deploy/" + core.version() + "/plan.json", "100644", sha256(CoreJson.file(core)))));
  }

  /// How head holds a file; nothing for one that should be gone and is.
  private static Optional<PlanReport.FileStatus> status(FileChange change, Snapshot head) {
    var is = Optional.ofNullable(head.files().get(change.path()));
    if (change.text().isEmpty() && is.isEmpty()) {
      return Optional.empty();
    }
    var current =
        is.equals(change.text())
            && head.executable().contains(change.path()) == change.executable();
    var presence =
        current
            ? PlanReport.Presence.CURRENT
            : is.isEmpty() ? PlanReport.Presence.MISSING : PlanReport.Presence.STALE;
    return Optional.of(
        new PlanReport.FileStatus(
            change.path(), mode(change), presence, sha256(change.text().orElse(""))));
  }

  private static String mode(FileChange change) {
    return change.executable() ? "100755" : "100644";
  }

  private static List<Problem> warnings(
      Plan plan, Project base, Project head, Snapshot baseFiles, Snapshot headFiles) {
    // What base has too isn't news of this pull request, unless it is about a file that nobody
    // would deploy and that is edited.
    var old =
        Sources.problems(baseFiles, base).stream()
            .filter(p ->
                !p.code().equals("file_not_loaded")
                    || Objects.equals(
                        baseFiles.files().get(p.place().file()),
                        headFiles.files().get(p.place().file())))
            .collect(Collectors.toSet());
    return Stream.concat(
            plan.warnings().stream(),
            Sources.problems(headFiles, head).stream().filter(p -> !old.contains(p)))
        .distinct()
        .toList();
  }

  private static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
