package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.tinybird.Job;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Starts copy jobs of one Pipe, one at a time, and waits for their end. What a job really wrote is
/// for the caller to read: no ending here is proof of that.
final class Copier {
  private static final Pattern TOO_BIG =
      Pattern.compile(
          "memory limit|memory_limit|timeout exceeded|time limit|estimated query execution time"
              + "|too_many_parts|too many parts|too many partitions|\\((?:241|159|160|252)\\)"
              + "|code: (?:241|159|160|252)\\b");
  private static final Pattern NOT_NOW =
      Pattern.compile(
          "too many simultaneous|too many requests|quota|\\((?:202)\\)|code: 202\\b|service unavailable");

  private final Tinybird tinybird;
  private final Watch watch;
  private final Lease lease;
  private final RunOptions options;
  private final Duration poll;
  private final Duration settle;
  private final String target;
  private final String pipe;
  private final String nonce;
  private int started;
  private Duration working = Duration.ZERO;
  private boolean uncertain;

  Copier(
      Tinybird tinybird,
      Watch watch,
      Lease lease,
      RunOptions options,
      Duration poll,
      Duration settle,
      String target,
      String pipe,
      String nonce) {
    this.tinybird = tinybird;
    this.watch = watch;
    this.lease = lease;
    this.options = options;
    this.poll = poll;
    this.settle = settle;
    this.target = target;
    this.pipe = pipe;
    this.nonce = nonce;
  }

  /// How a copy ended.
  sealed interface End {
    /// The job says it is done. It may have found its preconditions untrue and written nothing.
    record Said() implements End {}

    /// Too much for one job. A part may have been written: whether jobs are atomic is the service's
    /// secret.
    record TooBig(String because) implements End {}

    /// Nobody knows whether it ran, but nothing of it runs any more as far as can be seen.
    record Unknown(String because) implements End {}

    /// Doing it again won't help.
    record Failed(String because) implements End {}
  }

  int started() {
    return started;
  }

  Duration working() {
    return working;
  }

  /// A request may still be under way that nobody has seen: the lease must run out by itself.
  boolean uncertain() {
    return uncertain;
  }

  /// Waits until no copy job of the Pipe is active, whoever started it.
  ///
  /// @return whether there was one
  boolean quiesce() {
    var since = watch.now();
    var found = false;
    while (true) {
      var active =
          watch.read(target, () -> tinybird.copyJobs(pipe)).stream()
              .filter(j -> !j.state().terminal())
              .findFirst();
      if (active.isEmpty()) {
        return found;
      }
      found = true;
      tell(active.get(), "an earlier job", since);
      watch.poll(poll);
    }
  }

  End copy(Map<String, String> parameters, String range) {
    var since = watch.now();
    var refusals = 0;
    while (true) {
      if (quiesce()) {
        // What it wrote may not be visible on every replica at once.
        watch.pause(target, "an earlier job has just ended", settle);
        return new End.Unknown("another job of " + pipe + " was running");
      }
      lease.need();
      watch.check();
      var tag = "backfill-" + nonce + "-" + ++started;
      var tagged = new LinkedHashMap<>(parameters);
      tagged.put("tag", tag);
      Job job;
      // Until it is answered nobody knows whether the request was carried out.
      uncertain = true;
      try {
        job = tinybird.startCopy(pipe, tagged);
      } catch (Failure.Remote failure) {
        uncertain = false;
        switch (failure.kind()) {
          case WAIT, UNREACHABLE -> {
            if (failure.kind() == Failure.Kind.UNREACHABLE
                && watch.now().isAfter(since.plus(options.unreachable()))) {
              throw failure;
            }
            backOff(String.valueOf(failure.getMessage()), since, refusals++, failure.retryAfter());
          }
          case LOST -> {
            return findLost(tag, range, String.valueOf(failure.getMessage()));
          }
          case SIZE -> {
            return new End.TooBig(String.valueOf(failure.getMessage()));
          }
          case NOT_FOUND, CONFLICT, FORBIDDEN, PERMANENT -> throw failure;
        }
        continue;
      }
      uncertain = false;
      return await(job, range);
    }
  }

  private void backOff(String because, Instant since, int refusals, Optional<Duration> retryAfter) {
    var pause =
        retryAfter.orElse(Duration.ofSeconds(Math.min(60, 1L << Math.min(refusals + 1, 6))));
    var left = pause;
    var until = watch.now().plus(pause);
    while (left.isPositive()) {
      watch.tell(new RunEvent.Waiting(target, because, since, Optional.of(until)));
      var step = left.compareTo(Duration.ofSeconds(1)) < 0 ? left : Duration.ofSeconds(1);
      watch.poll(step);
      left = left.minus(step);
    }
  }

  /// The answer never came. The job may be there already, may appear (lists and logs lag), or may
  /// still be on its way: so it is looked for longer than any request lives.
  private End findLost(String tag, String range, String because) {
    uncertain = true;
    var since = watch.now();
    var until = since.plus(options.requestDeadline());
    while (watch.now().isBefore(until)) {
      watch.tell(
          new RunEvent.Waiting(
              target,
              "looking for a job whose answer was lost: " + because,
              since,
              Optional.of(until)));
      var ids = watch.read(target, () -> tinybird.jobsTagged(pipe, tag));
      if (!ids.isEmpty()) {
        End end = new End.Unknown(because);
        for (var id : ids) {
          var job = watch.read(target, () -> tinybird.job(id));
          if (job.isPresent()) {
            end = await(job.get(), range);
            if (!(end instanceof End.Said)) {
              break;
            }
          }
        }
        if (end instanceof End.Unknown) {
          // The log knows it and the list doesn't (any more): it may still be at work.
          break;
        }
        uncertain = false;
        return end;
      }
      if (quiesce()) {
        break;
      }
      watch.poll(poll);
    }
    // One writer holds the lease, so a job that was active here was ours.
    var later = watch.read(target, () -> tinybird.jobsTagged(pipe, tag));
    if (later.isEmpty() && watch.now().isBefore(until)) {
      watch.pause(target, "a request may still be under way", Duration.between(watch.now(), until));
    }
    quiesce();
    uncertain = false;
    watch.pause(target, "reading again what a lost job may have written", settle);
    return new End.Unknown(because);
  }

  private End await(Job job, String range) {
    var since = watch.now();
    var now = job;
    while (!now.state().terminal()) {
      tell(now, range, since);
      var id = job.id();
      Optional<Job> seen;
      try {
        watch.poll(poll);
        seen = watch.read(target, () -> tinybird.job(id));
      } catch (Failure.Interrupted | Failure.Refused stop) {
        throw stop(now, stop);
      } catch (Failure.Remote failure) {
        uncertain = true;
        throw failure;
      }
      if (seen.isEmpty()) {
        quiesce();
        watch.pause(target, "job " + id + " is gone from the list", settle);
        return new End.Unknown("job " + id + " is no longer known to the server");
      }
      now = seen.get();
    }
    working = working.plus(Duration.between(since, watch.now()));
    tell(now, range, since);
    var error = now.error().orElse("no reason given");
    return switch (now.state()) {
      case DONE -> new End.Said();
      case CANCELLED ->
          throw new Failure.Interrupted("job " + now.id() + " was cancelled by somebody");
      default -> ended(error);
    };
  }

  private End ended(String error) {
    var text = error.toLowerCase(Locale.ROOT);
    if (TOO_BIG.matcher(text).find()) {
      return new End.TooBig(error);
    }
    if (NOT_NOW.matcher(text).find()) {
      watch.pause(target, error, settle.plusSeconds(1));
      return new End.Unknown(error);
    }
    return new End.Failed(error);
  }

  /// Ends our job before the run ends: it is cancelled and its end awaited.
  private Failure stop(Job job, Failure why) {
    watch.stopping();
    try {
      var now = tinybird.cancel(job.id());
      for (var tries = 0; !now.state().terminal() && tries < 300; tries++) {
        tell(now, "cancelling", watch.now());
        watch.poll(poll);
        var seen = tinybird.job(job.id());
        if (seen.isEmpty()) {
          break;
        }
        now = seen.get();
      }
      uncertain = !now.state().terminal();
    } catch (Failure.Remote failure) {
      // One that has ended by itself meanwhile is refused too.
      uncertain = !isOver(job.id());
      if (uncertain) {
        watch.tell(
            new RunEvent.Note(
                target, "job " + job.id() + " couldn't be cancelled: " + failure.getMessage()));
      }
    }
    return why;
  }

  /// Whether the server says, asked once, that a job has ended.
  private boolean isOver(String job) {
    try {
      return tinybird.job(job).filter(j -> j.state().terminal()).isPresent();
    } catch (Failure.Remote _) {
      return false;
    }
  }

  private void tell(Job job, String range, Instant since) {
    watch.tell(
        new RunEvent.JobRunning(
            target,
            range,
            job.id(),
            job.state().name().toLowerCase(Locale.ROOT),
            job.state().terminal(),
            Duration.between(since, watch.now())));
  }
}
