package dev.backfill.github;

import java.util.Optional;
import java.util.function.Function;

/// What came of a write: done, or not allowed. A missing permission is a normal thing on a fork and
/// in a workflow with few `permissions`, so the caller has to say what it does then.
public sealed interface Attempt<T> {

  /// It is done.
  record Done<T>(T value) implements Attempt<T> {}

  /// The token may not do it; nothing was changed.
  ///
  /// @param because what GitHub said and which permission it wants (as far as it told), one line;
  ///   holds no token
  record Denied<T>(String because) implements Attempt<T> {}

  default Optional<T> done() {
    return switch (this) {
      case Done<T>(var value) -> Optional.of(value);
      case Denied<T> _ -> Optional.empty();
    };
  }

  default <U> Attempt<U> map(Function<? super T, ? extends U> next) {
    return switch (this) {
      case Done<T>(var value) -> new Done<>(next.apply(value));
      case Denied<T>(var because) -> new Denied<>(because);
    };
  }

  /// Goes on when this was done.
  default <U> Attempt<U> then(Function<? super T, Attempt<U>> next) {
    return switch (this) {
      case Done<T>(var value) -> next.apply(value);
      case Denied<T>(var because) -> new Denied<>(because);
    };
  }
}
