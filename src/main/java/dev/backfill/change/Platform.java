package dev.backfill.change;

import dev.backfill.project.Column.DefaultKind;
import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import java.util.Locale;
import java.util.Optional;

/// What a Classic deployment does about a change if nobody notices it.
///
/// @param does one sentence, with the deployment as its subject
/// @param known how surely
public record Platform(String does, Known known) {

  /// Where the knowledge comes from, surest first.
  public enum Known {
    /// Read in the client's own code.
    CLIENT,
    /// Said by the platform's documents.
    DOCUMENTED,
    /// Seen in what public examples report.
    SEEN,
    /// Follows from how the engine works.
    INFERRED,
    /// Nobody knows; the sentence says what is sent.
    UNKNOWN;

    /// The name used in JSON.
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// What is around a change.
  ///
  /// @param viewTarget a Materialized View fills the Data Source
  /// @param inKey keys, TTL, engine options or indexes of base name the column
  /// @param altered the same deployment alters something else of the Data Source
  /// @param anew the file means another Data Source now, as its VERSION is raised
  record Around(boolean viewTarget, boolean inKey, boolean altered, boolean anew) {}

  private static Platform client(String does) {
    return new Platform(does, Known.CLIENT);
  }

  private static Platform seen(String does) {
    return new Platform(does, Known.SEEN);
  }

  private static Platform inferred(String does) {
    return new Platform(does, Known.INFERRED);
  }

  private static Platform unknown(String does) {
    return new Platform(does, Known.UNKNOWN);
  }

  static Platform of(Change change, Around around) {
    if (around.anew()) {
      return client("It makes the Data Source of that VERSION like this, empty.");
    }
    return switch (change) {
      case Change.DataSourceAdded _ -> client("It creates the Data Source, empty.");
      case Change.DataSourceRemoved _ ->
          client(
              "It deletes the Data Source with its rows after everything else; where something still"
                  + " depends on it, it stops there.");
      case Change.NotComparable _ ->
          new Platform("It compares with what is live, which is older than base.", Known.INFERRED);
      case Change.FileRenamed _ ->
          client("It refuses as a whole, because it deploys no renamed file.");
      case Change.KeyChanged _, Change.EngineChanged _, Change.EngineOptionChanged _ ->
          client(
              around.altered()
                  ? "It alters the rest of the Data Source and leaves this as it is, without a word."
                  : "It leaves this as it is, prints a warning and ends with exit status 0.");
      case Change.EngineSettingsChanged _ -> client("It leaves the settings as they are.");
      case Change.TtlChanged c ->
          client(
              c.after().isEmpty()
                  ? "It removes the TTL."
                  : "It alters the TTL; rows beyond it are deleted at the next merges.");
      case Change.ColumnAdded c -> columnAdded(c, around);
      case Change.ColumnDropped _ ->
          around.inKey()
              ? inferred("The server refuses to drop a column of a key, and it stops half-way.")
              : seen("It drops the column with its values, before Pipes are pushed.");
      case Change.ColumnRenamed _ ->
          inferred("It drops the old column with its values and adds the new one, empty.");
      case Change.ColumnsReordered _ ->
          inferred("It asks for an ALTER that finds nothing to do, and prints a warning.");
      case Change.ColumnTypeChanged c -> typeChanged(c, around);
      case Change.DefaultChanged c -> defaultChanged(c);
      case Change.JsonPathChanged _ ->
          unknown("It asks for an ALTER; the server's answer isn't known.");
      case Change.CodecChanged _ ->
          unknown("It asks for an ALTER; the server's answer isn't known.");
      case Change.IndexesChanged _ ->
          client("It alters the indexes; stored parts get them when they are merged.");
      case Change.DescriptionChanged c ->
          client(
              c.ofDataSource()
                  ? "It alters the description, but never removes one."
                  : "It replaces the Pipe.");
      case Change.TagsChanged _ -> client("It sets the tags, but never removes the last one.");
      case Change.TokensChanged c ->
          client(
              c.ofDataSource()
                  ? "It drops the edit as one of format only."
                  : "It grants what is new, and takes no grant back.");
      case Change.TokenFileChanged _ -> client("It pushes the token file if it isn't gone.");
      case Change.ConnectorChanged c -> connector(c);
      case Change.SharingChanged _ ->
          client("It shares or unshares with a user's own token only, else nothing.");
      case Change.LegacyVersionChanged c -> legacyVersion(c);
      case Change.PipeAdded c ->
          client(
              c.after().is(Node.Kind.MATERIALIZED)
                  ? "It pushes the view; rows that are there already don't go through it."
                  : "It pushes the Pipe.");
      case Change.PipeRemoved _ -> client("It deletes the Pipe after everything is pushed.");
      case Change.PipeKindChanged _ ->
          client("It takes the old role from the Pipe and gives it the new one.");
      case Change.TargetChanged c ->
          client(
              c.after().is(Node.Kind.MATERIALIZED)
                  ? "It replaces the view; the old target gets no more rows, the new one none of the"
                      + " old rows."
                  : "It replaces the Pipe; the next run writes to the other target.");
      case Change.QueryChanged c -> query(c.after());
      case Change.RunChanged _ -> client("It replaces the setting; the next run follows it.");
    };
  }

  private static Platform columnAdded(Change.ColumnAdded change, Around around) {
    if (change.after().defaultKind() == DefaultKind.MATERIALIZED) {
      return unknown("It asks for an ALTER; the server's answer isn't known.");
    }
    return seen(
        around.viewTarget()
            ? "It adds the column; rows that are there hold its default, whatever the query says."
            : "It adds the column; rows that are there hold NULL or the default.");
  }

  private static Platform typeChanged(Change.ColumnTypeChanged change, Around around) {
    if (!DataSourceRules.becomesNullable(change)) {
      return new Platform(
          "It asks for an ALTER, and the documents say that the Data Source must be made anew.",
          Known.DOCUMENTED);
    }
    return around.inKey()
        ? inferred("The server refuses a column of a key that may be NULL, and it stops half-way.")
        : seen("It lets the column hold NULL; views behind it aren't looked at.");
  }

  private static Platform defaultChanged(Change.DefaultChanged change) {
    if (change.after().defaultKind() == DefaultKind.DEFAULT) {
      return seen("It alters the default; stored rows keep what they have.");
    }
    return unknown("It asks for an ALTER; the server's answer isn't known.");
  }

  private static Platform connector(Change.ConnectorChanged change) {
    if (change.name().startsWith("KAFKA_")) {
      return client("It drops the edit as one of format only.");
    }
    return switch (service(change.after())) {
      case "s3", "gcs" -> client("It stops with an error, with earlier files already applied.");
      case "dynamodb" -> client("It doesn't compare this; nothing happens.");
      case "bigquery", "snowflake" -> client("It updates the connector; the next sync follows.");
      default -> unknown("It isn't known to do anything about this.");
    };
  }

  /// The connector's family in lower case; empty where there is none.
  static String service(DataSource d) {
    var named =
        d.settings()
            .getOrDefault("IMPORT_SERVICE", "")
            .replace("'", "")
            .replace("\"", "")
            .strip()
            .toLowerCase(Locale.ROOT);
    if (named.startsWith("s3")) {
      return "s3";
    }
    return named.startsWith("gcs") ? "gcs" : named.startsWith("dynamo") ? "dynamodb" : named;
  }

  private static Platform legacyVersion(Change.LegacyVersionChanged change) {
    if (!change.ofDataSource()) {
      return inferred("It pushes the Pipe under another name; the old one stays.");
    }
    var after = change.after();
    return after.isEmpty()
        ? client("It takes or makes the bare name, empty, and still points Pipes at the old one.")
        : client(
            "It takes or makes %s__v%d, and points every Pipe it pushes at the newest version."
                .formatted(change.resource(), after.get()));
  }

  private static Platform query(Pipe after) {
    var kind = after.writingNode().map(Node::kind);
    if (kind.equals(Optional.of(Node.Kind.MATERIALIZED))) {
      return client("It replaces the view; only rows that arrive later go through the new query.");
    }
    return client(
        kind.isEmpty()
            ? "It replaces the Pipe at once; nobody looks at what it answers."
            : "It replaces the Pipe; the next run uses the new query.");
  }
}
