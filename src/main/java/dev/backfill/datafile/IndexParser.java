package dev.backfill.datafile;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// Reads the lines of `INDEXES` (`datafiles.md` 2.3).
final class IndexParser {
  private static final Pattern TYPE_WORD = Pattern.compile("(?i)\\sTYPE\\s");
  private static final Pattern GRANULARITY = Pattern.compile("(?i)\\sGRANULARITY\\s+(\\S+)$");
  private static final Set<String> TYPES =
      Set.of("minmax", "set", "bloom_filter", "ngrambf_v1", "tokenbf_v1");

  private IndexParser() {}

  static List<IndexSyntax> parse(Block block, Findings findings) {
    var indexes = new ArrayList<IndexSyntax>();
    for (var line : block.lines()) {
      var text = line.text().strip();
      if (text.endsWith(",")) {
        text = text.substring(0, text.length() - 1).stripTrailing();
      }
      if (text.regionMatches(true, 0, "INDEX ", 0, 6)) {
        text = text.substring(6).strip();
      }
      int blank = firstBlank(text);
      var place = line.at(line.text().length() - line.text().stripLeading().length());
      var types = TYPE_WORD.split(text, -1);
      if (blank < 0 || types.length != 2 || types[0].length() <= blank) {
        findings.error(
            "index_syntax",
            place,
            "Not an index: " + Findings.quoted(line.text()) + ".",
            "Write `name expression TYPE type GRANULARITY n`, one on a line.");
        continue;
      }
      var tail = types[1].strip();
      var granularity = "";
      var matcher = GRANULARITY.matcher(tail);
      if (matcher.find()) {
        granularity = matcher.group(1);
        tail = tail.substring(0, matcher.start()).strip();
      }
      var family = tail.replaceFirst("\\(.*", "").strip();
      if (!TYPES.contains(family)) {
        findings.error(
            "index_syntax",
            place,
            "The client knows no index type " + Findings.quoted(family) + ".",
            "Use one of minmax, set, bloom_filter, ngrambf_v1, tokenbf_v1.");
      }
      indexes.add(
          new IndexSyntax(
              unquoted(text.substring(0, blank)),
              types[0].substring(blank).strip(),
              tail,
              granularity,
              place));
    }
    return indexes;
  }

  private static String unquoted(String name) {
    return name.length() > 2 && name.startsWith("`") && name.endsWith("`")
        ? name.substring(1, name.length() - 1)
        : name;
  }

  private static int firstBlank(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Lines.isBlank(text.charAt(i))) {
        return i;
      }
    }
    return -1;
  }
}
