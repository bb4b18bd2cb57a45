/// The whole journey on one machine, with live ingestion.
@NullMarked
package dev.backfill.demo;

import org.jspecify.annotations.NullMarked;
