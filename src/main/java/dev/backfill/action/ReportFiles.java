package dev.backfill.action;

import dev.backfill.failure.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// The folder for what doesn't fit into a comment. The checkout around it comes from a pull
/// request: a link there is replaced, never followed.
final class ReportFiles {
  static final String FOLDER = "backfill-report";

  private final Path workspace;

  ReportFiles(Path workspace) {
    this.workspace = workspace;
  }

  /// @return its path relative to the workspace, as steps on the host need it
  String write(String name, String text) {
    var folder = workspace.resolve(FOLDER);
    var file = folder.resolve(name);
    try {
      if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)
          && !Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
        Files.delete(folder);
      }
      Files.createDirectories(folder);
      Files.deleteIfExists(file);
      Files.write(
          file,
          text.getBytes(StandardCharsets.UTF_8),
          StandardOpenOption.CREATE_NEW,
          StandardOpenOption.WRITE,
          LinkOption.NOFOLLOW_LINKS);
    } catch (IOException e) {
      throw new Failure.Machine("can't write " + file, e);
    }
    return FOLDER + "/" + name;
  }
}
