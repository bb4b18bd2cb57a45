package dev.backfill.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;

/// Who holds a lease, for the people who meet it.
final class Holder {
  private Holder() {}

  static String name(Console console) {
    var run = console.variable("GITHUB_RUN_ID");
    if (run.isPresent()) {
      return console.variable("GITHUB_REPOSITORY").orElse("GitHub") + " run " + run.get();
    }
    var user = System.getProperty("user.name", "somebody");
    try {
      return user + "@" + InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return user;
    }
  }
}
