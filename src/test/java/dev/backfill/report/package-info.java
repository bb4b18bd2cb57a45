@NullMarked
package dev.backfill.report;

import org.jspecify.annotations.NullMarked;
