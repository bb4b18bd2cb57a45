package dev.backfill.action;

import dev.backfill.action.ActionOutputs.Output;
import dev.backfill.failure.Failure;
import dev.backfill.github.Attempt;
import dev.backfill.github.GitHub;
import dev.backfill.github.Permission;
import dev.backfill.github.Reaction;
import java.util.Optional;

/// Comments that are commands: who may give them, and the receipt.
final class Conversing {
  private final ActionInputs inputs;
  private final GitHub github;
  private final Publisher publisher;

  Conversing(ActionInputs inputs, GitHub github, Publisher publisher) {
    this.inputs = inputs;
    this.github = github;
    this.publisher = publisher;
  }

  /// @return what to do here and now; empty when the comment isn't for us, isn't allowed, or is for
  ///   another job
  Optional<SlashCommand.Spoken> listen(Event.Comment event) {
    // Our own comment quotes the commands, and an edited comment was obeyed once.
    if (!event.action().equals("created") || event.bot() || !event.onPullRequest()) {
      return Optional.empty();
    }
    var spoken = SlashCommand.read(event.body());
    if (spoken.isEmpty()) {
      return Optional.empty();
    }
    if (!mayWrite(event.author())) {
      publisher.log().log(
          "Not obeyed: " + event.author() + " has no write permission in this repository.");
      react(event, Reaction.THUMBS_DOWN);
      return Optional.empty();
    }
    var command = spoken.get().command();
    if (command.isEmpty()) {
      publisher.log().log("No such command. There are:\n" + SlashCommand.list());
      react(event, Reaction.CONFUSED);
      return Optional.of(
          new SlashCommand.Spoken(Optional.of(SlashCommand.HELP), spoken.get().rest()));
    }
    react(event, Reaction.EYES);
    publisher.output(Output.PR, String.valueOf(event.number()));
    if (!inputs.commentCommands().contains(command.get().word())) {
      publisher.output(Output.REQUESTED, command.get().word());
      publisher.log().log("Handed on to another job: " + command.get().word());
      return Optional.empty();
    }
    return spoken;
  }

  private boolean mayWrite(String login) {
    try {
      return github.permission(login).mayWrite();
    } catch (Failure.Remote e) {
      if (e.kind() == Failure.Kind.FORBIDDEN || e.kind() == Failure.Kind.NOT_FOUND) {
        return Permission.NONE.mayWrite();
      }
      throw e;
    }
  }

  /// The receipt; one that may not be given changes nothing.
  void react(Event.Comment event, Reaction reaction) {
    try {
      switch (github.react(event.comment(), reaction)) {
        case Attempt.Done<Boolean> _ -> {}
        case Attempt.Denied<Boolean>(var because) ->
            publisher.deny("the reaction to the command", because, "pull-requests: write");
      }
    } catch (Failure.Remote e) {
      // such as a comment that is gone
      publisher.log().log("There is no reaction to the command: " + e.getMessage());
    }
  }
}
