package dev.backfill.local;

import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Map;

/// Starts the copies that are due.
final class Schedules {
  private final Core core;
  private final Copies copies;
  private LocalDateTime last;

  /// @param now UTC; nothing before it is due any more
  Schedules(Core core, Copies copies, LocalDateTime now) {
    this.core = core;
    this.copies = copies;
    this.last = now.truncatedTo(ChronoUnit.MINUTES);
  }

  /// Starts what is due since it was asked before; several missed times are one.
  synchronized void tick(LocalDateTime now) {
    var until = now.truncatedTo(ChronoUnit.MINUTES);
    if (!until.isAfter(last)) {
      return;
    }
    for (var space : core.spaces()) {
      // whether schedules run in branches is open [?]
      if (!space.branch() || core.faults.schedulesInBranches()) {
        space.pipes.values().forEach(pipe -> start(space, pipe, until));
      }
    }
    last = until;
  }

  private void start(Space space, PipeDefinition pipe, LocalDateTime until) {
    var node = pipe.copyNode().filter(n -> !n.cron().isEmpty() && !n.paused());
    if (node.isEmpty()) {
      return;
    }
    var cron = Cron.parse(node.get().cron());
    for (var minute = last.plusMinutes(1); !minute.isAfter(until); minute = minute.plusMinutes(1)) {
      if (cron.meets(minute)) {
        try {
          copies.start(space, pipe, Map.of(), "");
        } catch (RuntimeException e) {
          System.getLogger(Schedules.class.getName())
              .log(System.Logger.Level.WARNING, "the copy " + pipe.name() + " can't be started", e);
        }
        return;
      }
    }
  }
}
