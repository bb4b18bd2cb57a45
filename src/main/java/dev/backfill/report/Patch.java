package dev.backfill.report;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/// Whole files as a patch that `git apply --index` takes.
public final class Patch {
  private Patch() {}

  /// One file.
  ///
  /// @param path from the root of the repository
  /// @param before empty for a new file
  /// @param after empty for a removed one
  public record File(
      String path,
      Optional<String> before,
      boolean executableBefore,
      Optional<String> after,
      boolean executableAfter) {}

  public static String write(List<File> files) {
    var out = new StringBuilder();
    for (var file : files) {
      out.append("diff --git ")
          .append(name("a/" + file.path()))
          .append(' ')
          .append(name("b/" + file.path()))
          .append('\n');
      modes(file, out);
      if (file.before().equals(file.after())) {
        continue;
      }
      if (file.before().orElse("").isEmpty() && file.after().orElse("").isEmpty()) {
        continue;
      }
      out.append("--- ")
          .append(file.before().isPresent() ? name("a/" + file.path()) : "/dev/null")
          .append("\n+++ ")
          .append(file.after().isPresent() ? name("b/" + file.path()) : "/dev/null")
          .append('\n');
      var old = lines(file.before().orElse(""));
      var fresh = lines(file.after().orElse(""));
      out.append("@@ -").append(range(old)).append(" +").append(range(fresh)).append(" @@\n");
      hunk('-', old, file.before().orElse(""), out);
      hunk('+', fresh, file.after().orElse(""), out);
    }
    return out.toString();
  }

  private static void modes(File file, StringBuilder out) {
    var before = file.executableBefore() ? "100755" : "100644";
    var after = file.executableAfter() ? "100755" : "100644";
    if (file.before().isEmpty()) {
      out.append("new file mode ").append(after).append('\n');
    } else if (file.after().isEmpty()) {
      out.append("deleted file mode ").append(before).append('\n');
    } else if (!before.equals(after)) {
      out.append("old mode ").append(before).append("\nnew mode ").append(after).append('\n');
    }
  }

  // Only a line feed ends a line: a lone \r stays inside.
  private static List<String> lines(String text) {
    if (text.isEmpty()) {
      return List.of();
    }
    var body = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    return List.of(body.split("\n", -1));
  }

  private static String range(List<String> lines) {
    return (lines.isEmpty() ? 0 : 1) + "," + lines.size();
  }

  private static void hunk(char sign, List<String> lines, String text, StringBuilder out) {
    lines.forEach(l -> out.append(sign).append(l).append('\n'));
    if (!lines.isEmpty() && !text.endsWith("\n")) {
      out.append("\\ No newline at end of file\n");
    }
  }

  // As git quotes it: anything unusual as octal bytes between quotes.
  private static String name(String path) {
    if (path.matches("[A-Za-z0-9_./+=,@-]+")) {
      return path;
    }
    var out = new StringBuilder("\"");
    for (var b : path.getBytes(StandardCharsets.UTF_8)) {
      var c = b & 0xff;
      if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') {
        out.append("\\%03o".formatted(c));
      } else {
        out.append((char) c);
      }
    }
    return out.append('"').toString();
  }
}
