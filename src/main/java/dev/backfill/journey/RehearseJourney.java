package dev.backfill.journey;

import dev.backfill.failure.Failure;
import dev.backfill.plan.PlanCore;
import dev.backfill.run.Rehearsal;
import dev.backfill.run.Rehearsed;
import dev.backfill.run.RunEvent;
import dev.backfill.run.RunOptions;
import dev.backfill.run.Sleeper;
import dev.backfill.tinybird.Branch;
import dev.backfill.tinybird.Tinybird;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;

/// Rehearses a plan in the pull request's branch of the workspace. The branch is looked up, never
/// made: the project's own CI makes it.
public final class RehearseJourney {
  private RehearseJourney() {}

  /// Which branch.
  ///
  /// @param name its name, if somebody said it
  /// @param pullRequest the pull request's number, if it is known
  public record Wanted(Optional<String> name, Optional<Long> pullRequest) {}

  /// @param main the main workspace, which is only read
  /// @param withToken the same host with another token
  /// @throws Failure.Usage when the branch isn't there or several could be meant
  public static Rehearsed rehearse(
      PlanCore core,
      Tinybird main,
      Function<String, Tinybird> withToken,
      Wanted wanted,
      RunOptions options,
      InstantSource clock,
      Sleeper sleeper,
      Consumer<RunEvent> events,
      BooleanSupplier cancelled) {
    var name = name(main, wanted);
    var branch =
        main.branch(name)
            .orElseThrow(() -> new Failure.Usage("the workspace has no branch " + name + "."));
    var token =
        branch
            .token()
            .orElseThrow(() ->
                new Failure.Usage(
                    "the workspace gave no token for the branch "
                        + name
                        + "; the token in use must be an admin's."));
    return new Rehearsal(clock, sleeper, events, cancelled)
        .rehearse(core, main, withToken.apply(token), branch, options);
  }

  /// The templates call it `tmp_ci_<folder>_<PR>`, with an empty folder on GitHub (`cicd.md` 2.1).
  private static String name(Tinybird main, Wanted wanted) {
    if (wanted.name().isPresent()) {
      return wanted.name().get();
    }
    var branches = main.branches().stream().map(Branch::name).sorted().toList();
    if (wanted.pullRequest().isPresent()) {
      var number = wanted.pullRequest().get();
      var usual = "tmp_ci__" + number;
      if (branches.contains(usual)) {
        return usual;
      }
      return only(
          matching(branches, Pattern.compile("tmp_ci_(.*_)?" + number)),
          "the pull request " + number);
    }
    return only(matching(branches, Pattern.compile("tmp_ci_.*")), "any pull request");
  }

  private static List<String> matching(List<String> branches, Pattern pattern) {
    return branches.stream().filter(b -> pattern.matcher(b).matches()).toList();
  }

  private static String only(List<String> found, String whose) {
    return switch (found.size()) {
      case 1 -> found.getFirst();
      case 0 ->
          throw new Failure.Usage(
              "the workspace has no tmp_ci branch of "
                  + whose
                  + ". Wait for the pull request's CI to make it, or name one with --branch.");
      default ->
          throw new Failure.Usage(
              "several branches could be meant: "
                  + String.join(", ", found)
                  + ". Say which one with --pr or --branch.");
    };
  }
}
