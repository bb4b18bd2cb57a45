/// A GitHub of one repository, on loopback, held to GitHub's published description of its API.
@NullMarked
package dev.backfill.testing.github;

import org.jspecify.annotations.NullMarked;
