package dev.backfill.action;

import dev.backfill.action.ActionInputs.Commenting;
import dev.backfill.action.ActionOutputs.Output;
import dev.backfill.failure.Failure;
import dev.backfill.github.Annotation;
import dev.backfill.github.Attempt;
import dev.backfill.github.Check;
import dev.backfill.github.CheckRun;
import dev.backfill.github.Comment;
import dev.backfill.github.GitHub;
import dev.backfill.github.GitHubLimits;
import dev.backfill.github.OwnComment;
import dev.backfill.report.CheckText;
import dev.backfill.report.PullRequestComment;
import dev.backfill.revision.CommitId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/// Shows what was found: comment, checks, summary, outputs, log. What the token may not do is said
/// in the log and changes nothing else, except that a check that isn't there is never taken for a
/// green one.
final class Publisher {
  static final String PLAN = "backfill / plan";
  static final String READINESS = "backfill / readiness";

  /// The evidence of a rehearsal: the check's external id begins with it, and only an app can make
  /// its checks.
  private static final String REHEARSED = "rehearsed ";

  private final Optional<GitHub> github;
  private final ActionInputs inputs;
  private final Runner runner;
  private final WorkflowCommands log;
  private final ActionOutputs outputs;
  private final ReportFiles files;
  private final List<String> denied = new ArrayList<>();
  private final StringBuilder said = new StringBuilder();
  private boolean told;
  private Optional<Failure> failure = Optional.empty();

  /// @param github empty without a token
  Publisher(
      Optional<GitHub> github,
      ActionInputs inputs,
      Runner runner,
      WorkflowCommands log,
      ActionOutputs outputs) {
    this.github = github;
    this.inputs = inputs;
    this.runner = runner;
    this.log = log;
    this.outputs = outputs;
    this.files = new ReportFiles(runner.workspace());
  }

  WorkflowCommands log() {
    return log;
  }

  ReportFiles files() {
    return files;
  }

  void output(Output output, String value) {
    outputs.set(output, value);
  }

  PullRequestComment.Page page(List<String> notes) {
    return new PullRequestComment.Page(
        inputs.projectDir().orElse(""), notes, ReportFiles.FOLDER + "/report.md", runner.run());
  }

  /// The job's summary.
  void summary(String markdown) {
    runner.summary().ifPresent(f -> ActionOutputs.append(f, markdown + "\n"));
  }

  private Optional<OwnComment> own() {
    return github.map(g ->
        new OwnComment(
            g, PullRequestComment.marker(inputs.projectDir().orElse("")), inputs.commentAuthor()));
  }

  /// Our comment as it is.
  Optional<Comment> comment(int pullRequest) {
    return own()
        .flatMap(o ->
            allowed("the comments", "pull-requests: write", () -> o.find(pullRequest))
                .flatMap(found -> found));
  }

  /// The comment says already what this run has found.
  boolean told() {
    return told;
  }

  /// Something for whoever gave a command in a comment.
  ///
  /// @param markdown of the report's room, or words of our own
  void say(String markdown) {
    said.append(markdown).append('\n');
  }

  /// Answers a command, above what our comment says already; nothing when the comment says it.
  ///
  /// @param failure why it wasn't carried out; hostile
  void answer(int pullRequest, String command, Optional<String> failure) {
    if (told || (said.isEmpty() && failure.isEmpty())) {
      return;
    }
    comment(
        pullRequest,
        PullRequestComment.answered(
            comment(pullRequest).map(Comment::body),
            command,
            said.toString(),
            failure,
            page(List.of())),
        /* quiet= */ false);
  }

  /// @param quiet there is nothing to tell: an existing comment is kept up to date, none is made
  void comment(int pullRequest, String body, boolean quiet) {
    var own = own();
    if (own.isEmpty() || inputs.comment() == Commenting.NEVER) {
      return;
    }
    if (quiet && inputs.comment() == Commenting.CHANGES && comment(pullRequest).isEmpty()) {
      return;
    }
    told = true;
    try {
      switch (own.get().put(pullRequest, body)) {
        case Attempt.Done<Comment>(var comment) -> output(Output.COMMENT_URL, comment.url());
        case Attempt.Denied<Comment>(var because) ->
            deny("the comment", because, "pull-requests: write");
      }
    } catch (Failure.Remote e) {
      refused("the comment", e, "pull-requests: write");
    }
  }

  /// Something that GitHub refuses, or whose end nobody knows, keeps nothing else from being shown;
  /// the job fails for it at the end.
  ///
  /// @param what couldn't be read or written
  void refused(String what, Failure.Remote e, String yaml) {
    if (e.kind() == Failure.Kind.FORBIDDEN) {
      deny(what, String.valueOf(e.getMessage()), yaml);
      return;
    }
    failure = failure.or(() -> Optional.of(e));
    var text = what + " couldn't be written: " + e.getMessage();
    denied.add(text);
    log.annotate(WorkflowCommands.Level.WARNING, "", 0, "backfill: GitHub refuses", text);
  }

  /// What the job has to fail for, though everything else was done.
  Optional<Failure> failure() {
    return failure;
  }

  /// Adds a check unless the newest one of ours says the same already.
  ///
  /// @param seal what was rehearsed on this head; empty unless there is proof
  /// @return false when the token may not
  boolean check(
      CommitId head,
      String name,
      CheckText.Text text,
      List<CheckText.Remark> remarks,
      Optional<String> seal) {
    if (github.isEmpty()) {
      return false;
    }
    var id =
        seal.map(s -> REHEARSED + s + " ").orElse("")
            + hash(text.conclusion() + "\n" + text.title() + "\n" + text.summary() + remarks);
    var conclusion =
        switch (text.conclusion()) {
          case SUCCESS -> Check.Conclusion.SUCCESS;
          case FAILURE -> Check.Conclusion.FAILURE;
          case ACTION_REQUIRED -> Check.Conclusion.ACTION_REQUIRED;
        };
    var newest = ours(head, name);
    if (newest.filter(c -> c.externalId().equals(id)).isPresent()
        && newest.flatMap(CheckRun::conclusion).equals(Optional.of(conclusion))) {
      return true;
    }
    var check =
        new Check(
            name,
            new Check.Completed(conclusion),
            id,
            text.title(),
            text.summary(),
            "",
            runner.run().isEmpty() ? Optional.empty() : Optional.of(runner.run()),
            remarks.stream().map(Publisher::annotation).toList());
    try {
      return switch (github.get().createCheck(head, check)) {
        case Attempt.Done<CheckRun> _ -> true;
        case Attempt.Denied<CheckRun>(var because) -> {
          deny("the check " + name, because, "checks: write");
          yield false;
        }
      };
    } catch (Failure.Remote e) {
      refused("the check " + name, e, "checks: write");
      return false;
    }
  }

  /// The newest check of ours on a commit: of the app that writes our comments.
  Optional<CheckRun> ours(CommitId head, String name) {
    var app = inputs.commentAuthor().toLowerCase(Locale.ROOT).replace("[bot]", "");
    return allowed("the checks of " + head.abbreviated(), "checks: write", () -> checks(head))
        .orElse(List.of())
        .stream()
        .filter(c -> c.name().equals(name) && c.app().equalsIgnoreCase(app))
        .max(java.util.Comparator.comparingLong(CheckRun::id));
  }

  private List<CheckRun> checks(CommitId head) {
    return github.map(g -> g.checkRuns(head)).orElse(List.of());
  }

  /// What may not even be read is no evidence, and no reason to stop.
  <T> Optional<T> allowed(String what, String yaml, Supplier<T> read) {
    try {
      return Optional.of(read.get());
    } catch (Failure.Remote e) {
      if (e.kind() != Failure.Kind.FORBIDDEN) {
        throw e;
      }
      deny(what, String.valueOf(e.getMessage()), yaml);
      return Optional.empty();
    }
  }

  /// The seal that was rehearsed on a commit, if readiness is green there by our own check.
  Optional<String> rehearsed(CommitId head) {
    return evidence(
        ours(head, READINESS)
            .filter(c -> c.conclusion().equals(Optional.of(Check.Conclusion.SUCCESS))));
  }

  /// The seal that was rehearsed on a commit, also where the main line has turned readiness back
  /// since.
  Optional<String> evidence(CommitId head) {
    return evidence(ours(head, READINESS));
  }

  private static Optional<String> evidence(Optional<CheckRun> readiness) {
    return readiness
        .map(CheckRun::externalId)
        .filter(id -> id.startsWith(REHEARSED))
        .map(id -> id.substring(REHEARSED.length()).split(" ", 2)[0]);
  }

  private static Annotation annotation(CheckText.Remark remark) {
    return new Annotation(
        remark.file(),
        remark.line(),
        remark.line(),
        switch (remark.severity()) {
          case ERROR -> Annotation.Level.FAILURE;
          case WARNING -> Annotation.Level.WARNING;
          case NOTE -> Annotation.Level.NOTICE;
        },
        cut(remark.title(), GitHubLimits.ANNOTATION_TITLE),
        cut(remark.message(), GitHubLimits.ANNOTATION_MESSAGE / 4));
  }

  private static String cut(String text, int most) {
    return text.codePointCount(0, text.length()) <= most
        ? text
        : text.substring(0, text.offsetByCodePoints(0, most - 1)) + "…";
  }

  /// Remarks as lines of the log, where there is no check to hold them.
  void annotate(List<CheckText.Remark> remarks) {
    remarks.forEach(r ->
        log.annotate(
            switch (r.severity()) {
              case ERROR -> WorkflowCommands.Level.ERROR;
              case WARNING -> WorkflowCommands.Level.WARNING;
              case NOTE -> WorkflowCommands.Level.NOTICE;
            },
            r.file(),
            r.line(),
            r.title(),
            r.message()));
  }

  void deny(String what, String because, String yaml) {
    var text =
        what
            + " can't be read or written: "
            // GitHub's words; its advice is ours with other names
            + because.replaceFirst("(?s) (The token would need|Give the job) .*", "")
            + " Give the job `permissions: "
            + yaml
            + "`; on a pull request from a fork nothing can be given.";
    if (denied.contains(text)) {
      return;
    }
    denied.add(text);
    log.annotate(WorkflowCommands.Level.WARNING, "", 0, "backfill: missing permission", text);
  }

  /// What the token wasn't allowed.
  List<String> denied() {
    return List.copyOf(denied);
  }

  static String hash(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)),
              0,
              8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
