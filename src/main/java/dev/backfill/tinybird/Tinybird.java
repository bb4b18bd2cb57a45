package dev.backfill.tinybird;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A workspace or one of its branches (which one, the token says). Every method may throw
/// `dev.backfill.failure.Failure.Remote`; reads are repeated by the implementation on WAIT kinds,
/// writes never are when they may have been done.
public interface Tinybird {

  Workspace workspace();

  /// Who we are talking to.
  ///
  /// @param id of the workspace or branch
  /// @param name its name
  /// @param main id of the main workspace, when this is a branch
  record Workspace(String id, String name, Optional<String> main) {}

  List<Branch> branches();

  /// A branch with a token for it.
  Optional<Branch> branch(String name);

  /// One SELECT, without FORMAT. Kinds to expect: SIZE (memory, time), PERMANENT (syntax, unknown
  /// table).
  Answer query(String select);

  Optional<LiveDataSource> dataSource(String name);

  List<String> dataSourceNames();

  Optional<LivePipe> pipe(String name);

  List<LivePipe> pipes();

  /// Starts a copy job; parameters are the Pipe's, mode append. LOST when it may have started. A
  /// refusal for quota is WAIT.
  Job startCopy(String pipe, Map<String, String> parameters);

  /// Starts a populate of a materialized node: everything in its source through its query into its
  /// target, which isn't emptied before. LOST when it may have started. When it fails, finished
  /// partitions stay and the node may be unlinked.
  ///
  /// @param condition on rows of the source, if not all are meant
  Job startPopulate(String pipe, String node, Optional<String> condition);

  /// The job, or empty when the server no longer knows it.
  Optional<Job> job(String id);

  /// Copy jobs of a Pipe that the server still lists, newest first. May lag behind creation.
  List<Job> copyJobs(String pipe);

  /// Job ids of copies of this Pipe that were started with this value of the parameter `tag`, by
  /// the jobs log.
  List<String> jobsTagged(String pipe, String tag);

  /// Asks for cancellation; the job may go on for a while.
  Job cancel(String id);

  /// Creates a Pipe of one standard node.
  ///
  /// @return false when the name is taken
  boolean createPipe(String name, String description, String sql);

  /// Creates a Pipe with one node `node` that materializes into a Data Source that is there.
  ///
  /// @return whether it was created; false when there is one of that name
  default boolean createView(String name, String description, String sql, String target) {
    throw new UnsupportedOperationException("views can't be created here: " + name);
  }

  /// Replaces such a Pipe.
  void replacePipe(String name, String description, String sql);

  void deletePipe(String name);

  /// Appends records by the Events API and waits until they are acknowledged.
  Appended append(String dataSource, String ndjson);

  /// What became of appended records.
  ///
  /// @param rows stored
  /// @param quarantined put aside because they did not fit
  record Appended(long rows, long quarantined) {}
}
