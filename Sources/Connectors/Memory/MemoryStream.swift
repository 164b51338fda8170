import Columns
import Contract
import Synchronization

/// Rows that a script hands to its queries: what `session:memoryStream(schema)` makes. Each `add`
/// is
/// one step of the offset.
public final class MemoryStream: Sendable {
  public let schema: Schema
  private let added = Mutex<[Batch]>([])

  public init(schema: Schema) { self.schema = schema }

  /// Makes rows available to every query that reads the stream.
  public func add(_ rows: Batch) { added.withLock { $0.append(rows.dense) } }

  fileprivate var stepCount: Int { added.withLock { $0.count } }

  fileprivate func rows(_ steps: Range<Int>) -> [Batch] { added.withLock { Array($0[steps]) } }

  /// The format `memory` for reading; the stream comes as the request's host.
  public static let source = SourceSpec(
    Spec(
      .source, "memory", category: "tests",
      summary: "Rows that the script adds: `session:memoryStream(schema)`.",
      notes: "The rows live in the process: a new process starts with none."),
    schema: { try of($0).schema },
    stream: { request, _ in MemoryStreamSource(try of(request)) })

  private static func of(_ request: SourceRequest) throws -> MemoryStream {
    if let stream = request.host as? MemoryStream { return stream }
    throw Failure(
      "MISSING_MEMORY_STREAM", "the format `memory` is read through a memory stream",
      hint:
        "Write `session:memoryStream(schema):toDF()`; `session:table(name)` reads a memory sink.",
      origin: request.origin)
  }
}

private final class MemoryStreamSource: StreamSource {
  private let stream: MemoryStream
  private var frozenAt: Int?

  init(_ stream: MemoryStream) { self.stream = stream }

  var schema: Schema { stream.schema }
  var description: String { "MemoryStream" }

  func initialOffset() -> SourceOffset? { nil }

  func latestOffset(from start: SourceOffset?, limit: ReadLimit) throws -> SourceOffset? {
    let latest = frozenAt ?? stream.stepCount
    return latest > (try step(start)) ? SourceOffset(String(latest)) : start
  }

  func freezeForAvailableNow() { frozenAt = stream.stepCount }

  func read(from start: SourceOffset?, to end: SourceOffset) throws -> [any InputSplit] {
    let (first, last) = (try step(start), try step(end))
    guard last <= stream.stepCount else {
      throw Failure(
        "MEMORY_STREAM_LOST",
        "the memory stream has \(stream.stepCount) of the \(last) steps that "
          + "the checkpoint knows",
        hint: "Rows of a memory stream do not outlive the process: use a new checkpoint.")
    }
    return stream.rows(first..<max(first, last)).map {
      RowsSplit(rows: $0, description: description)
    }
  }

  private func step(_ offset: SourceOffset?) throws -> Int {
    guard let offset else { return 0 }
    guard let step = Int(offset.json), step >= 0 else {
      throw Failure("INVALID_OFFSET", "`\(offset.json)` is no offset of a memory stream")
    }
    return step
  }
}

/// Rows in memory as a piece of input.
public struct RowsSplit: InputSplit {
  private let rows: Batch
  public let description: String

  public init(rows: Batch, description: String) {
    self.rows = rows
    self.description = description
  }

  public func open(_ request: ReadRequest) -> any BatchStream {
    var batches: [Batch] = []
    var first = 0
    let chosen = Batch(request.columns.map { rows.column($0) }, count: rows.count)
    while first < rows.count {
      let end = min(first + request.batchRows, rows.count)
      batches.append(chosen.sliced(first..<end))
      first = end
    }
    return BatchList(batches)
  }
}
