import Columns
import Contract

/// What a reader was told: `session.readStream:format(…):schema(…):option(…):load(path)`.
public struct SourceRequest: Sendable {
  public let format: String
  public let schema: Schema?
  /// With `path` among them.
  public let options: Options
  public let settings: Settings
  public let context: FormatContext
  public let clock: any Clock
  /// A thing of the host that the source wraps: a memory stream, a Lua source.
  public let host: (any Sendable)?
  public let origin: Origin?

  public init(
    format: String, schema: Schema?, options: Options, settings: Settings, context: FormatContext,
    clock: any Clock, host: (any Sendable)? = nil, origin: Origin? = nil
  ) {
    self.format = format
    self.schema = schema
    self.options = options
    self.settings = settings
    self.context = context
    self.clock = clock
    self.host = host
    self.origin = origin
  }
}

/// A source as a component.
public struct SourceSpec: Sendable {
  public let spec: Spec
  /// The schema, once all options are checked. Called when a plan is analysed.
  public let schema: @Sendable (SourceRequest) throws -> Schema
  /// nil: cannot be streamed. `directory` is the source's own folder in the checkpoint.
  public let stream: (@Sendable (SourceRequest, _ directory: String) throws -> any StreamSource)?
  /// nil: can only be streamed.
  public let table: (@Sendable (SourceRequest) throws -> any StaticSource)?

  public init(
    _ spec: Spec, schema: @escaping @Sendable (SourceRequest) throws -> Schema,
    stream: (@Sendable (SourceRequest, String) throws -> any StreamSource)? = nil,
    table: (@Sendable (SourceRequest) throws -> any StaticSource)? = nil
  ) {
    self.spec = spec
    self.schema = schema
    self.stream = stream
    self.table = table
  }
}

/// What a writer was told.
public struct SinkRequest: Sendable {
  public let format: String
  public let schema: Schema
  public let options: Options
  public let partitionColumns: [String]
  public let queryName: String?
  public let queryId: String
  public let settings: Settings
  public let context: FormatContext
  public let clock: any Clock
  public let host: (any Sendable)?
  public let origin: Origin?

  public init(
    format: String, schema: Schema, options: Options, partitionColumns: [String] = [],
    queryName: String? = nil, queryId: String = "", settings: Settings, context: FormatContext,
    clock: any Clock, host: (any Sendable)? = nil, origin: Origin? = nil
  ) {
    self.format = format
    self.schema = schema
    self.options = options
    self.partitionColumns = partitionColumns
    self.queryName = queryName
    self.queryId = queryId
    self.settings = settings
    self.context = context
    self.clock = clock
    self.host = host
    self.origin = origin
  }

  /// What messages call the query.
  public var queryTitle: String { QueryTitle.text(name: queryName, id: queryId) }
}

/// What `df.write` does where something is there already.
public enum SaveMode: String, Sendable, CaseIterable {
  case append, overwrite, ignore, error
}

/// A sink as a component.
public struct SinkSpec: Sendable {
  public let spec: Spec
  public let modes: Set<OutputMode>
  /// Whether a query without a checkpoint location may use a temporary one.
  public let allowsTemporaryCheckpoint: Bool
  /// `df.write`: checks the options and begins to write rows once; gives nil where `ignore` finds
  /// something there. The caller writes the partitions and commits. nil: only streams are written.
  public let save: (@Sendable (SinkRequest, SaveMode) throws -> (any SinkBatch)?)?
  /// Checks the options and opens the sink.
  public let open: @Sendable (SinkRequest) throws -> any StreamSink
  /// Opens the log that the sink of a query keeps under its path, without changing it; nil: it
  /// keeps none.
  public let ledger: (@Sendable (_ path: String, _ queryId: String) throws -> any SinkLedger)?

  public init(
    _ spec: Spec, modes: Set<OutputMode>, allowsTemporaryCheckpoint: Bool,
    save: (@Sendable (SinkRequest, SaveMode) throws -> (any SinkBatch)?)? = nil,
    ledger: (@Sendable (String, String) throws -> any SinkLedger)? = nil,
    open: @escaping @Sendable (SinkRequest) throws -> any StreamSink
  ) {
    self.save = save
    self.ledger = ledger
    self.spec = spec
    self.modes = modes
    self.allowsTemporaryCheckpoint = allowsTemporaryCheckpoint
    self.open = open
  }
}

/// The sources and sinks that a session knows: passed in, so that the engine names none of them.
public struct ConnectorCatalog: Sendable {
  public let sources: [SourceSpec]
  public let sinks: [SinkSpec]

  public init(sources: [SourceSpec], sinks: [SinkSpec]) {
    self.sources = sources
    self.sinks = sinks
  }

  public func source(_ format: String) throws -> SourceSpec {
    let wanted = format.lowercased()
    if let source = sources.first(where: { $0.spec.name.lowercased() == wanted }) { return source }
    throw unknown(format, "read", among: sources.map(\.spec.name))
  }

  public func sink(_ format: String) throws -> SinkSpec {
    let wanted = format.lowercased()
    if let sink = sinks.first(where: { $0.spec.name.lowercased() == wanted }) { return sink }
    throw unknown(format, "written", among: sinks.map(\.spec.name))
  }

  /// Spark's formats that there will not be.
  private static let refused = ["xml", "avro", "protobuf"]

  private func unknown(_ format: String, _ what: String, among names: [String]) -> Failure {
    if Self.refused.contains(format.lowercased()) {
      return Failure(
        "UNSUPPORTED_FEATURE", "the format `\(format)` is not supported",
        details: ["formats: " + names.sorted().joined(separator: ", ")])
    }
    return Failure(
      "DATA_SOURCE_NOT_FOUND", "there is no format `\(format)` that can be \(what)",
      hint: Suggestion.sentence(for: format, among: names),
      details: ["formats: " + names.sorted().joined(separator: ", ")])
  }
}
