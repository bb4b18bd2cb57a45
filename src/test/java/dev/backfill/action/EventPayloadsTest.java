package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.ContractTest;
import dev.backfill.testing.github.Webhooks;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Payloads that GitHub has really sent.
@ContractTest
class EventPayloadsTest {
  @Test
  void everyRealPayloadIsRead() {
    for (var name : List.of("pull_request", "push", "issue_comment", "workflow_dispatch")) {
      for (var payload : Webhooks.payloads(name)) {
        var event = Events.read(name, payload);

        assertThat(event).as(payload).isNotInstanceOf(Event.Other.class);
        if (event instanceof Event.PullRequest pullRequest) {
          assertThat(pullRequest.number()).isPositive();
          assertThat(pullRequest.headBranch()).isNotEmpty();
        }
        if (event instanceof Event.Comment comment) {
          assertThat(comment.comment()).isPositive();
          assertThat(comment.author()).isNotEqualTo("ghost");
        }
        if (event instanceof Event.Push push) {
          assertThat(push.defaultBranch()).isNotEmpty();
        }
      }
    }
  }
}
