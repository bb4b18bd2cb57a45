package dev.backfill.action;

import dev.backfill.failure.Failure;
import dev.backfill.github.RepositoryName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// What the runner says about itself and the workflow, in its documented variables.
///
/// @param event `GITHUB_EVENT_NAME`
/// @param eventFile `GITHUB_EVENT_PATH`
/// @param repository `GITHUB_REPOSITORY`
/// @param sha `GITHUB_SHA`, the commit that was checked out
/// @param workspace the checkout
/// @param output `GITHUB_OUTPUT`
/// @param summary `GITHUB_STEP_SUMMARY`
/// @param run the workflow run's page; empty outside GitHub
/// @param holder who we are in a lease
/// @param runId of the workflow run; 0 outside GitHub
/// @param workflow file name of the workflow that runs, such as `backfill.yml`
record Runner(
    String event,
    Optional<Path> eventFile,
    Optional<RepositoryName> repository,
    Optional<String> sha,
    Path workspace,
    Optional<Path> output,
    Optional<Path> summary,
    String run,
    String holder,
    long runId,
    Optional<String> workflow) {

  /// @param environment of the process
  /// @param folder the process' folder, for runs outside a workflow
  static Runner of(Map<String, String> environment, Path folder) {
    var workspace = path(environment, "GITHUB_WORKSPACE").orElse(folder);
    var repository = value(environment, "GITHUB_REPOSITORY");
    var id = value(environment, "GITHUB_RUN_ID");
    var server = value(environment, "GITHUB_SERVER_URL").orElse("https://github.com");
    return new Runner(
        value(environment, "GITHUB_EVENT_NAME").orElse(""),
        path(environment, "GITHUB_EVENT_PATH"),
        repository.map(RepositoryName::parse),
        value(environment, "GITHUB_SHA"),
        workspace,
        path(environment, "GITHUB_OUTPUT"),
        path(environment, "GITHUB_STEP_SUMMARY"),
        repository.isPresent() && id.isPresent()
            ? server + "/" + repository.get() + "/actions/runs/" + id.get()
            : "",
        id.map(i -> repository.orElse("GitHub") + " run " + i).orElse("backfill action"),
        id.filter(i -> i.matches("[0-9]{1,18}")).map(Long::parseLong).orElse(0L),
        value(environment, "GITHUB_WORKFLOW_REF").flatMap(Runner::workflowFile));
  }

  /// The workflow run that holds a claim under a name of ours; empty for anybody else.
  Optional<Long> runOf(String holder) {
    var prefix = repository.map(r -> r + " run ").orElse("");
    return !prefix.isEmpty() && holder.matches("(?s)\\Q" + prefix + "\\E[0-9]{1,18}")
        ? Optional.of(Long.parseLong(holder.substring(prefix.length())))
        : Optional.empty();
  }

  // owner/name/.github/workflows/file.yml@ref
  private static Optional<String> workflowFile(String ref) {
    var path = ref.replaceFirst("@.*", "");
    var name = path.substring(path.lastIndexOf('/') + 1);
    return name.matches("[A-Za-z0-9._-]+\\.ya?ml") ? Optional.of(name) : Optional.empty();
  }

  /// @throws Failure.Usage when it isn't there
  Event readEvent() {
    if (eventFile.isEmpty()) {
      return new Event.Other(event);
    }
    try {
      return Events.read(event, Files.readString(eventFile.get()));
    } catch (IOException e) {
      throw new Failure.Machine("can't read the event at " + eventFile.get(), e);
    }
  }

  private static Optional<String> value(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name)).filter(v -> !v.isBlank());
  }

  private static Optional<Path> path(Map<String, String> environment, String name) {
    return value(environment, name).map(Path::of);
  }
}
