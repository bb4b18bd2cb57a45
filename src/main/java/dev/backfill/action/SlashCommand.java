package dev.backfill.action;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// A comment that is a command: its first line is `/backfill WORD` and nothing else (but the names
/// that `abandon` wants typed).
public enum SlashCommand {
  REHEARSE("rehearse the plan in the pull request's branch of the workspace"),
  REFRESH("plan again and write this comment anew"),
  RUN("carry out the migration in production, or go on with it"),
  ABANDON(
      "open a pull request that takes the migration back; type the new versions' names behind it"),
  CANCEL("stop the run or rehearsal that is under way; state is safe"),
  HELP("this list");

  private final String does;

  SlashCommand(String does) {
    this.does = does;
  }

  /// As people write it.
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// What it does, for the list of commands.
  public String does() {
    return does;
  }

  /// Somebody spoke to us.
  ///
  /// @param command empty when the words aren't one of ours
  /// @param rest names behind `abandon`
  public record Spoken(Optional<SlashCommand> command, List<String> rest) {
    public Spoken {
      rest = List.copyOf(rest);
    }
  }

  /// @param comment the whole text, hostile
  /// @return empty when it isn't meant for us
  public static Optional<Spoken> read(String comment) {
    var first = comment.lines().findFirst().orElse("").strip();
    var words = List.of(first.split("\\s+"));
    if (!words.getFirst().equals("/backfill")) {
      return Optional.empty();
    }
    var command =
        words.size() < 2
            ? Optional.<SlashCommand>empty()
            : Arrays.stream(values()).filter(c -> c.word().equals(words.get(1))).findFirst();
    var rest = words.subList(Math.min(2, words.size()), words.size());
    return Optional.of(new Spoken(command.filter(c -> c == ABANDON || rest.isEmpty()), rest));
  }

  /// Every command with what it does, as markdown.
  public static String list() {
    return Arrays.stream(values())
        .map(c -> "- `/backfill " + c.word() + "`: " + c.does())
        .collect(Collectors.joining("\n"));
  }
}
