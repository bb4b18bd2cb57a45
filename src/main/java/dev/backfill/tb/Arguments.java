package dev.backfill.tb;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Words of a command, sorted out.
///
/// @param flags switches that were given
/// @param options values by option, in order
/// @param rest the other words
record Arguments(Set<String> flags, Map<String, List<String>> options, List<String> rest) {

  /// Wrong usage: exit 2.
  static final class Wrong extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Wrong(String message) {
      super(message);
    }
  }

  boolean has(String flag) {
    return flags.contains(flag);
  }

  Optional<String> option(String name) {
    return all(name).stream().reduce((first, second) -> second);
  }

  List<String> all(String name) {
    return options.getOrDefault(name, List.of());
  }

  /// @param flags known switches
  /// @param valued known options with a value
  /// @param untilCommand stop at the first other word, and leave what follows as it is
  static Arguments parse(
      List<String> words, Set<String> flags, Set<String> valued, boolean untilCommand) {
    var given = new HashSet<String>();
    var options = new LinkedHashMap<String, List<String>>();
    var rest = new ArrayList<String>();
    for (var i = 0; i < words.size(); i++) {
      var word = words.get(i);
      var equals = word.startsWith("--") ? word.indexOf('=') : -1;
      var name = equals > 0 ? word.substring(0, equals) : word;
      if (valued.contains(name)) {
        if (equals < 0 && i + 1 == words.size()) {
          throw new Wrong("Option '" + name + "' requires an argument.");
        }
        var value = equals > 0 ? word.substring(equals + 1) : words.get(++i);
        options.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
      } else if (flags.contains(word)) {
        given.add(word);
      } else if (word.startsWith("-") && word.length() > 1) {
        throw new Wrong("No such option: " + word);
      } else {
        rest.add(word);
        if (untilCommand) {
          rest.addAll(words.subList(i + 1, words.size()));
          break;
        }
      }
    }
    return new Arguments(given, options, rest);
  }

  String only(String what) {
    if (rest.size() != 1) {
      throw new Wrong(
          rest.isEmpty()
              ? "Missing argument '" + what + "'."
              : "Got unexpected extra arguments " + rest.subList(1, rest.size()));
    }
    return rest.getFirst();
  }

  void none() {
    if (!rest.isEmpty()) {
      throw new Wrong("Got unexpected extra arguments " + rest);
    }
  }
}
