package dev.backfill.local;

import dev.backfill.testing.TestEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// A workspace on the shared engine, and a client that knows nothing but HTTP.
final class LocalApi implements AutoCloseable {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private final Optional<LocalWorkspace> workspace;
  private final String url;
  private final String token;

  /// An answer.
  record Answer(int status, String text, HttpResponse<byte[]> raw) {
    JsonNode json() {
      return Json.MAPPER.readTree(text);
    }

    String error() {
      return json().path("error").asString("");
    }
  }

  private LocalApi(Optional<LocalWorkspace> workspace, String url, String token) {
    this.workspace = workspace;
    this.url = url;
    this.token = token;
  }

  static LocalApi start(Path data) {
    var workspace = LocalWorkspace.start(TestEngine.shared(), 0, data, Optional.empty());
    return new LocalApi(Optional.of(workspace), workspace.url(), workspace.token());
  }

  static LocalApi at(String url, String token) {
    return new LocalApi(Optional.empty(), url, token);
  }

  LocalApi as(String otherToken) {
    return new LocalApi(Optional.empty(), url, otherToken);
  }

  String url() {
    return url;
  }

  LocalWorkspace workspace() {
    return workspace.orElseThrow();
  }

  Answer get(String path) {
    return send("GET", path, "", new byte[0]);
  }

  Answer delete(String path) {
    return send("DELETE", path, "", new byte[0]);
  }

  Answer post(String path) {
    return send("POST", path, "", new byte[0]);
  }

  Answer post(String path, String body) {
    return send("POST", path, "", body.getBytes(StandardCharsets.UTF_8));
  }

  Answer form(String method, String path, Map<String, String> form) {
    return send(
        method,
        path,
        "application/x-www-form-urlencoded",
        form.entrySet().stream()
            .map(e -> encode(e.getKey()) + "=" + encode(e.getValue()))
            .collect(Collectors.joining("&"))
            .getBytes(StandardCharsets.UTF_8));
  }

  Answer json(String path, String json) {
    return send("POST", path, "application/json", json.getBytes(StandardCharsets.UTF_8));
  }

  Answer send(String method, String path, String type, byte[] body) {
    try {
      var request =
          HttpRequest.newBuilder(URI.create(url + path))
              .header("Authorization", "Bearer " + token)
              .method(method, HttpRequest.BodyPublishers.ofByteArray(body));
      if (!type.isEmpty()) {
        request.header("Content-Type", type);
      }
      var answer = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
      return new Answer(
          answer.statusCode(), new String(answer.body(), StandardCharsets.UTF_8), answer);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  Answer dataSource(String name, String schema, String sortingKey) {
    return form(
        "POST",
        "/v0/datasources",
        Map.of(
            "name", name,
            "schema", schema,
            "format", "ndjson",
            "engine", "MergeTree",
            "engine_sorting_key", sortingKey));
  }

  Answer events(String name, String... lines) {
    return post("/v0/events?wait=true&name=" + name, String.join("\n", lines));
  }

  /// A Pipe of one node.
  Answer pipe(String name, String type, String target, String sql, boolean force) {
    var node = Json.MAPPER.createObjectNode();
    node.put("name", name + "_node").put("sql", sql).put("type", type);
    if (!target.isEmpty()) {
      node.put(type.equals("copy") ? "target_datasource" : "datasource", target);
    }
    var pipe = Json.MAPPER.createObjectNode().put("name", name).put("description", "");
    pipe.putArray("nodes").add(node);
    return json("/v0/pipes?force=" + force, pipe.toString());
  }

  /// The only value of a query, as text.
  String value(String select) {
    var answer = get("/v0/sql?q=" + encode(select + " FORMAT TSV"));
    if (answer.status() != 200) {
      throw new AssertionError(answer.text());
    }
    return answer.text().strip();
  }

  /// The job when it has ended.
  JsonNode ended(String job) {
    if (job.isEmpty()) {
      throw new AssertionError("no job was made");
    }
    while (true) {
      var answer = get("/v0/jobs/" + job);
      if (answer.status() != 200) {
        throw new AssertionError(answer.text());
      }
      var state = answer.json();
      if (java.util.Set.of("done", "error", "cancelled")
          .contains(state.path("status").asString(""))) {
        return state;
      }
      java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
    }
  }

  /// Runs a copy to its end.
  JsonNode copy(String pipe, String parameters) {
    var answer = post("/v0/pipes/" + pipe + "/copy?_mode=append" + parameters);
    if (answer.status() != 200) {
      throw new AssertionError(answer.text());
    }
    return ended(answer.json().path("job").path("job_id").asString(""));
  }

  @Override
  public void close() {
    workspace.ifPresent(LocalWorkspace::close);
  }
}
