import Columns
import Contract

/// Values with a time each, made when they are read: columns `timestamp`, `value`.
struct SequenceSplit: InputSplit {
  let first: Int64
  let end: Int64
  let step: Int64
  let description: String
  /// Microseconds.
  let time: @Sendable (Int64) -> Int64

  static let schema = Schema([Field("timestamp", .timestamp), Field("value", .long)])

  init(
    first: Int64, end: Int64, step: Int64, name: String,
    time: @escaping @Sendable (Int64) -> Int64
  ) {
    self.first = first
    self.end = end
    self.step = step
    description = name
    self.time = time
  }

  func open(_ request: ReadRequest) -> any BatchStream { Stream(self, request) }

  private final class Stream: BatchStream {
    private let split: SequenceSplit
    private let request: ReadRequest
    private var value: Int64

    init(_ split: SequenceSplit, _ request: ReadRequest) {
      self.split = split
      self.request = request
      value = split.first
    }

    func next() -> Batch? {
      guard value < split.end else { return nil }
      let left = (split.end - value + split.step - 1) / split.step
      let count = min(Int(clamping: left), request.batchRows)
      let columns = request.columns.map { column in
        let buffer = Buffer(capacity: count * 8)
        let out = buffer.typed(Int64.self)
        for row in 0..<count {
          let own = value &+ Int64(row) &* split.step
          out[row] = column == 0 ? split.time(own) : own
        }
        return Vector(SequenceSplit.schema.fields[column].type, count: count, values: buffer)
      }
      value += Int64(count) * split.step
      return Batch(columns, count: count)
    }
  }
}
