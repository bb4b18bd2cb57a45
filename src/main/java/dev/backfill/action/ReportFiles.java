package dev.backfill.action;

import dev.backfill.failure.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

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
      var fresh = Files.createTempFile(folder, ".", ".new");
      Files.writeString(fresh, text);
      // Steps on the host may run as somebody else.
      Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-r--r--"));
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new Failure.Machine("can't write " + file, e);
    }
    return FOLDER + "/" + name;
  }
}
