package dev.backfill.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.change.Impact;
import dev.backfill.change.JudgedChange;
import dev.backfill.change.Verdict;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Reader;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlanMarkdownTest {
  @Test
  void isTheComment() {
    assertThat(PlanMarkdown.write(Samples.report(), ""))
        .isEqualTo(Golden.read("plan.md", PlanMarkdown.write(Samples.report(), "")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<script>alert(1)</script>",
        "<img src=https://evil.example/x.png>",
        "</details><h1>ready</h1>",
        "![x](https://evil.example/x.png)",
        "[click](javascript:alert(1))",
        "@octocat @org/team",
        "fixes #1, GH-2, org/repo#3",
        "https://evil.example www.evil.example",
        "a | b \\| c \\\\| <img src=x>",
        "`` ` ``` `<img src=x>",
        "a ` <img src=x>",
        "line\n\n# heading\r\n| row |",
        "```\n<img src=x>\n```",
        "%%{init: {'theme':'dark'}}%%",
        "\"]; click n0 \"https://evil.example\"",
        "<!-- backfill -->",
        "\u202egnp.exe\u001b[31m",
        "\\<img src=x>",
        "&lt;img&gt; &#60;img&#62;",
      })
  void nothingFromAPullRequestBecomesMarkup(String hostile) {
    var markdown = PlanMarkdown.write(hostile(hostile), "");

    // What isn't code: no tag but ours, no link, image, mention or reference.
    var fences = Pattern.compile("(?ms)^(`{3,})[a-z]*\\n.*?^\\1$");
    assertThat(fences.matcher(markdown).results().count()).isEqualTo(3);
    var prose =
        fences
            .matcher(markdown)
            .replaceAll("")
            .replaceAll("<code>[\\p{L}\\p{N}&#;]*</code>", "")
            .replaceAll("(?<![\\\\`])`[^`\\n|]+`(?!`)", "");
    assertThat(prose.replaceAll("</?(details|summary|sub)>", "")).doesNotContainPattern("<[^ ]");
    assertThat(prose).doesNotContainPattern("(?<!\\\\)[\\[\\]]\\(");
    assertThat(prose).doesNotContainPattern("@[A-Za-z]");
    assertThat(prose).doesNotContainPattern("(?<!&)#[0-9]");
    assertThat(prose).doesNotContain("://").doesNotContain("www.").doesNotContain("GH-2");
    assertThat(prose).doesNotContain("\u202e").doesNotContain("\u001b");
    // A change stays one line, a table keeps its columns, a heading can't be made.
    assertThat(prose.lines().filter(l -> l.startsWith("- **") && l.contains("sorting"))).hasSize(1);
    assertThat(prose.lines().filter(l -> l.startsWith("| ") && l.contains("streaming")))
        .isNotEmpty()
        .allSatisfy(l -> assertThat(l.replaceAll("[^|]", "")).hasSize(6));
    assertThat(prose.lines().filter(l -> l.startsWith("# "))).isEmpty();
    assertThat(markdown.lines().filter(l -> l.contains("<details>"))).hasSize(3);
    for (var diagram : diagrams(markdown)) {
      assertThat(diagram.lines().skip(1))
          .allMatch(l ->
              l.matches("  n\\d+(\\(\\[|\\[\\(|\\[)\"[^\"<>%{}`]*\"(\\]\\)|\\)\\]|\\])(:::new)?")
                  || l.matches("  n\\d+ (-->|-\\.->)(\\|\"[^\"<>%{}`]*\"\\|)? n\\d+")
                  || l.equals("  classDef new stroke-width:3px"));
    }
  }

  @Test
  void showsAtMostFiveSteps() {
    var report = Samples.report();
    var steps = java.util.Collections.nCopies(9, report.steps().getFirst());
    var many =
        new PlanReport(
            report.base(),
            report.head(),
            report.projectDir(),
            report.seal(),
            report.plan(),
            report.files(),
            report.flows(),
            steps);

    assertThat(PlanMarkdown.write(many, "").lines().filter(l -> l.startsWith("- [ ] "))).hasSize(5);
  }

  @Test
  void aHostileShellWordStaysOneWord() {
    assertThat(Escape.shell("a'b $(id)")).isEqualTo("'a'\\''b $(id)'");
    assertThat(Escape.shell("projects/a-b_1.0")).isEqualTo("projects/a-b_1.0");
  }

  private static List<String> diagrams(String markdown) {
    var found =
        Pattern.compile("(?ms)^```mermaid\\n(.*?)^```$")
            .matcher(markdown)
            .results()
            .map(r -> r.group(1))
            .toList();
    assertThat(found).hasSize(2);
    return found;
  }

  static PlanReport hostile(String text) {
    var change =
        new JudgedChange(text, 3, text, "sorting_key", text, text, Impact.VERSION, true, text);
    var core = Samples.core(Optional.empty());
    var hostile =
        new PlanCore(
            1,
            "1",
            "classic",
            "0.0.1",
            Optional.of(text),
            List.of(change),
            core.migrations(),
            core.cutover(),
            core.limits(),
            core.files());
    var plan =
        new Plan(
            Verdict.VERSION,
            hostile,
            List.of(new Reader(text, "endpoint", List.of(text))),
            List.of(Problem.warning("w", new Place(text, 1, 0), text, text)),
            List.of(Problem.error("o", new Place(text, 1, 0), text, text)),
            Map.of("analytics_events", List.of(text)));
    var report = Samples.report(plan);
    var box = new Dataflow.Box(text, Dataflow.Shape.READER);
    var graph =
        new Dataflow.Graph(
            java.util.Set.of(box), java.util.Set.of(new Dataflow.Arrow(box, box, text, true)));
    return new PlanReport(
        report.base(),
        report.head(),
        text,
        report.seal(),
        plan,
        report.files(),
        new Dataflow(graph, graph),
        report.steps());
  }
}
