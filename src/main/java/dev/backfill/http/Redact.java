package dev.backfill.http;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/// Takes tokens out of texts before anybody reads them: the ones we know by value, and whatever
/// looks like one (a server may echo another's).
public final class Redact {
  private static final String HIDDEN = "***";
  private static final Pattern TOKEN_PARAMETER =
      Pattern.compile("(?i)((?:^|[?&\\s\"'])(?:user_)?token=)[^&\\s\"'<>]+");
  private static final Pattern TOKEN_FIELD =
      Pattern.compile("(?i)(\"(?:user_)?token\"\\s*:\\s*\")[^\"]+");
  private static final Pattern BEARER = Pattern.compile("(?i)(bearer\\s+)[^\\s\"']+");
  private static final Pattern SHAPE =
      Pattern.compile(
          "p\\.ey[A-Za-z0-9_.-]+|gh[a-z]_[A-Za-z0-9_]{20,}|github_pat_[A-Za-z0-9_]{20,}");

  private final Set<String> known = ConcurrentHashMap.newKeySet();

  /// Hides this value wherever it turns up from now on. Values too short to be a token are let
  /// through: hiding them would garble every text.
  public void learn(String token) {
    if (token.length() >= 4) {
      known.add(token);
    }
  }

  public String text(String text) {
    var result = text;
    for (var token : known) {
      result = result.replace(token, HIDDEN);
    }
    result = TOKEN_PARAMETER.matcher(result).replaceAll("$1***");
    result = TOKEN_FIELD.matcher(result).replaceAll("$1***");
    result = BEARER.matcher(result).replaceAll("$1***");
    return SHAPE.matcher(result).replaceAll(HIDDEN);
  }
}
