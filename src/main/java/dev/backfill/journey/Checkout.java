package dev.backfill.journey;

import dev.backfill.failure.Failure;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Seal;
import dev.backfill.problem.Severity;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import dev.backfill.report.PlanReport;
import dev.backfill.revision.CommitId;
import dev.backfill.revision.Revisions;
import dev.backfill.revision.Snapshot;
import dev.backfill.revision.jgit.JGitRevisions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// What a workflow's clone tells about a pull request. Only git's objects are read: no file of a
/// work tree is looked at, none is written, and nothing from the pull request is executed.
public final class Checkout implements AutoCloseable {
  private static final Pattern PLAN_FILE = Pattern.compile("deploy/[^/]+/plan\\.json");

  private final Revisions revisions;

  private Checkout(Revisions revisions) {
    this.revisions = revisions;
  }

  /// @throws Failure.Usage when there is no repository
  public static Checkout open(Path folder) {
    return new Checkout(JGitRevisions.open(folder));
  }

  /// @throws Failure.Usage when there is no such revision
  public CommitId resolve(String revision) {
    return revisions.resolve(revision);
  }

  /// The clone holds this commit.
  public boolean has(CommitId commit) {
    try {
      return revisions.resolve(commit.hex()).equals(commit);
    } catch (Failure.Usage e) {
      return false;
    }
  }

  /// @throws Failure.Usage when there is none, or the clone is shallow
  public CommitId mergeBase(CommitId one, CommitId other) {
    return revisions.mergeBase(one, other);
  }

  /// The newest commit that changed a file; empty when the clone doesn't tell.
  public Optional<CommitId> lastChange(CommitId from, String path) {
    return revisions.lastChange(from, path);
  }

  /// Paths of the committed plans of every project, from the root of the repository.
  public List<String> planFiles(CommitId at) {
    var out = new TreeSet<String>();
    for (var dir : revisions.projectDirs(Optional.of(at))) {
      for (var path : revisions.at(at, dir).files().keySet()) {
        if (PLAN_FILE.matcher(path).matches()) {
          out.add(rooted(dir, path));
        }
      }
    }
    return List.copyOf(out);
  }

  /// A file as it is or should be.
  public record Content(String text, boolean executable) {}

  /// A file that differs.
  ///
  /// @param path from the root of the repository
  public record Difference(String path, Optional<Content> before, Optional<Content> after) {}

  /// What would have to be committed.
  ///
  /// @param edited generated files that a person has changed; nothing is proposed then
  public record Proposal(List<Difference> differences, List<String> edited) {
    public Proposal {
      differences = List.copyOf(differences);
      edited = List.copyOf(edited);
    }
  }

  /// The files of a plan against the head it was made for.
  public Proposal propose(PlanJourney.Planned planned, CommitId head) {
    var dir = planned.report().projectDir();
    var is = revisions.at(head, dir);
    var open =
        planned.report().files().stream()
            .filter(f -> f.status() != PlanReport.Presence.CURRENT)
            .map(PlanReport.FileStatus::path)
            .collect(Collectors.toSet());
    var differences = new ArrayList<Difference>();
    var edited = new ArrayList<String>();
    for (var change : planned.changes()) {
      if (!open.contains(change.path())) {
        continue;
      }
      var before = content(is, change.path());
      var after = change.text().map(t -> new Content(t, change.executable()));
      var ours = planned.generatedBefore().get(change.path());
      if (change.generated()
          && before.isPresent()
          && !change.path().endsWith("/plan.json")
          && !before.map(Content::text).equals(change.text())
          && !before.map(Content::text).map(Checkout::sha256).equals(Optional.ofNullable(ours))) {
        edited.add(rooted(dir, change.path()));
      }
      differences.add(new Difference(rooted(dir, change.path()), before, after));
    }
    return edited.isEmpty() ? new Proposal(differences, edited) : new Proposal(List.of(), edited);
  }

  private static Optional<Content> content(Snapshot snapshot, String path) {
    return Optional.ofNullable(snapshot.files().get(path))
        .map(t -> new Content(t, snapshot.executable().contains(path)));
  }

  /// Names around a plan that the main line has changed since a branch left it.
  ///
  /// @param dir the project's folder
  /// @param base where the branch left the main line
  /// @param tip the main line's newest commit
  public List<String> moved(PlanCore core, String dir, CommitId base, CommitId tip) {
    if (core.migrations().isEmpty() || base.equals(tip)) {
      return List.of();
    }
    var before = around(core, revisions.at(base, dir));
    var after = around(core, revisions.at(tip, dir));
    var names = new TreeSet<>(before.keySet());
    names.addAll(after.keySet());
    names.removeIf(n -> Objects.equals(before.get(n), after.get(n)));
    return List.copyOf(names);
  }

  private static Map<String, String> around(PlanCore core, Snapshot snapshot) {
    var project = ProjectReader.read(snapshot.files());
    var texts = new java.util.TreeMap<>(Seal.resources(project, core));
    if (broken(project)) {
      texts.put("a project that can't be read", snapshot.label());
    }
    return texts;
  }

  private static boolean broken(Project project) {
    return project.problems().stream().anyMatch(p -> p.severity() == Severity.ERROR);
  }

  private static String rooted(String dir, String path) {
    return dir.equals(".") ? path : dir + "/" + path;
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

  @Override
  public void close() {
    revisions.close();
  }
}
