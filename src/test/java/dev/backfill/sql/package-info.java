/// Tests of the SQL room.
@NullMarked
package dev.backfill.sql;

import org.jspecify.annotations.NullMarked;
