/// Where a migration is after its pull request was merged, and whose turn it is: from observed
/// facts only.
@NullMarked
package dev.backfill.status;

import org.jspecify.annotations.NullMarked;
