package dev.backfill.local.engine;

import java.util.regex.Pattern;

/// The engine refused a statement.
public final class EngineException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final Pattern CODE = Pattern.compile("^Code: (\\d+)\\. ");
  private final int code;

  /// @param message as ClickHouse says it: `Code: 60. DB::Exception: ...`
  public EngineException(String message) {
    super(message.strip());
    var found = CODE.matcher(message.strip());
    code = found.find() ? Integer.parseInt(found.group(1)) : 0;
  }

  /// ClickHouse's number of the error (241 memory, 159 time, 394 killed), 0 when it gave none.
  public int code() {
    return code;
  }

  /// The message without its `Code: n. DB::Exception:` head.
  public String text() {
    return String.valueOf(getMessage()).replaceFirst("^Code: \\d+\\. (DB::Exception: )?", "");
  }
}
