package dev.backfill.local;

import dev.backfill.failure.Failure;
import dev.backfill.local.engine.Engine;
import dev.backfill.local.engine.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;

/// A copy that is decided: its rows lie in a scratch database and are being attached.
///
/// @param job id of the copy job, or of a step of another
/// @param rows that the target gets
record Journal(String job, String database, String scratch, long rows, List<Table> tables) {
  private static final String FOLDER = "copies";

  Journal {
    tables = List.copyOf(tables);
  }

  /// A table of it.
  ///
  /// @param from folder of the scratch table's parts, relative to the engine's data
  /// @param to folder of the real one's
  /// @param how what becomes of the rows that are there
  /// @param partitions ids of those that are replaced, when not all are
  record Table(String name, String from, String to, How how, List<String> partitions) {
    Table {
      partitions = List.copyOf(partitions);
    }
  }

  /// How staged rows and those that are there come together.
  enum How {
    /// Rows are added.
    ADD,
    /// The scratch table takes the real one's place.
    SWAP,
    /// Some partitions are replaced.
    PARTITIONS
  }

  static String scratch(Core core, String job) {
    return core.prefix + "_copy_" + job.replace("-", "");
  }

  void write(Store store) {
    store.write(this, FOLDER, job + ".json");
  }

  static boolean exists(Store store, String job) {
    return store.names(FOLDER).contains(job + ".json");
  }

  static void remove(Store store, String job) {
    store.delete(FOLDER, job + ".json");
  }

  static List<Journal> all(Store store) {
    return store.readAll(Journal.class, FOLDER);
  }

  /// Attaches whatever lies in the scratch database.
  ///
  /// @param attached is told how many tables are attached, 0 first
  void attach(Engine engine, IntConsumer attached) {
    try (var session = engine.session(database, Map.of())) {
      var done = 0;
      attached.accept(done);
      for (var table : tables) {
        var real = Sql.identifier(database) + "." + Sql.identifier(table.name());
        var staged = Sql.identifier(scratch) + "." + Sql.identifier(table.name());
        switch (table.how()) {
          case ADD -> session.aside("ALTER TABLE " + real + " ATTACH PARTITION ALL FROM " + staged);
          case SWAP -> {
            if (!swapped(engine, session, table)) {
              session.run("EXCHANGE TABLES " + real + " AND " + staged);
            }
          }
          case PARTITIONS -> {
            for (var id : table.partitions()) {
              var partition = " PARTITION ID " + Sql.literal(id);
              session.run("ALTER TABLE " + real + " REPLACE" + partition + " FROM " + staged);
            }
          }
        }
        done++;
        attached.accept(done);
      }
    }
  }

  /// Whether the real name already means the table that was staged.
  private boolean swapped(Engine engine, Session session, Table table) {
    var path =
        session
            .run(
                "SELECT data_paths[1] FROM system.tables WHERE database = "
                    + Sql.literal(database)
                    + " AND name = "
                    + Sql.literal(table.name()))
            .text()
            .strip();
    return engine.data().relativize(Path.of(path)).toString().equals(table.from());
  }

  /// Takes out of the scratch tables the parts that were attached before the process died, so that
  /// [#attach] does the rest exactly once. An attached part shares its files with the scratch part
  /// (hard links), which nothing else does. Only while the engine is down.
  void leaveOnlyMissing(Path data) {
    try {
      for (var table : tables.stream().filter(t -> t.how() == How.ADD).toList()) {
        var attached = files(data.resolve(table.to()));
        for (var part : parts(data.resolve(table.from()))) {
          if (!java.util.Collections.disjoint(attached, files(part))) {
            Store.deleteTree(part);
          }
        }
      }
    } catch (IOException e) {
      throw new Failure.Machine("can't finish the copy " + job + ": " + e.getMessage(), e);
    }
  }

  private static List<Path> parts(Path table) throws IOException {
    if (!Files.isDirectory(table)) {
      return List.of();
    }
    try (var folders = Files.list(table)) {
      return folders
          .filter(Files::isDirectory)
          .filter(f -> !f.getFileName().toString().startsWith("tmp"))
          .filter(f -> !f.getFileName().toString().equals("detached"))
          .toList();
    }
  }

  /// The identity of every file of the parts below a folder; unfinished parts left out.
  private static Set<Object> files(Path folder) throws IOException {
    var keys = new HashSet<>();
    var folders = new java.util.ArrayList<>(parts(folder));
    folders.add(folder);
    for (var one : folders) {
      try (var files = Files.list(one)) {
        for (var file : files.filter(Files::isRegularFile).toList()) {
          keys.add(Files.getAttribute(file, "unix:ino"));
        }
      }
    }
    return keys;
  }
}
