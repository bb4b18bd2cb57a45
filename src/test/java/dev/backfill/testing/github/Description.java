package dev.backfill.testing.github;

import com.atlassian.oai.validator.OpenApiInteractionValidator;
import com.atlassian.oai.validator.model.Request.Method;
import com.atlassian.oai.validator.model.SimpleRequest;
import com.atlassian.oai.validator.model.SimpleResponse;
import com.atlassian.oai.validator.report.ValidationReport;
import dev.backfill.testing.NpmPackage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// GitHub's published description of its REST API, cut down to what we use, and the judge of an
/// exchange.
public final class Description {
  private static final NpmPackage PACKAGE =
      new NpmPackage(
          "@octokit/openapi",
          "23.0.2",
          "pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==");
  private static final String HERE = "/repos/{owner}/{repo}";

  /// Below [#HERE], with the methods we use.
  private static final Map<String, List<String>> OPERATIONS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("", List.of("get")),
              Map.entry("/pulls", List.of("get", "post")),
              Map.entry("/pulls/{pull_number}", List.of("get")),
              Map.entry("/commits/{commit_sha}/pulls", List.of("get")),
              Map.entry("/issues/{issue_number}/comments", List.of("get", "post")),
              Map.entry("/issues/comments/{comment_id}", List.of("get", "patch", "delete")),
              Map.entry("/issues/comments/{comment_id}/reactions", List.of("post")),
              Map.entry("/collaborators/{username}/permission", List.of("get")),
              Map.entry("/commits/{ref}/check-runs", List.of("get")),
              Map.entry("/check-runs", List.of("post")),
              Map.entry("/check-runs/{check_run_id}", List.of("get", "patch")),
              Map.entry("/git/ref/{ref}", List.of("get")),
              Map.entry("/git/refs", List.of("post")),
              Map.entry("/git/refs/{ref}", List.of("patch")),
              Map.entry("/git/commits", List.of("post")),
              Map.entry("/git/commits/{commit_sha}", List.of("get")),
              Map.entry("/git/trees", List.of("post")),
              Map.entry("/git/blobs/{file_sha}", List.of("get")),
              Map.entry("/contents/{path}", List.of("get")),
              Map.entry("/compare/{basehead}", List.of("get")),
              Map.entry("/actions/workflows/{workflow_id}/dispatches", List.of("post")),
              Map.entry("/actions/workflows/{workflow_id}/runs", List.of("get")),
              Map.entry("/actions/runs/{run_id}/cancel", List.of("post"))));

  private static @Nullable Description shared;

  private final OpenApiInteractionValidator validator;

  private Description(String text) {
    validator = OpenApiInteractionValidator.createForInlineApiSpecification(text).build();
  }

  /// An answer of the fake.
  public record Response(int status, Optional<String> body, Map<String, String> headers) {}

  /// Loaded once; empty with `-DskipContract=true`.
  public static synchronized Optional<Description> shared() {
    if (Boolean.getBoolean("skipContract")) {
      return Optional.empty();
    }
    var loaded = shared;
    if (loaded == null) {
      loaded = new Description(trimmed());
      shared = loaded;
    }
    return Optional.of(loaded);
  }

  /// What is wrong with an exchange; nothing when it fits.
  ///
  /// @param path as it was asked for, still encoded
  /// @param response empty to look at the request alone
  public List<String> problems(
      String method,
      String path,
      Map<String, String> query,
      Map<String, String> headers,
      String body,
      Optional<Response> response) {
    var request = new SimpleRequest.Builder(method, path);
    query.forEach(request::withQueryParam);
    headers.forEach((header, value) ->
        request.withHeader(
            header,
            // the type GitHub's documents recommend is described as plain JSON
            header.equals("accept") && value.equals("application/vnd.github+json")
                ? "application/json"
                : value));
    if (!body.isEmpty()) {
      request.withBody(body);
    }
    var found = new ArrayList<String>();
    collect(validator.validateRequest(request.build()), method + " " + path, found);
    response.ifPresent(answer -> {
      var simple = SimpleResponse.Builder.status(answer.status());
      answer.headers().forEach(simple::withHeader);
      answer
          .body()
          .ifPresent(
              text -> simple.withContentType("application/json; charset=utf-8").withBody(text));
      var report = validator.validateResponse(path, Method.valueOf(method), simple.build());
      collect(report, method + " " + path + " -> " + answer.status(), found);
    });
    return found;
  }

  private static void collect(ValidationReport report, String what, List<String> into) {
    for (var message : report.getMessages()) {
      // GitHub describes few of its refusals; a success has to be described
      if (message.getLevel() == ValidationReport.Level.ERROR
          && !(message.getKey().equals("validation.response.status.unknown")
              && what.matches(".* -> [45][0-9]{2}"))) {
        into.add(what + ": " + message.getKey() + where(message) + ": " + message.getMessage());
      }
    }
  }

  private static String where(ValidationReport.Message message) {
    var context = message.getContext();
    var parameter = context.flatMap(it -> it.getParameter()).map(it -> " " + it.getName());
    var field = context.flatMap(it -> it.getPointers()).map(it -> " " + it.getInstance());
    return parameter.orElse("") + field.orElse("");
  }

  private static String trimmed() {
    try {
      var whole = PACKAGE.file("generated/api.github.com.json");
      var name = "trimmed-" + Integer.toHexString(OPERATIONS.toString().hashCode()) + "-2.json";
      var cut = whole.resolveSibling(name);
      if (!Files.isRegularFile(cut)) {
        var scratch = Files.createTempFile(whole.toAbsolutePath().getParent(), "trim", ".json");
        Files.writeString(scratch, trim(Shapes.JSON.readTree(Files.readString(whole))));
        Files.move(scratch, cut, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
      }
      return Files.readString(cut);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Our operations and what they refer to.
  private static String trim(JsonNode whole) {
    var result = Shapes.object();
    result.put("openapi", whole.path("openapi").asString());
    result.set("info", whole.get("info"));
    result.set("servers", whole.get("servers"));
    var paths = result.putObject("paths");
    OPERATIONS.forEach((below, methods) -> {
      var path = whole.path("paths").path(HERE + below);
      var kept = paths.putObject(HERE + below);
      for (var method : methods) {
        if (!path.has(method)) {
          throw new IllegalStateException("not described: " + method + " " + HERE + below);
        }
        kept.set(method, path.get(method));
      }
    });
    strip(paths);
    var components = result.putObject("components");
    var todo = new ArrayDeque<String>();
    var seen = new HashSet<String>();
    references(paths, todo);
    while (!todo.isEmpty()) {
      var reference = todo.remove();
      if (!seen.add(reference)) {
        continue;
      }
      var parts = reference.split("/");
      var found = whole.path("components").path(parts[2]).path(parts[3]).deepCopy();
      strip(found);
      components.withObjectProperty(parts[2]).set(parts[3], found);
      references(found, todo);
    }
    // "the ID or the file name", which the validator can't read from a path
    components
        .withObjectProperty("parameters")
        .withObjectProperty("workflow-id")
        .set("schema", Shapes.object().put("type", "string"));
    return result.toString();
  }

  private static void strip(JsonNode node) {
    if (node instanceof ObjectNode object) {
      object.remove(
          object.propertyNames().stream()
              .filter(name ->
                  name.startsWith("x-")
                      || (Set.of("examples", "example").contains(name)
                          && !object.path("properties").has(name)))
              .toList());
    }
    node.forEach(Description::strip);
  }

  private static void references(JsonNode node, ArrayDeque<String> into) {
    var reference = node.path("$ref");
    if (reference.isString()) {
      into.add(reference.asString());
    }
    node.forEach(child -> references(child, into));
  }
}
