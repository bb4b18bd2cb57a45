/// What the datafiles mean, in normal form, and who feeds whom. Pure.
@NullMarked
package dev.backfill.project;

import org.jspecify.annotations.NullMarked;
