package dev.backfill.emit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.backfill.plan.Cutover;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Migration.CutColumn;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.project.TimeType;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The emitted script, run by real bash against a workspace on loopback and a `tb` that asks it to
/// deploy.
class DeployScriptTest {
  private static final String TOKEN = "p.secret-of-tinyb";
  private static final DateTimeFormatter SECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");
  @TempDir Path directory;
  private Workspace workspace;

  @BeforeEach
  void start() throws IOException {
    workspace = new Workspace();
    Assumptions.assumeTrue(
        List.of("bash", "python3", "sha256sum").stream().allMatch(DeployScriptTest::onPath),
        "bash, python3 and sha256sum are needed to run the script");
  }

  @AfterEach
  void stop() {
    workspace.server.stop(0);
  }

  @Test
  void bindsTheCutoverWhenItDeploysToMain() throws Exception {
    var before = Instant.now();

    var run = generated(plan()).run(Map.of("CD_FLAGS", "--wait --yes", "CI_FLAGS", "--dry-run"));

    assertThat(run.output).contains("deployed. Next: backfill");
    assertThat(run.status).isZero();
    assertThat(workspace.calls).containsExactly("deploy --wait --yes");
    assertThat(cutover()).isBetween(before.plusSeconds(1800), Instant.now().plusSeconds(1801));
    assertThat(workspace.pipes.get("sync_analytics_events_1")).contains(text(cutover()));
    assertThat(run.output).doesNotContain(TOKEN);
  }

  @Test
  void usesTheCiFlagsInABranch() throws Exception {
    workspace.main = "\"id-of-main\"";

    var run = generated(plan()).run(Map.of("CD_FLAGS", "--yes", "CI_FLAGS", "--wait"));

    assertThat(run.status).as(run.output).isZero();
    assertThat(workspace.calls).containsExactly("deploy --wait");
  }

  @Test
  void leavesOutAPopulate() throws Exception {
    var run = generated(plan()).run(Map.of("CD_FLAGS", "--wait --populate --subset 0.1"));

    assertThat(run.status).as(run.output).isZero();
    assertThat(workspace.calls).containsExactly("deploy --wait --subset 0.1");
    assertThat(run.output).contains("leaving out --populate");
  }

  @Test
  void refusesATokenThatWouldSendABranchToMain() throws Exception {
    workspace.main = "\"id-of-main\"";

    var run = generated(plan()).run(Map.of("TB_TOKEN", "p.main-token"));

    assertThat(run.status).isEqualTo(1);
    assertThat(run.output).contains("TB_TOKEN is set while .tinyb points at a branch");
    assertThat(workspace.calls).isEmpty();
    assertThat(run.output).doesNotContain("p.main-token");
  }

  @Test
  void refusesATokenOfAnotherWorkspaceAlsoOnMain() throws Exception {
    var run = generated(plan()).run(Map.of("TB_TOKEN", "p.other"));

    assertThat(run.status).isEqualTo(1);
    assertThat(run.output).contains("TB_TOKEN is for another workspace");
    assertThat(workspace.calls).isEmpty();
  }

  @Test
  void aTokenOfTheSameMainWorkspaceIsFine() throws Exception {
    var run = generated(plan()).run(Map.of("TB_TOKEN", TOKEN));

    assertThat(run.status).as(run.output).isZero();
  }

  @Test
  void refusesAnotherHost() throws Exception {
    var run = generated(plan()).run(Map.of("TB_HOST", "https://elsewhere.example"));

    assertThat(run.status).isEqualTo(1);
    assertThat(run.output).contains("TB_HOST is another host");
    assertThat(workspace.calls).isEmpty();
  }

  @Test
  void theSecondRunIsAPlainDeploymentAndKeepsTheCutover() throws Exception {
    var checkout = generated(plan());
    assertThat(checkout.run(Map.of()).status).isZero();
    var bound = workspace.environment.get("BACKFILL_T_ANALYTICS_EVENTS_1");
    workspace.rows.put("analytics_events_1", 500L);
    workspace.deployed = true;

    var again = checkout.run(Map.of("CD_FLAGS", "--populate"));

    assertThat(again.status).as(again.output).isZero();
    assertThat(again.output).contains("a plain deployment").contains("deployed already");
    assertThat(workspace.calls).containsExactly("deploy", "deploy");
    assertThat(workspace.environment).containsEntry("BACKFILL_T_ANALYTICS_EVENTS_1", bound);
  }

  @Test
  void aLaterPullRequestWithOtherFilesIsAPlainDeploymentToo() throws Exception {
    var checkout = generated(plan());
    assertThat(checkout.run(Map.of()).status).isZero();
    workspace.rows.put("analytics_events_1", 500L);
    checkout.write("datasources/analytics_events.datasource", Example.EVENTS + "\n# later\n");
    checkout.write("pipes/new.pipe", "NODE a\nSQL >\n    SELECT 1\n");

    var run = checkout.run(Map.of());

    assertThat(run.status).as(run.output).isZero();
    assertThat(workspace.calls).hasSize(2);
  }

  @Test
  void afterCleanUpAnOldScriptIsAPlainDeployment() throws Exception {
    var checkout = generated(plan());
    Files.delete(checkout.path.resolve("pipes/sync_analytics_events_1.pipe"));
    workspace.rows.put("analytics_events_1", 500L);

    var run = checkout.run(Map.of());

    assertThat(run.status).as(run.output).isZero();
    assertThat(run.output).contains("isn't part of this revision any more");
    assertThat(workspace.calls).containsExactly("deploy");
    assertThat(workspace.environment).isEmpty();
  }

  @Test
  void saysWhenTheDeploymentTookLongerThanTheCutoverAllows() throws Exception {
    workspace.slow = Duration.ofMillis(2600);

    var run =
        generated(plan(Example.migrations(), Duration.ofSeconds(2), Duration.ofSeconds(1)))
            .run(Map.of());

    assertThat(run.status).isEqualTo(1);
    assertThat(run.output)
        .contains("deployed, but not in order")
        .contains("is past or less than 1 seconds ahead")
        .contains("backfill run reads when");
  }

  @Test
  void stopsBeforeAnythingWhenAFileIsNotTheOneThePlanWasMadeFor() throws Exception {
    var checkout = generated(plan());
    checkout.write("pipes/errors_mv.pipe", Example.ERRORS_MV + "\n");

    var run = checkout.run(Map.of());

    assertThat(run.status).isEqualTo(1);
    assertThat(run.output).contains("pipes/errors_mv.pipe: FAILED").contains("backfill generate");
    assertThat(workspace.calls).isEmpty();
  }

  @Test
  void stopsWhenASealedFileIsMissing() throws Exception {
    var checkout = generated(plan());
    Files.delete(checkout.path.resolve("pipes/backfill_analytics_events_1.pipe"));

    var run = checkout.run(Map.of());

    assertThat(run.status).isEqualTo(1);
    assertThat(workspace.calls).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"analytics_events_1", "errors_1"})
  void refusesATargetThatHoldsRowsOfSomebodyElse(String target) throws Exception {
    workspace.rows.put(target, 5L);

    var run = generated(plan()).run(Map.of());

    assertThat(run.status).isEqualTo(1);
    assertThat(run.output).contains(target + " holds 5 rows").contains("tb datasource rm");
    assertThat(workspace.calls).isEmpty();
  }

  @Test
  void anEmptyTargetOfAnEarlierTryIsTaken() throws Exception {
    workspace.rows.put("analytics_events_1", 0L);

    var run = generated(plan()).run(Map.of());

    assertThat(run.status).as(run.output).isZero();
  }

  /// No deployment changes what it is then.
  @Test
  void anEmptyTargetOfAnotherDefinitionIsToBeRemoved() throws Exception {
    workspace.rows.put("analytics_events_1", 0L);
    workspace.pipes.put("errors_mv_1", "SELECT 1");
    workspace.sortingKey = "timestamp";
    var checkout = generated(plan());

    var key = checkout.run(Map.of());

    assertThat(key.status).isEqualTo(1);
    assertThat(key.output)
        .contains(
            "analytics_events_1 is there, empty and with another sorting key",
            "tb pipe rm errors_mv_1 --yes && tb datasource rm analytics_events_1 --yes");
    workspace.sortingKey = "action, timestamp";
    workspace.columns = "{\"name\":\"timestamp\",\"type\":\"Date\"}";

    var type = checkout.run(Map.of());

    assertThat(type.status).isEqualTo(1);
    assertThat(type.output).contains("with another set of columns or types");
    assertThat(workspace.calls).isEmpty();
  }

  @Test
  void aSyncPipeThatNeverMaterializedIsDeployedAgain() throws Exception {
    workspace.rows.put("analytics_events_1", 0L);
    workspace.broken.add("sync_analytics_events_1");

    var run = generated(plan()).run(Map.of());

    assertThat(run.status).as(run.output).isZero();
    assertThat(workspace.calls).containsExactly("deploy");
    assertThat(cutover()).isAfter(Instant.now());
  }

  @Test
  void passesOnThatTbFailed() throws Exception {
    workspace.failing = 3;

    var run = generated(plan()).run(Map.of());

    assertThat(run.status).isEqualTo(1);
    assertThat(run.output).contains("tb deploy failed with status 3").contains("boom");
  }

  @Test
  void goesOnAfterADeploymentThatFailedHalfWay() throws Exception {
    var checkout = generated(plan());
    workspace.failing = 1;
    workspace.pushedBeforeFailing = List.of("sync_analytics_events_1");
    var failed = checkout.run(Map.of());
    assertThat(failed.status).isEqualTo(1);
    assertThat(failed.output)
        .contains(
            "analytics_events_1 is fed by sync_analytics_events_1; backfill_analytics_events_1, which",
            "isn't there. Nothing is lost meanwhile");
    var bound = workspace.environment.get("BACKFILL_T_ANALYTICS_EVENTS_1");
    workspace.failing = 0;

    var run = checkout.run(Map.of());

    assertThat(run.status).as(run.output).isZero();
    assertThat(workspace.environment).containsEntry("BACKFILL_T_ANALYTICS_EVENTS_1", bound);
    assertThat(workspace.pipes).containsKeys("errors_mv_1", "actions_daily_mv_1");
  }

  @Test
  void isNotContentWithAnswersThatNothingIsToBeDoneWhenNothingIsLive() throws Exception {
    workspace.deployed = true;

    var run = generated(plan()).run(Map.of());

    assertThat(run.status).isEqualTo(1);
    assertThat(run.output).contains("not everything of it is live").contains("--override-commit");
  }

  @Test
  void seesAForkThatDoesNotFeed() throws Exception {
    workspace.neverLive = "errors_mv_1";

    var run = generated(plan()).run(Map.of());

    assertThat(run.status).isEqualTo(1);
    assertThat(run.output).contains("errors_mv_1 doesn't feed errors_1");
  }

  @Test
  void aPinnedCutoverNeedsNoBinding() throws Exception {
    var pinned = Instant.now().plusSeconds(3600).truncatedTo(ChronoUnit.SECONDS);
    workspace.pinned = text(pinned);

    var run = generated(Example.pinned(pinned)).run(Map.of());

    assertThat(run.status).as(run.output).isZero();
    assertThat(workspace.environment).isEmpty();
  }

  @Test
  void aPinnedCutoverThatIsNearOrPastIsRefused() throws Exception {
    var run = generated(Example.pinned(Instant.now().plusSeconds(200))).run(Map.of());

    assertThat(run.status).isEqualTo(1);
    assertThat(run.output).contains("The pinned cutover of analytics_events_1");
    assertThat(workspace.calls).isEmpty();
  }

  @Test
  void aPinnedCutoverMayBePastWhenItIsLive() throws Exception {
    workspace.rows.put("analytics_events_1", 7L);
    workspace.pipes.put(
        "sync_analytics_events_1",
        "SELECT 1 FROM x WHERE `timestamp` >= toDateTime('2020-01-01 00:00:00', 'UTC')");

    var run = generated(Example.pinned(Instant.parse("2020-01-01T00:00:00Z"))).run(Map.of());

    assertThat(run.status).as(run.output).isZero();
    assertThat(workspace.calls).containsExactly("deploy");
  }

  @Test
  void aDayColumnIsCutAtMidnight() throws Exception {
    var date = new TimeType(TimeType.Kind.DATE, 0, Optional.empty(), false);

    var run = generated(plan(cutOn(date))).run(Map.of());

    assertThat(run.status).as(run.output).isZero();
    assertThat(workspace.environment.get("BACKFILL_T_ANALYTICS_EVENTS_1"))
        .isIn(
            Instant.now().plusSeconds(1800).plus(Duration.ofDays(1)).toString().substring(0, 10),
            Instant.now().plusSeconds(1800).toString().substring(0, 10));
  }

  @Test
  void aFineColumnIsCutAtAWholeSecondInItsOwnPrecision() throws Exception {
    var millis = new TimeType(TimeType.Kind.DATETIME64, 3, Optional.empty(), false);

    var run = generated(plan(cutOn(millis))).run(Map.of());

    assertThat(run.status).as(run.output).isZero();
    assertThat(workspace.environment.get("BACKFILL_T_ANALYTICS_EVENTS_1")).endsWith(".000");
  }

  @Test
  void stopsForAnotherMigrationThatIsNotDeployedYet() throws Exception {
    var checkout = generated(plan());
    checkout.write("pipes/sync_other_1.pipe", otherSync());

    var run = checkout.run(Map.of());

    assertThat(run.status).isEqualTo(1);
    assertThat(run.output).contains("sync_other_1 belongs to another migration");
    assertThat(workspace.calls).isEmpty();
  }

  @Test
  void keepsTheCutoverOfAnotherMigrationThatIsLive() throws Exception {
    var checkout = generated(plan());
    checkout.write("pipes/sync_other_1.pipe", otherSync());
    workspace.rows.put("other_1", 9L);
    workspace.targets.put("sync_other_1", "other_1");
    workspace.pipes.put("sync_other_1", "... WHERE ts >= toDateTime('2026-01-31 13:30:00', 'UTC')");

    var run = checkout.run(Map.of());

    assertThat(run.status).as(run.output).isZero();
    assertThat(workspace.environment).containsEntry("BACKFILL_T_OTHER_1", "2026-01-31 13:30:00");
  }

  @Test
  void onlyWhatTheClientFillsInIsACutover() throws Exception {
    var checkout = generated(plan());
    checkout.write(
        "pipes/told.pipe",
        """
        DESCRIPTION >
            Not ${BACKFILL_T_OTHER_1}

        NODE a
        SQL >
            SELECT '$${BACKFILL_T_OTHER_1}', '$$$${BACKFILL_T_OTHER_1}'
        """);

    var run = checkout.run(Map.of());

    assertThat(run.status).as(run.output).isZero();
    assertThat(workspace.calls).containsExactly("deploy");
  }

  @Test
  void aLivePipeWithAVariableThatNobodyKnowsIsLeftAlone() throws Exception {
    var checkout = generated(plan());
    checkout.write("pipes/sync_other_1.pipe", otherSync());
    workspace.rows.put("other_1", 9L);
    workspace.targets.put("sync_other_1", "other_1");
    workspace.pipes.put("sync_other_1", "SELECT 1 FROM other");

    var stopped = checkout.run(Map.of());

    assertThat(stopped.status).isEqualTo(1);
    assertThat(stopped.output)
        .contains("the SQL of sync_other_1 takes BACKFILL_T_OTHER_1, and nothing tells its value")
        .doesNotContain("tb pipe rm");
    assertThat(workspace.calls).isEmpty();

    var told = checkout.run(Map.of("BACKFILL_T_OTHER_1", "2026-01-31"));

    assertThat(told.status).as(told.output).isZero();
    assertThat(workspace.environment).containsEntry("BACKFILL_T_OTHER_1", "2026-01-31");
  }

  private static String otherSync() {
    return """
    NODE sync
    SQL >
        SELECT ts FROM other WHERE ts >= toDateTime('${BACKFILL_T_OTHER_1}', 'UTC')

    TYPE materialized
    DATASOURCE other_1
    """;
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "[]", "{\"id\":\"w\"}", "not json"})
  void stopsWhenItCannotTellWhereItIs(String answer) throws Exception {
    workspace.answer = answer;

    var run = generated(plan()).run(Map.of());

    assertThat(run.status).isEqualTo(1);
    assertThat(run.output).contains("STOP");
    assertThat(workspace.calls).isEmpty();
  }

  @Test
  void stopsWithoutATinyb() throws Exception {
    var checkout = generated(plan());
    Files.delete(checkout.path.resolve(".tinyb"));

    var run = checkout.run(Map.of());

    assertThat(run.status).isEqualTo(1);
    assertThat(run.output).contains("tb auth");
    assertThat(workspace.calls).isEmpty();
  }

  @Test
  void neverSendsTheTokenAfterARedirect() throws Exception {
    workspace.redirect = true;

    var run = generated(plan()).run(Map.of());

    assertThat(run.status).isEqualTo(1);
    assertThat(workspace.redirected).isZero();
    assertThat(workspace.calls).isEmpty();
  }

  @Test
  void whatItIsGivenIsNeverExecuted() throws Exception {
    var checkout = generated(plan());
    for (var module : List.of("json.py", "sitecustomize.py", "usercustomize.py")) {
      checkout.write(module, "open('pwned', 'w')\n");
    }
    checkout.write("pipes/$(touch pwned).pipe", "${BACKFILL_T_X$(touch pwned)}");
    checkout.write("pipes/evil.pipe", "SQL > '${BACKFILL_T_ANALYTICS_EVENTS_1}' `touch pwned`");
    workspace.pipes.put("evil", "$(touch pwned)");

    var run =
        checkout.run(
            Map.of(
                "CD_FLAGS",
                "$(touch pwned) `touch pwned` ; touch pwned * ${IFS}\n--after",
                "VERSION",
                "$(touch pwned)",
                "PYTHONPATH",
                checkout.path.toString()));

    assertThat(run.status).as(run.output).isZero();
    assertThat(checkout.path.resolve("pwned")).doesNotExist();
    assertThat(workspace.calls)
        .containsExactly("deploy $(touch pwned) `touch pwned` ; touch pwned * ${IFS} --after");
  }

  @Test
  void worksFromAnyWorkingDirectory() throws Exception {
    var checkout = generated(plan());
    checkout.workingDirectory = directory;

    var run = checkout.run(Map.of());

    assertThat(run.status).as(run.output).isZero();
  }

  /// Those that are emitted for each scenario are looked at in EveryScenarioDeployedTest.
  @Test
  void everyScriptOfTheRepositoryIsCleanForShellcheck() throws Exception {
    Assumptions.assumeTrue(onPath("shellcheck"), "shellcheck isn't installed");
    var command =
        new ArrayList<>(
            List.of("shellcheck", "backfill", "src/bench/plan.sh", "src/bench/local.sh"));
    try (var files = Files.walk(Path.of("deploy"))) {
      files.map(Path::toString).filter(f -> f.endsWith(".sh")).forEach(command::add);
    }

    var check = new ProcessBuilder(command).redirectErrorStream(true).start();
    var output = new String(check.getInputStream().readAllBytes(), UTF_8);

    assertThat(command).hasSize(7);
    assertThat(check.waitFor()).as(output).isZero();
  }

  private Instant cutover() {
    return LocalDateTime.parse(workspace.environment.get("BACKFILL_T_ANALYTICS_EVENTS_1"), SECONDS)
        .toInstant(ZoneOffset.UTC);
  }

  private static String text(Instant instant) {
    return SECONDS.format(LocalDateTime.ofInstant(instant, ZoneOffset.UTC));
  }

  private static Plan plan() {
    return Example.plan(Example.migrations());
  }

  private static Plan plan(List<Migration> migrations) {
    return Example.plan(migrations);
  }

  private static Plan plan(List<Migration> migrations, Duration lead, Duration margin) {
    var plan = Example.plan(migrations, new Cutover(lead, Optional.empty()));
    var core = plan.core();
    var limits = core.limits();
    return new Plan(
        plan.verdict(),
        new PlanCore(
            core.schemaVersion(),
            core.rules(),
            core.flavour(),
            core.version(),
            core.workspace(),
            core.changes(),
            core.migrations(),
            core.cutover(),
            new PlanCore.Limits(
                margin,
                limits.settle(),
                limits.maxLateness(),
                limits.rehearsalRows(),
                limits.jobsAtOnce(),
                limits.chunkRows(),
                limits.lease(),
                limits.poll()),
            core.files()),
        plan.readers(),
        plan.warnings(),
        plan.obstacles(),
        plan.evidence());
  }

  private static List<Migration> cutOn(TimeType type) {
    return List.of(
        Example.events(
            new CutColumn("timestamp", "timestamp", type, type), Example.events().projection()));
  }

  private Checkout generated(Plan plan) throws IOException {
    var checkout = new Checkout(directory.resolve("project"));
    checkout.write(
        ".tinyb",
        "{\"host\": \"" + workspace.url() + "\", \"token\": \"" + TOKEN + "\", \"name\": \"w\"}");
    var files =
        Example.applied(
            Example.files(Example.NEW_EVENTS), Emitter.emit(plan, Example.base(), Example.head()));
    for (var file : files.entrySet()) {
      checkout.write(file.getKey(), file.getValue());
    }
    checkout.path.resolve("deploy/0.0.4/deploy.sh").toFile().setExecutable(true);
    return checkout;
  }

  private static boolean onPath(String tool) {
    for (var folder : System.getenv().getOrDefault("PATH", "").split(":")) {
      if (Files.isExecutable(Path.of(folder, tool))) {
        return true;
      }
    }
    return false;
  }

  private static Path python() throws Exception {
    var process =
        new ProcessBuilder("python3", "-I", "-c", "import sys; print(sys.executable)").start();
    return Path.of(new String(process.getInputStream().readAllBytes(), UTF_8).strip());
  }

  private record Run(int status, String output) {}

  /// A data project on disk.
  private final class Checkout {
    private final Path path;
    private Path workingDirectory;

    Checkout(Path path) {
      this.path = path;
      this.workingDirectory = path;
    }

    void write(String file, String text) throws IOException {
      Files.createDirectories(path.resolve(file).getParent());
      Files.writeString(path.resolve(file), text);
    }

    Run run(Map<String, String> environment) throws Exception {
      var bin = Files.createDirectories(directory.resolve("bin"));
      // No program of its own: a body, and the answer's after its empty line.
      Files.writeString(
          bin.resolve("tb"),
          """
          #!/usr/bin/env bash
          body="$(printf '%s\\n' "$*"; env | grep '^BACKFILL_T_' || true)"
          exec 3<>"/dev/tcp/127.0.0.1/${FAKE_URL##*:}"
          printf 'POST /fake/tb HTTP/1.0\\r\\nContent-Length: %s\\r\\n\\r\\n%s' "$(LC_ALL=C; printf %s "${#body}")" "$body" >&3
          while IFS= read -r line <&3 && [[ "$line" != $'\\r' ]]; do :; done
          answer="$(cat <&3)"
          printf '%s\\n' "${answer#*|}"
          exit "${answer%%|*}"
          """);
      bin.resolve("tb").toFile().setExecutable(true);
      // Version managers put a slow script in front of the real thing.
      Files.deleteIfExists(bin.resolve("python3"));
      Files.createSymbolicLink(bin.resolve("python3"), python());
      var builder =
          new ProcessBuilder(path.resolve("deploy/0.0.4/deploy.sh").toString())
              .directory(workingDirectory.toFile())
              .redirectErrorStream(true);
      var variables = builder.environment();
      variables.keySet().removeIf(k -> k.startsWith("TB_") || k.endsWith("_FLAGS"));
      variables.put("PATH", bin + ":" + variables.get("PATH"));
      variables.put("FAKE_URL", workspace.url());
      variables.putAll(environment);
      var process = builder.start();
      var output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return new Run(process.exitValue(), output);
    }
  }

  /// What of a workspace the script asks for.
  private static final class Workspace {
    private static final String DEFINED =
        Stream.of(Example.NEW_EVENTS, Example.DAILY, Example.ERRORS)
            .flatMap(
                text -> Pattern.compile("`(\\w+)` ([^`\\n]*[^`\\n, ])").matcher(text).results())
            .map(c -> "{\"name\":\"%s\",\"type\":\"%s\"}".formatted(c.group(1), c.group(2)))
            .collect(Collectors.joining(","));
    private static final Pattern COUNT = Pattern.compile("FROM `(\\w+)`");
    private final HttpServer server;
    private final List<String> calls = new ArrayList<>();
    private final Map<String, String> environment = new TreeMap<>();
    private final Map<String, String> pipes = new TreeMap<>();
    private final Map<String, Long> rows = new TreeMap<>();
    private final List<String> broken = new ArrayList<>();
    private final Map<String, String> targets =
        new TreeMap<>(
            Map.of(
                "sync_analytics_events_1", "analytics_events_1",
                "actions_daily_mv_1", "actions_daily_1",
                "errors_mv_1", "errors_1"));
    private String pinned = "";
    private String main = "null";
    private String answer = "";
    private boolean deployed;
    private boolean redirect;
    private String sortingKey = "";
    private String columns = DEFINED;
    private int redirected;
    private int failing;
    private List<String> pushedBeforeFailing = List.of();
    private String neverLive = "";
    private Duration slow = Duration.ZERO;

    Workspace() throws IOException {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext("/", this::handle);
      server.start();
    }

    String url() {
      return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
      var path = exchange.getRequestURI().getPath();
      var token =
          Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")).orElse("");
      if (path.equals("/fake/tb")) {
        send(exchange, 200, deploy(new String(exchange.getRequestBody().readAllBytes(), UTF_8)));
      } else if (path.equals("/elsewhere")) {
        redirected++;
        send(exchange, 200, "{}");
      } else if (redirect) {
        exchange.getResponseHeaders().set("Location", url() + "/elsewhere");
        send(exchange, 302, "");
      } else if (path.equals("/v0/workspace")) {
        var id = token.equals("Bearer " + TOKEN) ? "w" : "other";
        send(
            exchange,
            200,
            answer.isEmpty()
                ? "{\"id\":\"" + id + "\",\"name\":\"n\",\"main\":" + main + "}"
                : answer);
      } else if (!token.equals("Bearer " + TOKEN)) {
        send(exchange, 403, "{}");
      } else if (path.startsWith("/v0/pipes/")) {
        pipe(exchange, path.substring("/v0/pipes/".length()));
      } else if (path.startsWith("/v0/datasources/")) {
        var name = path.substring("/v0/datasources/".length());
        send(
            exchange,
            rows.containsKey(name) ? 200 : 404,
            "{\"id\":\"t_%1$s\",\"name\":\"%1$s\",\"engine\":{\"sorting_key\":\"%2$s\"}}"
                .formatted(name, name.equals("analytics_events_1") ? sortingKey : ""));
      } else if (exchange.getRequestURI().getRawQuery().contains("LIMIT+0")) {
        send(exchange, 200, "{\"meta\":[%s],\"data\":[]}".formatted(columns));
      } else {
        var query = URLDecoder.decode(exchange.getRequestURI().getRawQuery(), UTF_8);
        var table = COUNT.matcher(query);
        assertThat(table.find()).isTrue();
        send(exchange, 200, "{\"data\":[{\"n\":\"" + rows.get(table.group(1)) + "\"}]}");
      }
    }

    private void pipe(HttpExchange exchange, String name) throws IOException {
      if (broken.contains(name)) {
        send(exchange, 200, "{\"id\":\"p\",\"nodes\":[{\"sql\":\"x\",\"materialized\":null}]}");
      } else if (!pipes.containsKey(name)) {
        send(exchange, 404, "{\"error\":\"no such pipe\"}");
      } else {
        send(
            exchange,
            200,
            "{\"id\":\"p\",\"nodes\":[{\"sql\":\"%s\",\"materialized\":\"t_%s\"}]}"
                .formatted(pipes.get(name).replace("\"", "\\\""), targets.get(name)));
      }
    }

    private String deploy(String request) {
      var variables = request.lines().filter(l -> l.startsWith("BACKFILL_T_")).toList();
      calls.add(
          request.lines().filter(l -> !variables.contains(l)).collect(Collectors.joining("\n")));
      environment.clear();
      variables.forEach(
          l -> environment.put(l.substring(0, l.indexOf('=')), l.substring(l.indexOf('=') + 1)));
      if (deployed) {
        return "1|Error: this commit is already deployed";
      }
      try {
        Thread.sleep(slow);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      targets.forEach((pipe, target) -> {
        if (!pipe.equals(neverLive) && (failing == 0 || pushedBeforeFailing.contains(pipe))) {
          broken.remove(pipe);
          rows.putIfAbsent(target, 0L);
          var cutover =
              environment.getOrDefault(
                  "BACKFILL_T_" + target.toUpperCase(java.util.Locale.ROOT), pinned);
          pipes.putIfAbsent(pipe, "SELECT 1 WHERE ts >= toDateTime('" + cutover + "', 'UTC')");
        }
      });
      return failing == 0 ? "0|deployed" : failing + "|boom";
    }

    private static void send(HttpExchange exchange, int status, String body) throws IOException {
      var bytes = body.getBytes(UTF_8);
      exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
      if (bytes.length > 0) {
        exchange.getResponseBody().write(bytes);
      }
      exchange.close();
    }
  }
}
