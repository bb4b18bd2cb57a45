package dev.backfill.action;

import dev.backfill.cli.Console;
import dev.backfill.cli.Main;
import dev.backfill.http.Pause;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/// Starts the program as the runner starts the container: the `Dockerfile`'s entrypoint with
/// `action.yml`'s arguments, a process for each event, and nothing but its environment goes in. The
/// jar is the system property `jar`; without one (while writing a test) the same in this process.
final class Entrypoint implements ActionScene.Launch {
  private static final Pattern ENTRYPOINT = Pattern.compile("(?m)^ENTRYPOINT (\\[.*\\])$");

  private final Optional<String> jar = Optional.ofNullable(System.getProperty("jar"));
  private volatile String stopAt = "";

  /// The next runs are stopped, as by GitHub's button, when they write this; empty for not at all.
  void stopAt(String words) {
    stopAt = words;
  }

  @Override
  public int start(Map<String, String> environment, Path folder, ByteArrayOutputStream log) {
    try {
      return jar.isPresent()
          ? process(command(jar.get()), environment, folder, log)
          : here(environment, folder, log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static List<String> command(String jar) throws IOException {
    var entrypoint = ENTRYPOINT.matcher(Files.readString(Path.of("Dockerfile")));
    if (!entrypoint.find()) {
      throw new AssertionError("the Dockerfile has no ENTRYPOINT in brackets");
    }
    var command = new ArrayList<String>();
    for (var word : (List<?>) load(entrypoint.group(1))) {
      command.add(
          switch (String.valueOf(word)) {
            case "/opt/java/bin/java" ->
                Path.of(System.getProperty("java.home"), "bin", "java").toString();
            case "/opt/backfill/backfill.jar" -> jar;
            case String other -> other;
          });
    }
    var action = (Map<?, ?>) load(Files.readString(Path.of("action.yml")));
    var runs = (Map<?, ?>) Objects.requireNonNull(action.get("runs"));
    for (var word : (List<?>) Objects.requireNonNull(runs.get("args"))) {
      command.add(String.valueOf(word));
    }
    return command;
  }

  private static Object load(String yaml) {
    return new Load(LoadSettings.builder().build()).loadFromString(yaml);
  }

  private int process(
      List<String> command, Map<String, String> environment, Path folder, ByteArrayOutputStream log)
      throws IOException, InterruptedException {
    var builder = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().putAll(environment);
    var process = builder.start();
    try (var lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        log.writeBytes((line + "\n").getBytes(StandardCharsets.UTF_8));
        if (!stopAt.isEmpty() && line.contains(stopAt)) {
          // Process.destroy would close the stream, too
          process.toHandle().destroy();
        }
      }
    }
    return process.waitFor();
  }

  private int here(Map<String, String> environment, Path folder, ByteArrayOutputStream log) {
    var console = new Console[1];
    var watched =
        new PrintStream(
            new OutputStream() {
              @Override
              public void write(int b) {
                log.write(b);
                if (b == '\n'
                    && !stopAt.isEmpty()
                    && log.toString(StandardCharsets.UTF_8).contains(stopAt)) {
                  console[0].cancel();
                }
              }
            },
            true,
            StandardCharsets.UTF_8);
    console[0] = new Console(watched, watched, environment, folder, false, Pause.SYSTEM);
    return Main.run(console[0], "action");
  }
}
