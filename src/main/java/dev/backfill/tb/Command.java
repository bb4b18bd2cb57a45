package dev.backfill.tb;

import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// A command of the stand-in.
///
/// @param words `pipe copy run`
/// @param usage its arguments and options, for the help
/// @param flags switches it takes
/// @param valued options with a value it takes
/// @param foreign what the real client takes here and the stand-in doesn't
record Command(
    String words,
    String usage,
    Set<String> flags,
    Set<String> valued,
    Set<String> foreign,
    Consumer<Arguments> action) {

  static Command of(String words, String usage, Consumer<Arguments> action) {
    return new Command(words, usage, Set.of(), Set.of(), Set.of(), action);
  }

  /// One that the real client has.
  static Command foreign(String words) {
    return new Command(
        words,
        "",
        Set.of(),
        Set.of(),
        Set.of(),
        _ -> {
          throw new Arguments.Wrong(
              "'tb " + words + "' is the real client's; this stand-in doesn't have it.");
        });
  }

  Command flags(String... some) {
    return new Command(words, usage, Set.of(some), valued, foreign, action);
  }

  Command valued(String... some) {
    return new Command(words, usage, flags, Set.of(some), foreign, action);
  }

  Command notHere(String... some) {
    return new Command(words, usage, flags, valued, Set.of(some), action);
  }

  boolean known() {
    return !usage.isEmpty() || !flags.isEmpty() || !valued.isEmpty();
  }

  boolean meets(List<String> given) {
    var own = List.of(words.split(" "));
    return given.size() >= own.size() && given.subList(0, own.size()).equals(own);
  }

  void run(List<String> given) {
    var rest = given.subList(words.split(" ").length, given.size());
    for (var word : rest) {
      if (foreign.contains(word.replaceFirst("=.*", ""))) {
        throw new Arguments.Wrong(
            "'"
                + word
                + "' of 'tb "
                + words
                + "' is the real client's; this stand-in doesn't have it.");
      }
    }
    action.accept(Arguments.parse(rest, flags, valued, false));
  }

  String line() {
    return "  tb " + words + (usage.isEmpty() ? "" : " " + usage);
  }
}
