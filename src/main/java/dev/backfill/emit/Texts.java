package dev.backfill.emit;

import dev.backfill.datafile.Datafile;
import dev.backfill.datafile.DatafileParser;
import dev.backfill.datafile.Directive;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// Edits of an author's file that leave every other byte as it was.
final class Texts {
  /// Put in front of a line that a copy of a file doesn't carry over. A line that starts with `#`
  /// is no directive, whatever follows.
  static final String NOT_CARRIED = "# (not carried over) ";

  private Texts() {}

  /// A piece of a text and what stands there instead.
  record Patch(int start, int end, String text) {}

  static String patch(String text, List<Patch> patches) {
    var sorted = new ArrayList<>(patches);
    sorted.sort(Comparator.comparingInt(Patch::start));
    var out = new StringBuilder();
    var copied = 0;
    for (var patch : sorted) {
      if (patch.start() < copied) {
        throw new IllegalStateException("two edits of one place at " + patch.start());
      }
      out.append(text, copied, patch.start()).append(patch.text());
      copied = patch.end();
    }
    return out.append(text, copied, text.length()).toString();
  }

  static Datafile parse(String path, String text, Map<String, String> files) {
    return DatafileParser.parse(path, text, files).file();
  }

  /// The text with the lines of some directives turned into comments; [#carriedOver] undoes it.
  static String without(Datafile file, Predicate<Directive> which) {
    var patches = new ArrayList<Patch>();
    for (var directive : file.directives()) {
      if (!which.test(directive) || directive.line().included()) {
        continue;
      }
      patches.add(new Patch(directive.start(), directive.start(), NOT_CARRIED));
      directive
          .block()
          .ifPresent(block ->
              block.lines().stream()
                  .filter(line -> !line.included())
                  .forEach(
                      line -> patches.add(new Patch(line.start(), line.start(), NOT_CARRIED))));
    }
    return patch(file.print(), patches);
  }

  static String carriedOver(String text) {
    return text.lines().noneMatch(line -> line.startsWith(NOT_CARRIED))
        ? text
        : KafkaTexts.withOneGroup(text)
            .replaceAll("(?m)^" + java.util.regex.Pattern.quote(NOT_CARRIED), "");
  }

  static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
