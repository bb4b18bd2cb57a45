package dev.backfill.revision.jgit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.failure.Failure;
import dev.backfill.problem.Problem;
import dev.backfill.revision.CommitId;
import dev.backfill.revision.Revisions.Rename;
import dev.backfill.revision.Snapshot;
import dev.backfill.testing.TempRepository;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.lib.Constants;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JGitRevisionsTest {
  private static final String SCHEMA =
      """
      SCHEMA >
          `timestamp` DateTime,
          `session_id` String,
          `action` LowCardinality(String),
          `version` LowCardinality(String)

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "timestamp"
      """;

  @TempDir Path folder;
  @TempDir Path elsewhere;
  private TempRepository repository;
  private JGitRevisions revisions;

  @BeforeEach
  void open() {
    repository = TempRepository.in(folder);
    revisions = JGitRevisions.open(folder);
  }

  @AfterEach
  void close() {
    revisions.close();
    repository.close();
  }

  @Test
  void readsTheFilesThatBelongToAProjectAndNoOthers() {
    repository
        .write("project/datasources/a.datasource", SCHEMA)
        .write("project/pipes/deep/b.pipe", "NODE n\nSQL >\n    SELECT 1\n")
        .write("project/includes/c.incl", "x")
        .write("project/.tinyenv", "VERSION=0.0.1\n")
        .write("project/backfill.yml", "lead: 30m\n")
        .write("project/deploy/0.0.1/deploy.sh", "#!/bin/bash\n")
        .write("project/scripts/exec.sh", "#!/bin/bash\n")
        .write("project/scripts/data.csv", "1\n")
        .write("project/datasources/fixtures/a.ndjson", "{}\n")
        .write("project/node_modules/x/datasources/y.datasource", SCHEMA)
        .write("other/datasources/z.datasource", SCHEMA)
        .executable("project/deploy/0.0.1/deploy.sh");
    var commit = new CommitId(repository.commit("project"));

    var snapshot = revisions.at(commit, "./project/");

    assertThat(snapshot.files())
        .containsOnlyKeys(
            "datasources/a.datasource",
            "pipes/deep/b.pipe",
            "includes/c.incl",
            ".tinyenv",
            "backfill.yml",
            "deploy/0.0.1/deploy.sh",
            "scripts/exec.sh")
        .containsEntry("datasources/a.datasource", SCHEMA);
    assertThat(snapshot.executable()).containsExactly("deploy/0.0.1/deploy.sh");
    assertThat(snapshot.label()).isEqualTo(commit.hex());
    assertThat(snapshot.projectDir()).isEqualTo("project");
    assertThat(snapshot.problems()).isEmpty();
    assertThat(revisions.worktree("project").files()).isEqualTo(snapshot.files());
    assertThat(revisions.worktree("project").executable()).isEqualTo(snapshot.executable());
  }

  @Test
  void readsWhatTheRepositoryLetsItsCiDo() {
    repository
        .write(".github/workflows/ci.yml", "uses: x@v4\n")
        .write(".github/workflows/cd.yaml", "uses: x@v4\n")
        .write(".github/workflows/notes.md", "no\n")
        .write(".github/dependabot.yml", "no\n")
        .write("project/.github/workflows/ci.yml", "no\n")
        .write(".gitlab-ci.yml", "include: y\n")
        .link(".github/workflows/link.yml", "/etc/hostname");
    var commit = new CommitId(repository.commit("ci"));

    assertThat(revisions.workflows(Optional.of(commit)))
        .containsOnlyKeys(".github/workflows/ci.yml", ".github/workflows/cd.yaml", ".gitlab-ci.yml")
        .containsEntry(".gitlab-ci.yml", "include: y\n")
        .isEqualTo(revisions.workflows(Optional.empty()));
  }

  @Test
  void anAbsentFolderGivesNoFiles() {
    var commit = new CommitId(repository.write("a.txt", "a").commit("one"));

    assertThat(revisions.at(commit, "project").files()).isEmpty();
    assertThat(revisions.worktree("project").files()).isEmpty();
  }

  @Test
  void aProjectFolderOutsideTheRepositoryIsRefused() {
    var commit = new CommitId(repository.commit("one"));

    assertThatThrownBy(() -> revisions.at(commit, "../x")).isInstanceOf(Failure.Usage.class);
    assertThatThrownBy(() -> revisions.worktree("/etc")).isInstanceOf(Failure.Usage.class);
  }

  @Test
  void theWorktreeIsReadAsItLiesOnDisk() {
    repository
        .write("datasources/a.datasource", "old")
        .write("datasources/gone.datasource", "gone")
        .write("datasources/kept.datasource", "tracked although ignored")
        .commit("one");
    repository
        .write(".gitignore", "ignored/\nkept.datasource\n*.secret.pipe\n")
        .write("datasources/a.datasource", "new\r\n")
        .write("datasources/fresh.datasource", "untracked")
        .write("ignored/datasources/i.datasource", "ignored")
        .write("pipes/x.secret.pipe", "ignored")
        .delete("datasources/gone.datasource");

    var snapshot = revisions.worktree(".");

    assertThat(snapshot.label()).isEqualTo(Snapshot.WORKTREE);
    assertThat(snapshot.files())
        .isEqualTo(
            new TreeMap<>(
                java.util.Map.of(
                    "datasources/a.datasource", "new\r\n",
                    "datasources/fresh.datasource", "untracked",
                    "datasources/kept.datasource", "tracked although ignored")));
  }

  @Test
  void neverRunsTheFiltersARepositoryAsksFor() throws Exception {
    var trace = elsewhere.resolve("trace");
    var config = repository.git().getRepository().getConfig();
    config.setString("filter", "evil", "clean", "touch " + trace);
    config.setString("filter", "evil", "smudge", "touch " + trace);
    repository.write("datasources/a.datasource", SCHEMA);
    var base = new CommitId(repository.commit("one"));
    config.save();
    repository
        .write(".gitattributes", "*.datasource filter=evil\n")
        .delete("datasources/a.datasource")
        .write("datasources/b.datasource", SCHEMA + "ENGINE_TTL \"\"\n");

    revisions.worktree(".");
    var renames = revisions.renames(base, Optional.empty(), ".");

    assertThat(trace).doesNotExist();
    assertThat(renames)
        .containsExactly(new Rename("datasources/a.datasource", "datasources/b.datasource"));
  }

  @Test
  void leavesNothingBehindInTheRepository() throws IOException {
    var commit = new CommitId(repository.write("pipes/a.pipe", "a").commit("one"));
    var before = listing();

    try (var fresh = JGitRevisions.open(folder)) {
      fresh.resolve("HEAD");
      fresh.at(commit, ".");
      fresh.worktree(".");
      fresh.projectDirs(Optional.empty());
      fresh.renames(commit, Optional.empty(), ".");
      fresh.mainLine();
    }

    assertThat(listing()).isEqualTo(before);
  }

  private List<String> listing() throws IOException {
    try (var files = Files.walk(folder)) {
      return files.map(Path::toString).sorted().toList();
    }
  }

  @Test
  void linksOutOfTheProjectAreFindingsAndNeverFollowed() throws IOException {
    var secret = elsewhere.resolve("secret.pipe");
    Files.writeString(secret, "SECRET");
    repository
        .write("pipes/real.pipe", "real")
        .write("other.pipe", "SECRET")
        .link("project/pipes/absolute.pipe", secret.toString())
        .link("project/pipes/climbing.pipe", "../../other.pipe")
        .link("project/pipes/dangling.pipe", "nowhere.pipe")
        .link("project/pipes/loop.pipe", "loop.pipe")
        .link("project/pipes/inside.pipe", "../endpoints/target.pipe")
        .write("project/endpoints/target.pipe", "target");
    var commit = new CommitId(repository.commit("links"));

    for (var snapshot : List.of(revisions.at(commit, "project"), revisions.worktree("project"))) {
      assertThat(snapshot.files())
          .containsOnlyKeys("endpoints/target.pipe", "pipes/inside.pipe")
          .containsEntry("pipes/inside.pipe", "target");
      assertThat(snapshot.problems())
          .extracting(Problem::code, p -> p.place().file())
          .containsExactlyInAnyOrder(
              org.assertj.core.groups.Tuple.tuple("symlink_outside", "pipes/absolute.pipe"),
              org.assertj.core.groups.Tuple.tuple("symlink_outside", "pipes/climbing.pipe"),
              org.assertj.core.groups.Tuple.tuple("symlink_outside", "pipes/dangling.pipe"),
              org.assertj.core.groups.Tuple.tuple("symlink_outside", "pipes/loop.pipe"));
    }
  }

  @Test
  void aLinkedFolderIsNotEntered() throws IOException {
    Files.createDirectories(elsewhere.resolve("pipes"));
    Files.writeString(elsewhere.resolve("pipes/secret.pipe"), "SECRET");
    repository.link("pipes", elsewhere.resolve("pipes").toString()).write("x.pipe", "x");
    var commit = new CommitId(repository.commit("link"));

    assertThat(revisions.worktree(".").files()).containsOnlyKeys("x.pipe");
    assertThat(revisions.at(commit, ".").files()).containsOnlyKeys("x.pipe");
    for (var snapshot : List.of(revisions.at(commit, "."), revisions.worktree("."))) {
      assertThat(snapshot.problems())
          .extracting(p -> p.place() + " " + p.severity() + " " + p.code())
          .containsExactly("pipes ERROR symlinked_folder");
    }
  }

  @Test
  void aSubmoduleWhereDatafilesAreExpectedIsAFinding() throws Exception {
    repository.write("project/x.pipe", "x");
    try (var other = TempRepository.in(elsewhere)) {
      other.write("a.datasource", SCHEMA).commit("other");
      for (var path : List.of("project/datasources", "project/pipes/old", "project/vendor/lib")) {
        try (var added =
            repository
                .git()
                .submoduleAdd()
                .setURI(elsewhere.toUri().toString())
                .setPath(path)
                .call()) {
          assertThat(added.isBare()).isFalse();
        }
      }
    }
    var commit = new CommitId(repository.commit("submodules"));

    for (var snapshot : List.of(revisions.at(commit, "project"), revisions.worktree("project"))) {
      assertThat(snapshot.files()).containsOnlyKeys("x.pipe");
      assertThat(snapshot.problems())
          .extracting(p -> p.place() + " " + p.severity() + " " + p.code())
          .containsExactly(
              "datasources ERROR submodule_not_read", "pipes/old WARNING submodule_not_read");
    }
  }

  @Test
  void whatASparseCheckoutLeavesOutIsNotTakenForDeleted() throws Exception {
    repository
        .write("datasources/a.datasource", SCHEMA)
        .write("pipes/x.pipe", "x")
        .write("pipes/data.csv", "1");
    repository.commit("all");
    assertThat(
            new ProcessBuilder(
                    "git", "update-index", "--skip-worktree", "pipes/x.pipe", "pipes/data.csv")
                .directory(folder.toFile())
                .inheritIO()
                .start()
                .waitFor())
        .isZero();
    repository.delete("pipes/x.pipe").delete("pipes/data.csv");
    Files.delete(folder.resolve("pipes"));

    var snapshot = revisions.worktree(".");

    assertThat(snapshot.files()).containsOnlyKeys("datasources/a.datasource");
    assertThat(snapshot.problems())
        .extracting(p -> p.place() + " " + p.severity() + " " + p.code())
        .containsExactly("pipes/x.pipe ERROR not_checked_out");
  }

  @Test
  void whatIsNoTextIsAFindingWithItsLine() {
    repository
        .write("pipes/bad.pipe", "one\ntwo \u00ff\n".getBytes(StandardCharsets.ISO_8859_1))
        .write(
            "datasources/big.datasource",
            "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12\n")
        .write("datasources/huge.datasource", new byte[(int) Texts.LARGEST + 1])
        .write("deploy/1/data.bin", new byte[] {(byte) 0xff});
    var commit = new CommitId(repository.commit("bad"));

    for (var snapshot : List.of(revisions.at(commit, "."), revisions.worktree("."))) {
      assertThat(snapshot.files()).isEmpty();
      assertThat(snapshot.problems())
          .extracting(p -> p.place() + " " + p.severity() + " " + p.code())
          .containsExactlyInAnyOrder(
              "pipes/bad.pipe:2 ERROR invalid_utf8",
              "datasources/big.datasource ERROR lfs_pointer",
              "datasources/huge.datasource ERROR file_too_large",
              "deploy/1/data.bin:1 WARNING invalid_utf8");
    }
  }

  @Test
  void findsProjectsInEveryPlaceTheClientLooksAt() {
    repository
        .write("a/datasources/x.datasource", "")
        .write("b/c/pipes/x.pipe", "")
        .write("b/c/vendor/w/datasources/y.datasource", "")
        .write("d/endpoints/x.pipe", "")
        .write("d/endpoints/deeper/y.pipe", "")
        .write("e/flat.pipe", "")
        .write("f/tests/t.pipe", "")
        .write("g/README.md", "")
        .write("node_modules/p/datasources/x.datasource", "");
    var commit = new CommitId(repository.commit("many"));

    assertThat(revisions.projectDirs(Optional.of(commit))).containsExactly("a", "b/c", "d", "e");
    assertThat(revisions.projectDirs(Optional.empty())).containsExactly("a", "b/c", "d", "e");
  }

  @Test
  void theRootItselfCanBeTheProject() {
    repository.write("datasources/x.datasource", "").write("extra/y.pipe", "");

    assertThat(revisions.projectDirs(Optional.empty())).containsExactly(".");
  }

  @Test
  void seesRenamesInSubfoldersRelativeToTheProject() {
    repository
        .write("project/datasources/events.datasource", SCHEMA)
        .write("project/notes.txt", "a note that moves\n");
    var base = new CommitId(repository.commit("one"));
    repository
        .delete("project/datasources/events.datasource")
        .delete("project/notes.txt")
        .write("project/notes2.txt", "a note that moves\n")
        .write(
            "project/datasources/events_1.datasource",
            SCHEMA.replace("SORTING_KEY \"timestamp\"", "SORTING_KEY \"session_id\""));
    var expected = new Rename("datasources/events.datasource", "datasources/events_1.datasource");

    assertThat(revisions.renames(base, Optional.empty(), "project")).containsExactly(expected);
    var head = new CommitId(repository.commit("two"));
    assertThat(revisions.renames(base, Optional.of(head), "project")).containsExactly(expected);
    assertThat(revisions.renames(base, Optional.of(head), "elsewhere")).isEmpty();
  }

  @Test
  void aCopyIsNoRename() {
    repository.write("datasources/a.datasource", SCHEMA);
    var base = new CommitId(repository.commit("one"));
    repository.write("datasources/b.datasource", SCHEMA);

    assertThat(revisions.renames(base, Optional.empty(), ".")).isEmpty();
  }

  @Test
  void theLastChangeOfAFileIsFoundBehindMergesAndNotWhereHistoryIsCut() throws Exception {
    repository.write("x.pipe", "1").commit("one");
    repository.checkout("topic").write("plan.json", "{}");
    var planned = new CommitId(repository.commit("plan"));
    repository.write("x.pipe", "2").commit("more");
    repository.checkout("main").write("y.pipe", "1").commit("meanwhile");
    repository
        .git()
        .merge()
        .include(repository.git().getRepository().resolve("topic"))
        .setFastForward(org.eclipse.jgit.api.MergeCommand.FastForwardMode.NO_FF)
        .setMessage("merge")
        .call();
    repository.write("y.pipe", "2").commit("later");
    var head = revisions.resolve("HEAD");

    assertThat(revisions.lastChange(head, "plan.json")).contains(planned);
    assertThat(revisions.lastChange(head, "nowhere.json")).isEmpty();
    Files.writeString(folder.resolve(".git/shallow"), planned.hex() + "\n");
    try (var shallow = JGitRevisions.open(folder)) {
      assertThat(shallow.lastChange(head, "plan.json")).isEmpty();
    }
  }

  @Test
  void resolvesWhatPeopleWrite() throws Exception {
    var first = repository.write("x.pipe", "1").commit("one");
    var second = repository.write("x.pipe", "2").commit("two");
    repository.git().tag().setName("v1").setObjectId(null).call();

    assertThat(revisions.resolve("HEAD").hex()).isEqualTo(second);
    assertThat(revisions.resolve("main").hex()).isEqualTo(second);
    assertThat(revisions.resolve("v1").hex()).isEqualTo(second);
    assertThat(revisions.resolve("HEAD~1").hex()).isEqualTo(first);
    assertThat(revisions.resolve(first.substring(0, 8)).hex()).isEqualTo(first);
  }

  @Test
  void anUnknownRevisionSaysSo() {
    repository.commit("one");

    for (var revision : List.of("nowhere", "a..b", "", "-x", "HEAD~99", "0".repeat(40))) {
      assertThatThrownBy(() -> revisions.resolve(revision))
          .isInstanceOf(Failure.Usage.class)
          .hasMessageContaining("no revision " + revision);
    }
  }

  @Test
  void theMainLineIsOriginsHeadElseMainElseMaster() throws Exception {
    assertThat(revisions.mainLine()).isEmpty();
    var first = repository.commit("one");
    assertThat(revisions.mainLine()).contains(new CommitId(first));
    repository.commit("two");
    var refs = repository.git().getRepository();
    var update = refs.updateRef("refs/remotes/origin/trunk");
    update.setNewObjectId(refs.resolve(first));
    update.update();
    refs.updateRef("refs/remotes/origin/HEAD").link("refs/remotes/origin/trunk");

    assertThat(revisions.mainLine()).contains(new CommitId(first));
  }

  @Test
  void findsWhereTwoLinesParted() {
    var base = repository.write("x.pipe", "1").commit("one");
    repository.checkout("feature");
    var feature = repository.write("x.pipe", "2").commit("two");
    repository.checkout("main");
    var main = repository.write("y.pipe", "3").commit("three");

    assertThat(revisions.mergeBase(new CommitId(feature), new CommitId(main)).hex())
        .isEqualTo(base);
  }

  @Test
  void unrelatedHistoriesHaveNoMergeBaseAndItSaysSo() throws Exception {
    var one = new CommitId(repository.write("x.pipe", "1").commit("one"));
    repository.git().checkout().setOrphan(true).setName("orphan").call();
    var other = new CommitId(repository.write("y.pipe", "2").commit("two"));

    assertThatThrownBy(() -> revisions.mergeBase(one, other))
        .isInstanceOf(Failure.Usage.class)
        .hasMessageContaining("no commit in common")
        .hasMessageContaining("--base");
  }

  @Test
  void aShallowCloneSaysWhatToFetch() throws Exception {
    var base = repository.write("x.pipe", "1").commit("one");
    repository.checkout("feature");
    repository.write("x.pipe", "2").commit("two");
    repository.checkout("main").write("y.pipe", "3").commit("three");
    try (var clone =
            Git.cloneRepository()
                .setURI(folder.toUri().toString())
                .setDirectory(elsewhere.toFile())
                .setCloneAllBranches(true)
                .setDepth(1)
                .call();
        var shallow = JGitRevisions.open(elsewhere)) {
      assertThat(clone.getRepository().getObjectDatabase().getShallowCommits()).isNotEmpty();
      var feature = shallow.resolve("origin/feature");
      var main = shallow.resolve("origin/main");

      assertThatThrownBy(() -> shallow.mergeBase(feature, main))
          .isInstanceOf(Failure.Usage.class)
          .hasMessageContaining("fetch-depth: 0");
      assertThatThrownBy(() -> shallow.resolve(base))
          .isInstanceOf(Failure.Usage.class)
          .hasMessageContaining("fetch-depth: 0");
      assertThat(shallow.worktree(".").files()).containsKey("x.pipe");
    }
  }

  /// main merged an early state of the feature. Where the feature's own line is cut behind that,
  /// its other line still leads to an older common commit, which is the wrong one.
  @Test
  void aMergeBaseThatACutHistoryMayHideIsNotGuessed() throws Exception {
    var git = repository.git();
    repository.write("x.pipe", "1").commit("one");
    repository.checkout("side").write("side.pipe", "1").commit("side");
    repository.checkout("main").checkout("feature");
    var early = repository.write("x.pipe", "2").commit("early");
    var middle = repository.write("x.pipe", "3").commit("middle");
    git.merge().include(git.getRepository().resolve("side")).setMessage("merge").call();
    var feature = new CommitId(repository.write("x.pipe", "4").commit("late"));
    repository.checkout("main").write("y.pipe", "5").commit("main");
    git.merge().include(git.getRepository().resolve(early)).setMessage("merge").call();
    var main = new CommitId(repository.write("y.pipe", "6").commit("after"));
    assertThat(revisions.mergeBase(main, feature)).isEqualTo(new CommitId(early));

    Files.writeString(folder.resolve(".git/shallow"), middle + "\n");

    try (var shallow = JGitRevisions.open(folder)) {
      assertThatThrownBy(() -> shallow.mergeBase(main, feature))
          .isInstanceOf(Failure.Usage.class)
          .hasMessageContaining("can't be told for certain")
          .hasMessageContaining("fetch-depth: 0");
      assertThat(shallow.mergeBase(main, new CommitId(early))).isEqualTo(new CommitId(early));
    }
  }

  @Test
  void opensFromAnyFolderOfTheWorkTree() {
    repository.write("project/pipes/x.pipe", "1").commit("one");

    try (var inside = JGitRevisions.open(folder.resolve("project/pipes"))) {
      assertThat(inside.root()).isEqualTo(folder);
    }
  }

  @Test
  void aFolderWithoutGitIsRefused() {
    assertThatThrownBy(() -> JGitRevisions.open(elsewhere))
        .isInstanceOf(Failure.Usage.class)
        .hasMessageContaining("not in a git repository");
  }

  @Test
  void aBareRepositoryHasCommitsAndNoWorkTree() throws Exception {
    var commit = new CommitId(repository.write("pipes/x.pipe", "1").commit("one"));
    try (var clone =
            Git.cloneRepository()
                .setURI(folder.toUri().toString())
                .setDirectory(elsewhere.toFile())
                .setBare(true)
                .call();
        var bare = JGitRevisions.open(elsewhere)) {
      assertThat(clone.getRepository().resolve(Constants.HEAD)).isNotNull();
      assertThat(bare.at(commit, ".").files()).containsOnlyKeys("pipes/x.pipe");
      assertThatThrownBy(() -> bare.worktree(".")).isInstanceOf(Failure.Usage.class);
    }
  }

  @Test
  void anEmptyRepositoryHasNoHead() {
    assertThatThrownBy(() -> revisions.resolve("HEAD")).isInstanceOf(Failure.Usage.class);
    assertThat(revisions.projectDirs(Optional.empty())).isEmpty();
  }
}
