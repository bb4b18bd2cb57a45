package dev.backfill.action;

import dev.backfill.failure.Failure;
import dev.backfill.revision.CommitId;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reads the event's document as the runner leaves it at `GITHUB_EVENT_PATH`.
final class Events {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Pattern QUEUE =
      Pattern.compile("refs/heads/gh-readonly-queue/.+/pr-([1-9][0-9]{0,8})-[0-9a-f]{40}");

  private Events() {}

  /// @param name `GITHUB_EVENT_NAME`
  /// @throws Failure.Usage when the document isn't what GitHub sends
  static Event read(String name, String document) {
    JsonNode json;
    try {
      json = JSON.readTree(document);
    } catch (JacksonException e) {
      throw new Failure.Usage("the event's document isn't JSON: " + e.getOriginalMessage());
    }
    return switch (name) {
      case "pull_request", "pull_request_target" -> pullRequest(json);
      case "merge_group" ->
          new Event.MergeGroup(
              commit(json, "/merge_group/base_sha"),
              commit(json, "/merge_group/head_sha"),
              queued(json.at("/merge_group/head_ref").asString("")));
      case "push" -> push(json);
      case "issue_comment" ->
          new Event.Comment(
              json.path("action").asString(""),
              number(json, "/issue/number"),
              json.at("/issue/pull_request").isObject(),
              json.at("/comment/id").asLong(0),
              json.at("/comment/user/login").asString("ghost"),
              json.at("/comment/user/type").asString("").equals("Bot"),
              json.at("/comment/body").asString(""));
      case "workflow_run" ->
          new Event.WorkflowRun(
              json.path("action").asString(""),
              json.at("/workflow_run/event").asString(""),
              commit(json, "/workflow_run/head_sha"),
              json.at("/workflow_run/head_repository/id").asLong(-1)
                  == json.at("/repository/id").asLong(-2));
      case "schedule" -> new Event.Schedule();
      case "workflow_dispatch" -> new Event.Dispatch();
      default -> new Event.Other(name);
    };
  }

  private static Event pullRequest(JsonNode json) {
    var head = json.at("/pull_request/head/repo/id").asLong(-1);
    return new Event.PullRequest(
        json.path("action").asString(""),
        number(json, "/pull_request/number"),
        commit(json, "/pull_request/base/sha"),
        commit(json, "/pull_request/head/sha"),
        json.at("/pull_request/head/ref").asString(""),
        // a repository that is gone has no id
        head != json.at("/pull_request/base/repo/id").asLong(-2),
        json.at("/pull_request/merged").asBoolean(false));
  }

  private static Event push(JsonNode json) {
    var ref = json.path("ref").asString("");
    return new Event.Push(
        ref.startsWith("refs/heads/")
            ? Optional.of(ref.substring("refs/heads/".length()))
            : Optional.empty(),
        json.at("/repository/default_branch").asString(""),
        id(json.path("before").asString("")),
        id(json.path("after").asString("")));
  }

  private static Optional<Integer> queued(String ref) {
    var matcher = QUEUE.matcher(ref);
    return matcher.matches() ? Optional.of(Integer.parseInt(matcher.group(1))) : Optional.empty();
  }

  private static int number(JsonNode json, String path) {
    var number = json.at(path).asInt(0);
    if (number < 1) {
      throw new Failure.Usage("the event's document has no " + path);
    }
    return number;
  }

  private static CommitId commit(JsonNode json, String path) {
    return id(json.at(path).asString(""))
        .orElseThrow(() -> new Failure.Usage("the event's document has no commit at " + path));
  }

  // A branch that is made or deleted has forty zeros on one side.
  private static Optional<CommitId> id(String hex) {
    return hex.matches("[0-9a-f]{40}") && !hex.matches("0+")
        ? Optional.of(new CommitId(hex))
        : Optional.empty();
  }
}
