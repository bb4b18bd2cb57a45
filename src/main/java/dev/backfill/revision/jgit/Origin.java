package dev.backfill.revision.jgit;

import dev.backfill.failure.Failure;
import dev.backfill.revision.Fetching;
import java.io.IOException;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.eclipse.jgit.errors.NotSupportedException;
import org.eclipse.jgit.errors.TransportException;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.NullProgressMonitor;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.Ref;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.transport.RefSpec;
import org.eclipse.jgit.transport.RemoteConfig;
import org.eclipse.jgit.transport.TagOpt;
import org.eclipse.jgit.transport.Transport;
import org.eclipse.jgit.transport.URIish;
import org.eclipse.jgit.transport.UsernamePasswordCredentialsProvider;

/// The remote `origin`, asked for no more than is missing. Starts no other program: neither an
/// `uploadpack` nor a credential helper that the configuration names.
final class Origin {
  /// How many more commits each step asks for behind the ones where history is cut; then all.
  private static final List<Integer> STEPS = List.of(64, 1024, Constants.INFINITE_DEPTH);

  private static final int TIMEOUT_SECONDS = 60;
  private static final String TRACKED = "refs/remotes/origin/";
  private static final Set<String> SPOKEN = Set.of("https", "http", "file", "git");

  private final Repository repository;
  private final Fetching fetching;
  private int step;

  Origin(Repository repository, Fetching fetching) {
    this.repository = repository;
    this.fetching = fetching;
  }

  boolean allowed() {
    return fetching instanceof Fetching.FromOrigin;
  }

  /// Fetches history behind the commits where a shallow clone is cut.
  ///
  /// @return whether there is more than before
  /// @throws Failure.Remote when the remote doesn't answer or refuses
  boolean deepen() {
    var cut = cut();
    if (cut.isEmpty() || !allowed() || step == STEPS.size()) {
      return false;
    }
    var depth = STEPS.get(step++);
    fetch(
        depth == Constants.INFINITE_DEPTH
            ? "the whole history"
            : depth + " commits more of the history",
        cut.stream().map(id -> new RefSpec(id.name())).toList(),
        depth);
    return true;
  }

  /// Fetches a branch or tag that has one of these names.
  ///
  /// @param names in order of preference: `refs/heads/...` or `refs/tags/...`
  /// @return the name of the local reference that now tracks it; empty when the remote has none
  Optional<String> fetchNamed(List<String> names) {
    if (!allowed()) {
      return Optional.empty();
    }
    var there = advertised(names);
    for (var name : names) {
      if (there.stream().anyMatch(ref -> ref.getName().equals(name))) {
        return Optional.of(track(name));
      }
    }
    return Optional.empty();
  }

  /// Fetches the branch that the remote's HEAD leads to.
  ///
  /// @return the name of the local reference that now tracks it
  Optional<String> fetchHead() {
    if (!allowed()) {
      return Optional.empty();
    }
    return advertised(List.of(Constants.HEAD)).stream()
        .filter(ref -> ref.getName().equals(Constants.HEAD) && ref.isSymbolic())
        .map(ref -> ref.getLeaf().getName())
        .filter(name -> name.startsWith(Constants.R_HEADS))
        .findFirst()
        .map(this::track);
  }

  /// Fetches a commit by its id; a remote may refuse that.
  boolean fetchCommit(ObjectId id) {
    if (!allowed()) {
      return false;
    }
    try {
      fetch(
          "commit " + id.abbreviate(10).name(), List.of(new RefSpec(id.name())), STEPS.getFirst());
      return true;
    } catch (Failure.Remote e) {
      return false;
    }
  }

  private String track(String name) {
    var tracked =
        name.startsWith(Constants.R_HEADS)
            ? TRACKED + name.substring(Constants.R_HEADS.length())
            : name;
    fetch(
        name.substring("refs/".length()),
        List.of(new RefSpec("+" + name + ":" + tracked)),
        STEPS.getFirst());
    return tracked;
  }

  private Set<ObjectId> cut() {
    try {
      return repository.getObjectDatabase().getShallowCommits();
    } catch (IOException e) {
      throw new Failure.Usage("the git repository can't be read: " + e.getMessage());
    }
  }

  private List<Ref> advertised(List<String> names) {
    try (var transport = transport();
        var connection =
            transport.openFetch(
                names.stream().map(RefSpec::new).toList(), names.toArray(new String[0]))) {
      return new ArrayList<>(connection.getRefs());
    } catch (NotSupportedException | TransportException e) {
      throw failed(e);
    }
  }

  private void fetch(String what, List<RefSpec> specs, int depth) {
    if (fetching instanceof Fetching.FromOrigin origin) {
      origin.tell().accept("fetching " + what + " from origin");
    }
    try (var transport = transport()) {
      transport.setTagOpt(TagOpt.NO_TAGS);
      // a depth would cut the history of a clone that is whole
      if (!cut().isEmpty()) {
        transport.setDepth(depth);
      }
      transport.fetch(NullProgressMonitor.INSTANCE, specs);
    } catch (NotSupportedException | TransportException e) {
      throw failed(e);
    }
  }

  private Transport transport() throws NotSupportedException, TransportException {
    var uri = uri();
    var transport = Transport.open(repository, uri);
    transport.setTimeout(TIMEOUT_SECONDS);
    transport.setOptionUploadPack(RemoteConfig.DEFAULT_UPLOAD_PACK);
    if (fetching instanceof Fetching.FromOrigin(var token, _)) {
      token
          .filter(t -> mayBeShown(t, uri))
          .ifPresent(t ->
              transport.setCredentialsProvider(
                  new UsernamePasswordCredentialsProvider("x-access-token", t.secret())));
    }
    return transport;
  }

  private static boolean mayBeShown(Fetching.Token token, URIish uri) {
    var host = uri.getHost() == null ? "" : uri.getHost();
    var loopback = host.equals("127.0.0.1") || host.equals("localhost") || host.equals("[::1]");
    return host.equalsIgnoreCase(token.host())
        && ("https".equals(uri.getScheme()) || loopback)
        && uri.getPass() == null;
  }

  private URIish uri() {
    try {
      var uris = new RemoteConfig(repository.getConfig(), Constants.DEFAULT_REMOTE_NAME).getURIs();
      if (uris.isEmpty()) {
        throw new Failure.Usage("the repository has no remote `origin` to fetch from.");
      }
      var uri = uris.getFirst();
      // a local path has no scheme, and `host:path` is ssh
      var scheme = uri.getScheme();
      if (scheme == null ? uri.getHost() != null : !SPOKEN.contains(scheme)) {
        throw new Failure.Usage(
            "origin is reached by "
                + (scheme == null ? "ssh" : scheme)
                + ", which this program"
                + " doesn't speak. Run git fetch --unshallow origin yourself, or leave --fetch"
                + " out.");
      }
      return uri;
    } catch (URISyntaxException e) {
      throw new Failure.Usage("the address of the remote `origin` can't be read.");
    }
  }

  private static Failure failed(Exception e) {
    return new Failure.Remote(
        Failure.Kind.UNREACHABLE,
        0,
        Optional.empty(),
        "fetching from origin failed: "
            + e.getMessage()
            + ". Run git fetch --unshallow origin yourself (on GitHub set fetch-depth: 0 on"
            + " actions/checkout).");
  }
}
