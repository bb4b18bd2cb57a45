package dev.backfill.local;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// What goes wrong on purpose. Everything is off at first. Over HTTP: `POST /local/faults` with a
/// JSON object of these names; each call changes what it names, `{"reset": true}` turns all off.
public final class Faults {

  /// When a copy request loses its answer.
  public enum Lost {
    /// The job is never started.
    BEFORE,
    /// The job is started.
    AFTER,
    /// The job is started after a delay, when the caller has long given up.
    LATE
  }

  private record Canned(
      String method, String prefix, int status, String error, Map<String, String> headers) {}

  private static final int NEVER = Integer.MIN_VALUE;
  private final List<Canned> canned = new ArrayList<>();
  private int lostCopies;
  private Lost lost = Lost.AFTER;
  private long lateMillis = 1000;
  private int failingCopies;
  private String failure = "";
  private int failingPopulates;
  private int populateStep;
  private String populateFailure = "";
  private boolean populateTruncates = true;
  private int populateDeath = NEVER;
  private long copyRows = Long.MAX_VALUE;
  private long copyMemory;
  private double copySeconds;
  private double querySeconds = 10;
  private int copyJobs = 10;
  private long jobDelayMillis;
  private long jobListLagMillis;
  private boolean vanishingJobs;
  private boolean plainCopies;
  private boolean errorAsBoolean;
  private int death = NEVER;

  /// Answers the next requests of a path itself.
  ///
  /// @param method `POST`, ... or empty for all
  /// @param prefix of the path
  /// @param error text of the answer
  public synchronized void answer(
      int times,
      String method,
      String prefix,
      int status,
      String error,
      Map<String, String> headers) {
    for (var i = 0; i < times; i++) {
      canned.add(new Canned(method, prefix, status, error, Map.copyOf(headers)));
    }
  }

  /// Loses the answers of the next copy requests.
  public synchronized void loseCopyAnswers(int times, Lost when) {
    lostCopies = times;
    lost = when;
  }

  /// How late a [Lost#LATE] job starts.
  public synchronized void late(long millis) {
    lateMillis = millis;
  }

  /// The next copy jobs end with this error, after they were started and before they write.
  public synchronized void failCopies(int times, String error) {
    failingCopies = times;
    failure = error;
  }

  /// The next populate jobs end with this error.
  ///
  /// @param afterSteps partitions they finish before
  public synchronized void failPopulates(int times, int afterSteps, String error) {
    failingPopulates = times;
    populateStep = afterSteps;
    populateFailure = error;
  }

  /// What a populate does when the request doesn't say whether to truncate; on at first.
  public synchronized void populateTruncates(boolean on) {
    populateTruncates = on;
  }

  /// The process dies in the next populate after this many partitions, as by kill -9.
  public synchronized void dieAfterPopulating(int partitions) {
    populateDeath = partitions;
  }

  /// A copy that writes more rows into its target fails for want of memory.
  public synchronized void copyRowLimit(long rows) {
    copyRows = rows;
  }

  /// Real limits of copy jobs; 0 for none.
  public synchronized void copyLimits(long memoryBytes, double seconds) {
    copyMemory = memoryBytes;
    copySeconds = seconds;
  }

  /// Time limit of `/v0/sql` and endpoints; 10 seconds at first.
  public synchronized void queryLimit(double seconds) {
    querySeconds = seconds;
  }

  /// How many copy jobs may wait or run at once; more are refused with 403.
  public synchronized void copyJobLimit(int jobs) {
    copyJobs = jobs;
  }

  /// Every job takes this much longer.
  public synchronized void jobDelay(long millis) {
    jobDelayMillis = millis;
  }

  /// Job lists and logs show a job only this long after it was made.
  public synchronized void jobListLag(long millis) {
    jobListLagMillis = millis;
  }

  /// Finished jobs are unknown to `/v0/jobs` (404); the log still has them.
  public synchronized void vanishingJobs(boolean on) {
    vanishingJobs = on;
  }

  /// Copies write straight into the target, as INSERT SELECT does: a failure leaves a part.
  public synchronized void plainCopies(boolean on) {
    plainCopies = on;
  }

  /// Failed jobs say `"error": true`, with the text in `errors`.
  public synchronized void errorAsBoolean(boolean on) {
    errorAsBoolean = on;
  }

  /// The process dies in the middle of the next copy, as by kill -9.
  ///
  /// @param tables after this many of its tables were attached; 0 when it is only decided, -1 just
  ///   before
  public synchronized void dieAfterAttaching(int tables) {
    death = tables;
  }

  /// Turns everything off.
  public synchronized void reset() {
    canned.clear();
    lostCopies = 0;
    lost = Lost.AFTER;
    lateMillis = 1000;
    failingCopies = 0;
    failingPopulates = 0;
    populateTruncates = true;
    populateDeath = NEVER;
    copyRows = Long.MAX_VALUE;
    copyMemory = 0;
    copySeconds = 0;
    querySeconds = 10;
    copyJobs = 10;
    jobDelayMillis = 0;
    jobListLagMillis = 0;
    vanishingJobs = false;
    plainCopies = false;
    errorAsBoolean = false;
    death = NEVER;
  }

  /// @throws Refusal 400 for a name it doesn't know
  synchronized void apply(JsonNode json) {
    for (var entry : json.properties()) {
      var value = entry.getValue();
      switch (entry.getKey()) {
        case "reset" -> reset();
        case "answer" -> {
          for (var one : value.isArray() ? value : Json.MAPPER.createArrayNode().add(value)) {
            var headers =
                one.has("retryAfter")
                    ? Map.of("Retry-After", Json.string(one, "retryAfter"))
                    : Map.<String, String>of();
            answer(
                one.path("count").asInt(1),
                Json.string(one, "method"),
                Json.string(one, "path"),
                one.path("status").asInt(429),
                Json.string(one, "error"),
                headers);
          }
        }
        case "loseCopyAnswers" ->
            loseCopyAnswers(
                value.path("count").asInt(1),
                Lost.valueOf(
                    value.path("when").asString("after").toUpperCase(java.util.Locale.ROOT)));
        case "lateMillis" -> late(value.asLong());
        case "failCopies" -> failCopies(value.path("count").asInt(1), Json.string(value, "error"));
        case "failPopulates" ->
            failPopulates(
                value.path("count").asInt(1),
                value.path("afterSteps").asInt(0),
                Json.string(value, "error"));
        case "populateTruncates" -> populateTruncates(value.asBoolean());
        case "dieAfterPopulating" -> dieAfterPopulating(value.asInt());
        case "copyRowLimit" -> copyRowLimit(value.asLong());
        case "copyMemory" -> copyMemory = value.asLong();
        case "copySeconds" -> copySeconds = value.asDouble();
        case "querySeconds" -> queryLimit(value.asDouble());
        case "copyJobLimit" -> copyJobLimit(value.asInt());
        case "jobDelayMillis" -> jobDelay(value.asLong());
        case "jobListLagMillis" -> jobListLag(value.asLong());
        case "vanishingJobs" -> vanishingJobs(value.asBoolean());
        case "plainCopies" -> plainCopies(value.asBoolean());
        case "errorAsBoolean" -> errorAsBoolean(value.asBoolean());
        case "dieAfterAttaching" -> dieAfterAttaching(value.asInt());
        default -> throw new Refusal(400, "no fault is named " + entry.getKey());
      }
    }
  }

  synchronized Optional<Refusal> take(String method, String path) {
    for (var i = 0; i < canned.size(); i++) {
      var one = canned.get(i);
      if ((one.method().isEmpty() || one.method().equals(method))
          && path.startsWith(one.prefix())) {
        canned.remove(i);
        return Optional.of(new Refusal(one.status(), one.error(), one.headers()));
      }
    }
    return Optional.empty();
  }

  synchronized void attached(int tables) {
    if (death == tables) {
      Runtime.getRuntime().halt(137);
    }
  }

  synchronized Optional<Lost> takeLost() {
    if (lostCopies == 0) {
      return Optional.empty();
    }
    lostCopies--;
    return Optional.of(lost);
  }

  synchronized Optional<String> takeFailure() {
    if (failingCopies == 0) {
      return Optional.empty();
    }
    failingCopies--;
    return Optional.of(failure);
  }

  synchronized long lateMillis() {
    return lateMillis;
  }

  synchronized long copyRows() {
    return copyRows;
  }

  /// Settings of the sessions that copies and populates run on.
  synchronized Map<String, String> limits() {
    var limits = new HashMap<String, String>();
    if (copyMemory > 0) {
      limits.put("max_memory_usage", Long.toString(copyMemory));
    }
    if (copySeconds > 0) {
      limits.put("max_execution_time", Double.toString(copySeconds));
    }
    return limits;
  }

  /// @param step from 0
  synchronized Optional<String> takePopulateFailure(int step) {
    if (failingPopulates == 0 || step < populateStep) {
      return Optional.empty();
    }
    failingPopulates--;
    return Optional.of(populateFailure);
  }

  synchronized boolean populateTruncates() {
    return populateTruncates;
  }

  synchronized void populated(int partitions) {
    if (populateDeath == partitions) {
      Runtime.getRuntime().halt(137);
    }
  }

  synchronized double querySeconds() {
    return querySeconds;
  }

  synchronized int copyJobs() {
    return copyJobs;
  }

  synchronized long jobDelayMillis() {
    return jobDelayMillis;
  }

  synchronized long jobListLagMillis() {
    return jobListLagMillis;
  }

  synchronized boolean vanishing() {
    return vanishingJobs;
  }

  synchronized boolean plain() {
    return plainCopies;
  }

  synchronized boolean booleanErrors() {
    return errorAsBoolean;
  }
}
