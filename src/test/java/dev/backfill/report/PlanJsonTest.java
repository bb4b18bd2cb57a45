package dev.backfill.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanJsonTest {
  @Test
  void keepsTheSchema() {
    assertThat(PlanSchema.errors(PlanJson.write(Samples.report()))).isEmpty();
  }

  @Test
  void severalProjectsKeepTheSchema() {
    assertThat(PlanSchema.errors(PlanJson.write(List.of(Samples.report(), Samples.report()))))
        .isEmpty();
    assertThat(PlanSchema.errors(PlanJson.write(List.of()))).isEmpty();
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '~',
      value = {
        "\"verdict\": \"version\" ~ \"verdict\": \"maybe\"",
        "\"seal\": \"sha256:0 ~ \"seal\": \"md5:0",
        "\"kind\": \"sync\" ~ \"kind\": \"copy\"",
        "\"status\": \"missing\" ~ \"status\": \"lost\"",
        "\"by\": \"you\" ~ \"by\": \"them\"",
        "\"known\": \"client\" ~ \"known\": \"surely\"",
        "\"does\": ~ \"dose\":",
        "\"line\": 12 ~ \"line\": \"12\"",
        "\"steps\": ~ \"stepz\":",
      })
  void theSchemaSeesADifference(String was, String is) {
    var text = PlanJson.write(Samples.report());
    assertThat(text).contains(was);

    assertThat(PlanSchema.errors(text.replace(was, is))).isNotEmpty();
  }

  @Test
  void writesTheSameTwice() {
    assertThat(PlanJson.write(Samples.report())).isEqualTo(PlanJson.write(Samples.report()));
  }
}
