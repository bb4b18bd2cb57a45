package dev.backfill.journey;

import dev.backfill.change.Flow;
import dev.backfill.change.Pair;
import dev.backfill.plan.ForkedPipe;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.problem.Problem;
import dev.backfill.project.DataSource;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Both sides of a comparison with the migrations that only the workspace knows: another pull
/// request's that isn't in base yet, or one that was made by hand in the workspace. They are judged
/// as if their files were in both.
///
/// @param base with them
/// @param head with them
/// @param taken names that nothing new may get
/// @param pairs what they migrate
record Live(Project base, Project head, Set<String> taken, List<Pair> pairs) {

  static Live of(
      PlanJourney.Workspace workspace, Project base, Project head, Optional<PlanCore> committed) {
    var known = new TreeSet<String>();
    for (var side : List.of(base, head)) {
      known.addAll(side.dataSources().keySet());
      known.addAll(side.pipes().keySet());
    }
    committed.ifPresent(c -> known.addAll(ours(c)));
    var deployed = workspace.apply(known);
    if (deployed.files().isEmpty()) {
      return new Live(base, head, deployed.names(), List.of());
    }
    var there = ProjectReader.read(deployed.files());
    var all = with(head, there, base, there.pipes().keySet()::contains);
    var pairs =
        Pair.of(Flow.of(all)).stream()
            .filter(p -> there.pipes().containsKey(p.pipe()))
            .filter(p -> known.contains(p.source()) || known.contains(p.target()))
            .toList();
    var pipes = pairs.stream().map(Pair::pipe).collect(Collectors.toSet());
    return new Live(
        with(base, there, head, pipes::contains),
        with(head, there, base, pipes::contains),
        deployed.names(),
        pairs);
  }

  /// A side with those Pipes, and with the Data Sources of the workspace that neither side has.
  private static Project with(Project side, Project there, Project other, Predicate<String> pipes) {
    var dataSources = new TreeMap<String, DataSource>(side.dataSources());
    there
        .dataSources()
        .forEach((name, d) -> {
          if (other.dataSource(name).isEmpty()) {
            dataSources.putIfAbsent(name, d);
          }
        });
    var all = new TreeMap<>(side.pipes());
    there.pipes().values().stream()
        .filter(p -> pipes.test(p.name()))
        .forEach(p -> all.putIfAbsent(p.name(), p));
    return new Project(dataSources, all, side.problems(), side.files());
  }

  private static Set<String> ours(PlanCore core) {
    var out = new TreeSet<String>();
    core.migrations()
        .forEach(m -> {
          out.add(m.target());
          out.add(m.liveFeed().pipe());
          out.add(m.historyFeed().pipe());
        });
    core.forkedPipes().stream().map(ForkedPipe::fork).forEach(out::add);
    return out;
  }

  /// Why a plan over the halves of such a pair can't be carried out.
  List<Problem> obstacles(Plan plan) {
    var out = new ArrayList<Problem>();
    for (var migration : plan.core().migrations()) {
      pairs.stream()
          .filter(p ->
              Stream.of(p.source(), p.target())
                  .anyMatch(n -> n.equals(migration.source()) || n.equals(migration.target())))
          .findFirst()
          .ifPresent(p ->
              out.add(
                  Problem.error(
                      "migrating_in_the_workspace",
                      head.dataSource(migration.source())
                          .map(DataSource::place)
                          .orElse(dev.backfill.problem.Place.NOWHERE),
                      "In the workspace %s is being migrated to %s by %s, which isn't in this project."
                          .formatted(p.source(), p.target(), p.pipe()),
                      "Merge what was deployed, or finish that migration and clean up, before the next one.")));
    }
    return out;
  }
}
