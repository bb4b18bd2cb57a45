package dev.backfill.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.proof.Comparison;
import dev.backfill.proof.Judgement;
import dev.backfill.proof.ProofReport;
import dev.backfill.proof.Reading;
import dev.backfill.run.Outcome;
import dev.backfill.run.Rehearsed;
import dev.backfill.run.RunEvent;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class RunReportsTest {
  private static final Instant T = Instant.parse("2026-06-01T12:00:00Z");

  @Test
  void aDoneRunShowsItsFiguresAndProof() {
    var done = new Outcome.Done(List.of(figures()), List.of(proof(Judgement.CONTAINED, "{}")));

    var text = RunText.write(done, Style.PLAIN);

    assertThat(text)
        .startsWith("done: every target holds its source.")
        .contains("2,000", "100", "0000000000000abc", "holds")
        .contains("T = 2026-06-01T12:00:00Z");
    assertThat(RunMarkdown.write(done)).contains("`0000000000000abc`", "| 2,000 |", "**holds**");
    var json = new JsonMapper().readTree(RunJson.write(done));
    assertThat(json.path("outcome").asString()).isEqualTo("done");
    assertThat(json.at("/figures/0/copied").asLong()).isEqualTo(2_000);
    assertThat(json.at("/proofs/0/comparisons/0/expectedTotal/hash").asString())
        .isEqualTo("0000000000000abc");
    assertThat(json.at("/proofs/0/judgement").asString()).isEqualTo("contained");
  }

  @Test
  void aDifferenceIsNeverCalledReady() {
    var no =
        new Outcome.NotReady(
            List.of("rows are missing"),
            List.of(figures()),
            List.of(proof(Judgement.DIFFERS, "{\"a\":1}")));

    assertThat(RunText.write(no, Style.PLAIN))
        .startsWith("not ready:\n  - rows are missing")
        .contains("differs", "missing 3 x {\"a\":1}")
        .doesNotContain("done");
    assertThat(RunMarkdown.write(no)).startsWith("### Backfill: not ready").contains("**differs**");
    assertThat(RunJson.write(no)).contains("\"outcome\": \"not_ready\"");
    assertThat(RunText.write(no.proofs(), Style.PLAIN)).startsWith("not proven: rows differ");
    assertThat(RunMarkdown.write(no.proofs())).startsWith("### Backfill: not proven");
  }

  @Test
  void rowsThatAreOnlyMissingNameTheRunThatBringsThem() {
    var proofs = List.of(proof(Judgement.DIFFERS, "{}"));

    assertThat(RunText.write(proofs, Style.PLAIN)).contains("backfill run copies what is missing");
    assertThat(RunMarkdown.write(proofs)).contains("backfill run copies what is missing");
    assertThat(RunText.write(List.of(proof(Judgement.CONTAINED, "{}")), Style.PLAIN))
        .doesNotContain("backfill run");
  }

  @Test
  void aWaitOfNobodyInParticularHasNoEmptyNameAndNoNanoseconds() {
    var since = T.plusNanos(123_456_789);

    assertThat(RunText.event(new RunEvent.Waiting("", "down", since, Optional.of(since))))
        .isEqualTo("waiting since 2026-06-01T12:00:00Z, until 2026-06-01T12:00:00Z: down");
  }

  @Test
  void unsettledIsNotProven() {
    var proofs = List.of(proof(Judgement.CONTAINED, "{}"), proof(Judgement.UNSETTLED, "{}"));

    assertThat(RunText.write(proofs, Style.PLAIN)).startsWith("not proven: rows kept moving");
    assertThat(RunJson.write(proofs)).contains("\"judgement\": \"unsettled\"");
  }

  @Test
  void comingBackNamesTheInstant() {
    var back = new Outcome.ComeBackAt(T, "T is still to come");

    assertThat(RunText.write(back, Style.PLAIN))
        .isEqualTo("nothing to do before 2026-06-01T12:00:00Z: T is still to come\n");
    assertThat(RunJson.write(back)).contains("\"at\": \"2026-06-01T12:00:00Z\"");
  }

  @Test
  void aRehearsalThatDoesNotCountSaysWhy() {
    var target =
        new Rehearsed.Target(
            "events_1",
            figures(),
            3,
            "after T",
            2,
            Optional.empty(),
            new Rehearsed.Forecast(5_000_000, 12, Optional.of(Duration.ofSeconds(90))));
    var rehearsed =
        new Rehearsed("tmp_ci__1", "id", List.of(target), false, List.of("1 row is missing"));

    assertThat(RunText.write(rehearsed, Style.PLAIN))
        .startsWith("this rehearsal doesn't count in branch tmp_ci__1\n  - 1 row is missing")
        .contains("5,000,000", "1 min 30 s");
    assertThat(RunJson.write(rehearsed))
        .contains("\"outcome\": \"not_ready\"", "\"duration\": \"PT1M30S\"");
    assertThat(RunMarkdown.write(rehearsed)).contains("1 row is missing", "1 min 30 s");
  }

  @ParameterizedTest
  @ValueSource(strings = {"<img src=x>", "a|b", "`x` @octocat", "``` \n# h", "\u001b[2J"})
  void rowsOfTheDataAreHarmless(String row) {
    var markdown = RunMarkdown.write(List.of(proof(Judgement.DIFFERS, row)));

    var outside = markdown.replaceAll("(?ms)^(`{3,})\\n.*?^\\1$", "");
    assertThat(outside).doesNotContain("<img", "@octocat").doesNotContain("\n# h");
    assertThat(RunText.write(List.of(proof(Judgement.DIFFERS, row)), Style.PLAIN))
        .doesNotContain("\u001b", "\n# h");
  }

  @Test
  void everyEventIsOneHarmlessLine() {
    var text = "x\n\u001b[2J";
    var events =
        List.of(
            new RunEvent.Started(text, text, java.util.Optional.of(T)),
            new RunEvent.Waiting(text, text, T, Optional.of(T)),
            new RunEvent.Chunked(text, 2, 1, 10),
            new RunEvent.JobRunning(text, text, text, text, false, Duration.ofMillis(1_500)),
            new RunEvent.Copied(text, text, 5, Duration.ofSeconds(1), 5, 10),
            new RunEvent.Split(text, text, text),
            new RunEvent.Swept(text, text, 1),
            new RunEvent.Proving(text, text),
            new RunEvent.Compared(text, proof(Judgement.DIFFERS, text).comparisons().getFirst()),
            new RunEvent.Note(text, text));

    assertThat(events.stream().map(Object::getClass).distinct().count())
        .isEqualTo(RunEvent.class.getPermittedSubclasses().length);
    assertThat(events)
        .allSatisfy(e -> assertThat(RunText.event(e)).doesNotContain("\n", "\u001b").isNotBlank());
    assertThat(RunText.event(events.get(4))).contains("5 of 10 (50 %)", "1 s");
  }

  private static Outcome.Figures figures() {
    return new Outcome.Figures("events_1", 2, 3, 2_000, 7, Duration.ofSeconds(20));
  }

  private static ProofReport proof(Judgement judgement, String row) {
    var reading = new Reading(2_000, new BigInteger("abc", 16));
    var comparison =
        new Comparison(
            "events",
            "events_1",
            "rows",
            List.of(new Comparison.Figure("history", "202606", reading, reading)),
            judgement == Judgement.DIFFERS ? 3 : 0,
            0,
            judgement == Judgement.DIFFERS
                ? List.of(new Comparison.Example(true, 3, row))
                : List.of(),
            1,
            judgement,
            "because");
    return new ProofReport(
        "events", "events_1", Optional.of(T), Optional.of(T), T, List.of(comparison));
  }
}
