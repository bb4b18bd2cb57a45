package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.TempRepository;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A project whose folder gets another name is the same project: nothing goes, nothing is new.
class MovedProjectTest {
  @TempDir Path folder;

  private TempRepository moved(TempRepository repository, String events) {
    repository
        .delete("old/datasources/analytics_events.datasource")
        .delete("old/pipes/top_actions.pipe")
        .delete("old/.tinyenv");
    return repository
        .write("new/datasources/analytics_events.datasource", events)
        .write(
            "new/pipes/top_actions.pipe",
            "NODE endpoint\nSQL >\n    SELECT action, count() AS hits FROM analytics_events GROUP BY action\n\nTYPE endpoint\n");
  }

  private JsonNode plan() {
    var result =
        Cli.in(folder).run("plan", "--base", "main", "--head", "moved", "--format", "json");
    assertThat(result.status()).as(result.err()).isEqualTo(1);
    return JsonMapper.shared().readTree(result.out());
  }

  @Test
  void itIsOnePlanThatSaysHowToMove() {
    var repository = Analytics.base(folder, "old/");
    repository.checkout("moved");
    moved(repository, Analytics.EVENTS).commit("moved");

    var plan = plan();

    assertThat(plan.path("projectDir").asString()).isEqualTo("new");
    assertThat(plan.path("verdict").asString()).isEqualTo("refuse");
    assertThat(plan.path("changes").toString())
        .contains("file_renamed", "tb init --override-commit")
        .doesNotContain("data_source_added", "data_source_removed");
  }

  @Test
  void whatChangesOnTheWayIsSeen() {
    var repository = Analytics.base(folder, "old/");
    repository.checkout("moved");
    moved(repository, Analytics.CHANGED).commit("moved and changed");

    assertThat(plan().path("changes").toString()).contains("sorting_key", "version");
  }
}
