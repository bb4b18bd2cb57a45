package dev.backfill.local;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What a token may do.
record Access(List<Scope> scopes) {
  static final Access ALL = new Access(List.of(new Scope("ADMIN", "")));
  private static final Set<String> PLAIN = Set.of("ADMIN", "ADMIN_USER", "TOKENS");
  private static final Set<String> OF_RESOURCES =
      Set.of(
          "DATASOURCES:READ",
          "DATASOURCES:CREATE",
          "DATASOURCES:APPEND",
          "DATASOURCES:DROP",
          "PIPES:READ",
          "PIPES:CREATE",
          "PIPES:DROP");

  Access {
    scopes = List.copyOf(scopes);
  }

  /// One scope of a token.
  ///
  /// @param type `ADMIN`, `DATASOURCES:READ`, ...
  /// @param resource name, empty for all
  record Scope(String type, String resource) {

    /// Reads `DATASOURCES:READ:name`.
    ///
    /// @throws Refusal 400 when it is none; 501 when it filters rows
    static Scope parse(String text) {
      if (PLAIN.contains(text)) {
        return new Scope(text, "");
      }
      var parts = text.split(":", -1);
      var type = parts.length < 2 ? "" : parts[0] + ":" + parts[1];
      if (!OF_RESOURCES.contains(type)) {
        throw new Refusal(400, "Invalid scope: " + text);
      }
      if (parts.length > 3) {
        throw new Refusal(
            501,
            "the local workspace has no scopes that filter rows, because it would have to guess what"
                + " they reach: "
                + text);
      }
      return new Scope(type, parts.length == 3 ? parts[2] : "");
    }

    Map<String, Object> json() {
      var json = Json.map();
      json.put("type", type);
      if (!resource.isEmpty()) {
        json.put("resource", resource);
      }
      return json;
    }
  }

  static Access of(List<String> texts) {
    var scopes = new ArrayList<Scope>();
    texts.forEach(text -> scopes.add(Scope.parse(text)));
    return new Access(scopes);
  }

  boolean admin() {
    return scopes.stream().anyMatch(scope -> scope.type().startsWith("ADMIN"));
  }

  boolean may(String type, String resource) {
    return admin()
        || scopes.stream()
            .filter(scope -> scope.type().equals(type))
            .anyMatch(scope -> scope.resource().isEmpty() || scope.resource().equals(resource));
  }

  /// @throws Refusal 403 when it may not
  void need(String type, String resource) {
    if (!may(type, resource)) {
      throw new Refusal(
          403,
          "Not enough permissions. Token needs the scope "
              + type
              + (resource.isEmpty() ? "" : ":" + resource));
    }
  }
}
