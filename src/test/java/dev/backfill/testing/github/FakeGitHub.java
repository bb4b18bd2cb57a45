package dev.backfill.testing.github;

import dev.backfill.github.Check;
import dev.backfill.github.Comment;
import dev.backfill.github.GitHubLimits;
import dev.backfill.github.Permission;
import dev.backfill.github.PullRequest;
import dev.backfill.revision.CommitId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Predicate;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.Repository;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// GitHub, as far as we use it: one repository over a real git repository, with pull requests,
/// comments, checks, reactions, workflows, permissions, pages, limits, and faults on demand.
///
/// Every exchange is held to GitHub's published description (see [Description]); answers made by a
/// fault are not, their requests are. [#close()] throws when one did not fit, so no test can
/// overlook it.
public final class FakeGitHub implements AutoCloseable {
  /// The login and app of a workflow's own token.
  public static final String ACTIONS = "github-actions[bot]";

  private static final String ENTERPRISE = "/api/v3";
  private static final Set<String> REACTIONS =
      Set.of("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes");

  private final GitObjects git;
  private final String name;
  private final InstantSource clock;
  private final MockWebServer server = new MockWebServer();
  private final Optional<Description> description;
  private final List<String> violations = new CopyOnWriteArrayList<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final List<Planned> planned = new CopyOnWriteArrayList<>();

  private final Map<String, Token> tokens = new HashMap<>();
  private final Map<String, Permission> people = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
  private final Map<Integer, Pull> pulls = new TreeMap<>();
  private final Map<Long, Said> comments = new TreeMap<>();
  private final Map<Long, Run> checks = new TreeMap<>();
  private final Map<Long, Job> jobs = new TreeMap<>();
  private final Map<String, Boolean> workflows = new TreeMap<>();
  private final List<Dispatched> dispatched = new ArrayList<>();
  private final Set<String> protectedBranches = new java.util.HashSet<>();
  private String defaultBranch = "main";
  private long ids = 100;
  private int remaining = 5000;
  private Instant reset;

  private record Token(String login, Optional<String> app, Set<String> permissions) {}

  private record Planned(
      Predicate<Call> when, Optional<Fault> fault, Runnable before, boolean once) {}

  private static final class Pull {
    final int number;
    final String author;
    final String repository;
    final String head;
    final String base;
    final String title;
    final String body;
    CommitId last;
    boolean open = true;
    boolean draft;
    boolean locked;
    boolean headGone;
    @Nullable CommitId merged;

    Pull(
        int number,
        String author,
        String repository,
        String head,
        String base,
        String title,
        String body,
        CommitId last) {
      this.number = number;
      this.author = author;
      this.repository = repository;
      this.head = head;
      this.base = base;
      this.title = title;
      this.body = body;
      this.last = last;
    }
  }

  private static final class Said {
    final long id;
    final int pull;
    final Optional<String> author;
    final Instant made;
    String body;
    final List<Map.Entry<String, String>> reactions = new ArrayList<>();

    Said(long id, int pull, Optional<String> author, Instant made, String body) {
      this.id = id;
      this.pull = pull;
      this.author = author;
      this.made = made;
      this.body = body;
    }
  }

  private static final class Run {
    final long id;
    final String app;
    final CommitId head;
    final ObjectNode fields = Shapes.object();
    final List<JsonNode> annotations = new ArrayList<>();

    Run(long id, String app, CommitId head) {
      this.id = id;
      this.app = app;
      this.head = head;
    }
  }

  private static final class Job {
    final long id;
    final String workflow;
    final String event;
    final String branch;
    final CommitId head;
    String status;

    Job(long id, String workflow, String event, String branch, CommitId head, String status) {
      this.id = id;
      this.workflow = workflow;
      this.event = event;
      this.branch = branch;
      this.head = head;
      this.status = status;
    }
  }

  /// A workflow that was started.
  public record Dispatched(String workflow, String branch, Map<String, String> inputs) {}

  /// One request.
  ///
  /// @param path below the repository, segments decoded
  public record Call(
      String method,
      List<String> path,
      Map<String, String> query,
      String body,
      Map<String, String> headers) {

    /// Whether it is of this method and its path begins so.
    public boolean is(String wanted, String... segments) {
      return method.equals(wanted)
          && path.size() >= segments.length
          && path.subList(0, segments.length).equals(List.of(segments));
    }

    JsonNode json() {
      try {
        return Shapes.JSON.readTree(body);
      } catch (JacksonException e) {
        throw new Refused(400, Shapes.error(400, "Problems parsing JSON"));
      }
    }
  }

  private record Answer(int status, Optional<JsonNode> body, Map<String, String> headers) {
    static Answer of(int status, JsonNode body) {
      return new Answer(status, Optional.of(body), Map.of());
    }

    static Answer empty(int status) {
      return new Answer(status, Optional.empty(), Map.of());
    }
  }

  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;
    final int status;
    final transient JsonNode body;
    final transient Map<String, String> headers;

    Refused(int status, JsonNode body) {
      this(status, body, Map.of());
    }

    Refused(int status, JsonNode body, Map<String, String> headers) {
      super(status + " " + body);
      this.status = status;
      this.body = body;
      this.headers = headers;
    }
  }

  private FakeGitHub(Repository git, String name, InstantSource clock) {
    this.git = new GitObjects(git);
    this.name = name;
    this.clock = clock;
    this.reset = clock.instant().plus(Duration.ofHours(1));
    this.description = Description.shared();
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return answer(request);
          }
        });
    try {
      server.start(InetAddress.getLoopbackAddress(), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// @param git holds the branches
  /// @param name `owner/name`
  public static FakeGitHub on(Repository git, String name, InstantSource clock) {
    return new FakeGitHub(git, name, clock);
  }

  // the scene

  /// What `GITHUB_API_URL` holds.
  public URI url() {
    return URI.create("http://" + host());
  }

  /// The same on an Enterprise Server.
  public URI enterpriseUrl() {
    return URI.create("http://" + host() + ENTERPRISE);
  }

  private String host() {
    return server.getHostName() + ":" + server.getPort();
  }

  /// A workflow's own token with everything we ask for.
  public synchronized String actionsToken() {
    return token(
        ACTIONS,
        Optional.of("github-actions"),
        "contents=write",
        "pull_requests=write",
        "issues=write",
        "checks=write",
        "actions=write");
  }

  /// @param app slug of the app it belongs to; empty for a person's token
  /// @param permissions like `checks=write`; reading is always allowed
  public synchronized String token(String login, Optional<String> app, String... permissions) {
    var token = "ghs_" + "0123456789abcdefghij" + tokens.size();
    tokens.put(token, new Token(login, app, Set.of(permissions)));
    return token;
  }

  public synchronized void person(String login, Permission permission) {
    people.put(login, permission);
  }

  /// A pull request of somebody, from a branch of this repository.
  public synchronized int open(String author, String head, String base) {
    return open(author, name, head, base, "Change " + head, "", tip(head));
  }

  /// A pull request from a fork.
  public synchronized int openFromFork(String author, String head, CommitId at, String base) {
    var fork = author + "/" + name.substring(name.indexOf('/') + 1);
    return open(author, fork, head, base, "Change " + head, "", at);
  }

  private int open(
      String author,
      String repository,
      String head,
      String base,
      String title,
      String body,
      CommitId at) {
    var number = pulls.size() + 1;
    pulls.put(number, new Pull(number, author, repository, head, base, title, body, at));
    git.set("refs/pull/" + number + "/head", at);
    return number;
  }

  public synchronized void draft(int number) {
    pull(number).draft = true;
  }

  /// No more comments, by nobody.
  public synchronized void lock(int number) {
    pull(number).locked = true;
  }

  /// The fork a pull request came from was deleted.
  public synchronized void deleteFork(int number) {
    pull(number).headGone = true;
  }

  public synchronized void close(int number) {
    pull(number).open = false;
  }

  /// Somebody merges it: the commit is already on the base branch.
  public synchronized void merged(int number, CommitId commit) {
    var pull = pull(number);
    pull.last = head(pull);
    pull.open = false;
    pull.merged = commit;
  }

  /// @param author empty for a deleted account
  public synchronized long say(int number, Optional<String> author, String body) {
    var id = ++ids;
    comments.put(id, new Said(id, number, author, clock.instant(), body));
    return id;
  }

  public long say(int number, String author, String body) {
    return say(number, Optional.of(author), body);
  }

  /// @param dispatchable whether it has a `workflow_dispatch` trigger
  public synchronized void workflow(String file, boolean dispatchable) {
    workflows.put(file, dispatchable);
  }

  /// A run of a workflow that goes on.
  public synchronized long running(String workflow, String event, String branch) {
    var id = ++ids;
    jobs.put(id, new Job(id, workflow, event, branch, tip(branch), "in_progress"));
    return id;
  }

  /// Pushes to it are refused, as by a ruleset.
  public synchronized void protect(String branch) {
    protectedBranches.add(branch);
  }

  public synchronized void defaultBranch(String branch) {
    defaultBranch = branch;
  }

  /// How many requests are left this hour.
  public synchronized void remaining(int requests) {
    remaining = requests;
  }

  /// The next request like this has a fault.
  public void once(Predicate<Call> when, Fault fault) {
    planned.add(new Planned(when, Optional.of(fault), () -> {}, true));
  }

  /// Every request like this has a fault.
  public void always(Predicate<Call> when, Fault fault) {
    planned.add(new Planned(when, Optional.of(fault), () -> {}, false));
  }

  /// Something happens before the next request like this is executed.
  public void before(Predicate<Call> when, Runnable happens) {
    planned.add(new Planned(when, Optional.empty(), happens, true));
  }

  /// No more faults.
  public void heal() {
    planned.clear();
  }

  // what is there

  public synchronized List<Comment> comments(int number) {
    return comments.values().stream()
        .filter(said -> said.pull == number)
        .map(said -> new Comment(said.id, said.author.orElse("ghost"), said.body, ""))
        .toList();
  }

  /// `login content` each.
  public synchronized List<String> reactions(long comment) {
    return said(comment).reactions.stream()
        .map(entry -> entry.getKey() + " " + entry.getValue())
        .toList();
  }

  /// A check run as it is now.
  ///
  /// @param conclusion empty while it goes on
  /// @param annotations `path:line level message` each
  public record Shown(
      long id,
      String name,
      CommitId head,
      Optional<Check.Conclusion> conclusion,
      String title,
      String summary,
      List<String> annotations) {}

  /// Oldest first.
  public synchronized List<Shown> checks(CommitId head) {
    return checks.values().stream()
        .filter(run -> run.head.equals(head))
        .map(run ->
            new Shown(
                run.id,
                run.fields.path("name").asString(),
                run.head,
                Optional.ofNullable(run.fields.get("conclusion"))
                    .filter(JsonNode::isString)
                    .map(it -> Check.Conclusion.valueOf(it.asString().toUpperCase(Locale.ROOT))),
                run.fields.path("output").path("title").asString(""),
                run.fields.path("output").path("summary").asString(""),
                run.annotations.stream()
                    .map(it ->
                        it.path("path").asString()
                            + ":"
                            + it.path("start_line").asInt()
                            + " "
                            + it.path("annotation_level").asString()
                            + " "
                            + it.path("message").asString())
                    .toList()))
        .toList();
  }

  public synchronized List<PullRequest.State> states() {
    return pulls.values().stream().map(FakeGitHub::state).toList();
  }

  public synchronized List<Dispatched> dispatched() {
    return List.copyOf(dispatched);
  }

  /// `METHOD /path` of every request so far.
  public List<String> requests() {
    return List.copyOf(requests);
  }

  /// Exchanges that don't fit GitHub's description.
  public List<String> violations() {
    return List.copyOf(violations);
  }

  /// @throws AssertionError when an exchange did not fit GitHub's description
  @Override
  public void close() {
    server.close();
    if (!violations.isEmpty()) {
      throw new AssertionError(
          violations.size()
              + " exchanges don't fit GitHub's OpenAPI description:\n"
              + String.join("\n", violations));
    }
  }

  // the wire

  private MockResponse answer(RecordedRequest request) {
    var raw = request.getUrl().encodedPath();
    var enterprise = raw.startsWith(ENTERPRISE + "/");
    var path = enterprise ? raw.substring(ENTERPRISE.length()) : raw;
    var prefix = "/repos/" + name + "/";
    var below =
        (path + "/").startsWith(prefix)
            ? path.substring(Math.min(path.length(), prefix.length()))
            : null;
    var call = call(request, below == null ? "" : below);
    requests.add(request.getMethod() + " /" + (below == null ? path : below));
    var fault = plan(call);
    if (fault.orElse(null) instanceof Fault.Answer(var status, var body, var headers)) {
      describe(path, call, Optional.empty());
      var response = new MockResponse.Builder().code(status).body(body);
      headers.forEach(response::setHeader);
      return response.setHeader("Content-Type", "application/json; charset=utf-8").build();
    }
    if (fault.orElse(null) instanceof Fault.LostBefore) {
      return new MockResponse.Builder().onResponseStart(closed()).build();
    }
    Answer answer;
    var api = "http://" + host() + (enterprise ? ENTERPRISE : "");
    synchronized (this) {
      try {
        if (below == null) {
          throw new Refused(404, Shapes.error(404, "Not Found"));
        }
        answer = execute(call, api);
      } catch (Refused e) {
        answer = new Answer(e.status, Optional.of(e.body), e.headers);
      }
    }
    describe(path, call, Optional.of(answer));
    var response = new MockResponse.Builder().code(answer.status());
    response.setHeader(
        "Date",
        DateTimeFormatter.RFC_1123_DATE_TIME.format(clock.instant().atOffset(ZoneOffset.UTC)));
    response.setHeader("X-RateLimit-Remaining", Math.max(0, remaining));
    response.setHeader("X-RateLimit-Reset", reset.getEpochSecond());
    answer.headers().forEach(response::setHeader);
    answer
        .body()
        .ifPresent(body ->
            response
                .setHeader("Content-Type", "application/json; charset=utf-8")
                .body(body.toString()));
    return switch (fault.orElse(null)) {
      case Fault.LostAfter _ -> new MockResponse.Builder().onResponseStart(closed()).build();
      case Fault.BadGatewayAfter _ ->
          new MockResponse.Builder().code(502).body("<html>502 Bad Gateway</html>").build();
      case Fault.Silence _ ->
          new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build();
      case null, default -> response.build();
    };
  }

  /// What was planned for this request; what happens before it has happened then.
  private Optional<Fault> plan(Call call) {
    for (var plan : List.copyOf(planned)) {
      if (plan.when().test(call) && (!plan.once() || planned.remove(plan))) {
        plan.before().run();
        return plan.fault();
      }
    }
    return Optional.empty();
  }

  private static SocketEffect closed() {
    return new SocketEffect.CloseSocket();
  }

  private void describe(String path, Call call, Optional<Answer> answer) {
    description.ifPresent(held ->
        violations.addAll(
            held.problems(
                call.method(),
                path,
                call.query(),
                call.headers(),
                call.body(),
                answer.map(it ->
                    new Description.Response(
                        it.status(), it.body().map(JsonNode::toString), it.headers())))));
  }

  private static Call call(RecordedRequest request, String below) {
    var query = new LinkedHashMap<String, String>();
    var url = request.getUrl();
    for (var i = 0; i < url.querySize(); i++) {
      query.put(url.queryParameterName(i), String.valueOf(url.queryParameterValue(i)));
    }
    var headers = new LinkedHashMap<String, String>();
    request
        .getHeaders()
        .forEach(
            header -> headers.put(header.getFirst().toLowerCase(Locale.ROOT), header.getSecond()));
    var body = request.getBody();
    return new Call(
        request.getMethod(),
        below.isEmpty()
            ? List.of()
            : Arrays.stream(below.split("/"))
                .map(part -> URLDecoder.decode(part, StandardCharsets.UTF_8))
                .toList(),
        query,
        body == null ? "" : body.utf8(),
        headers);
  }

  // what GitHub does

  private Answer execute(Call call, String api) {
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

  private static Refused notFound() {
    return new Refused(404, Shapes.error(404, "Not Found"));
  }

  private static Refused unprocessable(String message) {
    return new Refused(422, Shapes.error(422, message));
  }

  private static <T> T found(@Nullable T value) {
    if (value == null) {
      throw notFound();
    }
    return value;
  }

  private static long number(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw notFound();
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

  private Pull pull(long number) {
    return found(pulls.get((int) number));
  }

  private CommitId tip(String branch) {
    return git.ref("refs/heads/" + branch)
        .orElseThrow(() -> new IllegalArgumentException("no branch " + branch));
  }

  private CommitId head(Pull pull) {
    return pull.open && pull.repository.equals(name)
        ? git.ref("refs/heads/" + pull.head).orElse(pull.last)
        : pull.last;
  }

  private static PullRequest.State state(Pull pull) {
    return pull.merged != null
        ? PullRequest.State.MERGED
        : pull.open ? PullRequest.State.OPEN : PullRequest.State.CLOSED;
  }

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
      return page(call, shapes, found, FakeGitHub::array);
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

  private Said said(long id) {
    return found(comments.get(id));
  }

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
        return page(call, shapes, all, FakeGitHub::array);
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
                          || (pull.open
                              && git.reaches(head(pull), commit)
                              && !git.reaches(tip(pull.base), commit)))
                  .map(pull -> (JsonNode) shown(pull, shapes))
                  .toList(),
              FakeGitHub::array);
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
        yield Answer.of(200, shapes.ref(ref, git.ref(ref).orElseThrow(FakeGitHub::notFound).hex()));
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
        var bytes = git.blob(path.get(2)).orElseThrow(FakeGitHub::notFound);
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
    var commit = git.commit(sha).orElseThrow(FakeGitHub::notFound);
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
    var entry = git.entry(at, path).orElseThrow(FakeGitHub::notFound);
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
    var one = new CommitId(git.commit(sides[0]).orElseThrow(FakeGitHub::notFound).name());
    var other = new CommitId(git.commit(sides[1]).orElseThrow(FakeGitHub::notFound).name());
    var base = git.mergeBase(one, other).orElseThrow(FakeGitHub::notFound);
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
