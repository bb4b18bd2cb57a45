package dev.backfill.plan;

import java.util.Locale;

/// What brings rows into a target. Every target has exactly one live feed and one history feed.
///
/// Whoever treats kinds differently switches over all of them, so that a new one is a compile error
/// where it isn't handled yet.
public sealed interface Feed {

  /// How.
  Enum<?> kind();

  /// The Pipe that does it; empty where none of ours does.
  String pipe();

  /// What brings the rows that arrive from now on.
  record Live(Live.Kind kind, String pipe) implements Feed {

    /// The ways of rows that arrive from now on.
    public enum Kind {
      /// A Materialized View from the source into the target.
      SYNC,
      /// A closure view's own copy, fed by the twin it hangs from.
      FORK,
      /// Whoever wrote to the source writes to the target.
      PRODUCERS,
      /// Nothing.
      NONE;

      @Override
      public String toString() {
        return name().toLowerCase(Locale.ROOT);
      }
    }
  }

  /// What brings the rows that are there already.
  record History(History.Kind kind, String pipe) implements Feed {

    /// Whether its Pipe is a Copy Pipe.
    public boolean copies() {
      return switch (kind) {
        case COPY, SEAM, REPLAY, POPULATE -> true;
        case FORK, NONE -> false;
      };
    }

    /// The ways of rows that are there already.
    public enum Kind {
      /// A guarded Copy Pipe from the source.
      COPY,
      /// The live fork, which the copies into its twin pass through.
      FORK,
      /// A Copy Pipe from the old target, up to a bucket.
      SEAM,
      /// A Copy Pipe with the view's query over its origin.
      REPLAY,
      /// The sync Pipe's populate, once; the Pipe that is named repairs what it missed.
      POPULATE,
      /// Nothing: there is none, or the next load brings it.
      NONE;

      @Override
      public String toString() {
        return name().toLowerCase(Locale.ROOT);
      }
    }
  }
}
