package dev.backfill.local;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import tools.jackson.core.JacksonException;
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
    LATE;

    private static Lost of(JsonNode json, String usual) {
      return valueOf(json.path("when").asString(usual).toUpperCase(Locale.ROOT));
    }
  }

  /// What a job does when its cancellation is asked for.
  public enum Cancel {
    /// Stops as soon as it can.
    OBEY,
    /// Says `cancelling` and goes on to its end.
    IGNORE,
    /// Says `cancelling` for a while before it stops.
    DELAY
  }

  /// What happens to a request.
  sealed interface Effect {
    /// It isn't served; this goes back.
    record Answer(Reply reply) implements Effect {}

    /// Its answer never gets out.
    ///
    /// @param served whether it is served at all
    record NoAnswer(boolean served) implements Effect {}

    /// The same, and it is served when the caller has long given up.
    record Late(long millis) implements Effect {}

    /// The process dies, as by kill -9.
    ///
    /// @param served whether it is served before
    record Death(boolean served) implements Effect {}

    /// It is served after a pause.
    record Slow(long millis) implements Effect {}
  }

  private record Rule(String method, String prefix, Effect effect) {
    boolean meets(String other, String path) {
      return (method.isEmpty() || method.equals(other)) && path.startsWith(prefix);
    }
  }

  private static final int NEVER = Integer.MIN_VALUE;
  private final List<Rule> rules = new ArrayList<>();
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
  private Cancel cancel = Cancel.OBEY;
  private long cancelMillis = 1000;
  private boolean replaceCascades;
  private boolean columnDrops = true;
  private boolean middleColumns = true;
  private boolean exchanges;
  private boolean topicsPlayed;
  private boolean schedulesInBranches;
  private boolean nullStatistics;
  private boolean quotedNumbers;
  private long logDelayMillis;
  private long queryMemory;
  private int memoryStatus = 400;
  private int importsPerMinute;
  private int createsPerMinute;
  private long copyRows = Long.MAX_VALUE;
  private long copyMemory;
  private int partitionsPerInsert;
  private double copySeconds;
  private double querySeconds = 10;
  private int copyJobs = 10;
  private long clockOffsetSeconds;
  private long jobDelayMillis;
  private long jobListLagMillis;
  private boolean vanishingJobs;
  private boolean plainCopies;
  private long staleMillis;
  private boolean staleCopies;
  private LongSupplier staleClock = System::nanoTime;
  private int failingAppends;
  private String appendFailure = "";
  private boolean errorAsBoolean;
  private int death = NEVER;

  /// Limits of a contract by name; what isn't there is unlimited.
  private final Map<String, Long> limits = new HashMap<>();

  private static final Map<String, String> LIMITED =
      Map.of(
          "sqlBytes", "the SQL is longer than %d bytes",
          "dataSources", "a workspace has at most %d Data Sources",
          "columns", "a Data Source has at most %d columns",
          "deleteJobs", "at most %d delete jobs may wait or run",
          "branches", "a workspace has at most %d branches");

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
    var refusal = new Refusal(status, error, Map.copyOf(headers));
    add(times, method, prefix, new Effect.Answer(Reply.error(refusal)));
  }

  /// The same with any text for an answer, JSON or not.
  public synchronized void answerText(
      int times, String method, String prefix, int status, String type, String text) {
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    add(times, method, prefix, new Effect.Answer(new Reply(status, type, bytes, Map.of())));
  }

  /// Loses the answers of the next requests of a path: the connection ends without one.
  ///
  /// @param served whether they are served all the same
  public synchronized void lose(int times, String method, String prefix, boolean served) {
    add(times, method, prefix, new Effect.NoAnswer(served));
  }

  /// Loses the answers of the next requests of a path, and serves them that much later.
  public synchronized void serveLate(int times, String method, String prefix, long millis) {
    add(times, method, prefix, new Effect.Late(millis));
  }

  /// The process dies at the next request of a path.
  ///
  /// @param served after it is served and before it is answered; else before it is served
  public synchronized void die(String method, String prefix, boolean served) {
    add(1, method, prefix, new Effect.Death(served));
  }

  /// Makes the next requests of a path wait before they are served.
  public synchronized void slow(int times, String method, String prefix, long millis) {
    add(times, method, prefix, new Effect.Slow(millis));
  }

  private void add(int times, String method, String prefix, Effect effect) {
    for (var i = 0; i < times; i++) {
      rules.add(new Rule(method, prefix, effect));
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

  /// What jobs do when they are cancelled.
  ///
  /// @param millis how long [Cancel#DELAY] lasts
  public synchronized void cancel(Cancel how, long millis) {
    cancel = how;
    cancelMillis = millis;
  }

  /// Whether a replace (by file or copy) replaces what is behind the target's views too; else rows
  /// are added there. Open on the platform [?].
  public synchronized void replaceCascades(boolean on) {
    replaceCascades = on;
  }

  /// Whether an alter may drop columns: it may since July 2024, before it was refused.
  public synchronized void columnDrops(boolean on) {
    columnDrops = on;
  }

  /// Whether an alter may add columns before others: the documents say at the end only, examples do
  /// otherwise [?].
  public synchronized void middleColumns(boolean on) {
    middleColumns = on;
  }

  /// Whether two Data Sources may be exchanged: support enables it, workspace by workspace.
  public synchronized void exchanges(boolean on) {
    exchanges = on;
  }

  /// Whether copies run by their schedule in branches; open on the platform [?].
  public synchronized void schedulesInBranches(boolean on) {
    schedulesInBranches = on;
  }

  /// Data Sources say `"statistics": null`.
  public synchronized void nullStatistics(boolean on) {
    nullStatistics = on;
  }

  /// `/v0/sql` quotes 64-bit integers unless asked not to.
  public synchronized void quotedNumbers(boolean on) {
    quotedNumbers = on;
  }

  /// The service Data Sources show an operation only this long after it.
  public synchronized void logDelay(long millis) {
    logDelayMillis = millis;
  }

  /// Memory of one query, in bytes; 0 for no limit.
  ///
  /// @param status of the answer when it is exceeded; open on the platform [?]
  public synchronized void queryMemory(long bytes, int status) {
    queryMemory = bytes;
    memoryStatus = status;
  }

  /// The platform's rate limits; 0 for none.
  ///
  /// @param imports appends and replaces in a minute
  /// @param creates Data Sources made in a minute
  public synchronized void rateLimits(int imports, int creates) {
    importsPerMinute = imports;
    createsPerMinute = creates;
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

  /// Into how many partitions one insert, copy or step of a populate may write; 0 for as many as
  /// the engine likes.
  public synchronized void partitionsPerInsert(int most) {
    partitionsPerInsert = most;
  }

  /// Settings of the sessions that rows are inserted on.
  synchronized Map<String, String> insertLimits() {
    return partitionsPerInsert > 0
        ? Map.of("max_partitions_per_insert_block", Integer.toString(partitionsPerInsert))
        : Map.of();
  }

  /// Time limit of `/v0/sql` and endpoints; 10 seconds at first.
  public synchronized void queryLimit(double seconds) {
    querySeconds = seconds;
  }

  /// How many copy jobs may wait or run at once; more are refused with 403.
  public synchronized void copyJobLimit(int jobs) {
    copyJobs = jobs;
  }

  /// How far the workspace's clock is ahead of the machine's: the times of jobs, logs, schedules
  /// and resources, and what `now()`, `now64()`, `today()` and `yesterday()` say in SQL. Not in
  /// DEFAULTs of columns; in Materialized Views as it was when they were made.
  public synchronized void clockOffset(long seconds) {
    clockOffsetSeconds = seconds;
  }

  /// A limit of the contract: `sqlBytes`, `dataSources`, `columns`, `deleteJobs`, `branches`. What
  /// goes beyond is refused with 400; the status is open on the platform [?].
  public synchronized void contractLimit(String name, long most) {
    if (!LIMITED.containsKey(name)) {
      throw new IllegalArgumentException("no limit is named " + name);
    }
    limits.put(name, most);
  }

  /// @throws Refusal 400 beyond the limit
  synchronized void limit(String name, long wanted) {
    var most = limits.getOrDefault(name, Long.MAX_VALUE);
    if (wanted > most) {
      throw new Refusal(400, String.valueOf(LIMITED.get(name)).formatted(most));
    }
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

  /// Rows that were added are read by queries only this long after; see [Staleness].
  ///
  /// @param millis 0 for at once
  /// @param copies whether copies and populates read so too; open on the platform [?]
  public void staleReads(long millis, boolean copies) {
    staleReads(millis, copies, System::nanoTime);
  }

  /// The same by another clock.
  ///
  /// @param nanos as [System#nanoTime]
  public synchronized void staleReads(long millis, boolean copies, LongSupplier nanos) {
    staleMillis = millis;
    staleCopies = copies;
    staleClock = nanos;
  }

  /// The next appends and replaces by file store nothing and say so with status 200.
  public synchronized void failAppends(int times, String error) {
    failingAppends = times;
    appendFailure = error;
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
    rules.clear();
    cancel = Cancel.OBEY;
    cancelMillis = 1000;
    replaceCascades = false;
    columnDrops = true;
    middleColumns = true;
    exchanges = false;
    topicsPlayed = false;
    schedulesInBranches = false;
    nullStatistics = false;
    quotedNumbers = false;
    logDelayMillis = 0;
    queryMemory = 0;
    memoryStatus = 400;
    importsPerMinute = 0;
    createsPerMinute = 0;
    lostCopies = 0;
    lost = Lost.AFTER;
    lateMillis = 1000;
    failingCopies = 0;
    failingPopulates = 0;
    populateTruncates = true;
    populateDeath = NEVER;
    copyRows = Long.MAX_VALUE;
    copyMemory = 0;
    partitionsPerInsert = 0;
    copySeconds = 0;
    querySeconds = 10;
    copyJobs = 10;
    clockOffsetSeconds = 0;
    jobDelayMillis = 0;
    jobListLagMillis = 0;
    vanishingJobs = false;
    plainCopies = false;
    staleMillis = 0;
    staleCopies = false;
    failingAppends = 0;
    errorAsBoolean = false;
    death = NEVER;
    limits.clear();
  }

  /// @throws Refusal 400 for a name it doesn't know or a value that isn't one of that name
  synchronized void apply(JsonNode json) {
    for (var entry : json.properties()) {
      try {
        apply(entry.getKey(), entry.getValue());
      } catch (JacksonException | IllegalArgumentException e) {
        throw new Refusal(
            400, "the fault " + entry.getKey() + " can't be " + entry.getValue() + ": " + told(e));
      }
    }
  }

  private static String told(RuntimeException e) {
    return e instanceof JacksonException json
        ? json.getOriginalMessage()
        : String.valueOf(e.getMessage());
  }

  private void apply(String name, JsonNode value) {
    switch (name) {
      case "reset" -> reset();
      case "answer" -> each(value, this::answer);
      case "lose" ->
          each(
              value,
              one -> {
                var when = Lost.of(one, "after");
                var times = one.path("count").asInt(1);
                var method = Json.string(one, "method");
                var path = path(one);
                if (when == Lost.LATE) {
                  serveLate(times, method, path, one.path("millis").asLong(1000));
                } else {
                  lose(times, method, path, when == Lost.AFTER);
                }
              });
      case "die" ->
          each(
              value,
              one ->
                  die(Json.string(one, "method"), path(one), Lost.of(one, "before") == Lost.AFTER));
      case "slow" ->
          each(
              value,
              one ->
                  slow(
                      one.path("count").asInt(1),
                      Json.string(one, "method"),
                      path(one),
                      one.path("millis").asLong(1000)));
      case "cancel" ->
          cancel(
              Cancel.valueOf(value.path("how").asString("obey").toUpperCase(Locale.ROOT)),
              value.path("millis").asLong(1000));
      case "replaceCascades" -> replaceCascades(value.asBoolean());
      case "columnDrops" -> columnDrops(value.asBoolean());
      case "middleColumns" -> middleColumns(value.asBoolean());
      case "exchanges" -> exchanges(value.asBoolean());
      case "topicsPlayed" -> topicsPlayed(value.asBoolean());
      case "schedulesInBranches" -> schedulesInBranches(value.asBoolean());
      case "nullStatistics" -> nullStatistics(value.asBoolean());
      case "quotedNumbers" -> quotedNumbers(value.asBoolean());
      case "logDelayMillis" -> logDelay(value.asLong());
      case "queryMemory" -> queryMemory(value.asLong(), memoryStatus);
      case "memoryStatus" -> queryMemory(queryMemory, value.asInt());
      case "importsPerMinute" -> rateLimits(value.asInt(), createsPerMinute);
      case "createsPerMinute" -> rateLimits(importsPerMinute, value.asInt());
      case "loseCopyAnswers" ->
          loseCopyAnswers(value.path("count").asInt(1), Lost.of(value, "after"));
      case "contractLimits" ->
          value.properties().forEach(one -> contractLimit(one.getKey(), one.getValue().asLong()));
      case "clockOffsetSeconds" -> clockOffset(value.asLong());
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
      case "partitionsPerInsert" -> partitionsPerInsert(value.asInt());
      case "copySeconds" -> copySeconds = value.asDouble();
      case "querySeconds" -> queryLimit(value.asDouble());
      case "copyJobLimit" -> copyJobLimit(value.asInt());
      case "jobDelayMillis" -> jobDelay(value.asLong());
      case "jobListLagMillis" -> jobListLag(value.asLong());
      case "vanishingJobs" -> vanishingJobs(value.asBoolean());
      case "plainCopies" -> plainCopies(value.asBoolean());
      case "staleReads" ->
          staleReads(value.path("millis").asLong(), value.path("copies").asBoolean(false));
      case "failAppends" -> failAppends(value.path("count").asInt(1), Json.string(value, "error"));
      case "errorAsBoolean" -> errorAsBoolean(value.asBoolean());
      case "dieAfterAttaching" -> dieAfterAttaching(value.asInt());
      default ->
          throw new Refusal(
              400,
              "no fault is named " + name + "; the page \"local\" of the documents lists them");
    }
  }

  /// Without one, every request would be meant, this route's own too.
  private static String path(JsonNode one) {
    var path = Json.string(one, "path");
    if (!path.startsWith("/")) {
      throw new Refusal(400, "a fault of requests needs the path they begin with, as /v0/sql");
    }
    return path;
  }

  private static void each(JsonNode value, Consumer<JsonNode> action) {
    for (var one : value.isArray() ? value : Json.MAPPER.createArrayNode().add(value)) {
      action.accept(one);
    }
  }

  private void answer(JsonNode one) {
    var times = one.path("count").asInt(1);
    var method = Json.string(one, "method");
    var path = path(one);
    var status = one.path("status").asInt(429);
    if (one.has("body")) {
      answerText(
          times,
          method,
          path,
          status,
          one.path("type").asString("text/html"),
          Json.string(one, "body"));
    } else {
      var headers =
          one.has("retryAfter")
              ? Map.of("Retry-After", Json.string(one, "retryAfter"))
              : Map.<String, String>of();
      answer(times, method, path, status, Json.string(one, "error"), headers);
    }
  }

  synchronized Optional<Effect> take(String method, String path) {
    for (var rule : rules) {
      if (rule.meets(method, path)) {
        rules.remove(rule);
        return Optional.of(rule.effect());
      }
    }
    return Optional.empty();
  }

  synchronized Cancel cancel() {
    return cancel;
  }

  synchronized long cancelMillis() {
    return cancelMillis;
  }

  synchronized boolean replaceCascades() {
    return replaceCascades;
  }

  synchronized boolean columnDrops() {
    return columnDrops;
  }

  synchronized boolean middleColumns() {
    return middleColumns;
  }

  /// Data Sources with a Kafka topic are made like any other: somebody outside plays their consumer
  /// and appends what it would bring. Off at first: then they are refused.
  public synchronized void topicsPlayed(boolean on) {
    topicsPlayed = on;
  }

  synchronized boolean topicsPlayed() {
    return topicsPlayed;
  }

  synchronized boolean exchanges() {
    return exchanges;
  }

  synchronized boolean schedulesInBranches() {
    return schedulesInBranches;
  }

  synchronized boolean nullStatistics() {
    return nullStatistics;
  }

  synchronized boolean quotedNumbers() {
    return quotedNumbers;
  }

  synchronized long logDelayMillis() {
    return logDelayMillis;
  }

  synchronized long queryMemory() {
    return queryMemory;
  }

  synchronized int memoryStatus() {
    return memoryStatus;
  }

  synchronized int importsPerMinute() {
    return importsPerMinute;
  }

  synchronized int createsPerMinute() {
    return createsPerMinute;
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
    var limits = new HashMap<>(insertLimits());
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

  synchronized long clockOffsetSeconds() {
    return clockOffsetSeconds;
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

  synchronized long staleMillis() {
    return staleMillis;
  }

  synchronized long staleNanos() {
    return staleClock.getAsLong();
  }

  synchronized boolean staleCopies() {
    return staleCopies;
  }

  synchronized Optional<String> takeAppendFailure() {
    if (failingAppends == 0) {
      return Optional.empty();
    }
    failingAppends--;
    return Optional.of(appendFailure);
  }

  synchronized boolean booleanErrors() {
    return errorAsBoolean;
  }
}
