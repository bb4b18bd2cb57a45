package dev.backfill.github.http;

import dev.backfill.github.GitHub;
import dev.backfill.github.RepositoryName;
import dev.backfill.http.Http;
import dev.backfill.http.Limits;
import dev.backfill.http.StillPause;
import dev.backfill.revision.CommitId;
import dev.backfill.testing.TempRepository;
import dev.backfill.testing.github.FakeGitHub;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// A repository with a pull request on a fake GitHub, and clients for it.
final class Scene implements AutoCloseable {
  static final String NAME = "acme/analytics";
  static final Limits LIMITS =
      new Limits(
          Duration.ofSeconds(5),
          Duration.ofSeconds(20),
          5,
          Duration.ofMinutes(15),
          32 * 1024 * 1024);

  final TempRepository repository;
  final StillPause pause = new StillPause();
  final List<String> waits = new ArrayList<>();
  final FakeGitHub fake;
  final CommitId base;
  final CommitId head;
  final int pull;
  final GitHub github;
  private final List<Http> clients = new ArrayList<>();

  Scene(Path folder) {
    repository = TempRepository.in(folder);
    repository.write("datasources/events.datasource", "SCHEMA >\n    `id` Int64\n");
    repository.write("scripts/old.sh", "#!/bin/sh\n").executable("scripts/old.sh");
    base = new CommitId(repository.commit("first"));
    repository
        .checkout("feature")
        .write("datasources/events.datasource", "SCHEMA >\n    `id` UInt64\n");
    head = new CommitId(repository.commit("second"));
    fake = FakeGitHub.on(repository.git().getRepository(), NAME, pause::now);
    pull = fake.open("ana", "feature", "main");
    github = client(fake.actionsToken());
  }

  GitHub client(String token) {
    return client(token, fake.url(), LIMITS);
  }

  GitHub client(String token, URI api, Limits limits) {
    var http =
        new Http(
            limits,
            pause,
            (because, since, next) -> waits.add(next + " " + because),
            new GitHubManners());
    clients.add(http);
    return new HttpGitHub(http, api, RepositoryName.parse(NAME), token);
  }

  /// What a branch holds now.
  CommitId tip(String branch) {
    return github.branch(branch).orElseThrow();
  }

  @Override
  public void close() {
    clients.forEach(Http::close);
    repository.close();
    fake.close();
  }
}
