/// What people and scripts read: text, markdown, JSON. Pure.
@NullMarked
package dev.backfill.report;

import org.jspecify.annotations.NullMarked;
