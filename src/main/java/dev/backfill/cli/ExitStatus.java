package dev.backfill.cli;

import dev.backfill.failure.Failure;

/// What a command says to the shell.
enum ExitStatus {
  DONE(0, "done, or nothing to do"),
  NO(1, "the answer is no: not ready, stale files with --check, counts differ, refused change"),
  USAGE(2, "wrong usage or configuration"),
  OUTSIDE(3, "the outside failed: network, permission, quota after retries, disk"),
  UNREADABLE(4, "the project can't be read; file and line are in the message"),
  BUG(70, "a bug of ours; the message says where to report it"),
  INTERRUPTED(130, "interrupted; nothing is lost, and the message says how to go on");

  private final int code;
  private final String meaning;

  ExitStatus(int code, String meaning) {
    this.code = code;
    this.meaning = meaning;
  }

  int code() {
    return code;
  }

  String meaning() {
    return meaning;
  }

  static ExitStatus of(Failure failure) {
    return switch (failure) {
      case Failure.Usage _ -> USAGE;
      case Failure.Refused _ -> NO;
      case Failure.Unreadable _ -> UNREADABLE;
      case Failure.Interrupted _ -> INTERRUPTED;
      case Failure.Machine _, Failure.Remote _ -> OUTSIDE;
    };
  }
}
