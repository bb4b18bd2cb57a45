package dev.backfill.github;

/// What a commit does to one file.
public sealed interface FileEdit {

  /// From the root of the repository, `/` between folders.
  String path();

  /// Writes a text file, whether it was there or not.
  ///
  /// @param executable mode 100755, else 100644
  record Write(String path, String text, boolean executable) implements FileEdit {
    public Write {
      check(path);
    }
  }

  /// Removes a file, if it is there.
  record Delete(String path) implements FileEdit {
    public Delete {
      check(path);
    }
  }

  private static void check(String path) {
    if (path.isEmpty()
        || path.startsWith("/")
        || path.endsWith("/")
        || path.contains("//")
        || java.util.List.of(path.split("/")).stream()
            .anyMatch(part -> part.equals(".") || part.equals("..") || part.equals(".git"))) {
      throw new IllegalArgumentException("not a path in a repository: " + path);
    }
  }
}
