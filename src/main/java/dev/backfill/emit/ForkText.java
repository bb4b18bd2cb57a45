package dev.backfill.emit;

import dev.backfill.datafile.Datafile;
import dev.backfill.datafile.Datafile.PipeFile;
import dev.backfill.datafile.Directive;
import dev.backfill.datafile.Word;
import dev.backfill.emit.Texts.Patch;
import dev.backfill.sql.TablesRead;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// A Pipe's text with other tables: references in SQL and the Data Source it writes to; everything
/// else stays byte for byte. A Copy Pipe loads another table and reads the same ones: a new version
/// that it would read instead may not be filled yet. `TOKEN` lines become comments: nobody has to
/// read a fork, and the client pushes a Pipe with a token as late as an endpoint.
final class ForkText {
  private ForkText() {}

  /// @param names old to new name, of Data Sources and Pipes
  /// @throws IllegalArgumentException when a reference can't be renamed as text
  static String of(PipeFile file, Map<String, String> names) {
    return Texts.without(
        (PipeFile) Texts.parse(file.path(), renamed(file, names), Map.of()),
        d -> d.name().equals("TOKEN"));
  }

  /// The text with another Data Source to write to, and without its tokens; what it reads stays.
  static String retargeted(PipeFile file, Map<String, String> names) {
    return Texts.without(
        (PipeFile) Texts.parse(file.path(), directed(file, names), Map.of()),
        d -> d.name().equals("TOKEN"));
  }

  static String directed(PipeFile file, Map<String, String> names) {
    var patches = new ArrayList<Patch>();
    for (var directive : file.directives()) {
      if (directive.included()) {
        throw new IllegalArgumentException(file.path() + " gets its text from an INCLUDE");
      }
      if (directive.name().equals("DATASOURCE")) {
        target(directive, names, patches);
      }
    }
    return Texts.patch(file.print(), patches);
  }

  static String renamed(PipeFile file, Map<String, String> names) {
    var patches = new ArrayList<Patch>();
    var copy = file.all("TARGET_DATASOURCE").findAny().isPresent();
    for (var directive : file.directives()) {
      if (directive.included()) {
        throw new IllegalArgumentException(file.path() + " gets its text from an INCLUDE");
      }
      switch (directive.name()) {
        case "SQL" -> {
          if (!copy) {
            directive.block().ifPresent(__ -> sql(file, directive, names, patches));
          }
        }
        case "DATASOURCE", "TARGET_DATASOURCE" -> target(directive, names, patches);
        default -> {}
      }
    }
    return Texts.patch(file.print(), patches);
  }

  /// Comment and blank lines inside the block aren't part of the SQL, so each run of lines between
  /// them is cut out of the renamed whole by counting lines.
  private static void sql(
      Datafile file, Directive directive, Map<String, String> names, List<Patch> patches) {
    var lines = directive.block().orElseThrow().lines();
    var before = lines.stream().map(l -> l.text()).collect(Collectors.joining("\n"));
    var after = TablesRead.rename(before, names);
    var renamed = after.split("\n", -1);
    if (renamed.length != lines.size()) {
      throw new IllegalStateException("renaming changed the number of lines in " + file.path());
    }
    for (var i = 0; i < lines.size(); i++) {
      var line = lines.get(i);
      if (!line.text().equals(renamed[i])) {
        patches.add(new Patch(line.start(), line.start() + line.text().length(), renamed[i]));
      }
    }
  }

  private static void target(Directive directive, Map<String, String> names, List<Patch> patches) {
    var name = names.get(directive.value());
    if (name == null) {
      return;
    }
    if (directive.arguments().size() != 1) {
      throw new IllegalArgumentException(
          "DATASOURCE with " + directive.arguments().size() + " words");
    }
    Word word = directive.arguments().getFirst();
    var start = directive.start() + word.start();
    var quote = word.text().charAt(0);
    var written = quote == '"' || quote == '\'' ? quote + name + quote : name;
    patches.add(new Patch(start, start + word.text().length(), written));
  }

  /// Whether a directive's name says that rows come in from outside.
  static boolean connector(Directive directive) {
    var name = directive.name().toUpperCase(Locale.ROOT);
    return name.startsWith("KAFKA_") || name.startsWith("IMPORT_");
  }
}
