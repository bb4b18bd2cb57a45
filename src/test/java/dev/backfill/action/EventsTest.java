package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.failure.Failure;
import dev.backfill.revision.CommitId;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EventsTest {
  private static final String A = "a".repeat(40);
  private static final String B = "b".repeat(40);

  @Test
  void aPullRequestOfTheSameRepository() {
    assertThat(Events.read("pull_request", pullRequest("{\"id\":7}")))
        .isEqualTo(
            new Event.PullRequest(
                "opened", 42, new CommitId(A), new CommitId(B), "topic", false, false));
  }

  @Test
  void aPullRequestWhoseRepositoryIsAnotherOrGoneIsAFork() {
    assertThat(((Event.PullRequest) Events.read("pull_request", pullRequest("{\"id\":8}"))).fork())
        .isTrue();
    assertThat(((Event.PullRequest) Events.read("pull_request", pullRequest("null"))).fork())
        .isTrue();
  }

  @Test
  void aMergeQueueNamesThePullRequestInItsBranch() {
    var json =
        "{\"action\":\"checks_requested\",\"merge_group\":{\"base_sha\":\"%s\",\"head_sha\":\"%s\",\"head_ref\":\"refs/heads/gh-readonly-queue/main/pr-42-%s\"}}";

    assertThat(Events.read("merge_group", json.formatted(A, B, A)))
        .isEqualTo(new Event.MergeGroup(new CommitId(A), new CommitId(B), Optional.of(42)));
    assertThat(
            ((Event.MergeGroup)
                    Events.read("merge_group", json.formatted(A, B, A).replace("pr-42", "pr-x")))
                .pullRequest())
        .isEmpty();
  }

  @Test
  void aPushSaysItsBranchAndADeletedOneHasNoHead() {
    var json =
        "{\"ref\":\"refs/heads/main\",\"before\":\"%s\",\"after\":\"%s\",\"repository\":{\"default_branch\":\"main\"}}";

    assertThat(Events.read("push", json.formatted(A, "0".repeat(40))))
        .isEqualTo(
            new Event.Push(
                Optional.of("main"), "main", Optional.of(new CommitId(A)), Optional.empty()));
    assertThat(
            ((Event.Push) Events.read("push", json.formatted(A, B).replace("heads", "tags")))
                .branch())
        .isEmpty();
  }

  @Test
  void whatIsNoDocumentOfGitHubsIsSaidSo() {
    assertThatThrownBy(() -> Events.read("pull_request", "{}")).isInstanceOf(Failure.Usage.class);
    assertThatThrownBy(() -> Events.read("push", "no json"))
        .isInstanceOf(Failure.Usage.class)
        .hasMessageContaining("isn't JSON");
  }

  @Test
  void aCommandIsTheWholeFirstLine() {
    assertThat(SlashCommand.read("/backfill rehearse\r\nplease"))
        .contains(new SlashCommand.Spoken(Optional.of(SlashCommand.REHEARSE), List.of()));
    assertThat(SlashCommand.read("  /backfill   run ").flatMap(SlashCommand.Spoken::command))
        .contains(SlashCommand.RUN);
    assertThat(SlashCommand.read("/backfill abandon events_1"))
        .contains(new SlashCommand.Spoken(Optional.of(SlashCommand.ABANDON), List.of("events_1")));
    assertThat(SlashCommand.read("/backfill run now").orElseThrow().command()).isEmpty();
    assertThat(SlashCommand.read("/backfill").orElseThrow().command()).isEmpty();
    assertThat(SlashCommand.read("> /backfill run")).isEmpty();
    assertThat(SlashCommand.read("please /backfill run")).isEmpty();
    assertThat(SlashCommand.read("/backfilling run")).isEmpty();
    assertThat(SlashCommand.read("")).isEmpty();
  }

  private static String pullRequest(String headRepository) {
    return """
    {"action":"opened","pull_request":{"number":42,"merged":false,
      "base":{"sha":"%s","repo":{"id":7}},"head":{"sha":"%s","ref":"topic","repo":%s}}}
    """
        .formatted(A, B, headRepository);
  }
}
