/// GitHub's REST API over HTTP.
@NullMarked
package dev.backfill.github.http;

import org.jspecify.annotations.NullMarked;
