package dev.backfill.sql;

/// A template that can't be rendered: a parameter is missing or doesn't fit its type, or the
/// template uses something we don't know for certain. The message may hold text from a pull
/// request.
public final class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public TemplateException(String message) {
    super(message);
  }
}
