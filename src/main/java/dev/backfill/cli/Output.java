package dev.backfill.cli;

import picocli.CommandLine.Option;

/// Options of every command that prints a result.
final class Output {
  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "How the result is written: text, json or markdown (default: text).")
  private Format format = Format.TEXT;

  @Option(names = "--quiet", description = "No progress on stderr.")
  private boolean quiet;

  @Option(names = "--verbose", description = "Every event, and stack traces of failures.")
  private boolean verbose;

  @Option(
      names = "--no-color",
      description = "No colours; they are only used on a terminal and without NO_COLOR anyway.")
  private boolean noColor;

  Format format() {
    return format;
  }

  dev.backfill.report.Style style(Console console) {
    return Main.style(console, noColor);
  }

  Progress progress(Console console) {
    return new Progress(console, quiet, verbose);
  }
}
