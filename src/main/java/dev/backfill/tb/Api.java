package dev.backfill.tb;

import dev.backfill.failure.Failure.Kind;
import dev.backfill.failure.Failure.Remote;
import dev.backfill.http.Http;
import dev.backfill.http.Pause;
import dev.backfill.http.Request;
import dev.backfill.http.Request.Effect;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What the client asks the workspace: paths, forms and JSON as the real one sends them.
final class Api {
  static final JsonMapper JSON = JsonMapper.builder().build();

  /// As the real client polls; it has no time limit.
  private static final Duration POLL = Duration.ofSeconds(2);

  private final Http http;
  private final Pause pause;
  private final String host;
  private final String token;

  Api(Http http, Pause pause, String host, String token) {
    this.http = http;
    this.pause = pause;
    this.host = host;
    this.token = token;
  }

  String host() {
    return host;
  }

  String token() {
    return token;
  }

  Api with(String otherToken) {
    return new Api(http, pause, host, otherToken);
  }

  JsonNode get(String path) {
    return json(send("GET", path, Effect.REPEATABLE, Optional.empty()));
  }

  Optional<JsonNode> find(String path) {
    try {
      return Optional.of(get(path));
    } catch (Remote e) {
      if (e.kind() == Kind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  JsonNode post(String path) {
    return json(send("POST", path, Effect.ONCE, Optional.empty()));
  }

  JsonNode postText(String path, String body) {
    return json(send("POST", path, Effect.REPEATABLE, Optional.of(body("text/plain", body))));
  }

  JsonNode postJson(String path, JsonNode body) {
    return json(
        send("POST", path, Effect.ONCE, Optional.of(body("application/json", body.toString()))));
  }

  JsonNode form(String method, String path, Map<String, String> fields) {
    return json(
        send(
            method,
            path,
            Effect.ONCE,
            Optional.of(body("application/x-www-form-urlencoded", query(fields)))));
  }

  /// A file, as the real client sends one.
  ///
  /// @param field of the form that holds it
  JsonNode upload(String path, String field, Path file) {
    var boundary = "----tb-" + Long.toHexString(System.nanoTime());
    var head =
        "--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n\r\n"
            .formatted(boundary, field, file.getFileName());
    var bytes = new ByteArrayOutputStream();
    try {
      bytes.writeBytes(head.getBytes(StandardCharsets.UTF_8));
      bytes.writeBytes(Files.readAllBytes(file));
      bytes.writeBytes(("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new Stopped("The file " + file + " can't be read: " + e.getMessage());
    }
    var body = new Request.Body("multipart/form-data; boundary=" + boundary, bytes.toByteArray());
    return json(send("POST", path, Effect.ONCE, Optional.of(body)));
  }

  JsonNode postRaw(String path, String body) {
    return json(send("POST", path, Effect.ONCE, Optional.of(body("text/plain", body))));
  }

  String text(String path) {
    return send("GET", path, Effect.REPEATABLE, Optional.empty());
  }

  JsonNode putJson(String path, JsonNode body) {
    return json(
        send("PUT", path, Effect.ONCE, Optional.of(body("application/json", body.toString()))));
  }

  JsonNode put(String path) {
    return json(send("PUT", path, Effect.ONCE, Optional.empty()));
  }

  void delete(String path) {
    send("DELETE", path, Effect.ONCE, Optional.empty());
  }

  private String send(String method, String path, Effect effect, Optional<Request.Body> body) {
    return http.send(
            new Request(method, URI.create(host + path), effect, Optional.of(token), body),
            Api::errorText)
        .text();
  }

  private static Request.Body body(String type, String text) {
    return new Request.Body(type, text.getBytes(StandardCharsets.UTF_8));
  }

  private static String errorText(String body) {
    try {
      var error = JSON.readTree(body).path("error");
      return error.isString() ? error.asString() : body;
    } catch (JacksonException e) {
      return body;
    }
  }

  private static JsonNode json(String text) {
    if (text.isBlank()) {
      return JSON.createObjectNode();
    }
    JsonNode tree;
    try {
      tree = JSON.readTree(text);
    } catch (JacksonException e) {
      throw new Stopped("The answer is not JSON.");
    }
    var error = tree.path("error");
    if (error.isString() && !error.asString().isEmpty() && !tree.has("status")) {
      throw new Stopped(error.asString());
    }
    return tree;
  }

  /// Waits until the job is over.
  ///
  /// @throws Stopped unless it ended well
  JsonNode await(String job, PrintStream out) {
    while (true) {
      var state = get("/v0/jobs/" + segment(job));
      switch (text(state, "status")) {
        case "done" -> {
          return state;
        }
        case "error" -> {
          var error = state.path("error");
          throw new Stopped(
              (error.isString() ? error.asString() : "There has been an error")
                  + state
                      .path("errors")
                      .valueStream()
                      .map(e -> " " + (e.isString() ? e.asString() : e.toString()))
                      .collect(Collectors.joining()));
        }
        case "cancelled" -> throw new Stopped("Job " + job + " was cancelled.");
        default -> {
          out.println("** Job " + job + ": " + text(state, "status"));
          try {
            pause.sleep(POLL);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Stopped("Aborted! The job should still be running.");
          }
        }
      }
    }
  }

  static String jobId(JsonNode answer) {
    var job = answer.path("job").isObject() ? answer.path("job") : answer;
    var id = text(job, "job_id");
    return id.isEmpty() ? text(job, "id") : id;
  }

  static String text(JsonNode node, String name) {
    var value = node.path(name);
    return value.isString()
        ? value.asString()
        : value.isNull() || value.isMissingNode() ? "" : value.toString();
  }

  static String segment(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }

  static String query(Map<String, String> fields) {
    return fields.entrySet().stream()
        .map(e -> segment(e.getKey()) + "=" + segment(e.getValue()))
        .collect(Collectors.joining("&"));
  }

  static List<JsonNode> list(JsonNode tree, String name) {
    return tree.path(name).valueStream().toList();
  }
}
