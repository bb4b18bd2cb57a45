package dev.backfill.revision.jgit;

import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import dev.backfill.revision.Snapshot;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/// Gathers the files of one snapshot: bytes in, texts and problems out.
final class Texts {
  /// No datafile is this long; what is, was committed by mistake. The parser has the same limit.
  static final long LARGEST = 32L * 1024 * 1024;

  private static final byte[] LFS =
      "version https://git-lfs.github.com/spec/".getBytes(StandardCharsets.US_ASCII);

  private final TreeMap<String, String> files = new TreeMap<>();
  private final Set<String> executable = new HashSet<>();
  private final List<Problem> problems = new ArrayList<>();

  void add(String path, byte[] bytes, boolean runnable) {
    if (startsWith(bytes, LFS)) {
      problem(
          path,
          "lfs_pointer",
          "the file is a Git LFS pointer, its text is not in the repository.",
          "Commit datafiles as plain files (remove them from .gitattributes).");
      return;
    }
    try {
      files.put(
          path,
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(bytes))
              .toString());
    } catch (CharacterCodingException e) {
      problems.add(
          new Problem(
              "invalid_utf8",
              severity(path),
              new Place(path, lineOfFirstBadByte(bytes), 0),
              "the file is not UTF-8 text.",
              "Save it as UTF-8."));
      return;
    }
    if (runnable) {
      executable.add(path);
    }
  }

  void tooLarge(String path, long size) {
    problem(
        path,
        "file_too_large",
        "the file has " + size + " bytes, more than the " + LARGEST + " that are read.",
        "Keep data out of the project.");
  }

  void outside(String path) {
    problem(
        path,
        "symlink_outside",
        "the symbolic link does not lead to a file of the project, so it is not followed.",
        "Commit the file itself.");
  }

  /// A link that stands where a folder of datafiles is expected.
  void linkedFolder(String path) {
    problem(
        path,
        "symlinked_folder",
        "the folder is a symbolic link, which is not followed: what it holds isn't known here.",
        "Commit the folder itself.",
        ofFolder(path));
  }

  /// Another repository; it matters where datafiles are expected.
  void submodule(String path) {
    if (Layout.isFolder(path)) {
      problem(
          path,
          "submodule_not_read",
          "the folder is a submodule, its files are in another repository and aren't read.",
          "Commit the datafiles themselves, or run this in the other repository.",
          ofFolder(path));
    }
  }

  /// The client loads what lies in such a folder, but not what lies deeper.
  private static Severity ofFolder(String path) {
    return Layout.isPlace(path) ? Severity.ERROR : Severity.WARNING;
  }

  void notCheckedOut(String path) {
    problem(
        path,
        "not_checked_out",
        "the file is left out of the work tree by a sparse checkout.",
        "Name a revision with --head, or check the project out whole.");
  }

  void unreadable(String path, String why) {
    problem(path, "file_unreadable", "the file can't be read: " + why + ".", "Check permissions.");
  }

  Snapshot snapshot(String label, String projectDir) {
    return new Snapshot(label, projectDir, files, executable, problems);
  }

  private void problem(String path, String code, String message, String advice) {
    problem(path, code, message, advice, severity(path));
  }

  private void problem(String path, String code, String message, String advice, Severity severity) {
    problems.add(new Problem(code, severity, Place.of(path), message, advice));
  }

  /// A datafile we can't read could be the one that matters; anything below `deploy/` is read only
  /// to look at.
  private static Severity severity(String path) {
    return path.startsWith("deploy/") || path.startsWith("scripts/")
        ? Severity.WARNING
        : Severity.ERROR;
  }

  private static int lineOfFirstBadByte(byte[] bytes) {
    var decoder = StandardCharsets.UTF_8.newDecoder();
    var in = ByteBuffer.wrap(bytes);
    var out = java.nio.CharBuffer.allocate(bytes.length + 1);
    decoder.decode(in, out, true);
    var line = 1;
    for (var i = 0; i < in.position(); i++) {
      line += bytes[i] == '\n' ? 1 : 0;
    }
    return line;
  }

  private static boolean startsWith(byte[] bytes, byte[] start) {
    return bytes.length >= start.length
        && java.util.Arrays.equals(bytes, 0, start.length, start, 0, start.length);
  }
}
