package dev.backfill.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every rule about a change, as a story with its verdict. `-Dgolden=write` rewrites what is
/// expected (and [StoriesPageTest] the reference page), and the diff is reviewed; a new story
/// begins with a folder and the two lines `# what happens` and `verdict ...`.
class StoriesTest {
  static List<String> ids() {
    return Stories.ids();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ids")
  void aStoryIsJudgedAsItsFolderSays(String id) {
    var said = Stories.said(Stories.read(id));
    var verdict = line(Stories.expected(id), "verdict ");
    if (Stories.rewriting()) {
      // What a person said about the verdict is never rewritten.
      assertEquals(verdict, line(said, "verdict "), said);
      Stories.write(Stories.ROOT.resolve(id).resolve("expect.txt"), said);
    }
    assertEquals(Stories.expected(id), said);
  }

  private static String line(String text, String start) {
    return text.lines().filter(l -> l.startsWith(start)).findFirst().orElse("");
  }
}
