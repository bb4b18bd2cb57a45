package dev.backfill.revision;

import java.util.Optional;
import java.util.function.Consumer;

/// Whether commits that a clone lacks may be fetched. A fetch adds objects and remote-tracking
/// branches to the clone; nothing else of it changes.
public sealed interface Fetching {

  /// The clone stays as it is; whoever misses something is told how to fetch it.
  record Never() implements Fetching {}

  /// From the remote `origin`, no more than is needed.
  ///
  /// @param token for a remote that asks who we are; what the clone's own configuration holds
  ///   (`http.extraHeader`, a password in the address) is used anyway
  /// @param tell told, in a sentence, before each fetch
  record FromOrigin(Optional<Token> token, Consumer<String> tell) implements Fetching {}

  /// A secret that is shown to one host only, and only by https (or on this machine).
  record Token(String host, String secret) {
    @Override
    public String toString() {
      return "a token for " + host;
    }
  }
}
