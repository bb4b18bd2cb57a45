package dev.backfill.cli;

import dev.backfill.failure.Failure;
import dev.backfill.problem.Problem;
import dev.backfill.report.ErrorJson;
import dev.backfill.report.PlanText;
import dev.backfill.report.Style;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// The program's entry.
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    System.exit(Program.run(args));
  }

  /// Runs one command and returns its exit status. Nothing that it does escapes as an exception.
  public static int run(Console console, String... args) {
    var commandLine = commandLine(console, args);
    try {
      return commandLine.execute(args);
    } finally {
      commandLine.getOut().flush();
      commandLine.getErr().flush();
      console.out().flush();
      console.err().flush();
    }
  }

  @Command(
      name = "backfill",
      versionProvider = Version.class,
      mixinStandardHelpOptions = true,
      synopsisSubcommandLabel = "COMMAND",
      description =
          "Turns a risky schema change in a Tinybird data project into a migration that is planned,"
              + " rehearsed, executed and proven.",
      footer = {
        "",
        "Example:",
        "  backfill plan --base main",
        "",
        "Results go to stdout, progress and messages to stderr."
      })
  static final class Root implements Runnable {
    @Spec @Nullable CommandSpec spec;

    @Override
    public void run() {
      var line = Objects.requireNonNull(spec).commandLine();
      throw new CommandLine.ParameterException(line, "Missing command");
    }
  }

  /// The whole command line, as help, completion and tests see it.
  static CommandLine commandLine(Console console, String... args) {
    var root = new CommandLine(new Root());
    for (var command : Commands.all(console)) {
      root.addSubcommand(command);
    }
    // Every word behind `tb` is its own, options too.
    Optional.ofNullable(root.getSubcommands().get("tb"))
        .ifPresent(tb -> tb.setUnmatchedOptionsArePositionalParams(true));
    var completion = new CommandLine(new AutoComplete.GenerateCompletion());
    completion
        .getCommandSpec()
        .usageMessage()
        .footer("", "Example:", "  source <(backfill generate-completion)");
    root.addSubcommand(completion);
    var statuses = new LinkedHashMap<String, String>();
    for (var status : ExitStatus.values()) {
      statuses.put(String.valueOf(status.code()), status.meaning());
    }
    forEach(
        root,
        line -> {
          line.getCommandSpec().usageMessage().exitCodeListHeading("%nExit codes:%n");
          line.getCommandSpec().usageMessage().exitCodeList(statuses);
          line.getCommandSpec().usageMessage().optionListHeading("%nOptions:%n");
          line.getCommandSpec().usageMessage().sortOptions(false);
        });
    root.setCaseInsensitiveEnumValuesAllowed(true);
    root.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8));
    root.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
    root.setColorScheme(
        CommandLine.Help.defaultColorScheme(
            style(console, List.of(args).contains("--no-color")) == Style.COLOUR
                ? Ansi.ON
                : Ansi.OFF));
    root.setParameterExceptionHandler((e, _) -> wrongUsage(console, e));
    root.setExecutionExceptionHandler((e, _, _) -> failed(console, e, args));
    root.setUsageHelpAutoWidth(false);
    root.setUsageHelpWidth(100);
    return root;
  }

  private static void forEach(CommandLine line, Consumer<CommandLine> action) {
    action.accept(line);
    line.getSubcommands().values().forEach(sub -> forEach(sub, action));
  }

  /// Colours are for people in front of a terminal who didn't say no.
  static Style style(Console console, boolean noColor) {
    return console.terminal() && !noColor && console.variable("NO_COLOR").isEmpty()
        ? Style.COLOUR
        : Style.PLAIN;
  }

  private static int wrongUsage(Console console, CommandLine.ParameterException e) {
    var err = console.err();
    err.println("error: " + PlanText.line(String.valueOf(e.getMessage())));
    var line = e.getCommandLine();
    if (e instanceof CommandLine.UnmatchedArgumentException unmatched) {
      var near = NearMisses.of(unmatched.getUnmatched().getFirst(), line.getCommandSpec());
      if (!near.isEmpty()) {
        err.println("Did you mean " + String.join(" or ", near) + "?");
      }
    }
    err.println("Usage: " + line.getHelp().synopsis(7).strip());
    err.println("More: " + line.getCommandSpec().qualifiedName() + " --help");
    return ExitStatus.USAGE.code();
  }

  private static int failed(Console console, Exception e, String... args) {
    var err = console.err();
    if (!(e instanceof Failure failure)) {
      bug(e, err);
      return ExitStatus.BUG.code();
    }
    var status = ExitStatus.of(failure);
    var style = style(console, List.of(args).contains("--no-color"));
    var problems =
        switch (failure) {
          case Failure.Unreadable unreadable -> unreadable.problems();
          case Failure.Refused refused -> refused.problems();
          case Failure.Usage _, Failure.Interrupted _, Failure.Machine _, Failure.Remote _ ->
              List.<Problem>of();
        };
    var message = PlanText.line(String.valueOf(failure.getMessage()));
    if (!(failure instanceof Failure.Unreadable) || problems.isEmpty()) {
      err.println("error: " + message + cause(failure));
    }
    problems.forEach(p -> err.println(PlanText.problem(p, style)));
    if (List.of(args).contains("--verbose")) {
      failure.printStackTrace(err);
    }
    if (format(args) == Format.JSON) {
      console.out().print(ErrorJson.write(status.code(), message, problems));
    }
    return status.code();
  }

  static void bug(Exception e, PrintStream err) {
    e.printStackTrace(err);
    err.println(
        "error: this is a bug in tinybird-backfill "
            + Version.text()
            + " (Java "
            + Runtime.version()
            + ", "
            + System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch")
            + ").");
    err.println(
        "Please report it with the lines above in the project's issue tracker; check first that"
            + " they hold nothing secret.");
  }

  // What the operating system said, which the message of ours doesn't repeat.
  private static String cause(Failure failure) {
    var cause = failure.getCause();
    if (!(failure instanceof Failure.Machine) || cause == null || cause.getMessage() == null) {
      return "";
    }
    var said = PlanText.line(cause.getMessage());
    return String.valueOf(failure.getMessage()).contains(said) ? "" : " (" + said + ")";
  }

  /// The format that was asked for, also when the command itself wasn't reached.
  private static Format format(String... args) {
    var list = Arrays.asList(args);
    Optional<String> value = Optional.empty();
    for (var i = 0; i < list.size(); i++) {
      if (list.get(i).startsWith("--format=")) {
        value = Optional.of(list.get(i).substring("--format=".length()));
      } else if (list.get(i).equals("--format") && i + 1 < list.size()) {
        value = Optional.of(list.get(i + 1));
      }
    }
    return value.filter(v -> v.toLowerCase(Locale.ROOT).equals("json")).isPresent()
        ? Format.JSON
        : Format.TEXT;
  }
}
