package dev.backfill.tb;

import dev.backfill.datafile.Datafile;
import dev.backfill.datafile.Datafile.DatasourceFile;
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
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
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
  static final Set<String> OPTIONS = Set.of("--subset", "--sql-condition");

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
    for (var name : changedSources) {
      pushDataSource(after, name);
    }
    for (var name : ordered) {
      pushPipe(after, name);
    }
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

  private void pushDataSource(Definitions definitions, String name) {
    var file = definitions.dataSource(name);
    var live = api.find("/v0/datasources/" + Api.segment(name));
    if (live.isEmpty()) {
      api.form("POST", "/v0/datasources", definitions.form(name));
      out.println("** '" + name + "' created");
      return;
    }
    var changes = alterations(definitions, file, live.get());
    var dropped = differs(definitions, file, live.get());
    if (!changes.isEmpty()) {
      alter(name, changes);
    }
    if (dropped) {
      // not an error: the rest of the change is left out and the deployment goes on
      out.println("** Warning: '" + name + "' already exists and can't be migrated or replaced");
    }
    if (changes.isEmpty() && !dropped) {
      out.println("** '" + name + "' is up to date");
    }
  }

  /// Only the column list, indexes, description and TTL are ever altered.
  private static SortedMap<String, String> alterations(
      Definitions definitions, DatasourceFile file, JsonNode live) {
    var changes = new TreeMap<String, String>();
    var schema = Definitions.schema(file);
    if (!bare(schema).equals(bare(Api.text(live.path("schema"), "sql_schema")))) {
      changes.put("schema", schema);
    }
    if (!Definitions.description(file).equals(Api.text(live, "description"))) {
      changes.put("description", Definitions.description(file));
    }
    var ttl = definitions.engine(file).getOrDefault("engine_ttl", "");
    if (!bare(ttl).equals(bare(Api.text(live.path("engine"), "ttl")))) {
      changes.put("ttl", ttl.isEmpty() ? "false" : ttl);
    }
    var liveIndexes =
        Api.list(live, "indexes").stream().map(i -> Api.text(i, "name")).sorted().toList();
    var indexes = file.indexes().stream().map(i -> i.name()).sorted().toList();
    if (!indexes.equals(liveIndexes)) {
      changes.put("indexes", indexes.isEmpty() ? "0" : Definitions.indexes(file));
    }
    return changes;
  }

  private void alter(String name, Map<String, String> changes) {
    var path = "/v0/datasources/" + Api.segment(name) + "/alter";
    try {
      for (var dry : new String[] {"true", "false"}) {
        var form = new LinkedHashMap<String, String>();
        form.put("dry", dry);
        form.putAll(changes);
        var answer = api.form("POST", path, form);
        if (dry.equals("true")) {
          Api.list(answer, "operations").forEach(o -> out.println("**   " + o));
        }
      }
      out.println("** '" + name + "' altered");
    } catch (Remote e) {
      if (!String.valueOf(e.getMessage()).contains("There were no operations to perform")) {
        throw e;
      }
    }
  }

  private static boolean differs(Definitions definitions, DatasourceFile file, JsonNode live) {
    var engine = live.path("engine");
    for (var key : new String[] {"sorting_key", "partition_key", "primary_key", "ver"}) {
      var wanted = definitions.engine(file).getOrDefault("engine_" + key, "");
      var has = Api.text(engine, "engine_" + key);
      if (has.isEmpty()) {
        has = Api.text(engine, key);
      }
      if (!wanted.isEmpty() && !plain(wanted).equals(plain(has))) {
        return true;
      }
    }
    var wanted = definitions.engine(file).getOrDefault("engine", "MergeTree");
    var has = engine.isString() ? engine.asString() : Api.text(engine, "engine");
    return !has.isEmpty() && !plain(wanted).equals(plain(has));
  }

  private static String bare(String text) {
    return text.replaceAll("\\s+", "");
  }

  private static String plain(String key) {
    return key.replaceAll("[\\s`()\"]|^tuple", "");
  }

  private void pushPipe(Definitions definitions, String name) {
    var file = definitions.pipe(name);
    var materialized =
        file.nodes().stream().anyMatch(n -> definitions.type(n).equals("materialized"));
    var query = new LinkedHashMap<String, String>();
    query.put("ignore_sql_errors", "false");
    query.put("force", "true");
    if (arguments.has("--populate") && materialized) {
      query.put("populate", "true");
      arguments.option("--sql-condition").ifPresent(s -> query.put("populate_condition", s));
      arguments.option("--subset").ifPresent(s -> query.put("populate_subset", s));
      query.put(
          "unlink_on_populate_error", String.valueOf(arguments.has("--unlink-on-populate-error")));
    }
    var answer = api.postJson("/v0/pipes?" + Api.query(query), definitions.json(name));
    var pushed = Api.list(answer, "nodes");
    var copies = file.nodes().stream().filter(n -> definitions.type(n).equals("copy")).toList();
    for (var node : copies) {
      var id =
          pushed.stream()
              .filter(n -> Api.text(n, "name").equals(definitions.nodeName(node)))
              .map(n -> Api.text(n, "id"))
              .findFirst()
              .orElseThrow(() -> new Stopped("The copy node of " + name + " was not created."));
      api.form(
          "PUT",
          "/v0/pipes/"
              + Api.segment(Api.text(answer, "id"))
              + "/nodes/"
              + Api.segment(id)
              + "/copy",
          definitions.copyForm(node));
    }
    if (Api.text(answer, "type").equals("default") && copies.isEmpty() && !pushed.isEmpty()) {
      api.post(
          "/v0/pipes/"
              + Api.segment(name)
              + "/nodes/"
              + Api.segment(Api.text(pushed.getLast(), "id"))
              + "/endpoint");
    }
    if (file.all("TOKEN").findAny().isPresent()) {
      out.println("** Note: this stand-in creates no tokens (" + name + ")");
    }
    out.println("** '" + name + "' created");
    var job = Api.jobId(answer.path("job"));
    if (!job.isEmpty() && arguments.has("--wait")) {
      api.await(job, out);
    }
  }

  /// Without a version of its own every deployment counts as a post release.
  static String bumped(String semver) {
    var dash = semver.lastIndexOf('-');
    return dash < 0
        ? semver + "-1"
        : semver.substring(0, dash + 1) + (Integer.parseInt(semver.substring(dash + 1)) + 1);
  }
}
