package dev.backfill.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanJsonTest {
  @Test
  void keepsTheSchema() {
    assertThat(errors(PlanJson.write(Samples.report()))).isEmpty();
  }

  @Test
  void severalProjectsKeepTheSchema() {
    assertThat(errors(PlanJson.write(List.of(Samples.report(), Samples.report())))).isEmpty();
    assertThat(errors(PlanJson.write(List.of()))).isEmpty();
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
        "\"line\": 12 ~ \"line\": \"12\"",
        "\"steps\": ~ \"stepz\":",
      })
  void theSchemaSeesADifference(String was, String is) {
    var text = PlanJson.write(Samples.report());
    assertThat(text).contains(was);

    assertThat(errors(text.replace(was, is))).isNotEmpty();
  }

  @Test
  void writesTheSameTwice() {
    assertThat(PlanJson.write(Samples.report())).isEqualTo(PlanJson.write(Samples.report()));
  }

  /// What the published schema has against a document.
  public static List<Error> errors(String json) {
    return schema().validate(json, InputFormat.JSON);
  }

  private static Schema schema() {
    return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
        .getSchema(
            Objects.requireNonNull(PlanJson.class.getResourceAsStream("/schema/plan.schema.json")));
  }
}
