package dev.backfill.local.engine;

import dev.backfill.failure.Failure;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPInputStream;

/// Where the engine's native library lies; fetched once per user and checked against a pinned sum.
///
/// npm brings it, because npm is configured wherever packages may come from; no host is named here.
final class EngineLibrary {
  static final String VERSION = "26.7.3-stable.1";
  private static final String PACKAGE = "@chdb/lib-linux-x64-gnu@" + VERSION;
  private static final String SHA512 =
      "XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==";
  private static final int TAR_BLOCK = 512;

  private EngineLibrary() {}

  /// The library of this machine, fetched when it isn't there yet.
  ///
  /// @throws Failure.Usage when this platform isn't served or npm is missing
  /// @throws Failure.Machine when it can't be written
  static Path find() {
    return find(System::getenv, System.getProperty("os.name"), System.getProperty("os.arch"));
  }

  static Path find(UnaryOperator<String> environment, String system, String processor) {
    var named = Optional.ofNullable(environment.apply("CHDB_LIBRARY")).filter(s -> !s.isBlank());
    if (named.isPresent()) {
      var library = Path.of(named.get());
      if (!Files.isRegularFile(library)) {
        throw new Failure.Usage(
            "CHDB_LIBRARY names "
                + library
                + ", which is not a file. Unset it, or point it at a libchdb.so of chdb "
                + VERSION
                + ".");
      }
      return library;
    }
    if (!system.toLowerCase(Locale.ROOT).startsWith("linux")
        || !Set.of("amd64", "x86_64").contains(processor)) {
      throw new Failure.Usage(
          "the local workspace runs on Linux x86-64 with glibc only, not on "
              + system
              + " "
              + processor
              + ". Use a container or CI runner of that kind, or set CHDB_LIBRARY to a libchdb of chdb "
              + VERSION
              + " for this machine.");
    }
    var cache =
        Optional.ofNullable(environment.apply("XDG_CACHE_HOME"))
            .filter(s -> !s.isBlank())
            .map(Path::of)
            .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache"));
    var home = cache.resolve("tinybird-backfill").resolve("chdb").resolve(VERSION);
    var library = home.resolve("libchdb.so");
    if (Files.isRegularFile(library)) {
      return library;
    }
    try {
      Files.createDirectories(home);
      try (var channel =
              FileChannel.open(
                  home.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          var lock = channel.lock()) {
        if (lock.isValid() && !Files.isRegularFile(library)) {
          fetch(home, library);
        }
      }
      return library;
    } catch (IOException e) {
      throw new Failure.Machine("the engine can't be put into " + home + ": " + e.getMessage(), e);
    }
  }

  private static void fetch(Path home, Path library) throws IOException {
    var scratch = Files.createTempDirectory(home, "fetch");
    try {
      var archive = pack(scratch);
      var unpacked = scratch.resolve("libchdb.so");
      unpack(archive, unpacked);
      Files.move(unpacked, library, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      try (var left = Files.walk(scratch)) {
        for (var path : left.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  private static Path pack(Path into) throws IOException {
    Process npm;
    try {
      npm =
          new ProcessBuilder(
                  "npm",
                  "pack",
                  "--silent",
                  "--ignore-scripts",
                  "--pack-destination",
                  into.toString(),
                  PACKAGE)
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      throw new Failure.Usage(
          "the local workspace needs its engine ("
              + PACKAGE
              + "), and npm, which would fetch it, can't be started: "
              + e.getMessage()
              + ". Install npm, or set CHDB_LIBRARY to the libchdb.so of that package.");
    }
    try (var output = npm.getInputStream()) {
      npm.getOutputStream().close();
      var said = new String(output.readAllBytes(), StandardCharsets.UTF_8).strip();
      var status = npm.waitFor();
      if (status != 0) {
        throw new Failure.Usage(
            "npm pack "
                + PACKAGE
                + " ended with status "
                + status
                + ": "
                + said
                + ". Try it by hand, or set CHDB_LIBRARY to the libchdb.so of that package.");
      }
    } catch (InterruptedException e) {
      npm.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new Failure.Interrupted(
          "interrupted while the engine was fetched; nothing is left behind, run it again");
    }
    try (var files = Files.list(into)) {
      return files
          .filter(path -> path.toString().endsWith(".tgz"))
          .findFirst()
          .orElseThrow(() -> new IOException("npm pack left no archive"));
    }
  }

  /// Takes the library out of the archive; the sum is of the archive's bytes, as npm's lock files
  /// hold it.
  private static void unpack(Path archive, Path library) throws IOException {
    var sum = sha512();
    var found = false;
    try (var raw =
            new DigestInputStream(new BufferedInputStream(Files.newInputStream(archive)), sum);
        var tar = new GZIPInputStream(raw, 1 << 16)) {
      var header = new byte[TAR_BLOCK];
      while (tar.readNBytes(header, 0, TAR_BLOCK) == TAR_BLOCK && header[0] != 0) {
        var name = new String(header, 0, 100, StandardCharsets.US_ASCII).replaceAll("\0.*", "");
        var size =
            Long.parseLong(new String(header, 124, 11, StandardCharsets.US_ASCII).strip(), 8);
        if (name.endsWith("/libchdb.so")) {
          found = true;
          copy(tar, library, size);
        } else {
          tar.skipNBytes(size);
        }
        tar.skipNBytes((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
      }
      tar.transferTo(OutputStream.nullOutputStream());
      raw.transferTo(OutputStream.nullOutputStream());
    }
    var got = Base64.getEncoder().encodeToString(sum.digest());
    if (!got.equals(SHA512)) {
      throw new IOException(
          "the archive npm brought has the SHA-512 " + got + ", which is not the pinned one");
    }
    if (!found) {
      throw new IOException("no libchdb.so in " + PACKAGE);
    }
  }

  private static void copy(InputStream from, Path to, long size) throws IOException {
    try (var out = Files.newOutputStream(to)) {
      var buffer = new byte[1 << 20];
      for (var left = size; left > 0; ) {
        var read = from.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (read < 0) {
          throw new EOFException("the archive ends early");
        }
        out.write(buffer, 0, read);
        left -= read;
      }
    }
  }

  private static MessageDigest sha512() {
    try {
      return MessageDigest.getInstance("SHA-512");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
