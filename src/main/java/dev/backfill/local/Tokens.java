package dev.backfill.local;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Tokens beside the workspace's own, which may do everything.
final class Tokens {
  private final Core core;

  Tokens(Core core) {
    this.core = core;
  }

  /// A token as kept on disk.
  ///
  /// @param origin C when a person made it, P for a Pipe's, DS for a Data Source's
  record Kept(
      String id,
      String name,
      String token,
      String description,
      String origin,
      List<Access.Scope> scopes) {
    Kept {
      scopes = List.copyOf(scopes);
    }

    Map<String, Object> json() {
      var json = Json.map();
      json.put("id", id);
      json.put("name", name);
      json.put("token", token);
      json.put("description", description);
      json.put("origin", Map.of("type", origin));
      json.put("scopes", scopes.stream().map(Access.Scope::json).toList());
      return json;
    }
  }

  private static Kept own(Space space) {
    return new Kept(
        space.id(),
        "workspace admin token",
        space.identity().token(),
        "",
        "C",
        Access.ALL.scopes());
  }

  List<Kept> all(Space space) {
    var all = new java.util.ArrayList<>(List.of(own(space)));
    all.addAll(space.tokens.values());
    return all;
  }

  /// @throws Refusal 404
  Kept find(Space space, String nameOrId) {
    return all(space).stream()
        .filter(t -> t.id().equals(nameOrId) || t.name().equals(nameOrId))
        .findFirst()
        .orElseThrow(() -> new Refusal(404, "Token " + nameOrId + " not found"));
  }

  /// @throws Refusal 409 when the name is taken
  synchronized Kept create(
      Space space, String name, String description, String origin, List<String> scopes) {
    if (name.isBlank()) {
      throw new Refusal(400, "the parameter name is missing");
    }
    if (all(space).stream().anyMatch(t -> t.name().equals(name))) {
      throw new Refusal(409, "There is already a token with name \"" + name + "\"");
    }
    return save(
        space,
        new Kept(
            Clock.uuid(),
            name,
            LocalWorkspace.token(space.id()),
            description,
            origin.isEmpty() ? "C" : origin,
            Access.of(scopes).scopes()));
  }

  synchronized Kept change(Space space, String nameOrId, List<String> scopes) {
    var before = mutable(space, nameOrId);
    return save(
        space,
        new Kept(
            before.id(),
            before.name(),
            before.token(),
            before.description(),
            before.origin(),
            Access.of(scopes).scopes()));
  }

  synchronized Kept refresh(Space space, String nameOrId) {
    var before = mutable(space, nameOrId);
    return save(
        space,
        new Kept(
            before.id(),
            before.name(),
            LocalWorkspace.token(space.id()),
            before.description(),
            before.origin(),
            before.scopes()));
  }

  synchronized void delete(Space space, String nameOrId) {
    var token = mutable(space, nameOrId);
    core.store.delete("spaces", space.id(), "tokens", token.id() + ".json");
    space.tokens.remove(token.id());
  }

  private Kept mutable(Space space, String nameOrId) {
    var found = find(space, nameOrId);
    if (found.id().equals(space.id())) {
      throw new Refusal(501, "the local workspace's own token stays as it is");
    }
    return found;
  }

  private Kept save(Space space, Kept token) {
    core.store.write(token, "spaces", space.id(), "tokens", token.id() + ".json");
    space.tokens.put(token.id(), token);
    return token;
  }

  /// What a token stands for: a space and what may be done there.
  record Login(Space space, Access access) {}

  Optional<Login> login(String token) {
    return core.spaces().stream()
        .flatMap(space ->
            all(space).stream()
                .filter(kept ->
                    java.security.MessageDigest.isEqual(
                        kept.token().getBytes(java.nio.charset.StandardCharsets.UTF_8),
                        token.getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .map(kept -> new Login(space, new Access(kept.scopes()))))
        .findFirst();
  }
}
