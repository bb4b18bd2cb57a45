package dev.backfill.failure;

import dev.backfill.problem.Problem;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// A reason to stop. The exit status of a command is a `switch` over these; anything else that is
/// thrown is a bug.
public abstract sealed class Failure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private Failure(String message) {
    super(message);
  }

  private Failure(String message, Throwable cause) {
    super(message, cause);
  }

  /// Wrong usage or configuration: exit status 2. The message ends with what to do.
  public static final class Usage extends Failure {
    private static final long serialVersionUID = 1L;

    public Usage(String message) {
      super(message);
    }
  }

  /// The answer is no (refused change, stale files, counts differ): exit status 1.
  public static final class Refused extends Failure {
    private static final long serialVersionUID = 1L;
    private final transient List<Problem> problems;

    public Refused(String message, List<Problem> problems) {
      super(message);
      this.problems = List.copyOf(problems);
    }

    public Refused(String message) {
      this(message, List.of());
    }

    public List<Problem> problems() {
      return problems;
    }
  }

  /// The project can't be read: exit status 4. Holds every problem found, not only the first.
  public static final class Unreadable extends Failure {
    private static final long serialVersionUID = 1L;
    private final transient List<Problem> problems;

    public Unreadable(List<Problem> problems) {
      super(problems.isEmpty() ? "the project can't be read" : problems.getFirst().toString());
      this.problems = List.copyOf(problems);
    }

    public List<Problem> problems() {
      return problems;
    }
  }

  /// Somebody pressed Ctrl-C or the job was cancelled: exit status 130. The message says how to go
  /// on.
  public static final class Interrupted extends Failure {
    private static final long serialVersionUID = 1L;

    public Interrupted(String message) {
      super(message);
    }
  }

  /// A file of this machine can't be read or written (disk full, permission): exit status 3.
  /// Nothing is half-written.
  public static final class Machine extends Failure {
    private static final long serialVersionUID = 1L;

    public Machine(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /// What another system's refusal or silence means for us.
  public enum Kind {
    /// Too much at once (memory, time, parts): split and go on.
    SIZE,
    /// Not now (429, copy quota answered as 403, 5xx on a read): wait and try the same again.
    WAIT,
    /// It isn't there (404).
    NOT_FOUND,
    /// The name is taken or something depends on it (409).
    CONFLICT,
    /// No permission, or a bad token (403).
    FORBIDDEN,
    /// The request was sent and the answer never came: it may have been done.
    LOST,
    /// It was never reached (host down, name unknown): it has not been done.
    UNREACHABLE,
    /// Anything else: doing it again won't help.
    PERMANENT
  }

  /// Another system said no or didn't answer: exit status 3.
  public static final class Remote extends Failure {
    private static final long serialVersionUID = 1L;
    private final Kind kind;
    private final int status;
    private final transient Optional<Duration> retryAfter;

    /// @param status HTTP status, 0 when there was no answer
    /// @param message who was asked what and what came back; never holds a token
    public Remote(Kind kind, int status, Optional<Duration> retryAfter, String message) {
      super(message);
      this.kind = kind;
      this.status = status;
      this.retryAfter = retryAfter;
    }

    public Kind kind() {
      return kind;
    }

    public int status() {
      return status;
    }

    public Optional<Duration> retryAfter() {
      return retryAfter;
    }
  }
}
