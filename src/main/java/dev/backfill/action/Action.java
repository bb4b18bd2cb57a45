package dev.backfill.action;

import dev.backfill.action.ActionOutputs.Output;
import dev.backfill.failure.Failure;
import dev.backfill.github.GitHub;
import dev.backfill.journey.Checkout;
import dev.backfill.problem.Problem;
import dev.backfill.report.CheckText;
import dev.backfill.report.PlanText;
import dev.backfill.report.PullRequestComment;
import dev.backfill.report.Style;
import dev.backfill.revision.CommitId;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The GitHub Action. Whatever happens is shown: a failure ends in the comment, the checks and the
/// log before it is thrown on.
public final class Action {
  private final ActionInputs inputs;
  private final Runner runner;
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
    var event = runner.readEvent();
    var command = inputs.command();
    if (command == Command.AUTO) {
      var auto = Auto.command(event);
      if (auto.isEmpty()) {
        publisher.log().log("Nothing to do on this event.");
        return Result.DONE;
      }
      command = auto.get();
    }
    return switch (command) {
      case PLAN -> plan(event);
      case AUTO, REHEARSE, RUN, STATUS, CLEANUP ->
          throw new Failure.Usage("the command " + command + " isn't there yet.");
    };
  }

  private Result plan(Event event) {
    var target = target(event);
    try (var checkout = Checkout.open(runner.workspace())) {
      if (target.isEmpty()) {
        var head = inputs.head().or(runner::sha).orElse("HEAD");
        return planning.revisions(checkout, inputs.base(), head);
      }
      return planning.pullRequest(checkout, target.get(), List.of());
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
    publisher.comment(target.number(), body, /* quiet= */ false);
  }

  private List<CheckText.Remark> remarks(Failure.Unreadable failure) {
    return CheckText.remarks(inputs.projectDir().orElse("."), failure.problems());
  }

  private void stopped(Target target, Failure failure) {
    var why = String.valueOf(failure.getMessage());
    var body = PullRequestComment.stopped(why, publisher.page(List.of()));
    publisher.output(Output.READY, "false");
    publisher.summary(body);
    if (failure instanceof Failure.Remote) {
      // The outside said no: it would say it again.
      return;
    }
    show(target.head(), CheckText.stopped(why), List.of());
    publisher.comment(target.number(), body, /* quiet= */ true);
  }

  private void show(CommitId head, CheckText.Text text, List<CheckText.Remark> remarks) {
    var ok = publisher.check(head, Publisher.PLAN, text, remarks, Optional.empty());
    ok &= publisher.check(head, Publisher.READINESS, text, List.of(), Optional.empty());
    if (!ok) {
      publisher.annotate(remarks);
    }
  }
}
