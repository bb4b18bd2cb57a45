/// What several tests share: fakes, temporary repositories, builders.
@NullMarked
package dev.backfill.testing;

import org.jspecify.annotations.NullMarked;
