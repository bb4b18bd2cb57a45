package dev.backfill.tb;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import tools.jackson.databind.json.JsonMapper;

/// The few answers a deployment needs, and a note of everything that was asked: `METHOD path?query`
/// with bodies of writes behind it.
final class RecordedWorkspace extends Dispatcher {
  static final JsonMapper JSON = JsonMapper.builder().build();

  final List<String> asked = new ArrayList<>();
  final List<String> tokens = new ArrayList<>();
  final Map<String, String> dataSources = new LinkedHashMap<>();
  final Map<String, Function<String, MockResponse>> answers = new LinkedHashMap<>();
  String commit = "";
  String semver = "0.0.0";

  @Override
  public synchronized MockResponse dispatch(RecordedRequest request) {
    var path = request.getUrl().encodedPath();
    var query = request.getUrl().encodedQuery();
    var body = request.getBody() == null ? "" : request.getBody().utf8();
    var token = String.valueOf(request.getHeaders().get("Authorization")).replace("Bearer ", "");
    var line = request.getMethod() + " " + path + (query == null ? "" : "?" + query);
    asked.add(body.isEmpty() ? line : line + " " + body);
    tokens.add(token);
    for (var answer : answers.entrySet()) {
      if (line.startsWith(answer.getKey())) {
        return answer.getValue().apply(body);
      }
    }
    var branch = token.equals("branch-token");
    return switch (request.getMethod() + " " + path) {
      case "GET /v0/workspace" ->
          ok(
              branch
                  ? "{'id':'b1','name':'tmp_ci__7','main':'w1'}"
                  : "{'id':'w1','name':'shop','user_email':'a@b','main':null}");
      case "GET /v0/user/workspaces/" ->
          ok(
              "{'workspaces':[{'id':'w1','release':%s},{'id':'b1','main':'w1','release':%s}]}"
                  .formatted(release(), release()));
      case "GET /v0/environments" ->
          ok("{'environments':[{'id':'b1','name':'tmp_ci__7','created_at':'x','owner':'o'}]}");
      case "GET /v0/environments/tmp_ci__7" ->
          ok("{'id':'b1','name':'tmp_ci__7','token':'branch-token','created_at':'x'}");
      case "POST /v0/environments" ->
          ok("{'job':{'id':'j1','job_id':'j1'},'workspace':{'id':'b1'}}");
      case "GET /v0/jobs/j1" -> ok("{'id':'j1','status':'done'}");
      case "POST /v0/datasources" -> ok("{'datasource':{'name':'x'}}");
      case "POST /v0/pipes" -> pushed(body);
      case "POST /v0/workspaces/w1/releases/", "POST /v0/workspaces/b1/releases/" ->
          ok("{'commit':'%s'}".formatted(request.getUrl().queryParameter("commit")));
      default -> {
        if (request.getMethod().equals("GET") && path.startsWith("/v0/datasources/")) {
          var live = dataSources.get(path.substring("/v0/datasources/".length()));
          yield live == null ? error(404, "not found") : ok(live);
        }
        if (request.getMethod().equals("DELETE")) {
          yield new MockResponse.Builder().code(204).build();
        }
        yield request.getMethod().equals("GET") ? error(404, "not found") : ok("{}");
      }
    };
  }

  private String release() {
    return commit.isEmpty() ? "null" : "{'commit':'%s','semver':'%s'}".formatted(commit, semver);
  }

  private static MockResponse pushed(String body) {
    var pipe = JSON.readTree(body);
    var answer = JSON.createObjectNode();
    answer.put("id", "t_" + pipe.path("name").asString());
    answer.put("name", pipe.path("name").asString());
    var type = "default";
    var nodes = answer.putArray("nodes");
    for (var node : pipe.path("nodes")) {
      var name = node.path("name").asString();
      nodes.addObject().put("id", "n_" + name).put("name", name);
      if (!node.path("type").asString().equals("standard")) {
        type = node.path("type").asString();
      }
    }
    answer.put("type", type);
    return ok(answer.toString());
  }

  static MockResponse ok(String json) {
    return new MockResponse.Builder().code(200).body(json.replace('\'', '"')).build();
  }

  static MockResponse error(int status, String text) {
    return new MockResponse.Builder().code(status).body("{\"error\":\"" + text + "\"}").build();
  }

  /// What was changed, in order: requests without their queries and bodies.
  synchronized List<String> writes() {
    return asked.stream()
        .filter(line -> !line.startsWith("GET ") && !line.startsWith("POST /v0/sql"))
        .map(line -> line.replaceAll("[? ]*$", ""))
        .map(line -> line.split(" ", 3))
        .map(parts -> parts[0] + " " + parts[1].replaceAll("\\?.*", ""))
        .toList();
  }

  /// The whole line of the only request that starts so.
  synchronized String request(String start) {
    var found = asked.stream().filter(line -> line.startsWith(start)).toList();
    if (found.size() != 1) {
      throw new AssertionError(start + " was asked " + found.size() + " times: " + asked);
    }
    return found.getFirst();
  }

  static Map<String, String> form(String line) {
    var fields = new LinkedHashMap<String, String>();
    Stream.of(line.split(" ", 3)[2].split("&"))
        .forEach(pair -> {
          var equals = pair.indexOf('=');
          fields.put(decode(pair.substring(0, equals)), decode(pair.substring(equals + 1)));
        });
    return fields;
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }
}
