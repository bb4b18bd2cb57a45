package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.TempRepository;
import java.nio.file.Path;
import org.eclipse.jgit.api.Git;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FetchOptionsTest {
  private static final String EVENTS =
      """
      SCHEMA >
          `timestamp` DateTime,
          `action` String

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "timestamp"
      """;

  @TempDir Path folder;
  @TempDir Path clone;

  @Test
  void aPlanInACloneOfOneCommitFetchesWhatItNeedsInCiAndWhenAsked() throws Exception {
    try (var origin = TempRepository.in(folder)) {
      origin.write("datasources/events.datasource", EVENTS).commit("one");
      origin.checkout("feature");
      origin
          .write(
              "datasources/events.datasource",
              EVENTS.replace("KEY \"timestamp\"", "KEY \"action, timestamp\""))
          .commit("two");
      origin.checkout("main").write("pipes/other.pipe", "NODE n\nSQL >\n    SELECT 1\n");
      origin.commit("three");
    }
    Git.cloneRepository()
        .setURI(folder.toUri().toString())
        .setDirectory(clone.toFile())
        .setBranch("feature")
        .setCloneAllBranches(true)
        .setDepth(1)
        .call()
        .close();

    var here = Cli.in(clone).run("plan", "--base", "origin/main~1");
    assertThat(here.status()).isEqualTo(2);
    assertThat(here.err()).contains("add --fetch");
    assertThat(Cli.in(clone).with("CI", "true").run("plan", "--no-fetch").err())
        .contains("add --fetch");

    var ci = Cli.in(clone).with("CI", "true").run("plan", "--format", "json");

    assertThat(ci.err()).contains("fetching 64 commits more of the history from origin ...");
    assertThat(ci.status()).as(ci.err()).isZero();
    assertThat(ci.out()).contains("\"verdict\": \"version\"").doesNotContain("other.pipe");
    // now it is there
    assertThat(Cli.in(clone).run("plan", "--format", "json").out()).isEqualTo(ci.out());
    assertThat(Cli.in(clone).run("check", "--fetch", "--head", "origin/main").status()).isZero();
  }
}
