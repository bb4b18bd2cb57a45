@NullMarked
package dev.backfill.action;

import org.jspecify.annotations.NullMarked;
