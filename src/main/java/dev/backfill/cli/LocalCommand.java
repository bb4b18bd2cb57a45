package dev.backfill.cli;

import dev.backfill.failure.Failure;
import dev.backfill.local.LocalWorkspace;
import dev.backfill.report.RunJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `local`.
@Command(
    name = "local",
    mixinStandardHelpOptions = true,
    description = {
      "Starts a Tinybird-compatible workspace on loopback, with ClickHouse in this process.",
      "When it is ready it prints one line of JSON: url, token, workspace. Ctrl-C or SIGTERM ends"
          + " it."
    },
    footer = {
      "",
      "What it answers is listed in reference/local-api.md of the documents, what can be made to go",
      "wrong (POST /local/faults) in local.md.",
      "backfill tb stands in for Tinybird's client there; backfill tb --help lists what it has.",
      "",
      "Example:",
      "  backfill local --port 8001 --data ~/workspace",
      "  curl -H \"Authorization: Bearer $TOKEN\" http://localhost:8001/v0/datasources"
    })
final class LocalCommand implements Callable<Integer> {
  private final Console console;

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "Port on loopback; 0 is any free one (default: 0).")
  private int port;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where everything is kept (default: a temporary folder, removed at the end).")
  private Optional<String> data = Optional.empty();

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      description = "The workspace's token (default: kept from the last start, or made up).")
  private Optional<String> token = Optional.empty();

  LocalCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (port < 0 || port > 65_535) {
      throw new Failure.Usage("--port " + port + " is not between 0 and 65535.");
    }
    var folder = data.map(console.folder()::resolve).orElseGet(LocalCommand::temporary);
    try (var workspace = LocalWorkspace.start(port, folder, token)) {
      console.out().println(RunJson.local(workspace.url(), workspace.token(), workspace.name()));
      console.out().flush();
      console.awaitCancellation();
    } finally {
      if (data.isEmpty()) {
        remove(folder);
      }
    }
    return ExitStatus.DONE.code();
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory("backfill-local-");
    } catch (IOException e) {
      throw new Failure.Machine("can't make a temporary folder", e);
    }
  }

  private static void remove(Path folder) {
    try (var files = Files.walk(folder)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new Failure.Machine("can't remove the temporary folder " + folder, e);
    }
  }
}
