package dev.backfill.http;

import dev.backfill.failure.Failure.Kind;
import dev.backfill.http.Request.Effect;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What one service wants to hear with every request, and what it means when it says no.
public interface Manners {

  /// Sent with every request, besides the token.
  Map<String, String> headers();

  Meaning meaning(Refusal refusal, Instant now);

  /// What to do about a failure that came without an answer, or with one of 2xx.
  String advice(Kind kind);

  /// An answer that isn't 2xx.
  ///
  /// @param effect of the request
  /// @param status HTTP status
  /// @param headers first value of each, names in lower case
  /// @param text the sentence for people
  /// @param attempt how often this request was sent, from 1
  record Refusal(Effect effect, int status, Map<String, String> headers, String text, int attempt) {

    public Optional<String> header(String name) {
      return Optional.ofNullable(headers.get(name));
    }

    /// A header that holds a number, rounded up.
    public Optional<Long> number(String header) {
      return wholeNumber(headers.get(header));
    }

    private static Optional<Long> wholeNumber(@Nullable String text) {
      if (text == null || !text.strip().matches("[0-9]{1,12}(\\.[0-9]{1,9})?")) {
        return Optional.empty();
      }
      return Optional.of((long) Math.ceil(Double.parseDouble(text.strip())));
    }
  }

  /// What it means.
  ///
  /// @param again whether the same request may be sent once more: surely not executed, or harmless
  /// @param pause how long to wait before, when the service has a wish
  /// @param advice what a person does about it, a sentence
  record Meaning(Kind kind, boolean again, Optional<Duration> pause, String advice) {}
}
