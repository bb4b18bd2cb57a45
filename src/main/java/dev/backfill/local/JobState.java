package dev.backfill.local;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A job, as kept on disk.
///
/// @param space id of the workspace or branch it belongs to
/// @param status waiting, working, done, error, cancelling, cancelled
/// @param error empty while there is none
/// @param rows written into the target
/// @param progress part that is done, from 0 to 1; of a copy 0 until it is 1
/// @param version grows with every change
/// @param requestId of the request that asked for it
record JobState(
    String id,
    String kind,
    String space,
    String status,
    String error,
    String createdAt,
    String startedAt,
    String updatedAt,
    long createdMillis,
    long version,
    String pipeId,
    String pipeName,
    String dataSourceId,
    String dataSourceName,
    Map<String, String> parameters,
    String mode,
    long rows,
    Map<String, Object> result,
    double progress,
    String requestId) {

  /// A job that was just asked for.
  ///
  /// @param now when
  /// @param pipe that it runs, if any
  /// @param target Data Source that it writes, if it is one
  static JobState waiting(
      String now,
      String kind,
      Space space,
      Optional<PipeDefinition> pipe,
      Optional<Definition> target,
      Map<String, String> parameters,
      String mode) {
    return new JobState(
        Clock.uuid(),
        kind,
        space.id(),
        "waiting",
        "",
        now,
        "",
        now,
        System.currentTimeMillis(),
        1,
        pipe.map(PipeDefinition::id).orElse(""),
        pipe.map(PipeDefinition::name).orElse(""),
        target.map(Definition::id).orElse(""),
        target.map(Definition::name).orElse(""),
        parameters,
        mode,
        0,
        Map.of(),
        0,
        Logs.requestId());
  }

  boolean terminal() {
    return status.equals("done") || status.equals("error") || status.equals("cancelled");
  }

  JobState with(String newStatus, String newError) {
    return next(newStatus, newError, rows, result, progress);
  }

  JobState finished(long newRows, Map<String, Object> newResult) {
    return next("done", "", newRows, newResult, 1);
  }

  /// Some steps of it are done.
  JobState progressed(long newRows, double newProgress) {
    return next(status, error, newRows, result, newProgress);
  }

  private JobState next(
      String newStatus,
      String newError,
      long newRows,
      Map<String, Object> newResult,
      double newProgress) {
    return new JobState(
        id,
        kind,
        space,
        newStatus,
        newError,
        createdAt,
        startedAt,
        updatedAt,
        createdMillis,
        version + 1,
        pipeId,
        pipeName,
        dataSourceId,
        dataSourceName,
        parameters,
        mode,
        newRows,
        newResult,
        newProgress,
        requestId);
  }

  /// The same, changed now.
  JobState at(String now) {
    return new JobState(
        id,
        kind,
        space,
        status,
        error,
        createdAt,
        startedAt.isEmpty() && status.equals("working") ? now : startedAt,
        now,
        createdMillis,
        version,
        pipeId,
        pipeName,
        dataSourceId,
        dataSourceName,
        parameters,
        mode,
        rows,
        result,
        progress,
        requestId);
  }

  Map<String, Object> logRow() {
    var row = Json.map();
    row.put("job_id", id);
    row.put("job_type", kind);
    row.put("workspace_id", space);
    row.put("pipe_id", pipeId);
    row.put("datasource_id", dataSourceId);
    row.put("status", status);
    row.put("error", error.isEmpty() ? null : error);
    row.put("request_id", requestId);
    row.put("created_at", createdAt);
    row.put("started_at", startedAt.isEmpty() ? null : startedAt);
    row.put("updated_at", updatedAt);
    var metadata = Json.map();
    metadata.put("pipe_name", pipeName);
    metadata.put("parameters", parameters);
    metadata.put("_mode", mode);
    row.put("job_metadata", Json.text(metadata));
    row.put("version", version);
    return row;
  }

  Map<String, Object> json(String url, boolean booleanError) {
    var json = Json.map();
    json.put("id", id);
    json.put("job_id", id);
    json.put("kind", kind);
    json.put("status", status);
    json.put("created_at", createdAt);
    json.put("updated_at", updatedAt);
    if (!startedAt.isEmpty()) {
      json.put("started_at", startedAt);
    }
    json.put("is_cancellable", status.equals("waiting") || status.equals("working"));
    json.put("job_url", url + "/v0/jobs/" + id);
    if (!error.isEmpty()) {
      json.put("error", booleanError ? (Object) true : error);
      json.put("errors", List.of(error));
    }
    if (!dataSourceId.isEmpty()) {
      json.put("datasource", Map.of("id", dataSourceId, "name", dataSourceName));
    }
    if (!pipeId.isEmpty()) {
      json.put("pipe_id", pipeId);
      json.put("pipe_name", pipeName);
    }
    if (!mode.isEmpty()) {
      json.put("mode", mode);
    }
    if (progress > 0) {
      json.put("progress_percentage", 100 * progress);
    }
    if (status.equals("done")) {
      if (kind.equals("copy")) {
        json.put("statistics", Map.of("row_count", rows));
        json.put("rows_affected", rows);
      }
      json.put("result", result);
    }
    return json;
  }
}
