package dev.backfill.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.status.Next;
import dev.backfill.status.Status;
import dev.backfill.status.Step;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// `status` as terminals, comments and programs read it.
class StatusReportTest {
  private static final String HOSTILE = "x`\n| <img src=x> @everyone \u001b[31m #1";
  private static final Status STATUS =
      new Status(
          "main " + HOSTILE,
          false,
          Instant.parse("2026-06-01T12:00:00.123Z"),
          List.of(
              step("deploy", Step.Who.YOU, Step.State.DONE, Optional.empty()),
              step("run", Step.Who.WE, Step.State.NOW, Optional.of("backfill run --plan p")),
              step("readers", Step.Who.YOU, Step.State.STUCK, Optional.empty()),
              new Step(
                  "cleanup",
                  Step.Who.YOU,
                  Step.State.WAITS,
                  "remove `events`",
                  List.of(),
                  Optional.empty(),
                  Optional.of(Instant.parse("2026-06-08T12:00:00Z")))),
          new Next(Next.Change.SWITCH_READERS, List.of("not proven: " + HOSTILE)),
          List.of("the log " + HOSTILE));

  private static Step step(String id, Step.Who who, Step.State state, Optional<String> command) {
    return new Step(
        id, who, state, "do " + id, List.of("seen: " + HOSTILE), command, Optional.empty());
  }

  @Test
  void aTerminalShowsWhoseTurnItIs() {
    assertThat(StatusReport.text(STATUS, Style.PLAIN))
        .isEqualTo(Golden.read("status.txt", StatusReport.text(STATUS, Style.PLAIN)))
        .doesNotContain("\u001b");
  }

  @Test
  void aCommentShowsTheSameAndNothingBreaksOut() {
    var markdown = StatusReport.markdown(STATUS);

    assertThat(markdown)
        .isEqualTo(Golden.read("status.md", markdown))
        .doesNotContain("<img", "@everyone", "\u001b");
    assertThat(markdown.lines().filter(l -> l.startsWith("- ["))).hasSize(4);
  }

  @Test
  void programsReadStatesAndInstants() {
    var json = new tools.jackson.databind.json.JsonMapper().readTree(StatusReport.json(STATUS));

    assertThat(json.path("stuck").asBoolean()).isTrue();
    assertThat(json.at("/steps/1/state").asString()).isEqualTo("now");
    assertThat(json.at("/steps/1/by").asString()).isEqualTo("we");
    assertThat(json.at("/steps/3/until").asString()).isEqualTo("2026-06-08T12:00:00Z");
    assertThat(json.at("/next/change").asString()).isEqualTo("switch_readers");
    assertThat(json.at("/workspace").asString()).isEqualTo("main " + HOSTILE);
  }

  @Test
  void whatWasCleanedUpIsToldWithWhatIsLeftToAPerson() {
    var report =
        new CleanupReport(
            new Next(Next.Change.REMOVE_FEEDS, List.of()),
            STATUS,
            List.of("pipes/" + HOSTILE + ".pipe", "pipes/gone.pipe"),
            Set.of("pipes/gone.pipe"),
            List.of("by " + HOSTILE),
            List.of("seen " + HOSTILE),
            List.of("lease"));
    var refused =
        new CleanupReport(
            STATUS.next(), STATUS, List.of(), Set.of(), List.of(), List.of(), List.of());

    assertThat(report.text(Style.PLAIN))
        .startsWith("remove the sync and backfill Pipes\n")
        .contains(
            "  changed pipes/",
            "  removed pipes/gone.pipe",
            "  by hand: by ",
            "  note: seen ",
            "  removed from the workspace lease")
        .doesNotContain("\u001b");
    assertThat(report.markdown()).doesNotContain("<img", "@everyone", "\u001b");
    assertThat(refused.text(Style.PLAIN)).startsWith("not yet: switch the readers");
    assertThat(
            new tools.jackson.databind.json.JsonMapper()
                .readTree(refused.json())
                .path("allowed")
                .asBoolean())
        .isFalse();
  }
}
