package dev.backfill.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PlanTextTest {
  @Test
  void isWhatATerminalShows() {
    var text = PlanText.write(Samples.report(), Style.PLAIN);

    assertThat(text).isEqualTo(Golden.read("plan.txt", text));
  }

  @Test
  void coloursOnlyWhereAsked() {
    assertThat(PlanText.write(Samples.report(), Style.PLAIN)).doesNotContain("\u001b");
    assertThat(PlanText.write(Samples.report(), Style.COLOUR)).contains("\u001b[33m");
  }

  @Test
  void noControlCharacterReachesTheTerminal() {
    assertThat(Escape.line("a\u001b[2Jb\u0007c\nd\u202ee\u009b"))
        .isEqualTo("a\\u001b[2Jb\\u0007c d\\u202ee\\u009b");
  }
}
