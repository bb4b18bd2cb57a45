package dev.backfill.survey;

import dev.backfill.plan.Migration;
import dev.backfill.plan.Scenario;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Where the figures speak against what a plan chose. A plan itself rests on files and settings
/// alone, so that the same commit gives the same plan tomorrow, and without a token: whoever reads
/// an objection answers it in `backfill.yml`. Until then it is an error that stops `generate` and
/// readiness; what the settings say or accept is only noted.
public final class Objections {
  /// The code of an objection to the way that was chosen.
  public static final String CODE = "evidence_disagrees";

  /// A share of rows without a usable timestamp that is more than an accident.
  private static final double MANY = 0.01;

  private Objections() {}

  /// @param settled whether backfill.yml names the scenario, or accepts what speaks against it
  /// @param accepted codes that it accepts
  public static List<Problem> of(
      Migration migration, Survey survey, Place place, boolean settled, Set<String> accepted) {
    var out = new ArrayList<Problem>();
    survey
        .ties()
        .filter(t -> t.keys() > 0)
        .ifPresent(
            t -> out.add(ties(survey.source(), t, place, accepted.contains("version_ties"))));
    against(migration, survey)
        .forEach((message, instead) ->
            out.add(
                settled
                    ? Problem.note("evidence_disagrees", place, message, "")
                    : Problem.error(
                        "evidence_disagrees", place, message, advice(survey.source(), instead))));
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

  private static Problem ties(String source, Survey.Ties t, Place place, boolean accepted) {
    var message =
        "%,d keys%s of %s have several newest rows by `%s` that differ, so which one stays depends on the order of insertion, and a copy has another."
            .formatted(
                t.keys(), t.part().isEmpty() ? "" : " (" + t.part() + ")", source, t.version());
    return accepted
        ? Problem.note("version_ties", place, message, "")
        : Problem.error(
            "version_ties",
            place,
            message,
            "Give the new version an ENGINE_VER that grows whenever a row is written anew. Or write `datasources: {%s: {accept: [version_ties]}}` into backfill.yml if either row is right; the proof names keys that differ then."
                .formatted(source));
  }

  /// What speaks against the choice, with the scenarios that suit the figures.
  private static Map<String, String> against(Migration migration, Survey survey) {
    var out = new LinkedHashMap<String, String>();
    var source = survey.source();
    var scenario = migration.scenario();
    if (scenario == Scenario.STREAMING_TIMESTAMP) {
      survey
          .times()
          .ifPresent(t ->
              t.odd()
                  .filter(o -> o.share() > MANY)
                  .ifPresent(o ->
                      out.put(
                          "%.1f %% of the rows of %s have no timestamp in `%s` or one at the epoch or in the future; those that arrive later are only brought by another `run`."
                              .formatted(o.share() * 100, source, t.column()),
                          "delta")));
      survey
          .lateness()
          .filter(l -> l.rows() > 0 && l.beyond() > l.rows() * MANY)
          .ifPresent(l ->
              out.put(
                  "%,d of %,d rows of %s arrived later than max-lateness allows."
                      .formatted(l.beyond(), l.rows(), source),
                  "delta"));
    }
    if (scenario == Scenario.STREAMING_TIMESTAMP
        || scenario == Scenario.DELTA
        || scenario == Scenario.MOVE_INGESTION) {
      survey
          .replaced()
          .filter(r -> r.times() > 1 && !survey.streams())
          .ifPresent(r ->
              out.put(
                  "%s was replaced %,d times and nobody streams into it: a replace reaches neither the sync nor the copies."
                      .formatted(source, r.times()),
                  "full_replacement"));
    }
    if (scenario == Scenario.NOT_PRODUCTION && survey.rows().filter(n -> n > 0).isPresent()) {
      out.put(
          "%s is said not to be in production and holds %,d rows, which nothing copies."
              .formatted(source, survey.rows().orElse(0L)),
          "delta");
    }
    if (scenario == Scenario.POPULATE && survey.streams()) {
      out.put(
          "somebody streams into %s: rows that arrive while deploy.sh populates may come twice, so the producers have to rest then."
              .formatted(source),
          "delta");
    }
    if ((scenario == Scenario.FULL_REPLACEMENT || scenario == Scenario.RELOAD)
        && survey.streams()) {
      out.put(
          "somebody streams into %s, so the next load doesn't bring all of its rows."
              .formatted(source),
          "delta");
    }
    return out;
  }

  private static String advice(String source, String instead) {
    return "Write `datasources: {%s: {scenario: %s}}` into backfill.yml, or `datasources: {%s: {accept: [%s]}}` if the figures are harmless; until then nothing is generated and nothing is ready."
        .formatted(source, instead, source, CODE);
  }
}
