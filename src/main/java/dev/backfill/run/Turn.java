package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.tinybird.Tinybird;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;

/// One writer's turn on a target: the lease is taken, kept alive in every wait and given back, jobs
/// of an earlier run end first, and whoever is interrupted says what is there and how to go on.
final class Turn {
  private Turn() {}

  /// @param server its clock
  /// @param figures what was done is added here, however it ends
  /// @param made from the jobs of this turn
  /// @param work what is done with it
  /// @throws Failure.Refused when somebody else holds the lease for longer than anybody wants to
  ///   wait
  static <T> T take(
      Tinybird tinybird,
      Watch watch,
      Supplier<Instant> server,
      Migration migration,
      PlanCore.Limits limits,
      RunOptions options,
      List<Outcome.Figures> figures,
      Function<Copier, Filler> made,
      Function<Filler, T> work) {
    var target = migration.target();
    var nonce = UUID.randomUUID().toString().substring(0, 13);
    var lease =
        Lease.acquire(
            tinybird,
            watch,
            server,
            target,
            options.holder(),
            nonce,
            limits.lease(),
            options.maxWait(),
            limits.poll());
    watch.heartbeat(lease::keep);
    var copier =
        new Copier(
            tinybird,
            watch,
            lease,
            options,
            limits.poll(),
            limits.settle(),
            target,
            migration.historyFeed().pipe(),
            nonce);
    var filling = made.apply(copier);
    try {
      if (copier.quiesce()) {
        watch.pause(target, "a job of an earlier run has just ended", limits.settle());
      }
      return work.apply(filling);
    } catch (Failure.Interrupted interrupted) {
      watch.stopping();
      throw new Failure.Interrupted(
          "%s: %,d rows copied and %,d added by difference are in %s and stay there; %s. Go on with: %s"
              .formatted(
                  interrupted.getMessage(),
                  filling.figures().copied(),
                  filling.figures().swept(),
                  target,
                  copier.uncertain()
                      ? "a job may still be under way, and the lease runs out by itself"
                      : "nothing of ours runs any more",
                  options.resume()));
    } finally {
      watch.heartbeat(() -> {});
      figures.add(filling.figures());
      if (copier.uncertain()) {
        watch.tell(
            new RunEvent.Note(
                target, "a job may still be under way, so the lease is left to run out"));
      } else {
        lease.release();
      }
    }
  }
}
