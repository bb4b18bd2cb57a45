package dev.backfill.testing.github;

import dev.backfill.github.Check;
import dev.backfill.github.Comment;
import dev.backfill.github.Permission;
import dev.backfill.github.PullRequest;
import dev.backfill.revision.CommitId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.eclipse.jgit.lib.Repository;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What is on the fake GitHub: what tests put there, and what they find there afterwards.
public abstract sealed class World permits Rules {
  /// The login and app of a workflow's own token.
  public static final String ACTIONS = "github-actions[bot]";

  final GitObjects git;
  final String name;
  final InstantSource clock;

  final Map<String, Token> tokens = new HashMap<>();
  final Map<String, Permission> people = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
  final Map<Integer, Pull> pulls = new TreeMap<>();
  final Map<Long, Said> comments = new TreeMap<>();
  final Map<Long, Run> checks = new TreeMap<>();
  final Map<Long, Job> jobs = new TreeMap<>();
  final Map<String, Boolean> workflows = new TreeMap<>();
  final List<Dispatched> dispatched = new ArrayList<>();
  final Set<String> protectedBranches = new java.util.HashSet<>();
  String defaultBranch = "main";
  long ids = 100;
  int remaining = 5000;
  Instant reset;

  record Token(String login, Optional<String> app, Set<String> permissions) {}

  static final class Pull {
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

  static final class Said {
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

  static final class Run {
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

  static final class Job {
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

  World(Repository git, String name, InstantSource clock) {
    this.git = new GitObjects(git);
    this.name = name;
    this.clock = clock;
    this.reset = clock.instant().plus(Duration.ofHours(1));
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

  final int open(
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

  /// Oldest first.
  public synchronized List<ShownCheck> checks(CommitId head) {
    return checks.values().stream()
        .filter(run -> run.head.equals(head))
        .map(run ->
            new ShownCheck(
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
    return pulls.values().stream().map(World::state).toList();
  }

  public synchronized List<Dispatched> dispatched() {
    return List.copyOf(dispatched);
  }

  // how it hangs together

  Pull pull(long number) {
    return found(pulls.get((int) number));
  }

  CommitId tip(String branch) {
    return git.ref("refs/heads/" + branch)
        .orElseThrow(() -> new IllegalArgumentException("no branch " + branch));
  }

  CommitId head(Pull pull) {
    return pull.open && pull.repository.equals(name)
        ? git.ref("refs/heads/" + pull.head).orElse(pull.last)
        : pull.last;
  }

  static PullRequest.State state(Pull pull) {
    return pull.merged != null
        ? PullRequest.State.MERGED
        : pull.open ? PullRequest.State.OPEN : PullRequest.State.CLOSED;
  }

  Said said(long id) {
    return found(comments.get(id));
  }

  static Refused notFound() {
    return new Refused(404, Shapes.error(404, "Not Found"));
  }

  static Refused unprocessable(String message) {
    return new Refused(422, Shapes.error(422, message));
  }

  static <T> T found(@Nullable T value) {
    if (value == null) {
      throw notFound();
    }
    return value;
  }

  static long number(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw notFound();
    }
  }

  static final class Refused extends RuntimeException {
    static final long serialVersionUID = 1L;
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
}
