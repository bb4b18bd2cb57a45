package dev.backfill.project;

/// A data-skipping index.
///
/// @param name its name
/// @param definition normalised text after the name: expression, TYPE, GRANULARITY
public record Index(String name, String definition) {}
