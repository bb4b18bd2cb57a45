package dev.backfill.report;

import dev.backfill.change.Impact;
import dev.backfill.change.JudgedChange;
import dev.backfill.change.Verdict;
import dev.backfill.plan.Feed;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Scenario;
import dev.backfill.problem.Place;
import dev.backfill.proof.Comparison;
import dev.backfill.proof.ProofReport;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The sentences that text and markdown share.
final class Words {
  private Words() {}

  static String verdict(Verdict verdict) {
    return switch (verdict) {
      case NONE -> "nothing to migrate";
      case IN_PLACE -> "in place";
      case CLEANUP -> "clean-up";
      case ALREADY_VERSIONED -> "already versioned";
      case VERSION -> "a new version is needed";
      case REFUSE -> "refused";
    };
  }

  /// What the verdict means for this plan, one sentence with names between backticks.
  static String meaning(PlanReport report) {
    var core = report.plan().core();
    return switch (report.plan().verdict()) {
      case NONE -> "No Data Source changes in a way that concerns its data.";
      case IN_PLACE -> "Tinybird alters the live Data Sources; the data stays where it is.";
      case CLEANUP -> "Only leftovers of a finished migration go away.";
      case ALREADY_VERSIONED -> "The old and the new version exist side by side already.";
      case VERSION -> {
        var direct = core.direct().stream().map(m -> "`" + m.source() + "`").toList();
        var cascades = core.migrations().size() - direct.size();
        var named = direct.isEmpty() ? sources(core) : direct;
        yield String.join(", ", named)
            + (named.size() == 1 ? " gets" : " get")
            + " a new version, and the data follows"
            + switch (cascades) {
              case 0 -> ".";
              case 1 -> "; 1 target of a Materialized View follows with it.";
              default -> "; " + cascades + " targets of Materialized Views follow with it.";
            };
      }
      case REFUSE -> "Deploying this would lose or double data, stop production or fail half-way.";
    };
  }

  /// What keeps `generate` from writing: `file:line (code)` of the first, and how many more; empty
  /// where nothing does.
  static Optional<String> stops(Plan plan) {
    var all = new ArrayList<String>();
    plan.obstacles()
        .forEach(p ->
            all.add(p.place().file().isEmpty() ? p.code() : at(p.place()) + " (" + p.code() + ")"));
    if (plan.verdict() == Verdict.REFUSE) {
      plan.changes().stream()
          .filter(c -> c.impact() == Impact.REFUSE)
          .forEach(c ->
              all.add(
                  at(new Place(c.file(), c.line(), 0))
                      + " ("
                      + kind(c.kind())
                      + " of "
                      + c.resource()
                      + ")"));
    }
    return all.isEmpty()
        ? Optional.empty()
        : Optional.of(
            all.getFirst() + (all.size() == 1 ? "" : " and " + (all.size() - 1) + " more"));
  }

  private static String at(Place place) {
    return place.line() == 0 ? place.file() : place.file() + ":" + place.line();
  }

  private static List<String> sources(PlanCore core) {
    return core.migrations().stream().map(m -> "`" + m.source() + "`").toList();
  }

  /// What a deployment does about a change by itself, with how surely that is known; nothing for
  /// changes that it handles as everybody expects.
  static Optional<String> byItself(JudgedChange change) {
    var notable =
        change.impact() == Impact.VERSION
            || change.impact() == Impact.REFUSE
            || change.destructive();
    return change
        .platform()
        .filter(_ -> notable)
        .map(p ->
            p.does()
                + switch (p.known()) {
                  case CLIENT, DOCUMENTED, SEEN -> "";
                  case INFERRED -> " (Inferred, not seen.)";
                  case UNKNOWN -> " (Not known.)";
                });
  }

  static String kind(String wire) {
    return wire.replace('_', ' ');
  }

  static String scenario(Scenario scenario) {
    return switch (scenario) {
      case NOT_PRODUCTION -> "not in production";
      case FULL_REPLACEMENT -> "replaced as a whole";
      case STREAMING_TIMESTAMP -> "streaming with a timestamp";
      case POPULATE -> "populate";
      case DELTA -> "delta copies";
      case MOVE_INGESTION -> "move ingestion first";
      case RELOAD -> "reload";
      case KAFKA_TWIN -> "Kafka twin";
    };
  }

  /// How rows get into a new version from now on, in a cell of a table.
  static String liveWay(Migration m) {
    return switch (m.liveFeed().kind()) {
      case SYNC -> m.timestamp().isPresent() ? "synced, from T on" : "synced";
      case FORK -> "its view's fork";
      case PRODUCERS -> "its producers write there";
      case NONE -> "nothing";
    };
  }

  /// How the rows so far get there.
  static String historyWay(Migration m) {
    var before = m.timestamp().isPresent() ? ", before T" : "";
    return switch (m.historyFeed().kind()) {
      case COPY -> "copied" + before;
      case FORK -> "the fork, as its trigger is filled";
      case SEAM -> "old buckets from the old version" + before;
      case REPLAY -> "its query over `" + m.trigger() + "`" + before;
      case POPULATE -> "populated";
      case NONE -> "nothing";
    };
  }

  /// What T is, one sentence; nothing where no migration has one.
  static Optional<String> cutover(PlanCore core) {
    var columns =
        core.migrations().stream()
            .filter(m -> m.liveFeed().kind() != Feed.Live.Kind.FORK)
            .flatMap(m -> m.timestamp().stream())
            .map(t -> "`" + t.column() + "`")
            .distinct()
            .toList();
    return columns.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "T, the cutover, is the instant in "
                + String.join(", ", columns)
                + " where the sync takes over from the copy: "
                + core.cutover()
                    .pinned()
                    .map(Object::toString)
                    .orElse(
                        "`deploy.sh` sets it to "
                            + duration(core.cutover().lead())
                            + " after the deploy")
                + ".");
  }

  static String live(Migration m) {
    return feed(m.liveFeed().kind().toString(), m.liveFeed().pipe());
  }

  static String history(Migration m) {
    return feed(m.historyFeed().kind().toString(), m.historyFeed().pipe());
  }

  private static String feed(String kind, String pipe) {
    return pipe.isEmpty() ? kind : kind + " `" + pipe + "`";
  }

  static String cutover(Migration m, PlanCore core) {
    if (m.liveFeed().kind() == Feed.Live.Kind.FORK) {
      return "with `" + m.trigger() + "`";
    }
    return m.timestamp()
        .map(t ->
            core.cutover()
                .pinned()
                .map(at -> "`" + t.column() + "` at " + at)
                .orElse(
                    "`" + t.column() + "`, bound at deploy + " + duration(core.cutover().lead())))
        .orElse("");
  }

  /// What stays true after a run: the sync knows rows from the cutover on only.
  static String later(List<ProofReport> proofs) {
    return proofs.stream().anyMatch(p -> p.until().isPresent())
        ? LATER
        : "What is next, and whose turn it is: backfill status.";
  }

  private static final String LATER =
      "Rows with timestamps before T that arrive from now on are copied by the next run: run it"
          + " again after the producers are switched.";

  /// What to do when no run can do anything any more.
  static final String PAST =
      "The migration is past its runs: backfill status says what is left of it, if anything is.";

  /// What helps where a plan's proof isn't one; empty where nothing general can be said.
  ///
  /// @param run the command that copies what is missing; empty where the proofs aren't a plan's
  static Optional<String> cure(List<ProofReport> proofs, Optional<String> run) {
    var planned = run.isPresent() || proofs.stream().allMatch(p -> p.cutover().isPresent());
    var direct =
        proofs.stream()
            .flatMap(p -> p.comparisons().stream().filter(c -> c.actual().equals(p.target())))
            .toList();
    var missing = direct.stream().mapToLong(Comparison::missing).sum();
    var surplus = direct.stream().mapToLong(Comparison::surplus).sum();
    if (!planned || (missing == 0 && surplus == 0)) {
      return Optional.empty();
    }
    return Optional.of(
        surplus == 0
            ? "Rows are missing and none is too many, as after rows that came late: "
                + run.orElse("backfill run")
                + " copies what is missing."
            : "Rows are only in the new version. If its producers sent them: --confirm"
                + " producers_moving. If they were deleted from the old one: repeat that on the new"
                + " one. Else they are there twice. "
                + run.orElse("backfill run")
                + " looks into the workspace's log for which it is.");
  }

  /// An instant as people read it.
  static Instant second(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS);
  }

  /// What happens to the author's edit: nobody would guess that their file is put back. One
  /// sentence per source with names between backticks; none when it has happened.
  static List<String> moves(PlanReport report) {
    var out = new ArrayList<String>();
    for (var m : report.plan().core().direct()) {
      for (var file : report.files()) {
        if (file.status() == PlanReport.Presence.STALE
            && file.path().endsWith("/" + m.source() + ".datasource")) {
          out.add(
              "`backfill generate` moves the change of `%s` into `%s` and puts `%s` back as it is deployed."
                  .formatted(m.source(), m.target(), file.path()));
        }
      }
    }
    return out;
  }

  /// `1 h 30 min`.
  static String duration(Duration duration) {
    var out = new StringBuilder();
    unit(out, duration.toDays(), "d");
    unit(out, duration.toHoursPart(), "h");
    unit(out, duration.toMinutesPart(), "min");
    if (duration.toMillisPart() > 0) {
      var seconds = duration.toSecondsPart() + duration.toMillisPart() / 1000.0;
      out.append(out.isEmpty() ? "" : " ").append(String.format(Locale.ROOT, "%.1f s", seconds));
    } else {
      unit(out, duration.toSecondsPart(), "s");
    }
    return out.isEmpty() ? "0 s" : out.toString();
  }

  private static void unit(StringBuilder out, long amount, String unit) {
    if (amount > 0) {
      out.append(out.isEmpty() ? "" : " ").append(amount).append(' ').append(unit);
    }
  }

  /// `1,234,567`.
  static String number(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }
}
