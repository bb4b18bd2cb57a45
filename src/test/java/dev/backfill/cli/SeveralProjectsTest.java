package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A project that can't be read keeps its neighbours from a plan only when somebody touches it.
class SeveralProjectsTest {
  private static final String BROKEN = "SCHEMA >\n    `a` Int8\n    `b` Int8\n";

  @TempDir Path folder;

  @Test
  void anUntouchedProjectThatCannotBeReadIsLeftOut() {
    var repository = Analytics.base(folder, "one/");
    repository.write("two/datasources/d.datasource", BROKEN).commit("base");
    repository.checkout("pr");
    repository
        .write("one/datasources/analytics_events.datasource", Analytics.CHANGED)
        .commit("change");

    var plan = Cli.in(folder).run("plan", "--base", "main", "--head", "pr");

    assertThat(plan.status()).as(plan.err()).isEqualTo(0);
    assertThat(plan.out()).contains("analytics_events_1");
  }

  @Test
  void whereNoneCanBeReadThereIsNoPlan() {
    var repository = Analytics.base(folder, "one/");
    repository.write("one/datasources/d.datasource", BROKEN);
    repository.write("two/datasources/d.datasource", BROKEN).commit("base");

    assertThat(Cli.in(folder).run("plan", "--base", "main", "--head", "main").status())
        .isEqualTo(4);
  }

  @Test
  void aTouchedOneIsNot() {
    var repository = Analytics.base(folder, "one/");
    repository.write("two/datasources/d.datasource", BROKEN).commit("base");
    repository.checkout("pr");
    repository.write("two/datasources/d.datasource", BROKEN + "# still\n").commit("change");

    assertThat(Cli.in(folder).run("plan", "--base", "main", "--head", "pr").status()).isEqualTo(4);
  }
}
