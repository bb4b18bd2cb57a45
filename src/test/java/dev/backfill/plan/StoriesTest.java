package dev.backfill.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backfill.change.Change;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every rule about a change, as a story with its verdict. `-Dgolden=write` rewrites what is
/// expected and the reference page, and the diff is reviewed; a new story begins with a folder and
/// the two lines `# what happens` and `verdict ...`.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StoriesTest {
  private static final Path PAGE = Path.of("src/site/markdown/reference/changes.md");
  private final Map<String, Stories.Story> stories = new TreeMap<>();

  static List<String> ids() {
    return Stories.ids();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ids")
  void aStoryIsJudgedAsItsFolderSays(String id) {
    var said = Stories.said(story(id));
    var verdict = line(Stories.expected(id), "verdict ");
    if (Stories.rewriting()) {
      // What a person said about the verdict is never rewritten.
      assertEquals(verdict, line(said, "verdict "), said);
      Stories.write(Stories.ROOT.resolve(id).resolve("expect.txt"), said);
    }
    assertEquals(Stories.expected(id), said);
  }

  private Stories.Story story(String id) {
    return stories.computeIfAbsent(id, Stories::read);
  }

  private List<Stories.Story> all() {
    return ids().stream().map(this::story).toList();
  }

  private static String line(String text, String start) {
    return text.lines().filter(l -> l.startsWith(start)).findFirst().orElse("");
  }

  @Test
  void everyKindOfChangeIsInAStory() {
    var seen = new HashSet<Class<?>>();
    var details = new HashSet<Object>();
    for (var story : all()) {
      for (var change : story.changes()) {
        seen.add(change.getClass());
        if (change instanceof Change.KeyChanged key) {
          details.add(key.key());
        } else if (change instanceof Change.EngineOptionChanged option) {
          details.add(option.option());
        }
      }
    }
    assertEquals(
        List.of(),
        Stream.of(Change.class.getPermittedSubclasses()).filter(c -> !seen.contains(c)).toList());
    assertTrue(details.containsAll(List.of(Change.Key.values())), details::toString);
    assertTrue(details.containsAll(List.of(Change.EngineOption.values())), details::toString);
  }

  @Test
  void theReferencePageHoldsEveryKindWithItsStories() throws IOException {
    if (Stories.rewriting()) {
      Stories.write(PAGE, page());
    }
    assertEquals(Files.readString(PAGE, StandardCharsets.UTF_8), page());
  }

  private String page() {
    var out = new StringBuilder();
    out.append(
        """
        # What a change asks for

        Made from the story folders in `src/test/resources/cases` by a test, which also holds it equal to \
        what the program says. Each story is a project before and after; the verdict is that of the \
        whole story, the impact that of the one change. What a deployment does by itself is *client* (read \
        in the client's code), *documented*, *seen* in public examples, *inferred* from how the engine \
        works, or *unknown*.

        """);
    var kinds = new TreeMap<String, TreeMap<String, String>>();
    for (var story : all()) {
      var verdict = story.plan().verdict();
      for (var c : story.plan().changes()) {
        kinds
            .computeIfAbsent(c.kind(), _ -> new TreeMap<>())
            .put(
                story.id() + " " + c.resource() + " " + c.reason(),
                "| %s | %s%s | %s | %s | %s | %s |\n"
                    .formatted(
                        cell(story.about()),
                        c.impact(),
                        c.destructive() ? ", destructive" : "",
                        verdict,
                        cell(c.reason()),
                        c.platform()
                            .map(p -> cell(p.does()) + " *" + p.known() + "*")
                            .orElseThrow(),
                        "`" + story.id() + "`"));
      }
    }
    kinds.forEach((kind, rows) -> {
      out.append("## `%s`\n\n".formatted(kind));
      out.append(
          """
          | change | impact | verdict | why | what `tb deploy` does by itself | story |
          | --- | --- | --- | --- | --- | --- |
          """);
      rows.values().forEach(out::append);
      out.append('\n');
    });
    out.append("## No change in meaning\n\n");
    all().stream()
        .filter(s -> s.plan().changes().isEmpty())
        .map(s -> "- " + s.about() + " (`" + s.id() + "`)\n")
        .forEach(out::append);
    return out.toString();
  }

  private static String cell(String text) {
    return text.lines().collect(Collectors.joining(" ")).replace("|", "\\|");
  }
}
