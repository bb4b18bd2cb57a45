package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.failure.Failure;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class MainTest {
  @TempDir Path folder;

  @Test
  void helpNamesEveryCommandThatExistsAndNoOther() {
    var result = Cli.in(folder).run("--help");

    assertThat(result.status()).isZero();
    assertThat(result.err()).isEmpty();
    assertThat(commandsIn(result.out()))
        .containsExactlyElementsOf(
            commandLine().getSubcommands().entrySet().stream()
                .filter(e -> !e.getValue().getCommandSpec().usageMessage().hidden())
                .map(java.util.Map.Entry::getKey)
                .toList());
    assertThat(commandsIn(result.out()))
        .startsWith("check", "plan", "generate")
        .doesNotContain("chaos", "tb");
  }

  static Stream<String> commands() {
    return commandLine().getSubcommands().entrySet().stream()
        .filter(e -> !e.getValue().getCommandSpec().usageMessage().hidden())
        .map(java.util.Map.Entry::getKey);
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandHasHelpWithAnExampleAndTheExitCodes(String command) {
    var result = Cli.in(folder).run(command, "--help");

    assertThat(result.status()).isZero();
    assertThat(result.err()).isEmpty();
    assertThat(result.out()).contains("Example:\n", "backfill ", "Exit codes:");
    for (var status : ExitStatus.values()) {
      assertThat(result.out()).containsPattern("(?m)^ +" + status.code() + " +");
    }
  }

  @Test
  void saysItsVersion() {
    var result = Cli.in(folder).run("--version");

    assertThat(result.status()).isZero();
    assertThat(result.out()).matches("backfill \\S+\n");
  }

  @Test
  void aWrongOptionGivesOneLineNearMissesAndTheSynopsis() {
    var result = Cli.in(folder).run("plan", "--bsae", "main");

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines())
        .first(org.assertj.core.api.InstanceOfAssertFactories.STRING)
        .startsWith("error: Unknown option")
        .contains("--bsae");
    assertThat(result.err())
        .contains("Did you mean ", "--base", "Usage: backfill plan", "backfill plan --help")
        .doesNotContain("\tat ");
  }

  @Test
  void aWrongCommandGivesNearMisses() {
    var result = Cli.in(folder).run("paln");

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("paln", "Did you mean ", "plan", "Usage: backfill");
  }

  @ParameterizedTest
  @ValueSource(strings = {"status", "cleanup", "chaos"})
  void whatDoesNotExistYetIsNoCommand(String command) {
    assertThat(Cli.in(folder).run(command).status()).isEqualTo(2);
  }

  @Test
  void noCommandIsWrongUsage() {
    var result = Cli.in(folder).run();

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("Missing command", "Usage: backfill");
  }

  @Test
  void aWrongFormatIsWrongUsage() {
    var result = Cli.in(folder).run("plan", "--format", "xml");

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("--format", "xml");
  }

  @Test
  void completesInAShell() throws IOException, InterruptedException {
    var result = Cli.in(folder).run("generate-completion");

    assertThat(result.status()).isZero();
    assertThat(result.out()).contains("complete -F", "--cutover").doesNotContain("\"tb\"");
    var bash = new ProcessBuilder("bash", "-n").redirectErrorStream(true).start();
    try (var in = bash.getOutputStream()) {
      in.write(result.out().getBytes(StandardCharsets.UTF_8));
    }
    assertThat(new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).isEmpty();
    assertThat(bash.waitFor()).isZero();
  }

  private static final List<Failure> FAILURES =
      List.of(
          new Failure.Usage("x"),
          new Failure.Refused("x"),
          new Failure.Unreadable(List.of()),
          new Failure.Interrupted("x"),
          new Failure.Machine("x", new IOException("y")),
          new Failure.Remote(Failure.Kind.LOST, 0, Optional.empty(), "x"));

  @Test
  void everyFailureHasItsStatus() {
    assertThat(FAILURES.stream().map(Object::getClass).collect(Collectors.toSet()))
        .containsExactlyInAnyOrder(Failure.class.getPermittedSubclasses());
    assertThat(FAILURES.stream().map(f -> ExitStatus.of(f).code()))
        .containsExactly(2, 1, 4, 130, 3, 3);
    assertThat(Arrays.stream(ExitStatus.values()).map(ExitStatus::code))
        .containsExactly(0, 1, 2, 3, 4, 70, 130);
  }

  @Test
  void aBugShowsItsStackTheVersionAndWhereToReport() {
    var result = failing(new IllegalStateException("surprise"));

    assertThat(result.status()).isEqualTo(70);
    assertThat(result.out()).isEmpty();
    assertThat(result.err())
        .contains(
            "java.lang.IllegalStateException: surprise",
            "\tat ",
            "a bug in tinybird-backfill development",
            "report");
  }

  @Test
  void aFailureIsOneLineWithoutAStack() {
    var result = failing(new Failure.Usage("do\u001b[2J this"));

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).isEqualTo("error: do\\u001b[2J this\n");
  }

  @Test
  void problemsOfAFailureAreAllShown() {
    var problems =
        List.of(
            Problem.error("one", Place.of("a.pipe", 3), "First.", "Do this."),
            Problem.error("two", Place.of("b.pipe"), "Second.", ""));

    assertThat(failing(new Failure.Unreadable(problems)).err())
        .isEqualTo("a.pipe:3: error one: First. Do this.\nb.pipe: error two: Second.\n");
    assertThat(failing(new Failure.Refused("no", problems)).err())
        .startsWith("error: no\na.pipe:3: error one");
  }

  @Test
  void aFailureWithJsonAskedForIsStillOneDocument() {
    var result = Cli.in(folder).run("plan", "--format", "json");

    assertThat(result.status()).isEqualTo(2);
    assertThat(result.out()).contains("\"error\"", "\"status\": 2", "git repository");
  }

  private Cli.Result failing(RuntimeException failure) {
    @Command(name = "fail")
    final class Failing implements Callable<Integer> {
      @Override
      public Integer call() {
        throw failure;
      }
    }
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    var line = Main.commandLine(Cli.in(folder).console(out, err));
    line.addSubcommand(new CommandLine(new Failing()));
    // a new subcommand has handlers of its own
    line.setExecutionExceptionHandler(line.getExecutionExceptionHandler());
    var status = line.execute("fail");
    return new Cli.Result(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static CommandLine commandLine() {
    return Main.commandLine(
        Cli.in(Path.of("/")).console(new ByteArrayOutputStream(), new ByteArrayOutputStream()));
  }

  private static List<String> commandsIn(String help) {
    return help.lines()
        .dropWhile(l -> !l.startsWith("Commands:"))
        .skip(1)
        .takeWhile(l -> l.startsWith("  "))
        .filter(l -> l.matches("  [a-z].*"))
        .map(l -> l.strip().split(" ", 2)[0])
        .toList();
  }
}
