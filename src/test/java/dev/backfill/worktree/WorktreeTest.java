package dev.backfill.worktree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.emit.FileChange;
import dev.backfill.failure.Failure;
import dev.backfill.worktree.Worktree.State;
import dev.backfill.worktree.Worktree.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorktreeTest {
  @TempDir Path root;

  @Test
  void writesNewFilesWithTheirDirectoriesAndModes() throws Exception {
    var applied =
        new Worktree(root)
            .apply(
                List.of(
                    generated("deploy/1.0.0/deploy.sh", "#!/bin/bash\n", true), author("a", "b")),
                Map.of(),
                false);

    assertThat(applied.written()).containsExactly("deploy/1.0.0/deploy.sh", "a");
    assertThat(root.resolve("deploy/1.0.0/deploy.sh")).hasContent("#!/bin/bash\n").isExecutable();
    assertThat(Files.isExecutable(root.resolve("a"))).isFalse();
    assertThat(tree()).containsOnlyKeys("deploy/1.0.0/deploy.sh", "a");
  }

  @Test
  void theSecondTimeNothingIsLeftToDo() throws Exception {
    var changes = List.of(generated("x/deploy.sh", "one", true), removed("gone"));
    new Worktree(root).apply(changes, Map.of(), false);
    var modified = Files.getLastModifiedTime(root.resolve("x/deploy.sh"));

    var again = new Worktree(root).apply(changes, Map.of(), false);

    assertThat(again.written()).isEmpty();
    assertThat(Files.getLastModifiedTime(root.resolve("x/deploy.sh"))).isEqualTo(modified);
    assertThat(new Worktree(root).states(changes, Map.of()))
        .containsExactly(
            new State("x/deploy.sh", Status.CURRENT, false),
            new State("gone", Status.CURRENT, false));
  }

  @Test
  void saysWhatIsMissingCurrentStaleAndEdited() throws Exception {
    write("current", "new");
    write("stale", "generated before");
    write("edited", "by hand");
    write("author", "their own");
    write("unwanted", "x");

    var states =
        new Worktree(root)
            .states(
                List.of(
                    generated("missing", "new", false),
                    generated("current", "new", false),
                    generated("stale", "new", false),
                    generated("edited", "new", false),
                    author("author", "new"),
                    removed("unwanted")),
                Map.of("stale", sha("generated before"), "edited", sha("generated before")));

    assertThat(states)
        .containsExactly(
            new State("missing", Status.MISSING, false),
            new State("current", Status.CURRENT, false),
            new State("stale", Status.STALE, false),
            new State("edited", Status.STALE, true),
            new State("author", Status.STALE, false),
            new State("unwanted", Status.STALE, false));
  }

  @Test
  void aFileSomebodyElseMadeWithAGeneratedNameCountsAsEdited() throws Exception {
    write("pipes/sync_x.pipe", "their own pipe");

    var states =
        new Worktree(root).states(List.of(generated("pipes/sync_x.pipe", "ours", false)), Map.of());

    assertThat(states).containsExactly(new State("pipes/sync_x.pipe", Status.STALE, true));
  }

  @Test
  void anEditedFileStopsEverythingUnlessForced() throws Exception {
    write("edited", "by hand");
    var before = tree();
    var changes = List.of(generated("a", "1", false), generated("edited", "2", false));

    var kept = new Worktree(root).apply(changes, Map.of("edited", sha("old")), false);

    assertThat(kept.kept()).containsExactly("edited");
    assertThat(kept.written()).isEmpty();
    assertThat(tree()).isEqualTo(before);

    var forced = new Worktree(root).apply(changes, Map.of("edited", sha("old")), true);

    assertThat(forced.written()).containsExactly("a", "edited");
    assertThat(tree()).containsEntry("edited", "2");
  }

  @Test
  void changesTheModeBitAlone() throws Exception {
    write("deploy.sh", "x");

    var applied =
        new Worktree(root).apply(List.of(generated("deploy.sh", "x", true)), Map.of(), false);

    assertThat(applied.written()).containsExactly("deploy.sh");
    assertThat(root.resolve("deploy.sh")).isExecutable();
  }

  @Test
  void keepsTheOtherModeBitsOfAFileThatIsThere() throws Exception {
    write("private", "x");
    Files.setPosixFilePermissions(
        root.resolve("private"), PosixFilePermissions.fromString("rw-------"));

    new Worktree(root).apply(List.of(author("private", "y")), Map.of(), false);

    assertThat(
            PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("private"))))
        .isEqualTo("rw-------");
  }

  /// Fails at the n-th call that changes the disk, whichever it is.
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9})
  void aDiskThatRefusesAtAnyStepLeavesEverythingAsItWas(int failing) throws Exception {
    write("replaced", "old text");
    write("removed", "old text");
    var before = tree();
    var disk = new FailingDisk(failing);
    var changes =
        List.of(
            generated("deploy/1.0.0/deploy.sh", "new", true),
            author("replaced", "new text"),
            removed("removed"),
            generated("z", "last", false));

    var worktree = new Worktree(root, disk);

    assertThatThrownBy(() -> worktree.apply(changes, Map.of(), true))
        .isInstanceOf(Failure.Machine.class)
        .hasMessageContaining("nothing was changed")
        .hasNoSuppressedExceptions();
    assertThat(tree()).isEqualTo(before);
    assertThat(root.resolve("deploy")).doesNotExist();
  }

  @Test
  void theFailingDiskReallyMeetsEveryStep() {
    var disk = new FailingDisk(Integer.MAX_VALUE);
    new Worktree(root, disk)
        .apply(
            List.of(
                generated("deploy/1.0.0/deploy.sh", "new", true),
                author("replaced", "new text"),
                generated("z", "last", false)),
            Map.of(),
            true);

    assertThat(disk.calls).isEqualTo(8);
  }

  @Test
  void aRealFullDiskLeavesEverythingAsItWas() throws Exception {
    var mount = root.resolve("small");
    Files.createDirectory(mount);
    var mounted =
        new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mount.toString())
            .redirectErrorStream(true)
            .start();
    mounted.getInputStream().readAllBytes();
    org.junit.jupiter.api.Assumptions.assumeTrue(
        mounted.waitFor() == 0, "a small file system can only be mounted by root");
    try {
      Files.writeString(mount.resolve("a"), "old");

      assertThatThrownBy(() ->
              new Worktree(mount)
                  .apply(
                      List.of(author("a", "new"), author("b", "x".repeat(200_000))),
                      Map.of(),
                      true))
          .isInstanceOf(Failure.Machine.class);
      try (var files = Files.list(mount)) {
        assertThat(files.map(f -> f.getFileName().toString())).containsExactly("a");
      }
      assertThat(mount.resolve("a")).hasContent("old");
    } finally {
      new ProcessBuilder("umount", mount.toString()).start().waitFor();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"link/x", "link/deep/x", "linked-file"})
  void neverWritesThroughALink(String path, @TempDir Path outside) throws Exception {
    Files.writeString(outside.resolve("victim"), "safe");
    Files.createSymbolicLink(root.resolve("link"), outside);
    Files.createSymbolicLink(root.resolve("linked-file"), outside.resolve("victim"));
    var worktree = new Worktree(root);

    assertThatThrownBy(() -> worktree.apply(List.of(author(path, "evil")), Map.of(), true))
        .isInstanceOf(Failure.Refused.class)
        .hasMessageContaining("symbolic link");
    try (var files = Files.list(outside)) {
      assertThat(files).hasSize(1);
    }
    assertThat(outside.resolve("victim")).hasContent("safe");
  }

  @ParameterizedTest
  @ValueSource(strings = {".git/hooks/pre-commit", "a/.git/config", "a//b", "./a", "a/"})
  void refusesPathsThatMeanSomethingElse(String path) {
    var worktree = new Worktree(root);

    assertThatThrownBy(() -> worktree.apply(List.of(author(path, "x")), Map.of(), true))
        .isInstanceOf(Failure.Refused.class);
  }

  @Test
  void refusesTwoChangesOfOneFile() {
    var worktree = new Worktree(root);

    assertThatThrownBy(
            () -> worktree.apply(List.of(author("a", "1"), author("a", "2")), Map.of(), true))
        .isInstanceOf(Failure.Refused.class);
  }

  private static final class FailingDisk extends Worktree.Disk {
    private final int failing;
    private boolean failed;
    private int calls;

    FailingDisk(int failing) {
      this.failing = failing;
    }

    private void count() throws IOException {
      calls++;
      if (calls >= failing && !failed) {
        failed = true;
        throw new IOException("No space left on device");
      }
    }

    @Override
    void write(Path file, byte[] bytes) throws IOException {
      if (calls + 1 == failing) {
        // A full disk leaves a part of the file behind.
        super.write(file, new byte[] {bytes[0]});
      }
      count();
      super.write(file, bytes);
    }

    @Override
    void move(Path from, Path to) throws IOException {
      count();
      super.move(from, to);
    }

    @Override
    void delete(Path file) throws IOException {
      count();
      super.delete(file);
    }

    @Override
    void syncDirectory(Path directory) throws IOException {
      count();
      super.syncDirectory(directory);
    }
  }

  private SortedMap<String, String> tree() throws IOException {
    var out = new TreeMap<String, String>();
    try (var files = Files.walk(root)) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        out.put(root.relativize(file).toString(), Files.readString(file));
      }
    }
    return out;
  }

  private void write(String path, String text) throws IOException {
    var file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private static FileChange generated(String path, String text, boolean executable) {
    return new FileChange(path, Optional.of(text), executable, /* generated= */ true);
  }

  private static FileChange author(String path, String text) {
    return new FileChange(path, Optional.of(text), /* executable= */ false, /* generated= */ false);
  }

  private static FileChange removed(String path) {
    return new FileChange(path, Optional.empty(), /* executable= */ false, /* generated= */ false);
  }

  private static String sha(String text) throws Exception {
    return HexFormat.of()
        .formatHex(
            MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
  }
}
