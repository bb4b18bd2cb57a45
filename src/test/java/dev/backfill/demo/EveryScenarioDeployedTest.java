package dev.backfill.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.cli.Console;
import dev.backfill.cli.Main;
import dev.backfill.http.Http;
import dev.backfill.http.Pause;
import dev.backfill.http.Request;
import dev.backfill.local.LocalWorkspace;
import dev.backfill.plan.Feed;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Scenario;
import dev.backfill.plan.Seam;
import dev.backfill.report.CoreJson;
import dev.backfill.sql.Quote;
import dev.backfill.tb.FastTb;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TempRepository;
import dev.backfill.testing.TestEngine;
import dev.backfill.tinybird.Job;
import dev.backfill.tinybird.Tinybird;
import dev.backfill.tinybird.http.HttpTinybird;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.eclipse.jgit.api.errors.GitAPIException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The `deploy.sh` of every scenario, run by real bash with the stand-in against the embedded
/// workspace, as CI and CD run it over the life of a project. After each run the workspace is asked
/// what stands and how many rows it holds. All the while the project, its folder and its variables
/// are [Hostile]: nothing of them is ever executed, and they are copied as they are.
@EngineTest
class EveryScenarioDeployedTest {
  private static final int ROWS = 300;
  private static final Optional<Path> SHELLCHECK =
      Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
          .map(folder -> Path.of(folder, "shellcheck"))
          .filter(Files::isExecutable)
          .findFirst();

  @TempDir Path folder;

  static Stream<String> scenarios() {
    return plays().map(Play::name);
  }

  private static Stream<Play> plays() {
    return Stream.concat(
        Play.all().stream(),
        Stream.of(
            new Together(List.of(new StreamingTimestamp(), new FullReplacement(), new Delta()))));
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void isDeployedOnceHoweverOftenItRuns(String scenario) throws Exception {
    var play = plays().filter(p -> p.name().equals(scenario)).findFirst().orElseThrow();
    try (var tb = new FastTb();
        var local =
            LocalWorkspace.start(
                TestEngine.shared(), 0, folder.resolve("workspace"), Optional.empty());
        var http = new Http();
        var repository =
            TempRepository.in(
                Files.createDirectory(
                    folder.resolve("a $(touch pwned) ' \" `touch pwned` folder")))) {
      play.prepare(local);
      var main = new HttpTinybird(http, URI.create(local.url()), local.token());
      var life = new Life(repository, tb, local, main);
      life.seed(play, http);
      var core = life.generated(play);
      life.scriptsAreCleanForShellcheck();
      var before = life.counts(main, core);

      // a branch
      var branch = life.branch(http, "tmp_ci__1");
      var sent = life.run(Map.of("TB_TOKEN", local.token()));
      assertThat(sent.status).isEqualTo(1);
      assertThat(sent.output).contains("TB_TOKEN is set while .tinyb points at a branch");
      life.nothingStands(branch, core);
      life.nothingStands(main, core);

      var first = life.run(Map.of("CI_FLAGS", "--wait --populate", "CD_FLAGS", "--wrong"));
      assertThat(first.status).as(first.output).isZero();
      assertThat(first.output)
          .contains(
              "leaving out --populate", "backfill: tb deploy --wait", "Next: backfill rehearse");
      var inBranch = life.everythingStands(branch, core);
      life.repeated(branch, core, inBranch);
      life.nothingStands(main, core);

      // main, where somebody else has a Data Source of that name
      life.tb("branch", "use", "main");
      life.inMain = true;
      var foreign = core.migrations().getFirst().target();
      life.foreign(main, foreign);
      var refused = life.run(Map.of());
      assertThat(refused.status).isEqualTo(1);
      assertThat(refused.output)
          .contains(
              foreign
                  + " holds 1 rows, and no feed of this plan is live that could have brought them");
      assertThat(life.count(main, foreign)).isEqualTo(1);
      life.tb("datasource", "rm", foreign, "--yes");

      if (List.of("streaming_timestamp", "delta", "seam", "replay").contains(scenario)) {
        life.missesItsCutover(tb);
      } else {
        var deployed = life.run(Map.of("CD_FLAGS", "--yes", "TB_TOKEN", local.token()));
        assertThat(deployed.status).as(deployed.output).isZero();
        assertThat(deployed.output).contains("Next: backfill run");
      }
      var inMain = life.everythingStands(main, core);
      life.repeated(main, core, inMain);

      // a later pull request that leaves VERSION as it is
      repository
          .write("pipes/later.pipe", "NODE later\nSQL >\n    SELECT 1 AS one\n")
          .commit("later");
      var later = life.run(Map.of("CD_FLAGS", "--populate"));
      assertThat(later.status).as(later.output).isZero();
      assertThat(later.output).contains("a plain deployment", "later");
      assertThat(life.everythingStands(main, core)).isEqualTo(inMain);

      // its revert, and one that takes out what the migration began
      life.revertedAndTakenBack(main, core);
      assertThat(life.counts(main, core)).isEqualTo(before);

      life.copied(main, core);
      try (var files = Files.walk(folder)) {
        assertThat(files.map(f -> f.getFileName().toString())).doesNotContain("pwned");
      }
    }
  }

  /// A deployment isn't a transaction: whichever of its requests is refused, the next run goes on,
  /// or says what is in its way and how to remove it.
  @Test
  void goesOnFromWhereverADeploymentStopped() throws Exception {
    var play = Play.all().getFirst();
    try (var tb = new FastTb();
        var local =
            LocalWorkspace.start(
                TestEngine.shared(), 0, folder.resolve("workspace"), Optional.empty());
        var http = new Http();
        var repository = TempRepository.in(Files.createDirectory(folder.resolve("project")))) {
      var main = new HttpTinybird(http, URI.create(local.url()), local.token());
      var life = new Life(repository, tb, local, main);
      life.seed(play, http);
      var core = life.generated(play);
      var target = core.migrations().getFirst().target();
      life.refused(1);
      local.faults().answer(1, "PUT", "/v0/pipes/", 403, "no more Copy Pipes", Map.of());
      var tooMany = life.run(Map.of());
      assertThat(tooMany.status).isEqualTo(1);
      assertThat(tooMany.output)
          .contains("no more Copy Pipes", target + " stands, and nothing feeds it yet.");
      assertThat(main.dataSource(target)).isPresent();

      // the author thinks again; what was made before stays as it was
      var file = "datasources/" + target + ".datasource";
      var text = Files.readString(repository.root().resolve(file));
      repository.write(
          file,
          text.replaceFirst("SORTING_KEY \"[^\"]*\"", "SORTING_KEY \"session_id, timestamp\""));
      core = life.generated("HEAD~1");
      var inTheWay = life.run(Map.of());
      assertThat(inTheWay.status).isEqualTo(1);
      assertThat(inTheWay.output)
          .contains(target + " is there, empty and with another sorting key")
          .contains(
              "run this again: tb pipe rm analytics_pages_1 --yes && tb pipe rm backfill_%1$s --yes && tb datasource rm %1$s --yes\n"
                  .formatted(target));
      var advice = inTheWay.output.substring(inTheWay.output.indexOf("again: ") + 7).strip();
      assertThat(life.run(Map.of(), List.of("bash", "-c", advice)).status).isZero();

      var tries = 0;
      while (life.refused(tries)) {
        tries++;
      }

      assertThat(tries).isGreaterThan(4);
      life.everythingStands(main, core);
      assertThat(main.dataSource(target).orElseThrow().sortingKey())
          .isEqualTo("session_id, timestamp");
    }
  }

  private record Run(int status, String output) {}

  /// What stands of a plan: the text of its Pipes, and the rows of its targets.
  private record State(Map<String, String> pipes, Map<String, Long> rows) {}

  /// One checkout, its workspace, and what happens to them.
  private final class Life {
    private final TempRepository repository;
    private final LocalWorkspace local;
    private final Tinybird main;
    private final Path bin;
    private Path script = Path.of("deploy", "none");
    private boolean inMain;

    Life(TempRepository repository, FastTb tb, LocalWorkspace local, Tinybird main)
        throws IOException, InterruptedException {
      this.repository = repository;
      this.local = local;
      this.main = main;
      this.bin = tb.install(folder.resolve("tools"));
    }

    void seed(Play play, Http http) throws Exception {
      repository.write(".gitignore", ".tinyb\n").commit("nothing yet");
      tb("auth", "--host", local.url(), "--token", local.token());
      tb("init", "--git");
      Hostile.files(play.base()).forEach(repository::write);
      if (play.name().equals("reload")) {
        repository.write(
            ".github/workflows/tinybird_ci.yml",
            "jobs:\n  ci:\n    uses: tinybirdco/ci/.github/workflows/ci.yml@v2.5.1\n");
      }
      repository.write("backfill.yml", play.settings()).commit("as it is");
      tb("deploy");
      var silent = new PrintStream(OutputStream.nullOutputStream(), true, UTF_8);
      play.seed(
          new Stage(
              main,
              http,
              repository.root(),
              folder,
              new Shell(Files.createDirectories(folder.resolve("home")), silent),
              Map.of("BACKFILL_HOST", local.url(), "BACKFILL_TOKEN", local.token()),
              new Commands(),
              silent,
              silent,
              Clock.systemUTC(),
              Clock.systemUTC().instant()),
          ROWS);
    }

    /// Runs the script while the workspace refuses what comes after so many of its requests.
    ///
    /// @return whether it asked for so many
    boolean refused(int served) throws Exception {
      local.faults().slow(served, "POST", "/v0/", 0);
      local.faults().answer(1, "POST", "/v0/", 400, "not now", Map.of());
      var run = run(Map.of());
      local.faults().reset();
      if (run.status == 0) {
        return false;
      }
      assertThat(run.output)
          .contains(
              "tb deploy failed with status 1", "not now", "it goes on where this one stopped");
      return true;
    }

    PlanCore generated(Play play) throws IOException {
      Hostile.files(play.changed(Hostile.files(play.base()))).forEach(repository::write);
      return generated("HEAD");
    }

    PlanCore generated(String base) throws IOException {
      var said = new ByteArrayOutputStream();
      var stream = new PrintStream(said, true, UTF_8);
      var status =
          Main.run(
              new Console(
                  stream, stream, Map.of(), repository.root(), /* terminal= */ false, Pause.SYSTEM),
              "generate",
              "--base",
              base);
      assertThat(status).as(said.toString(UTF_8)).isZero();
      repository.commit("the change");
      try (var files = Files.walk(repository.root().resolve("deploy"))) {
        script = files.filter(f -> f.endsWith("deploy.sh")).findFirst().orElseThrow();
      }
      return CoreJson.read(Files.readString(script.resolveSibling("plan.json")));
    }

    void tb(String... words) throws Exception {
      var command = new ArrayList<>(List.of(bin.resolve("tb").toString()));
      command.addAll(List.of(words));
      var run = run(Map.of(), command);
      assertThat(run.status).as("%s: %s", List.of(words), run.output).isZero();
    }

    void scriptsAreCleanForShellcheck() throws Exception {
      if (SHELLCHECK.isEmpty()) {
        return;
      }
      var command = new ArrayList<>(List.of(SHELLCHECK.get().toString()));
      try (var files = Files.walk(repository.root().resolve("deploy"))) {
        files.map(Path::toString).filter(f -> f.endsWith(".sh")).forEach(command::add);
      }
      var run = run(Map.of(), command);
      assertThat(run.status).as(run.output).isZero();
    }

    Run run(Map<String, String> environment) throws Exception {
      // Templates v1.1 and v2 look for scripts of other names.
      var old = script.resolveSibling(inMain ? "cd-deploy.sh" : "ci-deploy.sh");
      return run(environment, List.of((Files.exists(old) ? old : script).toString()));
    }

    private Run run(Map<String, String> environment, List<String> command) throws Exception {
      var builder =
          new ProcessBuilder(command)
              .directory(repository.root().toFile())
              .redirectErrorStream(true);
      var variables = builder.environment();
      variables.keySet().removeIf(k -> k.startsWith("TB_") || k.endsWith("_FLAGS"));
      variables.put("PATH", bin + ":" + variables.get("PATH"));
      variables.put("TB_VERSION_WARNING", "0");
      variables.put("GIT_BRANCH", "$(touch${IFS}pwned)");
      variables.put("GITHUB_HEAD_REF", "`touch${IFS}pwned`");
      variables.putAll(environment);
      var process = builder.start();
      var output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return new Run(process.exitValue(), output);
    }

    Tinybird branch(Http http, String name) throws Exception {
      tb("branch", "create", name, "--last-partition");
      return new HttpTinybird(
          http, URI.create(local.url()), main.branch(name).orElseThrow().token().orElseThrow());
    }

    void repeated(Tinybird workspace, PlanCore core, State expected) throws Exception {
      var again = run(Map.of("CI_FLAGS", "--populate", "CD_FLAGS", "--populate"));
      assertThat(again.status).as(again.output).isZero();
      assertThat(again.output).contains("a plain deployment", "deployed already");
      assertThat(everythingStands(workspace, core)).isEqualTo(expected);
    }

    void foreign(Tinybird workspace, String name) throws IOException {
      try (var http = new Http()) {
        http.send(
            new Request(
                "POST",
                URI.create(
                    local.url()
                        + "/v0/datasources?format=ndjson&engine=MergeTree&engine_sorting_key=mine&schema=mine%20String%20%60json:$.mine%60&name="
                        + name),
                Request.Effect.ONCE,
                Optional.of(local.token()),
                Optional.empty()));
      }
      workspace.append(name, "{\"mine\":\"yes\"}\n");
    }

    /// The deployment takes longer than its cutover is ahead: said, and made good by another run.
    void missesItsCutover(FastTb slow) throws Exception {
      var text = Files.readString(script);
      var hurried = text.replaceFirst("LEAD, MARGIN = \\d+, \\d+", "LEAD, MARGIN = 1, 0");
      assertThat(hurried).isNotEqualTo(text);
      Files.writeString(script, hurried);
      repository.commit("in a hurry");
      slow.delay(Duration.ofMillis(2_100));

      var missed = run(Map.of());

      assertThat(missed.status).isEqualTo(1);
      assertThat(missed.output)
          .contains("deployed, but not in order", "is past or less than 0 seconds ahead")
          .contains("The source is complete, so nothing is lost");
      slow.delay(Duration.ZERO);
    }

    void nothingStands(Tinybird workspace, PlanCore core) {
      for (var m : core.migrations()) {
        assertThat(workspace.dataSource(m.target())).as(m.target()).isEmpty();
      }
    }

    State everythingStands(Tinybird workspace, PlanCore core) {
      var pipes = new TreeMap<String, String>();
      var rows = new TreeMap<String, Long>();
      var populated =
          core.migrations().stream()
              .filter(m -> m.historyFeed().kind() == Feed.History.Kind.POPULATE)
              .map(Migration::target)
              .toList();
      for (var m : core.migrations()) {
        var target =
            workspace.dataSource(m.target()).orElseThrow(() -> new AssertionError(m.target()));
        var live =
            m.seam().isPresent()
                ? m.seam().get().feeders().stream().map(Seam.Feeder::fork).toList()
                : switch (m.liveFeed().kind()) {
                  case SYNC, FORK -> List.of(m.liveFeed().pipe());
                  case PRODUCERS, NONE -> List.<String>of();
                };
        for (var pipe : live) {
          var found = workspace.pipe(pipe).orElseThrow(() -> new AssertionError(pipe));
          assertThat(found.nodes())
              .as(pipe)
              .anySatisfy(n -> assertThat(n.materialized()).contains(target.id()));
          pipes.put(pipe, found.nodes().getLast().sql());
        }
        if (!m.historyFeed().pipe().isEmpty() && !live.contains(m.historyFeed().pipe())) {
          pipes.put(
              m.historyFeed().pipe(),
              workspace
                  .pipe(m.historyFeed().pipe())
                  .orElseThrow(() -> new AssertionError(m.historyFeed().pipe()))
                  .nodes()
                  .getLast()
                  .sql());
        }
        var count = count(workspace, m.target());
        if (populated.contains(m.target())) {
          assertThat(count).as(m.target()).isEqualTo(count(workspace, m.source())).isPositive();
        } else if (!populated.contains(m.trigger())) {
          assertThat(count).as(m.target()).isZero();
        }
        rows.put(m.target(), count);
      }
      for (var forked : core.forkedPipes()) {
        assertThat(workspace.pipe(forked.fork())).as(forked.fork()).isPresent();
      }
      return new State(pipes, rows);
    }

    long count(Tinybird workspace, String name) {
      return workspace.query("SELECT count() AS n FROM " + name).only().number("n");
    }

    /// The Copy Pipe brings every row as it is, and by difference none a second time.
    void copied(Tinybird workspace, PlanCore core) throws InterruptedException {
      for (var m : core.migrations()) {
        if (m.historyFeed().kind() != Feed.History.Kind.COPY
            || m.scenario() == Scenario.KAFKA_TWIN) {
          continue;
        }
        var range =
            m.timestamp().isPresent()
                ? Map.of(
                    "start_backfill_timestamp", "2001-01-01 00:00:00",
                    "end_backfill_timestamp", "2101-01-01 00:00:00")
                : Map.<String, String>of();
        var again = new TreeMap<>(range);
        again.put("mode", "delta");
        for (var parameters : List.of(range, again)) {
          copy(workspace, m.historyFeed().pipe(), parameters);
          assertThat(count(workspace, m.target()))
              .as("%s %s", m.target(), parameters)
              .isEqualTo(count(workspace, m.source()))
              .isPositive();
        }
        for (var name : Hostile.NAMES) {
          assertThat(
                  workspace
                      .query(
                          "SELECT countIf(%s = %s) AS n FROM %s"
                              .formatted(Quote.identifier(name), Quote.literal(name), m.target()))
                      .only()
                      .number("n"))
              .as(name)
              .isEqualTo(count(workspace, m.target()));
        }
      }
    }

    private void copy(Tinybird workspace, String pipe, Map<String, String> parameters)
        throws InterruptedException {
      var job = workspace.startCopy(pipe, parameters);
      for (var i = 0; i < 3_000 && !job.state().terminal(); i++) {
        Thread.sleep(10);
        job = workspace.job(job.id()).orElseThrow();
      }
      assertThat(job.state()).as(job.toString()).isEqualTo(Job.State.DONE);
    }

    /// Rows of everything that was there before the plan.
    Map<String, Long> counts(Tinybird workspace, PlanCore core) {
      var targets = new TreeSet<String>();
      core.migrations().forEach(m -> targets.add(m.target()));
      var counts = new TreeMap<String, Long>();
      for (var name : workspace.dataSourceNames()) {
        if (!targets.contains(name)) {
          counts.put(name, count(workspace, name));
        }
      }
      return counts;
    }

    /// The Pipes that fill the targets go, as at the end of a migration, and come back by a revert.
    /// What fills a target that holds rows isn't started a second time.
    void revertedAndTakenBack(Tinybird workspace, PlanCore core) throws Exception {
      var pipes = new TreeSet<String>();
      for (var file : core.files()) {
        if (file.path().endsWith(".pipe")) {
          pipes.add(file.path());
        }
      }
      for (var pipe : pipes) {
        Files.delete(repository.root().resolve(pipe));
      }
      repository.commit("the migration's pipes go");
      var gone = run(Map.of());
      assertThat(gone.status).as(gone.output).isZero();
      assertThat(gone.output).contains("a plain deployment");
      for (var pipe : pipes) {
        var name = Path.of(pipe).getFileName().toString().replace(".pipe", "");
        assertThat(workspace.pipe(name)).as(name).isEmpty();
      }
      revert();
      var synced =
          core.migrations().stream()
              .filter(m -> m.liveFeed().kind() == Feed.Live.Kind.SYNC)
              .filter(m -> m.historyFeed().kind() == Feed.History.Kind.POPULATE)
              .findFirst();
      var back = run(Map.of());
      if (synced.isPresent()) {
        assertThat(back.status).as(back.output).isEqualTo(1);
        assertThat(back.output)
            .contains("no feed of this plan is live that could have brought them");
      } else {
        assertThat(back.status).as(back.output).isZero();
        everythingStands(workspace, core);
      }
    }

    private void revert() throws GitAPIException, IOException {
      var git = repository.git();
      git.revert().include(git.getRepository().resolve("HEAD")).call();
    }
  }

  private record Commands() implements Demo.Backfill {
    @Override
    public int run(Path where, Map<String, String> environment, String... arguments) {
      throw new AssertionError("no command of ours before the deployment");
    }

    @Override
    public int captured(
        Path where, Map<String, String> environment, PrintStream results, String... arguments) {
      throw new AssertionError("no command of ours before the deployment");
    }
  }
}
