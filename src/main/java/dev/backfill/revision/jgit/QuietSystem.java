package dev.backfill.revision.jgit;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.FileSystems;
import java.time.Instant;
import java.time.ZoneId;
import org.eclipse.jgit.lib.Config;
import org.eclipse.jgit.storage.file.FileBasedConfig;
import org.eclipse.jgit.util.FS;
import org.eclipse.jgit.util.SystemReader;
import org.jspecify.annotations.Nullable;

/// What JGit may know of the machine: nothing. It reads no user or system configuration, no
/// environment, starts no git binary to find them, and measures no file system (which would write
/// into the repository).
final class QuietSystem extends SystemReader {
  private final SystemReader machine;

  QuietSystem(SystemReader machine) {
    this.machine = machine;
  }

  static synchronized void install() {
    if (!(SystemReader.getInstance() instanceof QuietSystem)) {
      SystemReader.setInstance(new QuietSystem(SystemReader.getInstance()));
    }
  }

  @Override
  public String getHostname() {
    return "localhost";
  }

  @Override
  public @Nullable String getenv(String variable) {
    return null;
  }

  @Override
  public @Nullable String getProperty(String key) {
    return System.getProperty(key);
  }

  @Override
  public FileBasedConfig openUserConfig(Config parent, FS fs) {
    return new Nothing(parent, fs);
  }

  @Override
  public FileBasedConfig openSystemConfig(Config parent, FS fs) {
    return new Nothing(parent, fs);
  }

  @Override
  public FileBasedConfig openJGitConfig(Config parent, FS fs) {
    return new Nothing(parent, fs);
  }

  @Override
  @Deprecated
  public long getCurrentTime() {
    return machine.now().toEpochMilli();
  }

  @Override
  public Instant now() {
    return machine.now();
  }

  @Override
  @Deprecated
  @SuppressWarnings("deprecation")
  public int getTimezone(long when) {
    return machine.getTimezone(when);
  }

  @Override
  public ZoneId getTimeZoneId() {
    return machine.getTimeZoneId();
  }

  /// An empty configuration that is never read from or written to a file, except for what JGit
  /// would otherwise measure.
  private static final class Nothing extends FileBasedConfig {
    Nothing(Config parent, FS fs) {
      super(parent, null, fs);
      for (FileStore store : FileSystems.getDefault().getFileStores()) {
        var key =
            String.join(
                "|",
                System.getProperty("java.vendor"),
                System.getProperty("java.version"),
                store.name());
        setString("filesystem", key, "timestampResolution", "1 microseconds");
        setString("filesystem", key, "minRacyThreshold", "1 milliseconds");
      }
    }

    @Override
    public void load() {}

    @Override
    public void save() throws IOException {}

    @Override
    public boolean isOutdated() {
      return false;
    }
  }
}
