package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.http.Http;
import dev.backfill.http.Request;
import dev.backfill.journey.PlanFile;
import dev.backfill.local.Faults;
import dev.backfill.local.LocalWorkspace;
import dev.backfill.plan.Feed;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Seam;
import dev.backfill.plan.Ticks;
import dev.backfill.project.TimeType;
import dev.backfill.tb.Tb;
import dev.backfill.testing.TempRepository;
import dev.backfill.testing.TestEngine;
import dev.backfill.tinybird.Tinybird;
import dev.backfill.tinybird.http.Host;
import dev.backfill.tinybird.http.HttpTinybird;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A project in a repository and its workspace on the engine, with rows in it and a change deployed
/// as `generate` writes it.
final class Migrated implements AutoCloseable {
  static final Path PLAN = Path.of("deploy/0.0.1/plan.json");

  final Path folder;
  final LocalWorkspace workspace;
  final Tinybird tinybird;
  private final TempRepository repository;
  private final Http http = new Http();
  private final Map<String, String> environment = new HashMap<>();

  /// @param folder an empty one, for the checkout
  /// @param data an empty one, for the workspace
  Migrated(Path folder, Path data, Map<String, String> base, String settings) {
    this.folder = folder;
    workspace = LocalWorkspace.start(TestEngine.shared(), 0, data, Optional.empty());
    workspace.faults().topicsPlayed(true);
    tinybird = new HttpTinybird(http, Host.parse(workspace.url()), workspace.token());
    environment.put("TB_VERSION_WARNING", "0");
    tb("auth", "--host", workspace.url(), "--token", workspace.token());
    repository = TempRepository.in(folder);
    repository.write(".gitignore", ".tinyb\n").commit("nothing yet");
    tb("init", "--override-commit", "HEAD");
    base.forEach(repository::write);
    repository
        .write("backfill.yml", "settle: 1s\npoll: 1s\n" + settings)
        .write(".tinyenv", "VERSION=0.0.0\n")
        .commit("base");
    tb("deploy");
  }

  @Override
  public void close() {
    http.close();
    workspace.close();
    repository.close();
  }

  /// Generates the plan of a change and deploys it.
  ///
  /// @param cutover T, wherever the plan has one
  void change(Map<String, String> files, Instant cutover) {
    files.forEach(repository::write);
    var generated = run("generate", "--base", "HEAD");
    assertThat(generated.status()).as(generated.out() + generated.err()).isZero();
    for (var m : core().migrations()) {
      type(m)
          .ifPresent(type ->
              environment.put(m.cutoverVariable(), Ticks.text(type, Ticks.ceil(type, cutover))));
    }
    deploy("the change");
  }

  private static Optional<TimeType> type(Migration migration) {
    return migration.seam().isPresent()
        ? Optional.of(Seam.CUTOVER_TYPE)
        : migration.liveFeed().kind() == Feed.Live.Kind.SYNC
            ? migration.cutType()
            : Optional.empty();
  }

  /// Files of the work tree.
  void write(Map<String, String> files) {
    files.forEach(repository::write);
  }

  void remove(String... files) throws IOException {
    for (var file : files) {
      Files.delete(folder.resolve(file));
    }
  }

  void deploy(String message) {
    repository.commit(message);
    tb("deploy");
  }

  PlanCore core() {
    return PlanFile.read(folder.resolve(PLAN));
  }

  Cli.Result run(String... words) {
    return Cli.in(folder)
        .with("BACKFILL_HOST", workspace.url())
        .with("BACKFILL_TOKEN", workspace.token())
        .run(words);
  }

  /// A command whose answer is JSON.
  JsonNode json(int status, String... words) {
    var all = new ArrayList<>(Arrays.asList(words));
    all.addAll(List.of("--format", "json"));
    var result = run(all.toArray(String[]::new));
    assertThat(result.status()).as(words[0] + ": " + result.out() + result.err()).isEqualTo(status);
    return new JsonMapper().readTree(result.out());
  }

  /// Makes, merges and deploys every change of the clean-up, one after the other.
  ///
  /// @param moved what producers do once readers have been switched
  /// @return the changes, in order
  List<String> cleanedUp(Runnable moved) throws IOException {
    faults().reset();
    var plan = Files.createTempFile("plan", ".json");
    Files.writeString(plan, Files.readString(folder.resolve(PLAN)));
    var out = new ArrayList<String>();
    while (out.size() < 6) {
      var next =
          json(
              0,
              "cleanup",
              "--plan",
              plan.toString(),
              "--quiet-for",
              "0s",
              "--confirm",
              "producers_moved",
              "--confirm",
              "no_other_readers",
              "--confirm",
              "older_buckets_done");
      out.add(next.path("change").asString());
      if (out.getLast().equals("finished")) {
        break;
      }
      assertThat(next.path("written")).as(next.toString()).isNotEmpty();
      var judged = json(0, "plan", "--base", "HEAD");
      assertThat(judged.path("verdict").asString()).as(judged.toString()).isIn("none", "cleanup");
      deploy(out.getLast());
      if (out.getLast().equals("switch_readers")) {
        moved.run();
        var again = run("run", "--confirm", "producers_moved");
        assertThat(again.status()).as(again.out() + again.err()).isZero();
      }
    }
    var status = run("status", "--plan", plan.toString());
    assertThat(status.out()).startsWith("finished");
    Files.delete(plan);
    return out;
  }

  Faults faults() {
    return workspace.faults();
  }

  long number(String sql) {
    var row = tinybird.query("SELECT toInt64(n) AS n FROM (" + sql + ")").only();
    return row.number("n");
  }

  void append(String dataSource, String ndjson) {
    assertThat(tinybird.append(dataSource, ndjson).quarantined()).isZero();
  }

  /// Empties a Data Source and fills it again.
  void replace(String dataSource, String ndjson) {
    http.send(
        new Request(
            "POST",
            URI.create(workspace.url() + "/v0/datasources/" + dataSource + "/truncate"),
            Request.Effect.REPEATABLE,
            Optional.of(workspace.token()),
            Optional.empty()));
    append(dataSource, ndjson);
  }

  /// Ends with 0, or with what is expected.
  String tb(int status, String... words) {
    var out = new ByteArrayOutputStream();
    var stream = new PrintStream(out, true, StandardCharsets.UTF_8);
    var ended = Tb.run(List.of(words), folder, environment, stream, stream);
    var said = out.toString(StandardCharsets.UTF_8);
    assertThat(ended).as(said).isEqualTo(status);
    return said;
  }

  void tb(String... words) {
    tb(0, words);
  }
}
