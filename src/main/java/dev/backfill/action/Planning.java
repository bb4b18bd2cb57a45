package dev.backfill.action;

import dev.backfill.action.ActionInputs.Committing;
import dev.backfill.action.ActionOutputs.Output;
import dev.backfill.change.Verdict;
import dev.backfill.failure.Failure;
import dev.backfill.github.Attempt;
import dev.backfill.github.Committed;
import dev.backfill.github.FileEdit;
import dev.backfill.github.GitHub;
import dev.backfill.github.NewCommit;
import dev.backfill.journey.Checkout;
import dev.backfill.journey.EvidenceJourney;
import dev.backfill.journey.Location;
import dev.backfill.journey.PlanJourney;
import dev.backfill.journey.PlanJourney.Planned;
import dev.backfill.report.CheckText;
import dev.backfill.report.Patch;
import dev.backfill.report.PlanJson;
import dev.backfill.report.PlanMarkdown;
import dev.backfill.report.PlanReport;
import dev.backfill.report.PlanText;
import dev.backfill.report.PullRequestComment;
import dev.backfill.report.PullRequestComment.Delivery;
import dev.backfill.report.PullRequestComment.Project;
import dev.backfill.report.PullRequestComment.Starts;
import dev.backfill.report.Readiness;
import dev.backfill.report.RunMarkdown;
import dev.backfill.report.Style;
import dev.backfill.revision.CommitId;
import dev.backfill.run.Rehearsed;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Plans a pull request and shows it: files, comment, checks, summary, outputs.
final class Planning {
  private final ActionInputs inputs;
  private final Runner runner;
  private final House house;
  private final Optional<GitHub> github;
  private final Publisher publisher;

  Planning(
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
  }

  /// The plans of a head, before anything is shown.
  ///
  /// @param base where the head left the main line
  /// @param unread why a workspace that was to be asked for figures gave none
  record Plans(
      List<Planned> planned, CommitId base, CommitId head, Optional<Failure.Remote> unread) {

    List<PlanReport> reports() {
      return planned.stream().map(Planned::report).toList();
    }

    /// The plans that have rows to move.
    List<Planned> moving() {
      return planned.stream().filter(p -> !p.core().migrations().isEmpty()).toList();
    }

    /// Over all projects that have rows to move.
    String seal() {
      var seals = moving().stream().map(p -> p.report().seal()).sorted().toList();
      return switch (seals.size()) {
        case 0 -> "";
        case 1 -> seals.getFirst();
        default -> "several:" + Publisher.hash(String.join("\n", seals));
      };
    }
  }

  Plans plan(CommitId base, CommitId head, Optional<Integer> pullRequest) {
    var where =
        new Location(
            runner.workspace(),
            inputs.projectDir(),
            inputs.config().map(runner.workspace()::resolve));
    return new Plans(
        PlanJourney.planAll(
            new PlanJourney.Request(
                where,
                Optional.of(base.hex()),
                Optional.of(head.hex()),
                inputs.lead(),
                inputs.pinned(),
                pullRequest)),
        base,
        head,
        Optional.empty());
  }

  /// Plans and shows.
  Result pullRequest(Checkout checkout, Target target, List<String> notes) {
    return show(checkout, target, plans(checkout, target), Map.of(), notes);
  }

  /// With the workspace's figures, where there is a token; a fork's pull request asks nobody.
  Plans plans(Checkout checkout, Target target) {
    var tip = now(target).map(Now::tip).filter(checkout::has).orElse(target.tip());
    var plans =
        plan(checkout.mergeBase(tip, target.head()), target.head(), Optional.of(target.number()));
    return target.fork() ? plans : measured(plans);
  }

  private Plans measured(Plans plans) {
    if (inputs.host().isEmpty() || inputs.tinybirdToken().isEmpty() || plans.moving().isEmpty()) {
      return plans;
    }
    var tinybird = house.tinybird(inputs.host().get(), inputs.tinybirdToken().get());
    try {
      return new Plans(
          plans.planned().stream()
              .map(p ->
                  p.core().migrations().isEmpty()
                      ? p
                      : p.showing(EvidenceJourney.with(p, tinybird, publisher.log()::log)))
              .toList(),
          plans.base(),
          plans.head(),
          Optional.empty());
    } catch (Failure.Remote e) {
      return new Plans(plans.planned(), plans.base(), plans.head(), Optional.of(e));
    }
  }

  /// The pull request and its base branch at this moment. What an event or a rerun job says of them
  /// is old, and GitHub doesn't renew a pull request's base commit with every push to the base.
  private record Now(CommitId head, CommitId tip) {}

  /// @return empty without a token, and when the token may not know
  private Optional<Now> now(Target target) {
    return publisher
        .allowed(
            "the pull request and its base branch",
            "contents: read, pull-requests: write",
            () ->
                github.flatMap(g -> {
                  var pull = g.pullRequest(target.number());
                  return g.branch(pull.baseBranch()).map(tip -> new Now(pull.head(), tip));
                }))
        .flatMap(now -> now);
  }

  /// Two revisions without a pull request: outputs, summary and files.
  Result revisions(Checkout checkout, Optional<String> base, String head) {
    var to = checkout.resolve(head);
    var from =
        base.map(checkout::resolve)
            .orElseThrow(() ->
                new Failure.Usage(
                    "this event has no pull request: say with the inputs base and head (or pr) what"
                        + " to compare."));
    var plans = plan(from, to, Optional.empty());
    var projects =
        plans.reports().stream()
            .map(r -> project(r, new Readiness.Proof.None(), List.of(), "", new Delivery.Nothing()))
            .toList();
    tell(plans, projects);
    publisher.summary(PullRequestComment.write(projects, publisher.page(List.of())));
    publisher.annotate(remarks(plans));
    return result(projects, /* checked= */ true);
  }

  /// A merge queue's group: readiness is carried over when the plan is the very one that was
  /// rehearsed in its pull request.
  Result queue(Event.MergeGroup group) {
    var plans = plan(group.base(), group.head(), group.pullRequest());
    var earlier =
        group
            .pullRequest()
            .flatMap(n -> github.map(g -> g.pullRequest(n).head()))
            .flatMap(publisher::rehearsed);
    var projects =
        plans.reports().stream()
            .map(r ->
                project(
                    r,
                    proof(Optional.empty(), earlier, plans.seal(), r.seal()),
                    List.of(),
                    "",
                    new Delivery.Nothing()))
            .toList();
    var ready =
        Readiness.worst(projects.stream().map(Project::readiness).toList()).state()
            == Readiness.State.READY;
    var checked =
        checks(
            plans,
            projects,
            group.head(),
            group.head(),
            ready ? Optional.of(plans.seal()) : Optional.empty());
    tell(plans, projects);
    publisher.summary(PullRequestComment.write(projects, publisher.page(publisher.denied())));
    return result(projects, checked);
  }

  /// Looks again at a pull request that was rehearsed, after the main line has moved.
  void refresh(Checkout checkout, Target target) {
    if (publisher.evidence(target.head()).isEmpty()) {
      return;
    }
    if (checkout.has(target.head())) {
      pullRequest(checkout, target, List.of());
    } else {
      var unknown =
          Readiness.moved(List.of("something, and this clone lacks the branch (fetch-depth: 0)"));
      publisher.check(
          target.head(),
          Publisher.READINESS,
          CheckText.readiness(unknown),
          List.of(),
          publisher.evidence(target.head()));
    }
  }

  /// @param rehearsed what was rehearsed just now, by project folder
  Result show(
      Checkout checkout,
      Target target,
      Plans plans,
      Map<String, Rehearsed> rehearsed,
      List<String> notes) {
    var allNotes = new ArrayList<>(notes);
    plans
        .unread()
        .ifPresent(why ->
            allNotes.add(
                "The workspace gave no figures, so this rests on the files alone: "
                    + why.getMessage()));
    if (target.fork()) {
      allNotes.add(
          "This pull request comes from a fork: it is planned from its files only, and nothing is"
              + " committed or rehearsed.");
    }
    var deliveries = deliver(checkout, target, plans);
    var committed =
        deliveries.values().stream()
            .filter(Delivery.Committed.class::isInstance)
            .map(d -> new CommitId(((Delivery.Committed) d).commit()))
            .findFirst();
    var head = committed.orElse(target.head());
    var now = now(target);
    var moved = moved(checkout, now.map(Now::tip).or(() -> offline(target)), plans);
    var earlier = committed.isPresent() ? Optional.<String>empty() : publisher.evidence(head);
    var newest = now.map(Now::head).orElse(head);
    var current = newest.equals(head);
    var proven = true;
    var old = publisher.comment(target.number()).map(c -> c.body()).orElse("");
    var projects = new ArrayList<Project>();
    for (var planned : plans.planned()) {
      var dir = planned.report().projectDir();
      var report =
          committed.isPresent() ? planned.report().committed(head.hex()) : planned.report();
      var fresh = Optional.ofNullable(rehearsed.get(dir));
      var proof = proof(fresh, earlier, plans.seal(), report.seal());
      proven &= Readiness.of(report, proof, List.of(), house.now()).ready();
      var text =
          fresh
              .map(r -> kept(head, report.seal(), RunMarkdown.section(r)))
              .or(() ->
                  proof instanceof Readiness.Proof.Earlier
                      ? kept(old, head, report.seal())
                      : Optional.empty())
              .orElse("");
      var project =
          project(
              report,
              proof,
              moved.getOrDefault(dir, List.of()),
              text,
              deliveries.getOrDefault(dir, new Delivery.Nothing()));
      projects.add(current ? project : overtaken(project));
    }
    var evidence =
        proven && !plans.moving().isEmpty() ? Optional.of(plans.seal()) : Optional.<String>empty();
    var checked = checks(plans, projects, target.head(), head, evidence);
    allNotes.addAll(publisher.denied());
    tell(plans, projects);
    committed.ifPresent(c -> publisher.output(Output.COMMITTED, c.hex()));
    publisher.output(Output.PR, String.valueOf(target.number()));
    if (current) {
      publisher.comment(
          target.number(),
          PullRequestComment.write(projects, page(target, allNotes)),
          plans.reports().stream().allMatch(r -> r.plan().verdict() == Verdict.NONE));
    } else {
      publisher.log().log(
          "The pull request has moved on to " + newest.hex() + "; its comment is left alone.");
    }
    allNotes.addAll(publisher.denied());
    publisher.summary(
        PullRequestComment.write(projects, page(target, allNotes.stream().distinct().toList())));
    return result(projects, checked);
  }

  private PullRequestComment.Page page(Target target, List<String> notes) {
    var page = publisher.page(notes);
    return target.fork() ? page.ofFork() : page;
  }

  /// Without GitHub nobody sees a check either.
  private Optional<CommitId> offline(Target target) {
    return github.isEmpty() ? Optional.of(target.tip()) : Optional.empty();
  }

  /// There is a newer head than the one this run is about.
  private static Project overtaken(Project project) {
    return project.readiness().state() == Readiness.State.READY
        ? new Project(
            project.report(),
            new Readiness(
                Readiness.State.MOVED, "The pull request has a newer head than this one."),
            project.proof(),
            project.delivery())
        : project;
  }

  private static Readiness.Proof proof(
      Optional<Rehearsed> now, Optional<String> earlier, String all, String seal) {
    if (now.isPresent()) {
      return new Readiness.Proof.Now(now.get());
    }
    // One check speaks for all projects.
    return earlier
        .<Readiness.Proof>map(e -> new Readiness.Proof.Earlier(e.equals(all) ? seal : e))
        .orElseGet(Readiness.Proof.None::new);
  }

  private Project project(
      PlanReport report,
      Readiness.Proof proof,
      List<String> moved,
      String text,
      Delivery delivery) {
    return new Project(report, Readiness.of(report, proof, moved, house.now()), text, delivery);
  }

  /// The rehearsal's text with where it belongs to, so that it is shown again on the same head.
  private static String kept(CommitId head, String seal, String text) {
    return "<!-- rehearsal "
        + head.hex()
        + " "
        + seal
        + " -->\n"
        + text
        + "\n<!-- /rehearsal -->\n";
  }

  private static Optional<String> kept(String comment, CommitId head, String seal) {
    var open = "<!-- rehearsal " + head.hex() + " " + seal + " -->\n";
    var start = comment.indexOf(open);
    var end = comment.indexOf("\n<!-- /rehearsal -->\n", Math.max(0, start));
    return start < 0 || end < 0
        ? Optional.empty()
        : Optional.of(comment.substring(start, end) + "\n<!-- /rehearsal -->\n");
  }

  /// @param tip of the base branch; empty when nobody may know
  private Map<String, List<String>> moved(Checkout checkout, Optional<CommitId> tip, Plans plans) {
    if (plans.moving().isEmpty()) {
      return Map.of();
    }
    if (tip.filter(checkout::has).isEmpty()) {
      var unknown =
          tip.isPresent()
              ? "something in commits that this clone lacks (fetch-depth: 0)"
              : "something that the token may not see";
      return plans.moving().stream()
          .collect(Collectors.toMap(p -> p.report().projectDir(), _ -> List.of(unknown)));
    }
    return plans.moving().stream()
        .collect(
            Collectors.toMap(
                p -> p.report().projectDir(),
                p -> checkout.moved(p.core(), p.report().projectDir(), plans.base(), tip.get())));
  }

  /// @param evidence the seal that was rehearsed on this head, also where readiness isn't green
  /// @return whether every check could be written
  private boolean checks(
      Plans plans,
      List<Project> projects,
      CommitId planned,
      CommitId head,
      Optional<String> evidence) {
    var remarks = remarks(plans);
    var text = CheckText.plan(projects, ReportFiles.FOLDER + "/report.md");
    var ok = true;
    if (!head.equals(planned)) {
      // Our own commit: the lines that changed are in the commit before.
      ok = publisher.check(planned, Publisher.PLAN, text, remarks, Optional.empty());
      remarks = List.of();
    }
    ok &= publisher.check(head, Publisher.PLAN, text, remarks, Optional.empty());
    var readiness = Readiness.worst(projects.stream().map(Project::readiness).toList());
    ok &=
        publisher.check(
            head, Publisher.READINESS, CheckText.readiness(readiness), List.of(), evidence);
    if (!ok) {
      publisher.annotate(remarks(plans));
    }
    return ok;
  }

  private static List<CheckText.Remark> remarks(Plans plans) {
    return plans.reports().stream().flatMap(r -> CheckText.remarks(r).stream()).toList();
  }

  /// Log, files and outputs.
  private void tell(Plans plans, List<Project> projects) {
    var reports = projects.stream().map(Project::report).toList();
    publisher.log().group("backfill plan");
    reports.forEach(r -> publisher.log().log(PlanText.write(r, Style.PLAIN)));
    publisher.log().endGroup();
    publisher.output(
        Output.PLAN,
        publisher
            .files()
            .write(
                "plan.json",
                reports.size() == 1
                    ? PlanJson.write(reports.getFirst())
                    : PlanJson.write(reports)));
    publisher.output(
        Output.REPORT,
        publisher
            .files()
            .write(
                "report.md",
                projects.stream()
                    .map(p -> PlanMarkdown.write(p.report(), p.proof()))
                    .collect(Collectors.joining("\n"))));
    publisher.output(
        Output.VERDICT,
        Verdict.strictest(reports.stream().map(r -> r.plan().verdict()).toList()).toString());
    publisher.output(Output.SEAL, plans.seal());
    publisher.output(
        Output.READY,
        String.valueOf(
            Readiness.worst(projects.stream().map(Project::readiness).toList()).ready()));
  }

  private Result result(List<Project> projects, boolean checked) {
    var worst = Readiness.worst(projects.stream().map(Project::readiness).toList());
    return switch (worst.state()) {
      case REFUSED, UNDECIDED, UNREADABLE -> Result.NO;
      case NOT_NEEDED, READY -> Result.DONE;
      // Checks say it; where there is none, the job has to.
      case UNREHEARSED, MOVED, UNPROVEN, INCOMPLETE -> checked ? Result.DONE : Result.NO;
    };
  }

  /// Brings generated files into the branch, all projects in one commit.
  private Map<String, Delivery> deliver(Checkout checkout, Target target, Plans plans) {
    var proposals = new LinkedHashMap<String, Checkout.Proposal>();
    for (var planned : plans.moving()) {
      if (planned.report().plan().obstacles().isEmpty() && !planned.report().generated()) {
        proposals.put(planned.report().projectDir(), checkout.propose(planned, plans.head()));
      }
    }
    if (proposals.isEmpty()) {
      return Map.of();
    }
    var edited = proposals.values().stream().flatMap(p -> p.edited().stream()).toList();
    if (!edited.isEmpty()) {
      return each(
          proposals,
          new Delivery.Patch(
              "generated files were changed by hand and aren't overwritten: "
                  + String.join(", ", edited)
                  + "; take them back, or run backfill generate yourself",
              ReportFiles.FOLDER + "/backfill.patch"));
    }
    var differences = proposals.values().stream().flatMap(p -> p.differences().stream()).toList();
    return each(proposals, deliver(target, plans, differences));
  }

  private static Map<String, Delivery> each(
      Map<String, Checkout.Proposal> proposals, Delivery delivery) {
    return proposals.keySet().stream()
        .collect(Collectors.toMap(Function.identity(), _ -> delivery));
  }

  private Delivery deliver(Target target, Plans plans, List<Checkout.Difference> differences) {
    if (target.fork()) {
      return patch("the branch lives in a fork", differences);
    }
    if (inputs.commit() == Committing.NEVER) {
      return patch("the workflow says commit: never", differences);
    }
    var with = inputs.commitToken().map(house::github).or(() -> github);
    if (with.isEmpty()) {
      return patch("the workflow gave no token", differences);
    }
    var versions =
        plans.moving().stream()
            .map(p -> p.core().version())
            .distinct()
            .collect(Collectors.joining(", "));
    var commit =
        new NewCommit(
            target.branch(),
            target.head(),
            "Backfill: files of the plan "
                + versions
                + "\n\nGenerated by tinybird-backfill; see the"
                + " comment on pull request "
                + target.number()
                + ".\n\nBackfill-Seal: "
                + plans.seal()
                + "\n",
            differences.stream().map(Planning::edit).toList());
    try {
      return switch (with.get().commit(commit)) {
        case Attempt.Done<Committed>(Committed.Made(var made, var _)) ->
            new Delivery.Committed(made.hex(), starts(target));
        case Attempt.Done<Committed>(Committed.Nothing _) -> new Delivery.Nothing();
        case Attempt.Done<Committed>(Committed.Moved(var head, var _)) ->
            patch("the branch moved to " + head.abbreviated() + " meanwhile", differences);
        case Attempt.Denied<Committed>(var because) -> {
          publisher.deny("the commit of the generated files", because, "contents: write");
          yield patch("the token may not write to the branch", differences);
        }
      };
    } catch (Failure.Remote e) {
      publisher.refused("the commit of the generated files", e, "contents: write");
      return patch("GitHub didn't take the commit", differences);
    }
  }

  private Starts starts(Target target) {
    if (inputs.commitToken().isPresent()) {
      return Starts.PUSH;
    }
    var dispatched = inputs.ciWorkflow().filter(w -> dispatched(w, target)).isPresent();
    return dispatched ? Starts.DISPATCH : Starts.PERSON;
  }

  private boolean dispatched(String workflow, Target target) {
    try {
      return switch (github.orElseThrow().dispatch(workflow, target.branch(), Map.of())) {
        case Attempt.Done<Boolean>(var started) -> started;
        case Attempt.Denied<Boolean>(var because) -> {
          publisher.deny("the start of " + workflow, because, "actions: write");
          yield false;
        }
      };
    } catch (Failure.Remote e) {
      publisher.refused("the start of " + workflow, e, "actions: write");
      return false;
    }
  }

  private static FileEdit edit(Checkout.Difference difference) {
    return difference
        .after()
        .<FileEdit>map(a -> new FileEdit.Write(difference.path(), a.text(), a.executable()))
        .orElseGet(() -> new FileEdit.Delete(difference.path()));
  }

  private Delivery patch(String because, List<Checkout.Difference> differences) {
    var files =
        differences.stream()
            .map(d ->
                new Patch.File(
                    d.path(),
                    d.before().map(Checkout.Content::text),
                    d.before().filter(Checkout.Content::executable).isPresent(),
                    d.after().map(Checkout.Content::text),
                    d.after().filter(Checkout.Content::executable).isPresent()))
            .toList();
    var path = publisher.files().write("backfill.patch", Patch.write(files));
    publisher.output(Output.PATCH, path);
    return new Delivery.Patch(because, path);
  }
}
