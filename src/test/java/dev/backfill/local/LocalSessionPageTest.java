package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.EngineTest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands of the page, run by bash and curl, show what the page says.
@EngineTest
class LocalSessionPageTest {
  private static final Path PAGE = Path.of("src/site/markdown/local.md");
  private static final Pattern BLOCK =
      Pattern.compile("(?s)```bash\n(.*?)```\n(?:\n```\n(.*?)```\n)?");
  private static final String END = "-- end of block --";

  @Test
  void everyCommandShowsWhatThePageSays(@TempDir Path data) throws Exception {
    var commands = new StringBuilder("set -euo pipefail\n");
    var expected = new ArrayList<String>();
    var blocks = BLOCK.matcher(Files.readString(PAGE, StandardCharsets.UTF_8));
    while (blocks.find()) {
      commands.append(blocks.group(1)).append("echo '").append(END).append("'\n");
      expected.add(blocks.group(2) == null ? "" : blocks.group(2));
    }
    assertThat(expected).hasSizeGreaterThan(5);
    try (var api = LocalApi.start(data)) {
      var bash = new ProcessBuilder("bash").redirectErrorStream(true);
      bash.environment().put("URL", api.url());
      bash.environment().put("TOKEN", api.workspace().token());
      var process = bash.start();
      try (var input = process.outputWriter(StandardCharsets.UTF_8)) {
        input.write(commands.toString());
      }
      var shown = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

      assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
      assertThat(process.exitValue()).as(shown).isZero();
      assertThat(List.of(shown.split(Pattern.quote(END) + "\n"))).isEqualTo(expected);
    }
  }

  /// Each with a line that sets it, which the workspace takes.
  @Test
  void everyFaultIsOnThePage(@TempDir Path data) throws Exception {
    var page = Files.readString(PAGE, StandardCharsets.UTF_8);
    var shown =
        Pattern.compile("(?m)^\\| `(\\w+)` \\|.*\\| `(\\{.*})` \\|$")
            .matcher(page)
            .results()
            .toList();
    var known =
        Pattern.compile("case \"(\\w+)\" ->")
            .matcher(
                Files.readString(
                    Path.of("src/main/java/dev/backfill/local/Faults.java"),
                    StandardCharsets.UTF_8))
            .results()
            .map(found -> found.group(1));

    assertThat(shown.stream().map(found -> found.group(1)).distinct())
        .containsExactlyInAnyOrderElementsOf(known.toList());
    try (var api = LocalApi.start(data)) {
      for (var row : shown) {
        assertThat(row.group(2)).startsWith("{\"" + row.group(1) + "\":");
        var answer = api.json("/local/faults", row.group(2));
        assertThat(answer.status()).as(row.group(2) + answer.text()).isEqualTo(200);
      }
      api.json("/local/faults", "{\"reset\": true}");
    }
  }
}
