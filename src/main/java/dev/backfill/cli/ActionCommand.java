package dev.backfill.cli;

import dev.backfill.action.Action;
import dev.backfill.action.House;
import dev.backfill.action.Result;
import dev.backfill.action.WorkflowCommands;
import dev.backfill.failure.Failure;
import dev.backfill.github.GitHub;
import dev.backfill.github.RepositoryName;
import dev.backfill.github.http.ApiUrl;
import dev.backfill.github.http.GitHubManners;
import dev.backfill.github.http.HttpGitHub;
import dev.backfill.http.Http;
import dev.backfill.http.Limits;
import dev.backfill.http.Waiting;
import dev.backfill.run.RunEvent;
import dev.backfill.tinybird.Tinybird;
import dev.backfill.tinybird.http.Host;
import dev.backfill.tinybird.http.HttpTinybird;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;

/// `action`.
@Command(
    name = "action",
    mixinStandardHelpOptions = true,
    description = {
      "The entry of the GitHub Action: reads INPUT_*, GITHUB_* and the event, plans, rehearses or"
          + " runs, and tells it in one comment, two checks, the job's summary and its outputs.",
      "For workflows only; action.yml lists the inputs."
    },
    footer = {"", "Example:", "  INPUT_COMMAND=plan INPUT_BASE=main backfill action"})
final class ActionCommand implements Callable<Integer> {
  private final Console console;

  ActionCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    // The runner reads both streams, and a line of either may be a command.
    var talk = WorkflowCommands.guarded(console.err());
    try (var tinybird = new Http(Limits.DEFAULT, console.pause(), waiting(talk));
        var github =
            new Http(GitHubManners.LIMITS, console.pause(), waiting(talk), new GitHubManners())) {
      var house = new Wiring(new Progress(guarded(talk), false, false), tinybird, github);
      var result = Action.run(console.environment(), console.folder(), console.out(), house);
      return (result == Result.DONE ? ExitStatus.DONE : ExitStatus.NO).code();
    } catch (Failure e) {
      Action.explain(e, console.out());
      return ExitStatus.of(e).code();
    } catch (RuntimeException e) {
      Main.bug(e, talk);
      return ExitStatus.BUG.code();
    } finally {
      talk.close();
    }
  }

  private Console guarded(java.io.PrintStream talk) {
    return console.talkingTo(talk);
  }

  private static Waiting waiting(java.io.PrintStream talk) {
    return (because, since, _) ->
        talk.println("waiting since " + since.truncatedTo(ChronoUnit.SECONDS) + ": " + because);
  }

  private final class Wiring implements House {
    private final SecureRandom random = new SecureRandom();
    private final Progress progress;
    private final Http tinybird;
    private final Http github;

    Wiring(Progress progress, Http tinybird, Http github) {
      this.progress = progress;
      this.tinybird = tinybird;
      this.github = github;
    }

    @Override
    public GitHub github(String token) {
      return new HttpGitHub(
          github,
          console.variable("GITHUB_API_URL").map(ApiUrl::parse).orElse(ApiUrl.PUBLIC),
          RepositoryName.parse(console.variable("GITHUB_REPOSITORY").orElse("")),
          token);
    }

    @Override
    public Tinybird tinybird(String host, String token) {
      return new HttpTinybird(tinybird, Host.parse(host), token);
    }

    @Override
    public Instant now() {
      return console.now();
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
      console.pause().sleep(duration);
    }

    @Override
    public boolean cancelled() {
      return console.cancelled();
    }

    @Override
    public String random() {
      var bytes = new byte[16];
      random.nextBytes(bytes);
      return HexFormat.of().formatHex(bytes);
    }

    @Override
    public Consumer<RunEvent> events() {
      return progress::event;
    }
  }
}
