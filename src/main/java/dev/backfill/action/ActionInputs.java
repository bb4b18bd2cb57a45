package dev.backfill.action;

import dev.backfill.failure.Failure;
import dev.backfill.status.Confirmation;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What a workflow wrote under `with:`. `action.yml` and the README hold the same inputs; a test
/// keeps them equal.
public final class ActionInputs {
  private static final Pattern SHORT = Pattern.compile("(\\d{1,6})(s|m|min|h|d)");

  /// Every input, in the order of `action.yml`.
  public enum Input {
    COMMAND("auto"),
    TOKEN("${{ github.token }}"),
    HOST(""),
    TINYBIRD_TOKEN(""),
    PROJECT_DIR(""),
    BASE(""),
    HEAD(""),
    CUTOVER(""),
    CONFIG(""),
    PLAN(""),
    PR(""),
    BRANCH(""),
    COMMENT("changes"),
    COMMENT_AUTHOR("github-actions[bot]"),
    COMMENT_COMMANDS("rehearse, refresh, run, abandon, cancel, help"),
    COMMIT("auto"),
    COMMIT_TOKEN(""),
    CI_WORKFLOW(""),
    WAIT_FOR(""),
    CONFIRM(""),
    MAX_WAIT("45m"),
    TIME_LIMIT("5h30m");

    private final String fallback;

    Input(String fallback) {
      this.fallback = fallback;
    }

    /// As `with:` has it.
    public String key() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// The runner's variable: upper case, the dashes stay.
    public String variable() {
      return "INPUT_" + key().toUpperCase(Locale.ROOT);
    }

    /// What `action.yml` says when a workflow says nothing.
    public String fallback() {
      return fallback;
    }

    /// Never shown, and masked before anything else is written.
    public boolean secret() {
      return this == TOKEN || this == TINYBIRD_TOKEN || this == COMMIT_TOKEN;
    }
  }

  /// When there is a comment.
  public enum Commenting {
    /// Also when nothing is to be done.
    ALWAYS,
    /// When something is to be done, and as long as there is one already.
    CHANGES,
    NEVER
  }

  /// What happens to generated files.
  public enum Committing {
    /// Committed when the token may, else offered as a patch.
    AUTO,
    /// Always a patch.
    NEVER
  }

  private final Map<Input, String> values;
  private final Map<String, String> environment;

  private ActionInputs(Map<Input, String> values, Map<String, String> environment) {
    this.values = values;
    this.environment = environment;
  }

  /// @param environment of the process
  public static ActionInputs of(Map<String, String> environment) {
    var values = new EnumMap<Input, String>(Input.class);
    for (var input : Input.values()) {
      var value = environment.getOrDefault(input.variable(), "").strip();
      var fallback = input.fallback().startsWith("${{") ? "" : input.fallback();
      values.put(input, value.isEmpty() ? fallback : value);
    }
    return new ActionInputs(values, environment);
  }

  private String value(Input input) {
    return values.getOrDefault(input, "");
  }

  private Optional<String> optional(Input input) {
    return Optional.of(value(input)).filter(v -> !v.isEmpty());
  }

  /// @throws Failure.Usage when it isn't one
  public Command command() {
    return word(Input.COMMAND, Command.class);
  }

  /// Values nobody may see.
  public List<String> secrets() {
    return Stream.concat(
            Arrays.stream(Input.values()).filter(Input::secret).flatMap(i -> optional(i).stream()),
            tinybirdToken().stream())
        .distinct()
        .toList();
  }

  /// GitHub's token; without one there is no comment and no check.
  public Optional<String> token() {
    return optional(Input.TOKEN);
  }

  public Optional<String> commitToken() {
    return optional(Input.COMMIT_TOKEN);
  }

  /// The workspace's address, else `BACKFILL_HOST`.
  public Optional<String> host() {
    return optional(Input.HOST).or(() -> variable("BACKFILL_HOST"));
  }

  /// The workspace's token, else `BACKFILL_TOKEN`. A pull request from a fork has none.
  public Optional<String> tinybirdToken() {
    return optional(Input.TINYBIRD_TOKEN).or(() -> variable("BACKFILL_TOKEN").map(String::strip));
  }

  public Optional<String> projectDir() {
    return optional(Input.PROJECT_DIR);
  }

  public Optional<String> base() {
    return optional(Input.BASE);
  }

  public Optional<String> head() {
    return optional(Input.HEAD);
  }

  public Optional<String> config() {
    return optional(Input.CONFIG);
  }

  public Optional<String> plan() {
    return optional(Input.PLAN);
  }

  public Optional<String> branch() {
    return optional(Input.BRANCH);
  }

  public String commentAuthor() {
    return value(Input.COMMENT_AUTHOR);
  }

  public Commenting comment() {
    return word(Input.COMMENT, Commenting.class);
  }

  public Committing commit() {
    return word(Input.COMMIT, Committing.class);
  }

  public Optional<String> ciWorkflow() {
    return optional(Input.CI_WORKFLOW);
  }

  /// Comment commands that this job carries out; others are handed on through an output.
  public List<String> commentCommands() {
    return list(Input.COMMENT_COMMANDS);
  }

  /// Names of check runs that have to be over before a rehearsal.
  public List<String> waitFor() {
    return list(Input.WAIT_FOR);
  }

  /// What a person vouches for, see `backfill status --help`.
  ///
  /// @throws Failure.Usage when it is nothing that anybody asks for
  public List<String> confirm() {
    var known = Arrays.stream(Confirmation.values()).map(Object::toString).toList();
    var said = list(Input.CONFIRM);
    if (!known.containsAll(said)) {
      throw wrong(Input.CONFIRM, "knows only " + String.join(", ", known));
    }
    return said;
  }

  /// How long to wait for the cutover, or somebody else's run.
  public Duration maxWait() {
    return duration(Input.MAX_WAIT, value(Input.MAX_WAIT));
  }

  /// When to hand over to a later job.
  public Duration timeLimit() {
    return duration(Input.TIME_LIMIT, value(Input.TIME_LIMIT));
  }

  /// So long after the deploy.
  public Optional<Duration> lead() {
    return optional(Input.CUTOVER)
        .filter(c -> c.startsWith("+"))
        .map(c -> duration(Input.CUTOVER, c.substring(1)));
  }

  /// The cutover itself.
  public Optional<Instant> pinned() {
    return optional(Input.CUTOVER)
        .filter(c -> !c.startsWith("+"))
        .map(c -> {
          try {
            return Instant.parse(c);
          } catch (DateTimeException e) {
            throw wrong(
                Input.CUTOVER,
                "is neither a duration such as +30m nor an instant such as 2026-01-31T13:30:00Z");
          }
        });
  }

  /// The pull request that somebody named.
  public Optional<Integer> pullRequest() {
    return optional(Input.PR)
        .map(n -> {
          if (!n.matches("[1-9][0-9]{0,8}")) {
            throw wrong(Input.PR, "is no number of a pull request");
          }
          return Integer.parseInt(n);
        });
  }

  private Optional<String> variable(String name) {
    return Optional.ofNullable(environment.get(name)).filter(v -> !v.isBlank());
  }

  private List<String> list(Input input) {
    return Arrays.stream(value(input).split("[,\n]"))
        .map(String::strip)
        .filter(v -> !v.isEmpty())
        .toList();
  }

  private <E extends Enum<E>> E word(Input input, Class<E> type) {
    var constants = List.of(type.getEnumConstants());
    return constants.stream()
        .filter(c -> c.name().toLowerCase(Locale.ROOT).equals(value(input)))
        .findFirst()
        .orElseThrow(() ->
            wrong(
                input,
                "is none of "
                    + constants.stream()
                        .map(c -> c.name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(", "))));
  }

  private Duration duration(Input input, String text) {
    var total = Duration.ZERO;
    var matcher = SHORT.matcher(text);
    var end = 0;
    while (matcher.find() && matcher.start() == end) {
      var amount = Long.parseLong(matcher.group(1));
      total =
          total.plus(
              switch (matcher.group(2)) {
                case "s" -> Duration.ofSeconds(amount);
                case "h" -> Duration.ofHours(amount);
                case "d" -> Duration.ofDays(amount);
                default -> Duration.ofMinutes(amount);
              });
      end = matcher.end();
    }
    if (end == text.length() && end > 0) {
      return total;
    }
    try {
      var parsed = Duration.parse(text.toUpperCase(Locale.ROOT));
      if (!parsed.isNegative()) {
        return parsed;
      }
    } catch (DateTimeException _) {
      // told below
    }
    throw wrong(input, "is no duration such as 45m or PT1H");
  }

  private Failure.Usage wrong(Input input, String why) {
    return new Failure.Usage("the input " + input.key() + " " + why + ": " + value(input));
  }
}
