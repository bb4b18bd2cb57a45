package dev.backfill.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;

/// Who holds a lease, for the people who meet it.
final class Holder {
  private Holder() {}

  static String name(Console console) {
    var run = console.variable("GITHUB_RUN_ID");
    if (run.isPresent()) {
      var repository = console.variable("GITHUB_REPOSITORY");
      return console
          .variable("GITHUB_SERVER_URL")
          .filter(url -> repository.isPresent())
          .map(url -> "%s/%s/actions/runs/%s".formatted(url, repository.orElseThrow(), run.get()))
          .orElseGet(() -> repository.orElse("GitHub") + " run " + run.get());
    }
    var process = " process " + ProcessHandle.current().pid();
    var user = System.getProperty("user.name", "somebody");
    try {
      return user + "@" + InetAddress.getLocalHost().getHostName() + process;
    } catch (UnknownHostException e) {
      return user + process;
    }
  }
}
