package dev.backfill.proof;

/// One of the two Data Sources that are compared.
public enum Side {
  SOURCE,
  TARGET
}
