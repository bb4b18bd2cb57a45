package dev.backfill.http;

import dev.backfill.failure.Failure;
import dev.backfill.failure.Failure.Kind;
import dev.backfill.failure.Failure.Remote;
import dev.backfill.http.Request.Effect;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLException;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.EventListener;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.Buffer;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;

/// The one client of everything that speaks HTTP: gives an answer of 2xx, or throws a
/// [Failure.Remote] whose kind says what the refusal or silence means.
///
/// A repeatable request is tried again on 429, 5xx, and broken or refused connections. Any other
/// request only on 429 and when no byte of it left this machine. What else a service answers when
/// it wants us to wait, and for how long, [Manners] knows. Redirects are never followed. An
/// interrupted thread cancels its request.
public final class Http implements AutoCloseable {
  private static final int LONGEST_QUOTE = 600;

  private final Limits limits;
  private final Pause pause;
  private final Waiting waiting;
  private final Manners manners;
  private final Redact redact = new Redact();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final OkHttpClient repeatable;
  private final OkHttpClient once;

  public Http() {
    this(Limits.DEFAULT, Pause.SYSTEM, Waiting.SILENT);
  }

  public Http(Limits limits, Pause pause, Waiting waiting) {
    this(limits, pause, waiting, new TinybirdManners());
  }

  /// @param manners of the service this client is for
  public Http(Limits limits, Pause pause, Waiting waiting, Manners manners) {
    this.manners = manners;
    this.limits = limits;
    this.pause = pause;
    this.waiting = waiting;
    var dispatcher = new Dispatcher(threads);
    dispatcher.setMaxRequestsPerHost(dispatcher.getMaxRequests());
    this.repeatable =
        new OkHttpClient.Builder()
            .dispatcher(dispatcher)
            .connectTimeout(limits.connect())
            .readTimeout(limits.answer())
            .writeTimeout(limits.answer())
            .callTimeout(limits.answer())
            .followRedirects(false)
            .followSslRedirects(false)
            // OkHttp's own retry can't tell a request that must not run twice
            .retryOnConnectionFailure(false)
            .eventListenerFactory(call -> {
              var progress = call.request().tag(Progress.class);
              return progress == null ? EventListener.NONE : progress;
            })
            .build();
    // A kept connection may be closed by the server just as we write to it, and then nobody knows
    // whether the request was read. A fresh one costs a handshake and leaves no such doubt.
    this.once =
        repeatable
            .newBuilder()
            .connectionPool(new ConnectionPool(0, 1, TimeUnit.MILLISECONDS))
            .build();
  }

  /// Sends without a reading of its own for the error texts.
  public Reply send(Request request) {
    return send(request, UnaryOperator.identity());
  }

  /// @param errorText finds the sentence for people in the body of a refusal
  /// @throws Remote when there is no answer of 2xx
  /// @throws Failure.Interrupted when the thread was interrupted; a request with an effect may have
  ///   been executed then
  public Reply send(Request request, UnaryOperator<String> errorText) {
    request.token().ifPresent(redact::learn);
    var since = pause.now();
    for (var attempt = 1; ; attempt++) {
      try {
        return attempt(request, attempt, errorText);
      } catch (Attempt failed) {
        var next = backOff(attempt, failed.failure.retryAfter());
        if (!failed.again
            || attempt >= limits.attempts()
            || next.compareTo(limits.longestPause()) > 0) {
          throw failed.failure;
        }
        waiting.waiting(String.valueOf(failed.failure.getMessage()), since, next);
        sleep(request, next);
      }
    }
  }

  /// For texts that hold what a server said.
  public Redact redact() {
    return redact;
  }

  /// A failure found while reading an answer of 2xx: an `error` in it, or not what was asked for.
  public Remote refused(Request request, Kind kind, int status, String said) {
    return remote(request, kind, status, Optional.empty(), said);
  }

  /// What the text of an error means, when it came with an answer of 2xx.
  public Kind kindOf(Request request, String text) {
    return manners
        .meaning(new Manners.Refusal(request.effect(), 400, Map.of(), text, 1), pause.now())
        .kind();
  }

  /// Waits between two requests, because a service wishes it.
  ///
  /// @throws Failure.Interrupted when the thread was interrupted
  public void rest(Duration duration) {
    try {
      pause.sleep(duration);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure.Interrupted("interrupted between two requests");
    }
  }

  private static Duration backOff(int attempt, Optional<Duration> asked) {
    return asked.orElseGet(() -> Duration.ofMillis(Math.min(10_000, 250L << Math.min(attempt, 8))));
  }

  private void sleep(Request request, Duration next) {
    try {
      pause.sleep(next);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure.Interrupted(
          "interrupted while waiting to repeat " + request.name() + ", which was not done");
    }
  }

  private Reply attempt(Request request, int number, UnaryOperator<String> errorText)
      throws Attempt {
    var progress = new Progress();
    var call =
        (request.effect() == Effect.ONCE ? once : repeatable).newCall(wire(request, progress));
    var future = new CompletableFuture<Raw>();
    call.enqueue(
        new Callback() {
          @Override
          public void onFailure(Call c, IOException e) {
            future.completeExceptionally(e);
          }

          @Override
          public void onResponse(Call c, Response response) {
            try (response) {
              future.complete(Raw.of(response, limits.bytes()));
            } catch (IOException | RuntimeException e) {
              future.completeExceptionally(e);
            }
          }
        });
    Raw raw;
    try {
      raw = future.get();
    } catch (InterruptedException e) {
      call.cancel();
      Thread.currentThread().interrupt();
      throw new Failure.Interrupted(
          request.effect() == Effect.ONCE && progress.sent
              ? "interrupted during " + request.name() + ", which may have been done"
              : "interrupted during " + request.name());
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException broken) {
        throw broken(request, progress, broken);
      }
      throw new IllegalStateException(redact.text(String.valueOf(e.getCause())), e.getCause());
    }
    if (raw.truncated) {
      throw new Attempt(
          remote(
              request,
              request.effect() == Effect.ONCE ? Kind.LOST : Kind.SIZE,
              raw.status,
              Optional.empty(),
              "more than " + limits.bytes() + " bytes"),
          false);
    }
    if (raw.status >= 200 && raw.status < 300) {
      return new Reply(raw.status, raw.headers, raw.text);
    }
    throw refusal(request, number, raw, errorText);
  }

  private Attempt broken(Request request, Progress progress, IOException broken) {
    var said = broken.getClass().getSimpleName() + ": " + broken.getMessage();
    if (!progress.sent) {
      return new Attempt(
          remote(request, Kind.UNREACHABLE, 0, Optional.empty(), "no connection, " + said),
          !(broken instanceof SSLException));
    }
    var once = request.effect() == Effect.ONCE;
    return new Attempt(
        remote(request, once ? Kind.LOST : Kind.WAIT, 0, Optional.empty(), "sent, then " + said),
        !once);
  }

  private Attempt refusal(Request request, int number, Raw raw, UnaryOperator<String> errorText) {
    var text = errorText.apply(raw.text);
    var meaning =
        manners.meaning(
            new Manners.Refusal(request.effect(), raw.status, raw.headers, text, number),
            pause.now());
    return new Attempt(
        remote(
            request,
            meaning.kind(),
            raw.status,
            meaning.pause(),
            raw.status + " " + text,
            meaning.advice()),
        meaning.again());
  }

  private Remote remote(
      Request request, Kind kind, int status, Optional<Duration> retryAfter, String said) {
    return remote(request, kind, status, retryAfter, said, manners.advice(kind));
  }

  private Remote remote(
      Request request,
      Kind kind,
      int status,
      Optional<Duration> retryAfter,
      String said,
      String advice) {
    var line = redact.text(said).replaceAll("\\s+", " ").strip();
    var quote = line.length() > LONGEST_QUOTE ? line.substring(0, LONGEST_QUOTE) + "..." : line;
    var stop = quote.isEmpty() || quote.endsWith(".") ? "" : ".";
    return new Remote(
        kind,
        status,
        retryAfter,
        (status == 0 ? "%s gave no answer to %s: %s%s %s" : "%s answered %s: %s%s %s")
            .formatted(request.uri().getHost(), redact.text(request.name()), quote, stop, advice));
  }

  private okhttp3.Request wire(Request request, Progress progress) {
    var builder = new okhttp3.Request.Builder().tag(Progress.class, progress);
    try {
      builder.url(request.uri().toString());
    } catch (IllegalArgumentException e) {
      throw new Failure.Usage(
          "not an http address: "
              + redact.text(request.uri().toString())
              + ". Give the API host with its scheme, like https://api.tinybird.co.");
    }
    builder.header("User-Agent", "tinybird-backfill");
    manners.headers().forEach(builder::header);
    if (request.token().isPresent()) {
      try {
        builder.header("Authorization", "Bearer " + request.token().get());
      } catch (IllegalArgumentException e) {
        throw new Failure.Usage(
            "the token holds a character no token has (a line break?). Copy it again.");
      }
    }
    var body = request.body().<RequestBody>map(OneShot::of);
    if (body.isEmpty() && !request.method().equals("GET")) {
      body = Optional.of(new OneShot(null, new byte[0]));
    }
    return builder.method(request.method(), body.orElse(null)).build();
  }

  @Override
  public void close() {
    repeatable.dispatcher().cancelAll();
    repeatable.connectionPool().evictAll();
    once.connectionPool().evictAll();
    threads.close();
  }

  /// One attempt's failure, and whether another attempt is allowed.
  private static final class Attempt extends Exception {
    private static final long serialVersionUID = 1L;
    final Remote failure;
    final boolean again;

    Attempt(Remote failure, boolean again) {
      super(failure.getMessage(), failure);
      this.failure = failure;
      this.again = again;
    }
  }

  /// Whether a byte of the request may have left this machine.
  private static final class Progress extends EventListener {
    volatile boolean sent;

    @Override
    public void requestHeadersStart(Call call) {
      sent = true;
    }
  }

  /// A body OkHttp may not send twice (it would on 503 with `Retry-After: 0`).
  private static final class OneShot extends RequestBody {
    private final @Nullable MediaType type;
    private final byte[] bytes;

    OneShot(@Nullable MediaType type, byte[] bytes) {
      this.type = type;
      this.bytes = bytes;
    }

    static OneShot of(Request.Body body) {
      return new OneShot(MediaType.get(body.type()), body.bytes());
    }

    @Override
    public @Nullable MediaType contentType() {
      return type;
    }

    @Override
    public long contentLength() {
      return bytes.length;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
      sink.write(bytes);
    }

    @Override
    public boolean isOneShot() {
      return true;
    }
  }

  private record Raw(int status, Map<String, String> headers, String text, boolean truncated) {
    static Raw of(Response response, long limit) throws IOException {
      var headers = new LinkedHashMap<String, String>();
      for (var header : response.headers()) {
        headers.putIfAbsent(header.getFirst().toLowerCase(Locale.ROOT), header.getSecond());
      }
      var source = response.body().source();
      var buffer = new Buffer();
      while (buffer.size() <= limit) {
        if (source.read(buffer, 64 * 1024) == -1) {
          return new Raw(
              response.code(), headers, buffer.readString(StandardCharsets.UTF_8), false);
        }
      }
      return new Raw(response.code(), headers, "", true);
    }
  }
}
