package dev.backfill.problem;

/// Where in the repository a finding is.
///
/// @param file path with forward slashes, relative to the data project; empty when there is no file
/// @param line counted from 1; 0 when unknown
/// @param column counted from 1 in characters; 0 when unknown
public record Place(String file, int line, int column) {
  /// No particular place.
  public static final Place NOWHERE = new Place("", 0, 0);

  public Place {
    if (line < 0 || column < 0) {
      throw new IllegalArgumentException("negative position in " + file);
    }
  }

  public static Place of(String file) {
    return new Place(file, 0, 0);
  }

  public static Place of(String file, int line) {
    return new Place(file, line, 0);
  }

  /// `file:line:column`, leaving out what is unknown.
  @Override
  public String toString() {
    if (line == 0) {
      return file;
    }
    return column == 0 ? file + ":" + line : file + ":" + line + ":" + column;
  }
}
