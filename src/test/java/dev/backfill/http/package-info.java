@NullMarked
package dev.backfill.http;

import org.jspecify.annotations.NullMarked;
