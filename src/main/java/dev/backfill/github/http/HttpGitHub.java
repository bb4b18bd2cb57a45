package dev.backfill.github.http;

import dev.backfill.failure.Failure.Kind;
import dev.backfill.failure.Failure.Remote;
import dev.backfill.github.Annotation;
import dev.backfill.github.Attempt;
import dev.backfill.github.Check;
import dev.backfill.github.CheckRun;
import dev.backfill.github.Comment;
import dev.backfill.github.Committed;
import dev.backfill.github.FileEdit;
import dev.backfill.github.GitHub;
import dev.backfill.github.GitHubLimits;
import dev.backfill.github.NewCommit;
import dev.backfill.github.NewPullRequest;
import dev.backfill.github.Permission;
import dev.backfill.github.PullRequest;
import dev.backfill.github.Reaction;
import dev.backfill.github.Repository;
import dev.backfill.github.RepositoryName;
import dev.backfill.github.WorkflowRun;
import dev.backfill.http.Http;
import dev.backfill.http.Reply;
import dev.backfill.http.Request;
import dev.backfill.http.Request.Effect;
import dev.backfill.revision.CommitId;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// GitHub's REST API, on github.com or an Enterprise Server. The token travels in a header and is
/// in no message.
public final class HttpGitHub implements GitHub {
  /// How often a write with an unknown end is looked after and sent again.
  private static final int ATTEMPTS = 3;

  /// A list that goes on for longer than this never ends.
  private static final int MOST_PAGES = 1000;

  /// What GitHub asks of those who write much.
  private static final Duration BETWEEN_WRITES = Duration.ofSeconds(1);

  private static final Pattern NEXT = Pattern.compile("<([^>]+)>\\s*;[^,]*rel=\"next\"");

  private final Http http;
  private final URI api;
  private final RepositoryName name;
  private final String token;

  /// @param http with [GitHubManners]
  /// @param api see [ApiUrl#parse]
  public HttpGitHub(Http http, URI api, RepositoryName name, String token) {
    this.http = http;
    this.api = api;
    this.name = name;
    this.token = token;
  }

  @Override
  public RepositoryName name() {
    return name;
  }

  @Override
  public Repository repository() {
    return get(
        tree ->
            new Repository(Wire.required(tree, "default_branch"), Wire.required(tree, "html_url")),
        Map.of());
  }

  @Override
  public PullRequest pullRequest(int number) {
    return get(this::pullRequest, Map.of(), "pulls", number(number));
  }

  private PullRequest pullRequest(JsonNode tree) {
    return Wire.pullRequest(tree, name);
  }

  @Override
  public List<PullRequest> openPullRequests() {
    return all(
        Wire::list,
        this::pullRequest,
        ordered("state", "open", "sort", "created", "direction", "asc"),
        "pulls");
  }

  @Override
  public List<PullRequest> pullRequestsWith(CommitId commit) {
    return all(Wire::list, this::pullRequest, Map.of(), "commits", commit.hex(), "pulls");
  }

  @Override
  public Attempt<PullRequest> openPullRequest(NewPullRequest wanted) {
    var body =
        object()
            .put("title", wanted.title())
            .put("head", wanted.head())
            .put("base", wanted.base())
            .put("body", wanted.body());
    return allowed(() ->
        again(
            () -> openBetween(wanted),
            () -> {
              try {
                return post(this::pullRequest, Effect.ONCE, body, "pulls");
              } catch (Remote e) {
                return instead(e, says(e, 422, "already exists"), () -> openBetween(wanted));
              }
            }));
  }

  private Optional<PullRequest> openBetween(NewPullRequest wanted) {
    return all(
            Wire::list,
            this::pullRequest,
            ordered(
                "state", "open", "head", name.owner() + ":" + wanted.head(), "base", wanted.base()),
            "pulls")
        .stream()
        .filter(pull -> pull.headBranch().equals(wanted.head()) && !pull.fork())
        .findFirst();
  }

  @Override
  public List<Comment> comments(int pullRequest) {
    return all(Wire::list, Wire::comment, Map.of(), "issues", number(pullRequest), "comments");
  }

  @Override
  public Attempt<Comment> createComment(int pullRequest, String body) {
    return allowed(() ->
        post(
            Wire::comment,
            Effect.ONCE,
            object().put("body", body),
            "issues",
            number(pullRequest),
            "comments"));
  }

  @Override
  public Attempt<Optional<Comment>> updateComment(long id, String body) {
    return allowed(() ->
        unlessAbsent(() ->
            call(
                "PATCH",
                Wire::comment,
                Effect.REPEATABLE,
                object().put("body", body),
                "issues",
                "comments",
                number(id))));
  }

  @Override
  public Attempt<Boolean> deleteComment(long id) {
    return allowed(() ->
        unlessAbsent(() ->
                http.send(
                    request(
                        "DELETE",
                        Effect.REPEATABLE,
                        Optional.empty(),
                        uri(Map.of(), "issues", "comments", number(id))),
                    Wire::errorText))
            .isPresent());
  }

  @Override
  public Attempt<Boolean> react(long comment, Reaction reaction) {
    var content =
        switch (reaction) {
          case EYES -> "eyes";
          case ROCKET -> "rocket";
          case CONFUSED -> "confused";
          case THUMBS_UP -> "+1";
          case THUMBS_DOWN -> "-1";
        };
    var request =
        request(
            "POST",
            Effect.ONCE,
            Optional.of(object().put("content", content)),
            uri(Map.of(), "issues", "comments", number(comment), "reactions"));
    return allowed(() -> {
      var lost = false;
      for (var attempt = 1; ; attempt++) {
        try {
          // 200: it was there already, perhaps by our own lost attempt
          return http.send(request, Wire::errorText).status() != 200 || lost;
        } catch (Remote e) {
          if (e.kind() != Kind.LOST || attempt == ATTEMPTS) {
            throw e;
          }
          lost = true;
        }
      }
    });
  }

  @Override
  public Permission permission(String login) {
    return unlessAbsent(() -> get(Wire::permission, Map.of(), "collaborators", login, "permission"))
        .orElse(Permission.NONE);
  }

  @Override
  public List<CheckRun> checkRuns(CommitId head) {
    return checkRuns(head, Map.of());
  }

  private List<CheckRun> checkRuns(CommitId head, Map<String, String> query) {
    return all(
            tree -> Wire.list(tree.path("check_runs")),
            Wire::checkRun,
            query,
            "commits",
            head.hex(),
            "check-runs")
        .stream()
        .sorted(Comparator.comparingLong(CheckRun::id).reversed())
        .toList();
  }

  @Override
  public Attempt<CheckRun> createCheck(CommitId head, Check check) {
    return allowed(() -> {
      var there = run(head, check);
      if (there.isPresent()) {
        var run = there.get();
        var sent = Math.min(check.annotations().size(), run.annotations());
        return sent == check.annotations().size() && isAsWanted(run, check)
            ? run
            : send(run, check, 0, sent);
      }
      var first = batch(check, 0);
      var last = first.size() == check.annotations().size();
      var body = body(check, last ? check.state() : new Check.InProgress(), first);
      body.put("head_sha", head.hex());
      var made =
          again(
              () -> run(head, check), () -> post(Wire::checkRun, Effect.ONCE, body, "check-runs"));
      return last ? made : send(made, check, 0, first.size());
    });
  }

  private Optional<CheckRun> run(CommitId head, Check check) {
    return checkRuns(head, ordered("check_name", check.name(), "filter", "all")).stream()
        .findFirst()
        .filter(run -> run.externalId().equals(check.externalId()));
  }

  private static boolean isAsWanted(CheckRun run, Check check) {
    return switch (check.state()) {
      case Check.InProgress _ -> run.conclusion().isEmpty();
      case Check.Completed(var conclusion) -> run.conclusion().equals(Optional.of(conclusion));
    };
  }

  @Override
  public Attempt<CheckRun> updateCheck(CheckRun run, Check check) {
    return allowed(() -> {
      var others = check.annotations().isEmpty() ? 0 : checkRun(run.id()).annotations();
      return send(run, check, others, 0);
    });
  }

  private CheckRun checkRun(long id) {
    return get(Wire::checkRun, Map.of(), "check-runs", number(id));
  }

  /// Sends the annotations from one on, and at the end the state: a run is never green before it is
  /// whole. What is sent is added to what is there, so after a lost answer their number tells.
  ///
  /// @param others how many annotations the run has that are not of this check
  private CheckRun send(CheckRun run, Check check, int others, int from) {
    var lost = 0;
    var sent = from;
    while (true) {
      var batch = batch(check, sent);
      var last = sent + batch.size() == check.annotations().size();
      var body = body(check, last ? check.state() : new Check.InProgress(), batch);
      CheckRun now;
      try {
        now = call("PATCH", Wire::checkRun, Effect.ONCE, body, "check-runs", number(run.id()));
      } catch (Remote e) {
        if (e.kind() != Kind.LOST || ++lost == ATTEMPTS) {
          throw e;
        }
        now = checkRun(run.id());
        if (batch.isEmpty() || now.annotations() < others + sent + batch.size()) {
          continue;
        }
      }
      if (last) {
        return now;
      }
      sent += batch.size();
      http.rest(BETWEEN_WRITES);
    }
  }

  private static List<Annotation> batch(Check check, int from) {
    var all = check.annotations();
    return all.subList(from, Math.min(all.size(), from + GitHubLimits.ANNOTATIONS_AT_ONCE));
  }

  private static ObjectNode body(Check check, Check.State state, List<Annotation> annotations) {
    var body = object().put("name", check.name()).put("external_id", check.externalId());
    check.detailsUrl().ifPresent(url -> body.put("details_url", url));
    switch (state) {
      case Check.InProgress _ -> body.put("status", "in_progress");
      case Check.Completed(var conclusion) ->
          body.put("status", "completed").put("conclusion", lower(conclusion));
    }
    var output = body.putObject("output");
    output.put("title", check.title()).put("summary", check.summary());
    if (!check.text().isEmpty()) {
      output.put("text", check.text());
    }
    if (!annotations.isEmpty()) {
      var list = output.putArray("annotations");
      for (var annotation : annotations) {
        var one = list.addObject();
        one.put("path", annotation.path())
            .put("start_line", annotation.startLine())
            .put("end_line", annotation.endLine())
            .put("annotation_level", lower(annotation.level()))
            .put("message", annotation.message());
        if (!annotation.title().isEmpty()) {
          one.put("title", annotation.title());
        }
      }
    }
    return body;
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public Optional<CommitId> branch(String branch) {
    return unlessAbsent(() -> get(HttpGitHub::target, Map.of(), "git", "ref", "heads/" + branch));
  }

  private static CommitId target(JsonNode ref) {
    return Wire.commit(Wire.required(ref, "object", "sha"));
  }

  @Override
  public Attempt<CommitId> createBranch(String branch, CommitId at) {
    var body = object().put("ref", "refs/heads/" + branch).put("sha", at.hex());
    return allowed(() ->
        again(
            () -> branch(branch),
            () -> {
              try {
                return post(HttpGitHub::target, Effect.ONCE, body, "git", "refs");
              } catch (Remote e) {
                return instead(e, says(e, 422, "already exists"), () -> branch(branch));
              }
            }));
  }

  @Override
  public Attempt<Committed> commit(NewCommit wanted) {
    return allowed(() -> {
      var head = wanted.expectedHead();
      for (var attempt = 1; ; attempt++) {
        var made = commit(wanted, head);
        if (!(made instanceof Committed.Moved(var now, _)) || attempt == 2) {
          return made;
        }
        var changed = changed(wanted, head, now);
        if (!changed.isEmpty()) {
          return new Committed.Moved(now, changed);
        }
        head = now;
      }
    });
  }

  private Committed commit(NewCommit wanted, CommitId head) {
    var base =
        get(tree -> Wire.required(tree, "tree", "sha"), Map.of(), "git", "commits", head.hex());
    // GitHub refuses to delete what isn't there
    var edits =
        wanted.edits().stream()
            .filter(edit -> edit instanceof FileEdit.Write || entry(head, edit.path()).isPresent())
            .toList();
    // trees and commits nobody points at are harmless, so these two may be repeated
    var tree =
        edits.isEmpty()
            ? base
            : post(
                made -> Wire.required(made, "sha"),
                Effect.REPEATABLE,
                tree(edits, base),
                "git",
                "trees");
    var there = head(wanted);
    if (!there.equals(head)) {
      return new Committed.Moved(there, List.of());
    }
    if (tree.equals(base)) {
      return new Committed.Nothing(head);
    }
    var body = object().put("message", wanted.message()).put("tree", tree);
    body.putArray("parents").add(head.hex());
    var commit =
        post(
            made -> Wire.commit(Wire.required(made, "sha")),
            Effect.REPEATABLE,
            body,
            "git",
            "commits");
    return advance(wanted, head, commit);
  }

  private static ObjectNode tree(List<FileEdit> edits, String base) {
    var body = object().put("base_tree", base);
    var entries = body.putArray("tree");
    for (var edit : edits) {
      var entry = entries.addObject().put("path", edit.path()).put("type", "blob");
      switch (edit) {
        case FileEdit.Write(_, var text, var executable) ->
            entry.put("mode", executable ? "100755" : "100644").put("content", text);
        case FileEdit.Delete _ -> entry.put("mode", "100644").putNull("sha");
      }
    }
    return body;
  }

  private CommitId head(NewCommit wanted) {
    return branch(wanted.branch())
        .orElseThrow(() ->
            new Remote(
                Kind.NOT_FOUND,
                404,
                Optional.empty(),
                name + " has no branch " + wanted.branch() + " any more. Nothing was committed."));
  }

  private Committed advance(NewCommit wanted, CommitId head, CommitId commit) {
    var body = object().put("sha", commit.hex()).put("force", false);
    for (var attempt = 1; ; attempt++) {
      try {
        call(
            "PATCH",
            HttpGitHub::target,
            Effect.ONCE,
            body,
            "git",
            "refs",
            "heads/" + wanted.branch());
        return new Committed.Made(commit, head);
      } catch (Remote e) {
        var moved = says(e, 422, "fast forward") || e.kind() == Kind.CONFLICT;
        if (!moved && (e.kind() != Kind.LOST || attempt == ATTEMPTS)) {
          throw e;
        }
        var now = head(wanted);
        if (now.equals(commit)
            || (!now.equals(head) && mergeBase(commit, now).equals(Optional.of(commit)))) {
          return new Committed.Made(commit, head);
        }
        if (moved || !now.equals(head)) {
          return new Committed.Moved(now, List.of());
        }
      }
    }
  }

  /// Paths of ours that differ between two commits.
  private List<String> changed(NewCommit wanted, CommitId one, CommitId other) {
    return wanted.edits().stream()
        .map(FileEdit::path)
        .filter(path -> !entry(one, path).equals(entry(other, path)))
        .toList();
  }

  /// The object at a path, whatever kind it has.
  private Optional<String> entry(CommitId at, String path) {
    return contents(at, path).map(node -> node.isArray() ? "folder" : Wire.required(node, "sha"));
  }

  private Optional<JsonNode> contents(CommitId at, String path) {
    return unlessAbsent(() -> get(node -> node, ordered("ref", at.hex()), "contents", path));
  }

  @Override
  public Optional<String> file(CommitId at, String path) {
    return contents(at, path)
        .filter(node -> Wire.optional(node, "type").orElse("").equals("file"))
        .map(node ->
            // a large file comes without its content, as a blob of its own
            text(
                Wire.optional(node, "encoding").orElse("").equals("base64")
                    ? node
                    : get(blob -> blob, Map.of(), "git", "blobs", Wire.required(node, "sha"))));
  }

  private static String text(JsonNode blob) {
    var content = Wire.optional(blob, "content").orElse("");
    return switch (Wire.required(blob, "encoding")) {
      case "base64" -> new String(Base64.getMimeDecoder().decode(content), StandardCharsets.UTF_8);
      case "utf-8" -> content;
      default -> throw new Wire.Odd("a file in an encoding we don't know");
    };
  }

  @Override
  public Optional<CommitId> mergeBase(CommitId one, CommitId other) {
    return unlessAbsent(() ->
        get(
            tree -> Wire.commit(Wire.required(tree, "merge_base_commit", "sha")),
            ordered("per_page", "1"),
            "compare",
            one.hex() + "..." + other.hex()));
  }

  @Override
  public Attempt<Boolean> dispatch(String workflow, String branch, Map<String, String> inputs) {
    var body = object().put("ref", branch);
    if (!inputs.isEmpty()) {
      var values = body.putObject("inputs");
      inputs.forEach(values::put);
    }
    var request =
        request(
            "POST",
            Effect.ONCE,
            Optional.of(body),
            uri(Map.of(), "actions", "workflows", workflow, "dispatches"));
    return allowed(() -> {
      try {
        var before = newestDispatch(workflow, branch);
        return again(
            () ->
                newestDispatch(workflow, branch)
                    .filter(run -> !Optional.of(run).equals(before))
                    .map(_ -> true),
            () -> {
              http.send(request, Wire::errorText);
              return true;
            });
      } catch (Remote e) {
        return instead(
            e, e.kind() == Kind.NOT_FOUND || says(e, 422, "trigger"), () -> Optional.of(false));
      }
    });
  }

  private Optional<Long> newestDispatch(String workflow, String branch) {
    return runs(workflow, ordered("event", "workflow_dispatch", "branch", branch)).stream()
        .map(WorkflowRun::id)
        .max(Comparator.naturalOrder());
  }

  @Override
  public List<WorkflowRun> unfinishedRuns(String workflow) {
    return Stream.of("in_progress", "queued", "waiting", "pending", "requested")
        .flatMap(status -> unlessAbsent(() -> runs(workflow, ordered("status", status))).stream())
        .flatMap(List::stream)
        .distinct()
        .sorted(Comparator.comparingLong(WorkflowRun::id).reversed())
        .toList();
  }

  @Override
  public Attempt<Boolean> cancel(long run) {
    return allowed(() -> {
      try {
        http.send(
            request(
                "POST",
                Effect.REPEATABLE,
                Optional.empty(),
                uri(Map.of(), "actions", "runs", number(run), "cancel")),
            Wire::errorText);
        return true;
      } catch (Remote e) {
        return instead(
            e, e.kind() == Kind.CONFLICT || e.kind() == Kind.NOT_FOUND, () -> Optional.of(false));
      }
    });
  }

  private List<WorkflowRun> runs(String workflow, Map<String, String> query) {
    // the newest are enough, and old workflows have tens of thousands
    var all = new LinkedHashMap<>(query);
    all.put("per_page", String.valueOf(GitHubLimits.PAGE));
    return get(
        tree -> Wire.list(tree.path("workflow_runs")).stream().map(Wire::workflowRun).toList(),
        all,
        "actions",
        "workflows",
        workflow,
        "runs");
  }

  // how a request is made, sent, and read

  private <T> T get(Function<JsonNode, T> reading, Map<String, String> query, String... path) {
    var request = request("GET", Effect.REPEATABLE, Optional.empty(), uri(query, path));
    return read(request, http.send(request, Wire::errorText), reading);
  }

  /// Every page. Only the query of GitHub's link to the next one is taken, so that no answer can
  /// send us and the token elsewhere.
  private <T> List<T> all(
      Function<JsonNode, List<JsonNode>> list,
      Function<JsonNode, T> reading,
      Map<String, String> query,
      String... path) {
    var first = new LinkedHashMap<>(query);
    first.put("per_page", String.valueOf(GitHubLimits.PAGE));
    var uri = uri(first, path);
    var result = new ArrayList<T>();
    for (var page = 1; page <= MOST_PAGES; page++) {
      var request = request("GET", Effect.REPEATABLE, Optional.empty(), uri);
      var reply = http.send(request, Wire::errorText);
      result.addAll(read(request, reply, tree -> list.apply(tree).stream().map(reading).toList()));
      var next = next(reply);
      if (next.isEmpty()) {
        return result.stream().distinct().toList();
      }
      uri = URI.create(uri(Map.of(), path) + "?" + next.get());
    }
    throw new Remote(
        Kind.PERMANENT,
        200,
        Optional.empty(),
        uri.getHost() + " gives more than " + MOST_PAGES + " pages for " + uri.getRawPath() + ".");
  }

  private static Optional<String> next(Reply reply) {
    return reply
        .header("link")
        .map(NEXT::matcher)
        .filter(Matcher::find)
        .map(link -> link.group(1))
        .filter(link -> link.contains("?"))
        .map(link -> link.substring(link.indexOf('?') + 1));
  }

  private <T> T post(
      Function<JsonNode, T> reading, Effect effect, ObjectNode body, String... path) {
    return call("POST", reading, effect, body, path);
  }

  private <T> T call(
      String method,
      Function<JsonNode, T> reading,
      Effect effect,
      ObjectNode body,
      String... path) {
    var request = request(method, effect, Optional.of(body), uri(Map.of(), path));
    return read(request, http.send(request, Wire::errorText), reading);
  }

  private <T> T read(Request request, Reply reply, Function<JsonNode, T> reading) {
    try {
      return reading.apply(Wire.tree(reply.text()));
    } catch (Wire.Odd e) {
      // it was carried out, perhaps, and we can't tell what came of it
      var kind = request.effect() == Effect.ONCE ? Kind.LOST : Kind.PERMANENT;
      throw http.refused(
          request, kind, reply.status(), "not what was asked for: " + e.getMessage());
    }
  }

  private Request request(String method, Effect effect, Optional<ObjectNode> body, URI uri) {
    return new Request(
        method,
        uri,
        effect,
        Optional.of(token),
        body.map(tree ->
            new Request.Body(
                "application/json", tree.toString().getBytes(StandardCharsets.UTF_8))));
  }

  private URI uri(Map<String, String> query, String... path) {
    var segments = new ArrayList<>(List.of("repos", name.owner(), name.name()));
    segments.addAll(List.of(path));
    return ApiUrl.at(api, segments, query);
  }

  /// Writes; after a lost answer looks whether it was done before writing again.
  private static <T> T again(Supplier<Optional<T>> look, Supplier<T> write) {
    for (var attempt = 1; ; attempt++) {
      try {
        return write.get();
      } catch (Remote e) {
        if (e.kind() != Kind.LOST || attempt == ATTEMPTS) {
          throw e;
        }
        var done = look.get();
        if (done.isPresent()) {
          return done.get();
        }
      }
    }
  }

  /// A missing permission as an answer. A wrong token (401) stays a failure: no `permissions` would
  /// help.
  private static <T> Attempt<T> allowed(Supplier<T> write) {
    try {
      return new Attempt.Done<>(write.get());
    } catch (Remote e) {
      if (e.kind() == Kind.FORBIDDEN && e.status() != 401) {
        return new Attempt.Denied<>(String.valueOf(e.getMessage()));
      }
      throw e;
    }
  }

  private static <T> Optional<T> unlessAbsent(Supplier<T> read) {
    try {
      return Optional.of(read.get());
    } catch (Remote e) {
      if (e.kind() == Kind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static <T> T instead(Remote failure, boolean expected, Supplier<Optional<T>> otherwise) {
    return (expected ? otherwise.get() : Optional.<T>empty()).orElseThrow(() -> failure);
  }

  private static boolean says(Remote failure, int status, String words) {
    return failure.status() == status && String.valueOf(failure.getMessage()).contains(words);
  }

  private static String number(long number) {
    return String.valueOf(number);
  }

  private static ObjectNode object() {
    return Wire.JSON.createObjectNode();
  }

  private static Map<String, String> ordered(String... namesAndValues) {
    var map = new LinkedHashMap<String, String>();
    for (var i = 0; i < namesAndValues.length; i += 2) {
      map.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    return map;
  }
}
