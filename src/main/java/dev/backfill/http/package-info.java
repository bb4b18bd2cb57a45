/// One OkHttp client: timeouts, retry, Retry-After, redaction.
@NullMarked
package dev.backfill.http;

import org.jspecify.annotations.NullMarked;
