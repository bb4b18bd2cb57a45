package dev.backfill.github;

/// A comment in a pull request's conversation.
///
/// @param id GitHub's; a later comment has a higher one
/// @param author login, `github-actions[bot]` for a workflow's own token; `ghost` when the account
///   is gone
/// @param body markdown as it was written: hostile, whoever wrote it
/// @param url its address
public record Comment(long id, String author, String body, String url) {

  /// Logins don't depend on case.
  public boolean by(String login) {
    return author.equalsIgnoreCase(login);
  }
}
