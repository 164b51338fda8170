import Columns
import Contract

/// The same number of rows in every batch: batch n holds the values n·R…(n+1)·R-1.
final class RateMicroBatchSource: StreamSource {
  private let rowsPerBatch: Int64
  private let partitionCount: Int
  private let startMs: Int64
  private let advanceMs: Int64
  private var isFrozen = false
  private var frozen: SourceOffset?

  static let parameters = [
    Parameter("rowsPerBatch", .integer, "How many rows a batch has."),
    Parameter("numPartitions", .integer, default: "1", "In how many pieces a batch is made."),
    Parameter(
      "startTimestamp", .integer, default: "0", "The time of the first batch, milliseconds."),
    Parameter(
      "advanceMillisPerBatch", .integer, default: "1000",
      "How much later the rows of the next batch are."),
  ]

  static let spec = SourceSpec(
    Spec(
      .source, "rate-micro-batch", category: "tests",
      summary: "The same number of rows in every batch.", parameters: parameters),
    schema: { request in
      _ = try RateMicroBatchSource(request)
      return SequenceSplit.schema
    },
    stream: { request, _ in try RateMicroBatchSource(request) })

  init(_ request: SourceRequest) throws {
    let options = request.options
    try options.check(against: Self.parameters, of: "rate-micro-batch")
    if request.schema != nil {
      throw Failure(
        "SCHEMA_NOT_ALLOWED", "the source `rate-micro-batch` has a schema of its own")
    }
    guard let rows = try options.integer("rowsPerBatch", in: 1...1_000_000_000) else {
      throw Failure(
        "INVALID_OPTION_VALUE", "the source `rate-micro-batch` needs the option `rowsPerBatch`")
    }
    rowsPerBatch = rows
    partitionCount = Int(try options.integer("numPartitions", in: 1...10_000) ?? 1)
    startMs = try options.integer("startTimestamp", in: 0...Int64.max / 2000) ?? 0
    advanceMs = try options.integer("advanceMillisPerBatch", in: 0...Int64.max / 2000) ?? 1000
  }

  var schema: Schema { SequenceSplit.schema }
  var description: String {
    "RatePerMicroBatchStream[rowsPerBatch=\(rowsPerBatch), numPartitions=\(partitionCount), "
      + "startTimestamp=\(startMs), advanceMsPerBatch=\(advanceMs)]"
  }

  private func offset(_ rows: Int64, _ ms: Int64) -> SourceOffset {
    SourceOffset("{\"offset\":\(rows),\"timestamp\":\(ms)}")
  }

  private func read(_ offset: SourceOffset?) -> (rows: Int64, ms: Int64) {
    let json = offset.flatMap { JSON.parse($0.json) }
    return (json?["offset"]?.integer ?? 0, json?["timestamp"]?.integer ?? startMs)
  }

  func initialOffset() -> SourceOffset? { offset(0, startMs) }

  func freezeForAvailableNow() { isFrozen = true }

  func latestOffset(from start: SourceOffset?, limit: ReadLimit) -> SourceOffset? {
    if isFrozen, let frozen { return frozen }
    let (rows, ms) = read(start)
    let next = offset(rows + rowsPerBatch, ms + advanceMs)
    if isFrozen { frozen = next }
    return next
  }

  func read(from start: SourceOffset?, to end: SourceOffset) throws -> [any InputSplit] {
    let (first, ms) = read(start)
    let (last, _) = read(end)
    return (0..<partitionCount).map { partition in
      SequenceSplit(
        first: first + Int64(partition), end: last, step: Int64(partitionCount),
        name: "rate-micro-batch values \(first) to \(last)"
      ) { [rowsPerBatch, advanceMs] value in
        // A range of several batches keeps the time of each.
        (ms + (value - first) / rowsPerBatch * advanceMs) * 1000
      }
    }
  }
}
