package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.github.Permission;
import dev.backfill.revision.CommitId;
import dev.backfill.testing.github.Call;
import dev.backfill.testing.github.Fault;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every write of a command that plans, commits, starts the CI, comments and checks, against every
/// way in which GitHub says no: never two comments, never silent, never falsely green; and the next
/// run repairs it.
class GitHubSaysNoTest {
  /// How GitHub says no, as long as it does.
  enum No {
    FORBIDDEN,
    NOT_FOUND,
    CONFLICT,
    UNPROCESSABLE,
    TOO_MANY,
    SECONDARY,
    BROKEN,
    LOST;

    Fault fault() {
      return switch (this) {
        case FORBIDDEN -> Fault.notPermitted("x=write");
        case NOT_FOUND -> Fault.status(404);
        case CONFLICT -> Fault.status(409);
        case UNPROCESSABLE -> Fault.status(422);
        case TOO_MANY -> Fault.status(429);
        case SECONDARY -> Fault.secondaryLimit(403);
        case BROKEN -> Fault.status(500);
        case LOST -> new Fault.LostAfter();
      };
    }
  }

  /// A kind of request that changes something.
  private record Write(String name, Predicate<Call> request) {
    static Write post(String name, String path) {
      return new Write(name, c -> c.method().equals("POST") && c.path().contains(path));
    }

    static Write patch(String name, String path) {
      return new Write(name, c -> c.method().equals("PATCH") && c.path().contains(path));
    }
  }

  private static final List<Write> WRITES =
      List.of(
          new Write(
              "comment", c -> c.method().equals("POST") && c.path().getLast().equals("comments")),
          Write.patch("comment anew", "comments"),
          Write.post("check", "check-runs"),
          Write.post("tree", "trees"),
          new Write(
              "commit",
              c -> c.method().equals("POST") && c.path().equals(List.of("git", "commits"))),
          Write.patch("ref", "refs"),
          Write.post("dispatch", "dispatches"),
          Write.post("reaction", "reactions"));

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void neverTwoCommentsNeverSilentNeverFalselyGreen(No no) {
    try (var scene = new ActionScene(folder)) {
      scene.fake.person("ana", Permission.WRITE);
      scene.fake.workflow("ci.yml", true);
      scene.environment.put("INPUT_CI-WORKFLOW", "ci.yml");
      for (var write : WRITES) {
        var branch = write.name().replace(' ', '-');
        var number = scene.opened(branch, ActionScene.CHANGED);
        if (write.name().equals("comment anew")) {
          scene.fake.say(number, "github-actions[bot]", "<!-- tinybird-backfill -->\nold");
        }
        scene.fake.always(write.request(), no.fault());

        var ran = refresh(scene, number);

        scene.fake.heal();
        var as = write.name() + "\n" + ran.log();
        assertThat(scene.conclusion(scene.head(branch), "backfill / readiness"))
            .as(as)
            .isNotEqualTo("SUCCESS");
        assertThat(ran.outputs().getOrDefault("ready", "false")).as(as).isEqualTo("false");
        var whole =
            scene.comment(number).filter(c -> c.contains("#### What is next")).isPresent()
                && whole(scene, scene.head(branch))
                && (ran.outputs().containsKey("committed") || ran.outputs().containsKey("patch"));
        if (!whole) {
          assertThat(ran.log()).as(as).containsAnyOf("::error", "::warning");
        }
        assertThat(ran.summary()).as(as).contains("gets a new version");

        scene.synced(branch);
        var again = refresh(scene, number);
        assertThat(again.status()).as(write.name() + "\n" + again.log()).isZero();
        assertThat(scene.comment(number)).as(as).get().asString().contains("not rehearsed yet");
        assertThat(whole(scene, scene.head(branch))).as(as).isTrue();
        assertThat(commits(scene, branch)).as(as).isEqualTo(1);
        scene.synced("main");
      }
      assertThat(scene.fake.dispatched()).doesNotHaveDuplicates();
    }
  }

  private static ActionScene.Ran refresh(ActionScene scene, int number) {
    var said = scene.fake.say(number, "ana", "/backfill refresh");
    return scene.onComment(number, "ana", "/backfill refresh", said);
  }

  private static boolean whole(ActionScene scene, CommitId head) {
    return scene.check(head, "backfill / plan").isPresent()
        && scene.check(head, "backfill / readiness").isPresent();
  }

  /// How many commits of ours are on a branch.
  private static int commits(ActionScene scene, String branch) {
    try (var walk = new org.eclipse.jgit.revwalk.RevWalk(scene.repository.git().getRepository())) {
      walk.markStart(
          walk.parseCommit(org.eclipse.jgit.lib.ObjectId.fromString(scene.head(branch).hex())));
      var ours = 0;
      for (var commit : walk) {
        ours +=
            Optional.of(commit.getShortMessage()).filter(m -> m.startsWith("Backfill:")).isPresent()
                ? 1
                : 0;
      }
      return ours;
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
