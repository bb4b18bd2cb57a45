package dev.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.http.Http;
import dev.backfill.local.LocalWorkspace;
import dev.backfill.tb.Tb;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TempRepository;
import dev.backfill.tinybird.Tinybird;
import dev.backfill.tinybird.http.Host;
import dev.backfill.tinybird.http.HttpTinybird;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `kill -9` of the finished jar's `run`, at random moments, while rows keep coming in.
@EngineTest
class KilledRunIT {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");
  private static final long SEED = Long.getLong("seed", System.nanoTime());
  private static final int KILLS = 10;
  private static final int HISTORY = 300_000;

  private final Path log = Path.of("target", "killed-run.log");

  @TempDir Path data;
  @TempDir Path folder;
  private final AtomicLong next = new AtomicLong();
  private final SplittableRandom random = new SplittableRandom(SEED);

  @Test
  void neitherLosesNorDoubles() throws Exception {
    Files.deleteIfExists(log);
    System.out.println("seed " + SEED + " (-Dseed=... repeats it)");
    try (var workspace = LocalWorkspace.start(0, data, Optional.empty());
        var repository = TempRepository.in(folder);
        var http = new Http()) {
      Tinybird tinybird = new HttpTinybird(http, Host.parse(workspace.url()), workspace.token());
      var environment =
          Map.of("BACKFILL_HOST", workspace.url(), "BACKFILL_TOKEN", workspace.token());
      deployed(workspace, repository, tinybird, environment);

      var stop = new AtomicBoolean();
      var producer = Thread.ofPlatform().start(() -> produce(tinybird, stop));
      // The official memory error for every job that is bigger: chunks have to be split, too.
      workspace.faults().copyRowLimit(12_000);
      stopsSafely(environment);
      var finished = 0;
      for (var kill = 0; kill < KILLS; kill++) {
        var process = start(environment, "run");
        if (process.waitFor(700 + random.nextInt(4_000), TimeUnit.MILLISECONDS)) {
          finished++;
        }
        process.destroyForcibly().waitFor();
      }
      System.out.println(KILLS - finished + " of " + KILLS + " runs were killed before their end");
      stop.set(true);
      producer.join();

      assertThat(toItsEnd(environment)).as(this::logged).isZero();
      assertThat(start(environment, "verify").waitFor()).as(this::logged).isZero();
      assertThat(finished).isLessThan(KILLS / 2);
      assertThat(Files.readString(log)).contains(": cutting [", "Memory limit");
      assertThat(number(tinybird, "SELECT count() AS n FROM events")).isEqualTo(next.get());
      assertThat(
              number(
                  tinybird,
                  "SELECT count() AS n FROM events WHERE id NOT IN (SELECT id FROM events_1)"))
          .as("lost")
          .isZero();
      assertThat(number(tinybird, "SELECT count() - uniqExact(id) AS n FROM events_1"))
          .as("doubled")
          .isZero();
      assertThat(number(tinybird, "SELECT countMerge(hits) AS n FROM daily_1"))
          .as("the fork's rows")
          .isEqualTo(next.get());
    }
  }

  /// On a busy machine a lease of 3 s can run out under its holder, who then stops and says so.
  private int toItsEnd(Map<String, String> environment) throws Exception {
    while (true) {
      var before = logged().length();
      var status = start(environment, "run").waitFor();
      if (status == 0 || !logged().substring(before).contains("was lost (generation")) {
        return status;
      }
    }
  }

  /// SIGTERM is what a cancelled CI job and, as SIGINT, Ctrl-C send.
  private void stopsSafely(Map<String, String> environment) throws Exception {
    var said = data.resolveSibling(data.getFileName() + ".err");
    Process process;
    do {
      process = start(environment, builder -> builder.redirectError(said.toFile()), "run");
      while (process.isAlive() && !Files.readString(said).contains("copied [")) {
        Thread.sleep(20);
      }
    } while (!process.isAlive() && logged().contains("was lost (generation"));
    process.destroy();
    assertThat(process.waitFor()).isEqualTo(130);
    assertThat(Files.readString(said)).contains("error: ").contains("backfill run --plan");
    Files.delete(said);
  }

  private void deployed(
      LocalWorkspace workspace,
      TempRepository repository,
      Tinybird tinybird,
      Map<String, String> environment)
      throws Exception {
    tb(Map.of(), "auth", "--host", workspace.url(), "--token", workspace.token());
    repository.write(".gitignore", ".tinyb\n").commit("nothing yet");
    tb(Map.of(), "init", "--git");
    repository
        .write(
            "backfill.yml",
            "lead: 4s\nmargin: 1s\nsettle: 500ms\nlease: 3s\npoll: 100ms\nchunk-rows: 20000\n")
        .write(
            "datasources/events.datasource",
            """
            SCHEMA >
                `timestamp` DateTime `json:$.timestamp`,
                `id` UInt64 `json:$.id`,
                `action` String `json:$.action`

            ENGINE "MergeTree"
            ENGINE_PARTITION_KEY "toYYYYMM(timestamp)"
            ENGINE_SORTING_KEY "timestamp"
            """)
        .write(
            "datasources/daily.datasource",
            """
            SCHEMA >
                `date` Date,
                `hits` AggregateFunction(count)

            ENGINE "AggregatingMergeTree"
            ENGINE_SORTING_KEY "date"
            """)
        .write(
            "pipes/by_day.pipe",
            """
            NODE days
            SQL >
                SELECT toDate(timestamp) AS date, countState() AS hits FROM events GROUP BY date
            TYPE materialized
            DATASOURCE daily
            """)
        .commit("base");
    tb(Map.of(), "deploy");
    var now = Instant.now();
    while (next.get() < HISTORY) {
      var batch = new StringBuilder();
      for (var i = 0; i < 20_000; i++) {
        line(batch, now.minus(Duration.ofMinutes((HISTORY - next.get()) / 5)));
      }
      assertThat(tinybird.append("events", batch.toString()).rows()).isEqualTo(20_000);
    }
    var file = folder.resolve("datasources/events.datasource");
    Files.writeString(
        file, Files.readString(file).replace("KEY \"timestamp\"", "KEY \"action, timestamp\""));
    assertThat(start(environment, "generate", "--base", "main").waitFor()).isZero();
    repository.commit("twin");
    var cutover =
        LocalDateTime.ofInstant(Instant.now().plusSeconds(4), ZoneOffset.UTC).format(TIME);
    tb(Map.of("BACKFILL_T_EVENTS_1", cutover), "deploy");
  }

  private void produce(Tinybird tinybird, AtomicBoolean stop) {
    var own = new SplittableRandom(SEED + 1);
    while (!stop.get()) {
      var batch = new StringBuilder();
      for (var i = 0; i < 30; i++) {
        var late = own.nextInt(20) == 0 ? own.nextInt(40 * 24 * 3600) : 0;
        line(batch, Instant.now().minusSeconds(late));
      }
      tinybird.append("events", batch.toString());
      try {
        Thread.sleep(50);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void line(StringBuilder out, Instant at) {
    out.append("{\"timestamp\":\"")
        .append(LocalDateTime.ofInstant(at, ZoneOffset.UTC).format(TIME))
        .append("\",\"id\":")
        .append(next.incrementAndGet())
        .append(",\"action\":\"a")
        .append(next.get() % 7)
        .append("\"}\n");
  }

  private Process start(Map<String, String> environment, String... arguments) throws IOException {
    return start(environment, _ -> {}, arguments);
  }

  private Process start(
      Map<String, String> environment, Consumer<ProcessBuilder> more, String... arguments)
      throws IOException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-jar",
                System.getProperty("jar")));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).directory(folder.toFile());
    // Not inherited: the fork's own streams belong to the test runner.
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().putAll(environment);
    more.accept(builder);
    return builder.start();
  }

  private void tb(Map<String, String> environment, String... arguments) {
    var said = new ByteArrayOutputStream();
    var out = new PrintStream(said, true, StandardCharsets.UTF_8);
    assertThat(Tb.run(List.of(arguments), folder, environment, out, out))
        .as(() -> said.toString(StandardCharsets.UTF_8))
        .isZero();
  }

  private String logged() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static long number(Tinybird tinybird, String sql) {
    return tinybird.query(sql).only().number("n");
  }
}
