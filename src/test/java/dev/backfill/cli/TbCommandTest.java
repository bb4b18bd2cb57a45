package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TbCommandTest {
  @TempDir Path folder;

  @Test
  void itsWordsAreItsOwn() {
    var version = Cli.in(folder).run("tb", "--version");

    assertThat(version.status()).isZero();
    assertThat(version.out()).contains("tb, version");
  }

  @Test
  void whatItDoesNotKnowIsTwo() {
    assertThat(Cli.in(folder).run("tb", "frobnicate", "--hard").status()).isEqualTo(2);
  }
}
