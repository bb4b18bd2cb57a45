package dev.backfill.testing;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Comparator;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/// A file of an npm package, fetched once per user and checked against a pinned sum. npm brings it,
/// because npm is configured wherever packages may come from.
///
/// @param name like `@octokit/openapi`
/// @param version exact
/// @param sha512 of the archive, Base64, as npm's lock files have it
public record NpmPackage(String name, String version, String sha512) {
  private static final int TAR_BLOCK = 512;

  /// @param path inside the package, without the leading `package/`
  /// @return a file in the user's cache
  public Path file(String path) {
    var home =
        Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
            .filter(text -> !text.isBlank())
            .map(Path::of)
            .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache"))
            .resolve("tinybird-backfill")
            .resolve("npm")
            .resolve(name.replaceAll("[^a-z0-9-]", "_") + "-" + version);
    var file = home.resolve(path);
    if (Files.isRegularFile(file)) {
      return file;
    }
    try {
      Files.createDirectories(home);
      try (var channel =
              FileChannel.open(
                  home.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          var lock = channel.lock()) {
        if (lock.isValid() && !Files.isRegularFile(file)) {
          fetch(home, path, file);
        }
      }
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void fetch(Path home, String path, Path file) throws IOException {
    var scratch = Files.createTempDirectory(home, "fetch");
    try {
      var archive = pack(scratch);
      var sum = Base64.getEncoder().encodeToString(sha512(archive));
      if (!sum.equals(sha512)) {
        throw new IOException(
            "the archive npm brought for "
                + name
                + " has the SHA-512 "
                + sum
                + ", not the pinned one");
      }
      var unpacked = scratch.resolve("unpacked");
      unpack(archive, "package/" + path, unpacked);
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.move(unpacked, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      try (var left = Files.walk(scratch)) {
        for (var each : left.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(each);
        }
      }
    }
  }

  private Path pack(Path into) throws IOException {
    var npm =
        new ProcessBuilder(
                "npm",
                "pack",
                "--silent",
                "--ignore-scripts",
                "--pack-destination",
                into.toString(),
                name + "@" + version)
            .redirectErrorStream(true)
            .start();
    npm.getOutputStream().close();
    var said = new String(npm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (npm.waitFor() != 0) {
        throw new IOException(
            "npm pack "
                + name
                + "@"
                + version
                + ": "
                + said.strip()
                + ". Without a network: -DskipContract=true");
      }
    } catch (InterruptedException e) {
      npm.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    try (var files = Files.list(into)) {
      return files
          .filter(path -> path.toString().endsWith(".tgz"))
          .findFirst()
          .orElseThrow(() -> new IOException("npm pack left no archive"));
    }
  }

  private static byte[] sha512(Path archive) throws IOException {
    try (var in = new BufferedInputStream(Files.newInputStream(archive), 1 << 20)) {
      var digest = MessageDigest.getInstance("SHA-512");
      var buffer = new byte[1 << 16];
      for (var read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private void unpack(Path archive, String wanted, Path to) throws IOException {
    try (var tar =
        new GZIPInputStream(new BufferedInputStream(Files.newInputStream(archive)), 1 << 16)) {
      var header = new byte[TAR_BLOCK];
      while (tar.readNBytes(header, 0, TAR_BLOCK) == TAR_BLOCK && header[0] != 0) {
        var entry = text(header, 0, 100);
        var size = Long.parseLong(text(header, 124, 11).strip(), 8);
        if (entry.equals(wanted)) {
          try (var out = Files.newOutputStream(to)) {
            for (var left = size; left > 0; ) {
              var bytes = tar.readNBytes((int) Math.min(1 << 20, left));
              if (bytes.length == 0) {
                throw new IOException("the archive ends early");
              }
              out.write(bytes);
              left -= bytes.length;
            }
          }
          return;
        }
        tar.skipNBytes(size + (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
      }
    }
    throw new IOException("no " + wanted + " in " + name + "@" + version);
  }

  private static String text(byte[] header, int from, int length) {
    return new String(header, from, length, StandardCharsets.US_ASCII).replaceAll("\0.*", "");
  }
}
