package dev.backfill.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.api.errors.GitAPIException;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.StoredConfig;

/// A git repository in a temporary folder, made without a git binary and without the user's
/// settings. Commits have a fixed author and time, so their ids are the same everywhere.
public final class TempRepository implements AutoCloseable {
  private static final PersonIdent SOMEBODY =
      new PersonIdent(
          "Somebody",
          "somebody@example.com",
          Instant.parse("2026-01-01T00:00:00Z"),
          ZoneOffset.UTC);

  private final Path root;
  private final Git git;

  private TempRepository(Path root, Git git) {
    this.root = root;
    this.git = git;
  }

  public static TempRepository in(Path folder) {
    try {
      var git = Git.init().setDirectory(folder.toFile()).setInitialBranch("main").call();
      StoredConfig config = git.getRepository().getConfig();
      config.setBoolean("commit", null, "gpgsign", false);
      config.setBoolean("core", null, "autocrlf", false);
      config.save();
      return new TempRepository(folder, git);
    } catch (GitAPIException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Path root() {
    return root;
  }

  public Git git() {
    return git;
  }

  public TempRepository write(String path, String text) {
    return write(path, text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  public TempRepository write(String path, byte[] bytes) {
    try {
      var file = root.resolve(path);
      Files.createDirectories(java.util.Objects.requireNonNull(file.getParent()));
      Files.write(file, bytes);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public TempRepository executable(String path) {
    if (!root.resolve(path).toFile().setExecutable(true)) {
      throw new IllegalStateException("can't make executable: " + path);
    }
    return this;
  }

  public TempRepository link(String path, String target) {
    try {
      var file = root.resolve(path);
      Files.createDirectories(java.util.Objects.requireNonNull(file.getParent()));
      Files.createSymbolicLink(file, Path.of(target));
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public TempRepository delete(String path) {
    try {
      Files.delete(root.resolve(path));
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Everything on disk, as `git add -A && git commit`.
  ///
  /// @return 40 hex digits
  public String commit(String message) {
    try {
      git.add().addFilepattern(".").call();
      git.add().addFilepattern(".").setUpdate(true).call();
      return git.commit()
          .setMessage(message)
          .setAuthor(SOMEBODY)
          .setCommitter(SOMEBODY)
          .setAllowEmpty(true)
          .setNoVerify(true)
          .call()
          .name();
    } catch (GitAPIException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Makes the branch when it isn't there, and goes to it.
  public TempRepository checkout(String branch) {
    try {
      var there = git.getRepository().findRef("refs/heads/" + branch) != null;
      git.checkout().setName(branch).setCreateBranch(!there).call();
      return this;
    } catch (GitAPIException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    git.close();
  }
}
