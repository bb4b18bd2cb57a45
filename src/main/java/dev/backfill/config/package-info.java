/// The settings of backfill.yml, with the line each came from. Pure.
@NullMarked
package dev.backfill.config;

import org.jspecify.annotations.NullMarked;
