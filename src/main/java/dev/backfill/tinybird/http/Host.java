package dev.backfill.tinybird.http;

import dev.backfill.failure.Failure;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Collectors;

/// An API host, and the addresses below it.
public final class Host {
  private Host() {}

  /// The host as a person writes it; as in the platform's own client no scheme means `https://`,
  /// except for `localhost`.
  public static URI parse(String text) {
    var host = text.strip();
    if (host.matches("(?i)localhost/*")) {
      // Port 80 of this machine is nobody's API, and it would be knocked at for half a minute.
      throw new Failure.Usage(
          "not an API host: "
              + host
              + " without a port. backfill local prints its address, like http://localhost:8001;"
              + " Tinybird's is like https://api.tinybird.co.");
    }
    if (!host.contains("://")) {
      host = (host.startsWith("localhost") ? "http://" : "https://") + host;
    }
    while (host.endsWith("/")) {
      host = host.substring(0, host.length() - 1);
    }
    try {
      var uri = new URI(host);
      var scheme = uri.getScheme();
      if (uri.getHost() != null
          && ("http".equals(scheme) || "https".equals(scheme))
          && uri.getRawQuery() == null
          && uri.getRawUserInfo() == null) {
        if ("http".equals(scheme) && !loopback(uri.getHost())) {
          throw new Failure.Usage(
              "http:// to "
                  + uri.getHost()
                  + " would send the token in clear text. Write it with https://; http:// is for this"
                  + " machine only.");
        }
        return uri;
      }
    } catch (URISyntaxException e) {
      // falls through to the message
    }
    // what has a `?` or `@` may hold a secret
    var shown = host.contains("?") || host.contains("@") ? "" : ": " + text.strip();
    throw new Failure.Usage("not an API host" + shown + ". Write it like https://api.tinybird.co.");
  }

  private static boolean loopback(String host) {
    return host.equals("localhost")
        || host.matches("127(\\.[0-9]{1,3}){3}")
        || host.equals("[::1]");
  }

  /// `host` + path segments (each encoded) + query.
  static URI at(URI host, java.util.List<String> segments, Map<String, String> query) {
    var path =
        segments.stream().map(s -> s.isEmpty() ? "" : encode(s)).collect(Collectors.joining("/"));
    var parameters =
        query.entrySet().stream()
            .map(e -> encode(e.getKey()) + "=" + encode(e.getValue()))
            .collect(Collectors.joining("&"));
    return URI.create(host + "/" + path + (parameters.isEmpty() ? "" : "?" + parameters));
  }

  private static String encode(String text) {
    // "." and ".." would be folded away by clients and servers
    if (text.equals(".") || text.equals("..")) {
      throw new IllegalArgumentException("not a name: " + text);
    }
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
