/// Findings: what is wrong or worth knowing, where, and what to do about it. Pure.
@NullMarked
package dev.backfill.problem;

import org.jspecify.annotations.NullMarked;
