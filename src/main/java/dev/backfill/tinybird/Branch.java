package dev.backfill.tinybird;

import java.time.Instant;
import java.util.Optional;

/// A branch of a workspace.
///
/// @param id its id; changes when the branch is rebuilt
/// @param name its name
/// @param token a token for it, when it was asked for; never printed
/// @param createdAt when it was made
public record Branch(String id, String name, Optional<String> token, Instant createdAt) {
  @Override
  public String toString() {
    return "Branch[" + name + ", " + id + "]";
  }
}
