package dev.backfill.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Expected texts in `src/test/resources/report`; `-Dgolden=write` rewrites them, and the diff is
/// reviewed.
final class Golden {
  private Golden() {}

  static String read(String name, String actual) {
    var file = Path.of("src/test/resources/report", name);
    try {
      if ("write".equals(System.getProperty("golden"))) {
        Files.createDirectories(file.getParent());
        Files.writeString(file, actual);
      }
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
