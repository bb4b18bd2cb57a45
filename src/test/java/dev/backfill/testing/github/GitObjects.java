package dev.backfill.testing.github;

import dev.backfill.revision.CommitId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.eclipse.jgit.dircache.DirCache;
import org.eclipse.jgit.dircache.DirCacheEditor;
import org.eclipse.jgit.dircache.DirCacheEntry;
import org.eclipse.jgit.errors.MissingObjectException;
import org.eclipse.jgit.lib.CommitBuilder;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.RefUpdate;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.revwalk.filter.RevFilter;
import org.eclipse.jgit.treewalk.TreeWalk;

/// The real git repository behind the fake.
final class GitObjects {
  private final Repository git;

  GitObjects(Repository git) {
    this.git = git;
  }

  /// One line of a tree to make.
  ///
  /// @param text what the file holds; empty removes it
  record Edit(String path, FileMode mode, Optional<String> text) {}

  /// What is at a path.
  record Entry(String path, FileMode mode, String sha) {}

  Optional<CommitId> ref(String name) {
    return io(() -> {
      var ref = git.exactRef(name);
      return ref == null || ref.getObjectId() == null
          ? Optional.empty()
          : Optional.of(new CommitId(ref.getObjectId().name()));
    });
  }

  List<String> branchesAt(CommitId commit) {
    return io(() ->
        git.getRefDatabase().getRefsByPrefix(Constants.R_HEADS).stream()
            .filter(
                ref -> commit.hex().equals(String.valueOf(ObjectId.toString(ref.getObjectId()))))
            .map(ref -> ref.getName().substring(Constants.R_HEADS.length()))
            .toList());
  }

  Optional<RevCommit> commit(String sha) {
    return io(() -> {
      try (var walk = new RevWalk(git)) {
        return Optional.of(walk.parseCommit(ObjectId.fromString(sha)));
      } catch (MissingObjectException | org.eclipse.jgit.errors.IncorrectObjectTypeException e) {
        return Optional.empty();
      }
    });
  }

  boolean reaches(CommitId head, CommitId ancestor) {
    return io(() -> {
      try (var walk = new RevWalk(git)) {
        return walk.isMergedInto(
            walk.parseCommit(ObjectId.fromString(ancestor.hex())),
            walk.parseCommit(ObjectId.fromString(head.hex())));
      }
    });
  }

  /// The first one.
  CommitId parent(CommitId commit) {
    return io(() -> {
      try (var walk = new RevWalk(git)) {
        return new CommitId(
            walk.parseCommit(ObjectId.fromString(commit.hex())).getParent(0).name());
      }
    });
  }

  Optional<CommitId> mergeBase(CommitId one, CommitId other) {
    return io(() -> {
      try (var walk = new RevWalk(git)) {
        walk.setRevFilter(RevFilter.MERGE_BASE);
        walk.markStart(walk.parseCommit(ObjectId.fromString(one.hex())));
        walk.markStart(walk.parseCommit(ObjectId.fromString(other.hex())));
        var base = walk.next();
        return base == null ? Optional.empty() : Optional.of(new CommitId(base.name()));
      }
    });
  }

  /// Moves or makes a ref, whatever it was.
  void set(String name, CommitId to) {
    io(() -> {
      RefUpdate update = git.updateRef(name);
      update.setNewObjectId(ObjectId.fromString(to.hex()));
      update.setForceUpdate(true);
      update.setRefLogMessage("fake", false);
      return update.update();
    });
  }

  void remove(String name) {
    io(() -> {
      RefUpdate update = git.updateRef(name);
      update.setForceUpdate(true);
      return update.delete();
    });
  }

  /// @return empty when a file to remove isn't there, or the base is no tree
  Optional<String> tree(Optional<String> base, List<Edit> edits) {
    return io(() -> {
      try (var inserter = git.newObjectInserter();
          var reader = git.newObjectReader();
          var walk = new RevWalk(git)) {
        var index = DirCache.newInCore();
        if (base.isPresent()) {
          var builder = index.builder();
          builder.addTree(new byte[0], 0, reader, walk.parseTree(ObjectId.fromString(base.get())));
          builder.finish();
        }
        var editor = index.editor();
        for (var edit : edits) {
          if (edit.text().isEmpty()) {
            if (index.getEntry(edit.path()) == null) {
              return Optional.empty();
            }
            editor.add(new DirCacheEditor.DeletePath(edit.path()));
            continue;
          }
          var blob =
              inserter.insert(
                  Constants.OBJ_BLOB, edit.text().get().getBytes(StandardCharsets.UTF_8));
          editor.add(
              new DirCacheEditor.PathEdit(edit.path()) {
                @Override
                public void apply(DirCacheEntry entry) {
                  entry.setFileMode(edit.mode());
                  entry.setObjectId(blob);
                }
              });
        }
        editor.finish();
        var tree = index.writeTree(inserter);
        inserter.flush();
        return Optional.of(tree.name());
      } catch (MissingObjectException e) {
        return Optional.empty();
      }
    });
  }

  CommitId commit(String tree, List<String> parents, String message, String login, Instant when) {
    return io(() -> {
      try (var inserter = git.newObjectInserter()) {
        var commit = new CommitBuilder();
        commit.setTreeId(ObjectId.fromString(tree));
        parents.forEach(parent -> commit.addParentId(ObjectId.fromString(parent)));
        var who =
            new PersonIdent(login, login + "@users.noreply.example.com", when, ZoneOffset.UTC);
        commit.setAuthor(who);
        commit.setCommitter(who);
        commit.setMessage(message);
        var id = inserter.insert(commit);
        inserter.flush();
        return new CommitId(id.name());
      }
    });
  }

  Optional<Entry> entry(CommitId at, String path) {
    return io(() -> {
      try (var walk = new RevWalk(git)) {
        var tree = walk.parseCommit(ObjectId.fromString(at.hex())).getTree();
        try (var found = TreeWalk.forPath(git, path, tree)) {
          return found == null
              ? Optional.empty()
              : Optional.of(new Entry(path, found.getFileMode(0), found.getObjectId(0).name()));
        }
      }
    });
  }

  List<Entry> entries(CommitId at, String folder) {
    return io(() -> {
      try (var walk = new TreeWalk(git)) {
        walk.addTree(ObjectId.fromString(entry(at, folder).orElseThrow().sha()));
        var entries = new ArrayList<Entry>();
        while (walk.next()) {
          entries.add(
              new Entry(
                  folder + "/" + walk.getPathString(),
                  walk.getFileMode(0),
                  walk.getObjectId(0).name()));
        }
        return entries;
      }
    });
  }

  Optional<byte[]> blob(String sha) {
    return io(() -> {
      try {
        return Optional.of(git.open(ObjectId.fromString(sha), Constants.OBJ_BLOB).getBytes());
      } catch (MissingObjectException | org.eclipse.jgit.errors.IncorrectObjectTypeException e) {
        return Optional.empty();
      }
    });
  }

  private interface Io<T> {
    T run() throws IOException;
  }

  private static <T> T io(Io<T> action) {
    try {
      return action.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
