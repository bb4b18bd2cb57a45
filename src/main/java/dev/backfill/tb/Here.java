package dev.backfill.tb;

import dev.backfill.http.Http;
import dev.backfill.http.Pause;
import dev.backfill.tinybird.http.Host;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Who runs a command and where, and what it prints to.
final class Here {
  private final Path folder;
  private final Map<String, String> environment;
  private final PrintStream out;
  private final Http http;
  private final Pause pause;
  private Optional<String> hostFlag = Optional.empty();
  private Optional<String> tokenFlag = Optional.empty();

  Here(Path folder, Map<String, String> environment, PrintStream out, Http http, Pause pause) {
    this.folder = folder;
    this.environment = environment;
    this.out = out;
    this.http = http;
    this.pause = pause;
  }

  Path folder() {
    return folder;
  }

  Map<String, String> environment() {
    return environment;
  }

  PrintStream out() {
    return out;
  }

  Optional<String> tokenFlag() {
    return tokenFlag;
  }

  /// What the command line says wins over what it said before.
  void given(Optional<String> host, Optional<String> token) {
    hostFlag = host.or(() -> hostFlag);
    tokenFlag = token.or(() -> tokenFlag);
  }

  Settings settings() {
    return Settings.in(folder);
  }

  /// Flag, then environment, then `.tinyb`: TB_TOKEN beats the branch one has switched to.
  Api api() {
    var settings = settings();
    var token =
        tokenFlag
            .or(() -> variable("TB_TOKEN"))
            .or(() -> settings.text("token"))
            .orElseThrow(() -> new Stopped("No token. Log in with: tb auth"));
    return new Api(http, pause, host(), token);
  }

  String host() {
    return Host.parse(
            hostFlag
                .or(() -> variable("TB_HOST"))
                .or(() -> settings().text("host"))
                .orElse("https://api.tinybird.co"))
        .toString();
  }

  /// For what needs no login.
  Api anybody() {
    return new Api(http, pause, host(), "");
  }

  Optional<String> variable(String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
  }

  static void requireYes(Arguments arguments) {
    if (!arguments.has("--yes")) {
      throw new Stopped("Aborted! This asks for confirmation; give --yes.");
    }
  }

  void table(List<String> columns, List<? extends List<String>> rows) {
    var widths = new int[columns.size()];
    for (var i = 0; i < widths.length; i++) {
      var column = i;
      widths[i] =
          Math.max(
              columns.get(i).length(),
              rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0));
    }
    line(columns, widths);
    rows.forEach(row -> line(row, widths));
  }

  private void line(List<String> cells, int[] widths) {
    var line = new StringBuilder("|");
    for (var i = 0; i < widths.length; i++) {
      line.append(' ').append(cells.get(i));
      line.append(" ".repeat(widths[i] - cells.get(i).length())).append(" |");
    }
    out.println(line);
  }
}
