package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.revision.CommitId;
import dev.backfill.testing.github.FakeGitHub;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A pull request whose every text is hostile, through the action: values, SQL, descriptions, file
/// and branch names. What comes out in log, comment, checks, summary, outputs and commit is text.
class HostileTest {
  private static final Pattern COMMAND =
      Pattern.compile(
          "::(add-mask|group|endgroup|notice|warning|error)( [a-z]+=[^,:]*(,[a-z]+=[^,:]*)*)?::.*");
  private static final Pattern FENCE = Pattern.compile("(?ms)^(`{3,})[a-z]*\\n.*?^\\1$");

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<img src=x onerror=alert(1)> @octocat fixes #1 https://evil.example",
        "::add-mask::x ::set-output name=ready::true ##[error]x",
        "![x](https://evil.example/x.png) [click](javascript:alert(1)) | a | b |",
        "</details><h1>ready to merge</h1> <!-- /rehearsal --> <!-- tinybird-backfill -->",
        "$(touch pwned) `touch pwned` ${IFS} %0A::error::x",
      })
  void staysText(String hostile) throws Exception {
    try (var scene = new ActionScene(folder)) {
      scene.repository.checkout("topic;$(touch$IFS$9pwned)@octocat");
      scene.repository.write(
          ActionScene.FILE,
          "DESCRIPTION >\n    "
              + hostile
              + "\n\n"
              + ActionScene.CHANGED.replace(
                  "`payload` String `json:$.payload`",
                  "`payload` String `json:$.payload` DEFAULT '" + hostile + "'"));
      scene.repository.write(
          "pipes/top_actions.pipe",
          "DESCRIPTION "
              + hostile
              + "\nNODE endpoint\nSQL >\n    SELECT action, '"
              + hostile
              + "' AS x FROM analytics_events -- "
              + hostile
              + "\n\nTYPE endpoint\n");
      scene.repository.commit("fixes #1 @octocat " + hostile);
      var branch = "topic;$(touch$IFS$9pwned)@octocat";
      var number = scene.fake.open("eve", branch, "main");
      var before = scene.head(branch);

      var planned = scene.onPullRequest(number, branch);

      assertThat(planned.outputs()).containsKey("verdict");
      assertThat(scene.comment(number).orElseThrow()).contains("gets a new version");
      check(scene, number, before, planned);
      var broken =
          scene.pushed(
              branch, "datasources/a::error::b @octocat <b>.datasource", "NONSENSE " + hostile);
      var unreadable = scene.onPullRequest(number, branch);
      assertThat(unreadable.status()).as(unreadable.log()).isEqualTo(4);
      check(scene, number, broken, unreadable);
    }
  }

  private void check(ActionScene scene, int number, CommitId head, ActionScene.Ran ran) {
    assertThat(ran.log().lines().filter(l -> l.contains("::")))
        .as(ran.log())
        .allSatisfy(l -> assertThat(l).matches(COMMAND));
    assertThat(ran.log()).doesNotContain("##[");
    assertThat(ran.outputs().keySet())
        .isSubsetOf(
            "verdict",
            "ready",
            "seal",
            "plan",
            "report",
            "patch",
            "comment-url",
            "committed",
            "pr");
    assertThat(ran.outputs().get("ready")).isEqualTo("false");
    var texts = new ArrayList<String>();
    texts.add(scene.comment(number).orElseThrow());
    texts.add(ran.summary());
    scene.fake.checks(head).forEach(c -> texts.add(c.summary()));
    for (var text : texts) {
      var prose =
          FENCE
              .matcher(text)
              .replaceAll("")
              .replaceAll("<!-- (/?rehearsal|tinybird-backfill)[ a-z0-9:]* -->", "")
              .replaceAll("<code>[\\p{L}\\p{N}&#;]*</code>", "")
              .replaceAll("(?<![\\\\`])`[^`\\n|]+`(?!`)", "")
              .replaceAll("</?(details|summary|sub)>", "");
      assertThat(prose)
          .doesNotContainPattern("<[^ ]")
          .doesNotContainPattern("(?<!\\\\)[\\[\\]]\\(")
          .doesNotContainPattern("@[A-Za-z]")
          .doesNotContainPattern("(?<!&)#[0-9]")
          .doesNotContain("://");
    }
    for (var place : java.util.List.of(folder, scene.repository.root(), Path.of(""))) {
      assertThat(Files.exists(place.resolve("pwned"))).isFalse();
    }
    assertThat(scene.fake.comments(number)).allMatch(c -> c.by(FakeGitHub.ACTIONS));
  }
}
