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

  private record Mirror(String database, List<Reached> reached) {}

  /// A scratch database that mirrors these tables, if there is one; it is the caller's from now on.
  Optional<String> take(Space space, String target, List<Reached> reached) {
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
    return Optional.of(mirror.database());
  }

  /// Prepares the next one, unless this was the first copy into the target.
  ///
  /// @param mirroring fills a database of that name and says what it mirrors
  void again(Space space, String target, Function<String, List<Reached>> mirroring) {
    var key = new Target(space.id(), target);
    synchronized (this) {
      if (written.add(key)) {
        return;
      }
    }
    var mirror = new Mirror(Journal.scratch(core, Clock.uuid()), List.of());
    var dropped = new ArrayList<Mirror>();
    try {
      mirror = new Mirror(mirror.database(), mirroring.apply(mirror.database()));
    } catch (RuntimeException e) {
      // the target may be gone; the copy is done all the same
      drop(mirror);
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
    core.run(core.main, "DROP DATABASE IF EXISTS " + Sql.identifier(mirror.database()) + " SYNC");
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
