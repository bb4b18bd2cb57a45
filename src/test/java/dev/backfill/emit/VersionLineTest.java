package dev.backfill.emit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The templates of the CI read VERSION twice: by `source`, and from the job's environment, into
/// which they put the file's lines as they are. Both have to find the folder.
class VersionLineTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "VERSION=1.0.0",
        "VERSION=1.0.0\r\nCD_FLAGS=--yes\r\n",
        "VERSION=\"1.0.0\"\n",
        "VERSION='1.0.0'  \n# end",
        "A=1\nVERSION=1.0.0\t\nVERSION=0.9.0\n",
        "A=1",
        ""
      })
  void everyReaderFindsTheFolder(String before) throws Exception {
    var text = VersionLine.set(before, "1.0.1").orElseThrow();

    assertThat(text.split("\n")).contains("VERSION=1.0.1");
    var file = Files.writeString(folder.resolve(".tinyenv"), text);
    var bash =
        new ProcessBuilder(
                "bash", "-c", ". \"$1\" 2>/dev/null; printf %s \"$VERSION\"", "-", file.toString())
            .start();
    assertThat(new String(bash.getInputStream().readAllBytes(), UTF_8)).isEqualTo("1.0.1");
    assertThat(VersionLine.of(text)).isEqualTo(Optional.of("1.0.1"));
    assertThat(text.replaceAll("(?m)^VERSION=.*\\R?", "").strip())
        .isEqualTo(before.replaceAll("(?m)^VERSION=.*\\R?", "").strip());
  }

  @Test
  void whatIsMoreThanAValueIsLeftAlone() {
    assertThat(VersionLine.set("VERSION=1.0.0 # as of May\n", "1.0.1")).isEmpty();
  }
}
