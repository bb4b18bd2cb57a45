package dev.backfill.demo;

import dev.backfill.failure.Failure;
import dev.backfill.http.Http;
import dev.backfill.local.LocalWorkspace;
import dev.backfill.tinybird.Tinybird;
import dev.backfill.tinybird.http.HttpTinybird;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/// The whole journey on one machine: a project, a workspace on real ClickHouse, rows arriving all
/// the time, a pull request, and at the end figures from SQL that knows nothing of the tool's own
/// proof. What differs from scenario to scenario is a [Play].
public final class Demo {
  /// The waits of a real migration are minutes; these fit a demo. Everything else is as it comes.
  private static final String SETTINGS =
      """
      # The demo's waits; the defaults are 30m, 5m, 30s, 10m and 2s.
      lead: 18s
      margin: 2s
      settle: 1s
      lease: 20s
      poll: 200ms
      chunk-rows: 400000
      """;

  private static final String QUICK =
      """
      lead: 8s
      margin: 1s
      settle: 300ms
      lease: 10m
      poll: 50ms
      chunk-rows: 2000
      rehearsal-rows: 100
      """;

  /// What to run.
  ///
  /// @param scenario wire name of one of [#scenarios]
  /// @param rows history to begin with; empty takes the scenario's own
  /// @param keep leave the folder where it is
  /// @param quick waits as short as they can be, for tests
  public record Options(String scenario, OptionalLong rows, boolean keep, boolean quick) {}

  /// Wire names of the scenarios that can be played, the default first.
  public static List<String> scenarios() {
    return Play.all().stream().map(Play::name).toList();
  }

  /// Runs one command of this program in this process, as a person would type it.
  public interface Backfill {
    /// @return the exit status
    int run(Path folder, Map<String, String> environment, String... arguments);

    /// The same, with the results written elsewhere.
    int captured(
        Path folder, Map<String, String> environment, PrintStream results, String... arguments);
  }

  private final Options options;
  private final Play play;
  private final Backfill backfill;
  private final PrintStream out;
  private final PrintStream err;
  private final Clock clock;
  private final Instant started;
  private String planned = "";

  private Demo(Options options, Backfill backfill, PrintStream out, PrintStream err, Clock clock) {
    this.options = options;
    this.play =
        Play.all().stream()
            .filter(p -> p.name().equals(options.scenario()))
            .findFirst()
            .orElseThrow(() ->
                new Failure.Usage(
                    "the demo doesn't know the scenario "
                        + options.scenario()
                        + "; it plays "
                        + String.join(", ", scenarios())
                        + "."));
    this.backfill = backfill;
    this.out = out;
    this.err = err;
    this.clock = clock;
    this.started = clock.instant();
  }

  /// @return exit status: 0 when every figure agrees, 1 on any difference
  public static int run(
      Options options, Backfill backfill, PrintStream out, PrintStream err, Clock clock) {
    try {
      var folder = Files.createTempDirectory("backfill-demo-");
      try {
        return new Demo(options, backfill, out, err, clock).journey(folder);
      } finally {
        if (!options.keep()) {
          remove(folder);
        }
      }
    } catch (IOException e) {
      throw new Failure.Machine("the demo needs a temporary folder it can write to", e);
    }
  }

  private int journey(Path folder) throws IOException {
    var shell = new Shell(folder, out);
    step("A workspace on real ClickHouse, and a project in git");
    try (var local = LocalWorkspace.start(0, folder.resolve("workspace"), Optional.empty());
        var http = new Http()) {
      var workspace = new HttpTinybird(http, URI.create(local.url()), local.token());
      var environment = Map.of("BACKFILL_HOST", local.url(), "BACKFILL_TOKEN", local.token());
      play.prepare(local);
      var base = new TreeMap<>(play.base());
      var stage =
          new Stage(
              workspace,
              http,
              project(folder, shell, local, base),
              folder,
              shell,
              environment,
              backfill,
              out,
              err,
              clock,
              started);
      play.seed(stage, options.rows().orElse(play.rows()));
      try {
        play.begin(stage);
        pullRequest(stage, base);
        rehearse(stage, local);
        merge(stage, local);
        play.deployed(stage);
        play.run(stage);
        play.afterwards(stage);
      } finally {
        play.end();
      }
      play.last(stage);
      return figures(stage);
    }
  }

  /// A repository with its remote, and the workspace as its main branch says.
  private Path project(
      Path folder, Shell shell, LocalWorkspace local, SortedMap<String, String> base)
      throws IOException {
    var repository = Files.createDirectory(folder.resolve("project"));
    shell.quietly(repository, "git", "init", "-q", "-b", "main");
    Files.writeString(repository.resolve(".gitignore"), ".tinyb\n");
    shell.quietly(repository, "git", "add", "-A");
    shell.quietly(repository, "git", "commit", "-qm", "An empty project");
    shell.quietly(repository, "tb", "auth", "--host", local.url(), "--token", local.token());
    shell.quietly(repository, "tb", "init", "--git");
    write(repository, base);
    Files.writeString(
        repository.resolve("backfill.yml"), (options.quick() ? QUICK : SETTINGS) + play.settings());
    shell.quietly(repository, "git", "add", "-A");
    shell.quietly(repository, "git", "commit", "-qm", "As it is");
    var status = shell.shown(repository, Map.of(), "tb", "deploy");
    must(0, "tb deploy", status);
    shell.quietly(
        repository, "git", "clone", "-q", "--bare", ".", folder.resolve("origin.git").toString());
    shell.quietly(
        repository, "git", "remote", "add", "origin", folder.resolve("origin.git").toString());
    return repository;
  }

  private static void write(Path repository, Map<String, String> files) throws IOException {
    for (var file : files.entrySet()) {
      var target = repository.resolve(file.getKey());
      Files.createDirectories(Objects.requireNonNull(target.getParent()));
      Files.writeString(target, file.getValue());
    }
  }

  private void pullRequest(Stage stage, SortedMap<String, String> base) throws IOException {
    step(play.change());
    var repository = stage.repository();
    var shell = stage.shell();
    shell.quietly(repository, "git", "switch", "-qc", "the-change");
    write(repository, play.changed(base));
    shell.shown(repository, Map.of(), "git", "diff", "-U0");
    stage.must("plan", "--base", "main");
    planned = captured(stage, 0, "plan", "--base", "main", "--format", "markdown");
    stage.must("generate", "--base", "main");
    stage.must("generate", "--check", "--base", "main");
    shell.quietly(repository, "git", "add", "-A");
    shell.quietly(repository, "git", "commit", "-qm", "The change, with its plan");
    shell.shown(repository, Map.of(), "git", "show", "--stat", "--format=%s");
  }

  private void rehearse(Stage stage, LocalWorkspace local) throws IOException {
    step("CI: a branch of the workspace, deploy.sh in it, and the rehearsal");
    var ci = checkout(stage, local, "ci");
    must(
        0,
        "tb branch create",
        stage
            .shell()
            .shown(
                ci, Map.of(), "tb", "branch", "create", "tmp_ci__1", "--last-partition", "--wait"));
    deploy(stage, ci);
    stage.must("rehearse", "--pr", "1");
  }

  private void merge(Stage stage, LocalWorkspace local) throws IOException {
    step("The pull request is merged; CD runs deploy.sh");
    var repository = stage.repository();
    stage.shell().quietly(repository, "git", "switch", "-q", "main");
    stage
        .shell()
        .quietly(
            repository,
            "git",
            "merge",
            "-q",
            "--no-ff",
            "-m",
            "Merge pull request #1",
            "the-change");
    deploy(stage, checkout(stage, local, "cd"));
  }

  /// A slow machine may miss the cutover; the script says then that the job is to be run again.
  private void deploy(Stage stage, Path checkout) throws IOException {
    var status = stage.shell().shown(checkout, Map.of(), "bash", deployScript(checkout));
    if (status != 0) {
      out.println("  the job is run again, as it says");
      status = stage.shell().shown(checkout, Map.of(), "bash", deployScript(checkout));
    }
    must(0, "deploy.sh", status);
  }

  private static Path checkout(Stage stage, LocalWorkspace local, String name) {
    var checkout = stage.folder().resolve(name);
    stage.shell().quietly(stage.repository(), "git", "clone", "-q", ".", checkout.toString());
    stage.shell().quietly(checkout, "tb", "auth", "--host", local.url(), "--token", local.token());
    return checkout;
  }

  private static String deployScript(Path checkout) throws IOException {
    try (var found = Files.walk(checkout.resolve("deploy"))) {
      return found
          .filter(p -> p.endsWith("deploy.sh"))
          .map(p -> checkout.relativize(p).toString())
          .findFirst()
          .orElseThrow(() -> new Failure.Refused("generate wrote no deploy.sh"));
    }
  }

  private int figures(Stage stage) throws IOException {
    step("Figures from SQL that knows nothing of the tool");
    var report = Files.createTempFile("backfill-demo-report-", ".md");
    var figures = play.figures(stage);
    var lines = new ArrayList<>(figures.lines());
    copyRate(stage.workspace()).ifPresent(lines::add);
    lines.add(
        "the whole demo           %,15.1f s"
            .formatted(Duration.between(started, clock.instant()).toMillis() / 1000.0));
    lines.forEach(l -> out.println("  " + l));
    writeReport(stage, report, lines);
    out.println("  report                   " + report);
    if (options.keep()) {
      out.println("  folder                   " + stage.folder());
    }
    var good = figures.good() && figures.lost() == 0 && figures.doubled() == 0;
    out.println(good ? "Nothing lost, nothing doubled." : "DIFFERENCES: see the figures above.");
    return good ? 0 : 1;
  }

  /// What the copy jobs wrote, and how long they took, by the workspace's own log.
  private static Optional<String> copyRate(Tinybird workspace) {
    var row =
        workspace
            .query(
                "SELECT sum(written_rows) AS written, sum(elapsed_time) AS seconds, count() AS jobs"
                    + " FROM tinybird.datasources_ops_log"
                    + " WHERE event_type = 'copy' AND result = 'ok'")
            .only();
    var seconds = Double.parseDouble(row.text("seconds"));
    return seconds <= 0
        ? Optional.empty()
        : Optional.of(
            "copied by %d jobs        %,15d   in %.1f s: %,.0f rows/s"
                .formatted(
                    row.number("jobs"),
                    row.number("written"),
                    seconds,
                    row.number("written") / seconds));
  }

  private void writeReport(Stage stage, Path report, List<String> figures) throws IOException {
    var proof = captured(stage, play.proof(), "verify", "--format", "markdown");
    Files.writeString(
        report,
        "# The pull request, as it was opened\n\n"
            + planned
            + "\n# After the run\n\n"
            + proof
            + "\n# Figures from plain SQL\n\n```\n"
            + String.join("\n", figures)
            + "\n```\n");
  }

  private String captured(Stage stage, int expected, String... arguments) {
    var bytes = new java.io.ByteArrayOutputStream();
    var status =
        backfill.captured(
            stage.repository(),
            stage.environment(),
            new PrintStream(bytes, true, StandardCharsets.UTF_8),
            arguments);
    must(expected, "backfill " + String.join(" ", arguments), status);
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private void step(String what) {
    out.printf(
        Locale.ROOT,
        "%n== %5.1f s  %s%n",
        Duration.between(started, clock.instant()).toMillis() / 1000.0,
        what);
    out.flush();
  }

  private static void must(int expected, String what, int status) {
    Stage.must(expected, what, status);
  }

  private static void remove(Path folder) throws IOException {
    try (var all = Files.walk(folder)) {
      all.sorted(Comparator.reverseOrder())
          .forEach(path -> {
            try {
              Files.deleteIfExists(path);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }
}
