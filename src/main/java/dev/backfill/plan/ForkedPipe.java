package dev.backfill.plan;

/// A plain Pipe between a versioned Data Source and the Materialized Views it feeds, and the copy
/// of it that reads the twin. It writes nothing, so it isn't a migration.
///
/// @param original the Pipe that reads the old Data Source
/// @param fork the same text with its references renamed
public record ForkedPipe(String original, String fork) {}
