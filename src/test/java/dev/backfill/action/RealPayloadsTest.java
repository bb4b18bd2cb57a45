package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.failure.Failure;
import dev.backfill.testing.ContractTest;
import dev.backfill.testing.github.Webhooks;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The event reader reads what GitHub really sends.
@ContractTest
class RealPayloadsTest {
  private static final JsonMapper JSON = new JsonMapper();

  static List<String> others() {
    var events = Webhooks.events();
    return events.stream()
        .filter(event ->
            !List.of("pull_request", "issue_comment", "push", "merge_group", "workflow_run")
                .contains(event))
        .toList();
  }

  @Test
  void everyPullRequest() {
    var payloads = Webhooks.payloads("pull_request");
    assertThat(payloads).hasSize(29);
    assertThat(payloads)
        .allSatisfy(payload -> {
          var json = JSON.readTree(payload);
          var read = (Event.PullRequest) Events.read("pull_request", payload);

          assertThat(read.action()).isEqualTo(text(json, "/action"));
          assertThat(read.number()).isEqualTo(json.path("number").asInt());
          assertThat(read.head().hex()).isEqualTo(text(json, "/pull_request/head/sha"));
          assertThat(read.base().hex()).isEqualTo(text(json, "/pull_request/base/sha"));
          assertThat(read.headBranch())
              .isEqualTo(text(json, "/pull_request/head/ref"))
              .isNotEmpty();
          assertThat(read.fork())
              .isEqualTo(
                  !json.at("/pull_request/head/repo/full_name")
                      .equals(json.at("/pull_request/base/repo/full_name")));
          assertThat(read.merged()).isEqualTo(json.at("/pull_request/merged_at").isString());
        });
  }

  @Test
  void everyComment() {
    var payloads = Webhooks.payloads("issue_comment");
    assertThat(payloads).hasSize(9);
    assertThat(payloads)
        .allSatisfy(payload -> {
          var json = JSON.readTree(payload);
          var read = (Event.Comment) Events.read("issue_comment", payload);

          assertThat(read.action()).isEqualTo(text(json, "/action")).isNotEmpty();
          assertThat(read.number()).isEqualTo(json.at("/issue/number").asInt());
          assertThat(read.comment()).isEqualTo(json.at("/comment/id").asLong()).isPositive();
          assertThat(read.author()).isEqualTo(text(json, "/comment/user/login"));
          assertThat(read.body()).isEqualTo(text(json, "/comment/body"));
          assertThat(read.onPullRequest())
              .isEqualTo(text(json, "/issue/html_url").contains("/pull/"));
        });
  }

  @Test
  void everyPush() {
    assertThat(Webhooks.payloads("push"))
        .hasSize(7)
        .allSatisfy(payload -> {
          var json = JSON.readTree(payload);
          var read = (Event.Push) Events.read("push", payload);

          assertThat(read.branch().map(branch -> "refs/heads/" + branch).orElse("a tag"))
              .isEqualTo(
                  text(json, "/ref").startsWith("refs/tags/") ? "a tag" : text(json, "/ref"));
          assertThat(read.after().isEmpty()).isEqualTo(json.path("deleted").asBoolean());
          assertThat(read.before().isEmpty()).isEqualTo(json.path("created").asBoolean());
          assertThat(read.defaultBranch()).isNotEmpty();
        });
  }

  @Test
  void everyMergeGroup() {
    assertThat(Webhooks.payloads("merge_group"))
        .allSatisfy(payload -> {
          var json = JSON.readTree(payload);
          var read = (Event.MergeGroup) Events.read("merge_group", payload);

          assertThat(read.head().hex()).isEqualTo(text(json, "/merge_group/head_sha"));
          assertThat(read.base().hex()).isEqualTo(text(json, "/merge_group/base_sha"));
        });
  }

  @Test
  void everyWorkflowRun() {
    assertThat(Webhooks.payloads("workflow_run"))
        .allSatisfy(payload -> {
          var json = JSON.readTree(payload);
          var read = (Event.WorkflowRun) Events.read("workflow_run", payload);

          assertThat(read.head().hex()).isEqualTo(text(json, "/workflow_run/head_sha"));
          assertThat(read.cause()).isEqualTo(text(json, "/workflow_run/event"));
        });
  }

  @ParameterizedTest
  @MethodSource("others")
  void anythingElseIsReadWithoutComplaint(String event) {
    assertThat(Webhooks.payloads(event))
        .allSatisfy(payload -> assertThat(Events.read(event, payload)).isNotNull());
  }

  @ParameterizedTest
  @ValueSource(strings = {"pull_request", "issue_comment", "merge_group"})
  void aPayloadOfAnotherEventIsRefused(String event) {
    assertThat(Webhooks.payloads("star"))
        .allSatisfy(payload ->
            assertThatThrownBy(() -> Events.read(event, payload))
                .isInstanceOf(Failure.Usage.class));
  }

  private static String text(JsonNode json, String path) {
    return json.at(path).asString("");
  }
}
