import Connectors
import Contract
import Operators

/// One run of a query: written with its first batch. What later batches refer to by the run's id.
public struct RunRecord: Sendable, Hashable {
  /// A stateful operator as the plan of this run has it.
  public struct Operator: Sendable, Hashable {
    public let id: String
    public let kind: String
    /// The keys as text.
    public let keys: String
    public let fingerprint: String
    public let layout: StateSchema

    public init(
      id: String, kind: String, keys: String, fingerprint: String, layout: StateSchema
    ) {
      self.id = id
      self.kind = kind
      self.keys = keys
      self.fingerprint = fingerprint
      self.layout = layout
    }

    var json: JSON {
      .of([
        "id": .text(id), "kind": .text(kind), "keys": .text(keys),
        "fingerprint": .text(fingerprint), "layout": layout.json,
      ])
    }

    init?(_ json: JSON) {
      guard let id = json["id"]?.text, let kind = json["kind"]?.text,
        let keys = json["keys"]?.text, let fingerprint = json["fingerprint"]?.text,
        let layout = json["layout"].flatMap(StateSchema.init)
      else { return nil }
      self.init(id: id, kind: kind, keys: keys, fingerprint: fingerprint, layout: layout)
    }
  }

  /// Where a run's rows go.
  public struct Sink: Sendable, Hashable {
    /// As the script named it: `json`.
    public let format: String
    /// As the progress shows it: `FileSink[file:/out]`.
    public let description: String
    /// Its `path`, absolute; nil: it has none.
    public let path: String?
    /// The folder of the rows that were put aside; nil: none is kept.
    public let badRows: String?

    public init(
      format: String, description: String = "", path: String? = nil, badRows: String? = nil
    ) {
      self.format = format
      self.description = description
      self.path = path
      self.badRows = badRows
    }

    var json: JSON {
      .of([
        "format": .text(format), "description": .text(description),
        "path": path.map { .text($0) } ?? .null,
        "badRows": badRows.map { .text($0) } ?? .null,
      ])
    }

    init?(_ json: JSON) {
      guard let format = json["format"]?.text, let description = json["description"]?.text else {
        return nil
      }
      self.init(
        format: format, description: description, path: json["path"]?.text,
        badRows: json["badRows"]?.text)
    }
  }

  public let runId: String
  /// What each source says of its kind.
  public let sources: [String]
  public let operators: [Operator]
  public let sink: Sink
  public let outputMode: String
  /// Hash of the script's text.
  public let script: String
  /// Hash of each shipped function, by name.
  public let functions: [JSONMember]
  /// The pinned settings.
  public let settings: [JSONMember]

  public init(
    runId: String, sources: [String], operators: [Operator], sink: Sink, outputMode: String,
    script: String, functions: [JSONMember], settings: [JSONMember]
  ) {
    self.runId = runId
    self.sources = sources
    self.operators = operators
    self.sink = sink
    self.outputMode = outputMode
    self.script = script
    self.functions = functions
    self.settings = settings
  }

  var json: JSON {
    .of([
      "record": .text("run"), "runId": .text(runId),
      "sources": .array(sources.map { .text($0) }),
      "operators": .array(operators.map(\.json)), "sink": sink.json,
      "outputMode": .text(outputMode), "script": .text(script), "functions": .object(functions),
      "settings": .object(settings),
    ])
  }

  /// The operators by their numbers: as Spark counts them, from the sink down.
  public var numberedOperators: [Operator] { operators.reversed() }

  init?(_ json: JSON) {
    guard let runId = json["runId"]?.text, let sources = json["sources"]?.array,
      let operators = json["operators"]?.array.map({ $0.compactMap(Operator.init) }),
      operators.count == json["operators"]?.array?.count,
      let sink = json["sink"].flatMap(Sink.init), let outputMode = json["outputMode"]?.text,
      let script = json["script"]?.text, let functions = json["functions"]?.members,
      let settings = json["settings"]?.members
    else { return nil }
    self.runId = runId
    self.sources = sources.compactMap(\.text)
    self.operators = operators
    self.sink = sink
    self.outputMode = outputMode
    self.script = script
    self.functions = functions
    self.settings = settings
  }
}

/// Written before a batch runs: everything that a repetition of the batch needs.
public struct OffsetsRecord: Sendable, Hashable {
  /// What one source gives to the batch: the rows after `start`, up to and with `end`.
  public struct Range: Sendable, Hashable {
    public let start: SourceOffset?
    /// nil: the source has nothing yet.
    public let end: SourceOffset?

    public init(start: SourceOffset?, end: SourceOffset?) {
      self.start = start
      self.end = end
    }

    public var isEmpty: Bool { end == nil || start == end }
  }

  public let batchId: Int64
  public let runId: String
  public let ranges: [Range]
  /// The watermark fixed at the start of this batch, milliseconds.
  public let watermarkMs: Int64
  /// The watermark of the batch before, by which rows are late.
  public let lateWatermarkMs: Int64
  /// The batch's clock.
  public let batchTimeUs: Int64
  public let seed: UInt64

  public init(
    batchId: Int64, runId: String, ranges: [Range], watermarkMs: Int64, lateWatermarkMs: Int64,
    batchTimeUs: Int64, seed: UInt64
  ) {
    self.batchId = batchId
    self.runId = runId
    self.ranges = ranges
    self.watermarkMs = watermarkMs
    self.lateWatermarkMs = lateWatermarkMs
    self.batchTimeUs = batchTimeUs
    self.seed = seed
  }

  /// The same batch run again by another run.
  func rerun(by runId: String) -> OffsetsRecord {
    OffsetsRecord(
      batchId: batchId, runId: runId, ranges: ranges, watermarkMs: watermarkMs,
      lateWatermarkMs: lateWatermarkMs, batchTimeUs: batchTimeUs, seed: seed)
  }

  var json: JSON {
    func text(_ offset: SourceOffset?) -> JSON { offset.map { .text($0.json) } ?? .null }
    return .of([
      "record": .text("offsets"), "batchId": .integer(batchId), "runId": .text(runId),
      "sources": .array(ranges.map { .of(["start": text($0.start), "end": text($0.end)]) }),
      "watermarkMs": .integer(watermarkMs), "lateWatermarkMs": .integer(lateWatermarkMs),
      "batchTimeUs": .integer(batchTimeUs), "seed": .text(String(seed, radix: 16)),
    ])
  }

  init?(_ json: JSON) {
    guard let batchId = json["batchId"]?.integer, let runId = json["runId"]?.text,
      let sources = json["sources"]?.array, let watermarkMs = json["watermarkMs"]?.integer,
      let lateWatermarkMs = json["lateWatermarkMs"]?.integer,
      let batchTimeUs = json["batchTimeUs"]?.integer,
      let seed = json["seed"]?.text.flatMap({ UInt64($0, radix: 16) })
    else { return nil }
    self.init(
      batchId: batchId, runId: runId,
      ranges: sources.map { source in
        Range(
          start: source["start"]?.text.map { SourceOffset($0) },
          end: source["end"]?.text.map { SourceOffset($0) })
      },
      watermarkMs: watermarkMs, lateWatermarkMs: lateWatermarkMs, batchTimeUs: batchTimeUs,
      seed: seed)
  }
}

/// Written after a batch: it is done.
public struct CommitRecord: Sendable, Hashable {
  public let batchId: Int64
  public let runId: String
  /// The watermark from the next batch on.
  public let nextWatermarkMs: Int64
  /// What each watermark node has seen, in the plan's order; nil: no event time yet in this run.
  public let nodeWatermarksMs: [Int64?]
  /// Where this version of the state ends, in the state store's words; nil: no state yet.
  public var stateMark: String?

  public init(
    batchId: Int64, runId: String, nextWatermarkMs: Int64, nodeWatermarksMs: [Int64?],
    stateMark: String? = nil
  ) {
    self.batchId = batchId
    self.runId = runId
    self.nextWatermarkMs = nextWatermarkMs
    self.nodeWatermarksMs = nodeWatermarksMs
    self.stateMark = stateMark
  }

  var json: JSON {
    .of([
      "record": .text("commit"), "batchId": .integer(batchId), "runId": .text(runId),
      "nextWatermarkMs": .integer(nextWatermarkMs),
      "nodeWatermarksMs": .array(nodeWatermarksMs.map { $0.map { .integer($0) } ?? .null }),
      "state": stateMark.map { .text($0) } ?? .null,
    ])
  }

  init?(_ json: JSON) {
    guard let batchId = json["batchId"]?.integer, let runId = json["runId"]?.text,
      let nextWatermarkMs = json["nextWatermarkMs"]?.integer,
      let nodes = json["nodeWatermarksMs"]?.array
    else { return nil }
    self.init(
      batchId: batchId, runId: runId, nextWatermarkMs: nextWatermarkMs,
      nodeWatermarksMs: nodes.map(\.integer), stateMark: json["state"]?.text)
  }
}
