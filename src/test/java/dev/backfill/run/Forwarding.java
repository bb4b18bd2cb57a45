package dev.backfill.run;

import dev.backfill.tinybird.Answer;
import dev.backfill.tinybird.Branch;
import dev.backfill.tinybird.Job;
import dev.backfill.tinybird.LiveDataSource;
import dev.backfill.tinybird.LivePipe;
import dev.backfill.tinybird.Tinybird;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Hands every call on; tests change single ones.
class Forwarding implements Tinybird {
  private final Tinybird to;

  /// What a log that knows of nothing answers.
  static Answer emptyLog(String select) {
    return new Answer(
        List.of("t", "n"),
        select.contains("count() AS n")
            ? List.of(new Answer.Row(Map.of("t", "0", "n", "0")))
            : List.of(),
        0,
        0,
        0);
  }

  Forwarding(Tinybird to) {
    this.to = to;
  }

  @Override
  public Workspace workspace() {
    return to.workspace();
  }

  @Override
  public List<Branch> branches() {
    return to.branches();
  }

  @Override
  public Optional<Branch> branch(String name) {
    return to.branch(name);
  }

  @Override
  public Answer query(String select) {
    return to.query(select);
  }

  @Override
  public Optional<LiveDataSource> dataSource(String name) {
    return to.dataSource(name);
  }

  @Override
  public List<String> dataSourceNames() {
    return to.dataSourceNames();
  }

  @Override
  public Optional<LivePipe> pipe(String name) {
    return to.pipe(name);
  }

  @Override
  public List<LivePipe> pipes() {
    return to.pipes();
  }

  @Override
  public Job startPopulate(String pipe, String node, Optional<String> condition) {
    return to.startPopulate(pipe, node, condition);
  }

  @Override
  public Job startCopy(String pipe, Map<String, String> parameters) {
    return to.startCopy(pipe, parameters);
  }

  @Override
  public boolean createView(String name, String description, String sql, String target) {
    return to.createView(name, description, sql, target);
  }

  @Override
  public Optional<Job> job(String id) {
    return to.job(id);
  }

  @Override
  public List<Job> copyJobs(String pipe) {
    return to.copyJobs(pipe);
  }

  @Override
  public List<String> jobsTagged(String pipe, String tag) {
    return to.jobsTagged(pipe, tag);
  }

  @Override
  public Job cancel(String id) {
    return to.cancel(id);
  }

  @Override
  public boolean createPipe(String name, String description, String sql) {
    return to.createPipe(name, description, sql);
  }

  @Override
  public void replacePipe(String name, String description, String sql) {
    to.replacePipe(name, description, sql);
  }

  @Override
  public void deletePipe(String name) {
    to.deletePipe(name);
  }

  @Override
  public Appended append(String dataSource, String ndjson) {
    return to.append(dataSource, ndjson);
  }
}
