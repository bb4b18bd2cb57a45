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
import dev.backfill.revision.CommitId;
import dev.backfill.run.Outcome;
import dev.backfill.run.RunOptions;
import dev.backfill.status.Confirmation;
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
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// What happens to the plans of the default branch: run, status, clean-up.
final class Production {
  private static final Pattern OF_PULL_REQUEST = Pattern.compile(".*-([1-9][0-9]{0,8})");
  private static final String GOES_ON =
      " Whoever runs next goes on: this workflow's schedule, or `/backfill run`.";

  private final ActionInputs inputs;
  private final Runner runner;
  private final House house;
  private final Optional<GitHub> github;
  private final Publisher publisher;
  private final Instant began;
  private Optional<String> handedOver = Optional.empty();

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
  /// @param pullRequest the one it came with
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
    var failures = new ArrayList<Failure>();
    for (var open : open(checkout, tinybird, wanted)) {
      try {
        if (patient && !runnable(open.status())) {
          standing(open);
        } else if (run(open.plan(), tinybird) == Result.NO) {
          result = Result.NO;
        }
      } catch (Failure.Interrupted e) {
        throw e;
      } catch (Failure e) {
        // one migration that fails keeps no other from going on
        publisher.log().log(open.plan().path() + ": " + e.getMessage());
        failures.add(e);
      }
    }
    if (!failures.isEmpty()) {
      throw failures.getFirst();
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
    Outcome outcome;
    try {
      outcome = outcome(plan, tinybird);
    } catch (Failure e) {
      publisher.output(Output.READY, "false");
      stopped(plan, e);
      throw e;
    }
    publisher.log().log(RunText.write(outcome, Style.PLAIN));
    publisher.summary(RunMarkdown.write(outcome));
    if (outcome instanceof Outcome.ComeBackAt back) {
      publisher.output(Output.COME_BACK_AT, back.at().toString());
    }
    publisher.output(Output.READY, String.valueOf(outcome instanceof Outcome.Done));
    var status = status(plan, tinybird, /* compare= */ outcome instanceof Outcome.Done);
    plan.pullRequest()
        .ifPresent(n ->
            publisher.comment(
                n,
                PullRequestComment.ran(
                    plan.core(), outcome, Optional.of(status), publisher.page(List.of())),
                /* quiet= */ false));
    return outcome instanceof Outcome.NotReady ? Result.NO : Result.DONE;
  }

  private Outcome outcome(OfMain plan, Tinybird tinybird) {
    var until = began.plus(inputs.timeLimit());
    var left = Duration.between(house.now(), until);
    var said = wanted(plan);
    var defaults = RunOptions.of(runner.holder());
    var options =
        new RunOptions(
            defaults.holder(),
            inputs.maxWait().compareTo(left) < 0 ? inputs.maxWait() : left,
            defaults.requestDeadline(),
            defaults.unreachable(),
            /* dryRun= */ false,
            said.directWrites(),
            said.says(Confirmation.CHANGES_REPEATED),
            said.says(Confirmation.VIEWS_KEEP_DELETED),
            "/backfill run");
    try (var progress = progress(plan)) {
      var outcome =
          RunJourney.run(
              plan.core(),
              tinybird,
              options,
              house::now,
              house::sleep,
              house.events().andThen(progress),
              () -> house.cancelled() || !house.now().isBefore(until));
      return outcome instanceof Outcome.ComeBackAt(var at, var because)
          ? new Outcome.ComeBackAt(at, because + GOES_ON)
          : outcome;
    } catch (Failure.Interrupted e) {
      if (house.cancelled()) {
        throw e;
      }
      return new Outcome.ComeBackAt(
          house.now(), "This job's time is up; what is copied stays." + handOver());
    }
  }

  /// The comment doesn't go on saying that a run is under way.
  private void stopped(OfMain plan, Failure failure) {
    plan.pullRequest()
        .ifPresent(n -> {
          try {
            publisher.comment(
                n,
                PullRequestComment.stopped(
                    failure.getMessage()
                        + (failure instanceof Failure.Interrupted
                            ? ", or wait for this workflow's schedule."
                            : " What is copied stays." + GOES_ON),
                    publisher.page(List.of())),
                /* quiet= */ false);
          } catch (Failure.Remote e) {
            publisher.log().log("The comment couldn't be updated: " + e.getMessage());
          }
        });
  }

  /// Starts this workflow once more, if it can be started by hand with the command `run`.
  ///
  /// @return who goes on, one sentence
  private String handOver() {
    if (handedOver.isEmpty()) {
      handedOver = Optional.of(dispatched().orElse(GOES_ON));
    }
    return handedOver.get();
  }

  private Optional<String> dispatched() {
    if (github.isEmpty() || runner.workflow().isEmpty()) {
      return Optional.empty();
    }
    var workflow = runner.workflow().get();
    try {
      var main = github.get().repository().defaultBranch();
      return switch (github.get().dispatch(workflow, main, Map.of("command", "run"))) {
        case Attempt.Done<Boolean>(var started) when started ->
            Optional.of(" A new run of `" + workflow + "` goes on.");
        case Attempt.Done<Boolean> _ -> Optional.empty();
        case Attempt.Denied<Boolean>(var because) -> {
          publisher.deny("the run that goes on", because, "actions: write");
          yield Optional.empty();
        }
      };
    } catch (Failure.Remote e) {
      // such as a workflow without that input
      publisher.log().log("No further run could be started: " + e.getMessage());
      return Optional.empty();
    }
  }

  /// The comment follows a run, at most once a minute.
  private ProgressComment progress(OfMain plan) {
    return new ProgressComment(
        (lines, at) ->
            plan.pullRequest()
                .ifPresent(n ->
                    publisher.comment(
                        n,
                        PullRequestComment.running(
                            plan.core(), lines, at, publisher.page(List.of())),
                        /* quiet= */ false)),
        publisher.log(),
        house::now);
  }

  /// Numbers of the workflow runs that carry a pull request's migrations out now, as the workspace
  /// shows it; none when nothing of it is merged.
  Set<Long> runsOf(Checkout checkout, int pullRequest) {
    var tinybird = tinybird();
    var out = new TreeSet<Long>();
    for (var plan : planFiles(checkout, Optional.of(pullRequest))) {
      StatusJourney.holders(
              plan.core(), tinybird, house::now, house::sleep, house.events(), house::cancelled)
          .forEach(holder -> runner.runOf(holder).ifPresent(out::add));
    }
    return out;
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
    standing(open.plan(), open.status(), Optional.empty());
  }

  private void standing(OfMain plan, Status status, Optional<Integer> opened) {
    plan.pullRequest()
        .ifPresent(n ->
            publisher.comment(
                n,
                PullRequestComment.standing(plan.core(), status, opened, publisher.page(List.of())),
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
      journey.remove(prepared);
      var report =
          new CleanupReport(
              prepared.next(),
              prepared.status(),
              prepared.changes().stream().map(c -> c.path()).toList(),
              prepared.removed(),
              prepared.byHand(),
              prepared.lookAt(),
              prepared.removedClaims());
      publisher.log().log(report.text(Style.PLAIN));
      publisher.summary(report.markdown());
      publisher.say(report.markdown().replaceFirst("### Backfill: ([^\n]*)", "**$1**"));
      var opened = Optional.<Integer>empty();
      if (!prepared.changes().isEmpty()) {
        opened = propose(checkout, plan, dir, prepared, report);
        result = opened.isPresent() ? result : Result.NO;
      } else if (!prepared.allowed() && abandon.isPresent()) {
        result = Result.NO;
      }
      if (abandon.isEmpty()) {
        standing(plan, prepared.status(), opened);
      }
    }
    return result;
  }

  /// @return the number of the pull request; empty when the token may not open one
  private Optional<Integer> propose(
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
        publisher.say("Merge pull request #" + opened.number() + ", and let CD deploy it.");
        publisher.output(Output.PR, String.valueOf(opened.number()));
        yield Optional.of(opened.number());
      }
      case Attempt.Denied<PullRequest>(var because) -> {
        publisher.deny(
            "the pull request that goes on",
            because,
            "contents: write, pull-requests: write` and, in the repository's settings, `Allow"
                + " GitHub Actions to create pull requests");
        yield Optional.empty();
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
    var out = planFiles(checkout, wanted);
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

  private List<OfMain> planFiles(Checkout checkout, Optional<Integer> wanted) {
    var head = checkout.resolve("HEAD");
    var paths = inputs.plan().map(List::of).orElseGet(() -> checkout.planFiles(head));
    var out = new ArrayList<OfMain>();
    for (var path : paths) {
      var core = PlanFile.read(file(path));
      var number =
          inputs.plan().isPresent() && wanted.isPresent()
              ? wanted
              : pullRequest(checkout, head, path, core);
      if (wanted.isEmpty() || number.equals(wanted)) {
        out.add(new OfMain(path, core, number));
      }
    }
    return out;
  }

  /// The merged pull request that brought a plan in, as GitHub knows it. Where it doesn't, the one
  /// that the version names, if that was merged: a version of the author's own may end in a number
  /// too.
  private Optional<Integer> pullRequest(
      Checkout checkout, CommitId head, String path, PlanCore core) {
    if (github.isEmpty()) {
      return Optional.empty();
    }
    return publisher
        .allowed(
            "the pull request that " + path + " came with",
            "pull-requests: read",
            () ->
                checkout
                    .lastChange(head, path)
                    .flatMap(c ->
                        github.get().pullRequestsWith(c).stream()
                            .filter(p -> p.state() == PullRequest.State.MERGED)
                            .map(PullRequest::number)
                            .findFirst())
                    .or(() -> named(core)))
        .flatMap(n -> n);
  }

  private Optional<Integer> named(PlanCore core) {
    var matcher = OF_PULL_REQUEST.matcher(core.version());
    if (!matcher.matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(github.orElseThrow().pullRequest(Integer.parseInt(matcher.group(1))))
          .filter(p -> p.state() == PullRequest.State.MERGED)
          .map(PullRequest::number);
    } catch (Failure.Remote e) {
      if (e.kind() == Failure.Kind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private Path file(String path) {
    return runner.workspace().resolve(path);
  }

  private Tinybird tinybird() {
    return house.tinybird(Rehearsing.host(inputs), Rehearsing.token(inputs));
  }
}
