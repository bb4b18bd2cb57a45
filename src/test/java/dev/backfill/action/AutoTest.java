package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.revision.CommitId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The README's table of events is what `auto` does.
class AutoTest {
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| `(\\w+)`(?: \\([^)]*\\))? \\| (.*) \\|$");
  private static final CommitId A = new CommitId("a".repeat(40));

  static Stream<String[]> rows() throws IOException {
    var readme = Files.readString(Path.of("README.md"));
    var start = readme.indexOf("| event | does |");
    var table = readme.substring(start, readme.indexOf("\n\n", start));
    return ROW.matcher(table).results().map(r -> new String[] {r.group(1), r.group(2)});
  }

  @Test
  void everyEventThatIsReadHasItsRow() throws IOException {
    assertThat(rows().map(r -> r[0]))
        .containsExactly(
            "pull_request",
            "merge_group",
            "push",
            "issue_comment",
            "workflow_run",
            "schedule",
            "workflow_dispatch");
  }

  @ParameterizedTest
  @MethodSource("rows")
  void eachRowIsTrue(String event, String does) {
    var command = Auto.command(event(event));

    assertThat(does)
        .startsWith(command.map(c -> "`" + c + "`").orElse("what `/backfill WORD` says"));
  }

  @Test
  void whatIsOverOrElsewhereAsksForNothing() {
    assertThat(
            Stream.of(
                    new Event.PullRequest("closed", 1, A, A, "x", false, true),
                    new Event.Push(Optional.of("topic"), "main", Optional.of(A), Optional.of(A)),
                    new Event.Push(Optional.empty(), "main", Optional.of(A), Optional.of(A)),
                    new Event.WorkflowRun("requested", "pull_request", A, true),
                    new Event.Other("star"))
                .map(Auto::command))
        .allMatch(Optional::isEmpty);
  }

  private static Event event(String name) {
    return switch (name) {
      case "pull_request" -> new Event.PullRequest("opened", 1, A, A, "x", false, false);
      case "merge_group" -> new Event.MergeGroup(A, A, Optional.of(1));
      case "push" -> new Event.Push(Optional.of("main"), "main", Optional.of(A), Optional.of(A));
      case "issue_comment" ->
          new Event.Comment("created", 1, true, 1, "ana", false, "/backfill run");
      case "workflow_run" -> new Event.WorkflowRun("completed", "pull_request", A, true);
      case "schedule" -> new Event.Schedule();
      case "workflow_dispatch" -> new Event.Dispatch();
      default -> new Event.Other(name);
    };
  }
}
