package dev.backfill.report;

import dev.backfill.proof.Comparison;
import dev.backfill.proof.Judgement;
import dev.backfill.proof.ProofReport;
import dev.backfill.proof.Reading;
import dev.backfill.run.Outcome;
import dev.backfill.run.Rehearsed;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Runs, rehearsals and proofs as one JSON document. Fingerprints are 16 hex digits, because most
/// readers of JSON round numbers of that size.
public final class RunJson {
  private RunJson() {}

  public static String write(Outcome outcome) {
    var out = start();
    switch (outcome) {
      case Outcome.Done done -> {
        out.put("outcome", "done");
        out.put("figures", figures(done.figures()));
        out.put("proofs", done.proofs().stream().map(RunJson::proof).toList());
      }
      case Outcome.NotReady no -> {
        out.put("outcome", "not_ready");
        out.put("reasons", no.reasons());
        out.put("figures", figures(no.figures()));
        out.put("proofs", no.proofs().stream().map(RunJson::proof).toList());
      }
      case Outcome.ComeBackAt back -> {
        out.put("outcome", "come_back");
        out.put("at", back.at().toString());
        out.put("because", back.because());
      }
      case Outcome.Over over -> {
        out.put("outcome", "over");
        out.put("because", over.because());
      }
      case Outcome.Planned planned -> {
        out.put("outcome", "planned");
        out.put("intents", planned.intents().stream().map(RunJson::intent).toList());
      }
    }
    return Json.pretty(out);
  }

  public static String write(Rehearsed rehearsed) {
    var out = start();
    out.put("outcome", rehearsed.counts() ? "rehearsed" : "not_ready");
    out.put("branch", rehearsed.branch());
    out.put("branchId", rehearsed.branchId());
    out.put("reasons", rehearsed.reasons());
    out.put(
        "targets",
        rehearsed.targets().stream()
            .map(t -> {
              var target = new LinkedHashMap<String, Object>();
              target.put("target", t.target());
              target.put("figures", figures(t.figures()));
              target.put("injected", t.injected());
              target.put("arrived", t.arrived());
              target.put("mark", t.mark());
              t.proof().ifPresent(p -> target.put("proof", proof(p)));
              var forecast = new LinkedHashMap<String, Object>();
              forecast.put("rows", t.forecast().rows());
              forecast.put("chunks", t.forecast().chunks());
              t.forecast()
                  .duration()
                  .ifPresent(measured -> forecast.put("duration", measured.toString()));
              target.put("forecast", forecast);
              return target;
            })
            .toList());
    return Json.pretty(out);
  }

  public static String write(List<ProofReport> proofs) {
    var out = start();
    out.put("outcome", "proof");
    out.put(
        "judgement",
        Judgement.worst(proofs.stream().map(ProofReport::judgement).toList()).toString());
    out.put("proofs", proofs.stream().map(RunJson::proof).toList());
    return Json.pretty(out);
  }

  /// The one line with which `local` says that it is ready.
  public static String local(String url, String token, String workspace) {
    return Json.canonical(Map.of("url", url, "token", token, "workspace", workspace));
  }

  private static Map<String, Object> start() {
    var out = new LinkedHashMap<String, Object>();
    out.put("schemaVersion", CoreJson.SCHEMA_VERSION);
    return out;
  }

  private static List<Map<String, Object>> figures(List<Outcome.Figures> figures) {
    return figures.stream().map(RunJson::figures).toList();
  }

  private static Map<String, Object> figures(Outcome.Figures figures) {
    var out = new LinkedHashMap<String, Object>();
    out.put("target", figures.target());
    out.put("chunks", figures.chunks());
    out.put("jobs", figures.jobs());
    out.put("copied", figures.copied());
    out.put("swept", figures.swept());
    out.put("copying", figures.copying().toString());
    out.put("rowsPerSecond", Math.round(figures.rowsPerSecond()));
    return out;
  }

  private static Map<String, Object> intent(Outcome.Intent intent) {
    var out = new LinkedHashMap<String, Object>();
    out.put("target", intent.target());
    intent.cutover().ifPresent(t -> out.put("cutover", t.toString()));
    out.put("chunks", intent.chunks());
    out.put("rows", intent.rows());
    out.put("ranges", intent.ranges());
    return out;
  }

  private static Map<String, Object> proof(ProofReport proof) {
    var out = new LinkedHashMap<String, Object>();
    out.put("source", proof.source());
    out.put("target", proof.target());
    out.put("judgement", proof.judgement().toString());
    proof.cutover().ifPresent(t -> out.put("cutover", t.toString()));
    proof.until().ifPresent(w -> out.put("until", w.toString()));
    out.put("asOf", proof.asOf().toString());
    out.put("missing", proof.missing());
    out.put("surplus", proof.surplus());
    out.put("comparisons", proof.comparisons().stream().map(RunJson::comparison).toList());
    return out;
  }

  private static Map<String, Object> comparison(Comparison comparison) {
    var out = new LinkedHashMap<String, Object>();
    out.put("expectedFrom", comparison.expected());
    out.put("actual", comparison.actual());
    out.put("how", comparison.how());
    out.put("judgement", comparison.judgement().toString());
    out.put("because", comparison.because());
    out.put("expectedTotal", reading(comparison.expectedTotal()));
    out.put("actualTotal", reading(comparison.actualTotal()));
    out.put("missing", comparison.missing());
    out.put("surplus", comparison.surplus());
    out.put("accepted", comparison.accepted());
    out.put("readings", comparison.readings());
    out.put(
        "figures",
        comparison.figures().stream()
            .map(f -> {
              var figure = new LinkedHashMap<String, Object>();
              figure.put("part", f.part());
              figure.put("partition", f.partition());
              figure.put("expected", reading(f.expected()));
              figure.put("actual", reading(f.actual()));
              return figure;
            })
            .toList());
    out.put(
        "examples",
        comparison.examples().stream()
            .map(e -> {
              var example = new LinkedHashMap<String, Object>();
              example.put("missing", e.missing());
              example.put("times", e.times());
              example.put("row", e.row());
              return example;
            })
            .toList());
    return out;
  }

  private static Map<String, Object> reading(Reading reading) {
    var out = new LinkedHashMap<String, Object>();
    out.put("rows", reading.rows());
    out.put("hash", RunText.hash(reading.hash()));
    return out;
  }
}
