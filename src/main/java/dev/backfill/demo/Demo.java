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

/// The whole journey on one machine: a project, a workspace on real ClickHouse, a producer that
/// never stops, a pull request that changes a sorting key, and at the end figures from SQL that
/// knows nothing of the tool's own proof.
public final class Demo {
  private static final List<String> PROJECT =
      List.of(
          ".tinyenv",
          "datasources/analytics_events.datasource",
          "datasources/analytics_pages_mv.datasource",
          "datasources/purchases_mv.datasource",
          "pipes/actions_per_day.pipe",
          "pipes/analytics_hits.pipe",
          "pipes/analytics_pages.pipe",
          "pipes/purchases.pipe",
          "pipes/top_pages.pipe");
  private static final int DAYS = 75;
  private static final int BATCH = 20_000;
  private static final Duration AFTERWARDS = Duration.ofSeconds(4);

  /// The waits of a real migration are minutes; these fit a demo. Everything else is as it comes.
  private static final String SETTINGS =
      """
      # The demo's waits; the defaults are 30m, 5m, 30s, 10m and 2s.
      lead: 12s
      margin: 2s
      settle: 1s
      lease: 20s
      poll: 200ms
      chunk-rows: 400000
      """;

  /// What to run.
  ///
  /// @param rows history to begin with
  /// @param keep leave the folder where it is
  public record Options(long rows, boolean keep) {}

  /// Runs one command of this program in this process, as a person would type it.
  public interface Backfill {
    /// @return the exit status
    int run(Path folder, Map<String, String> environment, String... arguments);

    /// The same, with the results written elsewhere.
    int captured(
        Path folder, Map<String, String> environment, PrintStream results, String... arguments);
  }

  private final Options options;
  private final Backfill backfill;
  private final PrintStream out;
  private final PrintStream err;
  private final Clock clock;
  private final Instant started;
  private String planned = "";

  private Demo(Options options, Backfill backfill, PrintStream out, PrintStream err, Clock clock) {
    this.options = options;
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
      var repository = project(folder, shell, local);

      var traffic = new Traffic(20261122);
      var seeded = seed(workspace, traffic);
      step(
          "A producer starts and never stops: about 500 events/s through /v0/events, 1 % of them late");
      var producer = new Producer(workspace, "analytics_events", traffic, clock);
      try (producer) {
        pullRequest(repository, shell, environment);
        rehearse(folder, repository, shell, environment, local);
        merge(folder, repository, shell, environment, local);
      }
      step(
          "The producer has stopped: a last sweep for the late rows of the last seconds, and the proof again");
      must(0, "backfill run", backfill(repository, environment, "run"));
      var report = Files.createTempFile("backfill-demo-report-", ".md");
      must(0, "backfill verify", backfill(repository, environment, "verify"));
      return figures(
          workspace,
          seeded + producer.acknowledged(),
          producer.late(),
          report,
          repository,
          environment);
    }
  }

  /// A repository with its remote, and the workspace as its main branch says.
  private Path project(Path folder, Shell shell, LocalWorkspace local) throws IOException {
    var repository = Files.createDirectory(folder.resolve("project"));
    shell.quietly(repository, "git", "init", "-q", "-b", "main");
    Files.writeString(repository.resolve(".gitignore"), ".tinyb\n");
    shell.quietly(repository, "git", "add", "-A");
    shell.quietly(repository, "git", "commit", "-qm", "An empty project");
    shell.quietly(repository, "tb", "auth", "--host", local.url(), "--token", local.token());
    shell.quietly(repository, "tb", "init", "--git");
    for (var file : PROJECT) {
      var target = repository.resolve(file);
      Files.createDirectories(Objects.requireNonNull(target.getParent()));
      Files.writeString(target, resource(file));
    }
    Files.writeString(repository.resolve("backfill.yml"), SETTINGS);
    shell.quietly(repository, "git", "add", "-A");
    shell.quietly(repository, "git", "commit", "-qm", "Web analytics");
    var status = shell.shown(repository, Map.of(), "tb", "deploy");
    must(0, "tb deploy", status);
    shell.quietly(
        repository, "git", "clone", "-q", "--bare", ".", folder.resolve("origin.git").toString());
    shell.quietly(
        repository, "git", "remote", "add", "origin", folder.resolve("origin.git").toString());
    return repository;
  }

  private long seed(Tinybird workspace, Traffic traffic) {
    step("%,d rows of history, %d days".formatted(options.rows(), DAYS));
    var from = clock.instant().minus(Duration.ofDays(DAYS)).toEpochMilli();
    var span = clock.instant().toEpochMilli() - from;
    var acknowledged = 0L;
    var told = clock.instant();
    while (traffic.made() < options.rows()) {
      var batch = new StringBuilder();
      var until = Math.min(options.rows(), traffic.made() + BATCH);
      while (traffic.made() < until) {
        traffic.append(batch, Instant.ofEpochMilli(from + span / options.rows() * traffic.made()));
      }
      acknowledged += workspace.append("analytics_events", batch.toString()).rows();
      if (Duration.between(told, clock.instant()).toSeconds() >= 2) {
        told = clock.instant();
        err.printf(Locale.ROOT, "  %,d rows%n", acknowledged);
      }
    }
    out.printf(Locale.ROOT, "  %,d rows acknowledged%n", acknowledged);
    return acknowledged;
  }

  private void pullRequest(Path repository, Shell shell, Map<String, String> environment)
      throws IOException {
    step("A pull request changes the sorting key from `timestamp` to `action, timestamp`");
    shell.quietly(repository, "git", "switch", "-qc", "faster-actions");
    var file = repository.resolve("datasources/analytics_events.datasource");
    Files.writeString(
        file,
        Files.readString(file)
            .replace(
                "ENGINE_SORTING_KEY \"timestamp\"", "ENGINE_SORTING_KEY \"action, timestamp\""));
    shell.shown(repository, Map.of(), "git", "diff", "-U0");
    must(0, "backfill plan", backfill(repository, environment, "plan", "--base", "main"));
    must(0, "backfill generate", backfill(repository, environment, "generate", "--base", "main"));
    must(
        0,
        "backfill generate --check",
        backfill(repository, environment, "generate", "--check", "--base", "main"));
    shell.quietly(repository, "git", "add", "-A");
    shell.quietly(repository, "git", "commit", "-qm", "Sort events by action");
    shell.shown(repository, Map.of(), "git", "show", "--stat", "--format=%s");
  }

  private void rehearse(
      Path folder,
      Path repository,
      Shell shell,
      Map<String, String> environment,
      LocalWorkspace local)
      throws IOException {
    step("CI: a branch of the workspace, deploy.sh in it, and the rehearsal");
    var ci = folder.resolve("ci");
    shell.quietly(repository, "git", "clone", "-q", ".", ci.toString());
    shell.quietly(ci, "tb", "auth", "--host", local.url(), "--token", local.token());
    must(
        0,
        "tb branch create",
        shell.shown(
            ci, Map.of(), "tb", "branch", "create", "tmp_ci__1", "--last-partition", "--wait"));
    must(0, "deploy.sh", shell.shown(ci, Map.of(), "bash", deployScript(ci)));
    must(0, "backfill rehearse", backfill(repository, environment, "rehearse", "--pr", "1"));
  }

  private void merge(
      Path folder,
      Path repository,
      Shell shell,
      Map<String, String> environment,
      LocalWorkspace local)
      throws IOException {
    step("The pull request is merged; CD runs deploy.sh, which binds the cutover");
    shell.quietly(repository, "git", "switch", "-q", "main");
    shell.quietly(
        repository,
        "git",
        "merge",
        "-q",
        "--no-ff",
        "-m",
        "Merge pull request #1",
        "faster-actions");
    var cd = folder.resolve("cd");
    shell.quietly(repository, "git", "clone", "-q", ".", cd.toString());
    shell.quietly(cd, "tb", "auth", "--host", local.url(), "--token", local.token());
    must(0, "deploy.sh", shell.shown(cd, Map.of(), "bash", deployScript(cd)));

    step(
        "backfill run waits for the cutover, copies the history in chunks, sweeps late rows, and proves it");
    must(0, "backfill run", backfill(repository, environment, "run"));

    step("The stream goes on, and with it rows for days that are copied already");
    try {
      Thread.sleep(AFTERWARDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure.Interrupted("the demo was interrupted; its folder can be removed");
    }
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

  /// Plain SQL over the event numbers, which neither the copy nor the proof has ever looked at.
  private int figures(
      Tinybird workspace,
      long acknowledged,
      long late,
      Path report,
      Path repository,
      Map<String, String> environment)
      throws IOException {
    step("Figures from SQL that knows nothing of the tool");
    var id = "JSONExtractUInt(payload, 'id')";
    var source = number(workspace, "SELECT count() AS n FROM analytics_events");
    var target = number(workspace, "SELECT count() AS n FROM analytics_events_1");
    var lost =
        number(
            workspace,
            "SELECT count() AS n FROM analytics_events WHERE "
                + id
                + " NOT IN (SELECT "
                + id
                + " FROM analytics_events_1)");
    var doubled =
        number(workspace, "SELECT count() - uniqExact(" + id + ") AS n FROM analytics_events_1");
    var hits =
        number(
            workspace,
            "SELECT toInt64((SELECT count() FROM analytics_events WHERE action = 'page_hit'))"
                + " - toInt64((SELECT countMerge(hits) FROM analytics_pages_mv_1)) AS n");
    var pages =
        number(
            workspace,
            """
            SELECT count() AS n FROM
            (
                SELECT toDate(timestamp) AS date, JSONExtractString(payload, 'pathname') AS pathname,
                    count() AS hits, uniq(session_id) AS visits
                FROM analytics_events WHERE action = 'page_hit' GROUP BY date, pathname
            ) AS raw
            FULL JOIN
            (
                SELECT date, pathname, countMerge(hits) AS hits, uniqMerge(visits) AS visits
                FROM analytics_pages_mv_1 GROUP BY date, pathname
            ) AS mv USING (date, pathname)
            WHERE raw.hits != mv.hits OR raw.visits != mv.visits\
            """);
    var purchases =
        number(
            workspace,
            """
            SELECT abs(toInt64(s.1) - toInt64(t.1)) + toInt64(abs(s.2 - t.2) * 2) AS n FROM
            (
                SELECT
                    (SELECT (count(), sum(JSONExtractFloat(payload, 'amount'))) FROM analytics_events
                     WHERE action = 'purchase') AS s,
                    (SELECT (count(), sum(amount)) FROM purchases_mv_1) AS t
            )\
            """);
    var rate = copyRate(workspace);
    var seconds = Duration.between(started, clock.instant()).toMillis() / 1000.0;
    var lines = new ArrayList<String>();
    lines.add("rows acknowledged        %,15d".formatted(acknowledged));
    lines.add("rows in analytics_events %,15d".formatted(source));
    lines.add("rows in the new version  %,15d".formatted(target));
    lines.add("of them arrived late     %,15d".formatted(late));
    lines.add(
        "lost                     %,15d".formatted(lost + Math.max(0, acknowledged - source)));
    lines.add("doubled                  %,15d".formatted(doubled));
    lines.add(
        "pages MV: hits off by    %,15d   days and pages that differ: %,d".formatted(hits, pages));
    lines.add("purchases MV: off by     %,15d".formatted(purchases));
    rate.ifPresent(lines::add);
    lines.add("the whole demo           %,15.1f s".formatted(seconds));
    lines.forEach(l -> out.println("  " + l));
    writeReport(report, repository, environment, lines);
    out.println("  report                   " + report);
    if (options.keep()) {
      out.println("  folder                   " + repository.getParent());
    }
    var good =
        acknowledged == source
            && source == target
            && lost == 0
            && doubled == 0
            && hits == 0
            && pages == 0
            && purchases == 0;
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
                    + " WHERE event_type = 'copy' AND datasource_name = 'analytics_events_1' AND result = 'ok'")
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

  private void writeReport(
      Path report, Path repository, Map<String, String> environment, List<String> figures)
      throws IOException {
    var proof = captured(repository, environment, "verify", "--format", "markdown");
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

  private String captured(Path repository, Map<String, String> environment, String... arguments) {
    var bytes = new java.io.ByteArrayOutputStream();
    var status =
        backfill.captured(
            repository,
            environment,
            new PrintStream(bytes, true, StandardCharsets.UTF_8),
            arguments);
    must(0, "backfill " + String.join(" ", arguments), status);
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static long number(Tinybird workspace, String sql) {
    return workspace.query(sql).only().number("n");
  }

  private int backfill(Path folder, Map<String, String> environment, String... arguments) {
    out.println("$ backfill " + String.join(" ", arguments));
    out.flush();
    return backfill.run(folder, environment, arguments);
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
    if (status != expected) {
      throw new Failure.Refused(
          "the demo stops: " + what + " ended with " + status + ", expected " + expected);
    }
  }

  private static String resource(String file) throws IOException {
    try (var in = Demo.class.getResourceAsStream("/demo/project/" + file)) {
      return new String(Objects.requireNonNull(in, file).readAllBytes(), StandardCharsets.UTF_8);
    }
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
