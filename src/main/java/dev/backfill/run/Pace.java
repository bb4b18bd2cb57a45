package dev.backfill.run;

/// How many rows a job may take: less after one was too big, more again, slowly, while they go
/// well.
final class Pace {
  private static final int GOOD_BEFORE_GROWING = 4;

  private final long most;
  private long rows;
  private int good;

  Pace(long most) {
    this.most = most;
    this.rows = most;
  }

  long rows() {
    return rows;
  }

  void tooBig(long had) {
    rows = Math.max(1, Math.min(rows, had) / 2);
    good = 0;
  }

  void went() {
    if (++good >= GOOD_BEFORE_GROWING && rows < most) {
      rows = Math.min(most, rows + Math.max(1, rows / 4));
      good = 0;
    }
  }
}
