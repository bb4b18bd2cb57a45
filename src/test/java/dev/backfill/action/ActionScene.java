package dev.backfill.action;

import dev.backfill.cli.Console;
import dev.backfill.cli.Main;
import dev.backfill.github.PullRequest;
import dev.backfill.http.Pause;
import dev.backfill.revision.CommitId;
import dev.backfill.testing.TempRepository;
import dev.backfill.testing.github.FakeGitHub;
import dev.backfill.testing.github.ShownCheck;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// A repository on a fake GitHub, and the action as the runner starts it there: only `INPUT_*`,
/// `GITHUB_*` and files go in, only files, output and requests come out.
final class ActionScene implements AutoCloseable {
  static final String NAME = "acme/analytics";
  static final String EVENTS =
      """
      SCHEMA >
          `timestamp` DateTime `json:$.timestamp`,
          `action` LowCardinality(String) `json:$.action`,
          `payload` String `json:$.payload`

      ENGINE "MergeTree"
      ENGINE_PARTITION_KEY "toYYYYMM(timestamp)"
      ENGINE_SORTING_KEY "timestamp"
      """;
  static final String CHANGED = EVENTS.replace("KEY \"timestamp\"", "KEY \"action, timestamp\"");
  static final String FILE = "datasources/analytics_events.datasource";

  final TempRepository repository;
  final FakeGitHub fake;
  final Map<String, String> environment = new HashMap<>();
  private final Path folder;
  private final Launch launch;
  private final java.util.concurrent.atomic.AtomicInteger runs =
      new java.util.concurrent.atomic.AtomicInteger(1000);

  /// Starts the program.
  interface Launch {
    int start(Map<String, String> environment, Path folder, ByteArrayOutputStream log);
  }

  /// In this process, with time that passes only while somebody waits.
  static final Launch HERE =
      (environment, folder, log) -> start(environment, folder, log, new Skipping());

  static int start(
      Map<String, String> environment, Path folder, ByteArrayOutputStream log, Pause pause) {
    // The runner reads both streams as one.
    var stream = new PrintStream(log, true, StandardCharsets.UTF_8);
    return Main.run(new Console(stream, stream, environment, folder, false, pause), "action");
  }

  ActionScene(Path folder) {
    this(folder, HERE);
  }

  ActionScene(Path folder, Launch launch) {
    this(folder, launch, _ -> {});
  }

  /// @param first what happens in the empty repository
  ActionScene(Path folder, Launch launch, Consumer<TempRepository> first) {
    this.folder = folder;
    this.launch = launch;
    try {
      repository = TempRepository.in(Files.createDirectory(folder.resolve("workspace")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    repository.write(".gitignore", "backfill-report\n.tinyb\n");
    repository.commit("empty");
    first.accept(repository);
    repository.write(FILE, EVENTS);
    repository.write(
        "pipes/top_actions.pipe",
        """
        NODE endpoint
        SQL >
            SELECT action, count() AS hits FROM analytics_events GROUP BY action

        TYPE endpoint
        """);
    repository.write(".tinyenv", "VERSION=0.0.0\n");
    repository.commit("base");
    fake = FakeGitHub.on(repository.git().getRepository(), NAME, Instant::now);
    environment.put("INPUT_TOKEN", fake.actionsToken());
  }

  /// A pull request that changes the sorting key.
  int opened() {
    return opened("topic", CHANGED);
  }

  int opened(String branch, String text) {
    repository.checkout(branch);
    repository.write(FILE, text);
    repository.commit("sort by action");
    return fake.open("ana", branch, "main");
  }

  /// A push by a person, on top of whatever is on the branch.
  CommitId pushed(String branch, String file, String text) {
    synced(branch);
    repository.write(file, text);
    return new CommitId(repository.commit("more"));
  }

  /// The work tree as the branch is now, after commits through the API.
  void synced(String branch) {
    try {
      repository.git().reset().setMode(org.eclipse.jgit.api.ResetCommand.ResetType.HARD).call();
      repository.checkout(branch);
      repository
          .git()
          .reset()
          .setMode(org.eclipse.jgit.api.ResetCommand.ResetType.HARD)
          .setRef("refs/heads/" + branch)
          .call();
    } catch (org.eclipse.jgit.api.errors.GitAPIException e) {
      throw new IllegalStateException(e);
    }
  }

  CommitId head(String branch) {
    try {
      return new CommitId(repository.git().getRepository().resolve("refs/heads/" + branch).name());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// What one run left behind.
  record Ran(int status, String log, Map<String, String> outputs, String summary) {}

  Ran onPullRequest(int number, String branch) {
    return onPullRequest(number, head(branch), branch, 1);
  }

  Ran onPullRequest(int number, CommitId head, String branch, int headRepository) {
    return run("pull_request", pullRequest(number, head("main"), head, branch, headRepository));
  }

  static String pullRequest(
      int number, CommitId base, CommitId head, String branch, int headRepository) {
    return """
    {"action":"synchronize","pull_request":{"number":%d,"merged":false,
      "base":{"sha":"%s","repo":{"id":1}},"head":{"sha":"%s","ref":"%s","repo":{"id":%d}}}}
    """
        .formatted(number, base.hex(), head.hex(), branch, headRepository);
  }

  Ran onComment(int number, String author, String body, long id) {
    return run(
        "issue_comment",
        """
        {"action":"created","issue":{"number":%d,"pull_request":{}},
          "comment":{"id":%d,"user":{"login":"%s","type":"User"},"body":"%s"}}
        """
            .formatted(number, id, author, body));
  }

  Ran run(String event, String document) {
    return run(event, document, Map.of());
  }

  Ran run(String event, String document, Map<String, String> more) {
    try {
      var id = runs.incrementAndGet();
      var files = Files.createDirectories(folder.resolve("run-" + id));
      Files.writeString(files.resolve("event.json"), document);
      var all = new HashMap<>(environment);
      all.put("GITHUB_ACTIONS", "true");
      all.put("GITHUB_EVENT_NAME", event);
      all.put("GITHUB_EVENT_PATH", files.resolve("event.json").toString());
      all.put("GITHUB_OUTPUT", files.resolve("output").toString());
      all.put("GITHUB_STEP_SUMMARY", files.resolve("summary").toString());
      all.put("GITHUB_WORKSPACE", repository.root().toString());
      all.put("GITHUB_REPOSITORY", NAME);
      all.put("GITHUB_API_URL", fake.url().toString());
      all.put("GITHUB_SERVER_URL", "https://github.example");
      all.put("GITHUB_RUN_ID", String.valueOf(id));
      all.put("GITHUB_SHA", head("main").hex());
      all.putAll(more);
      var log = new ByteArrayOutputStream();
      var status = launch.start(all, repository.root(), log);
      show(id);
      return new Ran(
          status,
          log.toString(StandardCharsets.UTF_8),
          outputs(files.resolve("output")),
          Files.exists(files.resolve("summary")) ? Files.readString(files.resolve("summary")) : "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// `-Dcomments=DIR` keeps every comment of ours as it was after each run, to look at.
  private void show(int run) throws IOException {
    var folder = System.getProperty("comments");
    if (folder == null) {
      return;
    }
    for (var number = 1; number <= fake.states().size(); number++) {
      var text = comment(number);
      if (text.isPresent()) {
        Files.writeString(Path.of(folder, "run-" + run + "-pr-" + number + ".md"), text.get());
      }
    }
  }

  private static Map<String, String> outputs(Path file) throws IOException {
    var out = new LinkedHashMap<String, String>();
    if (!Files.exists(file)) {
      return out;
    }
    var lines = Files.readAllLines(file).iterator();
    while (lines.hasNext()) {
      var head = lines.next().split("<<", 2);
      var value = new StringBuilder();
      for (var line = lines.next(); !line.equals(head[1]); line = lines.next()) {
        value.append(value.isEmpty() ? "" : "\n").append(line);
      }
      out.put(head[0], value.toString());
    }
    return out;
  }

  /// The only comment of ours.
  Optional<String> comment(int number) {
    var ours =
        fake.comments(number).stream()
            .filter(c -> c.by(FakeGitHub.ACTIONS))
            .map(c -> c.body())
            .toList();
    if (ours.size() > 1) {
      throw new AssertionError(ours.size() + " comments of ours");
    }
    return ours.stream().findFirst();
  }

  /// The newest check of a name.
  Optional<ShownCheck> check(CommitId head, String name) {
    return fake.checks(head).stream()
        .filter(c -> c.name().equals(name))
        .reduce((_, newer) -> newer);
  }

  /// How the newest check of a name ended; `none` when there is none.
  String conclusion(CommitId head, String name) {
    return check(head, name).flatMap(ShownCheck::conclusion).map(Object::toString).orElse("none");
  }

  @Override
  public void close() {
    repository.close();
    fake.close();
  }

  /// Time that passes only while somebody waits, and then at once.
  private static final class Skipping implements Pause {
    private Instant now = Instant.now();

    @Override
    public synchronized Instant now() {
      return now;
    }

    @Override
    public synchronized void sleep(Duration duration) {
      now = now.plus(duration);
    }
  }

  static PullRequest.State state(FakeGitHub fake, int number) {
    return fake.states().get(number - 1);
  }
}
