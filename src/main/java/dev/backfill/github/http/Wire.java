package dev.backfill.github.http;

import dev.backfill.github.Check;
import dev.backfill.github.CheckRun;
import dev.backfill.github.Comment;
import dev.backfill.github.Permission;
import dev.backfill.github.PullRequest;
import dev.backfill.github.RepositoryName;
import dev.backfill.github.WorkflowRun;
import dev.backfill.revision.CommitId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// GitHub's JSON, read and written.
final class Wire {
  static final JsonMapper JSON = JsonMapper.builder().build();

  private Wire() {}

  /// An answer that isn't what the API describes.
  static final class Odd extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Odd(String message) {
      super(message);
    }
  }

  static JsonNode tree(String text) {
    try {
      var tree = JSON.readTree(text);
      if (tree == null || tree.isMissingNode()) {
        throw new Odd("an empty answer");
      }
      return tree;
    } catch (JacksonException e) {
      throw new Odd("not JSON");
    }
  }

  /// The sentence for people in a refusal.
  static String errorText(String body) {
    JsonNode tree;
    try {
      tree = JSON.readTree(body);
    } catch (JacksonException e) {
      return body;
    }
    if (tree == null || !tree.isObject()) {
      return body;
    }
    var text = new StringBuilder(tree.path("message").asString(""));
    for (var error : tree.path("errors")) {
      var said =
          error.isString()
              ? error.asString()
              : error.path("message").asString("").isEmpty()
                  ? error.path("field").asString("") + " " + error.path("code").asString("")
                  : error.path("message").asString("");
      text.append(text.isEmpty() ? "" : "; ").append(said.strip());
    }
    return text.toString();
  }

  static String required(JsonNode node, String... path) {
    return optional(node, path)
        .orElseThrow(() -> new Odd("no `" + String.join(".", path) + "` in the answer"));
  }

  static Optional<String> optional(JsonNode node, String... path) {
    var found = find(node, path);
    return found.isValueNode() && !found.isNull()
        ? Optional.of(found.asString())
        : Optional.empty();
  }

  static long number(JsonNode node, String... path) {
    var found = find(node, path);
    if (!found.isIntegralNumber()) {
      throw new Odd("no number `" + String.join(".", path) + "` in the answer");
    }
    return found.asLong();
  }

  static List<JsonNode> list(JsonNode node) {
    if (!node.isArray()) {
      throw new Odd("no list where one was expected");
    }
    var list = new ArrayList<JsonNode>();
    node.forEach(list::add);
    return list;
  }

  private static JsonNode find(JsonNode node, String... path) {
    var found = node;
    for (var name : path) {
      found = found.path(name);
    }
    return found;
  }

  static CommitId commit(String text) {
    try {
      return new CommitId(text);
    } catch (IllegalArgumentException e) {
      throw new Odd("not a commit id: " + text);
    }
  }

  static Comment comment(JsonNode node) {
    return new Comment(
        number(node, "id"),
        login(node),
        optional(node, "body").orElse(""),
        required(node, "html_url"));
  }

  private static String login(JsonNode node) {
    return optional(node, "user", "login").orElse("ghost");
  }

  static PullRequest pullRequest(JsonNode node, RepositoryName here) {
    var headRepository = optional(node, "head", "repo", "full_name").map(Wire::repository);
    var merged = optional(node, "merged_at").isPresent();
    return new PullRequest(
        Math.toIntExact(number(node, "number")),
        merged
            ? PullRequest.State.MERGED
            : required(node, "state").equals("open")
                ? PullRequest.State.OPEN
                : PullRequest.State.CLOSED,
        node.path("draft").asBoolean(false),
        required(node, "title"),
        login(node),
        commit(required(node, "head", "sha")),
        required(node, "head", "ref"),
        headRepository,
        commit(required(node, "base", "sha")),
        required(node, "base", "ref"),
        headRepository.filter(name -> name.equalsIgnoreCase(here)).isEmpty(),
        optional(node, "merge_commit_sha").map(Wire::commit),
        required(node, "html_url"));
  }

  private static RepositoryName repository(String fullName) {
    var slash = fullName.indexOf('/');
    try {
      return new RepositoryName(
          fullName.substring(0, Math.max(0, slash)), fullName.substring(slash + 1));
    } catch (IllegalArgumentException e) {
      throw new Odd("not a repository: " + fullName);
    }
  }

  static CheckRun checkRun(JsonNode node) {
    return new CheckRun(
        number(node, "id"),
        required(node, "name"),
        commit(required(node, "head_sha")),
        optional(node, "app", "slug").orElse(""),
        // a run that isn't completed has no conclusion, whatever the field says
        optional(node, "conclusion")
            .filter(_ -> required(node, "status").equals("completed"))
            .map(Wire::conclusion),
        optional(node, "external_id").orElse(""),
        Math.toIntExact(number(node, "output", "annotations_count")),
        optional(node, "html_url").orElse(""));
  }

  /// One we don't know is none that lets anything pass.
  private static Check.Conclusion conclusion(String text) {
    try {
      return Check.Conclusion.valueOf(text.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      return Check.Conclusion.FAILURE;
    }
  }

  static WorkflowRun workflowRun(JsonNode node) {
    return new WorkflowRun(
        number(node, "id"),
        required(node, "event"),
        optional(node, "head_branch").orElse(""),
        commit(required(node, "head_sha")),
        required(node, "html_url"));
  }

  /// `permission` is what counts; `role_name` only refines it, since it may be a custom role's.
  static Permission permission(JsonNode node) {
    var role = optional(node, "role_name").orElse("");
    return switch (required(node, "permission")) {
      case "admin" -> Permission.ADMIN;
      case "maintain" -> Permission.MAINTAIN;
      case "write" -> role.equals("maintain") ? Permission.MAINTAIN : Permission.WRITE;
      case "triage" -> Permission.TRIAGE;
      case "read" -> role.equals("triage") ? Permission.TRIAGE : Permission.READ;
      default -> Permission.NONE;
    };
  }
}
