package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.TempRepository;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Wrong input: a clear message, the right exit code, nothing half-written.
class BadInputTest {
  @TempDir Path folder;
  private Map<String, String> before = Map.of();

  @AfterEach
  void nothingWasWritten() {
    assertThat(files()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"check", "plan", "generate"})
  void aDatafileThatCanNotBeParsed(String command) {
    given(
        Analytics.changed(folder)
            .write("datasources/broken.datasource", "SCHEMA >\n    `ts` DateTime(\n\nENGINE x y"));

    var result = Cli.in(folder).run(command);

    assertThat(result.status()).isEqualTo(4);
    assertThat(result.out() + result.err())
        .containsPattern("datasources/broken\\.datasource:\\d+(:\\d+)?: error ");
  }

  @Test
  void anEndpointThatOnlyBaseHoldsUnreadableDoesNotStopThePlan() {
    var repository = Analytics.base(folder, "").write("pipes/answer.pipe", "NODE a\nSQLL >\n");
    repository.commit("spoiled");
    given(repository.checkout("fix").write("pipes/answer.pipe", "NODE a\nSQL >\n    SELECT 1\n"));

    var result = Cli.in(folder).run("plan", "--base", "main");

    assertThat(result.status()).isZero();
    assertThat(result.out() + result.err())
        .contains("base_not_readable", "answer can't be read in base (pipes/answer.pipe:2");
  }

  @Test
  void aDataSourceThatOnlyBaseHoldsUnreadableIsNotTakenForUnchanged() {
    var repository =
        Analytics.base(folder, "")
            .write("datasources/extra.datasource", "<<<<<<<\n" + Analytics.EVENTS);
    repository.commit("spoiled");
    given(repository.checkout("fix").write("datasources/extra.datasource", Analytics.CHANGED));

    var result = Cli.in(folder).run("plan", "--base", "main", "--format", "json");
    var generated = Cli.in(folder).run("generate", "--base", "main");

    assertThat(result.out()).containsPattern("\"verdict\"\\s*:\\s*\"refuse\"");
    assertThat(generated.status()).isNotZero();
  }

  @Test
  void aDatafileThatBaseHoldsUnreadableAndHeadRemovesStopsThePlan() {
    var repository = Analytics.base(folder, "").write("pipes/answer.pipe", "NODE a\nSQLL >\n");
    repository.commit("spoiled");
    given(repository.checkout("fix").delete("pipes/answer.pipe"));

    var result = Cli.in(folder).run("plan", "--base", "main");

    assertThat(result.status()).isEqualTo(4);
    assertThat(result.out() + result.err()).contains("pipes/answer.pipe:2", "in base");
  }

  @ParameterizedTest
  @ValueSource(strings = {"check", "plan", "generate"})
  void aNameThatIsThereTwice(String command) {
    given(
        Analytics.changed(folder)
            .write("pipes/answer.pipe", "NODE a\nSQL >\n    SELECT 1\n")
            .write(
                "endpoints/answer.pipe",
                "NODE a\nSQL >\n    SELECT action FROM analytics_events\n"));

    var result = Cli.in(folder).run(command);

    assertThat(result.status()).isEqualTo(4);
    assertThat(result.out() + result.err()).contains("answer.pipe", ": error ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"check --head", "plan --base", "plan --head", "generate --base"})
  void aRevisionThatDoesNotExist(String command) {
    given(Analytics.changed(folder));

    var result = Cli.in(folder).run((command + " nowhere").split(" "));

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).startsWith("error: ").contains("nowhere", "etch");
  }

  @ParameterizedTest
  @ValueSource(strings = {"check", "plan", "generate"})
  void noGitRepository(String command) throws IOException {
    Files.writeString(folder.resolve("a.pipe"), "NODE a\nSQL >\n    SELECT 1\n");
    before = files();

    var result = Cli.in(folder).run(command);

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).contains("git repository", "--repo");
  }

  @ParameterizedTest
  @ValueSource(strings = {"check", "plan", "generate"})
  void noDataProject(String command) {
    var repository = TempRepository.in(folder).write("README", "hello");
    repository.commit("base");
    given(repository);

    var result = Cli.in(folder).run(command);

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).contains("no data project", "--project-dir");
  }

  @Test
  void aProjectFolderThatHoldsNone() {
    given(Analytics.changed(folder));

    var result = Cli.in(folder).run("plan", "--project-dir", "elsewhere");

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("no data project in elsewhere", "there is one in .");
  }

  @Test
  void severalProjectsAndNobodySaidWhich() {
    var repository = Analytics.base(folder, "one/");
    repository.write("two/datasources/x.datasource", Analytics.EVENTS);
    repository.commit("two");
    given(repository);

    var result = Cli.in(folder).run("generate");

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("one, two", "--project-dir");
  }

  @Test
  void nothingToCompareWith() throws org.eclipse.jgit.api.errors.GitAPIException {
    var repository = Analytics.changed(folder);
    repository.git().branchRename().setNewName("topic").call();
    given(repository);

    var result = Cli.in(folder).run("plan");

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("--base");
  }

  @Test
  void settingsWithAnUnknownKey() {
    given(Analytics.changed(folder).write("backfill.yml", "lead: 10m\nleed: 10m\n"));

    var result = Cli.in(folder).run("plan");

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("backfill.yml:2", "leed");
  }

  @Test
  void aCutoverInThePast() {
    given(Analytics.changed(folder));

    var result = Cli.in(folder).run("generate", "--cutover", "2026-05-31T00:00:00Z");

    assertThat(result.status()).isEqualTo(1);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).contains("2026-05-31T00:00:00Z is in the past", "Nothing was written");
  }

  @ParameterizedTest
  @ValueSource(strings = {"tomorrow", "30m", "+", "+-30m", "+PT-1H"})
  void aCutoverThatIsNone(String cutover) {
    given(Analytics.changed(folder));

    var result = Cli.in(folder).run("plan", "--cutover=" + cutover);

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("--cutover " + cutover, "+30m");
  }

  @Test
  void aPlanWithACutoverInThePastWarns() {
    given(Analytics.changed(folder));

    var result =
        Cli.in(folder).run("plan", "--cutover", "2026-05-31T00:00:00Z", "--format", "json");

    assertThat(result.status()).isZero();
    assertThat(result.err()).contains("warning: the cutover 2026-05-31T00:00:00Z is in the past");
    assertThat(result.out()).startsWith("{").doesNotContain("is in the past");
  }

  @Test
  void noPlanToRun() {
    given(Analytics.changed(folder));

    var result = workspace("http://localhost:1").run("run");

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("0.0.0", "plan.json", "--plan");
  }

  @Test
  void aPlanThatIsNone() {
    given(Analytics.changed(folder).write("deploy/0.0.0/plan.json", "{\n\"version\": 3}"));

    var result = workspace("http://localhost:1").run("run");

    assertThat(result.status()).isEqualTo(4);
    assertThat(result.err()).contains("plan.json", "`schemaVersion` is missing");
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "verify"})
  void noToken(String command) {
    given(Analytics.changed(folder).write("deploy/0.0.0/plan.json", Plans.SMALL));

    var result = Cli.in(folder).with("BACKFILL_HOST", "http://localhost:1").run(command);

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("BACKFILL_TOKEN", "--token-env");
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "verify"})
  void noHost(String command) {
    given(Analytics.changed(folder).write("deploy/0.0.0/plan.json", Plans.SMALL));

    var result = Cli.in(folder).with("BACKFILL_TOKEN", "secret").run(command);

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("BACKFILL_HOST", "--host").doesNotContain("secret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "verify"})
  void aTokenThatIsRefused(String command) throws IOException {
    given(Analytics.changed(folder).write("deploy/0.0.0/plan.json", Plans.SMALL));
    try (var server = new MockWebServer()) {
      for (var i = 0; i < 3; i++) {
        server.enqueue(
            new MockResponse.Builder()
                .code(403)
                .body("{\"error\": \"invalid authentication token\"}")
                .build());
      }
      server.start();

      var result = workspace(server.url("/").toString()).run(command);

      assertThat(result.status()).isEqualTo(3);
      assertThat(result.out()).isEmpty();
      assertThat(result.err()).contains("403", "/v0/").doesNotContain("secret", "\tat ");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "verify"})
  void aHostThatIsDown(String command) throws IOException {
    given(Analytics.changed(folder).write("deploy/0.0.0/plan.json", Plans.SMALL));
    int port;
    try (var socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }

    var result = workspace("http://localhost:" + port).run(command);

    assertThat(result.status()).isEqualTo(3);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).contains("error: ", "no connection").doesNotContain("secret", "\tat ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"not a host", "ftp://example.com", "https://user:secret@example.com"})
  void aHostThatIsNone(String host) {
    given(Analytics.changed(folder).write("deploy/0.0.0/plan.json", Plans.SMALL));

    var result = workspace(host).run("run");

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("not an API host").doesNotContain("secret");
  }

  private Cli workspace(String host) {
    return Cli.in(folder).with("BACKFILL_HOST", host).with("BACKFILL_TOKEN", "secret");
  }

  private void given(TempRepository repository) {
    repository.close();
    before = files();
  }

  /// Every file of the work tree with its text.
  private Map<String, String> files() {
    var out = new TreeMap<String, String>();
    try (var walk = Files.walk(folder)) {
      for (var file : walk.filter(Files::isRegularFile).toList()) {
        var path = folder.relativize(file).toString();
        if (!path.startsWith(".git/")) {
          out.put(path, Files.readString(file));
        }
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return out;
  }
}
