/// The workspace over HTTP: wire records and calls.
@NullMarked
package dev.backfill.tinybird.http;

import org.jspecify.annotations.NullMarked;
