/// What differs between two revisions of a project, and what each difference asks for. Pure.
@NullMarked
package dev.backfill.change;

import org.jspecify.annotations.NullMarked;
