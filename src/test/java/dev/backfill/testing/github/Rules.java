package dev.backfill.testing.github;

import dev.backfill.github.GitHubLimits;
import dev.backfill.revision.CommitId;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.Repository;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What GitHub does when it is asked: its routes, permissions, pages, limits and refusals.
public abstract sealed class Rules extends World permits FakeGitHub {
  static final String ENTERPRISE = "/api/v3";
  private static final Set<String> REACTIONS =
      Set.of("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes");

  Rules(Repository git, String name, InstantSource clock) {
    super(git, name, clock);
  }

  record Answer(int status, Optional<JsonNode> body, Map<String, String> headers) {
    static Answer of(int status, JsonNode body) {
      return new Answer(status, Optional.of(body), Map.of());
    }

    static Answer empty(int status) {
      return new Answer(status, Optional.empty(), Map.of());
    }
  }

  // what GitHub does

  synchronized Answer execute(Call call, String api) {
    var token = who(call);
    spend();
    var shapes = new Shapes(api, api.replace(ENTERPRISE, ""), name, Instant.EPOCH);
    var path = call.path();
    var first = path.isEmpty() ? "" : path.getFirst();
    var answer =
        switch (first) {
          case "" -> Answer.of(200, shapes.wholeRepository(name, defaultBranch));
          case "pulls" -> pulls(call, token, shapes);
          case "issues" -> issues(call, token, shapes);
          case "commits" -> commits(call, shapes);
          case "check-runs" -> checkRuns(call, token, shapes);
          case "collaborators" -> collaborators(call, shapes);
          case "git" -> git(call, token, shapes);
          case "contents" -> contents(call, shapes);
          case "compare" -> compare(call, shapes);
          case "actions" -> actions(call, token, shapes);
          default -> throw notFound();
        };
    return answer;
  }

  private Token who(Call call) {
    if (!call.headers().getOrDefault("accept", "").startsWith("application/vnd.github")
        || !call.headers().containsKey("x-github-api-version")
        || !call.headers().containsKey("user-agent")) {
      throw new Refused(400, Shapes.error(400, "a header GitHub asks for is missing"));
    }
    var authorization = call.headers().getOrDefault("authorization", "");
    var token = tokens.get(authorization.replace("Bearer ", ""));
    if (token == null) {
      throw new Refused(401, Shapes.error(401, "Bad credentials"));
    }
    return token;
  }

  private void spend() {
    if (!clock.instant().isBefore(reset)) {
      remaining = 5000;
      reset = clock.instant().plus(Duration.ofHours(1));
    }
    if (remaining-- <= 0) {
      throw new Refused(403, Shapes.error(403, "API rate limit exceeded for installation."));
    }
  }

  /// @param any one of these is enough
  private static void needs(Token token, String... any) {
    if (Arrays.stream(any).noneMatch(token.permissions()::contains)) {
      throw new Refused(
          403,
          Shapes.error(
              403,
              "Resource not accessible by "
                  + (token.app().isPresent() ? "integration" : "personal access token")),
          Map.of("X-Accepted-GitHub-Permissions", String.join("; ", any)));
    }
  }

  private static Answer page(
      Call call, Shapes shapes, List<JsonNode> all, Function<List<JsonNode>, JsonNode> wrap) {
    var size = Math.clamp(Integer.parseInt(call.query().getOrDefault("per_page", "30")), 1, 100);
    var page = Math.max(1, Integer.parseInt(call.query().getOrDefault("page", "1")));
    var from = Math.min(all.size(), (page - 1) * size);
    var end = Math.min(all.size(), from + size);
    var pages = Math.max(1, (all.size() + size - 1) / size);
    var links = new ArrayList<String>();
    if (page < pages) {
      links.add(link(call, shapes, page + 1, "next"));
      links.add(link(call, shapes, pages, "last"));
    }
    if (page > 1) {
      links.add(link(call, shapes, 1, "first"));
      links.add(link(call, shapes, page - 1, "prev"));
    }
    return new Answer(
        200,
        Optional.of(wrap.apply(all.subList(from, end))),
        links.isEmpty() ? Map.of() : Map.of("Link", String.join(", ", links)));
  }

  /// As on github.com, by the repository's id instead of its name.
  private static String link(Call call, Shapes shapes, int page, String relation) {
    var query = new LinkedHashMap<>(call.query());
    query.put("page", String.valueOf(page));
    var text = new ArrayList<String>();
    query.forEach((key, value) ->
        text.add(key + "=" + java.net.URLEncoder.encode(value, StandardCharsets.UTF_8)));
    var api = shapes.repositoryUrl().replaceAll("/repos/.*", "/repositories/1300192");
    return "<%s/%s?%s>; rel=\"%s\""
        .formatted(api, String.join("/", call.path()), String.join("&", text), relation);
  }

  private static JsonNode array(List<? extends JsonNode> nodes) {
    var array = Shapes.JSON.createArrayNode();
    nodes.forEach(array::add);
    return array;
  }

  // pull requests
  private ObjectNode shown(Pull pull, Shapes shapes) {
    var node = shapes.pullRequest(pull.number, pull.author);
    node.put("state", pull.open ? "open" : "closed")
        .put("title", pull.title)
        .put("body", pull.body)
        .put("draft", pull.draft);
    if (pull.merged == null) {
      node.putNull("merged_at").putNull("merge_commit_sha");
    } else {
      node.put("merged_at", Shapes.time(clock.instant()))
          .put("merge_commit_sha", pull.merged.hex());
    }
    node.put("closed_at", pull.open ? null : Shapes.time(clock.instant()));
    var head = shapes.side(pull.head, head(pull).hex(), pull.repository, defaultBranch);
    if (pull.headGone) {
      head.putNull("repo");
    }
    node.set("head", head);
    var base = git.ref("refs/heads/" + pull.base).orElse(pull.last);
    node.set("base", shapes.side(pull.base, base.hex(), name, defaultBranch));
    return node;
  }

  private ObjectNode whole(Pull pull, Shapes shapes) {
    var node = shown(pull, shapes);
    node.put("merged", pull.merged != null)
        .put("mergeable", true)
        .put("mergeable_state", "clean")
        .putNull("merged_by")
        .put("comments", comments(pull.number).size())
        .put("maintainer_can_modify", false);
    for (var count :
        List.of("review_comments", "commits", "additions", "deletions", "changed_files")) {
      node.put(count, 1);
    }
    return node;
  }

  private Answer pulls(Call call, Token token, Shapes shapes) {
    if (call.path().size() == 2 && call.method().equals("GET")) {
      return Answer.of(200, whole(pull(number(call.path().get(1))), shapes));
    }
    if (call.path().size() > 1) {
      throw notFound();
    }
    if (call.method().equals("GET")) {
      var state = call.query().getOrDefault("state", "open");
      var head = call.query().get("head");
      var base = call.query().get("base");
      var found =
          pulls.values().stream()
              .filter(pull -> state.equals("all") || pull.open == state.equals("open"))
              .filter(pull ->
                  head == null
                      || head.equals(
                          pull.repository.substring(0, pull.repository.indexOf('/'))
                              + ":"
                              + pull.head))
              .filter(pull -> base == null || base.equals(pull.base))
              .sorted(
                  call.query().getOrDefault("direction", "desc").equals("asc")
                      ? Comparator.comparingInt((Pull pull) -> pull.number)
                      : Comparator.comparingInt((Pull pull) -> pull.number).reversed())
              .map(pull -> (JsonNode) shown(pull, shapes))
              .toList();
      return page(call, shapes, found, Rules::array);
    }
    needs(token, "pull_requests=write");
    var body = call.json();
    var head = body.path("head").asString();
    var base = body.path("base").asString();
    var at = git.ref("refs/heads/" + head);
    if (at.isEmpty()) {
      throw new Refused(422, Shapes.invalid("PullRequest", "head", "invalid", "head is invalid"));
    }
    if (pulls.values().stream()
        .anyMatch(pull -> pull.open && pull.head.equals(head) && pull.base.equals(base))) {
      var owner = name.substring(0, name.indexOf('/'));
      throw new Refused(
          422,
          Shapes.invalid(
              "PullRequest",
              "base",
              "custom",
              "A pull request already exists for " + owner + ":" + head + "."));
    }
    if (at.equals(git.ref("refs/heads/" + base))) {
      throw new Refused(
          422,
          Shapes.invalid(
              "PullRequest", "base", "custom", "No commits between " + base + " and " + head));
    }
    var number =
        open(
            token.login(),
            name,
            head,
            base,
            body.path("title").asString(),
            body.path("body").asString(""),
            at.get());
    return Answer.of(201, whole(pull(number), shapes));
  }

  // comments
  private static ObjectNode shown(Said said, Shapes shapes) {
    return shapes.comment(said.id, said.pull, said.author, said.body, said.made);
  }

  private Answer issues(Call call, Token token, Shapes shapes) {
    var path = call.path();
    if (path.size() == 3 && path.get(2).equals("comments")) {
      var pull = pull(number(path.get(1)));
      if (call.method().equals("GET")) {
        var all =
            comments.values().stream()
                .filter(said -> said.pull == pull.number)
                .map(said -> (JsonNode) shown(said, shapes))
                .toList();
        return page(call, shapes, all, Rules::array);
      }
      needs(token, "issues=write", "pull_requests=write");
      if (pull.locked) {
        throw new Refused(
            403, Shapes.error(403, "Unable to create comment because issue is locked."));
      }
      var id = say(pull.number, token.login(), text(call));
      return Answer.of(201, shown(said(id), shapes));
    }
    if (path.size() < 3 || !path.get(1).equals("comments")) {
      throw notFound();
    }
    var said = said(number(path.get(2)));
    if (path.size() == 4 && path.get(3).equals("reactions") && call.method().equals("POST")) {
      needs(token, "issues=write", "pull_requests=write");
      var content = call.json().path("content").asString();
      if (!REACTIONS.contains(content)) {
        throw unprocessable("Validation Failed");
      }
      var reaction = Map.entry(token.login(), content);
      var known = said.reactions.contains(reaction);
      if (!known) {
        said.reactions.add(reaction);
      }
      return Answer.of(
          known ? 200 : 201,
          shapes.reaction(said.id * 10, token.login(), content, clock.instant()));
    }
    if (path.size() != 3) {
      throw notFound();
    }
    return switch (call.method()) {
      case "PATCH" -> {
        needs(token, "issues=write", "pull_requests=write");
        said.body = text(call);
        yield Answer.of(200, shown(said, shapes));
      }
      case "DELETE" -> {
        needs(token, "issues=write", "pull_requests=write");
        comments.remove(said.id);
        yield Answer.empty(204);
      }
      default -> Answer.of(200, shown(said, shapes));
    };
  }

  private static String text(Call call) {
    var body = call.json().path("body").asString("");
    if (body.isBlank()) {
      throw new Refused(
          422, Shapes.invalid("IssueComment", "body", "missing_field", "body can't be blank"));
    }
    if (body.codePointCount(0, body.length()) > GitHubLimits.COMMENT) {
      throw new Refused(
          422,
          Shapes.invalid(
              "IssueComment", "body", "custom", "body is too long (maximum is 65536 characters)"));
    }
    return body;
  }

  // checks

  private static ObjectNode shown(Run run, Shapes shapes) {
    var url = shapes.repositoryUrl() + "/check-runs/" + run.id;
    var node =
        Shapes.object()
            .put("id", run.id)
            .put("head_sha", run.head.hex())
            .put("node_id", "CR_" + run.id)
            .put("url", url)
            .put("html_url", shapes.page("/runs/" + run.id))
            .put("started_at", Shapes.time(Instant.EPOCH));
    var completed = run.fields.path("status").asString("").equals("completed");
    node.put("completed_at", completed ? Shapes.time(Instant.EPOCH) : null)
        .put("name", run.fields.path("name").asString())
        .put("external_id", run.fields.path("external_id").asString(""))
        .put("details_url", run.fields.path("details_url").asString(url))
        .put("status", run.fields.path("status").asString("queued"));
    node.set("conclusion", completed ? run.fields.path("conclusion") : null);
    var output = node.putObject("output");
    for (var field : List.of("title", "summary", "text")) {
      var text = run.fields.path("output").path(field);
      output.put(field, text.isString() ? text.asString() : null);
    }
    output
        .put("annotations_count", run.annotations.size())
        .put("annotations_url", url + "/annotations");
    node.putObject("check_suite").put("id", 1);
    node.set("app", shapes.app(run.app));
    node.putArray("pull_requests");
    return node;
  }

  private Answer commits(Call call, Shapes shapes) {
    if (call.path().size() != 3 || !call.method().equals("GET")) {
      throw notFound();
    }
    var commit =
        git.commit(call.path().get(1))
            .map(found -> new CommitId(found.name()))
            .orElseThrow(() -> unprocessable("No commit found for SHA: " + call.path().get(1)));
    return switch (call.path().get(2)) {
      case "check-runs" -> {
        var wanted = call.query().get("check_name");
        var newest = new LinkedHashMap<String, Run>();
        var all = new ArrayList<Run>();
        for (var run : checks.values()) {
          var name = run.fields.path("name").asString();
          if (run.head.equals(commit) && (wanted == null || wanted.equals(name))) {
            newest.put(run.app + " " + name, run);
            all.add(run);
          }
        }
        var runs =
            call.query().getOrDefault("filter", "latest").equals("all")
                ? all
                : List.copyOf(newest.values());
        yield page(
            call,
            shapes,
            runs.stream().map(run -> (JsonNode) shown(run, shapes)).toList(),
            shown -> {
              var body = Shapes.object().put("total_count", runs.size());
              body.set("check_runs", array(shown));
              return body;
            });
      }
      case "pulls" ->
          page(
              call,
              shapes,
              pulls.values().stream()
                  .filter(pull ->
                      commit.equals(pull.merged)
                          || commit.equals(head(pull))
                          || (pull.merged != null
                              && git.reaches(pull.merged, commit)
                              && !git.reaches(git.parent(pull.merged), commit))
                          || (pull.open
                              && git.reaches(head(pull), commit)
                              && !git.reaches(tip(pull.base), commit)))
                  .map(pull -> (JsonNode) shown(pull, shapes))
                  .toList(),
              Rules::array);
      default -> throw notFound();
    };
  }

  private Answer checkRuns(Call call, Token token, Shapes shapes) {
    if (call.path().size() == 1 && call.method().equals("POST")) {
      var app = mayCheck(token);
      var body = call.json();
      var sha = body.path("head_sha").asString("");
      if (!sha.matches("[0-9a-f]{40}") || git.commit(sha).isEmpty()) {
        throw unprocessable("No commit found for SHA: " + sha);
      }
      valid(body);
      var id = ++ids;
      var run = new Run(id, app, new CommitId(sha));
      run.fields.put("status", "queued");
      set(run, body);
      checks.put(id, run);
      return Answer.of(201, shown(run, shapes));
    }
    if (call.path().size() != 2) {
      throw notFound();
    }
    var run = found(checks.get(number(call.path().get(1))));
    if (call.method().equals("PATCH")) {
      var app = mayCheck(token);
      if (!app.equals(run.app)) {
        throw new Refused(403, Shapes.error(403, "Invalid app_id `" + app + "`"));
      }
      valid(call.json());
      set(run, call.json());
    }
    return Answer.of(200, shown(run, shapes));
  }

  private static String mayCheck(Token token) {
    needs(token, "checks=write");
    return token
        .app()
        .orElseThrow(
            () -> new Refused(403, Shapes.error(403, "You must authenticate via a GitHub App.")));
  }

  private static void valid(JsonNode body) {
    var output = body.path("output");
    if (output.path("annotations").size() > GitHubLimits.ANNOTATIONS_AT_ONCE) {
      throw unprocessable("Invalid request. No more than 50 items are allowed");
    }
    for (var field : List.of("summary", "text")) {
      var text = output.path(field).asString("");
      if (text.codePointCount(0, text.length()) > GitHubLimits.CHECK_TEXT) {
        throw unprocessable("Invalid request. Only 65535 characters are allowed");
      }
    }
    if (body.path("status").asString("").equals("completed") && !body.has("conclusion")) {
      throw unprocessable("Invalid request. conclusion wasn't supplied");
    }
  }

  private static void set(Run run, JsonNode body) {
    for (var field : List.of("name", "external_id", "details_url", "status", "conclusion")) {
      if (body.has(field)) {
        run.fields.set(field, body.get(field));
      }
    }
    if (!run.fields.path("status").asString("").equals("completed")) {
      run.fields.remove("conclusion");
    }
    if (body.has("output")) {
      var output = (ObjectNode) body.get("output").deepCopy();
      output.path("annotations").forEach(run.annotations::add);
      output.remove("annotations");
      run.fields.set("output", output);
    }
  }

  // people

  private Answer collaborators(Call call, Shapes shapes) {
    if (call.path().size() != 3) {
      throw notFound();
    }
    var login = call.path().get(1);
    var permission = people.get(login);
    if (permission == null) {
      throw new Refused(404, Shapes.error(404, login + " is not a user"));
    }
    var role = permission.name().toLowerCase(Locale.ROOT);
    var body =
        Shapes.object()
            .put(
                "permission",
                switch (permission) {
                  case MAINTAIN -> "write";
                  case TRIAGE -> "read";
                  default -> role;
                })
            .put("role_name", role);
    body.set("user", shapes.user(login).put("role_name", role));
    return Answer.of(200, body);
  }

  // git

  private Answer git(Call call, Token token, Shapes shapes) {
    var path = call.path();
    var route = call.method() + " " + path.get(1);
    return switch (route) {
      case "GET ref" -> {
        var ref = "refs/" + path.get(2);
        yield Answer.of(200, shapes.ref(ref, git.ref(ref).orElseThrow(Rules::notFound).hex()));
      }
      case "POST refs" -> {
        needs(token, "contents=write");
        var ref = call.json().path("ref").asString("");
        var sha = call.json().path("sha").asString("");
        if (git.ref(ref).isPresent()) {
          throw unprocessable("Reference already exists");
        }
        exists(sha);
        git.set(ref, new CommitId(sha));
        yield Answer.of(201, shapes.ref(ref, sha));
      }
      case "PATCH refs" -> {
        needs(token, "contents=write");
        var ref = "refs/" + path.get(2);
        var now = git.ref(ref).orElseThrow(() -> unprocessable("Reference does not exist"));
        var sha = call.json().path("sha").asString("");
        exists(sha);
        if (protectedBranches.contains(ref.replace("refs/heads/", ""))) {
          throw unprocessable(
              "Repository rule violations found\n\nChanges must be made through a pull request.\n\n");
        }
        var to = new CommitId(sha);
        if (!call.json().path("force").asBoolean(false) && !git.reaches(to, now)) {
          throw unprocessable("Update is not a fast forward");
        }
        git.set(ref, to);
        yield Answer.of(200, shapes.ref(ref, sha));
      }
      case "POST trees" -> {
        needs(token, "contents=write");
        var body = call.json();
        var edits = new ArrayList<GitObjects.Edit>();
        for (var entry : body.path("tree")) {
          edits.add(
              new GitObjects.Edit(
                  entry.path("path").asString(),
                  entry.path("mode").asString().equals("100755")
                      ? FileMode.EXECUTABLE_FILE
                      : FileMode.REGULAR_FILE,
                  Optional.ofNullable(entry.get("content")).map(JsonNode::asString)));
        }
        var base = Optional.ofNullable(body.get("base_tree")).map(JsonNode::asString);
        var tree = git.tree(base, edits).orElseThrow(() -> unprocessable("GitRPC::BadObjectState"));
        var made = Shapes.object().put("sha", tree).put("truncated", false);
        made.put("url", shapes.repositoryUrl() + "/git/trees/" + tree);
        made.putArray("tree");
        yield Answer.of(201, made);
      }
      case "POST commits" -> {
        needs(token, "contents=write");
        var body = call.json();
        var parents = new ArrayList<String>();
        body.path("parents").forEach(parent -> parents.add(parent.asString()));
        var made =
            git.commit(
                body.path("tree").asString(),
                parents,
                body.path("message").asString(),
                token.login(),
                clock.instant());
        yield Answer.of(201, commit(made.hex(), shapes));
      }
      case "GET commits" -> {
        yield Answer.of(200, commit(path.get(2), shapes));
      }
      case "GET blobs" -> {
        var bytes = git.blob(path.get(2)).orElseThrow(Rules::notFound);
        yield Answer.of(
            200,
            Shapes.object()
                .put("sha", path.get(2))
                .put("node_id", "B_" + path.get(2))
                .put("size", bytes.length)
                .put("url", shapes.repositoryUrl() + "/git/blobs/" + path.get(2))
                .put("content", Base64.getMimeEncoder().encodeToString(bytes))
                .put("encoding", "base64"));
      }
      default -> throw notFound();
    };
  }

  private void exists(String sha) {
    if (git.commit(sha).isEmpty()) {
      throw unprocessable("Object does not exist");
    }
  }

  private ObjectNode commit(String sha, Shapes shapes) {
    var commit = git.commit(sha).orElseThrow(Rules::notFound);
    var url = shapes.repositoryUrl() + "/git/commits/";
    var node =
        Shapes.object()
            .put("sha", sha)
            .put("node_id", "C_" + sha)
            .put("url", url + sha)
            .put("html_url", shapes.page("/commit/" + sha))
            .put("message", commit.getFullMessage());
    for (var role : List.of("author", "committer")) {
      node.putObject(role)
          .put("date", Shapes.time(commit.getCommitterIdent().getWhenAsInstant()))
          .put("name", commit.getAuthorIdent().getName())
          .put("email", commit.getAuthorIdent().getEmailAddress());
    }
    node.putObject("tree")
        .put("sha", commit.getTree().name())
        .put("url", shapes.repositoryUrl() + "/git/trees/" + commit.getTree().name());
    var parents = node.putArray("parents");
    for (var parent : commit.getParents()) {
      parents
          .addObject()
          .put("sha", parent.name())
          .put("url", url + parent.name())
          .put("html_url", shapes.page("/commit/" + parent.name()));
    }
    node.putObject("verification")
        .put("verified", false)
        .put("reason", "unsigned")
        .putNull("signature")
        .putNull("payload")
        .putNull("verified_at");
    return node;
  }

  private Answer contents(Call call, Shapes shapes) {
    var path = String.join("/", call.path().subList(1, call.path().size()));
    var at =
        git.commit(call.query().getOrDefault("ref", tip(defaultBranch).hex()))
            .map(commit -> new CommitId(commit.name()))
            .orElseThrow(() -> new Refused(404, Shapes.error(404, "No commit found for the ref")));
    var entry = git.entry(at, path).orElseThrow(Rules::notFound);
    if (entry.mode().equals(FileMode.TREE)) {
      return Answer.of(
          200, array(git.entries(at, path).stream().map(found -> shown(found, shapes)).toList()));
    }
    var node = shown(entry, shapes);
    var bytes = git.blob(entry.sha()).orElse(new byte[0]);
    if (entry.mode().equals(FileMode.SYMLINK)) {
      node.put("target", new String(bytes, StandardCharsets.UTF_8));
    } else if (bytes.length > 1_000_000) {
      node.put("content", "").put("encoding", "none");
    } else {
      node.put("content", Base64.getMimeEncoder().encodeToString(bytes)).put("encoding", "base64");
    }
    return Answer.of(200, node);
  }

  private ObjectNode shown(GitObjects.Entry entry, Shapes shapes) {
    var url = shapes.repositoryUrl() + "/contents/" + entry.path();
    var node =
        Shapes.object()
            .put(
                "type",
                entry.mode().equals(FileMode.TREE)
                    ? "dir"
                    : entry.mode().equals(FileMode.SYMLINK) ? "symlink" : "file")
            .put("size", git.blob(entry.sha()).map(bytes -> bytes.length).orElse(0))
            .put("name", entry.path().substring(entry.path().lastIndexOf('/') + 1))
            .put("path", entry.path())
            .put("sha", entry.sha())
            .put("url", url)
            .put("git_url", shapes.repositoryUrl() + "/git/blobs/" + entry.sha())
            .put("html_url", shapes.page("/blob/x/" + entry.path()))
            .putNull("download_url");
    node.putObject("_links")
        .put("git", shapes.repositoryUrl() + "/git/blobs/" + entry.sha())
        .put("self", url)
        .putNull("html");
    return node;
  }

  private Answer compare(Call call, Shapes shapes) {
    var sides = call.path().get(1).split("\\.\\.\\.", 2);
    var one = new CommitId(git.commit(sides[0]).orElseThrow(Rules::notFound).name());
    var other = new CommitId(git.commit(sides[1]).orElseThrow(Rules::notFound).name());
    var base = git.mergeBase(one, other).orElseThrow(Rules::notFound);
    var url = shapes.repositoryUrl() + "/compare/" + call.path().get(1);
    var node = Shapes.object();
    for (var field : List.of("url", "html_url", "permalink_url", "diff_url", "patch_url")) {
      node.put(field, url);
    }
    node.set("base_commit", listed(one, shapes));
    node.set("merge_base_commit", listed(base, shapes));
    node.put(
            "status",
            one.equals(other)
                ? "identical"
                : base.equals(one) ? "ahead" : base.equals(other) ? "behind" : "diverged")
        .put("ahead_by", 0)
        .put("behind_by", 0)
        .put("total_commits", 0);
    node.putArray("commits");
    return Answer.of(200, node);
  }

  private ObjectNode listed(CommitId id, Shapes shapes) {
    var git = commit(id.hex(), shapes);
    var node =
        Shapes.object()
            .put("url", git.path("url").asString())
            .put("sha", id.hex())
            .put("node_id", "C_" + id.hex())
            .put("html_url", git.path("html_url").asString())
            .put("comments_url", git.path("url").asString() + "/comments");
    var inner = node.putObject("commit");
    inner.put("url", git.path("url").asString()).put("message", git.path("message").asString());
    inner.put("comment_count", 0);
    inner.set("author", git.get("author"));
    inner.set("committer", git.get("committer"));
    inner.set("tree", git.get("tree"));
    node.set("author", shapes.user("somebody"));
    node.set("committer", shapes.user("somebody"));
    node.set("parents", git.get("parents"));
    return node;
  }

  // workflows

  private Answer actions(Call call, Token token, Shapes shapes) {
    var path = call.path();
    if (path.size() == 4 && path.get(1).equals("workflows")) {
      var workflow = path.get(2);
      var dispatchable = found(workflows.get(workflow));
      if (path.get(3).equals("runs")) {
        var found =
            jobs.values().stream()
                .filter(job -> job.workflow.equals(workflow))
                .filter(job -> equal(call, "event", job.event))
                .filter(job -> equal(call, "branch", job.branch))
                .filter(job -> equal(call, "status", job.status))
                .filter(job -> equal(call, "head_sha", job.head.hex()))
                .sorted(Comparator.comparingLong((Job job) -> job.id).reversed())
                .map(job -> (JsonNode) shown(job, shapes))
                .toList();
        return page(
            call,
            shapes,
            found,
            shown -> {
              var body = Shapes.object().put("total_count", found.size());
              body.set("workflow_runs", array(shown));
              return body;
            });
      }
      needs(token, "actions=write");
      if (!dispatchable) {
        throw unprocessable("Workflow does not have 'workflow_dispatch' trigger");
      }
      var body = call.json();
      var branch = body.path("ref").asString("");
      if (git.ref("refs/heads/" + branch).isEmpty()) {
        throw unprocessable("No ref found for: " + branch);
      }
      var inputs = new TreeMap<String, String>();
      body.path("inputs")
          .properties()
          .forEach(entry -> inputs.put(entry.getKey(), entry.getValue().asString()));
      dispatched.add(new Dispatched(workflow, branch, inputs));
      var id = ++ids;
      jobs.put(id, new Job(id, workflow, "workflow_dispatch", branch, tip(branch), "queued"));
      return Answer.empty(204);
    }
    if (path.size() == 4 && path.get(1).equals("runs") && path.get(3).equals("cancel")) {
      needs(token, "actions=write");
      var job = found(jobs.get(number(path.get(2))));
      if (job.status.equals("completed")) {
        throw new Refused(
            409, Shapes.error(409, "Cannot cancel a workflow run that is completed."));
      }
      job.status = "completed";
      return Answer.of(202, Shapes.object());
    }
    throw notFound();
  }

  private static boolean equal(Call call, String parameter, String value) {
    return call.query().getOrDefault(parameter, value).equals(value);
  }

  private ObjectNode shown(Job job, Shapes shapes) {
    var url = shapes.repositoryUrl() + "/actions/runs/" + job.id;
    var node =
        Shapes.object()
            .put("id", job.id)
            .put("node_id", "WFR_" + job.id)
            .put("name", job.workflow)
            .put("head_branch", job.branch)
            .put("head_sha", job.head.hex())
            .put("path", ".github/workflows/" + job.workflow)
            .put("display_title", job.workflow)
            .put("run_number", 1)
            .put("event", job.event)
            .put("status", job.status)
            .put("conclusion", job.status.equals("completed") ? "cancelled" : null)
            .put("workflow_id", 1)
            .put("url", url)
            .put("html_url", shapes.page("/actions/runs/" + job.id))
            .put("created_at", Shapes.time(Instant.EPOCH))
            .put("updated_at", Shapes.time(Instant.EPOCH));
    node.putArray("pull_requests");
    for (var field :
        List.of("jobs", "logs", "check_suite", "artifacts", "cancel", "rerun", "workflow")) {
      node.put(field + "_url", url + "/" + field);
    }
    var head =
        node.putObject("head_commit")
            .put("id", job.head.hex())
            .put("tree_id", job.head.hex())
            .put("message", "")
            .put("timestamp", Shapes.time(Instant.EPOCH));
    head.putObject("author").put("name", "somebody").put("email", "somebody@example.com");
    head.putObject("committer").put("name", "somebody").put("email", "somebody@example.com");
    node.set("repository", shapes.repository(name, defaultBranch));
    node.set("head_repository", shapes.repository(name, defaultBranch));
    return node;
  }
}
