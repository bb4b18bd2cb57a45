package dev.backfill.datafile;

import dev.backfill.problem.Place;

/// A line of `INDEXES`.
///
/// @param name its name
/// @param expression what is indexed
/// @param type e.g. `minmax`, `set(100)`
/// @param granularity text of the number; empty when left out
public record IndexSyntax(
    String name, String expression, String type, String granularity, Place place) {}
