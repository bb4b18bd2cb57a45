@org.jspecify.annotations.NullMarked
package dev.backfill.status;
