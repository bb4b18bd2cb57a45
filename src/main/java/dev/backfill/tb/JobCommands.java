package dev.backfill.tb;

import java.util.List;
import java.util.Set;

/// `tb job ...`.
final class JobCommands {
  private static final Set<String> STATUSES = Set.of("waiting", "working", "done", "error");
  private final Here here;

  JobCommands(Here here) {
    this.here = here;
  }

  List<Command> all() {
    return List.of(
        Command.of("job ls", "[-s waiting|working|done|error]...", this::list)
            .valued("-s", "--status"),
        Command.of("job details", "ID", this::details),
        Command.of("job cancel", "ID", this::cancel));
  }

  private void list(Arguments arguments) {
    arguments.none();
    var wanted = new java.util.HashSet<>(arguments.all("-s"));
    wanted.addAll(arguments.all("--status"));
    wanted.stream()
        .filter(status -> !STATUSES.contains(status))
        .forEach(status -> {
          throw new Arguments.Wrong("Invalid value for '-s': " + status);
        });
    here.table(
        List.of("id", "kind", "status", "created at", "updated at", "job url"),
        Api.list(here.api().get("/v0/jobs"), "jobs").stream()
            .filter(job -> wanted.isEmpty() || wanted.contains(Api.text(job, "status")))
            .map(job ->
                List.of(
                    Api.text(job, "id"),
                    Api.text(job, "kind"),
                    Api.text(job, "status"),
                    Api.text(job, "created_at"),
                    Api.text(job, "updated_at"),
                    Api.text(job, "job_url")))
            .toList());
  }

  private void details(Arguments arguments) {
    var job = here.api().get("/v0/jobs/" + Api.segment(arguments.only("JOB_ID")));
    job.properties().stream()
        .map(entry -> "** " + entry.getKey() + ": " + Api.text(job, entry.getKey()))
        .forEach(here.out()::println);
  }

  private void cancel(Arguments arguments) {
    var id = arguments.only("JOB_ID");
    var status = Api.text(here.api().post("/v0/jobs/" + Api.segment(id) + "/cancel"), "status");
    if (!Set.of("cancelling", "cancelled").contains(status)) {
      throw new Stopped("Job " + id + " is " + status + ", not cancelled.");
    }
    here.out().println("** Job " + id + ": " + status);
  }
}
