package dev.backfill.revision.jgit;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Which files are a data project's, and where projects lie.
final class Layout {
  /// Folders the platform's own tooling creates and looks into.
  private static final Set<String> PLACES = Set.of("datasources", "pipes", "endpoints");

  /// Copies of other workspaces' files, test material, other people's packages.
  private static final Set<String> NEVER =
      Set.of("vendor", "tests", "test", "node_modules", ".diff_tmp", ".git");

  /// Never part of a project's own text, wherever they lie.
  private static final Set<String> NEVER_READ = Set.of("node_modules", ".diff_tmp", ".git");

  private Layout() {}

  /// @param path relative to the project
  static boolean wanted(String path) {
    for (var part : path.split("/")) {
      if (NEVER_READ.contains(part)) {
        return false;
      }
    }
    return isDatafile(path)
        || path.equals(".tinyenv")
        || path.equals("backfill.yml")
        || path.startsWith("deploy/")
        || (path.startsWith("scripts/")
            && path.endsWith(".sh")
            && path.indexOf('/', "scripts/".length()) < 0);
  }

  /// Whether the platform's client looks for datafiles in what has this path, if it is a folder.
  static boolean isPlace(String path) {
    return PLACES.contains(path);
  }

  /// Whether what has this path would be, or lie in, such a folder and has no file's name.
  static boolean isFolder(String path) {
    var slash = path.indexOf('/');
    return PLACES.contains(slash < 0 ? path : path.substring(0, slash))
        && path.indexOf('.', path.lastIndexOf('/') + 1) < 0;
  }

  static boolean isDatafile(String path) {
    return path.endsWith(".datasource")
        || path.endsWith(".pipe")
        || path.endsWith(".incl")
        || path.endsWith(".token");
  }

  /// @param paths relative to the repository
  static List<String> projects(Collection<String> paths) {
    var found = new TreeSet<String>();
    var loose = new TreeSet<String>();
    for (var path : paths) {
      if (!path.endsWith(".datasource") && !path.endsWith(".pipe")) {
        continue;
      }
      var parts = List.of(path.split("/"));
      var folders = parts.subList(0, parts.size() - 1);
      if (folders.stream().anyMatch(NEVER::contains)) {
        continue;
      }
      var place = firstPlace(folders, path);
      if (place >= 0) {
        found.add(join(folders.subList(0, place)));
      } else {
        loose.add(join(folders));
      }
    }
    // files that lie about somewhere below a project are its own
    for (var folder : loose) {
      if (found.stream().noneMatch(project -> within(project, folder))) {
        found.add(folder);
      }
    }
    return List.copyOf(found);
  }

  private static int firstPlace(List<String> folders, String path) {
    for (var i = 0; i < folders.size(); i++) {
      var folder = folders.get(i);
      if (PLACES.contains(folder) && !(folder.equals("endpoints") && !path.endsWith(".pipe"))) {
        return i;
      }
    }
    return -1;
  }

  private static boolean within(String project, String folder) {
    return project.equals(".") || folder.equals(project) || folder.startsWith(project + "/");
  }

  private static String join(List<String> folders) {
    return folders.isEmpty() ? "." : String.join("/", folders);
  }

  /// A project folder as people write it, in one spelling: no `./`, no trailing `/`, `.` for the
  /// root.
  ///
  /// @throws IllegalArgumentException when it leaves the repository
  static String projectDir(String text) {
    var parts = new ArrayList<String>();
    for (var part : text.replace('\\', '/').split("/")) {
      if (part.equals("..")) {
        throw new IllegalArgumentException(text);
      }
      if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    if (text.startsWith("/")) {
      throw new IllegalArgumentException(text);
    }
    return join(parts);
  }

  /// The path relative to the project, or empty text when it lies outside.
  static String inside(String projectDir, String path) {
    if (projectDir.equals(".")) {
      return path;
    }
    return path.startsWith(projectDir + "/") ? path.substring(projectDir.length() + 1) : "";
  }
}
