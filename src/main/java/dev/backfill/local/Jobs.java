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
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/// Jobs, each on a thread of its own; a few at a time, the others wait.
final class Jobs {
  private static final int AT_ONCE = 4;
  private static final int LISTED = 100;
  private final Core core;
  private final Logs logs;
  private final Map<String, Job> jobs = new ConcurrentHashMap<>();
  private final ExecutorService threads =
      Executors.newFixedThreadPool(AT_ONCE, Thread.ofPlatform().daemon().name("job-", 1).factory());

  Jobs(Core core, Logs logs) {
    this.core = core;
    this.logs = logs;
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
      state = change.apply(state);
      core.store.write(state, "jobs", state.id() + ".json");
      logs.job(state);
      notifyAll();
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

    private synchronized boolean cancel() {
      if (state.terminal() || past) {
        return false;
      }
      stop = true;
      change(s -> s.with(s.status().equals("waiting") ? "cancelled" : "cancelling", ""));
      return true;
    }

    private synchronized boolean begin() {
      if (state.terminal() || stop) {
        return false;
      }
      change(s -> s.with("working", ""));
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
    threads.execute(() -> run(job, work));
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
    if (!job.cancel()) {
      throw new Refusal(
          400, "Job " + id + " can't be cancelled, its status is " + job.state().status());
    }
    // the statement may not have reached the engine yet, so ask until the job has ended
    Thread.ofPlatform()
        .daemon()
        .name("cancel-" + id)
        .start(() -> {
          while (!job.state().terminal()) {
            core.engine.kill("job:" + id);
            java.util.concurrent.locks.LockSupport.parkNanos(50_000_000);
          }
        });
    return job.state();
  }

  /// Takes no more and waits for those that run.
  void close() {
    threads.shutdown();
    jobs.values().forEach(Job::cancel);
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
