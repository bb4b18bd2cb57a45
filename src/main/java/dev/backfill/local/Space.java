package dev.backfill.local;

import dev.backfill.sql.TablesRead;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/// A workspace or one of its branches: a token, a database and its resources.
///
/// Writers of rows hold the read side of [#lock]; whoever changes resources or attaches a copy
/// holds the write side, so nothing is ingested between the steps of a change.
final class Space {

  /// What is kept of it on disk.
  ///
  /// @param main id of the workspace it is a branch of, empty when it is one
  /// @param commit last deployed commit, empty when none was
  record Identity(
      String id,
      String name,
      String token,
      String database,
      String main,
      String createdAt,
      String commit,
      String semver) {

    /// Writes and reads one, as the first use of every class that takes part.
    static void tried() {
      var one = new Identity("", "", "", "", "", "", "", "");
      Json.MAPPER.readValue(Json.bytes(one), Identity.class);
    }

    Identity withRelease(String newCommit, String newSemver) {
      return new Identity(id, name, token, database, main, createdAt, newCommit, newSemver);
    }
  }

  private volatile Identity identity;
  final Map<String, Definition> dataSources = new ConcurrentSkipListMap<>();
  final Map<String, PipeDefinition> pipes = new ConcurrentSkipListMap<>();
  final Map<String, Tokens.Kept> tokens = new ConcurrentSkipListMap<>();
  final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

  Space(Identity identity) {
    this.identity = identity;
  }

  Identity identity() {
    return identity;
  }

  void identity(Identity changed) {
    identity = changed;
  }

  String id() {
    return identity.id();
  }

  String database() {
    return identity.database();
  }

  boolean branch() {
    return !identity.main().isEmpty();
  }

  Optional<Definition> dataSource(String nameOrId) {
    var byName = dataSources.get(nameOrId);
    return byName != null
        ? Optional.of(byName)
        : dataSources.values().stream().filter(d -> d.id().equals(nameOrId)).findFirst();
  }

  Optional<PipeDefinition> pipe(String nameOrId) {
    var byName = pipes.get(nameOrId);
    return byName != null
        ? Optional.of(byName)
        : pipes.values().stream().filter(p -> p.id().equals(nameOrId)).findFirst();
  }

  @Nullable String idOf(String dataSource) {
    return dataSource(dataSource).map(Definition::id).orElse(null);
  }

  List<String> dependencies(String sql) {
    return List.copyOf(TablesRead.of(sql).names());
  }

  Map<String, Object> json() {
    var seen = identity;
    var json = Json.map();
    json.put("id", seen.id());
    json.put("name", seen.name());
    json.put("token", seen.token());
    json.put("role", "admin");
    json.put("plan", "dev");
    json.put("owner", LocalWorkspace.USER_ID);
    json.put("created_at", seen.createdAt());
    json.put(
        "members",
        List.of(Map.of("id", LocalWorkspace.USER_ID, "email", LocalWorkspace.USER_EMAIL)));
    json.put("is_branch", branch());
    json.put("main", branch() ? seen.main() : null);
    json.put(
        "release",
        seen.commit().isEmpty() ? null : Map.of("commit", seen.commit(), "semver", seen.semver()));
    json.put("rate_limits", Map.of());
    return json;
  }
}
