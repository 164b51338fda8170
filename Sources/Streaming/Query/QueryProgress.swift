import Columns
import Connectors
import Contract
import Expressions
import Operators

/// What one trigger did, with Spark's field names.
public struct QueryProgress: Sendable {
  public struct SourceProgress: Sendable {
    public var description = ""
    public var startOffset: SourceOffset?
    public var endOffset: SourceOffset?
    public var latestOffset: SourceOffset?
    public var rowCount: Int64 = 0
  }

  public struct StateProgress: Sendable {
    public var operatorName = ""
    public var metrics = BatchMetrics.StateMetrics()
  }

  public var id = ""
  public var runId = ""
  public var name: String?
  /// When the trigger began, microseconds since the epoch.
  public var timestampUs: Int64 = 0
  public var batchId: Int64 = 0
  /// Nanoseconds.
  public var durationNs: Int64 = 0
  /// Milliseconds, in the order in which they were spent.
  public var durationMs: [(name: String, ms: Int64)] = []
  /// Milliseconds since the epoch; nil: the query has no watermark.
  public var watermarkMs: Int64?
  /// The event times seen, microseconds.
  public var eventTimes: BatchMetrics.EventTimes?
  public var stateOperators: [StateProgress] = []
  public var sources: [SourceProgress] = []
  public var sinkDescription = ""
  public var outputRowCount: Int64 = -1
  public var observed: [String: [(name: String, type: DataType, value: Scalar)]] = [:]
  /// Seconds since the trigger before began; nil: this was the first.
  public var sinceLastTriggerSeconds: Double?
  /// Rows put aside by the `badRows` policy, by reason; nil: the query has none.
  public var badRows: [(reason: String, count: Int64)]?

  public init() {}

  public var inputRowCount: Int64 { sources.reduce(0) { $0 + $1.rowCount } }

  /// As `lastProgress` and Spark's JSON show it.
  public var json: JSON {
    var members = [
      JSONMember("id", .text(id)), JSONMember("runId", .text(runId)),
      JSONMember("name", name.map { .text($0) } ?? .null),
      JSONMember("timestamp", .text(TimeText.iso(us: timestampUs))),
      JSONMember("batchId", .integer(batchId)),
      JSONMember("batchDuration", .integer(durationNs / 1_000_000)),
      JSONMember("numInputRows", .integer(inputRowCount)),
      JSONMember("inputRowsPerSecond", .number(inputRate(inputRowCount))),
      JSONMember("processedRowsPerSecond", .number(processedRate(inputRowCount))),
      JSONMember("durationMs", .object(durationMs.map { JSONMember($0.name, .integer($0.ms)) })),
    ]
    if let watermarkMs { members.append(JSONMember("eventTime", eventTime(watermarkMs))) }
    members.append(JSONMember("stateOperators", .array(stateOperators.map(Self.json))))
    members.append(JSONMember("sources", .array(sources.map(json))))
    members.append(
      JSONMember(
        "sink",
        .of([
          "description": .text(sinkDescription), "numOutputRows": .integer(outputRowCount),
          "metrics": .object([]),
        ])))
    members.append(JSONMember("observedMetrics", .object(observedMembers)))
    if let badRows {
      let total = badRows.reduce(0) { $0 + $1.count }
      members.append(JSONMember("numBadRows", .integer(total)))
      members.append(
        JSONMember("badRows", .object(badRows.map { JSONMember($0.reason, .integer($0.count)) })))
    }
    return .object(members)
  }

  private func inputRate(_ rows: Int64) -> Double {
    guard let seconds = sinceLastTriggerSeconds, seconds > 0 else { return 0 }
    return Double(rows) / seconds
  }

  private func processedRate(_ rows: Int64) -> Double {
    durationNs > 0 ? Double(rows) * 1e9 / Double(durationNs) : 0
  }

  private func eventTime(_ watermarkMs: Int64) -> JSON {
    var members: [JSONMember] = []
    if let times = eventTimes, times.count > 0 {
      let average = Int64(times.sumUs / Int128(times.count))
      members = [
        JSONMember("avg", .text(TimeText.iso(us: average))),
        JSONMember("max", .text(TimeText.iso(us: times.maxUs))),
        JSONMember("min", .text(TimeText.iso(us: times.minUs))),
      ]
    }
    members.append(JSONMember("watermark", .text(TimeText.iso(us: watermarkMs &* 1000))))
    return .object(members)
  }

  private static func json(_ state: StateProgress) -> JSON {
    let metrics = state.metrics
    return .of([
      "operatorName": .text(state.operatorName), "numRowsTotal": .integer(metrics.rowsTotal),
      "numRowsUpdated": .integer(metrics.rowsUpdated),
      "allUpdatesTimeMs": .integer(metrics.updateTimeMs),
      "numRowsRemoved": .integer(metrics.rowsRemoved),
      "allRemovalsTimeMs": .integer(metrics.removalTimeMs),
      "commitTimeMs": .integer(metrics.commitTimeMs),
      "memoryUsedBytes": .integer(metrics.memoryBytes),
      "numRowsDroppedByWatermark": .integer(metrics.rowsDroppedByWatermark),
      "numShufflePartitions": .integer(Int64(metrics.partitionCount)),
      "numStateStoreInstances": .integer(Int64(metrics.partitionCount)),
      "customMetrics": .object(
        metrics.custom.sorted { $0.key < $1.key }.map { JSONMember($0.key, .integer($0.value)) }),
    ])
  }

  private func json(_ source: SourceProgress) -> JSON {
    func offset(_ offset: SourceOffset?) -> JSON {
      offset.map { JSON.parse($0.json) ?? .text($0.json) } ?? .null
    }
    return .of([
      "description": .text(source.description), "startOffset": offset(source.startOffset),
      "endOffset": offset(source.endOffset), "latestOffset": offset(source.latestOffset),
      "numInputRows": .integer(source.rowCount),
      "inputRowsPerSecond": .number(inputRate(source.rowCount)),
      "processedRowsPerSecond": .number(processedRate(source.rowCount)),
      "metrics": .object([]),
    ])
  }

  private var observedMembers: [JSONMember] {
    observed.sorted { $0.key < $1.key }.map { name, values in
      JSONMember(
        name, .object(values.map { JSONMember($0.name, JSON($0.value, $0.type)) }))
    }
  }
}

extension JSON {
  /// A value of a row, for people: times as ISO text, what JSON does not know as SQL text.
  init(_ value: Scalar, _ type: DataType) {
    self =
      switch (value, type) {
      case (.null, _): .null
      case (.boolean(let value), _): .boolean(value)
      case (.integer(let value), .timestamp), (.integer(let value), .timestampNtz):
        .text(TimeText.iso(us: value))
      case (.integer(let value), .byte), (.integer(let value), .short),
        (.integer(let value), .int), (.integer(let value), .long):
        .integer(value)
      case (.double(let value), _): .number(value)
      case (.bytes(let bytes), _): .text(String(decoding: bytes, as: UTF8.self))
      case (.array(let values), .array(let element, _)): .array(values.map { JSON($0, element) })
      case (.structure(let values), .structure(let fields)):
        .object(zip(fields, values).map { JSONMember($0.name, JSON($1, $0.type)) })
      case (let value, let type): .text(value.sqlText(type))
      }
  }
}

/// Instants as ISO 8601 text with milliseconds, in UTC: `2024-01-01T12:00:00.000Z`.
public enum TimeText {
  public static func iso(us: Int64) -> String {
    let ms = us.flooredToMs
    let days = ms >= 0 ? ms / 86_400_000 : (ms - 86_399_999) / 86_400_000
    let rest = ms - days * 86_400_000
    let date = Calendar.date(ofDays: Int(days))
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    func padded(_ value: Int64, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    return padded(Int64(date.year), 4) + "-" + two(Int64(date.month)) + "-" + two(Int64(date.day))
      + "T" + two(rest / 3_600_000) + ":"
      + two(rest / 60_000 % 60) + ":" + two(rest / 1000 % 60) + "." + padded(rest % 1000, 3) + "Z"
  }
}
