package dev.backfill.change;

import static dev.backfill.change.ChangeText.list;
import static dev.backfill.change.Ruling.alreadyVersioned;
import static dev.backfill.change.Ruling.cleanup;
import static dev.backfill.change.Ruling.none;
import static dev.backfill.change.Ruling.refuse;
import static dev.backfill.change.Ruling.version;

import dev.backfill.config.Settings;
import dev.backfill.problem.Problem;
import dev.backfill.project.Column;
import dev.backfill.project.Column.DefaultKind;
import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// What a change to a Pipe asks for.
final class PipeRules {
  private final Sides sides;
  private final Flow base;
  private final Flow head;
  private final Settings settings;
  private final List<Pair> pairsBefore;
  private final List<Pair> pairsAfter;
  private final Feeds feedsBefore;
  private final Feeds feedsAfter;
  private final Map<String, Set<String>> otherRows = new HashMap<>();

  PipeRules(Sides sides) {
    this.sides = sides;
    base = sides.base;
    head = sides.head;
    settings = sides.settings;
    pairsBefore = sides.pairsBefore;
    pairsAfter = sides.pairsAfter;
    feedsBefore = sides.feedsBefore;
    feedsAfter = sides.feedsAfter;
  }

  Ruling pipeAdded(Pipe after) {
    var node = after.writingNode();
    var pair = pairsAfter.stream().filter(p -> p.pipe().equals(after.name())).findFirst();
    if (pair.isPresent() && pair.get().release()) {
      sides.warn(
          Problem.warning(
              "release_gone",
              after.place(),
              after.name()
                  + " reads through a Release, which the platform no longer has; pushing it fails.",
              "Remove it."));
      return none("It names no Data Source of the workspace, so it moves no rows.");
    }
    var twice = twice(after);
    if (twice.isPresent()) {
      return twice.get();
    }
    if (pair.isPresent()) {
      return alreadyVersioned(
          after.name()
              + " writes "
              + pair.get().target()
              + " from "
              + pair.get().source()
              + ": their migration is written by hand.");
    }
    var unknown = notInTarget(after);
    if (!unknown.isEmpty()) {
      return refuseColumns(after, unknown);
    }
    if (feedsAfter.isHistory(after.name())) {
      return alreadyVersioned(
          after.name()
              + " brings the rows before an instant, beside a view that brings the others: their"
              + " migration is written by hand.");
    }
    if (node.isPresent() && node.get().kind() == Node.Kind.MATERIALIZED) {
      var target = node.get().target().orElse("");
      var others = base.materializing(target);
      if (!others.isEmpty()
          && others.stream()
              .anyMatch(o ->
                  base.origin(o)
                      .map(Flow.Origin::table)
                      .equals(head.origin(after).map(Flow.Origin::table)))) {
        sides.warn(
            Problem.warning(
                "second_feed",
                after.place(),
                after.name()
                    + " fills "
                    + target
                    + " from the same rows as "
                    + list(others.stream().map(Pipe::name).toList())
                    + "; rows that both select count twice.",
                ""));
      }
    }
    return none("A new Pipe holds no rows.");
  }

  /// A refusal of a view that brings the rows of another once more.
  private Optional<Ruling> twice(Pipe view) {
    if (!view.is(Node.Kind.MATERIALIZED)) {
      return Optional.empty();
    }
    var other = feedsAfter.doubling(view);
    var before = base.project().pipe(view.name()).flatMap(feedsBefore::doubling);
    return other.isEmpty() || before.isPresent()
        ? Optional.empty()
        : Optional.of(
            refuse(
                view.name()
                    + " and "
                    + other.get().name()
                    + " bring the same rows to "
                    + view.writingNode().flatMap(Node::target).orElse("")
                    + ", so each would be there twice; keep one, or give them ranges that don't"
                    + " meet."));
  }

  Ruling pipeRemoved(Pipe before) {
    var name = before.name();
    if (pairsBefore.stream().anyMatch(p -> p.pipe().equals(name)) || feedsBefore.isHistory(name)) {
      return cleanup(false, name + " belongs to a migration that is over.");
    }
    var users = head.readers(name).stream().map(Pipe::name).toList();
    if (!users.isEmpty()) {
      return refuse(name + " is removed while " + list(users) + " still reads it.");
    }
    var target =
        before.writingNode().filter(n -> n.kind() == Node.Kind.MATERIALIZED).flatMap(Node::target);
    if (target.isPresent() && head.project().dataSource(target.get()).isPresent()) {
      sides.warn(
          Problem.warning(
              "feed_removed",
              before.place(),
              name + " goes, so " + target.get() + " gets no more rows from it.",
              ""));
    }
    if (before.writingNode().isEmpty()) {
      sides.warn(
          Problem.warning(
              "endpoint_removed", before.place(), name + " goes, and its URL with it.", ""));
    }
    return none("A Pipe holds no rows.");
  }

  Ruling target(Change.TargetChanged change) {
    var twice = twice(change.after());
    if (twice.isPresent()) {
      return twice.get();
    }
    var now = change.after().writingNode().map(Node::kind).orElse(Node.Kind.ENDPOINT);
    if (now != Node.Kind.MATERIALIZED || change.was().isEmpty() || change.is().isEmpty()) {
      return none("Rows go to " + change.is() + " from the next run on; none are moved.");
    }
    if (sides.isMigrationPipe(change.resource())) {
      return alreadyVersioned("The Pipe belongs to a migration that is under way.");
    }
    sides.warn(
        Problem.warning(
            "old_target_frozen",
            change.place(),
            change.resource()
                + " fills "
                + change.is()
                + " from now on; the rows in "
                + change.was()
                + " stay behind.",
            ""));
    var related =
        Pair.related(change.was(), change.is())
            && head.project().dataSource(change.was()).isPresent();
    return related
        ? alreadyVersioned("The view was pointed at another version of its target by hand.")
        : none("Rows go to another target from now on; none are moved.");
  }

  Ruling query(Change.QueryChanged change) {
    var pipe = change.after();
    if (sides.isMigrationPipe(pipe.name())) {
      if (pairsBefore.stream().anyMatch(p -> p.pipe().equals(pipe.name()) && p.live())) {
        sides.warn(
            Problem.warning(
                "live_sync_replaced",
                change.place(),
                pipe.name()
                    + " carries rows of a migration that is under way; the deploy replaces it, and"
                    + " the platform promises nothing about rows that arrive meanwhile.",
                "Pause the producers, and let them send new fields only after the deploy; then run"
                    + " `backfill verify`."));
      }
      return alreadyVersioned("The Pipe belongs to a migration that is under way.");
    }
    var kind = pipe.writingNode().map(Node::kind).orElse(Node.Kind.ENDPOINT);
    var unknown = notInTarget(pipe);
    if (!unknown.isEmpty()) {
      return refuseColumns(pipe, unknown);
    }
    if (pipe.writingNode().isEmpty()) {
      narrowed(change);
    }
    var twice = twice(pipe);
    if (twice.isPresent()) {
      return twice.get();
    }
    if (cutMoved(change)) {
      return alreadyVersioned("Only the instant differs by which a migration is cut.");
    }
    var moved = movedToTwin(pipe);
    if (moved.isPresent()) {
      sides.warn(
          Problem.warning(
              "view_moved",
              change.place(),
              pipe.name()
                  + " hangs from "
                  + moved.get()
                  + " now; rows are counted once only if"
                  + " nothing else fills its target from there.",
              ""));
      return none("The view is moved to the other half of a pair.");
    }
    var targets = targetsWithOtherRows(pipe);
    targets.stream()
        .filter(t -> !sides.defined(t))
        .forEach(t ->
            sides.warn(
                Problem.error(
                    "target_not_defined",
                    change.place(),
                    "No file of base defines "
                        + t
                        + ", which holds rows of the old query, so it can't get a new version.",
                    "Add its .datasource file as `tb pull` writes it in a pull request of its own, or accept"
                        + " view_query_changed for it in backfill.yml.")));
    if (!targets.isEmpty()) {
      return version(
          "The rows in "
              + list(targets)
              + " were made by the old query; the new one only sees rows that arrive later.");
    }
    if (kind == Node.Kind.COPY
        && !pipe.writingNode().flatMap(Node::copyMode).orElse("append").equals("replace")) {
      sides.warn(
          Problem.warning(
              "copied_rows_stay",
              change.place(),
              pipe.name() + " copies by another query from its next run on; rows it wrote stay.",
              ""));
    }
    return switch (kind) {
      case COPY -> none("The next copy uses the new query; its target stays as it is.");
      case SINK, STREAM -> none("What is sent changes; nothing stored does.");
      case MATERIALIZED -> none(whyNothing(change));
      case STANDARD, ENDPOINT -> none("The answer changes; nothing stored does.");
    };
  }

  /// Why a view that brings nothing new asks for nothing.
  private String whyNothing(Change.QueryChanged change) {
    var view = change.after();
    var target = view.writingNode().flatMap(Node::target).orElse("");
    if (head.recovers(view)) {
      return "Rows that were quarantined come back by another query from now on; "
          + target
          + " isn't made of them.";
    }
    if (same(base.meaning(change.before()), head.meaning(view))) {
      return "The query selects the same.";
    }
    if (!change.before().is(Node.Kind.MATERIALIZED)) {
      return "The Pipe wrote nothing so far.";
    }
    if (base.project().dataSource(target).isEmpty()) {
      return "Its target is new; nothing is there that the old query made.";
    }
    if (settings.of(target).accept().contains("view_query_changed")) {
      return "Taken as accepted in backfill.yml: rows in "
          + target
          + " stay as the old query made them.";
    }
    return "No row that is stored was made by it.";
  }

  /// Whether a view of a migration by hand takes other rows of the same kind from now on.
  private boolean cutMoved(Change.QueryChanged change) {
    var view = change.after();
    if (!view.is(Node.Kind.MATERIALIZED)
        || !(feedsAfter.isVersion(view)
            || feedsAfter.isSplit(view.name())
            || feedsBefore.isSplit(view.name()))) {
      return false;
    }
    var was = base.meaning(change.before()).map(Cuts::of);
    var is = head.meaning(view).map(Cuts::of);
    return was.isPresent() && is.isPresent() && was.get().rest().equals(is.get().rest());
  }

  Ruling run(Change.RunChanged change) {
    var name = change.after().name();
    if (sides.isMigrationPipe(name)) {
      return alreadyVersioned("The Pipe belongs to a migration that is under way.");
    }
    var target = change.after().writingNode().flatMap(Node::target);
    if (change.setting().equals("mode") && change.is().equals("replace") && target.isPresent()) {
      sides.warn(
          Problem.warning(
              "copy_replaces_rows",
              change.place(),
              name + " replaces every row of " + target.get() + " from its next run on.",
              ""));
    }
    return none("The " + change.setting() + " of " + name + " is replaced in place.");
  }

  /// Warns of what callers of an endpoint knew and lose.
  private void narrowed(Change.QueryChanged change) {
    var lost = new TreeSet<String>();
    var was = Outputs.of(base, change.before());
    var is = Outputs.of(head, change.after());
    if (was.isPresent() && is.isPresent()) {
      lost.addAll(was.get());
      is.get().forEach(lost::remove);
    }
    var name = change.resource();
    if (!lost.isEmpty()) {
      sides.warn(
          Problem.warning(
              "endpoint_lost_columns",
              change.place(),
              name + " no longer gives " + list(lost) + "; callers that read them break at once.",
              "Publish the new answer as a Pipe of its own, and remove this one later."));
    }
    var parametersBefore = Outputs.parameters(change.before());
    var parametersAfter = Outputs.parameters(change.after());
    if (parametersBefore.isPresent() && parametersAfter.isPresent()) {
      var gone = new TreeSet<>(parametersBefore.get());
      gone.removeAll(parametersAfter.get());
      if (!gone.isEmpty()) {
        sides.warn(
            Problem.warning(
                "endpoint_lost_parameters",
                change.place(),
                name + " no longer takes " + list(gone) + "; callers that send them get all rows.",
                "Publish the new answer as a Pipe of its own, and remove this one later."));
      }
    }
  }

  /// Columns that a view selects and its target in head lacks: the server refuses such a view. A
  /// target without a column that the view leaves out gets a warning.
  private List<String> notInTarget(Pipe view) {
    var target =
        view.is(Node.Kind.MATERIALIZED)
            ? view.writingNode().flatMap(Node::target).flatMap(head.project()::dataSource)
            : Optional.<DataSource>empty();
    var outputs = Outputs.of(head, view);
    if (target.isEmpty() || outputs.isEmpty()) {
      return List.of();
    }
    var left =
        target.get().columns().stream()
            .filter(c -> c.defaultKind() == DefaultKind.NONE && !c.type().isNullable())
            .map(Column::name)
            .filter(c -> !outputs.get().contains(c))
            .toList();
    if (!left.isEmpty()) {
      sides.warn(
          Problem.warning(
              "view_leaves_columns",
              view.place(),
              view.name()
                  + " doesn't select "
                  + list(left)
                  + " of "
                  + target.get().name()
                  + "; rows that arrive hold an empty value there.",
              ""));
    }
    return outputs.get().stream().filter(c -> target.get().column(c).isEmpty()).toList();
  }

  private static Ruling refuseColumns(Pipe view, List<String> columns) {
    return refuse(
        "The server refuses "
            + view.name()
            + ", whose target "
            + view.writingNode().flatMap(Node::target).orElse("")
            + " has no column "
            + list(columns)
            + "; the deploy stops half-way. Add the column to the target in this pull request.");
  }

  /// The table a view hangs from now, when it was moved between the halves of a pair and nothing
  /// else of its query differs.
  private Optional<String> movedToTwin(Pipe after) {
    var before = base.project().pipe(after.name());
    if (!after.is(Node.Kind.MATERIALIZED) || before.isEmpty()) {
      return Optional.empty();
    }
    var was = base.origin(before.get()).map(Flow.Origin::table).orElse("");
    var is = head.origin(after).map(Flow.Origin::table).orElse("");
    var old = base.project().dataSource(was);
    return Pair.related(was, is)
            && base.project()
                .dataSource(is)
                .filter(d -> old.filter(o -> Pair.alike(o, d)).isPresent())
                .isPresent()
            && same(base.meaning(before.get(), Map.of(was, is)), head.meaning(after))
        ? Optional.of(is)
        : Optional.empty();
  }

  /// Targets of views that read this Pipe, or are it, and whose written-out query differs.
  Set<String> targetsWithOtherRows(Pipe pipe) {
    return otherRows.computeIfAbsent(pipe.name(), _ -> otherRows(pipe));
  }

  private Set<String> otherRows(Pipe pipe) {
    var out = new TreeSet<String>();
    for (var view : head.project().pipes().values()) {
      var before = base.project().pipe(view.name());
      if (before.isEmpty()
          || !view.is(Node.Kind.MATERIALIZED)
          || !before.get().is(Node.Kind.MATERIALIZED)
          || sides.isMigrationPipe(view.name())
          || head.recovers(view)
          || !(view.name().equals(pipe.name()) || head.reads(view).contains(pipe.name()))) {
        continue;
      }
      var target = view.writingNode().flatMap(Node::target).orElse("");
      if (before.get().writingNode().flatMap(Node::target).filter(target::equals).isPresent()
          && !settings.of(target).accept().contains("view_query_changed")
          && !same(base.meaning(before.get()), head.meaning(view))
          && !joinsTwins(before.get(), view)) {
        out.add(target);
      }
    }
    return out;
  }

  /// The same view on the same trigger that only joins the other half of a pair: both halves hold
  /// the same rows.
  private boolean joinsTwins(Pipe before, Pipe after) {
    if (!base.origin(before)
        .map(Flow.Origin::table)
        .equals(head.origin(after).map(Flow.Origin::table))) {
      return false;
    }
    var twins = new HashMap<String, String>();
    var is = head.reads(after);
    for (var was : base.reads(before)) {
      base.project()
          .dataSource(was)
          .filter(d -> !is.contains(was))
          .flatMap(d ->
              is.stream()
                  .filter(n -> Pair.related(was, n))
                  .filter(
                      n -> base.project().dataSource(n).filter(t -> Pair.alike(d, t)).isPresent())
                  .findFirst())
          .ifPresent(n -> twins.put(was, n));
    }
    if (twins.isEmpty() || !same(base.meaning(before, twins), head.meaning(after))) {
      return false;
    }
    sides.warn(
        Problem.warning(
            "view_moved",
            after.place(),
            after.name()
                + " joins "
                + list(List.copyOf(twins.values()))
                + " now; the rows it made stay right only if both versions hold the same.",
            ""));
    return true;
  }

  private static boolean same(Optional<String> a, Optional<String> b) {
    return a.isPresent() && a.equals(b);
  }
}
