package dev.backfill.tb;

import dev.backfill.datafile.Datafile;
import dev.backfill.failure.Failure;
import dev.backfill.failure.Failure.Remote;
import dev.backfill.revision.CommitId;
import dev.backfill.revision.Revisions;
import dev.backfill.revision.Snapshot;
import dev.backfill.revision.jgit.JGitRevisions;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/// `tb deploy`: pushes what changed between the commit the workspace remembers and HEAD. Not
/// transactional: a failure leaves what was pushed, and the workspace on the old commit.
final class Deployment {
  static final Set<String> FLAGS =
      Set.of(
          "--dry-run",
          "--debug",
          "--yes",
          "--wait",
          "--populate",
          "--unlink-on-populate-error",
          "--skip-head-outdated");
  static final Set<String> OPTIONS = Set.of("--subset", "--sql-condition", "--user_token");

  private final Api api;
  private final Path folder;
  private final Variables variables;
  private final Arguments arguments;
  private final PrintStream out;

  Deployment(
      Api api, Path folder, Map<String, String> environment, Arguments arguments, PrintStream out) {
    this.api = api;
    this.folder = folder;
    this.variables = new Variables(environment);
    this.arguments = arguments;
    this.out = out;
  }

  void run() {
    var workspace = own(api);
    var release = workspace.path("release");
    var semver = Api.text(release, "semver");
    var commit = Api.text(release, "commit");
    if (semver.isEmpty() || commit.isEmpty()) {
      throw new Stopped(
          "The workspace has no commit. Run tb init --git on the main workspace first.");
    }
    try (Revisions revisions = JGitRevisions.open(folder)) {
      var project = project(revisions, folder);
      var head = revisions.resolve("HEAD");
      var base = deployed(revisions, commit, head);
      requireClean(revisions, head, project);
      if (base.equals(head)) {
        throw new Stopped("The commit " + head.hex() + " is already deployed.");
      }
      var renames = revisions.renames(base, Optional.of(head), project);
      if (!renames.isEmpty()) {
        throw new Stopped(
            "Renamed files are not supported, create new resources instead: "
                + renames.getFirst().from()
                + " -> "
                + renames.getFirst().to());
      }
      push(revisions.at(base, project), revisions.at(head, project));
      if (arguments.has("--dry-run")) {
        out.println("** Dry run, nothing was changed");
        return;
      }
      var id = Api.segment(Api.text(workspace, "id"));
      api.post("/v0/workspaces/" + id + "/releases/?commit=" + head.hex() + "&force=true");
      var bumped = bumped(semver);
      api.put(
          "/v0/workspaces/"
              + id
              + "/releases/"
              + Api.segment(semver)
              + "?new_semver="
              + Api.segment(bumped));
      out.println("** Deployed " + head.hex() + ", release " + bumped);
    }
  }

  /// The entry of the workspace the token belongs to.
  static JsonNode own(Api api) {
    var id = Api.text(api.get("/v0/workspace"), "id");
    return Api.list(api.get("/v0/user/workspaces/?with_environments=true"), "workspaces").stream()
        .filter(w -> Api.text(w, "id").equals(id))
        .findFirst()
        .orElseThrow(() -> new Stopped("The workspace of this token is not among the user's."));
  }

  static String project(Revisions revisions, Path folder) {
    try {
      var inside = revisions.root().toRealPath().relativize(folder.toRealPath()).toString();
      return inside.isEmpty() ? "." : inside.replace('\\', '/');
    } catch (IOException e) {
      throw new Failure.Machine("can't find " + folder, e);
    }
  }

  static void requireClean(Revisions revisions, CommitId head, String project) {
    var disk = revisions.worktree(project);
    var committed = revisions.at(head, project);
    if (!disk.files().equals(committed.files())
        || !disk.executable().equals(committed.executable())) {
      var changed = new TreeSet<>(disk.files().keySet());
      changed.addAll(committed.files().keySet());
      changed.removeIf(path ->
          java.util.Objects.equals(disk.files().get(path), committed.files().get(path))
              && disk.executable().contains(path) == committed.executable().contains(path));
      throw new Stopped(
          "You have uncommitted changes (" + String.join(", ", changed) + "). Commit them first.");
    }
  }

  private CommitId deployed(Revisions revisions, String commit, CommitId head) {
    try {
      var base = revisions.resolve(commit);
      if (revisions.mergeBase(base, head).equals(base)) {
        return base;
      }
      if (arguments.has("--skip-head-outdated")) {
        out.println("** Warning: " + commit + " is not an ancestor of HEAD");
        return base;
      }
    } catch (Failure.Usage e) {
      throw new Stopped(
          "The commit of the workspace, " + commit + ", is not in this clone: " + e.getMessage());
    }
    throw new Stopped(
        "The commit of the workspace, "
            + commit
            + ", is not an ancestor of HEAD. Rebase on it first.");
  }

  private void push(Snapshot base, Snapshot head) {
    var before = Definitions.before(base.files(), variables);
    var after = Definitions.of(head.files(), variables);
    var changedSources = changed(before, after, true);
    var changedPipes = changed(before, after, false);
    for (var name : changedSources) {
      out.println("** Push " + name + ".datasource");
    }
    var ordered = after.ordered(changedPipes);
    for (var name : ordered) {
      out.println("** Push " + name + ".pipe");
    }
    var gonePipes = new ArrayList<>(before.ordered(without(before.pipes(), after.pipes())));
    var goneSources = without(before.dataSources(), after.dataSources());
    gonePipes.forEach(name -> out.println("** Delete " + name + ".pipe"));
    goneSources.forEach(name -> out.println("** Delete " + name + ".datasource"));
    if (arguments.has("--dry-run")) {
      return;
    }
    var pusher = new Pusher(api, after, arguments, true, out);
    changedSources.forEach(pusher::dataSource);
    ordered.forEach(pusher::pipe);
    for (var name : gonePipes.reversed()) {
      remove("/v0/pipes/" + Api.segment(name));
    }
    for (var name : goneSources) {
      remove("/v0/datasources/" + Api.segment(name) + "?force=false&dry_run=false");
    }
  }

  private void remove(String path) {
    try {
      api.delete(path);
    } catch (Remote e) {
      if (e.kind() != Failure.Kind.NOT_FOUND) {
        throw e;
      }
    }
  }

  private Set<String> changed(Definitions before, Definitions after, boolean dataSources) {
    var names = new TreeSet<String>();
    for (var name : dataSources ? after.dataSources() : after.pipes()) {
      var known = (dataSources ? before.dataSources() : before.pipes()).contains(name);
      if (!known) {
        names.add(name);
        continue;
      }
      Datafile old = dataSources ? before.dataSource(name) : before.pipe(name);
      Datafile now = dataSources ? after.dataSource(name) : after.pipe(name);
      if (!Definitions.meaning(old).equals(Definitions.meaning(now))) {
        names.add(name);
      } else if (!old.print().equals(now.print())) {
        out.println("** " + name + " is only formatted differently, skipped");
      }
    }
    return names;
  }

  private static Set<String> without(Set<String> all, Set<String> some) {
    var rest = new TreeSet<>(all);
    rest.removeAll(some);
    return rest;
  }

  /// Without a version of its own every deployment counts as a post release.
  static String bumped(String semver) {
    var dash = semver.lastIndexOf('-');
    return dash < 0
        ? semver + "-1"
        : semver.substring(0, dash + 1) + (Integer.parseInt(semver.substring(dash + 1)) + 1);
  }
}
