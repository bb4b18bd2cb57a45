package dev.backfill.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.change.Impact;
import dev.backfill.change.JudgedChange;
import dev.backfill.plan.PlanCore;
import java.text.Normalizer;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CoreJsonTest {
  private static final PlanCore CORE = Samples.core(Optional.empty());

  @Test
  void readsBackWhatItWrote() {
    assertThat(CoreJson.read(CoreJson.write(CORE))).isEqualTo(CORE);
  }

  @Test
  void keepsAPinnedCutover() {
    var core = Samples.core(Optional.of(Instant.parse("2026-01-31T13:30:00.123Z")));

    assertThat(CoreJson.read(CoreJson.file(core))).isEqualTo(core);
  }

  @Test
  void sortsKeysAndLeavesNoBlanks() {
    assertThat(CoreJson.write(CORE))
        .startsWith(
            "{\"changes\":[{\"after\":\"action, timestamp\",\"before\":\"timestamp\",\"destructive\":false,")
        .contains("\"cutover\":{\"bind\":\"deploy\",\"lead\":\"PT30M\"}")
        .contains("\"liveFeed\":{\"kind\":\"sync\",\"pipe\":\"sync_analytics_events_1\"}")
        .contains("\"schemaVersion\":1,\"version\":\"0.0.1\",\"workspace\":\"acme\"}")
        .doesNotContain("\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "e\u0301 decomposed",
        "\u00e9 composed",
        "\u212b angstrom sign",
        "quote \" backslash \\ newline \n tab \t null \u0000 escape \u001b",
        "\ud83d\ude00 pair",
        "\ud83d lone",
        "\u2028 separator"
      })
  void anyTextComesBackExactlyAndTheDocumentIsInNfc(String text) {
    var core = withBefore(text);

    var written = CoreJson.write(core);

    assertThat(Normalizer.isNormalized(written, Normalizer.Form.NFC)).isTrue();
    assertThat(CoreJson.read(written)).isEqualTo(core);
  }

  @Test
  void textsThatDifferOnlyInNormalFormStayDifferent() {
    assertThat(CoreJson.write(withBefore("e\u0301")))
        .isNotEqualTo(CoreJson.write(withBefore("\u00e9")));
  }

  @Test
  void passesOverUnknownKeys() {
    var text = CoreJson.write(CORE).replaceFirst("\\{", "{\"later\":[{\"x\":null}],");

    assertThat(CoreJson.read(text)).isEqualTo(CORE);
  }

  @ParameterizedTest(name = "{0} -> {1}: {2}")
  @CsvSource(
      delimiter = '~',
      value = {
        "\"flavour\":\"classic\", ~ '' ~ `flavour` is missing",
        "\"lead\":\"PT30M\" ~ \"lead\":\"half an hour\" ~ `cutover.lead` is 'half an hour', not a duration such as PT30M",
        "\"lead\":\"PT30M\" ~ \"lead\":\"PT-30M\" ~ `cutover.lead` is 'PT-30M', not a duration such as PT30M",
        "\"bind\":\"deploy\" ~ \"bind\":\"pinned\" ~ `cutover.at` is missing",
        "\"cause\":\"direct\" ~ \"cause\":\"because\" ~ `migrations[0].cause` is 'because', none of [direct, cascade]",
        "\"jobsAtOnce\":1 ~ \"jobsAtOnce\":0 ~ `limits.jobsAtOnce` is 0, not above 0",
        "\"jobsAtOnce\":1 ~ \"jobsAtOnce\":\"1\" ~ `limits.jobsAtOnce` is no whole number",
        "\"schemaVersion\":1 ~ \"schemaVersion\":2 ~ `schemaVersion` is 2, this program reads 1; use the one that wrote it",
        "\"mode\":\"100755\" ~ \"mode\":\"120000\" ~ `files[0].mode` is '120000', which doesn't match 100644|100755",
        "deploy/0.0.1/deploy.sh ~ deploy/../../x ~ `files[0].path` is outside the project",
        "\"target\":\"analytics_events_1\" ~ \"target\":\"x; DROP TABLE y\" ~ `migrations[0].target` is 'x; DROP TABLE y', which doesn't match [A-Za-z_][A-Za-z0-9_]*",
        "\"destructive\":false ~ \"destructive\":0 ~ `changes[0].destructive` is neither true nor false",
      })
  void saysWhatIsWrong(String was, String is, String message) {
    var text = CoreJson.write(CORE);
    assertThat(text).contains(was);

    assertThatThrownBy(() -> CoreJson.read(text.replace(was, is)))
        .isInstanceOf(CoreJson.Malformed.class)
        .hasMessage(message);
  }

  @Test
  void refusesKeysThatComeTwice() {
    var text = CoreJson.write(CORE).replaceFirst("\\{", "{\"version\":\"9.9.9\",");

    assertThatThrownBy(() -> CoreJson.read(text))
        .isInstanceOf(CoreJson.Malformed.class)
        .hasMessageContaining("version");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "null", "3", "{", "<<<<<<< HEAD\n{}"})
  void whatIsNoDocumentIsMalformed(String text) {
    assertThatThrownBy(() -> CoreJson.read(text)).isInstanceOf(CoreJson.Malformed.class);
  }

  @Test
  void namesTheLineOfASyntaxError() {
    assertThatThrownBy(() -> CoreJson.read("{\n\"a\": }"))
        .isInstanceOfSatisfying(CoreJson.Malformed.class, e -> assertThat(e.line()).isEqualTo(2));
  }

  @Test
  void saysNothingOfTheLibraryThatReads() {
    assertThatThrownBy(() -> CoreJson.read("{"))
        .hasMessageNotContaining("Source")
        .hasMessageContaining("end-of-input");
  }

  private static PlanCore withBefore(String text) {
    var c = Samples.CHANGE;
    return new PlanCore(
        CORE.schemaVersion(),
        CORE.rules(),
        CORE.flavour(),
        CORE.version(),
        CORE.workspace(),
        List.of(
            new JudgedChange(
                c.file(), c.line(), c.resource(), c.kind(), text, "", Impact.NONE, false, "")),
        CORE.migrations(),
        CORE.forkedPipes(),
        CORE.cutover(),
        CORE.limits(),
        CORE.files());
  }
}
