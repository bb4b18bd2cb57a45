/// Just enough SQL and templating: tokens, tables read, rendering, safe quoting. Pure.
@NullMarked
package dev.backfill.sql;

import org.jspecify.annotations.NullMarked;
