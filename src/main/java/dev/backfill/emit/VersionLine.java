package dev.backfill.emit;

import java.util.Optional;
import java.util.regex.Pattern;

/// The `VERSION` of `.tinyenv`, changed with every other line kept. It is written bare: in CD the
/// templates take quotes, blanks and a carriage return for parts of the folder's name, and with no
/// such folder they run a plain `tb deploy`. The file is text to us: nothing in it is ever run.
final class VersionLine {
  static final String FILE = ".tinyenv";
  private static final Pattern ANY = Pattern.compile("(?md)^VERSION=.*$");
  private static final Pattern PLAIN =
      Pattern.compile("(?md)^VERSION=([\"']?)([A-Za-z0-9._-]*)\\1[ \\t]*\\r?$");

  private VersionLine() {}

  /// @return empty when the file's VERSION isn't a plain value
  static Optional<String> set(String text, String version) {
    if (!ANY.matcher(text).find()) {
      var glue = text.isEmpty() || text.endsWith("\n") ? "" : "\n";
      return Optional.of(text + glue + "VERSION=" + version + "\n");
    }
    if (ANY.matcher(text).results().count() != PLAIN.matcher(text).results().count()) {
      return Optional.empty();
    }
    return Optional.of(PLAIN.matcher(text).replaceAll("VERSION=" + version));
  }

  /// The value of the last plain line, as CI reads it.
  static Optional<String> of(String text) {
    return PLAIN.matcher(text).results().map(m -> m.group(2)).reduce((a, b) -> b);
  }

  static String removed(String text) {
    return text.replaceFirst("(?m)^VERSION=.*\\R?", "");
  }
}
