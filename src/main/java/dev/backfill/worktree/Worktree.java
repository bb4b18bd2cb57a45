package dev.backfill.worktree;

import dev.backfill.emit.FileChange;
import dev.backfill.failure.Failure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/// A directory that file changes are written into: all of them or none, and never outside it.
///
/// Every new text is written and synced beside its place before the first file is replaced, so a
/// full disk or a missing permission is met while nothing has changed yet; a failure after that is
/// rolled back. A kill between two replacements leaves whole old and whole new files side by side;
/// applying again finishes.
public final class Worktree {
  private static final String OURS = ".backfill-";
  private final Path root;
  private final Disk disk;

  /// @param root an existing directory; links in the path *to* it are followed
  /// @throws Failure.Machine when it can't be read
  public Worktree(Path root) {
    this(root, new Disk());
  }

  Worktree(Path root, Disk disk) {
    try {
      this.root = root.toRealPath();
    } catch (IOException e) {
      throw new Failure.Machine("can't read the directory " + root, e);
    }
    this.disk = disk;
  }

  /// What is at a file's place, measured against what should be there.
  public enum Status {
    MISSING,
    CURRENT,
    STALE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// A file of the work tree.
  ///
  /// @param path relative to the root
  /// @param status against the change
  /// @param edited a person has changed a generated file: it is neither what was generated before
  ///   nor what would be written now
  public record State(String path, Status status, boolean edited) {}

  /// What became of the changes.
  ///
  /// @param written paths that were created, replaced or removed, in order
  /// @param kept paths of generated files that a person has edited; nothing at all was written when
  ///   there are any
  public record Applied(List<String> written, List<String> kept) {
    public Applied {
      written = List.copyOf(written);
      kept = List.copyOf(kept);
    }
  }

  /// Compares without writing.
  ///
  /// @param generatedBefore lower-case hex sha256 by path of the files that were generated before
  ///   (`PlanCore.files`); a generated file that is missing there and exists with another text
  ///   counts as edited
  /// @throws Failure.Refused when a path leads outside or through a link
  public List<State> states(List<FileChange> changes, Map<String, String> generatedBefore) {
    var out = new ArrayList<State>();
    for (var change : changes) {
      out.add(state(change, generatedBefore));
    }
    return List.copyOf(out);
  }

  private State state(FileChange change, Map<String, String> generatedBefore) {
    var file = inside(change.path());
    try {
      if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        return new State(
            change.path(),
            change.text().isPresent() ? Status.MISSING : Status.CURRENT,
            /* edited= */ false);
      }
      var bytes = Files.readAllBytes(file);
      var sameText = change.text().filter(t -> Arrays.equals(bytes, utf8(t))).isPresent();
      if (sameText) {
        var mode = Files.isExecutable(file) == change.executable();
        return new State(change.path(), mode ? Status.CURRENT : Status.STALE, /* edited= */ false);
      }
      var edited = change.generated() && !sha256(bytes).equals(generatedBefore.get(change.path()));
      return new State(change.path(), Status.STALE, edited);
    } catch (IOException e) {
      throw new Failure.Machine("can't read " + change.path(), e);
    }
  }

  /// Makes the directory as the changes say. What is current isn't touched.
  ///
  /// @param force overwrite what a person has edited
  /// @return what was written, or what stood in the way: then nothing was written
  /// @throws Failure.Refused when a path leads outside or through a link, or two changes have one
  ///   path
  /// @throws Failure.Machine when the disk refuses; everything is as it was
  public Applied apply(
      List<FileChange> changes, Map<String, String> generatedBefore, boolean force) {
    var paths = new TreeSet<String>();
    for (var change : changes) {
      if (!paths.add(change.path())) {
        throw new Failure.Refused("two changes of one file: " + change.path());
      }
    }
    var states = states(changes, generatedBefore);
    var kept = states.stream().filter(State::edited).map(State::path).toList();
    if (!kept.isEmpty() && !force) {
      return new Applied(List.of(), kept);
    }
    var steps = new ArrayList<Step>();
    for (var i = 0; i < changes.size(); i++) {
      if (states.get(i).status() != Status.CURRENT) {
        steps.add(new Step(changes.get(i), inside(changes.get(i).path()), i));
      }
    }
    var newDirectories = new ArrayList<Path>();
    try {
      for (var step : steps) {
        step.prepare(newDirectories);
      }
      for (var step : steps) {
        step.perform();
      }
      for (var directory : new TreeSet<>(steps.stream().map(s -> parent(s.file)).toList())) {
        disk.syncDirectory(directory);
      }
    } catch (IOException e) {
      var failure = new Failure.Machine("can't write into " + root + "; nothing was changed", e);
      rollBack(steps, newDirectories, failure);
      throw failure;
    }
    for (var step : steps) {
      step.forget();
    }
    return new Applied(steps.stream().map(s -> s.change.path()).toList(), List.of());
  }

  private void rollBack(List<Step> steps, List<Path> newDirectories, Failure.Machine failure) {
    for (var step : steps.reversed()) {
      try {
        step.undo();
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }
    for (var directory : newDirectories.reversed()) {
      try {
        Files.deleteIfExists(directory);
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }
  }

  /// The file behind a path. No component of it may be a link: a link in a pull request could lead
  /// anywhere.
  private Path inside(String path) {
    var file = root;
    for (var part : path.split("/", -1)) {
      if (part.isEmpty() || part.equals(".") || part.equals("..") || part.equals(".git")) {
        throw new Failure.Refused("not a path to write to: " + path);
      }
      file = file.resolve(part);
      if (Files.isSymbolicLink(file)) {
        throw new Failure.Refused(
            "%s leads through the symbolic link %s; make it a plain file or directory"
                .formatted(path, root.relativize(file)));
      }
    }
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)
        && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new Failure.Refused("not a plain file: " + path);
    }
    return file;
  }

  /// One file on its way: prepared beside its place, moved, and movable back until it is forgotten.
  private final class Step {
    private final FileChange change;
    private final Path file;
    private final Path fresh;
    private final Path saved;
    private boolean hasSaved;
    private boolean done;

    Step(FileChange change, Path file, int number) {
      this.change = change;
      this.file = file;
      // A name of its own each time: a killed run's leftovers must not stop the next one.
      var name = OURS + Long.toHexString(System.nanoTime()) + "-" + number;
      this.fresh = file.resolveSibling(name + ".new");
      this.saved = file.resolveSibling(name + ".old");
    }

    void prepare(List<Path> newDirectories) throws IOException {
      if (change.text().isEmpty()) {
        return;
      }
      makeDirectories(parent(file), newDirectories);
      disk.write(fresh, utf8(change.text().orElseThrow()));
      setMode();
    }

    private void setMode() throws IOException {
      Set<PosixFilePermission> mode =
          Files.exists(file)
              ? Files.getPosixFilePermissions(file)
              : Files.getPosixFilePermissions(fresh);
      var wanted = EnumSet.copyOf(mode);
      executable(wanted, PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_EXECUTE);
      executable(wanted, PosixFilePermission.GROUP_READ, PosixFilePermission.GROUP_EXECUTE);
      executable(wanted, PosixFilePermission.OTHERS_READ, PosixFilePermission.OTHERS_EXECUTE);
      Files.setPosixFilePermissions(fresh, wanted);
    }

    private void executable(
        Set<PosixFilePermission> mode, PosixFilePermission read, PosixFilePermission execute) {
      if (change.executable() && mode.contains(read)) {
        mode.add(execute);
      } else {
        mode.remove(execute);
      }
    }

    void perform() throws IOException {
      if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        // A second name for the old file, so that its place is never empty.
        try {
          Files.createLink(saved, file);
        } catch (UnsupportedOperationException | FileSystemException _) {
          Files.copy(file, saved, StandardCopyOption.COPY_ATTRIBUTES);
        }
        hasSaved = true;
      }
      if (change.text().isPresent()) {
        disk.move(fresh, file);
      } else {
        disk.delete(file);
      }
      done = true;
    }

    void undo() throws IOException {
      Files.deleteIfExists(fresh);
      if (hasSaved) {
        disk.move(saved, file);
        // A rename between two names of one file does nothing and leaves both.
        Files.deleteIfExists(saved);
      } else if (done) {
        Files.deleteIfExists(file);
      }
    }

    void forget() {
      try {
        Files.deleteIfExists(saved);
      } catch (IOException e) {
        throw new Failure.Machine("everything is written, but " + saved + " can't be removed", e);
      }
    }
  }

  private static void makeDirectories(Path directory, List<Path> made) throws IOException {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      makeDirectories(parent(directory), made);
      Files.createDirectory(directory);
      made.add(directory);
    }
  }

  private static Path parent(Path file) {
    return Objects.requireNonNull(file.getParent(), "a file below the root has a parent");
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /// The few calls that change a disk, apart so that a test can let them fail.
  static class Disk {
    void write(Path file, byte[] bytes) throws IOException {
      try (var channel =
          FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        var buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
        channel.force(/* metaData= */ true);
      }
    }

    void move(Path from, Path to) throws IOException {
      try {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException e) {
        throw new IOException("can't replace " + to + " in one step", e);
      }
    }

    void delete(Path file) throws IOException {
      try {
        Files.delete(file);
      } catch (NoSuchFileException _) {
        // Somebody was faster; it should be gone and is.
      }
    }

    void syncDirectory(Path directory) throws IOException {
      if (Files.isDirectory(directory)) {
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
          channel.force(/* metaData= */ true);
        }
      }
    }
  }
}
