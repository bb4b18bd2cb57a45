package dev.backfill.github.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.failure.Failure.Remote;
import dev.backfill.github.Annotation;
import dev.backfill.github.Attempt;
import dev.backfill.github.Check;
import dev.backfill.github.Committed;
import dev.backfill.github.FileEdit;
import dev.backfill.github.NewCommit;
import dev.backfill.github.NewPullRequest;
import dev.backfill.github.PullRequest;
import dev.backfill.revision.CommitId;
import dev.backfill.testing.github.Fault;
import dev.backfill.testing.github.GitHubScene;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.revwalk.RevWalk;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every sixth request goes wrong, one way or another, and what is written is written once.
class GitHubFaultsTest {
  private static final List<Fault> FAULTS =
      List.of(
          new Fault.LostAfter(),
          new Fault.LostBefore(),
          new Fault.BadGatewayAfter(),
          Fault.status(500),
          Fault.status(503),
          Fault.status(429),
          Fault.secondaryLimit(403),
          Fault.notPermitted("contents=write"));

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void nothingIsDoneTwiceAndNothingIsClaimedThatIsNot(long seed, @TempDir Path folder)
      throws Exception {
    try (var scene = new GitHubScene(folder)) {
      var random = new Random(seed);
      scene.fake.workflow("ci.yml", true);
      for (var fault : FAULTS) {
        scene.fake.always(_ -> random.nextInt(6 * FAULTS.size()) == 0, fault);
      }
      var committed = new ArrayList<String>();
      var refused = 0;
      var dispatched = 0;
      for (var round = 0; round < 12; round++) {
        var name = "round-" + round;
        try {
          if (scene.github.commit(commit(scene, name))
              instanceof Attempt.Done<Committed>(Committed.Made(var id, _))) {
            committed.add(name);
            assertThat(messages(scene, id)).contains(name);
          }
        } catch (Remote e) {
          refused++;
        }
        try {
          var done = scene.github.createCheck(scene.head, check(name)).done();
          var shown =
              scene.fake.checks(scene.head).stream()
                  .filter(run -> run.name().equals(name))
                  .toList();
          assertThat(shown).as(name).hasSizeLessThanOrEqualTo(1);
          done.ifPresent(run -> {
            assertThat(shown.getFirst().id()).isEqualTo(run.id());
            assertThat(shown.getFirst().annotations()).hasSize(70).doesNotHaveDuplicates();
            assertThat(shown.getFirst().conclusion()).contains(Check.Conclusion.SUCCESS);
          });
        } catch (Remote e) {
          refused++;
        }
        try {
          if (scene.github.createBranch(name, scene.head).done().isPresent()) {
            scene.github.openPullRequest(new NewPullRequest(name, "main", name, "body"));
          }
        } catch (Remote e) {
          refused++;
        }
        try {
          if (scene.github.dispatch("ci.yml", "feature", Map.of("round", name))
              instanceof Attempt.Done<Boolean>(var accepted)) {
            assertThat(accepted).isTrue();
            dispatched++;
          }
        } catch (Remote e) {
          refused++;
        }
      }
      scene.fake.heal();

      var messages = messages(scene, scene.tip("feature"));
      assertThat(messages).as("seed " + seed).doesNotHaveDuplicates().containsAll(committed);
      assertThat(scene.fake.dispatched()).doesNotHaveDuplicates();
      assertThat(scene.fake.dispatched().size()).isGreaterThanOrEqualTo(dispatched);
      assertThat(scene.github.openPullRequests())
          .extracting(PullRequest::headBranch)
          .doesNotHaveDuplicates();
      // a run that nobody could finish is not green
      assertThat(scene.fake.checks(scene.head))
          .filteredOn(run -> run.annotations().size() < 70)
          .allSatisfy(run -> assertThat(run.conclusion()).isEmpty());
      assertThat(committed.size() + dispatched).as("refused " + refused).isGreaterThan(8);
    }
  }

  private static NewCommit commit(GitHubScene scene, String name) {
    var head = scene.github.branch("feature").orElseThrow();
    return new NewCommit(
        "feature", head, name, List.of(new FileEdit.Write(name + ".sh", "#!/bin/bash\n", true)));
  }

  private static Check check(String name) {
    return new Check(
        name,
        new Check.Completed(Check.Conclusion.SUCCESS),
        name,
        "title",
        "summary",
        "",
        Optional.empty(),
        IntStream.rangeClosed(1, 70)
            .mapToObj(line ->
                new Annotation("a.pipe", line, line, Annotation.Level.NOTICE, "", "line " + line))
            .toList());
  }

  /// First lines of all commits down from one.
  private static List<String> messages(GitHubScene scene, CommitId from) throws Exception {
    try (var walk = new RevWalk(scene.repository.git().getRepository())) {
      walk.markStart(walk.parseCommit(ObjectId.fromString(from.hex())));
      var messages = new ArrayList<String>();
      walk.forEach(commit -> messages.add(commit.getShortMessage()));
      return messages;
    }
  }
}
