package dev.backfill.github;

/// A pull request to open.
///
/// @param head branch of this repository with the commits
/// @param base branch they should go to
/// @param title at most [GitHubLimits#TITLE] characters
/// @param body markdown, at most [GitHubLimits#COMMENT] characters
public record NewPullRequest(String head, String base, String title, String body) {}
