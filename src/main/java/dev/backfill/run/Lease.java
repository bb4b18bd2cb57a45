package dev.backfill.run;

import dev.backfill.failure.Failure;
import dev.backfill.tinybird.LivePipe;
import dev.backfill.tinybird.Tinybird;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/// The claim of one runner on one target: a Pipe whose second creation the workspace refuses. Its
/// description says who holds it and until when. A claim is never deleted: the next one has the
/// next generation, and is taken only when every earlier one was released or has run out, by the
/// server's clock.
///
/// Of a renewal that comes late and a take-over, at least one sees the other: the holder writes,
/// then looks for a later generation; the newcomer creates, then looks at the earlier ones again.
final class Lease {
  /// Begins the name of every claim.
  static final String PREFIX = "backfill_lease_";

  private static final Pattern DESCRIPTION =
      Pattern.compile(
          "\\{\"holder\":\"([^\"]*)\",\"nonce\":\"([^\"]*)\",\"expires\":\"([^\"]*)\",\"released\":(true|false)\\}");

  private final Tinybird tinybird;
  private final Watch watch;
  private final Supplier<Instant> server;
  private final String target;
  private final String holder;
  private final String nonce;
  private final Duration length;
  private final int generation;
  private Instant expires;
  private Instant renewed;
  private Duration ahead;

  private Lease(
      Tinybird tinybird,
      Watch watch,
      Supplier<Instant> server,
      String target,
      String holder,
      String nonce,
      Duration length,
      int generation,
      Instant serverNow,
      Instant expires) {
    this.tinybird = tinybird;
    this.watch = watch;
    this.server = server;
    this.target = target;
    this.holder = holder;
    this.nonce = nonce;
    this.length = length;
    this.generation = generation;
    this.expires = expires;
    this.renewed = watch.now();
    this.ahead = Duration.between(renewed, serverNow);
  }

  /// What a claim says.
  ///
  /// @param since when it was made, by the server's clock
  record Claim(
      int generation,
      String holder,
      String nonce,
      Instant since,
      Instant expires,
      boolean released) {
    boolean live(Instant now) {
      return !released && expires.isAfter(now);
    }
  }

  /// @param nonce differs for every attempt to take a lease
  /// @throws Failure.Refused when somebody else holds it for longer than `maxWait`
  static Lease acquire(
      Tinybird tinybird,
      Watch watch,
      Supplier<Instant> server,
      String target,
      String holder,
      String nonce,
      Duration length,
      Duration maxWait,
      Duration poll) {
    var printable = holder.replaceAll("[^A-Za-z0-9@._:/ -]", "_");
    var since = watch.now();
    while (true) {
      var claims = watch.read(target, () -> claims(tinybird, target, length));
      var now = server.get();
      var live = claims.stream().filter(c -> c.live(now)).findFirst();
      if (live.isPresent()) {
        await(watch, target, live.get(), since, maxWait, poll);
        continue;
      }
      var generation = claims.stream().mapToInt(Claim::generation).max().orElse(0) + 1;
      var expires = now.plus(length);
      if (!create(
          tinybird,
          watch,
          target,
          generation,
          new Claim(generation, printable, nonce, now, expires, false))) {
        watch.poll(poll);
        if (watch.now().isAfter(since.plus(maxWait))) {
          throw new Failure.Refused(
              "the lease on "
                  + target
                  + " can't be taken: generation "
                  + generation
                  + " is refused and not listed");
        }
        continue;
      }
      var after = server.get();
      var revived =
          watch.read(target, () -> claims(tinybird, target, length)).stream()
              .filter(c -> c.generation() != generation && c.live(after))
              .findFirst();
      var lease =
          new Lease(
              tinybird, watch, server, target, printable, nonce, length, generation, now, expires);
      if (revived.isEmpty()) {
        return lease;
      }
      lease.release();
      await(watch, target, revived.get(), since, maxWait, poll);
    }
  }

  private static void await(
      Watch watch, String target, Claim claim, Instant since, Duration maxWait, Duration poll) {
    if (watch.now().isAfter(since.plus(maxWait))) {
      throw new Failure.Refused(
          "%s is being worked on by %s since %s; its claim lasts until %s and is renewed as long as it works. Wait for its end or stop it there, then run again; nobody need remove the claim"
              .formatted(target, claim.holder(), second(claim.since()), second(claim.expires())));
    }
    watch.tell(
        new RunEvent.Waiting(
            target,
            "%s works on it since %s; this goes on when that ends, or when its claim isn't renewed any more"
                .formatted(claim.holder(), second(claim.since())),
            since,
            Optional.of(claim.expires())));
    watch.poll(poll);
  }

  private static Instant second(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS);
  }

  private static boolean create(
      Tinybird tinybird, Watch watch, String target, int generation, Claim claim) {
    var name = name(target, generation);
    try {
      return tinybird.createPipe(name, text(claim), "SELECT 1 AS lease");
    } catch (Failure.Remote failure) {
      return switch (failure.kind()) {
        case LOST, WAIT, UNREACHABLE -> {
          watch.poll(failure.retryAfter().orElse(Duration.ofSeconds(1)));
          yield watch
              .read(target, () -> tinybird.pipe(name))
              .flatMap(p -> claim(p, target, Duration.ZERO))
              .filter(c -> c.nonce().equals(claim.nonce()))
              .isPresent();
        }
        case CONFLICT -> false;
        case SIZE, NOT_FOUND, FORBIDDEN, PERMANENT -> throw failure;
      };
    }
  }

  /// To be called often: renews when a tenth of the time is over.
  ///
  /// @throws Failure.Refused when the lease is lost
  void keep() {
    if (!watch.now().isBefore(renewed.plus(length.dividedBy(10)))) {
      renew();
    }
  }

  /// Makes sure that at least a third of the time is left.
  ///
  /// @throws Failure.Refused when that can't be had
  void need() {
    while (left().compareTo(length.dividedBy(3)) < 0) {
      renew();
      if (left().compareTo(length.dividedBy(3)) < 0) {
        watch.poll(Duration.ofSeconds(1));
      }
    }
  }

  private Duration left() {
    return Duration.between(watch.now().plus(ahead), expires);
  }

  private void renew() {
    if (!left().isPositive()) {
      throw lost();
    }
    // First, so that what beats during these requests doesn't come here again.
    renewed = watch.now();
    try {
      var now = server.get();
      if (!now.isBefore(expires)) {
        throw lost();
      }
      var until = now.plus(length);
      tinybird.replacePipe(
          name(target, generation),
          text(new Claim(generation, holder, nonce, now, until, false)),
          "SELECT 1 AS lease");
      if (tinybird.pipe(name(target, generation + 1)).isPresent()) {
        throw lost();
      }
      // Only now: until the server has confirmed it, the old expiry counts.
      ahead = Duration.between(renewed, now);
      expires = until;
    } catch (Failure.Remote failure) {
      switch (failure.kind()) {
        case LOST, WAIT, UNREACHABLE ->
            watch.tell(
                new RunEvent.Note(
                    target, "the lease couldn't be renewed: " + failure.getMessage()));
        case SIZE, NOT_FOUND, CONFLICT, FORBIDDEN, PERMANENT -> throw failure;
      }
    }
  }

  private Failure.Refused lost() {
    return new Failure.Refused(
        "the lease on "
            + target
            + " was lost (generation "
            + generation
            + "): another run may be at work; what is in the target stays there, run again to go on");
  }

  /// Says that nobody works on the target any more. When that can't be said, it runs out by itself.
  void release() {
    try {
      tinybird.replacePipe(
          name(target, generation),
          text(new Claim(generation, holder, nonce, expires, expires, true)),
          "SELECT 1 AS lease");
    } catch (Failure.Remote failure) {
      watch.tell(
          new RunEvent.Note(
              target,
              "the lease couldn't be released and runs out at "
                  + expires
                  + ": "
                  + failure.getMessage()));
    }
  }

  static String name(String target, int generation) {
    return PREFIX + target + "_" + generation;
  }

  static List<Claim> claims(Tinybird tinybird, String target, Duration length) {
    var out = new ArrayList<Claim>();
    for (var pipe : tinybird.pipes()) {
      claim(pipe, target, length).ifPresent(out::add);
    }
    return out;
  }

  private static String text(Claim claim) {
    return "{\"holder\":\"%s\",\"nonce\":\"%s\",\"expires\":\"%s\",\"released\":%s}"
        .formatted(claim.holder(), claim.nonce(), claim.expires(), claim.released());
  }

  /// What a Pipe claims of a target, if it is a claim. One that can't be read counts as fresh:
  /// somebody may hold it.
  static Optional<Claim> claim(LivePipe pipe, String target, Duration length) {
    var matcher =
        Pattern.compile(PREFIX + Pattern.quote(target) + "_([0-9]{1,9})").matcher(pipe.name());
    if (!matcher.matches()) {
      return Optional.empty();
    }
    var generation = Integer.parseInt(matcher.group(1));
    var said = DESCRIPTION.matcher(pipe.description());
    if (said.matches()) {
      try {
        return Optional.of(
            new Claim(
                generation,
                said.group(1),
                said.group(2),
                pipe.createdAt(),
                Instant.parse(said.group(3)),
                said.group(4).equals("true")));
      } catch (DateTimeException e) {
        // falls through: counts as fresh
      }
    }
    return Optional.of(
        new Claim(
            generation, "somebody", "", pipe.createdAt(), pipe.updatedAt().plus(length), false));
  }
}
