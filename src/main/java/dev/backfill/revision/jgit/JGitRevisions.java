package dev.backfill.revision.jgit;

import dev.backfill.failure.Failure;
import dev.backfill.revision.CommitId;
import dev.backfill.revision.Fetching;
import dev.backfill.revision.Revisions;
import dev.backfill.revision.Snapshot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.eclipse.jgit.diff.ContentSource;
import org.eclipse.jgit.diff.DiffConfig;
import org.eclipse.jgit.diff.DiffEntry;
import org.eclipse.jgit.diff.RenameDetector;
import org.eclipse.jgit.dircache.DirCache;
import org.eclipse.jgit.dircache.DirCacheEntry;
import org.eclipse.jgit.dircache.DirCacheIterator;
import org.eclipse.jgit.errors.IncorrectObjectTypeException;
import org.eclipse.jgit.errors.MissingObjectException;
import org.eclipse.jgit.errors.RevisionSyntaxException;
import org.eclipse.jgit.lib.Config;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.NullProgressMonitor;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.ObjectLoader;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevTree;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.revwalk.filter.RevFilter;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import org.eclipse.jgit.treewalk.AbstractTreeIterator;
import org.eclipse.jgit.treewalk.CanonicalTreeParser;
import org.eclipse.jgit.treewalk.FileTreeIterator;
import org.eclipse.jgit.treewalk.TreeWalk;
import org.eclipse.jgit.treewalk.filter.AndTreeFilter;
import org.eclipse.jgit.treewalk.filter.PathFilter;
import org.eclipse.jgit.treewalk.filter.PathFilterGroup;
import org.eclipse.jgit.treewalk.filter.TreeFilter;

/// A repository on this machine. Work tree files are read as bytes: no filter, no line-end
/// conversion, no hook.
public final class JGitRevisions implements Revisions {
  private static final int LINKS_FOLLOWED = 8;
  private static final String WORKFLOWS = ".github/workflows";
  private static final String GITLAB = ".gitlab-ci.yml";
  private static final Pattern FULL_ID = Pattern.compile("[0-9a-f]{40}");
  private static final Pattern ABBREVIATED_ID = Pattern.compile("[0-9a-f]{7,39}");

  private final Repository repository;
  private final Origin origin;

  private JGitRevisions(Repository repository, Fetching fetching) {
    this.repository = repository;
    this.origin = new Origin(repository, fetching);
  }

  /// A repository that stays as it is.
  ///
  /// @param path the repository, or any folder in its work tree
  /// @throws Failure.Usage when there is none
  public static JGitRevisions open(Path path) {
    return open(path, new Fetching.Never());
  }

  /// @param path the repository, or any folder in its work tree
  /// @param fetching whether what it lacks may be fetched
  /// @throws Failure.Usage when there is none
  public static JGitRevisions open(Path path, Fetching fetching) {
    QuietSystem.install();
    var folder = path.toAbsolutePath().normalize();
    var builder = new FileRepositoryBuilder().setMustExist(true).findGitDir(folder.toFile());
    if (builder.getGitDir() == null) {
      throw new Failure.Usage(
          folder + " is not in a git repository. Give the repository with --repo.");
    }
    try {
      return new JGitRevisions(builder.build(), fetching);
    } catch (IOException | IllegalArgumentException e) {
      throw new Failure.Usage(
          "the git repository at " + builder.getGitDir() + " can't be read: " + e.getMessage());
    }
  }

  @Override
  public Path root() {
    return (repository.isBare() ? repository.getDirectory() : repository.getWorkTree()).toPath();
  }

  @Override
  public CommitId resolve(String revision) {
    return find(revision)
        .or(() -> fetched(revision))
        .orElseThrow(() ->
            new Failure.Usage("no revision " + revision + " in " + root() + "." + fetchAdvice()));
  }

  private Optional<CommitId> find(String revision) {
    if (revision.isBlank() || revision.startsWith("-")) {
      return Optional.empty();
    }
    try {
      var id = repository.resolve(revision + "^{commit}");
      return id == null ? Optional.empty() : Optional.of(new CommitId(id.name()));
    } catch (RevisionSyntaxException | IncorrectObjectTypeException | MissingObjectException e) {
      return Optional.empty();
    } catch (org.eclipse.jgit.errors.AmbiguousObjectException e) {
      throw new Failure.Usage(
          "the revision " + revision + " fits several objects. Write more of its digits.");
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /// What the remote calls so, or what lies behind the place where history is cut.
  private Optional<CommitId> fetched(String revision) {
    if (!origin.allowed() || revision.isBlank() || revision.startsWith("-")) {
      return Optional.empty();
    }
    var end = revision.split("[~^@:]", 2)[0];
    var suffix = revision.substring(end.length());
    if (find(end).isEmpty()) {
      if (FULL_ID.matcher(end).matches()) {
        origin.fetchCommit(ObjectId.fromString(end));
      } else if (!ABBREVIATED_ID.matcher(end).matches()) {
        return origin.fetchNamed(namesAtOrigin(end)).flatMap(local -> behindTheCut(local + suffix));
      }
    }
    return behindTheCut(revision);
  }

  private Optional<CommitId> behindTheCut(String revision) {
    var found = find(revision);
    while (found.isEmpty() && origin.deepen()) {
      found = find(revision);
    }
    return found;
  }

  private static List<String> namesAtOrigin(String name) {
    for (var prefix : List.of("refs/remotes/origin/", "remotes/origin/", "origin/")) {
      if (name.startsWith(prefix)) {
        return List.of(Constants.R_HEADS + name.substring(prefix.length()));
      }
    }
    return name.startsWith("refs/")
        ? List.of(name)
        : List.of(Constants.R_HEADS + name, Constants.R_TAGS + name);
  }

  private String fetchAdvice() {
    return shallow()
        ? " The clone is shallow: add --fetch, or on GitHub set fetch-depth: 0 on"
            + " actions/checkout, elsewhere run git fetch --unshallow."
        : " Fetch it first (--fetch does), or check its spelling (on GitHub set fetch-depth: 0 on"
            + " actions/checkout).";
  }

  private boolean shallow() {
    try {
      return !repository.getObjectDatabase().getShallowCommits().isEmpty();
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  @Override
  public CommitId mergeBase(CommitId one, CommitId other) {
    while (true) {
      var base = shared(one, other);
      var certain = base.isPresent() && !cutBefore(base.get(), one, other);
      if (certain) {
        return new CommitId(base.get().name());
      }
      if (!origin.deepen()) {
        throw base.isPresent() ? uncertain(one, other) : unrelated(one, other);
      }
    }
  }

  private Optional<RevCommit> shared(CommitId one, CommitId other) {
    try (var walk = new RevWalk(repository)) {
      walk.setRevFilter(RevFilter.MERGE_BASE);
      walk.markStart(walk.parseCommit(id(one)));
      walk.markStart(walk.parseCommit(id(other)));
      return Optional.ofNullable(walk.next());
    } catch (MissingObjectException | IncorrectObjectTypeException e) {
      throw new Failure.Usage(
          "the commit " + e.getMessage() + " is not in " + root() + "." + fetchAdvice());
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private Failure uncertain(CommitId one, CommitId other) {
    return new Failure.Usage(
        "where "
            + one.abbreviated()
            + " and "
            + other.abbreviated()
            + " parted can't be told for certain."
            + fetchAdvice());
  }

  private Failure unrelated(CommitId one, CommitId other) {
    return new Failure.Usage(
        one.abbreviated()
            + " and "
            + other.abbreviated()
            + " have no commit in common."
            + (shallow()
                ? fetchAdvice()
                : " Name the revision to compare with (--base), or rebase one on the other."));
  }

  /// Whether a shallow clone lacks history between a merge base and the two lines: a later common
  /// commit may hide there.
  private boolean cutBefore(RevCommit base, CommitId one, CommitId other) {
    try (var walk = new RevWalk(repository)) {
      var cut = repository.getObjectDatabase().getShallowCommits();
      if (cut.isEmpty() || base.equals(id(one)) || base.equals(id(other))) {
        return false;
      }
      walk.markStart(walk.parseCommit(id(one)));
      walk.markStart(walk.parseCommit(id(other)));
      walk.markUninteresting(walk.parseCommit(base));
      for (var commit : walk) {
        if (cut.contains(commit.getId())) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  @Override
  public Optional<CommitId> lastChange(CommitId from, String path) {
    try (var walk = new RevWalk(repository)) {
      walk.setTreeFilter(AndTreeFilter.create(PathFilter.create(path), TreeFilter.ANY_DIFF));
      walk.markStart(walk.parseCommit(id(from)));
      // where history is cut, a commit seems to bring in everything
      var cut = repository.getObjectDatabase().getShallowCommits();
      return Optional.ofNullable(walk.next())
          .filter(c -> !cut.contains(c.getId()))
          .map(c -> new CommitId(c.name()));
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  @Override
  public Optional<CommitId> mainLine() {
    for (var name :
        List.of(
            "refs/remotes/origin/HEAD",
            "refs/heads/main",
            "refs/remotes/origin/main",
            "refs/heads/master",
            "refs/remotes/origin/master")) {
      var found = find(name);
      if (found.isPresent()) {
        return found;
      }
    }
    return origin.fetchHead().flatMap(this::find);
  }

  @Override
  public List<String> projectDirs(Optional<CommitId> commit) {
    if (commit.isEmpty()) {
      return Layout.projects(worktreePaths(".", new Texts()));
    }
    var paths = new ArrayList<String>();
    try (var walk = treeWalk(commit.get())) {
      while (walk.next()) {
        if (!walk.getFileMode(0).equals(FileMode.GITLINK)) {
          paths.add(walk.getPathString());
        }
      }
    } catch (IOException e) {
      throw unreadable(e);
    }
    return Layout.projects(paths);
  }

  @Override
  public Snapshot at(CommitId commit, String projectDir) {
    var project = projectDir(projectDir);
    var texts = new Texts();
    try (var walk = treeWalk(commit);
        var reader = repository.newObjectReader()) {
      if (!project.equals(".")) {
        walk.setFilter(PathFilter.create(project));
      }
      while (walk.next()) {
        var path = Layout.inside(project, walk.getPathString());
        var mode = walk.getFileMode(0);
        if (mode.equals(FileMode.GITLINK)) {
          texts.submodule(path);
          continue;
        }
        if (mode.equals(FileMode.SYMLINK) && Layout.isFolder(path)) {
          texts.linkedFolder(path);
          continue;
        }
        if (path.isEmpty() || !Layout.wanted(path)) {
          continue;
        }
        if (mode.equals(FileMode.SYMLINK)) {
          var target = followed(reader, tree(commit), project, walk.getPathString());
          if (target.isEmpty()) {
            texts.outside(path);
          } else {
            read(reader, target.get(), path, false, texts);
          }
          continue;
        }
        read(reader, walk.getObjectId(0), path, mode.equals(FileMode.EXECUTABLE_FILE), texts);
      }
    } catch (IOException e) {
      throw unreadable(e);
    }
    return texts.snapshot(commit.hex(), project);
  }

  private static void read(
      ObjectReader reader, ObjectId blob, String path, boolean runnable, Texts texts)
      throws IOException {
    var object = reader.open(blob, Constants.OBJ_BLOB);
    if (object.getSize() > Texts.LARGEST) {
      texts.tooLarge(path, object.getSize());
    } else {
      texts.add(path, object.getCachedBytes((int) Texts.LARGEST), runnable);
    }
  }

  /// The blob a link of the tree leads to, if that is a file of the same project.
  private Optional<ObjectId> followed(
      ObjectReader reader, RevTree tree, String project, String link) throws IOException {
    var path = link;
    for (var i = 0; i < LINKS_FOLLOWED; i++) {
      try (var walk = TreeWalk.forPath(reader, path, tree)) {
        if (walk == null) {
          return Optional.empty();
        }
        var mode = walk.getFileMode(0);
        if (mode.equals(FileMode.REGULAR_FILE) || mode.equals(FileMode.EXECUTABLE_FILE)) {
          return Optional.of(walk.getObjectId(0).copy());
        }
        if (!mode.equals(FileMode.SYMLINK)) {
          return Optional.empty();
        }
        var target =
            new String(
                reader.open(walk.getObjectId(0), Constants.OBJ_BLOB).getCachedBytes(4096),
                StandardCharsets.UTF_8);
        var next = resolve(path, target);
        if (next.isEmpty() || Layout.inside(project, next).isEmpty()) {
          return Optional.empty();
        }
        path = next;
      }
    }
    return Optional.empty();
  }

  /// `target` as seen from the folder of `link`; empty when it leaves the repository.
  private static String resolve(String link, String target) {
    if (target.startsWith("/") || target.isEmpty()) {
      return "";
    }
    var parts = new ArrayList<>(List.of(link.split("/")));
    parts.removeLast();
    for (var part : target.split("/")) {
      if (part.equals("..")) {
        if (parts.isEmpty()) {
          return "";
        }
        parts.removeLast();
      } else if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return String.join("/", parts);
  }

  @Override
  public Snapshot worktree(String projectDir) {
    var project = projectDir(projectDir);
    var texts = new Texts();
    var folder = project.equals(".") ? root() : root().resolve(project);
    for (var full : worktreePaths(project, texts)) {
      var path = Layout.inside(project, full);
      if (Layout.isFolder(path) && Files.isSymbolicLink(root().resolve(full))) {
        texts.linkedFolder(path);
        continue;
      }
      if (path.isEmpty() || !Layout.wanted(path)) {
        continue;
      }
      var file = root().resolve(full);
      try {
        var real = file.toRealPath();
        if (!real.startsWith(folder.toRealPath())
            || !real.startsWith(root().toRealPath())
            || !Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
          texts.outside(path);
          continue;
        }
        var size = Files.size(real);
        if (size > Texts.LARGEST) {
          texts.tooLarge(path, size);
        } else {
          texts.add(path, Files.readAllBytes(real), !Files.isSymbolicLink(file) && runnable(real));
        }
      } catch (java.nio.file.NoSuchFileException | java.nio.file.FileSystemLoopException e) {
        texts.outside(path);
      } catch (IOException e) {
        if (Files.isSymbolicLink(file)) {
          texts.outside(path);
        } else {
          texts.unreadable(path, e.getClass().getSimpleName());
        }
      }
    }
    return texts.snapshot(Snapshot.WORKTREE, project);
  }

  @Override
  public SortedMap<String, String> workflows(Optional<CommitId> commit) {
    var out = new TreeMap<String, String>();
    try {
      if (commit.isEmpty()) {
        for (var path : workflowFiles()) {
          if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
              && Files.size(path) <= Texts.LARGEST) {
            out.put(
                root().relativize(path).toString().replace('\\', '/'),
                new String(Files.readAllBytes(path), StandardCharsets.UTF_8));
          }
        }
        return out;
      }
      try (var walk = treeWalk(commit.get());
          var reader = repository.newObjectReader()) {
        walk.setFilter(PathFilterGroup.createFromStrings(WORKFLOWS, GITLAB));
        while (walk.next()) {
          var mode = walk.getFileMode(0);
          if (!walk.isSubtree()
              && (mode.equals(FileMode.REGULAR_FILE) || mode.equals(FileMode.EXECUTABLE_FILE))
              && isWorkflow(walk.getPathString())) {
            var object = reader.open(walk.getObjectId(0), Constants.OBJ_BLOB);
            if (object.getSize() <= Texts.LARGEST) {
              out.put(
                  walk.getPathString(),
                  new String(object.getCachedBytes((int) Texts.LARGEST), StandardCharsets.UTF_8));
            }
          }
        }
      }
      return out;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private List<Path> workflowFiles() throws IOException {
    var files = new ArrayList<>(List.of(root().resolve(GITLAB)));
    var folder = root().resolve(WORKFLOWS);
    if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      try (var entries = Files.newDirectoryStream(folder, "*.{yml,yaml}")) {
        entries.forEach(files::add);
      }
    }
    return files;
  }

  private static boolean isWorkflow(String path) {
    return path.equals(GITLAB) || path.endsWith(".yml") || path.endsWith(".yaml");
  }

  private static boolean runnable(Path file) throws IOException {
    return file.getFileSystem().supportedFileAttributeViews().contains("posix")
        && Files.getPosixFilePermissions(file).contains(PosixFilePermission.OWNER_EXECUTE);
  }

  /// Files and links on disk that git would see, relative to the repository.
  ///
  /// @param texts learns of what git leaves out of the work tree
  private List<String> worktreePaths(String project, Texts texts) {
    if (repository.isBare()) {
      throw new Failure.Usage(
          root() + " is a bare repository, it has no work tree. Name a revision with --head.");
    }
    var paths = new ArrayList<String>();
    try (var walk = new TreeWalk(repository)) {
      var disk = walk.addTree(new FileTreeIterator(repository));
      var index = walk.addTree(new DirCacheIterator(repository.readDirCache()));
      walk.setRecursive(false);
      if (!project.equals(".")) {
        walk.setFilter(PathFilter.create(project));
      }
      while (walk.next()) {
        var file = walk.getTree(disk, FileTreeIterator.class);
        var known = walk.getTree(index, DirCacheIterator.class);
        var path = Layout.inside(project, walk.getPathString());
        if (file == null) {
          if (known != null && walk.getFileMode(index).equals(FileMode.TREE)) {
            walk.enterSubtree();
          } else if (known != null
              && Objects.requireNonNull(known.getDirCacheEntry()).isSkipWorkTree()
              && Layout.wanted(path)) {
            texts.notCheckedOut(path);
          }
          continue;
        }
        // what is tracked is not ignored, whatever .gitignore says
        var tracked = known != null;
        if (!tracked && file.isEntryIgnored()) {
          continue;
        }
        var mode = file.getEntryFileMode();
        var submodule =
            mode.equals(FileMode.GITLINK)
                || (known != null && walk.getFileMode(index).equals(FileMode.GITLINK));
        if (submodule) {
          texts.submodule(path);
        } else if (mode.equals(FileMode.TREE)) {
          walk.enterSubtree();
        } else if (!mode.equals(FileMode.MISSING)) {
          paths.add(walk.getPathString());
        }
      }
    } catch (IOException e) {
      throw unreadable(e);
    }
    return paths;
  }

  @Override
  public List<Rename> renames(CommitId base, Optional<CommitId> head, String projectDir) {
    var project = projectDir(projectDir);
    var fromDisk = new HashMap<ObjectId, byte[]>();
    try (var walk = new TreeWalk(repository);
        var reader = repository.newObjectReader()) {
      walk.addTree(tree(reader, base));
      walk.addTree(head.isPresent() ? tree(reader, head.get()) : disk(worktree(project), fromDisk));
      walk.setRecursive(true);
      if (!project.equals(".")) {
        walk.setFilter(PathFilter.create(project));
      }
      var detector = new RenameDetector(reader, new Config().get(DiffConfig.KEY));
      for (var entry : DiffEntry.scan(walk)) {
        if (touchesDatafile(project, entry)) {
          detector.add(entry);
        }
      }
      var old = ContentSource.create(reader);
      var renames = new ArrayList<Rename>();
      for (var entry :
          detector.compute(
              new ContentSource.Pair(old, head.isPresent() ? old : new Texted(fromDisk, old)),
              NullProgressMonitor.INSTANCE)) {
        if (entry.getChangeType() == DiffEntry.ChangeType.RENAME) {
          renames.add(
              new Rename(
                  Layout.inside(project, entry.getOldPath()),
                  Layout.inside(project, entry.getNewPath())));
        }
      }
      return List.copyOf(renames);
    } catch (IOException | org.eclipse.jgit.api.errors.CanceledException e) {
      throw unreadable(e);
    }
  }

  private static boolean touchesDatafile(String project, DiffEntry entry) {
    return isDatafile(project, entry.getOldPath()) || isDatafile(project, entry.getNewPath());
  }

  private static boolean isDatafile(String project, String path) {
    var inside = Layout.inside(project, path);
    return Layout.wanted(inside) && Layout.isDatafile(inside);
  }

  /// The work tree as a tree, built from the bytes themselves: asking JGit for their ids could run
  /// a clean filter.
  private static AbstractTreeIterator disk(Snapshot snapshot, Map<ObjectId, byte[]> contents) {
    var cache = DirCache.newInCore();
    var builder = cache.builder();
    var files = new TreeMap<String, byte[]>();
    snapshot
        .files()
        .forEach((path, text) -> {
          var full = snapshot.projectDir().equals(".") ? path : snapshot.projectDir() + "/" + path;
          files.put(full, text.getBytes(StandardCharsets.UTF_8));
        });
    try (var ids = new ObjectInserter.Formatter()) {
      files.forEach((path, bytes) -> {
        var id = ids.idFor(Constants.OBJ_BLOB, bytes);
        contents.put(id, bytes);
        var entry = new DirCacheEntry(path);
        entry.setFileMode(FileMode.REGULAR_FILE);
        entry.setObjectId(id);
        builder.add(entry);
      });
    }
    builder.finish();
    return new DirCacheIterator(cache);
  }

  /// Contents that are not in the object database.
  private static final class Texted extends ContentSource {
    private final Map<ObjectId, byte[]> contents;
    private final ContentSource stored;

    Texted(Map<ObjectId, byte[]> contents, ContentSource stored) {
      this.contents = contents;
      this.stored = stored;
    }

    @Override
    public long size(String path, ObjectId id) throws IOException {
      var bytes = contents.get(id);
      return bytes == null ? stored.size(path, id) : bytes.length;
    }

    @Override
    public ObjectLoader open(String path, ObjectId id) throws IOException {
      var bytes = contents.get(id);
      return bytes == null
          ? stored.open(path, id)
          : new ObjectLoader.SmallObject(Constants.OBJ_BLOB, bytes);
    }
  }

  private TreeWalk treeWalk(CommitId commit) throws IOException {
    var walk = new TreeWalk(repository);
    walk.addTree(tree(commit));
    walk.setRecursive(true);
    return walk;
  }

  private AbstractTreeIterator tree(ObjectReader reader, CommitId commit) throws IOException {
    return new CanonicalTreeParser(null, reader, tree(commit));
  }

  private RevTree tree(CommitId commit) throws IOException {
    try (var walk = new RevWalk(repository)) {
      RevCommit parsed = walk.parseCommit(id(commit));
      return parsed.getTree();
    } catch (MissingObjectException | IncorrectObjectTypeException e) {
      throw new Failure.Usage(
          "no commit " + commit.abbreviated() + " in " + root() + "." + fetchAdvice());
    }
  }

  private static ObjectId id(CommitId commit) {
    return ObjectId.fromString(commit.hex());
  }

  private static String projectDir(String text) {
    try {
      return Layout.projectDir(text);
    } catch (IllegalArgumentException e) {
      throw new Failure.Usage(
          "the project folder "
              + text
              + " is not inside the repository. Give it relative to its root.");
    }
  }

  private Failure unreadable(Exception e) {
    if (e instanceof MissingObjectException) {
      return new Failure.Usage(
          "the clone of "
              + root()
              + " lacks an object ("
              + e.getMessage()
              + "). If it was made with --filter, run git fetch --refetch --no-filter.");
    }
    return new Failure.Usage(
        "the git repository at " + repository.getDirectory() + " can't be read: " + e);
  }

  @Override
  public void close() {
    repository.close();
  }
}
