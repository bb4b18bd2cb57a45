package dev.backfill.change;

import java.util.Locale;

/// What one change asks for.
public enum Impact {
  /// Nothing is moved or altered.
  NONE,
  /// The platform ALTERs the live Data Source; data stays.
  IN_PLACE,
  /// A new, empty, versioned Data Source is needed, and the data must follow.
  VERSION,
  /// Deploying it would lose or double data, stop production or fail half-way.
  REFUSE;

  /// The name used in JSON and reports.
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
