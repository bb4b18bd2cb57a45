package dev.backfill.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.backfill.testing.NpmPackage;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/// The diagrams of the comment, drawn by Mermaid in a real headless browser. Skipped, and said so,
/// where there is no Chromium.
@DisabledIfSystemProperty(
    named = "skipContract",
    matches = "true",
    disabledReason = "Mermaid comes from npm: -DskipContract=true")
class MermaidTest {
  private static final NpmPackage MERMAID =
      new NpmPackage(
          "mermaid",
          "12.3.0",
          "4113TdXeLAsMruJ79OpFL5O8+LTFXhQqZ260rF3tgUmiNAtRm4Uume04I+65PRN6yZ69J4f8rVYWW8zRk65UYw==");
  private static final Pattern DIAGRAM = Pattern.compile("(?ms)^```mermaid\\n(.*?)^```$");

  @TempDir Path folder;

  @Test
  void everyDiagramIsDrawnAndHostileNamesStayText() throws Exception {
    var browser = browser();
    assumeTrue(browser.isPresent(), "no Chromium on the path: the diagrams aren't drawn");
    var diagrams = new ArrayList<String>();
    diagrams.addAll(of(PullRequestCommentTest.planned()));
    for (var hostile :
        List.of(
            "<img src=x onerror=alert(1)>",
            "<script>alert(1)</script>",
            "a\"]; click n0 \"https://evil.example\" --> b[\"",
            "%%{init: {'securityLevel':'loose'}}%%",
            "end subgraph \\n `code` #quot; #lt;b#gt; &lt;i&gt;",
            "[click](javascript:alert(1)) @octocat",
            "x".repeat(500))) {
      diagrams.addAll(of(PlanMarkdown.write(PlanMarkdownTest.hostile(hostile), "")));
    }

    var svgs = draw(browser.get(), diagrams);

    assertThat(svgs).hasSameSizeAs(diagrams);
    for (var svg : svgs) {
      assertThat(svg).startsWith("<svg").doesNotContain("Syntax error");
      assertThat(svg)
          .doesNotContainPattern("(?i)<(img|a|script|iframe|image|style>[^<]*url)[\\s>/]");
      assertThat(svg).doesNotContainPattern("(?i)\\son[a-z]+\\s*=\\s*\"");
    }
    assertThat(svgs.getFirst()).contains("analytics_events").contains("producers");
  }

  @Test
  void aBrokenDiagramIsNotDrawn() throws Exception {
    var browser = browser();
    assumeTrue(browser.isPresent(), "no Chromium on the path: the diagrams aren't drawn");

    assertThat(draw(browser.get(), List.of("flowchart LR\n  n0[\"x\" -->")))
        .containsExactly("broken");
  }

  private static List<String> of(String comment) {
    return DIAGRAM.matcher(comment).results().map(r -> r.group(1)).toList();
  }

  private List<String> draw(Path browser, List<String> diagrams) throws Exception {
    var sources = new StringBuilder();
    for (var diagram : new LinkedHashSet<>(diagrams).stream().toList()) {
      sources.append(sources.isEmpty() ? "" : ",").append(quoted(diagram));
    }
    var page =
        """
        <!doctype html><meta charset="utf-8"><body><script src="%s"></script><script>
        mermaid.initialize({startOnLoad: false, securityLevel: 'strict'});
        (async () => {
          const mark = '@' + '@';
          let n = 0;
          for (const text of [%s]) {
            const box = document.createElement('pre');
            try { box.textContent = mark + '[' + (await mermaid.render('d' + n++, text)).svg + ']' + mark; }
            catch (e) { box.textContent = mark + '[broken]' + mark; }
            document.body.append(box);
          }
          document.title = 'drawn';
        })();
        </script>
        """
            .formatted(MERMAID.file("dist/mermaid.min.js").toUri(), sources);
    var file = Files.writeString(folder.resolve("page.html"), page);
    var process =
        new ProcessBuilder(
                browser.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--user-data-dir=" + folder.resolve("profile"),
                "--virtual-time-budget=60000",
                "--dump-dom",
                file.toUri().toString())
            .redirectError(folder.resolve("browser.log").toFile())
            .start();
    var dom = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    assertThat(dom).as(Files.readString(folder.resolve("browser.log"))).contains("<title>drawn");
    var drawn =
        Pattern.compile("(?s)@@\\[(.*?)\\]@@")
            .matcher(dom)
            .results()
            .map(r -> r.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
            .toList();
    var byText = new LinkedHashSet<>(diagrams).stream().toList();
    return diagrams.stream().map(d -> drawn.get(byText.indexOf(d))).toList();
  }

  // A JavaScript string inside a script element.
  private static String quoted(String text) {
    var out = new StringBuilder("\"");
    text.chars()
        .forEach(c -> {
          if (c < 0x20 || c > 0x7e || "\"\\<>&'".indexOf(c) >= 0) {
            out.append("\\u%04x".formatted(c));
          } else {
            out.append((char) c);
          }
        });
    return out.append('"').toString();
  }

  private static Optional<Path> browser() {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .flatMap(
            p -> Stream.of("chromium", "chromium-browser", "google-chrome").map(n -> Path.of(p, n)))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
