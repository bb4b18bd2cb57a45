/// Carries a plan out: lease, chunks, pace, resume. Acts through promises only.
@NullMarked
package dev.backfill.run;

import org.jspecify.annotations.NullMarked;
