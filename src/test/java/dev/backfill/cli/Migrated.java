package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.http.Http;
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
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
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
    var all = new java.util.ArrayList<>(Arrays.asList(words));
    all.addAll(List.of("--format", "json"));
    var result = run(all.toArray(String[]::new));
    assertThat(result.status()).as(words[0] + ": " + result.out() + result.err()).isEqualTo(status);
    return new JsonMapper().readTree(result.out());
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
