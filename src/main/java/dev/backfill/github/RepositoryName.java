package dev.backfill.github;

import dev.backfill.failure.Failure;

/// `owner/name`, as `GITHUB_REPOSITORY` has it.
public record RepositoryName(String owner, String name) {
  public RepositoryName {
    if (!owner.matches("[A-Za-z0-9_-]+") || !name.matches("[A-Za-z0-9._-]+")) {
      throw new IllegalArgumentException("not a repository: " + owner + "/" + name);
    }
    if (name.equals(".") || name.equals("..")) {
      throw new IllegalArgumentException("not a repository: " + owner + "/" + name);
    }
  }

  /// @throws Failure.Usage when it isn't one
  public static RepositoryName parse(String text) {
    var slash = text.indexOf('/');
    try {
      return new RepositoryName(text.substring(0, Math.max(0, slash)), text.substring(slash + 1));
    } catch (IllegalArgumentException e) {
      throw new Failure.Usage("not a repository: " + text + ". Write it like owner/name.");
    }
  }

  /// Names of accounts and repositories don't depend on case.
  public boolean equalsIgnoreCase(RepositoryName other) {
    return owner.equalsIgnoreCase(other.owner) && name.equalsIgnoreCase(other.name);
  }

  @Override
  public String toString() {
    return owner + "/" + name;
  }
}
