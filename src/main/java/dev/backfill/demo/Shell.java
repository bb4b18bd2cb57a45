package dev.backfill.demo;

import dev.backfill.failure.Failure;
import dev.backfill.tb.Tb;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Real git and real bash, cut off from the settings of whoever runs the demo.
final class Shell {
  private final Path home;
  private final PrintStream out;

  /// @param home holds `bin/tb`, which is this program's own stand-in for Tinybird's CLI
  Shell(Path home, PrintStream out) throws IOException {
    this.home = home;
    this.out = out;
    var tb = Files.createDirectories(home.resolve("bin")).resolve("tb");
    var classPath =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(p -> Path.of(p).toAbsolutePath().toString())
            .collect(Collectors.joining(File.pathSeparator));
    Files.writeString(
        tb,
        """
        #!/usr/bin/env bash
        exec %s -Xlog:disable -Xlog:all=warning:stderr -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx128m \\
          -cp %s dev.backfill.cli.Main tb "$@"
        """
            .formatted(
                quoted(Path.of(System.getProperty("java.home"), "bin", "java").toString()),
                quoted(classPath)));
    Files.setPosixFilePermissions(tb, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  /// Runs a command whose output nobody needs to see.
  ///
  /// @throws Failure.Refused with that output when it doesn't exit with 0
  void quietly(Path folder, String... command) {
    var said = new StringBuilder();
    var status = run(folder, Map.of(), said::append, command);
    if (status != 0) {
      throw new Failure.Refused(
          "`" + String.join(" ", command) + "` ended with " + status + ":\n" + said);
    }
  }

  /// Runs a command and shows it with its output, indented.
  int shown(Path folder, Map<String, String> environment, String... command) {
    out.println("$ " + String.join(" ", command));
    return run(folder, environment, line -> out.print("    " + line), command);
  }

  private int run(
      Path folder,
      Map<String, String> environment,
      java.util.function.Consumer<String> lines,
      String... command) {
    var words = List.of(command);
    if (words.getFirst().equals("tb")) {
      // The same program; a process of its own is only needed where bash starts it.
      var said = new ByteArrayOutputStream();
      var stream = new PrintStream(said, true, StandardCharsets.UTF_8);
      var status = Tb.run(words.subList(1, words.size()), folder, environment, stream, stream);
      said.toString(StandardCharsets.UTF_8).lines().forEach(line -> lines.accept(line + "\n"));
      return status;
    }
    var builder = new ProcessBuilder(words).directory(folder.toFile());
    var variables = builder.environment();
    var path = variables.getOrDefault("PATH", "/usr/bin:/bin");
    variables
        .keySet()
        .removeIf(k -> k.startsWith("TB_") || k.startsWith("GIT_") || k.startsWith("BACKFILL_"));
    variables.remove("CI_FLAGS");
    variables.remove("CD_FLAGS");
    variables.put("PATH", home.resolve("bin") + File.pathSeparator + path);
    variables.put("HOME", home.toString());
    variables.put("GIT_CONFIG_GLOBAL", "/dev/null");
    variables.put("GIT_CONFIG_SYSTEM", "/dev/null");
    for (var who : List.of("AUTHOR", "COMMITTER")) {
      variables.put("GIT_" + who + "_NAME", "demo");
      variables.put("GIT_" + who + "_EMAIL", "demo@localhost");
    }
    variables.putAll(environment);
    try {
      var process = builder.redirectErrorStream(true).start();
      process.getOutputStream().close();
      try (var reader =
          new java.io.BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        for (var line = reader.readLine(); line != null; line = reader.readLine()) {
          lines.accept(line + "\n");
        }
      }
      return process.waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure.Interrupted("the demo was interrupted; its folder can be removed");
    }
  }
}
