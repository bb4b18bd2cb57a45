package dev.backfill.action;

import dev.backfill.action.ActionOutputs.Output;
import dev.backfill.failure.Failure;
import dev.backfill.github.Attempt;
import dev.backfill.github.GitHub;
import dev.backfill.github.Reaction;
import dev.backfill.journey.Checkout;
import dev.backfill.problem.Problem;
import dev.backfill.report.CheckText;
import dev.backfill.report.PlanText;
import dev.backfill.report.PullRequestComment;
import dev.backfill.report.Style;
import dev.backfill.revision.CommitId;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Function;

/// The GitHub Action. Whatever happens is shown: a failure ends in the comment, the checks and the
/// log before it is thrown on.
public final class Action {
  /// Events whose runs don't say which pull request they work for.
  private static final Set<String> MAY_WORK =
      Set.of("issue_comment", "schedule", "workflow_dispatch");

  private final ActionInputs inputs;
  private final Runner runner;
  private final House house;
  private final Optional<GitHub> github;
  private final Publisher publisher;
  private final Planning planning;

  private Action(
      ActionInputs inputs,
      Runner runner,
      House house,
      WorkflowCommands log,
      ActionOutputs outputs) {
    this.inputs = inputs;
    this.runner = runner;
    this.house = house;
    this.github =
        runner.repository().isPresent() ? inputs.token().map(house::github) : Optional.empty();
    this.publisher = new Publisher(github, inputs, runner, log, outputs);
    this.planning = new Planning(inputs, runner, house, github, publisher);
  }

  /// @param environment of the process
  /// @param folder of the process
  /// @param out what the runner reads
  /// @throws Failure as every command does
  public static Result run(
      Map<String, String> environment, Path folder, PrintStream out, House house) {
    var inputs = ActionInputs.of(environment);
    var log = new WorkflowCommands(out);
    // First of all: whatever is written later can't show them.
    inputs.secrets().forEach(log::mask);
    var runner = Runner.of(environment, folder);
    return new Action(inputs, runner, house, log, new ActionOutputs(runner.output(), house::random))
        .run();
  }

  /// Why it stopped, as lines of the log.
  public static void explain(Failure failure, PrintStream out) {
    var log = new WorkflowCommands(out);
    var problems =
        switch (failure) {
          case Failure.Unreadable e -> e.problems();
          case Failure.Refused e -> e.problems();
          case Failure.Usage _, Failure.Interrupted _, Failure.Machine _, Failure.Remote _ ->
              List.<Problem>of();
        };
    problems.forEach(p -> log.log(PlanText.problem(p, Style.PLAIN)));
    log.annotate(
        WorkflowCommands.Level.ERROR, "", 0, "backfill", String.valueOf(failure.getMessage()));
  }

  private Result run() {
    var result = obey();
    publisher
        .failure()
        .ifPresent(failure -> {
          throw failure;
        });
    return result;
  }

  private Result obey() {
    var event = runner.readEvent();
    var command = inputs.command();
    if (command != Command.AUTO) {
      return run(command, event);
    }
    if (event instanceof Event.Comment comment) {
      return conversation(comment);
    }
    var auto = Auto.command(event);
    if (auto.isEmpty()) {
      publisher.log().log("Nothing to do on this event.");
      return Result.DONE;
    }
    return run(auto.get(), event);
  }

  private Result run(Command command, Event event) {
    return switch (command) {
      case PLAN -> plan(event);
      case REHEARSE -> rehearse(event);
      case RUN ->
          production(
              event,
              (p, c) -> {
                var result = p.run(c, whose(event), patient(event));
                if (event instanceof Event.Schedule) {
                  refresh(c, event);
                }
                return result;
              });
      case STATUS ->
          production(
              event,
              (p, c) -> {
                refresh(c, event);
                return inputs.tinybirdToken().isPresent()
                    ? p.status(c, whose(event))
                    : withoutWorkspace();
              });
      case CLEANUP -> production(event, (p, c) -> p.cleanup(c, whose(event), Optional.empty()));
      case AUTO -> throw new IllegalStateException("auto is resolved before");
    };
  }

  private Result conversation(Event.Comment event) {
    var conversing = new Conversing(inputs, needed(), publisher);
    var spoken = conversing.listen(event);
    if (spoken.isEmpty()) {
      return Result.DONE;
    }
    var command = spoken.get().command().orElseThrow();
    try {
      var result = obey(command, spoken.get().rest(), event);
      publisher.answer(event.number(), command.word(), Optional.empty());
      conversing.react(
          event,
          result == Result.DONE && publisher.failure().isEmpty()
              ? Reaction.ROCKET
              : Reaction.CONFUSED);
      return result;
    } catch (Failure e) {
      // without an answer nobody would know; one that can't be given hides no reason
      try {
        publisher.answer(
            event.number(), command.word(), Optional.of(String.valueOf(e.getMessage())));
        conversing.react(event, Reaction.CONFUSED);
      } catch (Failure.Remote unanswered) {
        publisher.log().log("The command has no answer: " + unanswered.getMessage());
      }
      throw e;
    }
  }

  private Result obey(SlashCommand command, List<String> names, Event.Comment event) {
    return switch (command) {
      case REHEARSE -> run(Command.REHEARSE, event);
      case REFRESH -> run(Command.PLAN, event);
      case RUN -> run(Command.RUN, event);
      case ABANDON -> production(event, (p, c) -> p.cleanup(c, whose(event), Optional.of(names)));
      case CANCEL -> cancel(event.number());
      case HELP -> {
        publisher.say("there are\n\n" + SlashCommand.list());
        publisher.log().log(SlashCommand.list());
        yield Result.DONE;
      }
    };
  }

  private Result withoutWorkspace() {
    publisher.log().log("Without a token of the workspace, open migrations aren't looked at.");
    return Result.DONE;
  }

  /// The plans of the default branch are carried out, never those of a pull request.
  private Result production(Event event, BiFunction<Production, Checkout, Result> work) {
    if (event instanceof Event.PullRequest || event instanceof Event.MergeGroup) {
      throw new Failure.Usage(
          "on "
              + runner.event()
              + " the checkout is a pull request's; run, status and cleanup belong to push, schedule,"
              + " issue_comment or workflow_dispatch.");
    }
    try (var checkout = Checkout.open(runner.workspace())) {
      needsMainLine(checkout);
      return work.apply(new Production(inputs, runner, house, github, publisher), checkout);
    }
  }

  /// Neither the button pressed on a branch nor a checkout of a pull request's head carries out
  /// what nobody has merged.
  private void needsMainLine(Checkout checkout) {
    var head = checkout.resolve("HEAD");
    var main = needed().repository().defaultBranch();
    var tip = needed().branch(main);
    if (tip.filter(t -> t.equals(head) || needed().mergeBase(head, t).equals(Optional.of(head)))
        .isEmpty()) {
      throw new Failure.Usage(
          "the checked-out commit "
              + head.abbreviated()
              + " isn't part of the default branch "
              + main
              + "; only merged plans are carried out.");
    }
  }

  private Optional<Integer> whose(Event event) {
    return inputs
        .pullRequest()
        .or(() ->
            event instanceof Event.Comment comment
                ? Optional.of(comment.number())
                : Optional.empty());
  }

  private static boolean patient(Event event) {
    return event instanceof Event.Schedule;
  }

  /// Whoever was rehearsed has to be looked at again: the main line moves, and a cutover goes by.
  /// One that can't be looked at keeps nobody else from it.
  private void refresh(Checkout checkout, Event event) {
    if (github.isEmpty()
        || (event instanceof Event.Push push
            && (push.after().isEmpty() || push.branch().isEmpty()))) {
      return;
    }
    var failures = new ArrayList<Failure>();
    for (var open : github.get().openPullRequests()) {
      if (open.fork()
          || (event instanceof Event.Push push
              && !push.branch().equals(Optional.of(open.baseBranch())))) {
        continue;
      }
      try {
        planning.refresh(checkout, Target.of(open));
      } catch (Failure.Interrupted e) {
        throw e;
      } catch (Failure e) {
        publisher.log().log("Pull request " + open.number() + ": " + e.getMessage());
        failures.add(e);
      }
    }
    if (!failures.isEmpty()) {
      throw failures.getFirst();
    }
  }

  /// Stops other runs of this workflow that may work for a pull request, and whichever run carries
  /// its migration out; state is safe.
  private Result cancel(int pullRequest) {
    var runs = new TreeSet<Long>();
    var branch = needed().pullRequest(pullRequest).headBranch();
    runner
        .workflow()
        .ifPresent(workflow ->
            needed().unfinishedRuns(workflow).stream()
                .filter(r -> MAY_WORK.contains(r.event()) || r.branch().equals(branch))
                .forEach(r -> runs.add(r.id())));
    if (inputs.tinybirdToken().isPresent() && inputs.host().isPresent()) {
      try (var checkout = Checkout.open(runner.workspace())) {
        runs.addAll(
            new Production(inputs, runner, house, github, publisher).runsOf(checkout, pullRequest));
      }
    }
    runs.remove(runner.runId());
    var stopped = 0;
    for (var run : runs) {
      switch (needed().cancel(run)) {
        case Attempt.Done<Boolean>(var ended) -> stopped += ended ? 1 : 0;
        case Attempt.Denied<Boolean>(var because) -> {
          publisher.deny("the end of run " + run, because, "actions: write");
          publisher.say("Run " + run + " may not be stopped: give the job `actions: write`.");
          return Result.NO;
        }
      }
    }
    var done =
        switch (stopped) {
          case 0 -> "No run was under way.";
          case 1 -> "One run was asked to stop; what it has copied stays.";
          default -> stopped + " runs were asked to stop; what they have copied stays.";
        };
    publisher.log().log(done);
    publisher.say(done);
    return Result.DONE;
  }

  private GitHub needed() {
    return github.orElseThrow(
        () -> new Failure.Usage("this needs GitHub's token: give it in the input token."));
  }

  private Result rehearse(Event event) {
    var target = target(event).or(() -> ofWorkflowRun(event));
    if (target.isEmpty()) {
      publisher.log().log("No open pull request has this commit as its head; nothing to rehearse.");
      return Result.DONE;
    }
    return shown(
        target,
        checkout ->
            new Rehearsing(inputs, runner, house, needed(), publisher, planning)
                .rehearse(checkout, target.get()));
  }

  private Optional<Target> ofWorkflowRun(Event event) {
    return event instanceof Event.WorkflowRun e && e.sameRepository()
        ? needed().openPullRequests().stream()
            .filter(p -> p.head().equals(e.head()) && !p.fork())
            .findFirst()
            .map(Target::of)
        : Optional.empty();
  }

  private Result plan(Event event) {
    if (event instanceof Event.MergeGroup group && inputs.pullRequest().isEmpty()) {
      return planning.queue(group);
    }
    var target = target(event);
    return shown(
        target,
        checkout ->
            target.isPresent()
                ? planning.pullRequest(checkout, target.get(), List.of())
                : planning.revisions(
                    checkout, inputs.base(), inputs.head().or(runner::sha).orElse("HEAD")));
  }

  /// A failure is shown before it is thrown on.
  private Result shown(Optional<Target> target, Function<Checkout, Result> work) {
    try (var checkout = Checkout.open(runner.workspace())) {
      return work.apply(checkout);
    } catch (Failure.Unreadable e) {
      target.ifPresentOrElse(t -> unreadable(t, e), () -> publisher.annotate(remarks(e)));
      throw e;
    } catch (Failure e) {
      target.ifPresent(t -> stopped(t, e));
      throw e;
    }
  }

  private Optional<Target> target(Event event) {
    if (inputs.pullRequest().isPresent()) {
      var number = inputs.pullRequest().get();
      return github.map(g -> Target.of(g.pullRequest(number)));
    }
    return switch (event) {
      case Event.PullRequest e -> Optional.of(Target.of(e));
      case Event.Comment e when e.onPullRequest() ->
          github.map(g -> Target.of(g.pullRequest(e.number())));
      case Event.Comment _,
          Event.MergeGroup _,
          Event.Push _,
          Event.WorkflowRun _,
          Event.Schedule _,
          Event.Dispatch _,
          Event.Other _ ->
          Optional.empty();
    };
  }

  private void unreadable(Target target, Failure.Unreadable failure) {
    var body = PullRequestComment.unreadable(failure.problems(), publisher.page(List.of()));
    var text = CheckText.unreadable(failure.problems());
    show(target.head(), text, remarks(failure));
    publisher.output(Output.READY, "false");
    publisher.summary(body);
    if (newest(target)) {
      publisher.comment(target.number(), body, /* quiet= */ false);
    }
  }

  private List<CheckText.Remark> remarks(Failure.Unreadable failure) {
    return CheckText.remarks(inputs.projectDir().orElse("."), failure.problems());
  }

  private void stopped(Target target, Failure failure) {
    var why = String.valueOf(failure.getMessage());
    var body = PullRequestComment.stopped(why, publisher.page(List.of()));
    publisher.output(Output.READY, "false");
    publisher.summary(body);
    if (publisher.told() || failure instanceof Failure.Remote) {
      // The outside said no: it would say it again.
      return;
    }
    show(target.head(), CheckText.stopped(why), List.of());
    if (newest(target)) {
      publisher.comment(target.number(), body, /* quiet= */ true);
    }
  }

  /// A run for an older head leaves the comment alone.
  private boolean newest(Target target) {
    return publisher
        .allowed(
            "the pull request",
            "pull-requests: write",
            () -> github.map(g -> g.pullRequest(target.number()).head()).orElse(target.head()))
        .filter(h -> !h.equals(target.head()))
        .isEmpty();
  }

  private void show(CommitId head, CheckText.Text text, List<CheckText.Remark> remarks) {
    var ok = publisher.check(head, Publisher.PLAN, text, remarks, Optional.empty());
    ok &= publisher.check(head, Publisher.READINESS, text, List.of(), Optional.empty());
    if (!ok) {
      publisher.annotate(remarks);
    }
  }
}
