package dev.backfill.proof;

import java.math.BigInteger;

/// What one side holds in one place: so many rows, with this fingerprint. Readings of ranges that
/// don't overlap can be added.
///
/// @param rows how many
/// @param hash sum of the rows' hashes, modulo 2^64
public record Reading(long rows, BigInteger hash) {
  private static final BigInteger MODULUS = BigInteger.ONE.shiftLeft(64);

  public static final Reading NOTHING = new Reading(0, BigInteger.ZERO);

  public Reading {
    hash = hash.mod(MODULUS);
  }

  public Reading plus(Reading other) {
    return new Reading(Math.addExact(rows, other.rows), hash.add(other.hash));
  }

  @Override
  public String toString() {
    return rows + " rows, " + hash.toString(16);
  }
}
