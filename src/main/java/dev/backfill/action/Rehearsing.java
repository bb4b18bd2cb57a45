package dev.backfill.action;

import dev.backfill.failure.Failure;
import dev.backfill.github.Check.Conclusion;
import dev.backfill.github.CheckRun;
import dev.backfill.github.GitHub;
import dev.backfill.journey.Checkout;
import dev.backfill.journey.EvidenceJourney;
import dev.backfill.journey.RehearseJourney;
import dev.backfill.run.Rehearsed;
import dev.backfill.run.RunOptions;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Rehearses a pull request's plans and shows what came of it.
final class Rehearsing {
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(20);
  private static final Set<Conclusion> PASSED =
      EnumSet.of(Conclusion.SUCCESS, Conclusion.NEUTRAL, Conclusion.SKIPPED);

  private final ActionInputs inputs;
  private final Runner runner;
  private final House house;
  private final GitHub github;
  private final Publisher publisher;
  private final Planning planning;

  Rehearsing(
      ActionInputs inputs,
      Runner runner,
      House house,
      GitHub github,
      Publisher publisher,
      Planning planning) {
    this.inputs = inputs;
    this.runner = runner;
    this.house = house;
    this.github = github;
    this.publisher = publisher;
    this.planning = planning;
  }

  Result rehearse(Checkout checkout, Target target) {
    var plans = planning.plans(checkout, target);
    if (target.fork() || plans.moving().isEmpty()) {
      return planning.show(checkout, target, plans, Map.of(), List.of());
    }
    var undecided = plans.moving().stream().anyMatch(p -> !p.report().plan().obstacles().isEmpty());
    if (undecided || plans.moving().stream().anyMatch(p -> !p.report().generated())) {
      planning.show(
          checkout,
          target,
          plans,
          Map.of(),
          List.of(
              undecided
                  ? "There is nothing to rehearse before the findings that stop `generate` are answered."
                  : "There is nothing to rehearse before the files of the plan are in the branch and the CI has deployed them."));
      return Result.NO;
    }
    // Figures may speak against the way that was chosen, and then the branch alone proves nothing.
    // A branch is rehearsed once, so they are asked for before.
    if (plans.unread().isPresent()
        && !plans.moving().stream()
            .allMatch(p -> EvidenceJourney.settled(p.core(), p.settings()))) {
      planning.show(
          checkout,
          target,
          plans,
          Map.of(),
          List.of(
              "Nothing was rehearsed: the workspace's figures might speak against this plan. Say `/backfill rehearse` when it answers again, or name the scenario in backfill.yml."));
      throw plans.unread().get();
    }
    var rehearsed = new LinkedHashMap<String, Rehearsed>();
    try {
      waitForChecks(target);
      for (var planned : plans.moving()) {
        rehearsed.put(planned.report().projectDir(), rehearse(planned.core(), target));
      }
    } catch (Failure e) {
      planning.show(
          checkout, target, plans, Map.of(), List.of("The rehearsal stopped: " + e.getMessage()));
      throw e;
    }
    var shown = planning.show(checkout, target, plans, rehearsed, List.of());
    return rehearsed.values().stream().allMatch(Rehearsed::counts) ? shown : Result.NO;
  }

  private Rehearsed rehearse(dev.backfill.plan.PlanCore core, Target target) {
    var host = host(inputs);
    return RehearseJourney.rehearse(
        core,
        house.tinybird(host, token(inputs)),
        token -> {
          publisher.log().mask(token);
          return house.tinybird(host, token);
        },
        new RehearseJourney.Wanted(inputs.branch(), Optional.of((long) target.number())),
        options(inputs, runner, "/backfill rehearse"),
        house::now,
        house::sleep,
        house.events(),
        house::cancelled);
  }

  /// The CI's own tests compare the branch with production: rows of ours would make them red.
  private void waitForChecks(Target target) {
    var until = house.now().plus(inputs.maxWait());
    for (var name : inputs.waitFor()) {
      while (true) {
        var newest =
            github.checkRuns(target.head()).stream()
                .filter(c -> c.name().equals(name))
                .max(java.util.Comparator.comparingLong(CheckRun::id));
        var conclusion = newest.flatMap(CheckRun::conclusion);
        if (conclusion.filter(PASSED::contains).isPresent()) {
          break;
        }
        if (conclusion.isPresent()) {
          throw new Failure.Refused("the check " + name + " has failed; repair it first.");
        }
        if (house.now().isAfter(until)) {
          throw new Failure.Refused(
              "the check " + name + (newest.isEmpty() ? " never began." : " is still running."));
        }
        pause();
      }
    }
  }

  private void pause() {
    if (house.cancelled()) {
      throw new Failure.Interrupted("cancelled while waiting for checks; nothing was started");
    }
    try {
      house.sleep(LOOK_AGAIN);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure.Interrupted("interrupted while waiting for checks; nothing was started");
    }
  }

  static String host(ActionInputs inputs) {
    return inputs
        .host()
        .orElseThrow(() ->
            new Failure.Usage(
                "which workspace? Give the API's address in the input host, such as"
                    + " https://api.tinybird.co."));
  }

  static String token(ActionInputs inputs) {
    return inputs
        .tinybirdToken()
        .orElseThrow(() ->
            new Failure.Usage(
                "no token of the workspace: give it in the input tinybird-token. Pull requests from"
                    + " forks and Dependabot get no secrets."));
  }

  static RunOptions options(ActionInputs inputs, Runner runner, String resume) {
    var defaults = RunOptions.of(runner.holder());
    return new RunOptions(
        defaults.holder(),
        inputs.maxWait(),
        defaults.requestDeadline(),
        defaults.unreachable(),
        false,
        resume);
  }
}
