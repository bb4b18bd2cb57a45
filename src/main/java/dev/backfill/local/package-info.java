/// The embedded workspace: a Tinybird-compatible HTTP server on loopback over a real ClickHouse.
@NullMarked
package dev.backfill.local;

import org.jspecify.annotations.NullMarked;
