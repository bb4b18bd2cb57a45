/// The embedded ClickHouse (libchdb) through FFM. The only place that knows it.
@NullMarked
package dev.backfill.local.engine;

import org.jspecify.annotations.NullMarked;
