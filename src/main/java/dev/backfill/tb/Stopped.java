package dev.backfill.tb;

/// A handled error: exit 1.
final class Stopped extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Stopped(String message) {
    super(message);
  }
}
