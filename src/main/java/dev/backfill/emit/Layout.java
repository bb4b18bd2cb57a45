package dev.backfill.emit;

import dev.backfill.plan.Migration;
import dev.backfill.project.Project;
import java.util.stream.Stream;

/// Where files go: beside their like, as the project is laid out.
final class Layout {
  private final Project base;
  private final Project head;

  Layout(Project base, Project head) {
    this.base = base;
    this.head = head;
  }

  /// The new version's file: in its predecessor's folder.
  String dataSource(Migration migration) {
    var like =
        head.dataSource(migration.source())
            .or(() -> base.dataSource(migration.source()))
            .map(d -> folder(d.path()))
            .orElse("datasources/");
    return like + migration.target() + ".datasource";
  }

  /// A copy of a Pipe: in the original's folder.
  static String forkOf(String originalPath, String fork) {
    return folder(originalPath) + fork + ".pipe";
  }

  /// A Pipe of ours: in `pipes/`, unless the project keeps everything in its root.
  String pipe(String name) {
    var folders =
        Stream.concat(
                Stream.concat(base.pipes().values().stream(), head.pipes().values().stream())
                    .map(p -> p.path()),
                Stream.concat(
                        base.dataSources().values().stream(), head.dataSources().values().stream())
                    .map(d -> d.path()))
            .map(Layout::folder)
            .distinct()
            .toList();
    return (folders.stream().allMatch(String::isEmpty) && !folders.isEmpty() ? "" : "pipes/")
        + name
        + ".pipe";
  }

  static String folder(String path) {
    return path.substring(0, path.lastIndexOf('/') + 1);
  }
}
