package dev.backfill.cli;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;

/// What somebody may have meant who mistyped an option or a command.
final class NearMisses {
  private static final int MOST = 3;

  private NearMisses() {}

  /// The nearest first; empty when nothing is near.
  static List<String> of(String word, CommandSpec spec) {
    var written = word.split("=", 2)[0];
    var known =
        written.startsWith("-")
            ? spec.optionsMap().keySet().stream().filter(o -> o.startsWith("--"))
            : spec.subcommands().entrySet().stream()
                .filter(c -> !c.getValue().getCommandSpec().usageMessage().hidden())
                .map(java.util.Map.Entry::getKey);
    var most = Math.max(2, written.replace("-", "").length() / 3);
    return ranked(written, known, most);
  }

  /// The nearest of some words.
  static List<String> of(String word, Collection<String> known) {
    return ranked(word, known.stream(), Math.max(2, word.length() / 3));
  }

  private static List<String> ranked(String word, Stream<String> known, int most) {
    return known
        .filter(k -> distance(word, k) <= most)
        .sorted(
            Comparator.<String>comparingInt(k -> distance(word, k))
                .thenComparing(Comparator.naturalOrder()))
        .limit(MOST)
        .toList();
  }

  /// Letters to add, drop, change or swap with their neighbour.
  private static int distance(String a, String b) {
    var d = new int[a.length() + 1][b.length() + 1];
    for (var i = 0; i <= a.length(); i++) {
      for (var j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        var change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(d[i - 1][j - 1] + change, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
