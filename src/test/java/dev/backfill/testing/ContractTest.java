package dev.backfill.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

/// A test against what GitHub publishes about itself (its OpenAPI description, real payloads). It
/// runs by default and fetches that from npm, once; only the property `skipContract` leaves it out,
/// and the report says so.
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@DisabledIfSystemProperty(
    named = "skipContract",
    matches = "true",
    disabledReason = "GitHub's published description was left out: -DskipContract=true")
public @interface ContractTest {}
