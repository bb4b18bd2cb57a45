package dev.backfill.github;

/// What a user may do in the repository, least first.
public enum Permission {
  NONE,
  READ,
  TRIAGE,
  WRITE,
  MAINTAIN,
  ADMIN;

  public boolean mayWrite() {
    return compareTo(WRITE) >= 0;
  }
}
