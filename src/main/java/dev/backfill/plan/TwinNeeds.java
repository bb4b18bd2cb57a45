package dev.backfill.plan;

import dev.backfill.change.Flow;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// Who needs a new version before it is there, or needs of it what it hasn't: the old and the new
/// version of a Data Source live side by side, and each Pipe runs on one of them.
final class TwinNeeds {
  private final Flow head;
  private final Project base;
  private final Set<String> forked;
  private final List<Problem> obstacles = new ArrayList<>();
  private final List<Problem> warnings = new ArrayList<>();

  /// @param forked Pipes that get a copy on the new version
  TwinNeeds(Flow head, Project base, Set<String> forked) {
    this.head = head;
    this.base = base;
    this.forked = forked;
  }

  List<Problem> obstacles() {
    return List.copyOf(obstacles);
  }

  List<Problem> warnings() {
    return List.copyOf(warnings);
  }

  /// @param before the Data Source that is versioned, as base has it
  /// @param after what its new version will be
  /// @param target the new version's name
  /// @param added columns that the old one gets too
  /// @param ours whether a Pipe belongs to a migration
  void check(
      DataSource before,
      DataSource after,
      String target,
      Set<String> added,
      java.util.function.Predicate<Pipe> ours) {
    var lost = new TreeSet<String>();
    before.columns().stream()
        .map(Column::name)
        .filter(c -> after.column(c).isEmpty())
        .forEach(lost::add);
    var fresh = new TreeSet<String>();
    after.columns().stream()
        .map(Column::name)
        .filter(c -> before.column(c).isEmpty() && !added.contains(c))
        .forEach(fresh::add);
    for (var pipe : head.project().pipes().values()) {
      if (ours.test(pipe)) {
        continue;
      }
      var twin = forked.contains(pipe.name());
      for (var node : pipe.nodes()) {
        if (!head.named(node).contains(before.name()) || pipe.node(before.name()).isPresent()) {
          continue;
        }
        for (var token : Tokens.of(node.sql())) {
          if (token.isName() && twin && lost.contains(token.value())) {
            lacks(pipe, node, token, before.name(), target);
          } else if (token.isName()
              && !twin
              && fresh.contains(token.value())
              && !alias(node, token.value())) {
            early(pipe, node, token, before.name(), target);
          }
        }
      }
      moved(pipe, before.name(), target);
    }
  }

  private void lacks(Pipe pipe, Node node, Token token, String source, String target) {
    add(
        obstacles,
        Problem.error(
            "fork_lacks_column",
            at(node, token),
            "%s gets a copy on %s, which has no `%s` of %s."
                .formatted(pipe.name(), target, token.value(), source),
            "Change "
                + pipe.name()
                + " in this pull request too; the edit goes to its copy only."));
  }

  private void early(Pipe pipe, Node node, Token token, String source, String target) {
    add(
        obstacles,
        Problem.error(
            "reader_needs_new_version",
            at(node, token),
            "%s selects `%s`, which only %s will have, and %s still reads %s."
                .formatted(pipe.name(), token.value(), target, pipe.name(), source),
            "Take "
                + edit(pipe)
                + " out of this pull request, and keep it for the one that switches the readers to "
                + target
                + ", after `backfill run`."));
  }

  private Optional<String> text(Pipe pipe) {
    return Optional.ofNullable(head.project().files().get(pipe.path()));
  }

  /// Which lines of the file are to wait.
  private String edit(Pipe pipe) {
    var was = base.pipe(pipe.name()).map(p -> base.files().getOrDefault(p.path(), ""));
    if (was.isEmpty() || was.equals(text(pipe))) {
      return pipe.path();
    }
    var old = was.get().lines().toList();
    var now = text(pipe).orElse("").lines().toList();
    var start = 0;
    while (start < Math.min(old.size(), now.size()) && old.get(start).equals(now.get(start))) {
      start++;
    }
    var end = 0;
    while (end < Math.min(old.size(), now.size()) - start
        && old.get(old.size() - 1 - end).equals(now.get(now.size() - 1 - end))) {
      end++;
    }
    var first = start + 1;
    var last = now.size() - end;
    var lines =
        last < first
            ? "the lines left out at line " + first
            : last == first ? "line " + first : "lines " + first + " to " + last;
    return "the edit of " + lines + " of " + pipe.path();
  }

  /// A reader of base that head points at a new version whose history isn't there yet.
  private void moved(Pipe pipe, String source, String target) {
    var was = base.pipe(pipe.name());
    if (pipe.writingNode().isEmpty()
        && was.isPresent()
        && head.readers(target).contains(pipe)
        && !head.readers(source).contains(pipe)
        && Flow.of(base).readers(source).contains(was.get())) {
      add(
          warnings,
          Problem.warning(
              "pair_reader_moved_early",
              pipe.place(),
              "%s reads %s from this deploy on, before the rows of %s are there."
                  .formatted(pipe.name(), target, source),
              "Move it in a later pull request."));
    }
  }

  private static boolean alias(Node node, String name) {
    var tokens = Tokens.of(node.sql());
    for (var i = 1; i < tokens.size(); i++) {
      if (tokens.get(i - 1).is("AS") && tokens.get(i).value().equals(name)) {
        return true;
      }
    }
    return false;
  }

  private static void add(List<Problem> to, Problem problem) {
    if (to.stream()
        .noneMatch(p -> p.code().equals(problem.code()) && p.message().equals(problem.message()))) {
      to.add(problem);
    }
  }

  private static Place at(Node node, Token token) {
    var lines = node.sql().substring(0, token.start()).chars().filter(c -> c == '\n').count();
    return Place.of(node.sqlPlace().file(), node.sqlPlace().line() + (int) lines);
  }
}
