package dev.backfill.revision.jgit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.failure.Failure;
import dev.backfill.revision.CommitId;
import dev.backfill.revision.Fetching;
import dev.backfill.testing.TempRepository;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Shallow clones, made by git itself of a repository behind `git http-backend` or a file URL.
class FetchingTest {
  private static final CommitId NONE = new CommitId("0".repeat(40));

  @TempDir Path folder;
  @TempDir Path elsewhere;
  private final List<String> told = new ArrayList<>();
  private TempRepository repository;
  private CommitId parted = NONE;
  private CommitId feature = NONE;
  private CommitId main = NONE;

  /// `main` and `feature` part at `parted`, with as many commits on each as are asked for.
  private void history(int before, int ofFeature, int ofMain) {
    for (var i = 0; i < before; i++) {
      repository.write("pipes/a.pipe", "before " + i).commit("before " + i);
    }
    parted = new CommitId(repository.write("pipes/a.pipe", "parted").commit("parted"));
    repository.checkout("feature");
    for (var i = 0; i < ofFeature; i++) {
      feature = new CommitId(repository.write("pipes/f.pipe", "f" + i).commit("feature " + i));
    }
    repository.checkout("main");
    for (var i = 0; i < ofMain; i++) {
      main = new CommitId(repository.write("pipes/m.pipe", "m" + i).commit("main " + i));
    }
  }

  @BeforeEach
  void open() {
    repository = TempRepository.in(folder);
  }

  @AfterEach
  void close() {
    repository.close();
  }

  private static void git(Path where, String... words) throws Exception {
    var command = new ArrayList<>(List.of("git", "-c", "safe.directory=*"));
    command.addAll(List.of(words));
    var builder = new ProcessBuilder(command).directory(where.toFile()).redirectErrorStream(true);
    builder.environment().put("GIT_CONFIG_GLOBAL", "/dev/null");
    builder.environment().put("GIT_TERMINAL_PROMPT", "0");
    var process = builder.start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }

  /// What actions/checkout leaves behind: one commit, detached, without a main branch.
  private void checkout(String url, CommitId commit) throws Exception {
    git(elsewhere, "init", "--quiet", "--initial-branch=none");
    git(elsewhere, "remote", "add", "origin", url);
    git(
        elsewhere,
        "fetch",
        "--quiet",
        "--depth=1",
        "origin",
        commit.hex() + ":refs/remotes/pull/7/merge");
    git(elsewhere, "checkout", "--quiet", "--detach", "refs/remotes/pull/7/merge");
  }

  private JGitRevisions allowed(Optional<Fetching.Token> token) {
    return JGitRevisions.open(elsewhere, new Fetching.FromOrigin(token, told::add));
  }

  @Test
  void findsTheMainLineAndTheMergeBaseThatACheckoutOfOneCommitLacks() throws Exception {
    history(3, 5, 4);
    try (var server = new GitServer(folder, Optional.empty())) {
      checkout(server.url(), feature);
      try (var revisions = allowed(Optional.empty())) {
        var line = revisions.mainLine();

        assertThat(line).contains(main);
        assertThat(revisions.mergeBase(main, revisions.resolve("HEAD"))).isEqualTo(parted);
        assertThat(revisions.at(parted, ".").files()).containsOnlyKeys("pipes/a.pipe");
        assertThat(told).first().asString().isEqualTo("fetching heads/main from origin");
      }
    }
  }

  @Test
  void goesBackAsFarAsItTakesAndThenAsksForAll() throws Exception {
    history(1, 1, 1);
    // 80 commits lie between: more than the first step brings
    repository.checkout("feature");
    for (var i = 0; i < 80; i++) {
      feature = new CommitId(repository.commit("more " + i));
    }
    try (var server = new GitServer(folder, Optional.empty())) {
      checkout(server.url(), feature);
      try (var revisions = allowed(Optional.empty())) {
        assertThat(revisions.mergeBase(revisions.resolve("main"), revisions.resolve("HEAD")))
            .isEqualTo(parted);
        assertThat(told)
            .containsExactly(
                "fetching heads/main from origin",
                "fetching 64 commits more of the history from origin",
                "fetching 1024 commits more of the history from origin");
        told.clear();
        assertThatThrownBy(() -> revisions.resolve("HEAD~99"))
            .isInstanceOf(Failure.Usage.class)
            .hasMessageContaining("no revision HEAD~99");
      }
    }
  }

  @Test
  void resolvesBranchesTagsAndCommitsThatAreNotThere() throws Exception {
    history(2, 2, 2);
    repository.git().tag().setName("v1").setObjectId(null).call();
    try (var server = new GitServer(folder, Optional.empty())) {
      checkout(server.url(), feature);
      try (var revisions = allowed(Optional.empty())) {
        assertThat(revisions.resolve("origin/main")).isEqualTo(main);
        assertThat(revisions.resolve("main~1~1")).isEqualTo(parted);
        assertThat(revisions.resolve("v1")).isEqualTo(main);
        assertThat(revisions.resolve("HEAD~2")).isEqualTo(parted);
        told.clear();
        assertThat(revisions.resolve(parted.hex())).isEqualTo(parted);
        assertThat(told).isEmpty();
        assertThatThrownBy(() -> revisions.resolve("nowhere"))
            .isInstanceOf(Failure.Usage.class)
            .hasMessageContaining("no revision nowhere");
      }
    }
  }

  @Test
  void aCommitIsFetchedByItsId() throws Exception {
    history(2, 2, 2);
    try (var server = new GitServer(folder, Optional.empty())) {
      checkout(server.url(), feature);
      try (var revisions = allowed(Optional.empty())) {
        assertThat(revisions.resolve(main.hex())).isEqualTo(main);
        assertThatThrownBy(() -> revisions.resolve("1".repeat(40)))
            .isInstanceOf(Failure.Usage.class)
            .hasMessageContaining("no revision 1111");
      }
    }
  }

  @Test
  void aCloneThatIsWholeStaysWhole() throws Exception {
    history(2, 2, 2);
    try (var server = new GitServer(folder, Optional.empty())) {
      git(elsewhere, "clone", "--quiet", "--single-branch", "--branch=feature", server.url(), ".");
      try (var revisions = allowed(Optional.empty())) {
        assertThat(revisions.resolve("main")).isEqualTo(main);
      }
    }
    assertThat(elsewhere.resolve(".git/shallow")).doesNotExist();
    git(elsewhere, "fsck", "--strict");
  }

  @Test
  void aTokenOpensAPrivateRemoteAndGoesToItsHostOnly() throws Exception {
    history(2, 2, 2);
    try (var open = new GitServer(folder, Optional.empty())) {
      checkout(open.url(), feature);
    }
    try (var server = new GitServer(folder, Optional.of("s3cret"))) {
      git(elsewhere, "remote", "set-url", "origin", server.url());
      try (var revisions = allowed(Optional.of(new Fetching.Token("github.com", "s3cret")))) {
        assertThatThrownBy(revisions::mainLine)
            .isInstanceOf(Failure.Remote.class)
            .hasMessageContaining("fetching from origin failed")
            .hasMessageContaining("fetch-depth: 0")
            .hasMessageNotContaining("s3cret");
      }
      assertThat(server.requests).allMatch(r -> r.endsWith(" 401"));
      try (var revisions = allowed(Optional.of(new Fetching.Token("127.0.0.1", "s3cret")))) {
        assertThat(revisions.mainLine()).contains(main);
      }
      assertThat(new Fetching.Token("h", "s3cret").toString()).doesNotContain("s3cret");
    }
  }

  @Test
  void theHeaderThatCheckoutLeavesInTheConfigurationIsUsed() throws Exception {
    history(1, 1, 1);
    try (var open = new GitServer(folder, Optional.empty())) {
      checkout(open.url(), feature);
    }
    try (var server = new GitServer(folder, Optional.of("s3cret"))) {
      git(elsewhere, "remote", "set-url", "origin", server.url());
      // x-access-token:s3cret
      git(
          elsewhere,
          "config",
          "http." + server.url().replace("/repository", "/") + ".extraheader",
          "AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46czNjcmV0");
      try (var revisions = allowed(Optional.empty())) {
        assertThat(revisions.mainLine()).contains(main);
      }
    }
  }

  @Test
  void nothingIsFetchedUnasked() throws Exception {
    history(2, 2, 2);
    try (var server = new GitServer(folder, Optional.empty())) {
      checkout(server.url(), feature);
      server.requests.clear();
      try (var revisions = JGitRevisions.open(elsewhere)) {
        assertThat(revisions.mainLine()).isEmpty();
        assertThatThrownBy(() -> revisions.resolve("main"))
            .isInstanceOf(Failure.Usage.class)
            .hasMessageContaining("--fetch")
            .hasMessageContaining("fetch-depth: 0");
      }
      assertThat(server.requests).isEmpty();
    }
  }

  @Test
  void aFileRemoteIsReadWithoutStartingAProgramThatTheConfigurationNames() throws Exception {
    history(2, 3, 2);
    var trace = folder.resolve("trace");
    git(
        elsewhere,
        "clone",
        "--quiet",
        "--depth=1",
        "--no-single-branch",
        folder.toUri().toString().replace("file:/", "file:///").replace("////", "///"),
        ".");
    git(elsewhere, "config", "remote.origin.uploadpack", "touch " + trace + "; git-upload-pack");
    git(elsewhere, "config", "credential.helper", "!touch " + trace);
    git(elsewhere, "config", "core.sshCommand", "touch " + trace);
    try (var revisions = allowed(Optional.empty())) {
      assertThat(
              revisions.mergeBase(
                  revisions.resolve("origin/main"), revisions.resolve("origin/feature")))
          .isEqualTo(parted);
    }
    assertThat(trace).doesNotExist();
  }

  @Test
  void aRemoteThatIsGoneOrSpeaksSshSaysWhatToDo() throws Exception {
    history(1, 1, 1);
    try (var server = new GitServer(folder, Optional.empty())) {
      checkout(server.url(), feature);
    }
    try (var revisions = allowed(Optional.empty())) {
      assertThatThrownBy(revisions::mainLine)
          .isInstanceOf(Failure.Remote.class)
          .hasMessageContaining("git fetch --unshallow origin");
    }
    for (var url :
        List.of("git@example.com:a/b.git", "ssh://git@example.com/a/b", "ext::sh -c x")) {
      git(elsewhere, "remote", "set-url", "origin", url);
      try (var revisions = allowed(Optional.empty())) {
        assertThatThrownBy(revisions::mainLine)
            .isInstanceOf(Failure.Usage.class)
            .hasMessageContaining("doesn't speak");
      }
    }
    git(elsewhere, "remote", "remove", "origin");
    try (var revisions = allowed(Optional.empty())) {
      assertThatThrownBy(revisions::mainLine)
          .isInstanceOf(Failure.Usage.class)
          .hasMessageContaining("no remote `origin`");
    }
  }

  @Test
  void workThatWasNeverPushedDoesNotStandInTheWay() throws Exception {
    history(2, 2, 2);
    try (var server = new GitServer(folder, Optional.empty())) {
      git(elsewhere, "clone", "--quiet", "--depth=1", "--branch=feature", server.url(), ".");
      Files.writeString(elsewhere.resolve("local.pipe"), "mine");
      git(elsewhere, "add", "-A");
      git(elsewhere, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x");
      try (var revisions = allowed(Optional.empty())) {
        assertThat(revisions.mergeBase(revisions.resolve("main"), revisions.resolve("HEAD")))
            .isEqualTo(parted);
      }
      git(elsewhere, "fsck", "--strict");
    }
  }
}
