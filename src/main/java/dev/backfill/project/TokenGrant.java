package dev.backfill.project;

/// A `TOKEN` line: which token gets which permission.
public record TokenGrant(String token, String permission) {}
