package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.failure.Failure;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ActionInputsTest {
  @Test
  void whatAWorkflowLeavesOutHasItsDefault() {
    var inputs = ActionInputs.of(Map.of());

    assertThat(inputs.command()).isEqualTo(Command.AUTO);
    assertThat(inputs.token()).isEmpty();
    assertThat(inputs.comment()).isEqualTo(ActionInputs.Commenting.CHANGES);
    assertThat(inputs.timeLimit()).isEqualTo(Duration.ofMinutes(330));
    assertThat(inputs.commentCommands())
        .containsExactly("rehearse", "refresh", "run", "abandon", "cancel", "help");
  }

  @Test
  void dashesStayInTheRunnersVariables() {
    var inputs =
        ActionInputs.of(Map.of("INPUT_TINYBIRD-TOKEN", "p.x ", "INPUT_PROJECT-DIR", "data"));

    assertThat(inputs.tinybirdToken()).contains("p.x");
    assertThat(inputs.projectDir()).contains("data");
    assertThat(inputs.secrets()).containsExactly("p.x");
  }

  @Test
  void aTokenOfTheEnvironmentIsASecretToo() {
    assertThat(ActionInputs.of(Map.of("BACKFILL_TOKEN", "p.y")).secrets()).containsExactly("p.y");
  }

  @Test
  void theCutoverIsADurationOrAnInstant() {
    assertThat(ActionInputs.of(Map.of("INPUT_CUTOVER", "+1h30m")).lead())
        .contains(Duration.ofMinutes(90));
    assertThat(ActionInputs.of(Map.of("INPUT_CUTOVER", "2026-01-31T13:30:00Z")).pinned())
        .contains(Instant.parse("2026-01-31T13:30:00Z"));
    assertThatThrownBy(() -> ActionInputs.of(Map.of("INPUT_CUTOVER", "soon")).pinned())
        .isInstanceOf(Failure.Usage.class)
        .hasMessageContaining("cutover");
  }

  @Test
  void anythingElseIsRefusedByName() {
    assertThatThrownBy(() -> ActionInputs.of(Map.of("INPUT_COMMAND", "deploy")).command())
        .isInstanceOf(Failure.Usage.class)
        .hasMessageContaining("auto, plan, rehearse, run, status, cleanup");
    assertThatThrownBy(() -> ActionInputs.of(Map.of("INPUT_PR", "12; rm")).pullRequest())
        .isInstanceOf(Failure.Usage.class);
    assertThatThrownBy(() -> ActionInputs.of(Map.of("INPUT_MAX-WAIT", "5")).maxWait())
        .isInstanceOf(Failure.Usage.class)
        .hasMessageContaining("max-wait");
  }
}
