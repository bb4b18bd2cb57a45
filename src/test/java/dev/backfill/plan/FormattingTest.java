package dev.backfill.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.backfill.change.ProjectDiff;
import dev.backfill.problem.Severity;
import dev.backfill.project.ProjectReader;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Formats both projects of every story in many ways that mean nothing; no way is a change.
class FormattingTest {
  private static final int TIMES = 8;
  private static final Pattern QUOTED = Pattern.compile("(?m)^(ENGINE\\w*) \"([^\"\n]*)\"$");

  static List<String> ids() {
    return Stories.ids();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ids")
  void formattingIsNoChange(String id) {
    for (var side : List.of("before", "after")) {
      var files = Stories.files(id, side);
      if (ProjectReader.read(files).problems().stream()
          .anyMatch(p -> p.severity() == Severity.ERROR)) {
        continue;
      }
      for (var seed = 0; seed < TIMES; seed++) {
        var formatted = formatted(files, new Random(seed));
        if (files.keySet().stream().anyMatch(f -> f.contains("/"))) {
          assertNotEquals(files, formatted);
        }
        assertEquals(
            List.of(),
            ProjectDiff.of(ProjectReader.read(files), ProjectReader.read(formatted), Map.of()),
            () -> id + "/" + side + "\n" + formatted);
      }
    }
  }

  private static SortedMap<String, String> formatted(
      SortedMap<String, String> files, Random random) {
    var out = new TreeMap<String, String>();
    files.forEach((path, text) -> {
      if (path.endsWith(".datasource")) {
        out.put(path, dataSource(text, random));
      } else if (path.endsWith(".pipe")) {
        out.put(path, pipe(text, random));
      } else {
        out.put(path, text);
      }
    });
    return out;
  }

  private static String dataSource(String text, Random random) {
    var out = text;
    if (random.nextBoolean()) {
      out = QUOTED.matcher(out).replaceAll(random.nextBoolean() ? "$1 '$2'" : "$1   $2");
    }
    if (random.nextBoolean()) {
      out = out.replace(",\n    `", ", `");
    }
    if (random.nextBoolean()) {
      out = out.replaceAll("`(\\w+)` (?=[A-Z])", "$1   ");
    }
    if (random.nextBoolean()) {
      out = out.replaceAll("(?m)^(?=ENGINE)", "# rows are kept so\n\n");
    }
    out = out.replaceAll("(?m)^SCHEMA >$", "SCHEMA    >");
    return lineEnds(out + "\n\n", random);
  }

  /// Tokens of the SQL set apart by other white space, keywords in the other case, comments
  /// between.
  private static String pipe(String text, Random random) {
    var out = new StringBuilder();
    var sql = new ArrayList<String>();
    var in = false;
    for (var line : text.lines().toList()) {
      if (in && (line.isEmpty() || line.startsWith("    "))) {
        sql.add(line);
        continue;
      }
      if (in) {
        reflow(sql, out, random);
      }
      in = line.equals("SQL >");
      out.append(line).append('\n');
    }
    if (in) {
      reflow(sql, out, random);
    }
    return lineEnds(out.append('\n').toString(), random);
  }

  private static void reflow(List<String> lines, StringBuilder out, Random random) {
    var text = String.join("\n", lines).strip();
    lines.clear();
    if (text.startsWith("%")) {
      out.append("    %\n");
      text = text.substring(1);
    }
    out.append("   ");
    Token last = null;
    for (var token : Tokens.of(text)) {
      var apart =
          last == null
              || !(last.symbol(".") || token.symbol(".") || token.symbol("("))
              || token.start() > last.end();
      if (apart) {
        out.append(
            switch (random.nextInt(12)) {
              case 0 -> "\n        ";
              case 1 -> "  ";
              case 2 -> " /* so */ ";
              case 3 -> " -- so\n     ";
              default -> " ";
            });
      }
      var keyword =
          List.of("SELECT", "FROM", "WHERE", "AND", "GROUP", "ORDER", "BY").contains(token.text());
      out.append(
          keyword && random.nextBoolean() ? token.text().toLowerCase(Locale.ROOT) : token.text());
      last = token;
    }
    out.append("\n\n");
  }

  private static String lineEnds(String text, Random random) {
    return random.nextInt(3) == 0 ? text.replace("\n", "\r\n") : text;
  }
}
