package dev.backfill.local;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// The row of the API reference that a test holds the local workspace to.
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@interface Row {

  /// Number of the reference's section.
  String section();

  /// As the reference names it.
  String name();

  /// Routes of the workspace that it is about: `GET /v0/jobs/{job}`.
  String[] routes() default {};

  /// How sure the reference is, where no route says it: `[C][D]`.
  String marks() default "";

  /// What the workspace does.
  String here();
}
