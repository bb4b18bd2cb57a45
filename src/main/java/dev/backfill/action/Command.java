package dev.backfill.action;

import java.util.Locale;

/// What the action is asked to do.
public enum Command {
  /// What the event calls for, see [Auto].
  AUTO,
  /// Plan a pull request (or two revisions), and show it.
  PLAN,
  /// Rehearse the pull request's plan in its branch of the workspace.
  REHEARSE,
  /// Carry out every open migration of the checkout, or the one plan that was named.
  RUN,
  /// Say where every open migration stands, and whether open pull requests are still ready.
  STATUS,
  /// Open the pull requests that switch readers and remove what is left over.
  CLEANUP;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
