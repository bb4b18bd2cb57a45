package dev.backfill.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ExplanationTest {
  private static final Path PAGE = Path.of("src/site/markdown/reference/problems.md");

  /// Whatever makes a problem; its code is the first argument, or the second behind a path.
  private static final Pattern CALL =
      Pattern.compile("\\b(?:Problem|error|warning|note|problem|obstacle)\\(");

  private static final Pattern CODE = Pattern.compile("\"([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\"");

  @Test
  void everyCodeOfTheProgramIsExplainedAndNoOther() {
    assertThat(Explanation.all().keySet()).containsExactlyElementsOf(codes().keySet());
  }

  @Test
  void everyExplanationSaysWhatWhyHowItLooksAndWhatToDo() {
    assertThat(Explanation.all().values())
        .allSatisfy(e -> {
          assertThat(e.means()).as(e.code()).matches(".{15,}\\.");
          assertThat(e.matters()).as(e.code()).matches(".{15,}\\.");
          assertThat(e.example()).as(e.code()).isNotBlank();
          assertThat(e.advice()).as(e.code()).matches(".{6,}[.`]+");
        });
  }

  @Test
  void theScanFindsCodesInEveryShapeThatIsInUse() {
    assertThat(codes())
        .containsKeys(
            "quarantine_possible", // Problem.warning("...", place
            "lfs_pointer", // problem(path, "..."
            "scenario_not_emitted", // obstacle("..."
            "schema_syntax", // findings.error("..."
            "invalid_utf8"); // new Problem("..."
  }

  @Test
  void theReferencePageHoldsEveryCode() throws IOException {
    var page =
        """
        # Codes of problems and warnings

        Made from the program's own texts by a test; `backfill plan --explain CODE` prints the same.

        """
            + Explanation.all().values().stream()
                .map(Explanation::markdown)
                .collect(Collectors.joining("\n"));
    if ("write".equals(System.getProperty("golden"))) {
      Files.createDirectories(PAGE.getParent());
      Files.writeString(PAGE, page);
    }
    assertThat(Files.readString(PAGE, StandardCharsets.UTF_8)).isEqualTo(page);
  }

  /// Codes in the sources, with a file that uses each.
  private static java.util.SortedMap<String, String> codes() {
    var out = new TreeMap<String, String>();
    try (var files = Files.walk(Path.of("src/main/java"))) {
      for (var file : new TreeSet<>(files.filter(f -> f.toString().endsWith(".java")).toList())) {
        var text = Files.readString(file, StandardCharsets.UTF_8);
        if (!text.contains("Problem") && !text.contains("findings")) {
          continue;
        }
        var call = CALL.matcher(text);
        while (call.find()) {
          var arguments = firstTwo(text, call.end());
          var code = CODE.matcher(arguments);
          while (code.find()) {
            out.put(code.group(1), file.getFileName().toString());
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out;
  }

  /// The text of the first two arguments, up to the comma behind them on the outermost level.
  private static String firstTwo(String text, int start) {
    var depth = 0;
    var commas = 0;
    var quoted = false;
    for (var i = start; i < text.length(); i++) {
      var c = text.charAt(i);
      if (c == '"' && text.charAt(i - 1) != '\\') {
        quoted = !quoted;
      } else if (!quoted && (c == '(' || c == '{' || c == '[')) {
        depth++;
      } else if (!quoted && (c == ')' || c == '}' || c == ']')) {
        depth--;
        if (depth < 0) {
          return text.substring(start, i);
        }
      } else if (!quoted && c == ',' && depth == 0) {
        commas++;
        if (commas == 2) {
          return text.substring(start, i);
        }
      }
    }
    return text.substring(start);
  }
}
