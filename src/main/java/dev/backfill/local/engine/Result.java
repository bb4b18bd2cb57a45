package dev.backfill.local.engine;

import java.nio.charset.StandardCharsets;

/// What a statement gave back.
///
/// @param data rows in the format that was asked for
/// @param elapsed seconds
/// @param rowsRead rows read from storage
/// @param bytesRead bytes read from storage
/// @param rowsWritten rows written, those that views wrote to their targets included
public record Result(byte[] data, double elapsed, long rowsRead, long bytesRead, long rowsWritten) {
  public String text() {
    return new String(data, StandardCharsets.UTF_8);
  }
}
