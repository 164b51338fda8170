import Columns
import Contract

/// Rows at a steady rate: `timestamp`, `value` 0, 1, 2… The values go on after a restart.
final class RateSource: StreamSource {
  static let parameters = [
    Parameter("rowsPerSecond", .integer, default: "1", "How many rows a second gives."),
    Parameter(
      "rampUpTime", .duration, default: "0 seconds",
      "How long the rate takes to grow to `rowsPerSecond`."),
    Parameter("numPartitions", .integer, default: "1", "In how many pieces a batch is made."),
  ]

  static func spec(_ storage: any Storage) -> SourceSpec {
    SourceSpec(
      Spec(
        .source, "rate", category: "tests", summary: "Rows at a steady rate.",
        parameters: parameters),
      schema: { request in
        _ = try Rate(request)
        return SequenceSplit.schema
      },
      stream: { request, directory in
        try RateSource(
          Rate(request), clock: request.clock, directory: directory, storage: storage)
      })
  }

  /// How many rows there are after how many seconds.
  struct Rate {
    let rowsPerSecond: Int64
    let rampUpSeconds: Int64
    let partitionCount: Int

    init(_ request: SourceRequest) throws {
      try request.options.check(against: RateSource.parameters, of: "rate")
      if request.schema != nil {
        throw Failure("SCHEMA_NOT_ALLOWED", "the source `rate` has a schema of its own")
      }
      rowsPerSecond = try request.options.integer("rowsPerSecond", in: 1...1_000_000_000) ?? 1
      rampUpSeconds = (try request.options.durationUs("rampUpTime") ?? 0) / 1_000_000
      partitionCount = Int(try request.options.integer("numPartitions", in: 1...10_000) ?? 1)
    }

    /// How many values there are when this many seconds have passed.
    func value(after seconds: Int64) -> Int64 {
      guard rampUpSeconds > 0 else { return seconds * rowsPerSecond }
      let delta = rowsPerSecond / (rampUpSeconds + 1)
      func ramped(_ seconds: Int64) -> Int64 { delta * seconds * (seconds + 1) / 2 }
      if seconds <= rampUpSeconds { return ramped(seconds) }
      return ramped(rampUpSeconds) + (seconds - rampUpSeconds) * rowsPerSecond
    }
  }

  private let rate: Rate
  private let clock: any Clock
  private let startMs: Int64
  private var lastMs: Int64
  private var frozenSeconds: Int64?

  init(_ rate: Rate, clock: any Clock, directory: String, storage: any Storage) throws {
    self.rate = rate
    self.clock = clock
    let path = directory + "/start"
    if let bytes = try storage.read(path) {
      guard let ms = JSON.parse(bytes[...])?["startMs"]?.integer else {
        throw Failure("STREAMING_LOG_CORRUPT", "`\(path)` says no time")
      }
      startMs = ms
    } else {
      startMs = clock.nowUs / 1000
      try storage.create(path, Array("\(JSON.of(["startMs": .integer(startMs)]))\n".utf8))
    }
    lastMs = startMs
  }

  var schema: Schema { SequenceSplit.schema }
  var description: String {
    "RateStreamV2[rowsPerSecond=\(rate.rowsPerSecond), rampUpTimeSeconds=\(rate.rampUpSeconds), "
      + "numPartitions=\(rate.partitionCount)]"
  }

  func initialOffset() -> SourceOffset? { SourceOffset("0") }

  private var seconds: Int64 {
    // A clock that was set back stands still here.
    lastMs = max(lastMs, clock.nowUs / 1000)
    return (lastMs - startMs) / 1000
  }

  func freezeForAvailableNow() { frozenSeconds = seconds }

  func latestOffset(from start: SourceOffset?, limit: ReadLimit) -> SourceOffset? {
    let before = start.flatMap { Int64($0.json) } ?? 0
    return SourceOffset(String(max(before, frozenSeconds ?? seconds)))
  }

  func read(from start: SourceOffset?, to end: SourceOffset) throws -> [any InputSplit] {
    let from = start.flatMap { Int64($0.json) } ?? 0
    guard let to = Int64(end.json) else {
      throw Failure("STREAMING_LOG_CORRUPT", "`\(end.json)` is no offset of the source `rate`")
    }
    let values = rate.value(after: from)..<max(rate.value(after: from), rate.value(after: to))
    if values.isEmpty { return [] }
    let msPerValue = Double((to - from) * 1000) / Double(values.count)
    return (0..<rate.partitionCount).map { partition in
      SequenceSplit(
        first: values.lowerBound + Int64(partition), end: values.upperBound,
        step: Int64(rate.partitionCount), name: "rate values \(values)"
      ) { [startMs] value in
        let passed = (Double(value - values.lowerBound) * msPerValue + 0.5).rounded(.down)
        return (startMs + from * 1000 + Int64(passed)) * 1000
      }
    }
  }
}
