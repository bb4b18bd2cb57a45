@NullMarked
package dev.backfill.tinybird.http;

import org.jspecify.annotations.NullMarked;
