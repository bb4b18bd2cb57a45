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
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// That no kind of change is without a story, and the reference page made of them.
class StoriesPageTest {
  private static final Path PAGE = Path.of("src/site/markdown/reference/changes.md");

  private static List<Stories.Story> all() {
    return Stories.ids().stream().map(Stories::read).toList();
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
    var page = page(all());
    if (Stories.rewriting()) {
      Stories.write(PAGE, page);
    }
    assertEquals(Files.readString(PAGE, StandardCharsets.UTF_8), page);
  }

  private static String page(List<Stories.Story> stories) {
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
    for (var story : stories) {
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
    stories.stream()
        .filter(s -> s.plan().changes().isEmpty())
        .map(s -> "- " + s.about() + " (`" + s.id() + "`)\n")
        .forEach(out::append);
    return out.toString();
  }

  private static String cell(String text) {
    return text.lines().collect(Collectors.joining(" ")).replace("|", "\\|");
  }
}
