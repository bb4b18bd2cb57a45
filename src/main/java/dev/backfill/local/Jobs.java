package dev.backfill.local;

import dev.backfill.local.engine.EngineException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/// Jobs, each on a thread of its own; a few at a time, the others wait.
final class Jobs {
  private static final int AT_ONCE = 4;
  private static final int LISTED = 100;
  private final Core core;
  private final Logs logs;
  private final String url;
  private final Map<String, Job> jobs = new ConcurrentHashMap<>();
  private final ExecutorService threads =
      Executors.newFixedThreadPool(AT_ONCE, Thread.ofPlatform().daemon().name("job-", 1).factory());

  /// @param url of the API, for the jobs' own addresses
  Jobs(Core core, Logs logs, String url) {
    this.core = core;
    this.logs = logs;
    this.url = url;
  }

  /// What a job does; it calls [Job#checkpoint] where it can stop.
  interface Work {
    void run(Job job);
  }

  /// One job.
  final class Job {
    private final JobState submitted;
    private JobState state;
    private boolean stop;
    private boolean past;

    private Job(JobState state) {
      this.submitted = state;
      this.state = state;
    }

    /// As it was submitted: what the answer to the request that made it says, however fast the job
    /// is.
    JobState submitted() {
      return submitted;
    }

    synchronized JobState state() {
      return state;
    }

    String id() {
      return state().id();
    }

    synchronized void change(UnaryOperator<JobState> change) {
      write(noted(change));
    }

    /// The same, seen before it is on disk: for what a start after the death of the process would
    /// find out anyway.
    void changeEarly(UnaryOperator<JobState> change) {
      write(noted(change));
    }

    private synchronized JobState noted(UnaryOperator<JobState> change) {
      state = change.apply(state).at(core.clock.now());
      logs.job(state);
      notifyAll();
      return state;
    }

    private void write(JobState changed) {
      core.store.write(changed, "jobs", changed.id() + ".json");
    }

    /// Stops here when that was asked for.
    synchronized void checkpoint() {
      if (stop) {
        throw new CancellationException();
      }
    }

    /// From here on it can't be stopped.
    synchronized void pointOfNoReturn() {
      checkpoint();
      past = true;
    }

    synchronized void pause(long millis) {
      var end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
      try {
        for (var left = end - System.nanoTime();
            left > 0 && !stop;
            left = end - System.nanoTime()) {
          TimeUnit.NANOSECONDS.timedWait(this, left);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CancellationException();
      }
      checkpoint();
    }

    private synchronized boolean cancel(Faults.Cancel how) {
      if (state.terminal() || past) {
        return false;
      }
      if (how == Faults.Cancel.OBEY) {
        stop = true;
        change(s -> s.with(s.status().equals("waiting") ? "cancelled" : "cancelling", ""));
      } else if (how == Faults.Cancel.DELAY) {
        change(s -> s.with("cancelling", ""));
      }
      return true;
    }

    private synchronized void stop() {
      stop = true;
      notifyAll();
    }

    private synchronized boolean begin() {
      if (state.terminal() || stop) {
        return false;
      }
      if (!state.status().equals("cancelling")) {
        // not written: a job that hasn't ended is an interrupted one at the next start
        noted(s -> s.with("working", ""));
      }
      return true;
    }
  }

  /// Takes over what a process before us left.
  void load(List<JobState> kept) {
    for (var state : kept) {
      var job = new Job(state);
      jobs.put(state.id(), job);
      if (state.terminal()) {
        logs.job(state);
      } else {
        job.change(s -> s.with("error", "The job was interrupted: the server was restarted"));
      }
    }
  }

  Job submit(JobState state, Work work) {
    var job = new Job(state);
    job.change(UnaryOperator.identity());
    jobs.put(state.id(), job);
    threads.execute(
        () -> ScopedValue.where(Logs.REQUEST, state.requestId()).run(() -> run(job, work)));
    return job;
  }

  private void run(Job job, Work work) {
    if (!job.begin()) {
      return;
    }
    try {
      job.pause(core.faults.jobDelayMillis());
      work.run(job);
    } catch (CancellationException e) {
      job.change(s -> s.with("cancelled", ""));
    } catch (EngineException e) {
      end(job, e.code() == 394, "[Error] " + Sql.text(e));
    } catch (Refusal e) {
      end(job, false, e.text());
    } catch (RuntimeException e) {
      end(job, false, "[Error] the local workspace failed: " + e);
    }
  }

  private static void end(Job job, boolean killed, String error) {
    if (killed && job.state().status().equals("cancelling")) {
      job.change(s -> s.with("cancelled", ""));
    } else {
      var text =
          job.state().kind().equals("copy")
              ? "There was a problem while copying data: " + error
              : error;
      job.change(s -> s.with("error", text));
    }
  }

  Optional<JobState> find(Space space, String id) {
    return Optional.ofNullable(jobs.get(id))
        .map(Job::state)
        .filter(state -> state.space().equals(space.id()) || !space.branch())
        .filter(state -> !(core.faults.vanishing() && state.terminal()));
  }

  /// Newest first.
  List<JobState> list(Space space) {
    var newest = System.currentTimeMillis() - core.faults.jobListLagMillis();
    return jobs.values().stream()
        .map(Job::state)
        .filter(state -> state.space().equals(space.id()))
        .filter(state -> state.createdMillis() <= newest)
        .filter(state -> !(core.faults.vanishing() && state.terminal()))
        .sorted(Comparator.comparing(JobState::createdAt).thenComparing(JobState::id).reversed())
        .limit(LISTED)
        .toList();
  }

  long active(Space space, String kind) {
    return of(space, kind).filter(s -> !s.terminal()).count();
  }

  /// What the API says of a job.
  Map<String, Object> json(JobState job) {
    return job.json(url, core.faults.booleanErrors());
  }

  /// All of a kind, ended or not, in no order.
  Stream<JobState> of(Space space, String kind) {
    return jobs.values().stream()
        .map(Job::state)
        .filter(s -> s.space().equals(space.id()) && s.kind().equals(kind));
  }

  JobState cancel(Space space, String id) {
    var job = jobs.get(id);
    if (job == null || find(space, id).isEmpty()) {
      throw new Refusal(404, "Job " + id + " not found");
    }
    var how = core.faults.cancel();
    if (!job.cancel(how)) {
      throw new Refusal(
          400, "Job " + id + " can't be cancelled, its status is " + job.state().status());
    }
    if (how == Faults.Cancel.IGNORE) {
      return job.state().with("cancelling", "");
    }
    // the statement may not have reached the engine yet, so ask until the job has ended
    var pause = how == Faults.Cancel.DELAY ? core.faults.cancelMillis() : 0;
    Thread.ofPlatform()
        .daemon()
        .name("cancel-" + id)
        .start(() -> {
          LockSupport.parkNanos(pause * 1_000_000);
          job.stop();
          while (!job.state().terminal()) {
            core.engine.kill("job:" + id);
            LockSupport.parkNanos(50_000_000);
          }
        });
    return job.state();
  }

  /// Takes no more and waits for those that run.
  void close() {
    threads.shutdown();
    jobs.values().forEach(job -> job.cancel(Faults.Cancel.OBEY));
    try {
      while (!threads.awaitTermination(100, TimeUnit.MILLISECONDS)) {
        jobs.values().stream()
            .filter(job -> !job.state().terminal())
            .forEach(job -> core.engine.kill("job:" + job.id()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
