package dev.backfill.action;

import dev.backfill.failure.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/// Writes the action's outputs into the runner's file, each behind a delimiter that nobody could
/// know before.
public final class ActionOutputs {

  /// Every output, in the order of `action.yml`.
  public enum Output {
    VERDICT,
    READY,
    SEAL,
    PLAN,
    REPORT,
    PATCH,
    COMMENT_URL,
    COMMITTED,
    REQUESTED,
    PR,
    COME_BACK_AT;

    /// As `steps.<id>.outputs` has it.
    public String key() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  private final Optional<Path> file;
  private final Supplier<String> delimiters;

  /// @param file `GITHUB_OUTPUT`; without one nothing is written
  /// @param delimiters a new random word each time
  public ActionOutputs(Optional<Path> file, Supplier<String> delimiters) {
    this.file = file;
    this.delimiters = delimiters;
  }

  /// @throws Failure.Machine when the file can't be written
  public void set(Output output, String value) {
    if (file.isEmpty()) {
      return;
    }
    var delimiter = "backfill_" + delimiters.get();
    if (value.contains(delimiter)) {
      throw new IllegalStateException("a delimiter that isn't random");
    }
    var text = output.key() + "<<" + delimiter + "\n" + value + "\n" + delimiter + "\n";
    append(file.get(), text);
  }

  /// Appends to one of the runner's files.
  static void append(Path file, String text) {
    try {
      Files.writeString(
          file, text, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new Failure.Machine("can't write " + file, e);
    }
  }
}
