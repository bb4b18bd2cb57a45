package dev.backfill.report;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.util.List;
import java.util.Objects;

/// The schema in the jar.
public final class PlanSchema {
  private static final Schema SCHEMA =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
          .getSchema(
              Objects.requireNonNull(
                  PlanJson.class.getResourceAsStream("/schema/plan.schema.json")));

  private PlanSchema() {}

  /// What it has against a document.
  public static List<Error> errors(String json) {
    return SCHEMA.validate(json, InputFormat.JSON);
  }
}
