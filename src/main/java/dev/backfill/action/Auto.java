package dev.backfill.action;

import java.util.Optional;

/// What `command: auto` does on which event. The README and `action.yml` show the same table.
///
/// | event | does |
/// |---|---|
/// | `pull_request` | `plan` |
/// | `merge_group` | `plan`, with the readiness of the pull request |
/// | `push` (default branch) | `status` |
/// | `issue_comment` | what `/backfill WORD` says |
/// | `workflow_run` | `rehearse` |
/// | `schedule` | `run` |
/// | `workflow_dispatch` | `status` |
final class Auto {
  private Auto() {}

  /// @return empty when the event is nothing to us, or says itself what to do (a comment)
  static Optional<Command> command(Event event) {
    return switch (event) {
      case Event.PullRequest e when e.action().equals("closed") -> Optional.empty();
      case Event.PullRequest _, Event.MergeGroup _ -> Optional.of(Command.PLAN);
      case Event.Push e when e.branch().filter(e.defaultBranch()::equals).isPresent() ->
          Optional.of(Command.STATUS);
      case Event.WorkflowRun e when e.action().equals("completed") -> Optional.of(Command.REHEARSE);
      case Event.Schedule _ -> Optional.of(Command.RUN);
      case Event.Dispatch _ -> Optional.of(Command.STATUS);
      case Event.Push _, Event.WorkflowRun _, Event.Comment _, Event.Other _ -> Optional.empty();
    };
  }
}
