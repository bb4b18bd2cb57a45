package dev.backfill.survey;

import dev.backfill.plan.Migration;
import dev.backfill.plan.Scenario;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import java.util.ArrayList;
import java.util.List;

/// Where the figures speak against what a plan chose. A plan itself rests on files and settings
/// alone, so that the same commit gives the same plan tomorrow: who reads an objection answers it
/// in `backfill.yml`.
public final class Objections {
  /// A share of rows without a usable timestamp that is more than an accident.
  private static final double MANY = 0.01;

  private Objections() {}

  public static List<Problem> of(Migration migration, Survey survey, Place place) {
    var out = new ArrayList<Problem>();
    if (migration.scenario() == Scenario.STREAMING_TIMESTAMP) {
      survey
          .times()
          .filter(t -> t.share() > MANY)
          .ifPresent(t ->
              out.add(
                  disagree(
                      place,
                      "%.1f %% of the rows of %s have no timestamp in `%s` or one at the epoch or in the future; those that arrive later are only brought by another `run`."
                          .formatted(t.share() * 100, survey.source(), t.column()),
                      "Set scenario: delta for it, or clean what the producers send.")));
      survey
          .lateness()
          .filter(l -> l.rows() > 0 && l.beyond() > l.rows() * MANY)
          .ifPresent(l ->
              out.add(
                  disagree(
                      place,
                      "%,d of %,d rows of %s arrived later than max-lateness allows."
                          .formatted(l.beyond(), l.rows(), survey.source()),
                      "Set scenario: delta for it, or a longer max-lateness.")));
      survey
          .replaced()
          .filter(r -> r.times() > 1 && !survey.streams())
          .ifPresent(r ->
              out.add(
                  disagree(
                      place,
                      "%s was replaced %,d times and nobody streams into it: a replace reaches neither the sync nor the copies."
                          .formatted(survey.source(), r.times()),
                      "Set scenario: full_replacement or reload for it.")));
    }
    if (migration.scenario() == Scenario.NOT_PRODUCTION
        && survey.rows().filter(n -> n > 0).isPresent()) {
      out.add(
          disagree(
              place,
              "%s is said not to be in production and holds %,d rows, which nothing copies."
                  .formatted(survey.source(), survey.rows().orElse(0L)),
              "Take the scenario out of backfill.yml unless they may be lost."));
    }
    if ((migration.scenario() == Scenario.FULL_REPLACEMENT
            || migration.scenario() == Scenario.RELOAD)
        && survey.streams()) {
      out.add(
          disagree(
              place,
              "somebody streams into %s, so the next load doesn't bring all of its rows."
                  .formatted(survey.source()),
              "Set scenario: delta or streaming_timestamp for it."));
    }
    if (!survey.unknownPipes().isEmpty()) {
      out.add(
          Problem.warning(
              "live_pipe_unknown",
              place,
              String.join(", ", survey.unknownPipes())
                  + " uses "
                  + survey.source()
                  + " in the workspace and isn't in this project, so nothing is planned for it.",
              "Add it to the project, remove it, or move it by hand before the old version goes."));
    }
    survey.conversions().stream()
        .filter(c -> c.changed() > 0)
        .forEach(c ->
            out.add(
                Problem.warning(
                    "values_change",
                    place,
                    "`%s` as %s changes the value of %,d of %,d rows of %s."
                        .formatted(c.column(), c.to(), c.changed(), c.rows(), survey.source()),
                    "Give a projection for it in backfill.yml if that isn't meant.")));
    return out;
  }

  private static Problem disagree(Place place, String message, String advice) {
    return Problem.warning("evidence_disagrees", place, message, advice);
  }
}
