package dev.backfill.github;

import dev.backfill.failure.Failure;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// The one comment of ours with a marker, updated in place.
///
/// Ours is a comment that begins with the marker *and* was written by our login: anybody can copy a
/// marker. Two runs at once may both create one; each looks again afterwards, the oldest stays, and
/// the others go. What a crash or a late answer leaves behind, the next run cleans up.
public final class OwnComment {
  private static final int ATTEMPTS = 3;

  private final GitHub github;
  private final String marker;
  private final String author;

  /// @param marker how the comment's text begins, an HTML comment like `<!-- name -->`
  /// @param author the login our token writes as, `github-actions[bot]` for a workflow's own
  public OwnComment(GitHub github, String marker, String author) {
    if (!marker.startsWith("<!--") || !marker.endsWith("-->") || marker.length() < 10) {
      throw new IllegalArgumentException("not a marker: " + marker);
    }
    this.github = github;
    this.marker = marker;
    this.author = author;
  }

  /// The comment as it is, the oldest when there are several.
  public Optional<Comment> find(int pullRequest) {
    return own(pullRequest, author).stream().findFirst();
  }

  /// Makes our comment say this: creates it, changes it, or leaves it when it says so already.
  ///
  /// @param text begins with the marker
  public Attempt<Comment> put(int pullRequest, String text) {
    if (!text.startsWith(marker)) {
      throw new IllegalArgumentException("the text doesn't begin with " + marker);
    }
    var own = own(pullRequest, author);
    for (var attempt = 1; ; attempt++) {
      if (!own.isEmpty()) {
        var kept = keepFirst(own, text);
        switch (kept) {
          case Attempt.Denied<Optional<Comment>> _ -> {
            return kept.map(Optional::orElseThrow);
          }
          case Attempt.Done<Optional<Comment>>(var comment) when comment.isPresent() -> {
            return new Attempt.Done<>(comment.get());
          }
          // somebody deleted it just now
          case Attempt.Done<Optional<Comment>> _ -> {
            own = withoutGone(pullRequest, own.getFirst());
            if (!own.isEmpty()) {
              continue;
            }
          }
        }
      }
      try {
        return github.createComment(pullRequest, text).then(made -> settle(pullRequest, made));
      } catch (Failure.Remote e) {
        if (e.kind() != Failure.Kind.LOST || attempt >= ATTEMPTS) {
          throw e;
        }
        own = own(pullRequest, author);
      }
    }
  }

  /// Looks who else was creating one. The login that counts is the one GitHub says we have: with a
  /// wrong `author` there would be one more comment each time.
  private Attempt<Comment> settle(int pullRequest, Comment made) {
    var own = own(pullRequest, made.author());
    if (own.isEmpty() || own.getFirst().id() == made.id()) {
      return removeAllButFirst(own).map(_ -> made);
    }
    return keepFirst(own, made.body()).map(kept -> kept.orElse(made));
  }

  private Attempt<Optional<Comment>> keepFirst(List<Comment> own, String text) {
    var first = own.getFirst();
    var updated =
        first.body().equals(text)
            ? new Attempt.Done<>(Optional.of(first))
            : github.updateComment(first.id(), text);
    return updated.then(
        kept -> kept.isEmpty() ? new Attempt.Done<>(kept) : removeAllButFirst(own).map(_ -> kept));
  }

  private Attempt<Boolean> removeAllButFirst(List<Comment> own) {
    Attempt<Boolean> result = new Attempt.Done<>(true);
    for (var extra : own.stream().skip(1).toList()) {
      result = result.then(_ -> github.deleteComment(extra.id()));
    }
    return result;
  }

  /// What is left after one of ours wasn't there to be changed. One that is still listed is a
  /// second one as soon as another is made.
  private List<Comment> withoutGone(int pullRequest, Comment gone) {
    var left = own(pullRequest, author);
    if (left.stream().anyMatch(c -> c.id() == gone.id())) {
      throw new Failure.Remote(
          Failure.Kind.NOT_FOUND,
          404,
          Optional.empty(),
          "GitHub lists the comment "
              + gone.id()
              + " of ours and says that it isn't there to be changed; run this again.");
    }
    return left;
  }

  /// Oldest first.
  private List<Comment> own(int pullRequest, String login) {
    return github.comments(pullRequest).stream()
        .filter(comment -> comment.by(login) && comment.body().startsWith(marker))
        .sorted(Comparator.comparingLong(Comment::id))
        .toList();
  }
}
