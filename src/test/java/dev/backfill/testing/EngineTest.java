package dev.backfill.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

/// A test that needs the embedded engine. It runs by default and fetches the engine; only the
/// property `skipEngine` leaves it out, and the report says so.
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@DisabledIfSystemProperty(
    named = "skipEngine",
    matches = "true",
    disabledReason = "the embedded engine was left out: -DskipEngine=true")
public @interface EngineTest {}
