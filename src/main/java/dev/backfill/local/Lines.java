package dev.backfill.local;

import java.nio.ByteBuffer;
import java.util.Arrays;

/// Rows as the engine reads them: lines of JSON, one after the other in one piece of memory.
final class Lines {
  private byte[] bytes;
  private int length;
  private int[] ends = new int[256];
  private int size;

  /// @param expected bytes
  Lines(int expected) {
    bytes = new byte[Math.max(expected, 64)];
  }

  int size() {
    return size;
  }

  void put(byte one) {
    room(1);
    bytes[length++] = one;
  }

  void put(byte[] from, int begin, int end) {
    var count = end - begin;
    room(count);
    System.arraycopy(from, begin, bytes, length, count);
    length += count;
  }

  void put(byte[] all) {
    put(all, 0, all.length);
  }

  /// As the engine's binary formats write lengths: seven bits a byte, the low ones first.
  void number(int value) {
    var left = value;
    while (left > 127) {
      put((byte) (left | 128));
      left >>>= 7;
    }
    put((byte) left);
  }

  /// Bytes so far.
  int length() {
    return length;
  }

  /// Forgets what was put after so many bytes.
  void cut(int kept) {
    length = kept;
  }

  /// What was put since the last line is one.
  void end() {
    put((byte) '\n');
    if (size == ends.length) {
      ends = Arrays.copyOf(ends, 2 * size + 1);
    }
    ends[size++] = length;
  }

  void add(byte[] line) {
    put(line);
    end();
  }

  void addAll(Lines more) {
    var before = length;
    put(more.bytes, 0, more.length);
    ends = Arrays.copyOf(ends, Math.max(ends.length, size + more.size));
    for (var i = 0; i < more.size; i++) {
      ends[size++] = before + more.ends[i];
    }
  }

  /// Takes a line out.
  ///
  /// @param index from 0
  byte[] remove(int index) {
    var begin = index == 0 ? 0 : ends[index - 1];
    var end = ends[index];
    var line = Arrays.copyOfRange(bytes, begin, end - 1);
    System.arraycopy(bytes, end, bytes, begin, length - end);
    length -= end - begin;
    size--;
    for (var i = index; i < size; i++) {
      ends[i] = ends[i + 1] - (end - begin);
    }
    return line;
  }

  /// All of them, each with its end; good until the next change.
  ByteBuffer all() {
    return ByteBuffer.wrap(bytes, 0, length);
  }

  private void room(int more) {
    if (bytes.length - length < more) {
      var wanted = (long) bytes.length + Math.max(more, bytes.length / 2);
      if (length + (long) more > Integer.MAX_VALUE - 8) {
        throw new Refusal(413, "the body is too large");
      }
      bytes = Arrays.copyOf(bytes, (int) Math.min(wanted, Integer.MAX_VALUE - 8));
    }
  }
}
