package dev.backfill.survey;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.config.SettingsReader;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import dev.backfill.survey.Survey.Feeder;
import dev.backfill.survey.Survey.Lateness;
import dev.backfill.survey.Survey.Odd;
import dev.backfill.survey.Survey.Replaced;
import dev.backfill.survey.Survey.Times;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which figures speak against which scenario, and what they say to do.
class ObjectionsTest {
  private static final Instant AT = Instant.parse("2026-06-01T12:00:00Z");
  private static final String EVENTS =
      """
      SCHEMA >
          `ts` DateTime `json:$.ts`,
          `id` UInt64 `json:$.id`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "id"
      """;

  @ParameterizedTest
  @CsvSource({
    // chosen, what was measured, the scenario that is offered instead
    "streaming_timestamp, clean,",
    "streaming_timestamp, undated, delta",
    "streaming_timestamp, late, delta",
    "streaming_timestamp, replaced, full_replacement",
    "streaming_timestamp, streamed and replaced,",
    "delta, clean,",
    "delta, undated,",
    "delta, replaced, full_replacement",
    "move_ingestion, replaced, full_replacement",
    "full_replacement, replaced,",
    "full_replacement, clean, delta",
    "reload, clean, delta",
    "populate, clean, delta",
    "populate, replaced,",
    "not_production, clean, delta",
  })
  void figuresSpeakAgainstAChoice(String scenario, String figures, String instead) {
    var problems =
        Objections.of(
            migration(scenario), survey(figures), Place.of("x"), /* settled= */ false, Set.of());

    assertThat(problems).hasSize(instead == null ? 0 : 1);
    assertThat(problems)
        .allSatisfy(p -> {
          assertThat(p.code()).isEqualTo("evidence_disagrees");
          assertThat(p.severity()).isEqualTo(Severity.ERROR);
          assertThat(p.advice())
              .contains(
                  "`datasources: {events: {scenario: " + instead + "}}`",
                  "`datasources: {events: {accept: [evidence_disagrees]}}`");
        });
  }

  @Test
  void theLinesThatAreNamedAreOnesThatTheSettingsTake() {
    for (var line :
        List.of(
            "datasources: {events: {scenario: delta}}",
            "datasources: {events: {scenario: full_replacement}}",
            "datasources: {events: {accept: [evidence_disagrees]}}")) {
      assertThat(SettingsReader.read("backfill.yml", line + "\n").problems()).as(line).isEmpty();
    }
  }

  @Test
  void whatTheSettingsSayIsOnlyNoted() {
    var problems =
        Objections.of(
            migration("not_production"),
            survey("clean"),
            Place.of("x"),
            /* settled= */ true,
            Set.of());

    assertThat(problems).extracting(Problem::severity).containsExactly(Severity.NOTE);
  }

  private static Migration migration(String scenario) {
    var settings =
        SettingsReader.read(
                "backfill.yml", "datasources:\n  events:\n    scenario: " + scenario + "\n")
            .settings();
    var of = PlanRequest.of(project(EVENTS), project(EVENTS.replace("\"id\"", "\"id, ts\"")));
    return Planner.plan(
            new PlanRequest(
                of.base(),
                of.head(),
                of.renames(),
                settings,
                of.lead(),
                of.pinnedCutover(),
                of.committed(),
                of.takenNames(),
                of.workspace(),
                of.deployVersions()))
        .core()
        .direct()
        .getFirst();
  }

  private static Project project(String text) {
    return ProjectReader.read(new TreeMap<>(Map.of("datasources/events.datasource", text)));
  }

  private static Survey survey(String figures) {
    var replaced = figures.contains("replaced");
    var streamed = !figures.equals("replaced");
    return new Survey(
        "events",
        true,
        /* branch= */ false,
        Optional.of(1000L),
        0,
        Optional.of(
            new Times(
                "ts",
                "",
                Optional.of(AT),
                Optional.of(AT),
                Optional.of(new Odd(1000, figures.equals("undated") ? 30 : 1, 2, 1)))),
        Optional.of(
            new Lateness(
                "arrived",
                1000,
                Duration.ofSeconds(1),
                Duration.ofSeconds(2),
                Duration.ofDays(2),
                figures.equals("late") ? 11 : 9)),
        Optional.of(streamed ? List.of(new Feeder("append-hfi", "", 10, 1000, AT, AT)) : List.of()),
        replaced
            ? Optional.of(new Replaced(5, AT, Optional.of(Duration.ofHours(4))))
            : Optional.empty(),
        List.of(),
        List.of(),
        Optional.empty(),
        List.of());
  }
}
