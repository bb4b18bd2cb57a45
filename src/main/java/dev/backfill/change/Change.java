package dev.backfill.change;

import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import java.util.List;
import java.util.Optional;

/// One difference in meaning between two revisions of a project. Before is base, after is head.
public sealed interface Change {

  /// Name of the Data Source or Pipe.
  String resource();

  /// Where it is in head; in base when it is gone.
  Place place();

  /// A key of a Data Source.
  enum Key {
    SORTING,
    PARTITION,
    PRIMARY,
    SAMPLING
  }

  /// An engine option that says how rows are merged.
  enum EngineOption {
    VER,
    IS_DELETED,
    SIGN,
    VERSION,
    COLUMNS
  }

  /// A Data Source is new. Rows come from what is deployed after it.
  record DataSourceAdded(DataSource after) implements Change {
    @Override
    public String resource() {
      return after.name();
    }

    @Override
    public Place place() {
      return after.place();
    }
  }

  /// A Data Source is gone, and its rows with it.
  record DataSourceRemoved(DataSource before) implements Change {
    @Override
    public String resource() {
      return before.name();
    }

    @Override
    public Place place() {
      return before.place();
    }
  }

  /// Git sees a datafile under another path; the platform refuses such a commit.
  record FileRenamed(String resource, Place place, String from, String to) implements Change {}

  /// Base holds it and can't be read there, so what differs isn't known.
  ///
  /// @param pipe what it is in head, when it is a Pipe
  /// @param problem the first error in base
  record NotComparable(String resource, Place place, Optional<Pipe> pipe, Problem problem)
      implements Change {}

  /// Rows are stored, cut or sampled by something else.
  record KeyChanged(String resource, Place place, Key key, List<String> before, List<String> after)
      implements Change {
    public KeyChanged {
      before = List.copyOf(before);
      after = List.copyOf(after);
    }
  }

  /// Another engine family.
  record EngineChanged(String resource, Place place, String before, String after)
      implements Change {}

  /// Rows of one key are merged by other columns.
  record EngineOptionChanged(
      String resource,
      Place place,
      EngineOption option,
      Optional<String> before,
      Optional<String> after)
      implements Change {}

  /// ENGINE_SETTINGS.
  record EngineSettingsChanged(
      String resource, Place place, Optional<String> before, Optional<String> after)
      implements Change {}

  /// When rows are deleted by age.
  record TtlChanged(String resource, Place place, Optional<String> before, Optional<String> after)
      implements Change {}

  /// A new column.
  ///
  /// @param last no column that was there before follows
  record ColumnAdded(String resource, Column after, boolean last) implements Change {
    @Override
    public Place place() {
      return after.place();
    }
  }

  /// A column is gone.
  record ColumnDropped(String resource, Place place, Column before) implements Change {}

  /// A column went and another of the same type came in its place.
  record ColumnRenamed(String resource, Column before, Column after) implements Change {
    @Override
    public Place place() {
      return after.place();
    }
  }

  /// The columns that stay are in another order.
  record ColumnsReordered(String resource, Place place, List<String> before, List<String> after)
      implements Change {
    public ColumnsReordered {
      before = List.copyOf(before);
      after = List.copyOf(after);
    }
  }

  /// A column of another type.
  record ColumnTypeChanged(String resource, Column before, Column after) implements Change {
    @Override
    public Place place() {
      return after.place();
    }
  }

  /// What a column holds when a row brings nothing for it.
  record DefaultChanged(String resource, Column before, Column after) implements Change {
    @Override
    public Place place() {
      return after.place();
    }
  }

  /// Where a column's value is taken from in an ingested record.
  record JsonPathChanged(String resource, Column before, Column after) implements Change {
    @Override
    public Place place() {
      return after.place();
    }
  }

  /// How a column is compressed.
  record CodecChanged(String resource, Column before, Column after) implements Change {
    @Override
    public Place place() {
      return after.place();
    }
  }

  /// Data-skipping indexes.
  record IndexesChanged(String resource, Place place, String before, String after)
      implements Change {}

  /// The text for people, of a Data Source or Pipe.
  record DescriptionChanged(
      String resource, Place place, boolean ofDataSource, String before, String after)
      implements Change {}

  /// Tags.
  record TagsChanged(String resource, Place place, List<String> before, List<String> after)
      implements Change {
    public TagsChanged {
      before = List.copyOf(before);
      after = List.copyOf(after);
    }
  }

  /// Who may read or append, of a Data Source or Pipe.
  record TokensChanged(
      String resource, Place place, boolean ofDataSource, String before, String after)
      implements Change {}

  /// A file of a token: who may do what, outside of the resources' own files.
  ///
  /// @param before its lines, without white space around them; empty when the file is new
  /// @param after the same; empty when it is gone
  record TokenFileChanged(String resource, Place place, String before, String after)
      implements Change {}

  /// A connector's directive.
  ///
  /// @param name in upper case, e.g. `KAFKA_TOPIC`
  record ConnectorChanged(
      DataSource before, DataSource after, String name, Optional<String> was, Optional<String> is)
      implements Change {
    @Override
    public String resource() {
      return after.name();
    }

    @Override
    public Place place() {
      return after.place();
    }
  }

  /// Which workspaces may read it.
  record SharingChanged(String resource, Place place, List<String> before, List<String> after)
      implements Change {
    public SharingChanged {
      before = List.copyOf(before);
      after = List.copyOf(after);
    }
  }

  /// The VERSION directive of old projects.
  record LegacyVersionChanged(
      String resource,
      Place place,
      boolean ofDataSource,
      Optional<Integer> before,
      Optional<Integer> after)
      implements Change {}

  /// A Pipe is new.
  record PipeAdded(Pipe after) implements Change {
    @Override
    public String resource() {
      return after.name();
    }

    @Override
    public Place place() {
      return after.place();
    }
  }

  /// A Pipe is gone.
  record PipeRemoved(Pipe before) implements Change {
    @Override
    public String resource() {
      return before.name();
    }

    @Override
    public Place place() {
      return before.place();
    }
  }

  /// A Pipe does something else than before, e.g. copies instead of being read.
  record PipeKindChanged(Pipe before, Pipe after, Node.Kind was, Node.Kind is) implements Change {
    @Override
    public String resource() {
      return after.name();
    }

    @Override
    public Place place() {
      return after.place();
    }
  }

  /// A Pipe writes into another Data Source.
  record TargetChanged(Pipe before, Pipe after, String was, String is) implements Change {
    @Override
    public String resource() {
      return after.name();
    }

    @Override
    public Place place() {
      return after.place();
    }
  }

  /// What a Pipe selects.
  ///
  /// @param was the nodes of base that differ, normalised text
  /// @param is the nodes of head that differ, normalised text
  /// @param place the first node that differs
  record QueryChanged(Pipe before, Pipe after, Place place, String was, String is)
      implements Change {
    @Override
    public String resource() {
      return after.name();
    }
  }

  /// When or how a Copy Pipe or sink runs.
  ///
  /// @param setting `schedule`, `mode` or the name of a directive
  record RunChanged(Pipe after, String setting, String was, String is) implements Change {
    @Override
    public String resource() {
      return after.name();
    }

    @Override
    public Place place() {
      return after.place();
    }
  }
}
