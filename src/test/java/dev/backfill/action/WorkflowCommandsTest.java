package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkflowCommandsTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final WorkflowCommands commands =
      new WorkflowCommands(new PrintStream(bytes, true, StandardCharsets.UTF_8));

  @Test
  void anAnnotationIsOneCommandWhateverIsInIt() {
    commands.annotate(
        WorkflowCommands.Level.ERROR, "a,b:c%.pipe", 3, "x::y", "one\n::set-output name=x::%0A");

    assertThat(written())
        .isEqualTo(
            "::error file=a%2Cb%3Ac%25.pipe,line=3,title=x%3A%3Ay::one%0A::set-output name=x::%250A\n");
  }

  @Test
  void everyLineOfASecretIsMasked() {
    commands.mask("first-line\nsecond-line\n");

    assertThat(written()).isEqualTo("::add-mask::first-line\n::add-mask::second-line\n");
  }

  @Test
  void noLineOfOtherTextIsACommand() {
    commands.log("ok\n  ::error::no\n##[set-env name=X]y\nstd::move");
    var guarded = WorkflowCommands.guarded(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    guarded.print("half ");
    guarded.println("a line\r::add-mask::e");
    guarded.print("##[command]x");
    guarded.close();

    assertThat(written().lines()).hasSize(7).noneMatch(l -> l.strip().startsWith("::"));
    assertThat(written()).doesNotContain("##[").doesNotContain("::");
  }

  @Test
  void anOutputIsBehindADelimiterNobodyKnew(@TempDir Path folder) throws IOException {
    var file = folder.resolve("output");
    Iterator<String> words = List.of("one", "two").iterator();
    var outputs = new ActionOutputs(Optional.of(file), words::next);

    outputs.set(ActionOutputs.Output.VERDICT, "version\nready<<EOF\ntrue\nEOF");
    outputs.set(ActionOutputs.Output.READY, "false");

    assertThat(file)
        .hasContent(
            """
            verdict<<backfill_one
            version
            ready<<EOF
            true
            EOF
            backfill_one
            ready<<backfill_two
            false
            backfill_two
            """);
  }

  private String written() {
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
