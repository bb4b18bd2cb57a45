package dev.backfill.github;

/// A remark at lines of a file, shown in the diff.
///
/// @param path from the root of the repository
/// @param startLine first line, from 1
/// @param endLine last line, not before the first
/// @param level how bad
/// @param title plain text, at most 255 characters; may be empty
/// @param message plain text, at most 64 KB
public record Annotation(
    String path, int startLine, int endLine, Level level, String title, String message) {

  /// How bad it is.
  public enum Level {
    NOTICE,
    WARNING,
    FAILURE
  }

  public Annotation {
    if (startLine < 1 || endLine < startLine) {
      throw new IllegalArgumentException(path + ": lines " + startLine + " to " + endLine);
    }
    if (message.isEmpty()) {
      throw new IllegalArgumentException(path + ": an annotation needs a message");
    }
  }
}
