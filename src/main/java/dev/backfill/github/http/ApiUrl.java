package dev.backfill.github.http;

import dev.backfill.failure.Failure;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// The API's address, and the addresses below it.
public final class ApiUrl {
  /// Of github.com.
  public static final URI PUBLIC = URI.create("https://api.github.com");

  private ApiUrl() {}

  /// As `GITHUB_API_URL` has it: `https://api.github.com`, or `https://HOST/api/v3` on a GitHub
  /// Enterprise Server.
  ///
  /// @throws Failure.Usage when it is none, or would send the token in clear text
  public static URI parse(String text) {
    var stripped = text.strip().replaceAll("/+$", "");
    try {
      var uri = new URI(stripped);
      if (uri.getHost() != null
          && uri.getRawQuery() == null
          && uri.getRawUserInfo() == null
          && uri.getRawFragment() == null
          && ("https".equals(uri.getScheme())
              || ("http".equals(uri.getScheme()) && loopback(uri.getHost())))) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // falls through to the message
    }
    throw new Failure.Usage(
        "GITHUB_API_URL is not an https:// address of GitHub's API, like "
            + PUBLIC
            + " or https://HOST/api/v3.");
  }

  private static boolean loopback(String host) {
    return host.equals("localhost")
        || host.matches("127(\\.[0-9]{1,3}){3}")
        || host.equals("[::1]");
  }

  /// Address + path segments (each encoded, slashes too, as GitHub's own client does) + query.
  static URI at(URI api, List<String> segments, Map<String, String> query) {
    var parameters =
        query.entrySet().stream()
            .map(e -> encode(e.getKey()) + "=" + encode(e.getValue()))
            .collect(Collectors.joining("&"));
    return URI.create(path(api, segments) + (parameters.isEmpty() ? "" : "?" + parameters));
  }

  static String path(URI api, List<String> segments) {
    return api + "/" + segments.stream().map(ApiUrl::segment).collect(Collectors.joining("/"));
  }

  private static String segment(String text) {
    // these would be folded away by clients and servers
    if (text.isEmpty() || text.equals(".") || text.equals("..")) {
      throw new IllegalArgumentException("not a name: " + text);
    }
    return encode(text);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
