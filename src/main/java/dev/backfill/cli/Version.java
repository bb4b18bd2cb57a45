package dev.backfill.cli;

import picocli.CommandLine;

/// Which build this is.
final class Version implements CommandLine.IVersionProvider {
  /// The jar's version; `development` when there is no jar.
  static String text() {
    var version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {"backfill " + text()};
  }
}
