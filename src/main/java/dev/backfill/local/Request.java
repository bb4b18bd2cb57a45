package dev.backfill.local;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/// What came over the wire.
///
/// @param rawQuery empty when there is none
/// @param path decoded segments, empty ones left out
/// @param query decoded parameters of the URL
/// @param form the same of a form body, empty when the body isn't one
record Request(
    String method,
    String rawPath,
    String rawQuery,
    List<String> path,
    Map<String, String> query,
    Map<String, String> form,
    Map<String, String> headers,
    byte[] body) {

  /// Header that our own id of it stands in, whatever was sent.
  static final String ID = "x-request-id";

  private static final int LARGEST_UNPACKED = 100_000_000;
  private static final int LARGEST = 100_000_000;
  private static final int LARGEST_FILE = 501_000_000;

  static Request of(
      String method, String rawPath, String rawQuery, Map<String, String> headers, InputStream sent)
      throws IOException {
    var body = body(sent, rawPath.startsWith("/v0/datasources") ? LARGEST_FILE : LARGEST, headers);
    var encoding = headers.getOrDefault("content-encoding", "");
    if (encoding.equals("gzip")) {
      body = body.length == 0 ? body : unpacked(body);
    } else if (!encoding.isEmpty() && !encoding.equals("identity")) {
      throw new Refusal(
          501, "Content-Encoding " + encoding + " is not served; send it plain or gzip");
    }
    var type = headers.getOrDefault("content-type", "").toLowerCase(Locale.ROOT);
    var form =
        type.startsWith("application/x-www-form-urlencoded")
            ? parameters(new String(body, StandardCharsets.UTF_8))
            : Map.<String, String>of();
    var segments =
        Arrays.stream(rawPath.split("/"))
            .filter(s -> !s.isEmpty())
            .map(s -> decode(s.replace("+", "%2B")))
            .toList();
    return new Request(
        method, rawPath, rawQuery, segments, parameters(rawQuery), form, headers, body);
  }

  private static byte[] body(InputStream sent, int most, Map<String, String> headers)
      throws IOException {
    var told = headers.getOrDefault("content-length", "0");
    var body = told.matches("\\d{1,9}") ? sent.readNBytes(most + 1) : new byte[0];
    if (!told.matches("\\d{1,9}") || body.length > most) {
      throw new Refusal(413, "the body is too large");
    }
    return body;
  }

  private static byte[] unpacked(byte[] body) {
    try (var packed = new GZIPInputStream(new ByteArrayInputStream(body))) {
      var unpacked = packed.readNBytes(LARGEST_UNPACKED + 1);
      if (unpacked.length > LARGEST_UNPACKED) {
        throw new Refusal(413, "the body is too large when it is unpacked");
      }
      return unpacked;
    } catch (IOException e) {
      throw new Refusal(400, "the body is not gzip: " + e.getMessage());
    }
  }

  String id() {
    return headers.getOrDefault(ID, "");
  }

  private static Map<String, String> parameters(String text) {
    var parameters = new LinkedHashMap<String, String>();
    for (var pair : text.split("&")) {
      if (!pair.isEmpty()) {
        var equals = pair.indexOf('=');
        parameters.put(
            decode(equals < 0 ? pair : pair.substring(0, equals)),
            equals < 0 ? "" : decode(pair.substring(equals + 1)));
      }
    }
    return parameters;
  }

  private static String decode(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new Refusal(400, "the request is badly encoded: " + text);
    }
  }

  /// Every value of a parameter that may be repeated, of the URL and of the form.
  List<String> all(String name) {
    var values = new ArrayList<String>();
    for (var text : List.of(rawQuery, form.isEmpty() ? "" : text())) {
      for (var pair : text.split("&")) {
        if (pair.startsWith(name + "=")) {
          values.add(decode(pair.substring(name.length() + 1)));
        }
      }
    }
    return values;
  }

  /// From the URL or the form, empty when absent.
  String parameter(String name) {
    var inQuery = query.get(name);
    return inQuery != null ? inQuery : form.getOrDefault(name, "");
  }

  boolean flag(String name) {
    return parameter(name).equals("true") || parameter(name).equals("1");
  }

  Optional<String> token() {
    var header = headers.getOrDefault("authorization", "");
    return header.startsWith("Bearer ")
        ? Optional.of(header.substring("Bearer ".length()).strip())
        : Optional.ofNullable(query.get("token"));
  }

  String text() {
    return new String(body, StandardCharsets.UTF_8);
  }

  boolean multipart() {
    return headers.getOrDefault("content-type", "").startsWith("multipart/form-data");
  }

  /// The file of a multipart body, or the whole body when it isn't multipart.
  byte[] file() {
    if (!multipart()) {
      return body;
    }
    var type = headers.getOrDefault("content-type", "");
    var at = type.indexOf("boundary=");
    if (at < 0) {
      throw new Refusal(400, "the multipart body names no boundary");
    }
    var boundary = type.substring(at + "boundary=".length()).replaceAll("[\";].*|^\"", "");
    for (var part : parts(boundary)) {
      var headersEnd = part.indexOf("\r\n\r\n");
      if (headersEnd >= 0 && part.substring(0, headersEnd).contains("filename=")) {
        return part.substring(headersEnd + 4).getBytes(StandardCharsets.ISO_8859_1);
      }
    }
    throw new Refusal(400, "the multipart body holds no file");
  }

  private List<String> parts(String boundary) {
    var parts = new ArrayList<String>();
    var text = "\r\n" + new String(body, StandardCharsets.ISO_8859_1);
    var mark = "\r\n--" + boundary;
    for (var from = text.indexOf(mark); from >= 0; ) {
      var start = from + mark.length();
      var end = text.indexOf(mark, start);
      if (end < 0) {
        break;
      }
      parts.add(text.substring(start, end));
      from = end;
    }
    return parts;
  }
}
