package dev.backfill.datafile;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The lines of a file in the order the parser sees them: an `INCLUDE` puts the lines of another
/// file in between.
final class LineFeed {
  private static final int DEEPEST = 16;
  private static final int MOST_CHARACTERS = DatafileParser.MOST_CHARACTERS;
  private static final Pattern VARIABLE =
      Pattern.compile("\\$(?:\\{([A-Za-z_]\\w*)}|([A-Za-z_]\\w*))");

  private record Frame(String file, Iterator<Line> lines) {}

  private final Deque<Frame> frames = new ArrayDeque<>();
  private final Map<String, String> files;
  private int included;

  LineFeed(String path, Iterator<Line> lines, Map<String, String> files) {
    this.files = files;
    frames.push(new Frame(path, lines));
  }

  @Nullable Line next() {
    while (!frames.isEmpty()) {
      var lines = frames.element().lines();
      if (lines.hasNext()) {
        return lines.next();
      }
      frames.pop();
    }
    return null;
  }

  /// Puts the named file in front of what is left; says what stands in the way, if anything.
  ///
  /// @param variables `K` to `V`, put in for `$K` and `${K}`
  @Nullable String include(String from, String name, Map<String, String> variables) {
    var resolved = resolve(from, name);
    if (resolved == null) {
      return "lies outside the project";
    }
    var path = variant(resolved);
    var text = files.get(path);
    if (text == null) {
      return "is not in the project (looked for " + Findings.quoted(path) + ")";
    }
    if (frames.size() > DEEPEST || frames.stream().anyMatch(f -> f.file().equals(path))) {
      return "includes itself or nests too deeply";
    }
    var substituted = substitute(text, variables);
    included += substituted.length() + 1;
    if (included > MOST_CHARACTERS) {
      return "makes the file too large";
    }
    frames.push(new Frame(path, Lines.of(path, substituted, true)));
    return null;
  }

  /// Whether the environment says which file is meant.
  static boolean depends(String name) {
    return VARIABLE.matcher(name).find();
  }

  /// The file that stands for a path with variables of the environment: production's, else the
  /// first that fits; the path itself when there is none.
  private String variant(String path) {
    if (files.containsKey(path) || !depends(path)) {
      return path;
    }
    var pattern = new StringBuilder();
    var matcher = VARIABLE.matcher(path);
    var copied = 0;
    while (matcher.find()) {
      pattern.append(Pattern.quote(path.substring(copied, matcher.start()))).append("[^/]*");
      copied = matcher.end();
    }
    var fitting = Pattern.compile(pattern + Pattern.quote(path.substring(copied)));
    var variants = files.keySet().stream().filter(f -> fitting.matcher(f).matches()).sorted();
    return variants.min(Comparator.comparing(f -> !f.contains("prod"))).orElse(path);
  }

  private static String substitute(String text, Map<String, String> variables) {
    return VARIABLE
        .matcher(text)
        .replaceAll(m -> {
          var key = m.group(1) == null ? m.group(2) : m.group(1);
          var value = variables.get(key);
          return Matcher.quoteReplacement(value == null ? m.group() : value);
        });
  }

  private static @Nullable String resolve(String from, String name) {
    var parts = new ArrayList<>(List.of(from.split("/", -1)));
    parts.removeLast();
    if (name.startsWith("/")) {
      return null;
    }
    for (var part : name.split("/", -1)) {
      if (part.equals("..")) {
        if (parts.isEmpty()) {
          return null;
        }
        parts.removeLast();
      } else if (!part.equals(".") && !part.isEmpty()) {
        parts.add(part);
      }
    }
    return String.join("/", parts);
  }
}
