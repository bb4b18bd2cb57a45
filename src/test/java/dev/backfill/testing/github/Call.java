package dev.backfill.testing.github;

import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// One request.
///
/// @param path below the repository, segments decoded
public record Call(
    String method,
    List<String> path,
    Map<String, String> query,
    String body,
    Map<String, String> headers) {

  /// Whether it is of this method and its path begins so.
  public boolean is(String wanted, String... segments) {
    return method.equals(wanted)
        && path.size() >= segments.length
        && path.subList(0, segments.length).equals(List.of(segments));
  }

  JsonNode json() {
    try {
      return Shapes.JSON.readTree(body);
    } catch (JacksonException e) {
      throw new World.Refused(400, Shapes.error(400, "Problems parsing JSON"));
    }
  }
}
