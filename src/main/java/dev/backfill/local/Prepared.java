package dev.backfill.local;

import dev.backfill.local.Staging.Reached;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// Empty scratch databases for the next copy into a target that is copied into again and again,
/// made when the last one is over. Each is used once, and only when it still mirrors the tables.
/// The next start drops what a process left.
final class Prepared {
  private static final int MOST = 4;
  private final Core core;
  private final Map<Target, Mirror> ready = new LinkedHashMap<>();
  private final Set<Target> written = new HashSet<>();

  Prepared(Core core) {
    this.core = core;
  }

  private record Target(String space, String name) {}

  /// A scratch database.
  ///
  /// @param reached what it mirrors
  /// @param paths of its tables' parts, by name
  record Mirror(String database, List<Reached> reached, Map<String, String> paths) {}

  /// A scratch database that mirrors these tables, if there is one; it is the caller's from now on.
  Optional<Mirror> take(Space space, String target, List<Reached> reached) {
    Mirror mirror;
    synchronized (this) {
      mirror = ready.remove(new Target(space.id(), target));
    }
    if (mirror == null) {
      return Optional.empty();
    }
    if (!mirror.reached().equals(reached)) {
      drop(mirror);
      return Optional.empty();
    }
    return Optional.of(mirror);
  }

  /// Prepares the next one, unless this was the first copy into the target.
  ///
  /// @param mirroring makes a database of that name
  void again(Space space, String target, Function<String, Mirror> mirroring) {
    var key = new Target(space.id(), target);
    synchronized (this) {
      if (written.add(key)) {
        return;
      }
    }
    var database = Journal.scratch(core, Clock.uuid());
    var dropped = new ArrayList<Mirror>();
    Mirror mirror;
    try {
      mirror = mirroring.apply(database);
    } catch (RuntimeException e) {
      // the target may be gone; the copy is done all the same
      drop(database);
      return;
    }
    synchronized (this) {
      var before = ready.put(key, mirror);
      if (before != null) {
        dropped.add(before);
      }
      while (ready.size() > MOST) {
        dropped.add(ready.remove(ready.keySet().iterator().next()));
      }
    }
    dropped.forEach(this::drop);
  }

  private void drop(Mirror mirror) {
    drop(mirror.database());
  }

  private void drop(String database) {
    core.aside(core.main, "DROP DATABASE IF EXISTS " + Sql.identifier(database) + " SYNC");
  }

  void close() {
    List<Mirror> left;
    synchronized (this) {
      left = List.copyOf(ready.values());
      ready.clear();
    }
    left.forEach(this::drop);
  }
}
