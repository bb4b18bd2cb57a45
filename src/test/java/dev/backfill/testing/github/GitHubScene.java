package dev.backfill.testing.github;

import dev.backfill.github.GitHub;
import dev.backfill.github.RepositoryName;
import dev.backfill.github.http.GitHubManners;
import dev.backfill.github.http.HttpGitHub;
import dev.backfill.http.Http;
import dev.backfill.http.Limits;
import dev.backfill.http.StillPause;
import dev.backfill.revision.CommitId;
import dev.backfill.testing.TempRepository;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// A repository with a pull request (`feature` onto `main`, by `ana`) on a fake GitHub, and clients
/// for it. Time passes only by waiting.
public final class GitHubScene implements AutoCloseable {
  public static final String NAME = "acme/analytics";
  public static final Limits LIMITS =
      new Limits(
          Duration.ofSeconds(5),
          Duration.ofSeconds(20),
          5,
          Duration.ofMinutes(15),
          32 * 1024 * 1024);

  public final TempRepository repository;
  public final StillPause pause = new StillPause();
  public final List<String> waits = new ArrayList<>();
  public final FakeGitHub fake;
  public final CommitId base;
  public final CommitId head;
  public final int pull;
  public final GitHub github;
  private final List<Http> clients = new ArrayList<>();

  public GitHubScene(Path folder) {
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

  public GitHub client(String token) {
    return client(token, fake.url(), LIMITS);
  }

  public GitHub client(String token, URI api, Limits limits) {
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
  public CommitId tip(String branch) {
    return github.branch(branch).orElseThrow();
  }

  @Override
  public void close() {
    clients.forEach(Http::close);
    repository.close();
    fake.close();
  }
}
