package dev.backfill.action;

import dev.backfill.action.ActionOutputs.Output;
import dev.backfill.failure.Failure;
import dev.backfill.github.Attempt;
import dev.backfill.github.FileEdit;
import dev.backfill.github.GitHub;
import dev.backfill.github.NewCommit;
import dev.backfill.github.NewPullRequest;
import dev.backfill.github.PullRequest;
import dev.backfill.journey.Checkout;
import dev.backfill.journey.CleanupJourney;
import dev.backfill.journey.Location;
import dev.backfill.journey.PlanFile;
import dev.backfill.journey.RunJourney;
import dev.backfill.journey.StatusJourney;
import dev.backfill.plan.PlanCore;
import dev.backfill.report.CleanupReport;
import dev.backfill.report.PullRequestComment;
import dev.backfill.report.RunMarkdown;
import dev.backfill.report.RunText;
import dev.backfill.report.StatusReport;
import dev.backfill.report.Style;
import dev.backfill.run.Outcome;
import dev.backfill.run.RunEvent;
import dev.backfill.run.RunOptions;
import dev.backfill.status.Next;
import dev.backfill.status.Status;
import dev.backfill.status.Step;
import dev.backfill.status.Wanted;
import dev.backfill.tinybird.Tinybird;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/// What happens to the plans of the default branch: run, status, clean-up.
final class Production {
  private static final Pattern OF_PULL_REQUEST = Pattern.compile(".*-([1-9][0-9]{0,8})");

  private final ActionInputs inputs;
  private final Runner runner;
  private final House house;
  private final Optional<GitHub> github;
  private final Publisher publisher;
  private final Instant began;

  Production(
      ActionInputs inputs,
      Runner runner,
      House house,
      Optional<GitHub> github,
      Publisher publisher) {
    this.inputs = inputs;
    this.runner = runner;
    this.house = house;
    this.github = github;
    this.publisher = publisher;
    this.began = house.now();
  }

  /// A committed plan.
  ///
  /// @param path of its file, from the root of the repository
  /// @param pullRequest the one it came with, as its version says
  private record OfMain(String path, PlanCore core, Optional<Integer> pullRequest) {}

  /// A plan that is deployed, or should be.
  private record Open(OfMain plan, Status status) {}

  /// Carries every open migration on.
  ///
  /// @param wanted whose plan; empty for every open one
  /// @param patient only what is deployed is run: the clock doesn't know what a person would
  Result run(Checkout checkout, Optional<Integer> wanted, boolean patient) {
    var tinybird = tinybird();
    var result = Result.DONE;
    for (var open : open(checkout, tinybird, wanted)) {
      if (patient && !runnable(open.status())) {
        standing(open);
        continue;
      }
      if (run(open.plan(), tinybird) == Result.NO) {
        result = Result.NO;
      }
    }
    return result;
  }

  private static boolean runnable(Status status) {
    return status.steps().stream()
            .anyMatch(s -> s.id().equals("deploy") && s.state() == Step.State.DONE)
        && switch (status.next().change()) {
          case SWITCH_READERS, REMOVE_FEEDS -> true;
          case REMOVE_OLD, FINISHED, ABANDON -> false;
        };
  }

  private Result run(OfMain plan, Tinybird tinybird) {
    var core = plan.core();
    var until = began.plus(inputs.timeLimit());
    var defaults = RunOptions.of(runner.holder());
    var left = Duration.between(house.now(), until);
    var options =
        new RunOptions(
            defaults.holder(),
            inputs.maxWait().compareTo(left) < 0 ? inputs.maxWait() : left,
            defaults.requestDeadline(),
            defaults.unreachable(),
            false,
            "/backfill run");
    Outcome outcome;
    try {
      outcome =
          RunJourney.run(
              core,
              tinybird,
              options,
              house::now,
              house::sleep,
              house.events().andThen(progress(plan)),
              () -> house.cancelled() || !house.now().isBefore(until));
    } catch (Failure.Interrupted e) {
      if (house.cancelled()) {
        throw e;
      }
      outcome =
          new Outcome.ComeBackAt(
              house.now(),
              "This job's time is up; what is copied stays, and the next run goes on.");
    }
    publisher.log().log(RunText.write(outcome, Style.PLAIN));
    publisher.summary(RunMarkdown.write(outcome));
    if (outcome instanceof Outcome.ComeBackAt back) {
      publisher.output(Output.COME_BACK_AT, back.at().toString());
    }
    publisher.output(Output.READY, String.valueOf(outcome instanceof Outcome.Done));
    var status = status(plan, tinybird, /* compare= */ outcome instanceof Outcome.Done);
    var shown = outcome;
    plan.pullRequest()
        .ifPresent(n ->
            publisher.comment(
                n,
                PullRequestComment.ran(core, shown, Optional.of(status), publisher.page(List.of())),
                /* quiet= */ false));
    return outcome instanceof Outcome.NotReady ? Result.NO : Result.DONE;
  }

  /// The comment follows a run, at most once a minute; a comment that can't be written stops no
  /// run.
  private Consumer<RunEvent> progress(OfMain plan) {
    return plan.pullRequest()
        .<Consumer<RunEvent>>map(
            number -> new ProgressComment(publisher, plan.core(), number, house::now))
        .orElse(_ -> {});
  }

  /// Says where every open migration stands.
  Result status(Checkout checkout, Optional<Integer> wanted) {
    var tinybird = tinybird();
    var result = Result.DONE;
    for (var open : open(checkout, tinybird, wanted)) {
      standing(open);
      if (open.status().stuck()) {
        result = Result.NO;
      }
    }
    return result;
  }

  private void standing(Open open) {
    publisher.log().log(StatusReport.text(open.status(), Style.PLAIN));
    publisher.summary(StatusReport.markdown(open.status()));
    open.plan()
        .pullRequest()
        .ifPresent(n ->
            publisher.comment(
                n,
                PullRequestComment.standing(
                    open.plan().core(), open.status(), publisher.page(List.of())),
                /* quiet= */ false));
  }

  /// Opens the next pull request of every open migration whose evidence is there.
  Result cleanup(Checkout checkout, Optional<Integer> wanted, Optional<List<String>> abandon) {
    var tinybird = tinybird();
    var result = Result.DONE;
    for (var plan : plans(checkout, wanted)) {
      var journey =
          new CleanupJourney(tinybird, house::now, house::sleep, house.events(), house::cancelled);
      var dir = plan.path().replaceFirst("/?deploy/[^/]+/plan\\.json$", "");
      var where =
          new Location(
              runner.workspace(), Optional.of(dir.isEmpty() ? "." : dir), Optional.empty());
      var prepared =
          abandon.isPresent()
              ? journey.abandon(plan.core(), where, wanted(plan), Set.copyOf(abandon.get()))
              : journey.next(plan.core(), where, wanted(plan));
      var report =
          new CleanupReport(
              prepared.next(),
              prepared.status(),
              prepared.changes().stream().map(c -> c.path()).toList(),
              prepared.byHand(),
              prepared.removedClaims());
      publisher.log().log(report.text(Style.PLAIN));
      publisher.summary(report.markdown());
      if (!prepared.changes().isEmpty()) {
        result = worse(result, propose(checkout, plan, dir, prepared, report));
      } else if (!prepared.allowed() && abandon.isPresent()) {
        result = Result.NO;
      }
    }
    return result;
  }

  private static Result worse(Result one, Result other) {
    return one == Result.NO ? one : other;
  }

  private Result propose(
      Checkout checkout,
      OfMain plan,
      String dir,
      CleanupJourney.Prepared prepared,
      CleanupReport report) {
    var with =
        inputs
            .commitToken()
            .map(house::github)
            .or(() -> github)
            .orElseThrow(() ->
                new Failure.Usage(
                    "a pull request needs GitHub's token: give it in the input token."));
    var base = with.repository().defaultBranch();
    var at = checkout.resolve("HEAD");
    var branch = "backfill/" + word(prepared.next().change()) + "-" + plan.core().version();
    var edits =
        prepared.changes().stream()
            .map(c -> {
              var path = dir.isEmpty() ? c.path() : dir + "/" + c.path();
              return c.text()
                  .<FileEdit>map(t -> new FileEdit.Write(path, t, c.executable()))
                  .orElseGet(() -> new FileEdit.Delete(path));
            })
            .toList();
    var title = "Backfill: " + title(prepared.next().change()) + " (" + plan.core().version() + ")";
    var made =
        with.createBranch(branch, at)
            .then(head -> with.commit(new NewCommit(branch, head, title + "\n", edits)))
            .then(_ ->
                with.openPullRequest(
                    new NewPullRequest(branch, base, title, PullRequestComment.body(report))));
    return switch (made) {
      case Attempt.Done<PullRequest>(var opened) -> {
        publisher.log().log("Pull request " + opened.number() + ": " + title);
        publisher.output(Output.PR, String.valueOf(opened.number()));
        yield Result.DONE;
      }
      case Attempt.Denied<PullRequest>(var because) -> {
        publisher.deny(
            "the pull request that goes on",
            because,
            "contents: write, pull-requests: write` and, in the repository's settings, `Allow"
                + " GitHub Actions to create pull requests");
        yield Result.NO;
      }
    };
  }

  private static String word(Next.Change change) {
    return change.toString().replace('_', '-');
  }

  private static String title(Next.Change change) {
    return switch (change) {
      case SWITCH_READERS -> "readers use the new version";
      case REMOVE_FEEDS -> "the sync and backfill Pipes go";
      case REMOVE_OLD -> "the old version goes";
      case ABANDON -> "take the migration back";
      case FINISHED -> "nothing is left";
    };
  }

  private List<Open> open(Checkout checkout, Tinybird tinybird, Optional<Integer> wanted) {
    var out = new ArrayList<Open>();
    for (var plan : plans(checkout, wanted)) {
      var status = status(plan, tinybird, /* compare= */ false);
      if (!status.finished()) {
        out.add(new Open(plan, status));
      } else {
        publisher.log().log(plan.path() + " is finished.");
      }
    }
    return out;
  }

  private Status status(OfMain plan, Tinybird tinybird, boolean compare) {
    return StatusJourney.status(
        plan.core(),
        tinybird,
        wanted(plan),
        compare,
        house::now,
        house::sleep,
        house.events(),
        house::cancelled);
  }

  private Wanted wanted(OfMain plan) {
    return new Wanted(
        PlanFile.quiet(file(plan.path())), new HashSet<>(inputs.confirm()), plan.path());
  }

  /// @throws Failure.Usage when a pull request is named and no plan came with it
  private List<OfMain> plans(Checkout checkout, Optional<Integer> wanted) {
    var paths =
        inputs.plan().map(List::of).orElseGet(() -> checkout.planFiles(checkout.resolve("HEAD")));
    var out = new ArrayList<OfMain>();
    for (var path : paths) {
      var core = PlanFile.read(file(path));
      var matcher = OF_PULL_REQUEST.matcher(core.version());
      var number =
          matcher.matches()
              ? Optional.of(Integer.parseInt(matcher.group(1)))
              : Optional.<Integer>empty();
      if (wanted.isEmpty() || inputs.plan().isPresent() || number.equals(wanted)) {
        out.add(new OfMain(path, core, number.or(() -> wanted)));
      }
    }
    if (out.isEmpty() && wanted.isPresent()) {
      throw new Failure.Usage(
          "the default branch holds no plan of pull request "
              + wanted.get()
              + "; merge it first, and let CD deploy it.");
    }
    if (out.isEmpty()) {
      publisher.log().log("There is no committed plan.");
    }
    return out;
  }

  private Path file(String path) {
    return runner.workspace().resolve(path);
  }

  private Tinybird tinybird() {
    return house.tinybird(Rehearsing.host(inputs), Rehearsing.token(inputs));
  }
}
