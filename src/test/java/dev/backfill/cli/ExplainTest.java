package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExplainTest {
  @TempDir Path folder;

  @Test
  void aCodeIsExplainedWithoutAProject() {
    var result = Cli.in(folder).run("plan", "--explain", "quarantine_possible");

    assertThat(result.status()).isZero();
    assertThat(result.err()).isEmpty();
    assertThat(result.out())
        .startsWith("quarantine_possible\n")
        .contains("neither a DEFAULT nor NULL", "Example: ", "What to do: ");
  }

  @Test
  void programsGetJson() {
    var result = Cli.in(folder).run("plan", "--explain", "second_feed", "--format", "json");

    assertThat(result.status()).isZero();
    assertThat(result.out()).contains("\"code\": \"second_feed\"", "\"advice\": \"");
  }

  @Test
  void anUnknownCodeIsWrongUsageAndTheNearOnesAreNamed() {
    var result = Cli.in(folder).run("plan", "--explain", "quarantine_posible");

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).contains("Did you mean quarantine_possible?");
  }

  @Test
  void aCodeLikeNoOtherSaysWhereCodesAreFound() {
    var result = Cli.in(folder).run("plan", "--explain", "x");

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("`plan` and `check` print the codes");
  }
}
