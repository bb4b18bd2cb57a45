package dev.backfill.action;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// What the runner reads from our log: annotations, groups and masks. Any other line is made
/// harmless, so that no text from a pull request can be a command.
///
/// Syntax and escapes: "Workflow commands for GitHub Actions" of GitHub's documentation.
public final class WorkflowCommands {

  /// How loud an annotation is.
  public enum Level {
    NOTICE,
    WARNING,
    ERROR
  }

  private final PrintStream out;

  /// @param out the log as the runner reads it
  public WorkflowCommands(PrintStream out) {
    this.out = out;
  }

  /// Hides a value in every later line of the job. It has to be the first thing that is written.
  public void mask(String secret) {
    secret
        .lines()
        .map(String::strip)
        .filter(l -> l.length() >= 4)
        .forEach(l -> command("add-mask", l));
  }

  /// @param file path from the root of the repository; empty for none
  /// @param line from 1; 0 for none
  public void annotate(Level level, String file, int line, String title, String message) {
    var properties = new StringBuilder();
    property(properties, "file", file);
    property(properties, "line", line == 0 ? "" : String.valueOf(line));
    property(properties, "title", title);
    command(level.name().toLowerCase(Locale.ROOT) + properties, message);
  }

  public void group(String title) {
    command("group", title);
  }

  public void endGroup() {
    command("endgroup", "");
  }

  /// Any text, line by line.
  public void log(String text) {
    text.lines().forEach(l -> out.println(harmless(l)));
  }

  private void command(String head, String message) {
    out.println("::" + head + "::" + data(message));
  }

  private static void property(StringBuilder out, String name, String value) {
    if (!value.isEmpty()) {
      out.append(out.isEmpty() ? ' ' : ',')
          .append(name)
          .append('=')
          .append(data(value).replace(":", "%3A").replace(",", "%2C"));
    }
  }

  private static String data(String text) {
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A");
  }

  /// A line that the runner doesn't take for a command, in either of its two spellings.
  static String harmless(String line) {
    return line.replace("::", ":\u200b:").replace("##[", "#\u200b#[");
  }

  /// A stream whose lines are made harmless, for everybody who only knows streams.
  public static PrintStream guarded(PrintStream out) {
    return new PrintStream(
        new OutputStream() {
          private final ByteArrayOutputStream line = new ByteArrayOutputStream();

          @Override
          public synchronized void write(int b) {
            if (b == '\n' || b == '\r') {
              end();
            } else {
              line.write(b);
            }
          }

          @Override
          public synchronized void close() {
            end();
          }

          private void end() {
            if (line.size() > 0) {
              out.println(harmless(line.toString(StandardCharsets.UTF_8)));
              line.reset();
            }
          }
        },
        true,
        StandardCharsets.UTF_8);
  }
}
