package dev.backfill.local;

import dev.backfill.failure.Failure;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.core.JacksonException;

/// State on disk: one JSON file per object, replaced whole. What a method wrote survives the death
/// of the process (not that of the machine).
final class Store {
  private final Path root;
  private final AtomicLong serial = new AtomicLong();

  Store(Path root) {
    this.root = root;
  }

  void write(Object value, String... path) {
    var file = resolve(path);
    var scratch = file.resolveSibling("." + file.getFileName() + "." + serial.incrementAndGet());
    try {
      Files.createDirectories(file.getParent());
      Files.write(scratch, Json.bytes(value));
      Files.move(
          scratch, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new Failure.Machine("can't write " + file + ": " + e.getMessage(), e);
    }
  }

  <T> Optional<T> read(Class<T> type, String... path) {
    var file = resolve(path);
    return Files.exists(file) ? Optional.of(read(type, file)) : Optional.empty();
  }

  <T> List<T> readAll(Class<T> type, String... folder) {
    return names(folder).stream()
        .filter(name -> name.endsWith(".json"))
        .map(name -> read(type, resolve(folder).resolve(name)))
        .toList();
  }

  /// Names in a folder, without unfinished files.
  List<String> names(String... folder) {
    var path = resolve(folder);
    if (!Files.isDirectory(path)) {
      return List.of();
    }
    try (var files = Files.list(path)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.startsWith("."))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new Failure.Machine("can't list " + path + ": " + e.getMessage(), e);
    }
  }

  void delete(String... path) {
    var start = resolve(path);
    if (!Files.exists(start)) {
      return;
    }
    try {
      deleteTree(start);
    } catch (IOException e) {
      throw new Failure.Machine("can't delete " + start + ": " + e.getMessage(), e);
    }
  }

  static void deleteTree(Path start) throws IOException {
    Files.walkFileTree(
        start,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(
              Path folder, @org.jspecify.annotations.Nullable IOException failed)
              throws IOException {
            Files.delete(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static <T> T read(Class<T> type, Path file) {
    try {
      return Json.MAPPER.readValue(Files.readAllBytes(file), type);
    } catch (IOException e) {
      throw new Failure.Machine("can't read " + file + ": " + e.getMessage(), e);
    } catch (JacksonException e) {
      throw new Failure.Machine(
          file + " is not what this version writes: " + e.getOriginalMessage(), e);
    }
  }

  private Path resolve(String... path) {
    var file = root;
    for (var part : path) {
      file = file.resolve(part);
    }
    return file;
  }
}
