package dev.backfill.github;

/// Facts of the repository.
///
/// @param defaultBranch `main`, without `refs/heads/`
/// @param url its page, without a slash at the end
public record Repository(String defaultBranch, String url) {}
